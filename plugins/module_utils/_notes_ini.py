# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""notes.ini as bytes: read it, plan changes of variables, and leave every other byte as it is.

notes.ini is LMBCS, not UTF-8, and Domino minds changed line ends (nashcom/nshini, README.md). So nothing here decodes
the file: a line is bytes with its line end, and only the value of a variable that changes is written anew.

What is decided here, because no public source says it:

* Of several lines with the same variable the first counts, and a warning is given. Setting the variable changes the
  first line; removing it removes all of them.
* A new variable is appended, with the line end that most lines have. If the last line has no line end, it gets one, and
  the new last line stays without.
* A line is refused where Domino may read it in another way than this module: one that is indented, and one that ends
  with more than one CR. So is a new name that could begin a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Iterable, Pattern

#: The C API reads a value into a buffer of 256 bytes (MAXENVVALUE), the final zero included.
MAX_VALUE_BYTES = 255

_HEADER = b"[Notes]"
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_LINES: Pattern[bytes] = re.compile(rb"[^\n]*\n|[^\n]+")
#: What begins a section, or a comment in files of this kind; which of them Domino skips is not known.
_COMMENTS = "[:;#"
_UNSAFE: Pattern[str] = re.compile(r"[\x00-\x1f\x7f]")


class NotesIniError(Exception):
    """A notes.ini that cannot be read or changed, or a setting that it cannot hold; the message is for the user."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True)
class Setting:
    """One variable as it shall be; `value` None means that it shall not be there."""

    name: str
    value: bytes | None


@dataclass(frozen=True)
class NotesIni:
    """The lines of a notes.ini, each with its line end."""

    lines: tuple[bytes, ...]

    @classmethod
    def parse(cls, content: bytes, where: str = "notes.ini") -> NotesIni:
        """Return the lines of `content`; raise NotesIniError, with `where` as its name, if it is not a notes.ini."""
        for mark, encoding in _BYTE_ORDER_MARKS:
            if content.startswith(mark):
                raise NotesIniError(
                    f"{where}: the file begins with a byte order mark ({encoding}), and Domino does not parse such a "
                    "file. Nothing was changed. Restore it from a backup, or save it without the mark, then run again."
                )
        lines = tuple(_LINES.findall(content))
        first, end = _without_line_end(lines[0]) if lines else (b"", b"")
        if first.endswith(b"\r"):
            raise NotesIniError(
                f"{where}: line 1 ends with {_shown_end(first, end)}: the line ends of the file are damaged, as by a "
                "transfer in text mode. Nothing was changed. Restore it from a backup, or give its lines the line end "
                "of the platform, then run again."
            )
        if first.rstrip(b" \t").lower() != _HEADER.lower():
            raise NotesIniError(
                f'{where}: line 1 is "{as_text(first[:80])}" and should be "{as_text(_HEADER)}": the file is damaged, '
                "or is no notes.ini. Nothing was changed. Restore it from a backup or correct the first line, then run "
                "again."
            )
        return cls(lines)

    def render(self) -> bytes:
        """Return the content of the file."""
        return b"".join(self.lines)

    def values(self, name: str) -> tuple[bytes, ...]:
        """Return the values of all lines with the variable `name`; names compare without case."""
        return tuple(value for _index, (_name, _equals, value, _end) in self.find(name))

    def get(self, name: str) -> bytes | None:
        """Return the value that counts (the first), None where the variable is missing."""
        return next(iter(self.values(name)), None)

    def spelling(self, name: str) -> str:
        """Return the variable's name as the file spells it, else as given."""
        return next((as_text(found) for _index, (found, _equals, _value, _end) in self.find(name)), name)

    def with_value(self, name: str, value: bytes) -> NotesIni:
        """Return the file with the variable set: its first line changed, or a new line appended."""
        lines = list(self.lines)
        for index, (found, equals, _value, end) in self.find(name):
            lines[index] = found + equals + value + end
            return NotesIni(tuple(lines))
        line = name.encode("ascii") + b"=" + value
        if lines[-1].endswith(b"\n"):
            return NotesIni((*lines, line + self._line_end()))
        return NotesIni((*lines[:-1], lines[-1] + self._line_end(), line))

    def without(self, name: str) -> NotesIni:
        """Return the file with no line of the variable `name`."""
        gone = {index for index, _parts in self.find(name)}
        return NotesIni(tuple(line for index, line in enumerate(self.lines) if index not in gone))

    def find(self, name: str) -> list[tuple[int, tuple[bytes, bytes, bytes, bytes]]]:
        """Return index and parts (name, equals sign, value, line end) of each line with the variable `name`."""
        wanted = name.lower().encode("ascii")
        found = []
        for index, line in enumerate(self.lines):
            parts = _parts(line)
            if parts and parts[0].lower() == wanted:
                found.append((index, parts))
        return found

    def doubt(self, name: str) -> str:
        """Return why it is not sure which value Domino reads of the variable `name`; empty where it is."""
        wanted = name.lower().encode("ascii")
        for number, line in enumerate(self.lines, start=1):
            found, equals, value, end = _parts(line) or (b"", b"", b"", b"")
            if not equals or found.strip().lower() != wanted:
                continue
            if found.lower() != wanted:
                return f"line {number} is indented ({as_text((found + equals)[:80])!r})"
            if value.endswith(b"\r"):
                return f"line {number} ({as_text(found)}) ends with {_shown_end(value, end)}"
        return ""

    def _line_end(self) -> bytes:
        """Return the line end that most lines have."""
        crlf = sum(line.endswith(b"\r\n") for line in self.lines)
        ended = sum(line.endswith(b"\n") for line in self.lines)
        return b"\r\n" if crlf > ended - crlf else b"\n"


