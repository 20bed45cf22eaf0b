# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions, variables and server tasks in the JSON of one-touch setup."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DirectoryError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.one_touch import (
    Setup,
    merge,
    render,
    warnings,
)
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import setting_of
from ansible_collections.opendomino.mail.plugins.module_utils._server_tasks import ServerTasksError

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


def setup_of(case: dict[str, Any]) -> Setup:
    return Setup(
        define_all(case.get("documents", [])),
        [setting_of(name, value) for name, value in case.get("notes_ini", {}).items()],
        case.get("server_tasks", []),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    before = case.get("before", {})
    given_before = copy.deepcopy(before)
    if "error" in case:
        with pytest.raises((DirectoryError, ServerTasksError)) as caught:
            merge(before, setup_of(case))
        assert [part for part in case["error"] if part not in str(caught.value)] == []
    else:
        after = merge(before, setup_of(case))
        assert json.dumps(after, indent=1) == json.dumps(case.get("after", before), indent=1)
        assert merge(after, setup_of(case)) == after
        found = zip(case.get("warnings", []), warnings(after, setup_of(case)), strict=True)
        assert [warning for pattern, warning in found if not re.search(pattern, warning)] == []
    assert before == given_before, "what was given is not changed"


# ------------------------------------------------------------------ properties

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: name.lower() not in ("form", "type", "servername", "domainname", "servertasks")
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(
    TEXTS, st.integers(-(2**40), 2**40), st.lists(TEXTS, max_size=3), st.lists(st.integers(), max_size=3)
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4).filter(lambda found: len({n.lower() for n in found}) == len(found))
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from(["Server", "ServerConfig"]), st.sampled_from("ABC"), ITEMS),
    max_size=4,
    unique_by=lambda document: document[:2],
)


def definitions_of(drawn: list[tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"form": form, "match": {"ServerName": f"{name}/Acme"}, "items": items} for form, name, items in drawn]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a file of somebody else: other keys everywhere, other databases, other documents in names.nsf, our keys."""
    own = render(setup_of({"documents": definitions_of(draw(DOCUMENTS))}))
    entries = [
        *draw(st.lists(st.fixed_dictionaries({"action": st.just("create"), "items": JSON}), max_size=2)),
        *own.get("appConfiguration", {"databases": [{"documents": []}]})["databases"][0]["documents"],
    ]
    databases = [
        *draw(st.lists(st.fixed_dictionaries({"filePath": TEXTS, "documents": JSON}), max_size=2)),
        {"filePath": "names.nsf", "action": "update", "documents": entries, "x": draw(JSON)},
    ]
    sections = {
        "IDVault": draw(JSON),
        "appConfiguration": {"other": draw(JSON), "databases": draw(st.permutations(databases))},
        "serverSetup": {
            "server": {"type": "first", "x": draw(JSON)},
            "notesINI": draw(st.dictionaries(NAMES, TEXTS, max_size=2)),
        },
    }
    return {name: sections[name] for name in draw(st.permutations(list(sections)))}


def check_kept(before: Any, after: Any, ours: set[str]) -> None:
    """Everything that was there is there, in its place and order, but for the items and variables that are ours."""
    if isinstance(before, dict):
        assert list(after)[: len(before)] == list(before)
        for name, value in before.items():
            if name.lower() not in ours:
                check_kept(value, after[name], ours)
    elif isinstance(before, list):
        for old, new in zip(before, after, strict=False):
            check_kept(old, new, ours)
        assert len(after) >= len(before)
        assert all(new["action"] in ("create", "update") for new in after[len(before) :])
    else:
        assert json.dumps(before) == json.dumps(after)


@given(files(), DOCUMENTS, st.dictionaries(NAMES, st.from_regex(r"[ -~]{0,9}", fullmatch=True), max_size=2))
def test_what_is_not_named_stays_and_twice_is_once(
    before: dict[str, Any], documents: list[Any], variables: dict[str, str]
) -> None:
    if len({name.lower() for name in variables}) < len(variables):
        variables = {}
    setup = setup_of({"documents": definitions_of(documents), "notes_ini": variables})
    after = merge(before, setup)
    ours = {name.lower() for _form, _name, items in documents for name in items} | {name.lower() for name in variables}
    check_kept(before, after, ours)
    assert json.dumps(merge(after, setup)) == json.dumps(after)


@given(DOCUMENTS)
def test_what_is_rendered_says_what_was_asked(documents: list[Any]) -> None:
    rendered = render(setup_of({"documents": definitions_of(documents)}))
    entries = rendered.get("appConfiguration", {"databases": [{"documents": []}]})["databases"][0]["documents"]
    asked = [(form, items) for form, _name, items in documents if form != "Server" or items]
    assert [entry["action"] for entry in entries] == [
        "update" if form == "Server" else "create" for form, _items in asked
    ]
    for entry, (_form, items) in zip(entries, asked, strict=True):
        for name, value in items.items():
            single = value[0] if isinstance(value, list) and len(value) == 1 else value
            assert json.dumps(entry["items"][name]) == json.dumps("" if single == [] else single)
