# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements: each is a function that returns figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import directory, payload
from .fleet import ROOT, Fleet, fleet
from .measuring import AT_LEAST, Figure, Sample, exponent, in_turn

PLAYBOOKS = Path(__file__).parent / "playbooks"
PING, ROLES = PLAYBOOKS / "ping.yml", PLAYBOOKS / "roles.yml"
STOCK = ROOT / "tests" / "benchmark" / "stock" / "site.yml"


@dataclass(frozen=True)
class Extent:
    """How much is measured: in some minutes, or all of it."""

    rounds: int
    hosts: int
    stock_hosts: int
    sizes: tuple[int, ...]
    documents: int
    people: tuple[int, ...]
    forks: int
    #: the programs of the environment that the peers are installed in
    peers: Path


def _both(
    name: str, subject: str, peer: str, ours: Sequence[Sample], theirs: Sequence[Sample], **more: Any
) -> Iterator[Figure]:
    """Yield a figure for the time that passes, and one for the processor time, which other programs disturb less."""
    for unit, value in (("s", "seconds"), ("s of the processor", "processor")):
        yield Figure(
            name,
            subject,
            peer,
            unit,
            tuple(getattr(sample, value) for sample in ours),
            tuple(getattr(sample, value) for sample in theirs),
            **more,
        )


def runs(extent: Extent) -> Iterator[Figure]:
    """Yield a run that changes nothing, and the first one, against a bare ping; and which modules the former starts."""
    pings, firsts, again, nothings = [], [], [], []
    tasks: list[dict[str, Any]] = []
    for _round in range(extent.rounds):
        with fleet(extent.hosts, extent.forks) as hosts:
            pings.append(hosts.play(PING))
            firsts.append(hosts.play(ROLES))
            again.append(hosts.play(PING))
            nothings.append(hosts.play(ROLES))
            tasks = tasks or hosts.measured(ROLES)
    what = f"send_mail and receive_mail on {extent.hosts} hosts"
    started = [
        f"{entry['role'].rpartition('.')[2]}: {entry['task'].rpartition(' : ')[2]}"
        for entry in tasks
        if "module" in entry
    ]
    cost = [{**entry, "per_host": entry["processor"] / extent.hosts} for entry in tasks if "action" in entry]
    yield from _both(
        "nothing to change",
        f"{what}, nothing to change",
        "ansible.builtin.ping on the same hosts",
        nothings,
        again,
        limit=4.0,
        more={"modules": {one: started.count(one) for one in dict.fromkeys(started)}, "tasks": cost},
    )
    yield from _both(
        "first run", f"{what}, first run", "ansible.builtin.ping on the same hosts", firsts, pings, limit=7.0
    )


def stock(extent: Extent) -> Iterator[Figure]:
    """Yield what the usual way takes, as a multiple of ours. Both have to reach the same end, which both verify."""
    results: dict[str, list[Sample]] = {name: [] for name in ("ours", "ours again", "stock", "stock again")}
    for _round in range(extent.rounds):
        ends = []
        for name, playbook, programs in (("ours", ROLES, None), ("stock", STOCK, extent.peers)):
            with fleet(extent.stock_hosts, extent.forks) as hosts:
                results[name].append(hosts.play(playbook, programs=programs))
                results[f"{name} again"].append(hosts.play(playbook, programs=programs))
                ends.append(_told(hosts))
                hosts.play("opendomino.mail.verify")
        assert ends[0] == ends[1], "the two playbooks reach different ends"
    for name, what in (("first run", ""), ("nothing to change", " again")):
        yield from _both(
            f"the usual way, {name}",
            f"stock modules on {extent.stock_hosts} hosts, {name}",
            "send_mail and receive_mail",
            results[f"stock{what}"],
            results[f"ours{what}"],
            limit=8.0,
            sense=AT_LEAST,
        )


def _told(hosts: Fleet) -> Any:
    """Return all that a fleet was told, without what differs between two fleets that were told the same."""
    documents = [
        json.dumps({"host": host, **items}, sort_keys=True)
        for host, contents in hosts.contents().items()
        for items in contents["documents"].values()
    ]
    tasks = {host: re.findall(r"^ServerTasks=.*", told["notes.ini"], re.M) for host, told in hosts.contents().items()}
    ports = rf"\b{hosts.handshake['smtp_port']}\b"
    return sorted(re.sub(ports, "port", document) for document in documents), tasks


