# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of Internet addresses: each rule by example, and what holds for all directories."""

from __future__ import annotations

import dataclasses
import random
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._internet_address import assign, recipients
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.errors import InternetAddressError
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.pattern import problem
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.person import (
    Other,
    Person,
    other_of_settings,
    person_of_settings,
)
from ansible_collections.opendomino.mail.plugins.module_utils._internet_address.rules import (
    ADDRESS_LOOKUPS,
    Rules,
    read_rules,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def _rules(**options: Any) -> Rules:
    return read_rules({"internet_domain": "example.com", **options} if "internet_domains" not in options else options)


@pytest.mark.parametrize("case", CASES["plans"], ids=lambda case: case["id"])
def test_plans(case: dict[str, Any]) -> None:
    people = [person_of_settings(entry) for entry in case["people"]]
    others = [other_of_settings(str(number), entry) for number, entry in enumerate(case.get("others", []))]
    plan = assign.plan(people, others, _rules(**case.get("rules", {})))
    assert [entry.address for entry in plan.assignments] == case["given"]
    assert [entry.reasons[0] for entry in plan.unassignable] == case.get("unassignable", [])
    assert [entry.reason for entry in plan.assignments][: len(case.get("reasons", []))] == case.get("reasons", [])
    assert [[entry.address, list(entry.holders)] for entry in plan.conflicts] == case.get("conflicts", [])
    if "kept" in case:
        assert [entry.user_name for entry in plan.kept] == case["kept"]
    assert plan.changed == bool(case["given"])
    assert plan.transliteration == "builtin 1"


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["says"])
def test_what_cannot_be_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InternetAddressError) as refused:
        _rules(**case["rules"])
    assert case["says"] in str(refused.value)


# A small world in which almost everything collides.
part = st.sampled_from(["", "a", "b", "A", "ä", "李", "a b", "root"])
unit = st.sampled_from(["", "/East", "/West"])
short = st.sampled_from(["", "a", "b", "ab", "a.b", "a.b2", "b2", "a.b@example.com", "a.a@old.example.com"])
address = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        "a.b@example.com",
        "A.a@example.com",
        "a.b2@example.com",
        "b@old.example.com",
        "x@example.org",
        "ö",
    ]
)
person = st.builds(
    lambda first, middle, last, where, short, address: (
        (f"CN={first} {last}{where.replace('/', '/OU=')}/O=Acme",),
        first,
        middle,
        last,
        "",
        "",
        tuple(filter(None, [short])),
        address,
    ),
    part,
    part,
    part,
    unit,
    short,
    address,
)
directory = st.lists(person, max_size=10).map(
    lambda people: [Person(f"{number:02}", *entry) for number, entry in enumerate(people)]
)
others = st.lists(
    st.builds(lambda name, address: Other("x", "Group", (name,), address), short.filter(bool), address), max_size=2
)
rules = st.builds(
    lambda patterns, lookup, aliases, **options: _rules(
        patterns=patterns,
        address_lookup=lookup,
        global_domains=[
            {"primary_internet_domain": "example.com", "internet_domain_aliases": ["old.example.com"]},
            {"primary_internet_domain": "example.org"},
        ]
        if aliases
        else [],
        **options,
    ),
    st.sampled_from(
        [
            ["{first}.{last}", "{first}.{m}.{last}", "{first}.{last}{number}"],
            ["{f}{last}", "{short}", "{first}", "{short_address}"],
            ["{short_address}", "{last}{number}"],
            ["LF", "{first}.{last}.{number}"],
        ]
    ),
    st.sampled_from(ADDRESS_LOOKUPS),
    st.booleans(),
    letter_case=st.sampled_from(["lower", "keep"]),
    word_separator=st.sampled_from(["", "."]),
)


def _after(people: list[Person], plan: assign.Plan) -> list[Person]:
    """Return the people as they are once the plan has been written."""
    given_to = {entry.person.key: entry.address for entry in plan.assignments}
    return [entry._replace(internet_address=given_to.get(entry.key, entry.internet_address)) for entry in people]


def _addresses(people: list[Person]) -> dict[str, str]:
    return {entry.key: entry.internet_address for entry in people if entry.internet_address}


