# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Domino puts as sender: by example, and as the lab, written apart from this, does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import catalogue
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import conversion
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import (
    person_of_items,
    person_of_settings,
)
from dominolab import conversion as lab
from dominolab.contract import Document

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
PEOPLE = [person_of_settings(entry) for entry in CASES["people"]]


@pytest.mark.parametrize("case", CASES["senders"], ids=str)
def test_senders(case: dict[str, Any]) -> None:
    how = conversion.read_conversion(
        [{**CASES["global_domain"], **case.get("global_domain", {})}],
        configuration_lookup=case.get("configuration_lookup", False),
        ignores_message=case.get("ignores_message", False),
    )
    sender = conversion.sender(case["name"], "ACME", how, PEOPLE, case.get("message_address", ""))
    assert sender.sender == case["sender"]
    assert [step.statement for step in sender.steps] == case["steps"]
    assert sender.problem == ""


@pytest.mark.parametrize("case", CASES["rules"], ids=str)
def test_which_global_domain_decides(case: dict[str, Any]) -> None:
    how = conversion.read_conversion(case["documents"], case["host_name"])
    assert (how.suffix, how.lookup) == (case["suffix"], case["lookup"])


@pytest.mark.parametrize("case", CASES["wrong"], ids=str)
def test_what_cannot_be_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InternetAddressError, match=case["says"]):
        conversion.read_conversion(case["documents"], case.get("host_name", ""))


def test_an_address_that_no_other_system_takes_is_marked() -> None:
    how = conversion.read_conversion([{"primary_internet_domain": "example.com"}])
    assert "not ASCII" in conversion.sender("Jürgen/Acme", "ACME", how).problem
    assert "local part" in conversion.sender("Doe, Jane/Acme", "ACME", how).problem


def test_a_name_is_quoted() -> None:
    how = conversion.read_conversion([{"primary_internet_domain": "a.example", "address_format": "name_and_address"}])
    sender = conversion.sender('Jane "J" Doe/Acme', "ACME", how, message_address="j@a.example")
    assert sender.sender == r'"Jane \"J\" Doe" <j@a.example>'


# --- the same as the lab -------------------------------------------------------------------------------------------

STORED = {
    entry["setting"]: (entry["item"], entry["values"]) for entry in catalogue.ENTRIES if entry["form"] == "Domain"
}
word = st.sampled_from(["Jane", "John", "Doe", "de la Cruz", "Q", "jdoe", "East"])
notes_domain = st.sampled_from(["ACME", "Other", "Two Words"])
name = st.builds(
    lambda words, organization, domains: "@".join([" ".join(words) + organization, *domains]),
    st.lists(word, min_size=1, max_size=2),
    st.sampled_from(["", "/Acme", "/East/Acme"]),
    st.lists(notes_domain, max_size=2),
) | st.sampled_from(["CN=Jane Doe/O=Acme", "CN=John Doe/OU=East/O=Acme@Other", "pat@example.org"])
person = st.fixed_dictionaries(
    {
        "FullName": st.tuples(word, word, st.sampled_from(["/O=Acme", "/OU=East/O=Acme"])).map(
            lambda parts: f"CN={parts[0]} {parts[1]}{parts[2]}"
        ),
        "ShortName": st.sampled_from(["jdoe", "jd", ""]),
        "FirstName": word,
        "LastName": word,
        "InternetAddress": st.sampled_from(["", "jane.doe@example.com", "x@example.org"]),
    }
)
global_domain = st.fixed_dictionaries(
    {
        "primary_internet_domain": st.sampled_from(["", "example.com", "example.org"]),
        "global_domain_name": st.sampled_from(["a", "B", "c"]),
    },
    optional={
        **{setting: st.sampled_from(known) for setting, known in conversion.CHOICES.items()},
        "notes_domain_separator": st.sampled_from(["%", "!", ""]),
    },
)


def _domain_document(unid: str, friendly: dict[str, str]) -> Document:
    items: dict[str, Any] = {"Form": "Domain", "DomainType": "GlobalDomain", "GlobalDomainTasks": "SMTP"}
    for setting, value in friendly.items():
        item, values = STORED[setting]
        items[item] = values.get(value, "0") if setting in conversion.CHOICES else value
    return Document(unid, "Domain", items)


@given(
    st.lists(global_domain, max_size=3, unique_by=lambda document: document["global_domain_name"].lower()),
    st.lists(person, max_size=4),
    name,
    notes_domain,
    st.sampled_from(["", "boss@example.com"]),
)
@settings(max_examples=300)
def test_the_lab_agrees(
    documents: list[dict[str, str]], people: list[dict[str, str]], name: str, domain: str, message_address: str
) -> None:
    if sum(document.get("default_global_domain") == "enabled" for document in documents) > 1:
        for document in documents[1:]:
            document.pop("default_global_domain", None)
    how = conversion.read_conversion(documents, "mail01.host.example")
    known = [person_of_items(str(number), items) for number, items in enumerate(people)]
    ours = conversion.sender(name, domain, how, known, message_address)

    rules = lab.conversion_rules(
        [_domain_document(str(number), document) for number, document in enumerate(documents)], "mail01.host.example"
    )
    theirs = [Document(str(number), "Person", items) for number, items in enumerate(people)]
    if lab.is_internet_address(name):
        address = name
    else:
        address = message_address or lab.internet_address(name, domain, rules, theirs)
    assert ours.address == address
    assert ours.sender == lab.from_header(name, address, rules)
