# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One playbook on two hosts: on the first a program can be sent to Python, on the second a module has to be started."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playbook import run_playbook

FIRST, SECOND = "alpha1", "omega1"
_DIFFERENT = ("invocation", "exception", "warnings", "deprecations")


@dataclass(frozen=True)
class Done:
    """What the playbook kept of its tasks on the first host, and which tasks started the module, by host."""

    results: Mapping[str, Mapping[str, Any]]
    started: Mapping[str, frozenset[str]]


def both_ways(
    playbook: Path,
    module: str,
    scratch: Path,
    variables: Callable[[str], Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    without: Callable[[Any], Any] = lambda result: result,
) -> Done:
    """Run a playbook, whose results have to be the same on both hosts, apart from what `without` leaves out.

    It leaves them in `{{ scratch }}/{{ inventory_hostname }}.json`.
    """
    record = scratch / "measured.jsonl"
    monkeypatch.setenv("MEASURED_FILE", str(record))
    hosts: dict[str, dict[str, Any]] = {}
    for host, condition in ((FIRST, ""), (SECOND, '[ "$1" = -c ] && exit 1; ')):
        python = scratch / f"{host}-python"
        python.write_text(f'#!/bin/sh\n{condition}exec {sys.executable} "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        hosts[host] = {**variables(host), "ansible_python_interpreter": str(python)}
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "scratch": str(scratch)}}}
    path = scratch / "inventory.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    run = run_playbook(str(playbook), path, callbacks=("recorder", "measured"))
    assert run.returncode == 0, run.output
    results = {host: json.loads((scratch / f"{host}.json").read_text(encoding="utf-8")) for host in hosts}
    for what, done in results[FIRST].items():
        other = json.loads(json.dumps(results[SECOND][what]).replace(SECOND, FIRST))
        ours, theirs = ({k: v for k, v in one.items() if k not in _DIFFERENT} for one in (done, other))
        assert without(ours) == without(theirs), what
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    started = {
        host: frozenset(e["task"] for e in lines if e.get("host") == host and module in e["module"]) for host in hosts
    }
    assert len(started[SECOND]) == len(results[SECOND])
    return Done(results[FIRST], started)
