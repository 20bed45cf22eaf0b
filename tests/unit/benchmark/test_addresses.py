# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of Internet addresses works, with a handful of people."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "benchmark" / "addresses" / "benchmark.py"


def test_a_tiny_run() -> None:
    spec = importlib.util.spec_from_file_location("addresses_benchmark", FILE)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    found = benchmark.measure(600, rounds=1)
    assert found["fill"]["counts"] == {
        **dict.fromkeys(("kept", "unassignable", "conflicts", "not_written"), 0),
        "people": 600,
        "meant": 600,
        "changes": 600,
        "documents_group": 6,
        "documents_database": 1,
    }
    assert all(found[name] > 0 for name in ("raw read", "raw write", "megabytes"))
    lines = benchmark.verdicts([found])
    assert [what for what, figure, _most in lines if figure <= 0] == []
    assert len(lines) == 5
