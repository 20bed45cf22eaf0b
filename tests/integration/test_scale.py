# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs that changes nothing: the modules that it starts are those that the guide gives reasons for."""

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
PLAYBOOKS = ("opendomino.mail.send_mail", "opendomino.mail.receive_mail")


def test_only_what_the_guide_lists_starts_a_module(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "measured.jsonl"
    monkeypatch.setenv("MEASURED_FILE", str(record))
    for playbook in PLAYBOOKS:
        assert site.run(playbook).returncode == 0
    for playbook in PLAYBOOKS:
        again = run_playbook(playbook, site.inventory, callbacks=("recorder", "measured"))
        assert again.returncode == 0, again.output
        assert again.changed_tasks() == dict.fromkeys(site.hosts, 0)
    entries = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    started = Counter(f"{entry['task']}, {entry['host']}" for entry in entries if "module" in entry)
    text = GUIDE.read_text(encoding="utf-8")
    begin = text.index("Modules that are started")
    listed = [
        line.split("``")[1] for line in text[begin:].split("\n\n\n")[0].splitlines() if line.startswith("   * - ``")
    ]
    wanted = Counter(f"{task}, {host}" for task in listed for host in site.hosts)
    assert {name.split(" : ")[-1]: count for name, count in started.items()} == wanted
