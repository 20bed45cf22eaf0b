# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for Internet addresses, as a template uses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.opendomino.mail.plugins.doc_fragments._internet_address import ModuleDocFragment
from ansible_collections.opendomino.mail.plugins.filter.internet_address import FilterModule
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import (
    conversion,
    rules,
    transliteration,
)

FILTERS = FilterModule().filters()
SENDER = FILTERS["domino_internet_address"]
ASSIGN = FILTERS["domino_assign_internet_addresses"]
ACME = {"global_domains": [{"primary_internet_domain": "example.com", "internet_address_lookup": "enabled"}]}
JANE = {"user_name": "Jane Doe/Acme", "first_name": "Jane", "last_name": "Doe"}
FOLDER = Path(__file__).resolve().parents[4] / "plugins" / "filter"


def _documented(name: str) -> dict[str, Any]:
    documentation: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))["DOCUMENTATION"]
    if "extends_documentation_fragment" in documentation:
        assert documentation["extends_documentation_fragment"] == ["opendomino.mail._internet_address"]
        documentation["options"].update(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"])
    return documentation


def test_a_name_and_a_person_and_a_list_of_both() -> None:
    person = {**JANE, "internet_address": "jd@example.com"}
    assert SENDER("Jane Doe/Acme", notes_domain="ACME", **ACME) == "Jane_Doe/Acme%ACME@example.com"
    assert SENDER("Jane Doe/Acme", people=[person], **ACME) == "jd@example.com"
    assert SENDER(person, **ACME) == "jd@example.com"
    assert SENDER(["Pat", {**JANE, "mail_domain": "WEST"}], notes_domain="ACME", **ACME) == [
        "Pat%ACME@example.com",
        "Jane_Doe/Acme%WEST@example.com",
    ]


def test_switches_may_be_text() -> None:
    options = {
        "message_address": "boss@example.com",
        "people": [{**JANE, "internet_address": "jd@example.com"}],
        **ACME,
    }
    assert SENDER("Jane Doe/Acme", router_translate_special="false", **options) == "boss@example.com"
    assert SENDER("Jane Doe/Acme", router_translate_special="yes", **options) == "jd@example.com"
    with pytest.raises(AnsibleFilterError, match="neither true nor false"):
        SENDER("Jane Doe/Acme", explain="maybe", **ACME)


def test_the_explanation_has_steps_with_their_evidence() -> None:
    explained = SENDER("Jane, Doe", notes_domain="ACME", explain=True, host_name="mail01.example.org")
    assert explained["sender"] == explained["address"] == "Jane,_Doe%ACME@example.org"
    assert "local part" in explained["problem"]
    assert explained["steps"][:2] == [
        {"statement": "5.4", "evidence": "unconfirmed", "text": "neither document enables the lookup"},
        {"statement": "5.7", "evidence": "documented", "text": "the suffix is the host name's domain, example.org"},
    ]


def test_addresses_for_who_has_none() -> None:
    people = [JANE, {"user_name": "CN=Jane Doe/OU=East/O=Acme", "first_name": "Jane", "last_name": "Doe"}]
    people.append({"user_name": "Pat/Acme", "internet_address": "pat@example.com"})
    taken = [{"names": ["Sales"], "internet_address": "jane.doe@example.com"}]
    assert ASSIGN(people, internet_domain="example.com") == [
        {"user_name": "Jane Doe/Acme", "internet_address": "jane.doe@example.com"},
        {"user_name": "Jane Doe/East/Acme", "internet_address": "jane.doe2@example.com"},
    ]
    assert ASSIGN(people[:1], taken, internet_domain="example.com")[0]["internet_address"] == "jane.doe2@example.com"
    assert ASSIGN([], internet_domain="example.com") == []


def test_the_example_of_the_documentation() -> None:
    person = {"user_name": "Jürgen Groß/Acme", "first_name": "Jürgen", "last_name": "Groß"}
    assert ASSIGN([person], internet_domain="example.com", languages=["de"]) == [
        {"user_name": "Jürgen Groß/Acme", "internet_address": "juergen.gross@example.com"}
    ]


@pytest.mark.parametrize(
    ("name", "value", "options", "says"),
    [
        ("domino_internet_address", "Jane", {}, "There is no primary Internet domain"),
        ("domino_internet_address", " ", ACME, "is empty"),
        ("domino_internet_address", 1, ACME, "has to be a dictionary"),
        ("domino_internet_address", {}, ACME, "has no user_name"),
        ("domino_internet_address", "Jane", {"globaldomain": 1}, "has no option globaldomain"),
        ("domino_internet_address", "Jane", {"global_domains": "x"}, "global_domains has to be"),
        ("domino_assign_internet_addresses", [JANE], {}, "There is no Internet domain"),
        ("domino_assign_internet_addresses", ["Jane"], {"internet_domain": "a.example"}, "has to be a dictionary"),
        ("domino_assign_internet_addresses", [{}], {"internet_domain": "a.example"}, "has no user_name"),
        ("domino_assign_internet_addresses", [JANE], {"domain": "a.example"}, "has no option domain"),
        (
            "domino_assign_internet_addresses",
            [{"user_name": "李/Acme", "last_name": "李"}],
            {"internet_domain": "a.example"},
            "No address could be made for 李/Acme .*no ASCII form is known for 李",
        ),
    ],
)
def test_what_cannot_be_is_an_error(name: str, value: object, options: dict[str, Any], says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        FILTERS[name](value, **options)


def test_each_filter_is_documented_with_all_its_options_and_their_defaults() -> None:
    assert _documented("domino_internet_address")["name"] == "domino_internet_address"
    options = _documented("domino_assign_internet_addresses")["options"]
    assert set(options) - {"_input", "others"} == rules.OPTIONS
    defaults = rules.read_rules({"internet_domain": "example.com"})
    assert tuple(options["patterns"]["default"]) == tuple(pattern.text for pattern in defaults.patterns)
    assert options["address_lookup"]["default"] == defaults.address_lookup
    assert tuple(options["address_lookup"]["choices"]) == rules.ADDRESS_LOOKUPS
    assert tuple(options["languages"]["choices"]) == tuple(transliteration.LANGUAGES)
    assert tuple(options["word_separator"]["choices"]) == rules.WORD_SEPARATORS
    matter = " ".join(_documented("domino_internet_address")["options"]["global_domains"]["description"])
    assert all(f"V({setting})" in matter for setting in conversion.CHOICES)


def test_texts_of_templates_are_texts() -> None:
    class Text(str):
        __slots__ = ()

        def strip(self, chars: str | None = None) -> str:
            return Text(super().strip(chars))

    jane = {name: Text(value) for name, value in JANE.items()}
    assert ASSIGN([jane], internet_domain=Text("example.com")) == [
        {"user_name": "Jane Doe/Acme", "internet_address": "jane.doe@example.com"}
    ]
