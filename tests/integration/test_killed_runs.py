# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any moment: one more run converges, no relay is open, and nothing is lost.

`KILLED_RUNS` is how many runs are killed, one after the other, each on a fresh lab; `KILLED_RUNS_SEED` repeats the
moments of an earlier session. The lab has a host that is an open relay by configuration as soon as it listens.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from playbook import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site

TOPOLOGY = ROOT / "tests" / "demo" / "topology.yml"
PLAYBOOK = ROOT / "tests" / "benchmark" / "bench" / "playbooks" / "roles.yml"
CLOSED, OPEN = "mail01.example.com", "mail02.example.com"
RUNS = int(os.environ.get("KILLED_RUNS", "5"))
SEED = os.environ.get("KILLED_RUNS_SEED", str(time.time_ns()))
#: Seconds within which the kill comes: a run on this lab takes some 8 seconds on two idle cores.
LATEST = float(os.environ.get("KILLED_RUNS_LATEST", "14"))
QUICK = {"verify_mail_retries": 2, "verify_mail_delay": 0.2, "domino_console_response_timeout": 0.5}


@pytest.fixture
def fleet(site_of: Callable[[Path, Path], Site], tmp_path: Path) -> Site:
    """Return a fresh lab in which one host relays for the probing host, and one does not."""
    topology = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    # The probing host has a name in the server's own domain, which may relay unless notes.ini says otherwise.
    topology["dns"]["records"].append(
        {"name": "1.0.0.127.in-addr.arpa", "type": "PTR", "values": ["admin.example.com."]}
    )
    (first, _second) = topology["notes_domains"][0]["servers"]
    first["notes_ini"] = {"SMTPAllHostsExternal": "1"}
    path = tmp_path / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    return site_of(tmp_path / "lab", path)


def listens(site: Site, host: str) -> bool:
    """Return whether a host's console lists the SMTP listener."""
    return any("SMTP Server" in line for line in site.lab.ask(host, {"command": "Show Tasks"})["lines"])


def other_lines(content: bytes) -> list[bytes]:
    """Return the lines of notes.ini but ServerTasks."""
    return [line for line in content.splitlines() if not line.startswith(b"ServerTasks=")]


def identities(site: Site) -> set[tuple[str, str]]:
    """Return form and UNID of each document of the administration server."""
    return {(document["items"]["Form"], document["unid"]) for document in site.lab.documents(CLOSED, None)}


def kill_a_run(site: Site, moment: float) -> bool:
    """Start a run, kill it and all of its processes after `moment` seconds; return whether it was still running."""
    environment = {
        **os.environ,
        **site.environment,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(PLAYBOOK), "-i", str(site.inventory)]
    for name, value in QUICK.items():
        command += ["-e", f"{name}={value}"]
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


@pytest.mark.parametrize("number", range(RUNS))
def test_one_more_run_converges_and_no_relay_is_open(fleet: Site, number: int) -> None:
    moment = random.Random(f"{SEED}/{number}").uniform(0.5, LATEST)
    before: dict[str, Any] = {host: fleet.notes_ini(host) for host in fleet.hosts}
    documents = identities(fleet)
    killed = kill_a_run(fleet, moment)
    where = f"seed {SEED}, run {number}, {'killed' if killed else 'ended before it was to be killed'} at {moment:.3f} s"
    healed = fleet.run(str(PLAYBOOK), **QUICK)
    failed = {failure.host for failure in healed.failures()}
    assert failed == {OPEN}, (where, healed.output)
    assert not listens(fleet, OPEN), where
    assert listens(fleet, CLOSED), where
    again = fleet.run(str(PLAYBOOK), "--limit", CLOSED, **QUICK)
    assert again.changed_tasks() == {CLOSED: 0}, (where, again.output)
    data_directory = Path(fleet.server(CLOSED)["data_directory"])
    assert not (data_directory / ".opendomino-mail-pending").exists(), where
    for host in fleet.hosts:
        assert other_lines(fleet.notes_ini(host)) == other_lines(before[host]), where
    assert b"ServerTasks=Replica,Router,Update,AMgr,AdminP,SMTP" in fleet.notes_ini(CLOSED), where
    found = identities(fleet)
    assert documents <= found, where
    assert [form for form, _unid in found].count("Domain") == 1, where
    assert [form for form, _unid in found].count("ServerConfig") == 1, where
