# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions and plans: cases, and what holds for all of them. Nothing here knows a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import items, report
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define, define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.document import TEXT_LIMIT, Document, check
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError, DirectoryError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.plan import Outcome, Plan, plan

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def _documents(case: dict[str, Any]) -> list[Document]:
    form = case["definition"]["form"]
    return [Document(f"UNID{n}", form, content, "r1") for n, content in enumerate(case.get("documents", ()), start=1)]


@pytest.mark.parametrize("case", CASES["plans"], ids=lambda case: case["id"])
def test_plan(case: dict[str, Any]) -> None:
    planned = plan(_documents(case), define(case["definition"]))
    result = report.result(Outcome(planned))
    assert result["action"] == case["action"]
    assert [[change["item"], change["before"], change["after"]] for change in result["changes"]] == case.get(
        "changes", []
    )


@pytest.mark.parametrize("case", CASES["refused_plans"], ids=lambda case: case["id"])
def test_refused_plan(case: dict[str, Any]) -> None:
    with pytest.raises(DirectoryError) as caught:
        plan(_documents(case), define(case["definition"]))
    for part in case["says"]:
        assert part in str(caught.value)


@pytest.mark.parametrize("case", CASES["refused_definitions"], ids=lambda case: case["id"])
def test_refused_definition(case: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        define_all(case["definitions"])
    for part in [*case["says"], "Nothing was changed."]:
        assert part in str(caught.value)


def test_a_secret_is_shown_nowhere() -> None:
    raw = {
        "form": "Person",
        "match": {"user_name": "Jane Doe/Acme"},
        "settings": {"internet_password": "new-hash"},
        "items": {"OtherPassword": "other"},
    }
    stored = Document("U", "Person", {"FullName": ["CN=Jane Doe/O=Acme"], "HTTPPassword": "old-hash"})
    definition = define(raw)
    planned = plan([stored], definition)
    shown = repr([report.results([Outcome(planned, stored)]), report.read(stored)])
    for secret in ("new-hash", "old-hash", "other'"):
        assert secret not in shown
    assert "(secret)" in shown
    assert report.secrets([definition]) == {"new-hash", "other"}
    assert report.secrets_given([raw]) == {"new-hash", "other"}


def test_secrets_of_a_definition_that_is_wrong_are_known_too() -> None:
    wrong = {
        "form": "Person",
        "match": {},
        "settings": {"internet_password": 4711},
        "items": {"APassword": ["a", None]},
    }
    assert report.secrets_given([wrong, {"form": "nosuch", "items": {"Secret": "b"}}]) == {"4711", "a", "b"}


def test_an_item_of_text_has_a_limit_in_bytes() -> None:
    most = "ä" * (TEXT_LIMIT // 2)
    assert check("x", most) == (most,)
    for content in (most + "x", ["x", most]):
        with pytest.raises(DefinitionError, match=f"{TEXT_LIMIT + 1} bytes of text are given"):
            check("x", content)


# -- for all definitions ------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
contents = st.none() | texts | numbers | st.lists(texts, max_size=3) | st.lists(numbers, max_size=3)
names = st.from_regex(r"[A-Z][A-Za-z0-9_]{1,8}", fullmatch=True).filter(
    lambda name: name.lower() not in ("form", "type")
)


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a definition of a Configuration document, with a hostile name and hostile values."""
    own = draw(st.dictionaries(names, contents, max_size=5))
    unique = {name.lower(): (name, value) for name, value in own.items() if name.lower() != "servername"}
    identity = draw(texts.map(str.strip).filter(bool))
    settings = draw(st.sampled_from([{}, {"inbound_starttls": "enabled"}]))
    unique.pop("smtp_negotiatedssl", None)
    return {
        "form": "ServerConfig",
        "match": {"ServerName": identity},
        "settings": settings,
        "items": dict(unique.values()),
    }


def applied(planned: Plan) -> Document:
    """Return the document as it is when the plan was carried out."""
    content: dict[str, Any] = (
        dict(planned.document.items) if planned.document else {"Form": planned.definition.form.name}
    )
    for change in planned.changes:
        for name in [name for name in content if name.lower() == change.name.lower()]:
            del content[name]
        if change.after is not None:
            content[change.name] = change.after[0] if len(change.after) == 1 else list(change.after)
    return Document("U", planned.definition.form.name, content)


@given(definitions(), st.dictionaries(names, contents.filter(lambda value: value is not None), max_size=5))
def test_a_plan_that_was_applied_is_empty_the_second_time(raw: dict[str, Any], content: dict[str, Any]) -> None:
    definition = define(raw)
    stored = Document("U", "ServerConfig", {**content, "ServerName": raw["match"]["ServerName"]})
    for documents in ([], [stored]):
        first = applied(plan(documents, definition))
        assert not plan([first], definition).changed


@given(definitions(), st.dictionaries(names, contents.filter(lambda value: value is not None), max_size=5))
def test_items_that_are_not_named_stay_and_values_survive(raw: dict[str, Any], content: dict[str, Any]) -> None:
    definition = define(raw)
    stored = Document("U", "ServerConfig", {**content, "ServerName": raw["match"]["ServerName"]})
    after = applied(plan([stored], definition))
    named = {want.name.lower() for want in definition.wanted}
    assert {k: v for k, v in after.items.items() if k.lower() not in named} == {
        k: v for k, v in stored.items.items() if k.lower() not in named
    }
    for name, value in raw["items"].items():
        if isinstance(value, str) and value:
            assert after.get(name) == (value,)


def _sentence(question: Callable[[], object]) -> str:
    try:
        question()
    except DefinitionError as exc:
        return str(exc)
    return "It is known."


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_name_is_known_or_refused_with_a_sentence(form: str, setting: str) -> None:
    assert _sentence(lambda: items.form(form)).endswith(("?", "."))
    assert _sentence(lambda: items.by_setting("Person", setting)).endswith(("?", "."))
