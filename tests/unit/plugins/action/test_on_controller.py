# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that an action plugin does on the controller gives what the started module gives."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from playbook import ROOT, run_playbook

from ..._rest_server import PASSWORD, rest_server

DOCUMENTS = [{"Form": "Server", "ServerName": "CN=Mail01/O=Acme", "Domain": "ACME", "SMTPListenerEnabled": "0"}]
DIFFERENT = ("invocation", "exception", "_ansible_no_log", "ansible_facts", "checksum", "md5sum", "path")


def _same(value: Any, host: str) -> Any:
    """Leave out what must differ: identities, ports, and what an action plugin has no use for."""
    text = re.sub(r"[0-9A-F]{32}|\b[0-9A-F]{24}\b|127\.0\.0\.1:\d+", "*", json.dumps(value)).replace(host, "host")
    return {name: entry for name, entry in json.loads(text).items() if name not in DIFFERENT}


def test_results_are_those_of_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "another-python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    record = tmp_path / "measured.jsonl"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("MEASURED_FILE", str(record))
    with (
        rest_server(tmp_path / "one", documents=DOCUMENTS) as here,
        rest_server(tmp_path / "two", documents=DOCUMENTS) as there,
    ):
        hosts = {
            "alpha1": {"url": here.url, "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "omega1": {"url": there.url, "ansible_python_interpreter": str(python)},
        }
        inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "scratch": str(tmp_path)}}}
        inventory["all"]["vars"]["password"] = PASSWORD
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps(inventory), encoding="utf-8")
        run = run_playbook(str(Path(__file__).with_suffix(".yml")), path, "-vvv", callbacks=("recorder", "measured"))
    assert run.returncode == 0, run.output
    results = {host: json.loads((tmp_path / f"{host}.json").read_text(encoding="utf-8")) for host in hosts}
    for what, done in results["alpha1"].items():
        assert _same(done, "alpha1") == _same(results["omega1"][what], "omega1"), what
    done = results["alpha1"]
    assert [done[what]["changed"] for what in ("foreseen", "made", "nothing", "undone")] == [True, True, False, True]
    assert done["refused"]["failed"]
    assert "papers" in done["unknown"]["msg"]
    assert PASSWORD not in json.dumps(results)
    assert PASSWORD not in run.output
    started = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    names = [(entry["host"], entry["task"]) for entry in started if "directory_" in entry.get("module", "")]
    # What only the module can do, or shall say itself, starts it here, too.
    assert [task for host, task in names if host == "alpha1"] == [
        "An option that does not exist is refused",
        "A file is written",
        "An environment of the task's own counts",
    ]
    assert len([task for host, task in names if host == "omega1"]) == len(done)
    assert str(ROOT) not in json.dumps(done["refused"]["msg"])