@dataclass(frozen=True)
class Change:
    """One variable that changes; a value of None means that the variable is not there."""

    name: str
    before: bytes | None
    after: bytes | None

    def as_result(self) -> dict[str, str | None]:
        """Return the change as module result."""
        return {
            "name": self.name,
            "before": None if self.before is None else as_text(self.before),
            "after": None if self.after is None else as_text(self.after),
        }


@dataclass(frozen=True)
class Plan:
    """What has to change in a notes.ini."""

    before: NotesIni
    after: NotesIni
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Return whether anything has to change."""
        return bool(self.changes)

    def diff(self, where: str) -> dict[str, str]:
        """Return the lines that change, and no others: notes.ini is nobody's business as a whole."""

        def lines(ini: NotesIni) -> str:
            found = (parts for change in self.changes for _index, parts in ini.find(change.name))
            return "".join(f"{as_text(name)}={as_text(value)}\n" for name, _equals, value, _end in found)

        return {
            "before": lines(self.before),
            "after": lines(self.after),
            "before_header": where,
            "after_header": where,
        }


def plan(current: NotesIni, settings: Iterable[Setting]) -> Plan:
    """Plan the changes that make `settings` true; raise NotesIniError where a variable is asked for in two ways."""
    after = current
    changes: list[Change] = []
    warnings: list[str] = []
    for setting in _once_each(settings):
        doubt = current.doubt(setting.name)
        if doubt:
            raise NotesIniError(
                f"notes.ini: {doubt}, and how Domino reads such a line is not known. Nothing was changed. Correct the "
                "line while the server is stopped, then run again."
            )
        found = current.values(setting.name)
        name = current.spelling(setting.name)
        warnings += duplicates(current, [setting.name])
        before = found[0] if found else None
        if before == setting.value:
            continue
        changes.append(Change(name, before, setting.value))
        if setting.value is None:
            after = after.without(name)
            continue
        after = after.with_value(name, setting.value)
        if len(setting.value) > MAX_VALUE_BYTES:
            warnings.append(
                f"The value of {name} has {len(setting.value)} bytes. Programs that read it through Domino's C API "
                f"get no more than {MAX_VALUE_BYTES} bytes of a value."
            )
    return Plan(current, after, tuple(changes), tuple(warnings))


def duplicates(ini: NotesIni, names: Iterable[str]) -> list[str]:
    """Return a warning for each variable of `names` that several lines have."""
    return [
        f"notes.ini has {count} lines of {ini.spelling(name)}. Which of them the server uses is not known; "
        "the first is taken to count. Remove the others while the server is stopped."
        for name in names
        for count in [len(ini.values(name))]
        if count > 1
    ]


def doubts(ini: NotesIni, names: Iterable[str]) -> list[str]:
    """Return a warning for each variable of `names` with a line that Domino may read in another way."""
    return [
        f"notes.ini: {doubt}, and how Domino reads such a line is not known. Correct it while the server is stopped."
        for doubt in map(ini.doubt, names)
        if doubt
    ]


def setting_of(name: str, value: str | None) -> Setting:
    """Return a setting made of user input; raise NotesIniError where notes.ini cannot hold it.

    Only ASCII is taken: it is the same in LMBCS, and what any other character becomes is Domino's to say.
    """
    if not name or "=" in name or " " in name or name[0] in _COMMENTS or _UNSAFE.search(name) or not name.isascii():
        raise NotesIniError(
            f"{name!r} cannot be the name of a notes.ini variable: a name is ASCII, is not empty, has no blank, equals "
            f"sign or control character, and does not begin like a comment or a section, with one of {_COMMENTS} "
            "Nothing was changed."
        )
    if value is None:
        return Setting(name, None)
    if _UNSAFE.search(value):
        raise NotesIniError(
            f"The value of {name} has a line break or another control character, and a value is one line of "
            "notes.ini. Nothing was changed."
        )
    if not value.isascii():
        raise NotesIniError(
            f"The value of {name} has characters other than ASCII. notes.ini is in LMBCS, which only Domino itself "
            "writes safely. Nothing was changed. Set this variable with Domino's own tools."
        )
    return Setting(name, value.encode("ascii"))


def as_text(value: bytes) -> str:
    r"""Return bytes of a notes.ini for people to read; what is not ASCII appears as \xNN."""
    return value.decode("ascii", "backslashreplace")


def _parts(line: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Return name, equals sign, value and line end of a line, None where it has no equals sign.

    HCL's own reader (domino-container, script_lib.sh) accepts a blank before the equals sign.
    """
    text, end = _without_line_end(line)
    before, equals, value = text.partition(b"=")
    if not equals:
        return None
    name = before.rstrip(b" \t")
    return name, before[len(name) :] + equals, value, end


def _without_line_end(line: bytes) -> tuple[bytes, bytes]:
    for end in (b"\r\n", b"\n"):
        if line.endswith(end):
            return line[: -len(end)], end
    return line, b""


def _shown_end(text: bytes, end: bytes) -> str:
    """Return the names of the bytes that end a line: CR CR LF."""
    count = len(text) - len(text.rstrip(b"\r"))
    return " ".join([*["CR"] * min(count, 3), *(["CR"] if end == b"\r\n" else []), *(["LF"] if end else [])])


def _once_each(settings: Iterable[Setting]) -> Iterable[Setting]:
    wanted: dict[str, Setting] = {}
    for setting in settings:
        other = wanted.setdefault(setting.name.lower(), setting)
        if other.value != setting.value:
            raise NotesIniError(
                f"{setting.name} is asked for twice, in different ways (names compare without case). "
                "Nothing was changed."
            )
    return wanted.values()
