# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: it says what the reference says, and its rules hold."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._directory import items
from ansible_collections.opendomino.mail.plugins.module_utils._directory.catalogue import ENTRIES
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError

PROJECT = Path(__file__).resolve().parents[5]
REFERENCE = PROJECT.parent / "shared" / "reference" / "domino-items.yml"

if REFERENCE.is_file():  # beside a checkout that has the reference; the data are complete without it

    def test_the_catalogue_says_what_the_reference_says() -> None:
        def facts(row: dict[str, Any]) -> dict[str, Any]:
            return {
                **{key: row.get(key) for key in ("form", "setting", "label", "tab", "item", "type", "default")},
                "values": row["values"],
                "evidence": row["evidence"],
                "values_evidence": row.get("values_evidence", row["evidence"]),
                "source": row["source"],
            }

        mine = [{**entry, "source": "; ".join(entry["sources"]) or None} for entry in ENTRIES]
        assert [facts(row) for row in mine] == [facts(row) for row in yaml.safe_load(REFERENCE.read_text("utf-8"))]


def test_the_documentation_says_what_the_catalogue_says() -> None:
    maker = _maker()
    again = "Run tests/tools/make_catalogue.py."
    assert maker.DOCUMENTATION.read_text("utf-8") == maker.documentation(ENTRIES), again
    assert maker.PAGE.read_text("utf-8") == maker.page(ENTRIES), again


def test_the_documentation_names_every_setting_and_every_item() -> None:
    maker = _maker()
    fragment, page = maker.documentation(ENTRIES), maker.page(ENTRIES)
    for entry in ENTRIES:
        if entry["setting"] != "form":
            assert f"V({entry['setting']})" in fragment
            assert f"``{entry['setting']}``" in page
        if entry["item"] and entry["setting"] != "form":
            assert f"C({entry['item']})" in fragment
            assert f"``{entry['item']}``" in page


def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_catalogue", PROJECT / "tests" / "tools" / "make_catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_entry_has_a_setting_of_its_own_and_every_item_one() -> None:
    settings = [(entry["form"], entry["setting"]) for entry in ENTRIES]
    named = [(entry["form"], entry["item"].lower()) for entry in ENTRIES if entry["item"]]
    assert all(re.fullmatch("[a-z][a-z0-9_]*", setting) for _form, setting in settings)
    assert len(settings) == len(set(settings))
    assert len(named) == len(set(named))
    assert all(entry["sources"] or entry["evidence"] == "unconfirmed" for entry in ENTRIES)


def test_every_entry_belongs_to_a_known_form_and_has_known_evidence() -> None:
    assert {entry["form"] for entry in ENTRIES} == set(items.FORMS)
    assert {entry["evidence"] for entry in ENTRIES} <= set(items.EVIDENCE)
    assert {entry["type"] for entry in ENTRIES} <= {"text", "number", "text_list", "names"}


def test_an_item_is_known_by_its_setting_and_by_its_name_in_any_case() -> None:
    item = items.by_setting("ServerConfig", "external_smtp")
    assert (item.name, item.evidence) == ("MailExternalSMTP", "documented")
    assert item.title == "SMTP used when sending messages outside of the local internet domain [MailExternalSMTP]"
    assert items.by_name("ServerConfig", "mailexternalsmtp") == item


def test_an_item_that_the_catalogue_does_not_know_stands_on_the_definitions_word() -> None:
    assert items.by_name("Person", "OurItem").evidence == "given"


@pytest.mark.parametrize("name", ["Form", "type", "$Revisions", "@unid", "", "a b", "A=B", "Ä", "x' or 'y", "A.B"])
def test_names_that_are_no_names_of_items_are_refused(name: str) -> None:
    with pytest.raises(DefinitionError):
        items.by_name("Person", name)


@pytest.mark.parametrize(
    ("form", "name", "secret"),
    [
        ("Person", "HTTPPassword", True),
        ("Person", "SomePassword", True),
        ("ServerConfig", "ClientSecret", True),
        ("SMTPInboundSite", "TCPNameAndPwd", False),
        ("Person", "LastName", False),
    ],
)
def test_secrets_are_known(form: str, name: str, secret: bool) -> None:
    assert items.by_name(form, name).is_secret == secret
