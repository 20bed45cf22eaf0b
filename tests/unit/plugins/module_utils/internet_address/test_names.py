# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses for 6,540 made-up names in 20 scripts and 20 forms (tests/tools/make_names.py)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import assign
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.pattern import problem
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import Person
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.rules import read_rules

DATA = Path(__file__).parent / "data" / "names.tsv"
KNOWN_SCRIPTS = {"Latin", "Cyrillic", "Greek"}
RULES = {"internet_domain": "example.com", "patterns": ["{first}.{last}", "{f}.{last}", "{first}.{last}{number}"]}


class Row(NamedTuple):
    """One row of the data set."""

    script: str
    order: str
    first: str
    middle: str
    last: str
    title: str
    suffix: str


ROWS = [
    Row(*line.split("\t")) for line in DATA.read_text(encoding="utf-8").split("\n") if line and not line.startswith("#")
]


def _person(number: int, row: Row) -> Person:
    names = [row.last, row.first] if row.order == "family first" else [row.first, row.middle, row.last, row.suffix]
    full = " ".join(name.strip() for name in names if name)
    return Person(
        f"{number:05}",
        (f"CN={full}/OU=Unit {number % 50}/O=Acme", full),
        row.first.strip(),
        row.middle,
        row.last.strip(),
        row.title,
        row.suffix,
        (f"u{number:05}",),
    )


PEOPLE = [_person(number, row) for number, row in enumerate(ROWS)]


@pytest.fixture(scope="module")
def plan() -> assign.Plan:
    return assign.plan(PEOPLE, [], read_rules(RULES))


def test_the_data_set_is_as_varied_as_it_says() -> None:
    assert len(ROWS) >= 5000
    assert len({row.script for row in ROWS}) == 20
    assert len({row.order for row in ROWS}) == 20
    assert len(set(ROWS)) > 0.98 * len(ROWS)
    for script in {row.script for row in ROWS} - {"Han"}:
        letters = "".join(row.first + row.last for row in ROWS if row.script == script)
        names = [unicodedata.name(letter, "") for letter in letters if letter.isalpha()]
        prefix = {"Odia": "ORIYA"}.get(script, script.upper())
        assert sum(name.startswith(prefix) for name in names) > 0.95 * len(names), script


def test_all_names_in_known_letters_get_an_address_and_no_others_do(plan: assign.Plan) -> None:
    given = {entry.person.key for entry in plan.assignments}
    for person, row in zip(PEOPLE, ROWS, strict=True):
        if row.script not in KNOWN_SCRIPTS:
            assert person.key not in given, person
    refused = [ROWS[int(entry.person.key)] for entry in plan.unassignable]
    assert {row.order for row in refused if row.script in KNOWN_SCRIPTS} <= {"very long"}


def test_reasons_say_which_letters(plan: assign.Plan) -> None:
    for entry in plan.unassignable:
        assert all("no ASCII form is known for" in reason or "octets" in reason for reason in entry.reasons), entry


def test_all_addresses_are_valid_unique_and_plain(plan: assign.Plan) -> None:
    addresses = [entry.address for entry in plan.assignments]
    assert len(set(addresses)) == len(addresses)
    for entry in plan.assignments:
        assert problem(entry.address) == ""
        assert re.fullmatch(r"[a-z0-9]+(?:[.-][a-z0-9]+)*@example\.com", entry.address), entry


def test_each_address_comes_from_the_name(plan: assign.Plan) -> None:
    """The ASCII letters of the last name, in their order, stand in the address."""
    for entry in plan.assignments:
        letters = [letter for letter in entry.person.last.lower() if letter.isascii() and letter.isalnum()]
        remaining = iter(entry.address.partition("@")[0])
        assert all(letter in remaining for letter in letters), entry


def test_the_same_name_composed_or_not_has_one_address() -> None:
    rules = read_rules({**RULES, "languages": ["de"]})
    for person, row in zip(PEOPLE, ROWS, strict=True):
        if row.order == "decomposed":
            composed = person._replace(
                first=unicodedata.normalize("NFC", person.first), last=unicodedata.normalize("NFC", person.last)
            )
            one, other = (assign.plan([entry], [], rules).assignments[0].address for entry in (person, composed))
            assert one == other


def test_nobody_s_address_changes_when_half_of_the_people_leave_and_come_back(plan: assign.Plan) -> None:
    given = {entry.person.key: entry.address for entry in plan.assignments}
    first_half = [entry for number, entry in enumerate(PEOPLE) if number % 2]
    early = {entry.person.key: entry.address for entry in assign.plan(first_half, [], read_rules(RULES)).assignments}
    people = [entry._replace(internet_address=early.get(entry.key, "")) for entry in PEOPLE]
    later = assign.plan(people, [], read_rules(RULES))
    assert {entry.key for entry in later.kept} == set(early)
    addresses = [*early.values(), *(entry.address for entry in later.assignments)]
    assert len(set(addresses)) == len(addresses) == len(given)
    assert not assign.plan(
        [entry._replace(internet_address=given.get(entry.key, "")) for entry in PEOPLE], [], read_rules(RULES)
    ).changed


def test_addresses_are_the_same_everywhere_and_next_year(plan: assign.Plan) -> None:
    """What makes this fail gives new people other addresses than it gave before: raise TABLE_VERSION and say so."""
    addresses = "\n".join(f"{entry.person.key} {entry.address}" for entry in plan.assignments)
    assert plan.transliteration == "builtin 1"
    assert hashlib.sha256(addresses.encode()).hexdigest()[:16] == "d711cff695a4c97c"
