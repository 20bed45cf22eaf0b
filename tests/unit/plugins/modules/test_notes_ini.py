# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module notes_ini on real files, beside a server that runs or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import NotesIniFile
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import NotesIniError, plan, setting_of
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import (
    no_file_larger_than,
    run_module,
)

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    host.run_on_ini("notes_ini", case)


def options(host: Host, **more: Any) -> dict[str, Any]:
    return {"path": str(host.ini), "settings": [{"name": "A", "value": "2"}], **more}


def test_owner_mode_and_link_stay_and_a_backup_is_kept(host: Host, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.ini"
    real.parent.mkdir()
    real.write_bytes(b"[Notes]\nA=1\n")
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65533)
    before = real.stat()
    host.ini.symlink_to(real)
    result = run_module("notes_ini", options(host, backup=True))
    assert result["changed"]
    assert result["notes_ini"] == str(real)
    assert host.ini.is_symlink()
    assert real.read_bytes() == b"[Notes]\nA=2\n"
    after = real.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert Path(result["backup_file"]).read_bytes() == b"[Notes]\nA=1\n"
    assert sorted(real.parent.iterdir()) == sorted([real, Path(result["backup_file"])])


def test_no_backup_where_nothing_changes_or_in_check_mode(host: Host) -> None:
    host.ini.write_bytes(b"[Notes]\nA=2\n")
    assert "backup_file" not in run_module("notes_ini", options(host, backup=True))
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    assert "backup_file" not in run_module("notes_ini", options(host, backup=True), check=True)
    assert [path.name for path in host.data_directory.glob("*notes.ini*")] == ["notes.ini"]


def test_a_link_into_the_data_directory_of_a_running_server(host: Host, tmp_path: Path) -> None:
    host.start()
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    link = tmp_path / "notes.ini"
    link.symlink_to(host.ini)
    result = run_module("notes_ini", options(host, path=str(link), program_directory=str(host.program_directory)))
    assert result["running"]
    assert host.commands == ["set config A=2"]


def test_a_process_that_has_ended_does_not_count(host: Host) -> None:
    host.start()
    host.stop()
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    result = run_module("notes_ini", options(host))
    assert result["changed"]
    assert not result["running"]
    assert host.commands == []


def test_a_file_that_somebody_else_changed_meanwhile_is_left_alone(host: Host) -> None:
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    access = NotesIniFile(None, host.ini)
    planned = plan(access.ini, [setting_of("A", "2")])
    host.ini.write_bytes(b"[Notes]\nA=1\nB=1\n")
    with pytest.raises(NotesIniError, match=r"was changed by somebody else meanwhile\. Nothing was changed\."):
        access.apply(planned)
    assert host.ini.read_bytes() == b"[Notes]\nA=1\nB=1\n"


def test_a_file_of_another_user_is_left_to_this_user(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.ini.write_bytes(b"[Notes]\nA=1\n")
    access = NotesIniFile(None, host.ini)
    owner = host.ini.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)  # a test is one user
    with pytest.raises(NotesIniError, match=r"belongs to another user.*Set become_user to its owner"):
        access.check(plan(access.ini, [setting_of("A", "2")]))


def test_a_file_for_which_there_is_no_room_stays_and_nothing_is_left(host: Host) -> None:
    content = b"[Notes]\nA=1\n" + b"B=1\n" * 1000
    host.ini.write_bytes(content)
    with no_file_larger_than(2000):
        result = run_module("notes_ini", options(host), env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert result["failed"]
    for text in (str(host.ini), "File too large", "Nothing was changed", str(host.data_directory)):
        assert text in result["msg"]
    assert host.ini.read_bytes() == content
    assert [path.name for path in host.data_directory.glob("*notes.ini*")] == ["notes.ini"]