def growth(extent: Extent) -> Iterator[Figure]:
    """Yield how time grows with the number of hosts, and what a host takes of the controller's memory."""
    nothings: list[list[Sample]] = []
    for size in extent.sizes:
        with fleet(size, extent.forks) as hosts:
            hosts.play(ROLES)
            nothings.append([hosts.play(ROLES) for _round in range(max(1, extent.rounds - 1))])
    best = [min(sample.processor for sample in samples) for samples in nothings]
    least = [min(sample.seconds for sample in samples) for samples in nothings]
    memory = [max(sample.megabytes for sample in samples) for samples in nothings]
    sizes = [float(size) for size in extent.sizes]
    what = f"from {extent.sizes[0]} to {extent.sizes[-1]} hosts"
    more = {"sizes": list(extent.sizes), "processor": best, "seconds": least, "megabytes": memory}
    for unit, values in (("exponent of time", least), ("exponent of processor time", best)):
        found = exponent(sizes, values)
        yield Figure("growth", f"nothing to change, {what}", "in proportion", unit, (found,), (1.0,), 1.05, more=more)
    each = (memory[-1] - memory[0]) / (sizes[-1] - sizes[0])
    yield Figure(
        "memory", f"MB for each host more, {what}", f"{memory[0]:.0f} MB of a small run", "MB", (each,), (1.0,)
    )


def modules(extent: Extent) -> Iterator[Figure]:
    """Yield whole calls of notes_ini against ping, and against community.general.ini_file with the same file."""
    with fleet(extent.stock_hosts, extent.forks) as hosts:
        calls = [
            lambda: hosts.play(PLAYBOOKS / "notes_ini.yml"),
            lambda: hosts.play(PING),
            lambda: hosts.play(PLAYBOOKS / "ini_file.yml", programs=extent.peers),
        ]
        ours, ping, ini_file = in_turn(extent.rounds + 1, *calls)
    subject = f"notes_ini on {extent.stock_hosts} hosts"
    yield from _both("a module", subject, "ansible.builtin.ping", ours, ping, limit=1.15)
    yield from _both("a module", subject, "community.general.ini_file", ours, ini_file)


def documents(extent: Extent) -> Iterator[Figure]:
    """Yield the time of directory_documents for many documents against the bare calls that it makes."""
    nothing, changed = directory.measure(extent.documents, extent.rounds + 1)
    what = f"directory_documents, {extent.documents:,} documents of four forms"
    peer = "the same calls over http.client"
    for name, (ours, theirs) in (("nothing to change", nothing), ("all of them changed", changed)):
        yield Figure("documents", f"{what}, {name}", peer, "s", tuple(ours), tuple(theirs), 1.3)


def dns(extent: Extent) -> Iterator[Figure]:
    """Yield the figures of the DNS lookups from their own benchmark."""
    found = _suite("dns", "--peers", str(extent.peers / "python"), "--rounds", str(extent.rounds + 2))
    for subject, peer, ours, theirs, limit, sense in (
        ("opendomino.mail.mx, 1,000 domains", "dns.asyncresolver", "mx", "mx_bare", 2.0, "at most"),
        ("community.general.dig, 1,000 domains", "opendomino.mail.mx", "mx_dig", "mx", 100.0, AT_LEAST),
        ("checkdmarc, 500 domains", "opendomino.mail.mail_domain", "audit_checkdmarc", "audit", None, AT_LEAST),
    ):
        yield Figure("DNS", subject, peer, "s", (found[ours],), (found[theirs],), limit, sense)


def addresses(extent: Extent) -> Iterator[Figure]:
    """Yield the figures of Internet addresses for whole directories from their own benchmark."""
    for one in _suite("addresses", "--people", *map(str, extent.people))["figures"]:
        people = f"internet_addresses, {one['people']:,} people"
        done, fill = one["nothing to do"]["seconds"], one["fill"]["seconds"]
        yield Figure("addresses", f"{people}, nothing to do", "raw reading", "s", (done,), (one["raw read"],), 1.5)
        yield Figure("addresses", f"{people}, first fill", "raw writing", "s", (fill,), (one["raw write"],), 2.0)
        yield Figure("addresses", f"{people}, memory", "300 MB", "MB", (one["megabytes"],), (300.0,), 1.0)


def _suite(name: str, *arguments: str) -> Any:
    """Run a benchmark that stands beside this one; its exit status says whether its own limits hold, not more."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as made:
        path = Path(made) / "figures.json"
        script = ROOT / "tests" / "benchmark" / name / "benchmark.py"
        done = subprocess.run([sys.executable, str(script), "--json", str(path), *arguments], check=False)
        assert path.exists(), f"{script} ended with {done.returncode} and without figures"
        return json.loads(path.read_text(encoding="utf-8"))


def payloads(_extent: Extent) -> Iterator[Figure]:
    """Yield what is sent to a host for a module, against what ansible.builtin.ping needs."""
    ping = payload.size_of("ansible.builtin.ping")
    for name in payload.MODULES:
        sent = payload.size_of(name)
        yield Figure(
            "payload",
            f"{name}: {sent.files} files",
            f"ansible.builtin.ping: {ping.files} files",
            "kB sent",
            (sent.kilobytes,),
            (ping.kilobytes,),
        )


ALL: dict[str, Callable[[Extent], Iterator[Figure]]] = {
    "runs": runs,
    "stock": stock,
    "growth": growth,
    "modules": modules,
    "payloads": payloads,
    "documents": documents,
    "dns": dns,
    "addresses": addresses,
}
