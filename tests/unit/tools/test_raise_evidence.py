# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""raise_evidence.py: what recordings raise, what they contradict, and that nothing is overwritten."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOL = runpy.run_path(str(ROOT / "tests" / "tools" / "raise_evidence.py"))
ROWS = {(row["form"], row["setting"]): row for row in TOOL["own_rows"]()}


def recording(*proposals: dict[str, Any], release: str = "14.0") -> dict[str, Any]:
    """Return what matters of a recording."""
    usual = {"confidence": "exact", "type": "keyword", "several_values": False, "values": {}}
    forms = {"ServerConfig": {"proposals": [{**usual, **proposal} for proposal in proposals]}}
    base = {"format": "opendomino-mail-recording", "version": 1, "release": release}
    return {**base, "parts": {"design": {"forms": forms}}}


def lookup(**more: Any) -> dict[str, Any]:
    return {"setting": "exhaustive_lookup", "item": "Abc", "values": {"enabled": "1", "disabled": "0"}, **more}


def test_a_row_rises_to_observed_with_its_item_values_and_source() -> None:
    row = ROWS["ServerConfig", "exhaustive_lookup"]
    (after,), remarks = TOOL["raised"]([row], {"a": recording(lookup()), "b": recording(lookup(), release="12.0.2")})
    assert remarks == []
    assert after == {
        **row,
        "item": "Abc",
        "values": {"enabled": "1", "disabled": "0"},
        "evidence": "observed",
        "source": f"{row['source']}; recording, Domino 12.0.2, 14.0",
    }
    assert row["item"] is None, "what was given is not changed"


@pytest.mark.parametrize(
    ("recordings", "remark"),
    [
        ([recording(lookup()), recording(lookup(item="Xyz"))], "recordings disagree about the item (Abc, Xyz)"),
        ([recording(lookup()), recording(lookup(values={"enabled": "2"}))], "the stored value of enabled is 1, 2"),
        ([recording(lookup(confidence="likely"))], ""),
        ([recording(lookup(item=None))], ""),
        ([recording()], ""),
        ([{**recording(), "parts": {}}], ""),
    ],
)
def test_what_is_not_certain_raises_nothing(recordings: list[dict[str, Any]], remark: str) -> None:
    row = ROWS["ServerConfig", "exhaustive_lookup"]
    (after,), remarks = TOOL["raised"]([row], {str(number): one for number, one in enumerate(recordings)})
    assert after == row
    assert len(remarks) == bool(remark)
    assert not remark or remark in remarks[0]


def test_a_documented_item_is_not_contradicted_and_a_missing_value_keeps_its_evidence() -> None:
    documented = ROWS["ServerConfig", "external_smtp"]
    said = {"setting": "external_smtp", "item": "Other", "values": {}}
    (after,), (remark,) = TOOL["raised"]([documented], {"a": recording(said)})
    assert after == documented
    assert "recorded as Other, the catalogue says MailExternalSMTP (documented)" in remark
    row = ROWS["ServerConfig", "exhaustive_lookup"]
    (after,), _remarks = TOOL["raised"]([row], {"a": recording(lookup(values={"enabled": "1"}))})
    assert (after["evidence"], after["values_evidence"]) == ("observed", "unknown")


def test_the_difference_is_printed_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "recording.json", tmp_path / "proposed.yml"
    path.write_text(json.dumps(recording(lookup())), encoding="utf-8")
    TOOL["main"]([str(path), "--output", str(output)])
    shown = capsys.readouterr().out
    assert "-evidence: unknown" in shown.replace("-  ", "-")
    assert "+item: Abc" in shown.replace("+  ", "+")
    assert "item: Abc" in output.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="Nothing is overwritten"):
        TOOL["main"]([str(path), "--output", str(output)])
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit, match="is no recording"):
        TOOL["main"]([str(path)])
