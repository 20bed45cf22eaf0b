# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of lab servers of any size, and playbooks run on it as a user does."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dominolab.inventory import controller_environment, inventory
from dominolab.lab import Lab
from dominolab.topology import load

from .measuring import Sample, run

ROOT = Path(__file__).resolve().parents[3]
#: So many hosts take mail for an Internet domain of their own, as the sites of a company do.
HOSTS_PER_SITE = 5
PERSON = {"user_name": "Jane Doe/Acme", "internet_address": "jane.doe@example.com"}


@dataclass(frozen=True)
class Fleet:
    """Running lab servers with their inventory."""

    lab: Lab
    inventory: Path
    directory: Path
    handshake: Mapping[str, Any]
    forks: int

    def play(
        self,
        playbook: Path | str,
        *arguments: str,
        programs: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Sample:
        """Run a playbook, which has to succeed; `programs` is where another Ansible is than that of this Python."""
        log = self.directory / "run.log"
        where = programs or Path(sys.executable).parent
        status, sample = run(
            [str(where / "ansible-playbook"), str(playbook), "-i", str(self.inventory), *arguments],
            {
                **_environment(),
                **controller_environment(self.handshake),
                "ANSIBLE_FORKS": str(self.forks),
                "PATH": f"{where}:{os.environ['PATH']}",
                **(environment or {}),
            },
            log,
        )
        assert status == 0, log.read_text(encoding="utf-8")[-4000:]
        return sample

    def measured(self, playbook: Path | str) -> list[dict[str, Any]]:
        """Run a playbook; return what its tasks cost, and which of them started a module."""
        record = self.directory / "measured.jsonl"
        record.write_text("", encoding="utf-8")
        self.play(
            playbook,
            environment={
                "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "support" / "callback_plugins"),
                "ANSIBLE_CALLBACKS_ENABLED": "measured",
                "MEASURED_FILE": str(record),
            },
        )
        return [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]

    def contents(self) -> dict[str, Any]:
        """Return all that roles may change: documents without their revisions, and notes.ini."""
        return {
            host: {
                "documents": {note["unid"]: note["items"] for note in self.lab.documents(host, None)},
                "notes.ini": (Path(server["data_directory"]) / "notes.ini").read_text(encoding="latin-1"),
            }
            for host, server in self.handshake["servers"].items()
        }


def topology(hosts: int) -> dict[str, Any]:
    """Return the description of a Notes domain with so many servers."""
    names = [f"mail{number:03}" for number in range(1, hosts + 1)]
    records = [
        {"name": "example.com", "type": "MX", "values": ["10 mail001.example.com."]},
        {"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]},
    ]
    for number, name in enumerate(names):
        records.append({"name": site(number), "type": "MX", "values": [f"10 {name}.example.com."]})
    domains = {"example.com": None, **{site(number): None for number in range(hosts)}}
    for domain in domains:
        records.append({"name": domain, "type": "TXT", "values": ['"v=spf1 mx -all"']})
        policy = '"v=DMARC1; p=reject; rua=mailto:postmaster@example.com"'
        records.append({"name": f"_dmarc.{domain}", "type": "TXT", "values": [policy]})
    return {
        "notes_domains": [
            {
                "name": "ACME",
                "organization": "Acme",
                "internet_domain": "example.com",
                "administration_server": "Mail001/Acme",
                "servers": [
                    {"name": f"{name.capitalize()}/Acme", "host_name": f"{name}.example.com"} for name in names
                ],
                "people": [{"name": PERSON["user_name"], "short_name": "jdoe", "mail_server": "Mail001/Acme"}],
            }
        ],
        "foreign": [{"domain": "example.org", "host_name": "mx.example.org", "people": ["pat"]}],
        "dns": {"records": records},
    }


def site(number: int) -> str:
    """Return the Internet domain of a host."""
    return f"site{number // HOSTS_PER_SITE + 1:02}.example.com"


@contextmanager
def fleet(hosts: int, forks: int) -> Iterator[Fleet]:
    """Run a fresh fleet, on which nothing is set up."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as made:
        directory = Path(made)
        description = directory / "topology.yml"
        description.write_text(yaml.safe_dump(topology(hosts)), encoding="utf-8")
        lab = Lab(directory / "lab")
        handshake = lab.up(load(description))
        try:
            known = inventory(handshake, "example.com", [PERSON])
            known["domino"]["vars"]["domino_internet_domain_aliases"] = sorted({site(n) for n in range(hosts)})
            # The records stand there from the beginning; no playbook that is measured sets them up.
            known["domino"]["vars"]["verify_mail_check_dns"] = False
            for number, variables in enumerate(known["domino"]["hosts"].values()):
                variables["receive_mail_domains"] = [site(number)]
            path = directory / "inventory.json"
            path.write_text(json.dumps(known), encoding="utf-8")
            yield Fleet(lab, path, directory, handshake, forks)
        finally:
            lab.down()


def _environment() -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
    }
