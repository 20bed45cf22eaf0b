# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the addresses of a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import (
    Person,
    other_of_items,
    other_of_settings,
    person_of_items,
    person_of_settings,
)
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.report import KINDS, report
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.rules import read_rules

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_findings(case: dict[str, Any]) -> None:
    people = [person_of_settings(entry) for entry in case["people"]]
    others = [other_of_settings(str(number), entry) for number, entry in enumerate(case.get("others", []))]
    found = report(people, others, read_rules({"internet_domain": "example.com", **case.get("rules", {})}))
    assert [[entry.kind, entry.user_name, entry.address] for entry in found.findings] == case["findings"]
    assert found.people == len(people)
    assert sum(found.counts.values()) == len(found.findings)
    assert tuple(found.counts) == KINDS
    assert all(entry.message.endswith(".") and entry.statements and entry.evidence for entry in found.findings)


def test_many_holders_are_counted_and_not_listed() -> None:
    people = [Person(str(number), (f"CN=P{number:02}/O=Acme",), internet_address="a@b.example") for number in range(9)]
    (finding,) = report(people, [], read_rules({"internet_domain": "b.example"})).findings
    assert "P04/Acme and 4 more" in finding.message


def test_documents_are_read_by_item_whatever_the_case_and_the_number_of_values() -> None:
    person = person_of_items(
        "1", {"fullname": ["CN=Jane Doe/O=Acme", "Jane Doe"], "ShortName": "jdoe", "LASTNAME": ["Doe"], "Other": 1}
    )
    assert person == Person("1", ("CN=Jane Doe/O=Acme", "Jane Doe"), last="Doe", short_names=("jdoe",))
    assert person.user_name == "Jane Doe/Acme"
    group = other_of_items("Group", "2", {"ListName": "Sales", "InternetAddress": ""})
    database = other_of_items("Database", "3", {"FullName": ["Fax"], "InternetAddress": "fax@example.com"})
    assert (group.user_name, list(group.addresses()), list(group.names())) == ("Sales", [], ["Sales"])
    assert (database.user_name, list(database.addresses())) == ("Fax", ["fax@example.com"])
    assert person_of_items("4", {}).user_name == "4"
