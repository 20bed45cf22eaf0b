# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module server_tasks on real files, beside a server that runs or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
NOTES = yaml.safe_load(Path(__file__).with_name("test_server_tasks_take_over.yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    host.run_on_ini("server_tasks", case)


@pytest.mark.parametrize("case", NOTES, ids=lambda case: case["id"])
def test_what_a_server_has_to_take_over_is_noted(host: Host, case: dict[str, Any]) -> None:
    note = host.data_directory / ".opendomino-mail-take-over"
    if case.get("there"):
        note.touch()
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    host.run("server_tasks", case)
    assert note.exists() == case["left"]
    if note.exists():
        assert note.read_bytes() == b""


def test_a_note_that_cannot_be_left_leaves_everything_as_it_is(host: Host) -> None:
    """Nor is a link followed that somebody has put in its place."""
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    note = host.data_directory / ".opendomino-mail-take-over"
    note.symlink_to(host.data_directory / "none" / "note")
    case = {
        "input": {"present": ["SMTP"], "take_over": True},
        "output": {"failed": True},
        "error": ["cannot be written: File exists. Nothing was changed.", str(note)],
    }
    host.run("server_tasks", case)
    assert host.ini.read_bytes() == b"[Notes]\nServerTasks=Router\n"
