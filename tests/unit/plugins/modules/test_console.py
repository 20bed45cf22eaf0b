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
        ([], "", {}, True),
        ([ACCEPTED], "", {"check": True}, True),
        ([ACCEPTED], None, {}, True),
    ],
    ids=["sent", "sent and accepted", "refused", "nothing to send", "check mode", "stopped"],
)
def test_a_note_goes_when_the_server_was_told(
    host: Host, commands: list[Any], answer: str | None, case: dict[str, Any], stays: bool
) -> None:
    note = host.data_directory / ".opendomino-mail-take-over"
    note.touch()
    if answer is not None:
        host.start(answers={"load smtp": [answer]})
    options = {"commands": commands, "stopped": "ignore", "taken_over": True, "settle": 0.2}
    host.run("console", {"output": {}, **case, "input": options})
    assert note.exists() == stays


def test_without_a_note_nothing_is_to_be_removed(host: Host) -> None:
    host.start(answers={"load smtp": ["SMTP Server: Started"]})
    options = {"commands": ["load smtp"], "taken_over": True, "settle": 0.2}
    host.run("console", {"input": options, "output": {"changed": True}, "commands": ["load smtp"]})
