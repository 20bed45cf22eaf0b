# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand hostile values: stored and read back as they are, or refused before anything is sent; never executed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._directory import engine, report, undoing
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.document import TEXT_LIMIT
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.rest import RestDirectory
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Transport

from ...._rest_server import PASSWORD, rest_server

if TYPE_CHECKING:
    from pathlib import Path

VALUES = 10_000
#: One value identifies a document, so that it is a variable of queries too, the others are items of it.
PER_DOCUMENT = 10
#: documents that are removed again
REMOVED = 100
SLOTS = [f"Hostile{number}" for number in range(PER_DOCUMENT - 1)]

#: pieces from which values are made: quotes, braces, line ends, ends of encodings, and fragments of languages
FRAGMENTS = [
    *(
        "'",
        '"',
        "`",
        "''",
        '\\"',
        "\\",
        "{{",
        "}}",
        "{%",
        "%}",
        "{{ 7 * 7 }}",
        "{# #}",
        "${HOME}",
        "$(id)",
        "%s",
        "%0a",
    ),
    *("\n", "\r", "\r\n", "\t", "\x0b", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffe", "\uffff", "\u202e"),
    *("\0", "\ud800", "\udfff", "🙂", "👩‍👩‍👧", "𝕏", "é", "e\u0301", "ß", "ı", "İ", "漢字", "\u00a0", "\u200b"),
    *("' or Form = 'Server", "?form", "?v1", ") or ( Form = 'Person'", " and not ", "in ('a', 'b')", "@fl('x')"),
    *("@Command([FileExit])", "@DeleteDocument", 'FIELD Form := "Server"', "@True", "REM {x};", "; @Return(1)"),
    *("&lt;", "&#0;", "&amp;amp;", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;", "]]>", "<![CDATA["),
    *("null", "true", "NaN", "1e999", "0x10", "007", "-0", "25.0", "[]", "{}", '{"$REF": "x"}', "\\u0000", "\\ud800"),
    *("../../etc/passwd", "/", "?", "#", "&dataSource=x", "http://x/", "CN=a/O=b", "a/b", "*", "*/O=Acme", "@", ","),
    *(" ", "", "a", "x" * 1000, "!!python/object:os.system", "!vault |", "=cmd|' /C calc'!A0", "-- ", ";", "|", "&&"),
]


def hostile(number: int) -> str:
    """Return a value; the same for the same number."""
    chosen = random.Random(number)
    if number % 500 == 0:
        size = chosen.choice([TEXT_LIMIT, TEXT_LIMIT + 1, 64 * 1024])
        return (chosen.choice(["x", "'", "\n", "{"]) * size)[:size]
    # one of three may hold what is always refused
    allowed = FRAGMENTS if number % 3 == 0 else [piece for piece in FRAGMENTS if not _refused(piece)]
    return f"{number}" * (number % 2) + "".join(chosen.choices(allowed, k=chosen.randint(1, 4)))


def _refused(value: str) -> bool:
    holds_nothing_encodable = "\0" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value)
    return holds_nothing_encodable or len(value.encode("utf-8", "surrogatepass")) > TEXT_LIMIT


def test_ten_thousand_hostile_values(tmp_path: Path) -> None:
    values = [hostile(number) for number in range(VALUES)]
    refused, accepted = [v for v in values if _refused(v)], [v for v in values if not _refused(v)]
    for value in refused:
        with pytest.raises(DefinitionError) as caught:
            define_all([{"form": "Person", "match": {"LastName": "x"}, "items": {"Hostile0": value}}])
        assert str(caught.value).endswith("Nothing was changed.")
        assert len(str(caught.value)) < 500
    assert len(refused) > 250

    changes = {"Person": {"add": {name: {"type": "text"} for name in SLOTS}}}
    wanted = []
    for number in range(0, len(accepted), PER_DOCUMENT):
        identity, *rest = sorted(accepted[number : number + PER_DOCUMENT], key=len)
        items = dict(zip(SLOTS, rest, strict=False))
        wanted.append({"form": "Person", "match": {"LastName": f"{number} {identity} {number}"}, "items": items})
    definitions = define_all(wanted)
    with rest_server(tmp_path, changes=changes, kept=False) as server:
        transport = Transport(server.url, timeout=60)
        directory = RestDirectory(transport, "Lab Admin", PASSWORD, setup=True)

        def run(write: bool = True) -> list[Any]:
            return list(engine.run(directory, definitions, write=write, design_check="strict"))

        created = run()
        stored = {note.unid: note for note in server.notes()}
        again = run(write=False)
        undo = undoing.parse(report.results(created)["undo"])[:REMOVED]
        gone = engine.undo(directory, undo, write=True, design_check="strict")
        left = server.notes()
        transport.close()
    assert [outcome.plan.action for outcome in created] == ["created"] * len(wanted)
    assert len(stored) == len(wanted)
    for outcome, raw in zip(created, wanted, strict=True):
        note = stored[str(outcome.unid)]
        want = {**raw["match"], **{name: value for name, value in raw["items"].items() if value}}
        assert dict(note.items) == {"Form": "Person", "Type": "Person", **want}
    assert not any(outcome.plan.changed for outcome in again), "what was read back is what was wanted"
    assert {outcome.unid for outcome in gone} == set(stored) - {note.unid for note in left}, "and nothing else"
    assert len(left) == len(wanted) - REMOVED
