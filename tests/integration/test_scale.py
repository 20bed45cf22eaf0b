# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs: the guide gives a reason for each module that a first run starts, and a second starts none."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from playbook import ROOT, run_playbook

if TYPE_CHECKING:
    import pytest
    from conftest import Site

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_scale.rst"
PLAYBOOK = str(ROOT / "tests" / "benchmark" / "bench" / "playbooks" / "roles.yml")


def test_only_what_the_guide_lists_starts_a_module(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    begin = text.index("Modules that are started")
    listed = [
        line.split("``")[1] for line in text[begin:].split("\n\n\n")[0].splitlines() if line.startswith("   * - ``")
    ]
    assert len(listed) == 3
    first = _started(site, tmp_path / "first.jsonl", monkeypatch)
    assert first == Counter(f"{task}, {host}" for task in listed for host in site.hosts)
    assert _started(site, tmp_path / "second.jsonl", monkeypatch) == Counter()


def _started(site: Site, record: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Run both roles; return which tasks started a module, on which host."""
    record.write_text("", encoding="utf-8")
    monkeypatch.setenv("MEASURED_FILE", str(record))
    run = run_playbook(PLAYBOOK, site.inventory, callbacks=("recorder", "measured"), environment=site.environment)
    assert run.returncode == 0, run.output
    entries = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    names = [(entry["task"].split(" : ")[-1], entry["host"]) for entry in entries if "module" in entry]
    return Counter(f"{task}, {host}" for task, host in names)
