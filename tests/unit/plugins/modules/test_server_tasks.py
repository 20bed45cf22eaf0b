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
PENDING = yaml.safe_load(Path(__file__).with_name("test_server_tasks_pending.yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    host.run_on_ini("server_tasks", case)


@pytest.mark.parametrize("case", PENDING, ids=lambda case: case["id"])
def test_pending_work_is_written_before_the_change(host: Host, case: dict[str, Any]) -> None:
    marker = host.data_directory / ".opendomino-mail-pending"
    if "there" in case:
        marker.write_text(case["there"], encoding="ascii")
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    host.run("server_tasks", case)
    assert (marker.read_text("ascii") if marker.exists() else None) == case["left"]
    assert not list(host.data_directory.glob(".opendomino-mail-pending.*"))


def test_a_marker_that_cannot_be_written_leaves_everything_as_it_is(host: Host) -> None:
    """A directory that is not there stands for a full disk, which root cannot be kept from in another way."""
    host.ini.write_bytes(b"[Notes]\nServerTasks=Router\n")
    marker = host.data_directory / ".opendomino-mail-pending"
    marker.symlink_to(host.data_directory / "none" / "marker")
    case = {
        "input": {"present": ["SMTP"], "pending": ["reload"]},
        "output": {"failed": True},
        "error": ["none/marker cannot be written: No such file or directory. Nothing was changed."],
    }
    host.run("server_tasks", case)
    assert host.ini.read_bytes() == b"[Notes]\nServerTasks=Router\n"
