# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Job slices, as a controller makes them: at the same time, in any order, and the end is that of one run."""

from __future__ import annotations

import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from playbook import run_playbook

from ansible_collections.opendomino.mail.tests.integration.dns.test_roles import variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site
    from playbook import PlaybookRun

    from ansible_collections.opendomino.mail.tests.integration.dns._servers import Bind, Unbound

HOSTS, SLICES = 5, 4


def _topology(directory: Path) -> Path:
    names = [f"mail{number:02}" for number in range(1, HOSTS + 1)]
    domain = {
        "name": "ACME",
        "organization": "Acme",
        "internet_domain": "example.com",
        "administration_server": "Mail01/Acme",
        "servers": [{"name": f"{name.capitalize()}/Acme", "host_name": f"{name}.example.com"} for name in names],
        "people": [
            {"name": "Jane Doe/Acme", "short_name": "jdoe", "mail_server": "Mail01/Acme"},
            {"name": "John Smith/Acme", "short_name": "jsmith", "mail_server": "Mail02/Acme"},
        ],
    }
    foreign = {"domain": "example.org", "host_name": "mx.example.org", "people": ["pat"]}
    mx = [{"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]}]
    path = directory / "topology.yml"
    description = {"notes_domains": [domain], "foreign": [foreign], "dns": {"records": mx}}
    path.write_text(yaml.safe_dump(description), encoding="utf-8")
    return path


def _end(site: Site, bind: Bind, domain: str) -> dict[str, Any]:
    """Return what the administration server's directory, each notes.ini and DNS say, whatever lab they are of."""
    documents = sorted(json.dumps(note["items"], sort_keys=True) for note in site.lab.documents(site.hosts[0], None))
    port = rf"\b{site.handshake['smtp_port']}\b"
    where = re.escape(str(site.state))
    return {
        "documents": [re.sub(port, "port", text) for text in documents],
        "notes.ini": {
            host: re.sub(rf"{where}|{port}", "lab", site.notes_ini(host).decode("ascii")) for host in site.hosts
        },
        "MX": bind.records(domain, "MX"),
        "A": {host: bind.records(host, "A") for host in site.hosts},
    }


def _slices(site: Site, playbook: str, extra: dict[str, Any]) -> list[Callable[[], PlaybookRun]]:
    """Return a run for each slice: two with an inventory of their hosts only, two with the whole one and a limit."""
    whole = json.loads(site.inventory.read_text(encoding="utf-8"))
    runs: list[Callable[[], PlaybookRun]] = []
    for number in range(SLICES):
        hosts = site.hosts[number::SLICES]
        inventory, limit = site.inventory, ("--limit", ",".join(hosts))
        if number % 2:
            inventory, limit = site.inventory.with_name(f"slice{number}.json"), ()
            some = {host: whole["domino"]["hosts"][host] for host in hosts}
            inventory.write_text(json.dumps({"domino": {**whole["domino"], "hosts": some}}), encoding="utf-8")
        runs.append(
            lambda i=inventory, a=limit: run_playbook(playbook, i, *a, extra=extra, environment=site.environment)
        )  # type: ignore[misc]
    return runs


def test_slices_in_any_order_end_where_one_run_ends(
    site_of: Callable[[Path, Path], Site], tmp_path: Path, bind: Bind, unbound: Unbound
) -> None:
    playbook = tmp_path / "roles.yml"
    roles = [{"role": "opendomino.mail.send_mail"}, {"role": "opendomino.mail.receive_mail"}]
    play = {"name": "Mail", "hosts": "domino", "gather_facts": False, "roles": roles}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    topology = _topology(tmp_path)
    ends = []
    for name, order in (("whole", None), ("sliced", random.sample(range(SLICES), SLICES))):
        (tmp_path / name).mkdir()
        site = site_of(tmp_path / name / "lab", topology)
        extra = {**variables(site, bind, unbound), "receive_mail_domains": [f"{name}.roles.test"]}
        if order is None:
            done = [site.run(str(playbook), **extra)]
        else:
            slices = _slices(site, str(playbook), extra)
            with ThreadPoolExecutor(SLICES) as pool:
                done = [job.result() for job in [pool.submit(slices[number]) for number in order]]
        assert [run.returncode for run in done] == [0] * len(done), [order, *(run.output for run in done)]
        ends.append(_end(site, bind, f"{name}.roles.test"))
        again = site.run(str(playbook), **extra)
        assert again.changed_tasks() == dict.fromkeys(site.hosts, 0), (order, again.output)
        site.lab.down()
    assert ends[0] == ends[1]
    assert ends[1]["MX"] == [f"10 {host}." for host in site.hosts]