@given(directory, others, rules)
@settings(max_examples=150)
def test_what_is_given_is_valid_new_and_finds_nobody_else(
    people: list[Person], others: list[Other], rules: Rules
) -> None:
    plan = assign.plan(people, others, rules)
    known = recipients.Recipients(rules)
    after = _after(people, plan)
    for entry in [*after, *others]:
        known.add(entry)
    for entry in plan.assignments:
        assert problem(entry.address) == ""
        assert entry.address.rpartition("@")[0].lower() not in rules.reserved
        assert known.key(entry.address) not in known.shared
        assert sum(known.key(other.internet_address) == known.key(entry.address) for other in after) == 1


@given(directory, others, rules)
@settings(max_examples=150)
def test_nobody_is_forgotten_and_what_is_set_is_never_touched(
    people: list[Person], others: list[Other], rules: Rules
) -> None:
    plan = assign.plan(people, others, rules)
    assert {entry.key for entry in plan.kept} == {entry.key for entry in people if entry.internet_address}
    seen = [entry.person.key for entry in (*plan.assignments, *plan.unassignable)] + [entry.key for entry in plan.kept]
    assert sorted(seen) == [entry.key for entry in people]
    assert all(not entry.before for entry in plan.assignments)
    assert all(entry.reasons for entry in plan.unassignable)


@given(directory, others, rules, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_the_order_of_reading_makes_no_difference(
    people: list[Person], others: list[Other], rules: Rules, chance: random.Random
) -> None:
    shuffled = chance.sample(people, len(people))
    assert assign.plan(shuffled, others[::-1], rules).assignments == assign.plan(people, others, rules).assignments


@given(directory, directory, others, rules, st.integers(0, 10))
@settings(max_examples=150)
def test_who_comes_and_who_goes_changes_no_address_given(
    people: list[Person], newcomers: list[Person], others: list[Other], rules: Rules, leaving: int
) -> None:
    before = _after(people, assign.plan(people, others, rules))
    changed = before[leaving:] + [entry._replace(key=f"new {entry.key}") for entry in newcomers]
    after = _addresses(_after(changed, assign.plan(changed, others, rules)))
    assert all(after[key] == address for key, address in _addresses(before[leaving:]).items())


@given(directory, others, rules, st.booleans())
@settings(max_examples=150)
def test_a_second_run_changes_nothing(people: list[Person], others: list[Other], rules: Rules, overwrite: bool) -> None:
    rules = dataclasses.replace(rules, overwrite=overwrite)
    plan = assign.plan(people, others, rules)
    again = assign.plan(_after(people, plan), others, rules)
    # Only who found nothing may find what an overwritten address left.
    open_before = {entry.person.key for entry in plan.unassignable} if overwrite else set()
    assert {entry.person.key for entry in again.assignments} <= open_before


@given(directory, others, rules, st.data())
@settings(max_examples=150)
def test_a_run_that_is_cut_anywhere_ends_as_an_uncut_one(
    people: list[Person], others: list[Other], rules: Rules, data: st.DataObject
) -> None:
    plan = assign.plan(people, others, rules)
    written = data.draw(st.sets(st.sampled_from(plan.assignments)) if plan.assignments else st.just(set()))
    given_to = {entry.person.key: entry.address for entry in written}
    cut = [entry._replace(internet_address=given_to.get(entry.key, entry.internet_address)) for entry in people]
    assert _addresses(_after(cut, assign.plan(cut, others, rules))) == _addresses(_after(people, plan))


def test_a_hundred_thousand_people_take_time_in_proportion() -> None:
    """Far more than it takes, so that a busy machine does not fail; a square of comparisons would take hours."""
    people = [
        Person(str(number), (f"CN=Wei Wang/OU={number}/O=Acme",), "Wei", "", "Wang", "", "", (f"u{number}",))
        for number in range(100_000)
    ]
    start = time.process_time()
    plan = assign.plan(people, [], _rules())
    assert time.process_time() - start < 30
    assert len({entry.address for entry in plan.assignments}) == len(people)
    assert "wei.wang100000@example.com" in {entry.address for entry in plan.assignments}
