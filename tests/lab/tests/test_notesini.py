# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""notes.ini in memory: bytes survive, memory wins over the file, damaged files are refused."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dominolab.notesini import NotesIni, NotesIniError

FRESH = b"[Notes]\r\nKitType=2\r\nServerSetup=1\r\nServerTasks=Replica, Router ,certmgr -ACCEPT_TOU,RunJava J X\r\n"


def _ini(directory: Path, content: bytes = FRESH) -> NotesIni:
    path = directory / "notes.ini"
    path.write_bytes(content)
    return NotesIni(path)


def test_names_compare_without_case(tmp_path: Path) -> None:
    assert _ini(tmp_path).get("SERVERSETUP") == "1"
    assert _ini(tmp_path).get("Missing", "default") == "default"


def test_entries_of_server_tasks_keep_their_arguments(tmp_path: Path) -> None:
    assert _ini(tmp_path).tasks() == [
        ("Replica", ""),
        ("Router", ""),
        ("certmgr", "-ACCEPT_TOU"),
        ("RunJava", "J X"),
    ]


def test_a_change_keeps_spelling_and_line_ends(tmp_path: Path) -> None:
    ini = _ini(tmp_path)
    ini.set("kittype", "3")
    ini.set("New", "a=b")
    assert ini.path.read_bytes() == FRESH.replace(b"KitType=2", b"KitType=3") + b"New=a=b\r\n"


def test_what_others_write_meanwhile_is_lost_when_the_server_writes(tmp_path: Path) -> None:
    ini = _ini(tmp_path)
    ini.path.write_bytes(FRESH + b"Other=1\r\n")
    ini.set("Mine", "1")
    assert b"Other" not in ini.path.read_bytes()


def test_a_missing_final_line_end_is_added_before_a_new_line(tmp_path: Path) -> None:
    ini = _ini(tmp_path, FRESH.rstrip())
    ini.set("Last", "1")
    assert ini.path.read_bytes() == FRESH + b"Last=1\r\n"


def test_a_change_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    ini = _ini(tmp_path)
    ini.path = tmp_path / "gone" / "notes.ini"
    with pytest.raises(OSError, match="gone"):
        ini.set("KitType", "3")
    assert ini.get("KitType") == "2"


def test_wildcards(tmp_path: Path) -> None:
    ini = _ini(tmp_path)
    assert [name for name, _ in ini.matching("server*")] == ["ServerSetup", "ServerTasks"]
    assert [name for name, _ in ini.matching("kit????")] == ["KitType"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[notes}\nKitType=2\nServerSetup=1\n", b"[Notes]\nKitType=2\n", b"[Notes]\nKitType=0\nServerSetup=1\n"],
    ids=["empty", "wrong section", "no ServerSetup", "KitType zero"],
)
def test_a_damaged_file_is_refused_in_the_products_words(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotesIniError, match=r"^NOTES\.INI may be damaged or read-only\."):
        _ini(tmp_path, content)


@given(st.lists(st.binary(max_size=40).map(lambda b: b.translate(None, b"\r\n\x0b\x0c\x1c\x1d\x1e\x85"))))
def test_lines_that_are_not_changed_keep_every_byte(others: list[bytes]) -> None:
    content = FRESH + b"".join(line + b"\n" for line in others)
    with TemporaryDirectory() as directory:
        ini = _ini(Path(directory), content)
        ini.set("ServerSetup", "2")
        assert ini.path.read_bytes() == content.replace(b"ServerSetup=1\r\n", b"ServerSetup=2\r\n", 1)
