# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording holds of a host: how notes.ini is written, and what the console answers to reading commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._notes_ini import MAX_VALUE_BYTES, NotesIni, as_text
from .words import TASKS, is_product_value

if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from .anonymise import Anonymiser

#: A variable that no server has: how `show config` answers for it is not known in public.
ABSENT_VARIABLE = "OpenDominoNoSuchVariable"
SHOW_TASKS, SHOW_SERVER = "show tasks", "show server"
#: Commands that show something and change nothing.
COMMANDS = (
    SHOW_TASKS,
    SHOW_SERVER,
    "show config ServerTasks",
    "show config KitType",
    "show config SMTPErrorLimit",
    f"show config {ABSENT_VARIABLE}",
)
#: Lines of one answer that are kept; the console is shared, and what others make it say is cut off some time.
MAX_LINES = 200

_PREFIX = re.compile(r"\[([0-9A-Za-z]+):([0-9A-Za-z]+)-([0-9A-Za-z]+)\]")
_STAMP = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4},? +[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?: [AP]M)?")
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
#: Variables whose name holds a domain: the pattern is what public sources are not sure of.
_DKIM = re.compile(r"(DKIM_KEY_)(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What one command brought: what `server -c` wrote and its exit code, and the lines of console.log (None: none)."""

    command: str
    exit_code: int
    output: Sequence[str]
    response: Sequence[str] | None


def console(said: Sequence[Said], anonymiser: Anonymiser, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the part `console`; `values`: what notes.ini says of the variables that were asked for."""
    return {"commands": [_command(entry, anonymiser, values) for entry in said]}


def _command(said: Said, anonymiser: Anonymiser, values: Mapping[str, str]) -> dict[str, Any]:
    slots: dict[str, str] = {}
    name = said.command.rpartition(" ")[2] if said.command.startswith("show config ") else ""
    if name:
        slots[name] = "name"
        if len(values.get(name, "")) > 1:
            slots[values[name]] = "value"
    response = None if said.response is None else [_line(line, anonymiser, slots) for line in said.response[:MAX_LINES]]
    return {
        "command": said.command,
        "exit_code": said.exit_code,
        "output": [anonymiser.text(line, slots) for line in said.output[:MAX_LINES]],
        "response": response,
    }


def _line(line: str, anonymiser: Anonymiser, slots: Mapping[str, str]) -> dict[str, Any]:
    """Return a line of console.log: how process and time are written, and the text."""
    prefix = _PREFIX.match(line)
    rest = line[prefix.end() :] if prefix else line
    stripped = rest.lstrip(" ")
    stamp = _STAMP.match(stripped)
    if stamp:
        rest = stripped[stamp.end() :]
    numbers = "" if prefix is None else "[{}:{}-{}]".format(*(len(part) for part in prefix.groups()))
    return {
        "prefix": numbers,
        "stamp": re.sub("[0-9]", "9", stamp.group()) if stamp else "",
        "text": anonymiser.text(rest, slots),
    }


def notes_ini(content: bytes, anonymiser: Anonymiser) -> dict[str, Any]:
    """Return the part `notes_ini`: how the file is written, and which of the product's variables it has."""
    ini = NotesIni(tuple(_LINES.findall(content)))
    names = [as_text(line.split(b"=", 1)[0]).rstrip(" \t") for line in ini.lines[1:] if b"=" in line]
    known = {name: shown for name in names for shown in [_variable(name, anonymiser)] if shown}
    folded = [name.lower() for name in names]
    return {
        "file": {
            "first_line": "[Notes]" if content.split(b"\n", 1)[0].rstrip(b"\r") == b"[Notes]" else "other",
            "byte_order_mark": content[:3] == b"\xef\xbb\xbf" or content[:2] in (b"\xff\xfe", b"\xfe\xff"),
            "line_ends": sorted({_end(line) for line in ini.lines[:-1]}),
            "last_line_end": _end(ini.lines[-1]) if ini.lines else "none",
            "ascii_only": content.isascii(),
            "utf8": _is_utf8(content),
            "comments": sum(line.startswith(b":") for line in ini.lines) > 0,
            "other_sections": sum(line.startswith(b"[") for line in ini.lines) > 1,
            "blank_lines": any(not line.strip() for line in ini.lines),
            "blank_before_equals": any(
                b"=" in line and line.split(b"=", 1)[0][-1:] in b" \t" for line in ini.lines[1:]
            ),
            "blank_after_equals": any(line.partition(b"=")[2][:1] in (b" ", b"\t") for line in ini.lines[1:]),
            "names_with_dollar": any(name.startswith("$") for name in names),
            "values_over_limit": sum(
                len(line.partition(b"=")[2].rstrip(b"\r\n")) > MAX_VALUE_BYTES for line in ini.lines
            ),
            "duplicates": [shown for name, shown in known.items() if folded.count(name.lower()) > 1],
        },
        "variables": {shown: _value(name, ini) for name, shown in known.items()},
        "other_variables": len(set(folded)) - len({name.lower() for name in known}),
    }


def _variable(name: str, anonymiser: Anonymiser) -> str | None:
    dkim = _DKIM.fullmatch(name)
    if dkim:
        return dkim.group(1) + anonymiser.token("domain", dkim.group(2))
    return anonymiser.identifier(name)


def _value(name: str, ini: NotesIni) -> str | None:
    """Return a value where it is harmless: a small number, or a list of server tasks; else None."""
    value = as_text(next(iter(ini.values(name)), b""))
    if name.lower().startswith("servertasks"):
        return ",".join(_task(entry) for entry in value.split(","))
    return value if re.fullmatch(r"-?[0-9]{1,2}", value) and is_product_value(value) else None


def _task(entry: str) -> str:
    """Return an entry of ServerTasks with its blanks: a task of the product, and whether it has arguments."""
    lead, name, arguments = re.fullmatch(r"(\s*)(\S*)(.*)", entry, re.DOTALL).groups()  # type: ignore[union-attr]
    shown = name if name.lower() in TASKS or not name else "[...]"
    return (" " if lead else "") + shown + (" [...]" if arguments.strip() else "")


def _end(line: bytes) -> str:
    return "CRLF" if line.endswith(b"\r\n") else "LF" if line.endswith(b"\n") else "none"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
