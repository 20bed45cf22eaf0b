# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is only looked at gives what the started module gives; where something is to be done, it is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from playbook import run_playbook

INI = "[Notes]\r\nServerTasks=Replica,Router,Update\r\nDirectory=/local/notesdata\r\n"
DIFFERENT = ("invocation", "exception", "warnings", "deprecations")
LOOKED_AT = ("Nothing is to be done", "The file is named, and the server is taken to be running")
LOOKED_AT += ("A list that is not there is not wanted", "Nothing is left to do")


def test_results_are_those_of_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "measured.jsonl"
    monkeypatch.setenv("MEASURED_FILE", str(record))
    hosts: dict[str, dict[str, Any]] = {}
    # What reads no program from standard input is a host that cannot be looked at.
    for host, condition in (("alpha1", ""), ("omega1", '[ "$3" = - ] && exit 1; ')):
        data, python = tmp_path / host, tmp_path / f"{host}-python"
        data.mkdir()
        (data / "notes.ini").write_bytes(INI.encode("ascii"))
        (data / "link.ini").symlink_to("notes.ini")
        python.write_text(f'#!/bin/sh\n{condition}exec {sys.executable} "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        hosts[host] = {"data": str(data), "ansible_python_interpreter": str(python)}
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "scratch": str(tmp_path)}}}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    run = run_playbook(str(Path(__file__).with_suffix(".yml")), path, callbacks=("recorder", "measured"))
    assert run.returncode == 0, run.output
    results = {host: json.loads((tmp_path / f"{host}.json").read_text(encoding="utf-8")) for host in hosts}
    for what, done in results["alpha1"].items():
        other = json.loads(json.dumps(results["omega1"][what]).replace("omega1", "alpha1"))
        ours, theirs = ({k: v for k, v in one.items() if k not in DIFFERENT} for one in (done, other))
        assert ours == theirs, what
    done = results["alpha1"]
    assert [done[what]["changed"] for what in ("nothing", "foreseen", "made", "again")] == [False, True, True, False]
    assert done["named"]["running"] is True
    assert done["nothing"]["running"] is False
    assert (tmp_path / "alpha1" / "notes.ini").read_bytes() == INI.replace("Update", "Update,SMTP").encode("ascii")
    started = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    tasks = {
        host: {e["task"] for e in started if e.get("host") == host and "server_tasks" in e["module"]} for host in hosts
    }
    assert len(tasks["omega1"]) == len(done)
    assert tasks["omega1"] - tasks["alpha1"] == set(LOOKED_AT)
