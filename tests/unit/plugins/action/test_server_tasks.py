# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is only looked at gives what the started module gives; where something is to be done, it is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ._two_ways import FIRST, SECOND, both_ways

INI = "[Notes]\r\nServerTasks=Replica,Router,Update\r\nDirectory=/local/notesdata\r\n"
LOOKED_AT = ("Nothing is to be done", "The file is named, and the server is taken to be running")
LOOKED_AT += ("A list that is not there is not wanted", "Nothing is left to do")


def test_results_are_those_of_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def directory(host: str) -> dict[str, Any]:
        data = tmp_path / host
        data.mkdir()
        (data / "notes.ini").write_bytes(INI.encode("ascii"))
        (data / "link.ini").symlink_to("notes.ini")
        return {"data": str(data)}

    run = both_ways(Path(__file__).with_suffix(".yml"), "server_tasks", tmp_path, directory, monkeypatch)
    done = run.results
    assert [done[what]["changed"] for what in ("nothing", "foreseen", "made", "again")] == [False, True, True, False]
    runs = [done[what] for what in ("again", "follow", "follow_again")]
    assert [run["pending"] for run in runs] == [[], ["reload"], ["reload"]]
    assert [run["pending_before"] for run in runs] == [[], [], ["reload"]]
    assert done["named"]["running"] is True
    assert done["nothing"]["running"] is False
    assert (tmp_path / FIRST / "notes.ini").read_bytes() == INI.replace("Update", "Update,SMTP").encode("ascii")
    assert run.started[SECOND] - run.started[FIRST] == set(LOOKED_AT)
