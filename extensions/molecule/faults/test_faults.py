# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over a fleet in which everything goes wrong at once, each thing on a host or in a Notes domain of its own.

Asked of each fault: does the run name it, do the other hosts converge, and is nothing half written? Afterwards the causes
are gone, and Molecule goes on with the next run, which has to converge.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playbook import PlaybookRun, run_playbook

if TYPE_CHECKING:
    from collections.abc import Iterator

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
ENGINE = os.environ["CONTAINER_ENGINE"]
SSH = "-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
FULL = "/local/full"
#: Runs in a container: as soon as a module tells the server something, something is killed.
WHEN_TOLD = """
for try in $(seq 6000); do
  for line in /proc/[0-9]*/cmdline; do
    if tr '\\0' ' ' <"$line" 2>/dev/null | grep -qE 'front[.]py .*-c [A-Z]'; then {then}; exit; fi
  done
  sleep 0.02
done
"""
#: A primary without the file of a zone answers SERVFAIL for it.
ZONE_FILE = """
pkill -x named; while pgrep -x named; do sleep 0.1; done
sed -i 's/"{}.example.zone"/"{}.example.zone"/' /etc/bind/named.conf && named -u bind -c /etc/bind/named.conf
"""
CUT = "pkill -KILL -f 'sshd: ansible'"
KILL = "pkill -KILL -f 'bin/server -m dominolab.server'"


class Host:
    """One container."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._id = (EPHEMERAL / "containers" / name).read_text(encoding="ascii").strip()

    def engine(self, *arguments: str) -> None:
        """Have the container engine do something with this container."""
        subprocess.run([ENGINE, arguments[0], *arguments[1:], self._id], check=True, capture_output=True)

    def run(self, *command: str, user: str = "notes", detach: bool = False) -> str:
        """Run a command on this host, in the data directory."""
        options = [f"--user={user}", f"--workdir={'/local/notesdata' if user == 'notes' else '/'}", *(["--detach"] if detach else [])]
        done = subprocess.run(
            [ENGINE, "exec", *options, self._id, *command], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, (self.name, command, done.stdout, done.stderr)
        return done.stdout

    def server(self, command: str) -> None:
        """Send a console command."""
        self.run("/opt/hcl/domino/bin/server", "-c", command)

    def start(self) -> None:
        """Start the Domino server."""
        self.run("sh", "-c", "exec /opt/hcl/domino/bin/server >>/local/server.log 2>&1", detach=True)
        self.until("Server started on physical node")

    def until(self, text: str) -> None:
        """Wait until a new line of the console log has a text."""
        log = "IBM_TECHNICAL_SUPPORT/console.log"
        self.run("sh", "-c", f"for try in $(seq 600); do tail -n 20 {log} | grep -q '{text}' && exit; sleep 0.1; done; exit 1")

    def lab(self, *arguments: str) -> str:
        """Ask the lab server of this host."""
        command = ["env", "PYTHONPATH=/opt/dominolab", "python3", "-m", "dominolab"]
        return self.run(*command, arguments[0], "--state=/lab", f"--server={self.name}", *arguments[1:])

    def notes_ini(self) -> bytes:
        """Return notes.ini."""
        return self.run("cat", "notes.ini").encode()

    def documents(self) -> list[dict[str, Any]]:
        """Return what is in the directory replica."""
        documents: list[dict[str, Any]] = json.loads(self.lab("documents", "--json"))
        return documents


@dataclass(frozen=True)
class Faulty:
    """The run with all faults."""

    run: PlaybookRun
    before: dict[str, bytes]
    after: dict[str, bytes]

    def messages(self, host: str) -> str:
        """Return why a host's run ended."""
        return "\n".join(failure.msg for failure in self.run.failures() if failure.host == host)


FAULTLESS = ("mail01", "slow01", "token01")
ANSWERS = ("mail03", "mail04", "mail05")  # of the hosts with faults of their own, those one can look into meanwhile


@pytest.fixture(scope="module")
def faulty() -> Iterator[Faulty]:
    hosts = {path.name: Host(path.name) for path in (EPHEMERAL / "containers").iterdir() if "." not in path.name}
    looked_at = [*FAULTLESS, *ANSWERS, "down01", "clash01", "blind01"]
    before = {name: hosts[name].notes_ini() for name in looked_at}

    hosts["mail02"].engine("kill", "--signal=STOP")  # its SSH server says nothing any more
    hosts["mail03"].run("sh", "-c", WHEN_TOLD.replace("{then}", CUT), user="root", detach=True)
    hosts["mail04"].server("Quit")
    hosts["mail04"].run("sh", "-c", "while [ -e .dominolab-console ]; do sleep 0.1; done")
    hosts["mail04"].run("sh", "-c", f"cat /dev/zero >{FULL} 2>/dev/null || true", user="root")
    hosts["mail05"].run("sh", "-c", WHEN_TOLD.replace("{then}", KILL), user="root", detach=True)
    hosts["down01"].server("Tell restapi Quit")
    hosts["slow01"].lab("fault", "slow", "--seconds=1.5")
    hosts["token01"].lab("fault", "expire_token", "--times=2")
    hosts["clash01"].lab("fault", "conflict")
    hosts["ns"].run("sh", "-c", ZONE_FILE.format("blind", "none"), user="root")
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {"HOST_KEY_CHECKING": "false", "PIPELINING": "true", "FORKS": "25", "TIMEOUT": "15"}.items():
                patch.setenv(f"ANSIBLE_{name}", value)
            patch.setenv("ANSIBLE_SSH_ARGS", SSH)
            patch.setenv("ANSIBLE_SSH_RETRIES", "0")  # a connection that breaks is a failure, not one more try
            run = run_playbook("opendomino.mail.site", EPHEMERAL / "inventory" / "fleet.yml")
    finally:
        hosts["mail02"].engine("kill", "--signal=CONT")
        hosts["mail04"].run("rm", "-f", FULL, user="root")
        hosts["ns"].run("sh", "-c", ZONE_FILE.format("none", "blind"), user="root")
    after = {name: hosts[name].notes_ini() for name in looked_at}
    yield Faulty(run, before, after)
    hosts["mail04"].start()
    if not hosts["mail05"].run("sh", "-c", "pgrep -f 'bin/server -m dominolab.server' || true"):
        hosts["mail05"].start()
    hosts["down01"].server("Load restapi")
    for host, fault in (("slow01", "slow"), ("token01", "expire_token"), ("clash01", "conflict")):
        hosts[host].lab("fault", fault, "--times=0")


def test_show(faulty: Faulty) -> None:
    for r in faulty.run.results:
        if r.status != "ok":
            print("RESULT", r)
    print(faulty.run.output[-3000:])
    for n in faulty.before: print(n, faulty.before[n] == faulty.after[n], faulty.after[n][-200:])
    raise AssertionError
