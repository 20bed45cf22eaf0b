# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording of a real server, for the lab to say what that server said, where it has nothing but assumptions itself.

The format is the collection's (docs/docsite/rst/guide_record.rst). A recording holds pseudonyms and slots such as
`{host}`; slots are filled with what the lab's own server is called. What a recording lacks, the lab says as ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dominolab.design import Field, Form

if TYPE_CHECKING:
    from pathlib import Path

    from dominolab.design import Design

_FORMAT, _VERSION = "opendomino-mail-recording", 1
#: A field whose name the recorder took out, as it held a name of the site.
_TAKEN_OUT = re.compile(r"Field[0-9]+")
_NAMES = frozenset({"names", "authors", "readers"})
_SLOT = re.compile(r"\{([a-z_]+)\}")


class RecordingError(ValueError):
    """A file that is no recording; the text says why."""


def load(path: Path) -> Recording:
    """Read a recording. Raises RecordingError and OSError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise RecordingError(f"recording {path} is not JSON: {exc}") from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT or data.get("version") != _VERSION:
        raise RecordingError(f"recording {path} does not say format {_FORMAT}, version {_VERSION}")
    try:
        return Recording(data["parts"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise RecordingError(f"recording {path}: missing or misplaced: {exc}") from None


class Recording:
    """What a real server said. Without parts it says nothing, and the lab's own words count."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._replies = {
            reply["step"]: (int(reply["code"]), [str(line) for line in reply["lines"]])
            for reply in (parts.get("smtp") or {"replies": ()})["replies"]
        }
        self._commands = {
            command["command"]: command for command in (parts.get("console") or {"commands": ()})["commands"]
        }
        self._forms = {
            form: [_field(field) for field in content["fields"] if not _TAKEN_OUT.fullmatch(field["item"])]
            for form, content in (parts.get("design") or {"forms": {}})["forms"].items()
        }

    # -- design -----------------------------------------------------------------------------------------------------

    def design(self, own: Design) -> dict[str, Form]:
        """Return the forms: those that were recorded in place of the lab's own, with the item Form that each has."""
        recorded = {}
        for form, fields in self._forms.items():
            if fields:
                kept = {"Form": Field("Form", "text")} | {field.name: field for field in fields}
                recorded[form] = Form(form, kept)
        return {**own, **recorded}

    # -- console ----------------------------------------------------------------------------------------------------

    def shown(self, command: str, **slots: str) -> list[str] | None:
        """Return the lines that a command showed; None where they were not recorded."""
        lines = self._lines(command)
        return None if lines is None else [filled(line, slots) for line in lines]

    def task(self, title: str, **slots: str) -> list[str] | None:
        """Return the entries of `show tasks` that begin with a title; None where none was recorded."""
        lines = [line.strip() for line in self._lines("show tasks") or ()]
        found = [filled(line, slots) for line in lines if line.startswith(title)]
        return found or None

    def variable(self, name: str, value: str) -> str | None:
        """Return the line of `show config` for a variable, in the layout that was recorded."""
        for command in self._commands:
            lines = self._lines(command) if command.startswith("show config ") else None
            layout = next((line for line in lines or () if "{name}" in line and "{value}" in line), None)
            if layout is not None:
                return filled(layout, {"name": name, "value": value})
        return None

    def server_c(self, command: str) -> dict[str, Any]:
        """Return what `server -c` writes, and its exit code, for this command or for commands in general."""
        recorded = self._commands.get(command.lower()) or next(iter(self._commands.values()), None)
        if recorded is None:
            return {"output": [], "exit_code": 0}
        return {"output": [str(line) for line in recorded["output"]], "exit_code": int(recorded["exit_code"])}

    def _lines(self, command: str) -> list[str] | None:
        response = self._commands.get(command, {}).get("response")
        return None if response is None else [str(line["text"]).removeprefix(" ") for line in response]

    # -- SMTP -------------------------------------------------------------------------------------------------------

    def reply(self, step: str, own: str, **slots: str) -> str:
        """Return the reply of a step where one of the same kind (2xx, 5xx) was recorded, else the lab's own."""
        code, lines = self._replies.get(step, (0, []))
        if not lines or str(code)[0] != own[0]:
            return own
        return "\r\n".join(wire(code, [filled(line, slots) for line in lines]))

    def extensions(self, own: Sequence[str]) -> Sequence[str]:
        """Return the lines of EHLO after the first, in the order in which they were recorded."""
        code, lines = self._replies.get("ehlo", (0, []))
        # What the lab cannot do it must not offer.
        offered = [line for line in lines[1:] if line.split(" ")[0].upper() not in ("STARTTLS", "AUTH", "AUTH=LOGIN")]
        return offered if code == 250 and offered else own


def wire(code: int, lines: Iterable[str]) -> list[str]:
    """Return the lines of a reply with its code, as RFC 5321 section 4.2.1 has them."""
    *first, last = lines
    return [*(f"{code}-{line}" for line in first), f"{code} {last}"]


def filled(line: str, slots: Mapping[str, str]) -> str:
    """Return a line with its slots filled; those that nobody fills stay visible."""
    return _SLOT.sub(lambda match: slots.get(match.group(1), match.group()), line)


def _field(recorded: Mapping[str, Any]) -> Field:
    kind = recorded["type"]
    field = Field(
        str(recorded["item"]),
        "number" if kind == "number" else "text",
        bool(recorded["several_values"]),
        kind in _NAMES,
        "recorded",
    )
    choices = recorded["choices"]
    row: dict[str, Any] = {"tab": " > ".join(recorded["tabs"])}
    if recorded["label"]:
        row["label"] = str(recorded["label"]).rstrip(":")
    if choices:
        row["choices"] = tuple(
            choice["text"] if choice["stored"] is None else f"{choice['text']}|{choice['stored']}" for choice in choices
        )
    return replace(field, row=row)
