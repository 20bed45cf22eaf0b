# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""notes.ini: cases, and what holds for every file."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import (
    MAX_VALUE_BYTES,
    NotesIni,
    NotesIniError,
    Setting,
    plan,
    setting_of,
)

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    def run() -> Any:
        settings = [setting_of(name, value) for name, value in case["settings"].items()]
        return plan(NotesIni.parse(case["ini"].encode("latin-1"), "/local/notesdata/notes.ini"), settings)

    if "error" in case:
        with pytest.raises(NotesIniError) as raised:
            run()
        assert case["error"] in str(raised.value)
        assert "Nothing was changed." in str(raised.value)
        return
    planned = run()
    assert planned.after.render().decode("latin-1") == case["after"]
    assert planned.changed == (case["after"] != case["ini"])
    expected = case.get("warnings", [])
    assert [text for text, part in zip(planned.warnings, expected, strict=True) if part not in text] == []


def test_a_long_value_warns_when_it_is_written() -> None:
    ini = NotesIni.parse(b"[Notes]\n")
    longest = plan(ini, [setting_of("A", "x" * MAX_VALUE_BYTES)])
    assert longest.warnings == ()
    too_long = plan(ini, [setting_of("A", "x" * (MAX_VALUE_BYTES + 1))])
    assert "The value of A has 256 bytes" in too_long.warnings[0]
    assert plan(too_long.after, [setting_of("A", "x" * (MAX_VALUE_BYTES + 1))]).warnings == ()


def test_the_diff_shows_the_lines_that_change_and_no_others() -> None:
    ini = NotesIni.parse(b"[Notes]\nSecret=1\na=\xff\nB=2\nb=3\n")
    diff = plan(ini, [setting_of("A", "1"), setting_of("B", None), setting_of("C", "4")]).diff("notes.ini")
    assert diff == {
        "before": "a=\\xff\nB=2\nb=3\n",
        "after": "a=1\nC=4\n",
        "before_header": "notes.ini",
        "after_header": "notes.ini",
    }


# Few names, so that they meet; any bytes around them.
names = st.sampled_from(["A", "a", "B", "b", "$C", "$$d", "ServerTasks", "SERVERTASKS"])
values = st.text(string.ascii_letters + string.digits + " =,$[]:;\"'%\\", max_size=8).map(
    lambda text: text.encode("ascii")
)
any_line = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
variable = st.builds(
    lambda name, blank, value: name.encode() + blank + b"=" + value, names, st.sampled_from([b"", b" "]), any_line
)
line_ends = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    lines = [b"[Notes]", *draw(st.lists(st.one_of(any_line, variable), max_size=8))]
    ends = [draw(line_ends) for _line in lines]
    if draw(st.booleans()):
        ends[-1] = b""
    return b"".join(line + end for line, end in zip(lines, ends, strict=True))


wishes = st.dictionaries(names.map(str.lower), st.one_of(st.none(), values), max_size=4).map(
    lambda wanted: [Setting(name, value) for name, value in wanted.items()]
)


def test_a_line_of_a_million_blanks_is_read_at_once() -> None:
    """30,000 took 18 seconds; a million would take hours."""
    ini = NotesIni.parse(b"[Notes]\n" + b" " * 1_000_000 + b"\nA=1\n")
    assert plan(ini, [setting_of("A", "2")]).after.get("A") == b"2"


@given(files())
def test_parse_and_render_are_the_identity(content: bytes) -> None:
    assert NotesIni.parse(content).render() == content


def _assume_no_doubt(content: bytes, settings: list[Setting]) -> None:
    ini = NotesIni.parse(content)
    assume(not any(ini.doubt(setting.name) for setting in settings))


@given(files(), wishes)
def test_a_plan_makes_the_wishes_true_and_is_empty_the_second_time(content: bytes, settings: list[Setting]) -> None:
    _assume_no_doubt(content, settings)
    first = plan(NotesIni.parse(content), settings)
    written = NotesIni.parse(first.after.render())
    assert written == first.after
    assert all(written.get(setting.name) == setting.value for setting in settings)
    assert not plan(written, settings).changed
    assert first.changed == (first.after != first.before)


@given(files(), wishes)
def test_bytes_outside_the_change_are_identical(content: bytes, settings: list[Setting]) -> None:
    _assume_no_doubt(content, settings)
    before = NotesIni.parse(content)
    planned = plan(before, settings)
    after = list(planned.after.lines)
    # Take the plan back, line by line, with nothing but the bytes: what remains must be the file as it was.
    rest: list[bytes] = []
    for line in before.lines:
        name = line.partition(b"=")[0].rstrip(b" \t").lower().decode("latin-1")
        change = next((c for c in planned.changes if c.name.lower() == name and b"=" in line), None)
        if change and change.after is None:
            continue
        if change and not any(r.partition(b"=")[0].rstrip(b" \t").lower().decode("latin-1") == name for r in rest):
            line = line.replace(b"=" + (change.before or b""), b"=" + (change.after or b""), 1)
        rest.append(line)
    appended = [c for c in planned.changes if c.before is None]
    assert len(after) == len(rest) + len(appended)
    if appended and not rest[-1].endswith(b"\n"):
        assert after[len(rest) - 1] in (rest[-1] + b"\n", rest[-1] + b"\r\n")
        assert not after[-1].endswith(b"\n")
        rest[-1] = after[len(rest) - 1]
    assert after[: len(rest)] == rest
    assert [line.rstrip(b"\r\n") for line in after[len(rest) :]] == [
        c.name.encode() + b"=" + (c.after or b"") for c in appended
    ]
