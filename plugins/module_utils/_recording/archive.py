# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording: parts put together, tokens replaced by pseudonyms, always the same bytes for the same content.

Recordings tell of real Domino servers what public sources could not, read without changing anything, anonymised:
`words` knows what is product text, `anonymise` lets nothing else through. `host`, `listener` and `directory` make parts
of a recording out of what was read; `questions` says what each part answers.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from .._markdown import code_span
from .._printable import harmless
from .anonymise import Pseudonyms
from .questions import DESIGN, PARTS, questions

if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence

FORMAT, VERSION = "opendomino-mail-recording", 1
RECORDED, NOT_RECORDED, NOT_ANSWERED, NO_RECORDING = "recorded", "not recorded", "not found", "no recording can"

_TITLES = {
    "notes_ini": "notes.ini: how the file is written, and which of the product's variables it has",
    "console": "Console: answers to reading commands, and what server -c itself writes",
    "smtp": "SMTP listener: replies of one conversation without a message",
    "design": "Design of the Domino Directory: fields of the forms",
    "documents": "Documents: of each item its type, and codes that a form offers",
    "rest": "Domino REST API: status, errorId and shape of answers",
}


class RecordingError(ValueError):
    """What should be a recording, or parts of one, is none; the text is for the user."""


def assemble(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the recording of parts that were read; several may come from one call."""
    together: dict[str, Any] = {}
    releases = []
    for part in parts:
        unknown = sorted(set(part) - {*PARTS, "release", "not_recorded"})
        if unknown:
            raise RecordingError(
                f"parts: {', '.join(unknown)} is no part of a recording. Take them from recording_info."
            )
        for name in PARTS:
            if name in part and name in together:
                raise RecordingError(f"parts: {name} is there twice. A recording is of one server.")
            if part.get(name) is not None:
                together[name] = part[name]
        releases += [part["release"]] if part.get("release") else []
    reasons: dict[str, str] = {}
    for part in parts:
        reasons.update(part.get("not_recorded") or {})
    ordered = {name: together[name] for name in PARTS if name in together}
    if not ordered:
        raise RecordingError("parts: nothing was recorded. Name a data directory, an SMTP host or a REST API to read.")
    return {
        "format": FORMAT,
        "version": VERSION,
        "release": releases[0] if releases else "",
        "manifest": _manifest(ordered, reasons),
        "parts": Pseudonyms().rename(ordered),
    }


def _manifest(parts: Mapping[str, Any], reasons: Mapping[str, str]) -> list[dict[str, str]]:
    found = {
        f"{form}.{proposal['setting']}"
        for form, content in (parts.get(DESIGN) or {"forms": {}})["forms"].items()
        for proposal in content["proposals"]
        if proposal["item"]
    }
    entries = []
    for question in questions():
        if question.why_not:
            state, why = NO_RECORDING, question.why_not
        elif question.part not in parts:
            state, why = NOT_RECORDED, reasons.get(question.part, "was not asked for")
        elif question.part == DESIGN and "." in question.number and " " not in question.number:
            state, why = (RECORDED, "") if question.number in found else (NOT_ANSWERED, "the design does not tell it")
        else:
            state, why = RECORDED, ""
        entries.append(
            {"question": question.number, "text": question.text, "part": question.part, "state": state, "why": why}
        )
    return entries


def render(recording: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file: ASCII, sorted, the same for the same recording."""
    return (json.dumps(recording, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def file_name(content: bytes) -> str:
    """Return the name of the file, which is made of what it holds and of nothing else."""
    return f"domino-recording-{hashlib.sha256(content).hexdigest()[:12]}.json"


def parse(content: bytes, where: str) -> dict[str, Any]:
    """Return a recording that was read from a file; RecordingError where it is none."""
    try:
        data = json.loads(content)
    except ValueError as exc:
        raise RecordingError(f"{where} is no recording: it is not JSON ({exc}).") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise RecordingError(f'{where} is no recording: it does not say "format": "{FORMAT}".')
    if data.get("version") != VERSION:
        raise RecordingError(f"{where} is a recording of version {data.get('version')}; this release knows {VERSION}.")
    return data


def review(recording: Mapping[str, Any], name: str) -> str:
    """Return a page on which a person sees what a recording holds, and can decide to send it."""
    return "\n".join(_review(recording, name)) + "\n"


def _review(recording: Mapping[str, Any], name: str) -> Iterator[str]:
    parts, manifest = recording["parts"], recording["manifest"]
    yield from (f"# What {name} holds", "")
    yield "Read this page before you give the file to anybody. Nothing but what is listed here is in the file."
    yield "Server1, Org1, host1, domain1.example, 192.0.2.1 and the like are pseudonyms; `[...]` was taken out."
    yield "If you see anything that is yours, do not send the file, and tell the project how it got there."
    yield from ("", f"Domino release: {_code(recording['release']) or 'not seen'}", "", "## Look at these first", "")
    yield from _look_first(parts)
    for part in PARTS:
        if part in parts:
            yield from ("", f"## {_TITLES[part]}", "")
            yield from _SECTIONS[part](parts[part])
    yield from ("", "## Which questions it answers", "", "| question | about | state |", "| --- | --- | --- |")
    for entry in manifest:
        state = entry["state"] + (f": {_cell(entry['why'])}" if entry["why"] else "")
        yield f"| {entry['question']} | {_row(entry['text'])} | {state} |"


def _look_first(parts: Mapping[str, Any]) -> Iterator[str]:
    """Name what is in the file although it is no word of a public source: names of fields beside a product's label."""
    any_field = False
    for form, content in parts.get("design", {"forms": {}})["forms"].items():
        for field in content["fields"]:
            if field["look"]:
                any_field = True
                label = _code(field["label"])
                yield f"- form {_code(form)}, field {_code(field['item'])}, which stands with the label {label}"
    if any_field:
        yield ""
        yield "These names of fields are not publicly known, which is why they are recorded. HCL's own are fine; remove"
        yield "the entry where a name is one of your own additions to the form."
    else:
        yield "Nothing: everything consists of words of the product, numbers and pseudonyms."


def _notes_ini(part: Mapping[str, Any]) -> Iterator[str]:
    for fact, value in part["file"].items():
        yield f"- {_code(fact.replace('_', ' '))}: {_code(value)}"
    for variable, value in part["variables"].items():
        yield f"- variable {_code(variable)}" + ("" if value is None else f" = {_code(value)}")
    yield f"- variables whose names are not recorded: {_code(part['other_variables'])}"


def _console(part: Mapping[str, Any]) -> Iterator[str]:
    for command in part["commands"]:
        yield f"- {_code(command['command'])}: exit code {_code(command['exit_code'])}"
        for line in command["output"]:
            yield f"  - wrote {_code(line)}"
        for line in command["response"] or ():
            yield f"  - {_code(' '.join(filter(None, (line['prefix'], line['stamp'], line['text']))))}"


def _smtp(part: Mapping[str, Any]) -> Iterator[str]:
    for reply in part["replies"]:
        yield f"- {_code(reply['command'] or reply['step'])}: {_code(reply['code'])}"
        for line in reply["lines"]:
            yield f"  - {_code(line)}"
    if part["ended"]:
        yield f"- ended early: {_code(part['ended'])}"


def _design(part: Mapping[str, Any]) -> Iterator[str]:
    for form, content in part["forms"].items():
        yield f"- form {_code(form)}, and {_code(content['other_fields'])} fields that are not recorded:"
        for field in content["fields"]:
            choices = ", ".join(f"{choice['text']}|{choice['stored']}" for choice in field["choices"] or ())
            what = ", ".join(filter(None, (field["type"], field["kind"], choices)))
            yield f"  - {_code(field['item'])} ({_code(what)}): {_code(field['label'] or '')}"


def _documents(part: Mapping[str, Any]) -> Iterator[str]:
    for form, content in part.items():
        yield f"- documents of the form {_code(form)}: {'seen' if content['any'] else 'none seen'}"
        for item, seen in content["items"].items():
            values = ", ".join(_code(value) for value in seen["values"])
            yield f"  - {_code(item)}: {_code(', '.join(seen['types']))}" + (f"; {values}" if values else "")


def _rest(part: Mapping[str, Any]) -> Iterator[str]:
    for name, answer in part.items():
        number = _code(f"HTTP {answer['status']}, errorId {answer['error_id']}")
        yield f"- {_code(name.replace('_', ' '))}: {number} {_code(answer['message'])}".rstrip()
        yield f"  - {_code(json.dumps(answer['shape'], sort_keys=True))}"


_SECTIONS = {
    "notes_ini": _notes_ini,
    "console": _console,
    "smtp": _smtp,
    "design": _design,
    "documents": _documents,
    "rest": _rest,
}


def _code(text: Any) -> str:
    """Return what a server or a host said as a code span of one line."""
    return code_span(harmless(str(text))) if text not in ("", None) else ""


def _row(text: str) -> str:
    """Return a text of our own for a table."""
    return text.replace("|", "\\|")


def _cell(text: Any) -> str:
    """Return what a host said for a table."""
    return _row(_code(text))
