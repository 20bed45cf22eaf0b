# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module console, with a real program that takes commands."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    if case.get("log") == "missing":
        host.log.unlink()
    case["input"] = {"settle": 0.2, **case["input"]}
    result = host.run("console", case)
    if "responses" in case:
        assert [
            {**answer, "response": answer["response"] and [line.partition(" AM  ")[2] for line in answer["response"]]}
            for answer in result["responses"]
        ] == case["responses"]


def test_commands_are_sent_in_the_data_directory_as_its_owner_with_a_small_environment(host: Host) -> None:
    owner = pwd.getpwuid(host.data_directory.stat().st_uid)
    host.start(answers={"show tasks": ["one"]})
    host.run(
        "console", {"input": {"commands": ["show tasks"], "settle": 0.1}, "output": {}, "commands": ["show tasks"]}
    )
    [call] = host.received
    assert call["cwd"] == str(host.data_directory.resolve())
    assert call["uid"] == owner.pw_uid
    assert {name: call["env"].get(name) for name in ("HOME", "USER", "LOGNAME")} == {
        "HOME": owner.pw_dir,
        "USER": owner.pw_name,
        "LOGNAME": owner.pw_name,
    }
    assert "PYTHONPATH" not in call["env"]


ACCEPTED = {"command": "load smtp", "accepted": ["ERR_TASK_RUNNING"]}


@pytest.mark.parametrize(
    ("commands", "answer", "case", "stays"),
    [
        ([ACCEPTED], "SMTP Server: Started", {"commands": ["load smtp"]}, False),
        ([ACCEPTED], "Task is already running", {"commands": ["load smtp"]}, False),
        (["load smtp"], "Task is already running", {"commands": ["load smtp"], "output": {"failed": True}}, True),
        ([], "", {}, False),
        ([ACCEPTED], "", {"check": True}, True),
        ([ACCEPTED], None, {}, True),
    ],
    ids=["sent", "sent and accepted", "refused", "no command", "check mode", "stopped"],
)
def test_completed_work_leaves_the_marker(
    host: Host, commands: list[Any], answer: str | None, case: dict[str, Any], stays: bool
) -> None:
    marker = host.data_directory / ".opendomino-mail-pending"
    marker.write_text("reload\n", encoding="ascii")
    if answer is not None:
        host.start(answers={"load smtp": [answer]})
    options = {"commands": commands, "stopped": "ignore", "completed": ["reload"], "settle": 0.2}
    host.run("console", {"output": {}, **case, "input": options})
    assert marker.exists() == stays


def test_other_pending_work_stays_in_the_marker(host: Host) -> None:
    marker = host.data_directory / ".opendomino-mail-pending"
    marker.write_text("reload\nrelay_test\n", encoding="ascii")
    host.start(answers={"load smtp": ["SMTP Server: Started"]})
    options = {"commands": ["load smtp"], "completed": ["reload"], "settle": 0.2}
    host.run("console", {"input": options, "output": {"changed": True}, "commands": ["load smtp"]})
    assert marker.read_text("ascii") == "relay_test\n"


def test_without_a_marker_nothing_is_removed(host: Host) -> None:
    host.start(answers={"load smtp": ["SMTP Server: Started"]})
    options = {"commands": ["load smtp"], "completed": ["reload"], "settle": 0.2}
    host.run("console", {"input": options, "output": {"changed": True}, "commands": ["load smtp"]})
