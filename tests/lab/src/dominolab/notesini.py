# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""notes.ini as a running server treats it: read once, held in memory, written from memory.

The file is bytes (LMBCS); lines that are not touched are written back as they were read. Facts: reference
notes-ini-and-console.md, sections 1 and 2.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tempfile
from pathlib import Path

#: `Variable=value` or `Variable =value`; the value may hold further `=` signs.
_SETTING = re.compile(rb"^(?P<name>[^=\s:][^=]*?)\s*=(?P<value>.*)$", re.DOTALL)

DAMAGED = "NOTES.INI may be damaged or read-only.  Non-zero values for 'ServerSetup' and 'KitType' were not found."


class NotesIniError(Exception):
    """The server cannot start with this file; the text is Domino's."""


class NotesIni:
    """The variables of one server.

    Values are text in which each byte of the file is one character (Latin-1), so that LMBCS bytes survive unchanged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[bytes] = []
        self.read()

    def read(self) -> None:
        """Read the file into memory; raise NotesIniError where Domino would refuse to start."""
        try:
            content = self.path.read_bytes()
        except OSError as exc:
            raise NotesIniError(DAMAGED) from exc
        lines = content.splitlines(keepends=True)
        first = lines[0].strip().lower() if lines else b""
        self._lines = lines
        if first != b"[notes]" or not self._is_set("ServerSetup") or not self._is_set("KitType"):
            raise NotesIniError(DAMAGED)

    def get(self, name: str, default: str = "") -> str:
        """Return the value of the first line with this name, compared without case."""
        for _, found, value in self._settings():
            if found.lower() == name.lower():
                return value
        return default

    def matching(self, pattern: str) -> list[tuple[str, str]]:
        """Return (name, value) of all variables whose name matches; `*` and `?` stand for any characters."""
        wanted = pattern.lower()
        return [(name, value) for _, name, value in self._settings() if fnmatch.fnmatchcase(name.lower(), wanted)]

    def set(self, name: str, value: str) -> None:
        """Change a variable in memory and write the file from memory; raise OSError and change nothing where it fails.

        What another program wrote into the file since the server read it is lost: that is the hazard of editing
        notes.ini behind a running server's back. An empty value keeps the line `name=`.
        """
        lines = list(self._lines)
        end = b"\r\n" if self._lines and self._lines[0].endswith(b"\r\n") else b"\n"
        for index, found, _ in self._settings():
            if found.lower() == name.lower():
                old = lines[index]
                ending = old[len(old.rstrip(b"\r\n")) :]
                lines[index] = f"{found}={value}".encode("latin-1") + ending
                break
        else:
            if lines and not lines[-1].endswith((b"\n", b"\r")):
                lines[-1] += end
            lines.append(f"{name}={value}".encode("latin-1") + end)
        self._write(lines)
        self._lines = lines

    def tasks(self) -> list[tuple[str, str]]:
        """Return (name, arguments) of each entry of ServerTasks; entries are separated by commas only."""
        entries = (entry.strip() for entry in self.get("ServerTasks").split(","))
        return [(name, arguments.strip()) for name, _, arguments in (e.partition(" ") for e in entries if e)]

    def _is_set(self, name: str) -> bool:
        return self.get(name).strip() not in ("", "0")

    def _settings(self) -> list[tuple[int, str, str]]:
        found = []
        for index, line in enumerate(self._lines):
            match = _SETTING.match(line.rstrip(b"\r\n"))
            if match:
                found.append((index, match["name"].decode("latin-1"), match["value"].decode("latin-1")))
        return found

    def _write(self, lines: list[bytes]) -> None:
        handle, temporary = tempfile.mkstemp(prefix=".notes.ini.", dir=self.path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(lines)
        Path(temporary).chmod(self.path.stat().st_mode & 0o7777 if self.path.exists() else 0o644)
        Path(temporary).replace(self.path)
