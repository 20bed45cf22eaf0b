# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of server tasks: cases, and what holds for every list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._server_tasks import (
    DEFAULT,
    ServerTasksError,
    Task,
    TaskList,
    plan,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    current = TaskList.parse(case["tasks"])
    wishes = (case.get("present", ()), case.get("absent", ()), case.get("exact"), case.get("variable", DEFAULT))
    if "error" in case:
        with pytest.raises(ServerTasksError) as raised:
            plan(current, *wishes)
        assert case["error"] in str(raised.value)
        assert "Nothing was changed." in str(raised.value)
        return
    planned = plan(current, *wishes)
    assert planned.after.render() == case["after"]
    assert planned.changed == (case["after"] != case["tasks"])
    assert not plan(planned.after, *wishes).changed


def test_bytes_other_than_ascii_stay() -> None:
    # notes.ini is LMBCS; its bytes come as surrogates, which YAML cannot hold
    current = TaskList.parse("\udc85 \udcff,A")
    assert plan(current, ["B"]).after.render() == "\udc85 \udcff,A,B"


entries = st.sampled_from(["A", "a", "B", "b 1", "B 2", "RunJava X", "runjava Y", "SMTP", "smtp -x"])
lists = st.lists(
    st.tuples(st.sampled_from(["", " "]), entries | st.just(""), st.sampled_from(["", " "])), max_size=6
).map(lambda parts: TaskList.parse(",".join("".join(part) for part in parts)))
wanted = st.lists(entries, max_size=4, unique_by=lambda entry: Task.of(entry).name)


@given(st.text())
def test_parse_and_render_are_the_identity(value: str) -> None:
    assert TaskList.parse(value).render() == value


@given(lists, wanted, wanted)
def test_present_and_absent_come_true_and_touch_nothing_else(
    tasks: TaskList, present: list[str], absent: list[str]
) -> None:
    named = {Task.of(entry).name for entry in present}
    absent = [entry for entry in absent if Task.of(entry).name not in named]
    planned = plan(tasks, present, absent)
    after = [Task.of(entry) for entry in planned.after.entries]
    assert all(any(Task.of(entry).asks_for(task) for task in after) for entry in present)
    assert not any(Task.of(entry).asks_for(task) for entry in absent for task in after)
    assert not plan(planned.after, present, absent).changed
    named |= {Task.of(entry).name for entry in absent}

    def others(these: TaskList) -> list[str]:
        return [entry for entry in these.entries if Task.of(entry).name not in named]

    assert others(planned.after) == others(planned.before)


hourly_entries = st.builds(
    "{} {}".format, st.sampled_from(["Object", "object", "Updall"]), st.sampled_from(["1", "2", "3"])
)
hourly_lists = st.lists(hourly_entries | st.sampled_from(["Catalog", "Updall"]), max_size=6).map(
    lambda parts: TaskList.parse(",".join(parts))
)


@given(hourly_lists, st.lists(hourly_entries, max_size=5))
def test_present_in_a_list_of_an_hour_adds_and_loses_nothing(tasks: TaskList, present: list[str]) -> None:
    planned = plan(tasks, present, variable="ServerTasksAt3")
    before, after = list(planned.before.entries), list(planned.after.entries)
    assert after[: len(before)] == before
    assert {Task.of(entry) for entry in after} == {Task.of(entry) for entry in (*before, *present)}
    added = [Task.of(entry) for entry in after[len(before) :]]
    assert len(added) == len(set(added))
    assert not plan(planned.after, present, variable="ServerTasksAt3").changed


@given(hourly_lists, st.lists(hourly_entries, max_size=3))
def test_absent_in_a_list_of_an_hour_removes_these_entries_and_no_others(tasks: TaskList, absent: list[str]) -> None:
    planned = plan(tasks, absent=absent, variable="ServerTasksAt3")
    unwanted = {Task.of(entry) for entry in absent}
    assert planned.after.entries == tuple(entry for entry in tasks.entries if Task.of(entry) not in unwanted)


@given(lists, st.lists(entries, max_size=5))
def test_exact_comes_true(tasks: TaskList, exact: list[str]) -> None:
    planned = plan(tasks, exact=exact)
    as_tasks = [
        sorted((Task.of(entry).name, Task.of(entry).arguments) for entry in these)
        for these in (planned.after.entries, exact)
    ]
    assert as_tasks[0] == as_tasks[1]
    assert not plan(planned.after, exact=exact).changed
