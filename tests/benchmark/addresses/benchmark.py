# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast Internet addresses are given in directories of different sizes. See README.md beside this file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from dominolab.lab import Lab
from dominolab.topology import load

ROOT = Path(__file__).resolve().parents[3]
RAW_CLIENT = Path(__file__).with_name("raw_client.py")
PEOPLE = (1000, 10_000, 100_000)
ROUNDS = 3
PAGE_SIZE, CONNECTIONS = 2000, 4
READ_LIMIT, WRITE_LIMIT, GROWTH_LIMIT, MEMORY_LIMIT = 1.5, 2.0, 1.5, 300.0


@contextmanager
def directory(people: int, state: Path) -> Iterator[dict[str, Any]]:
    """Run a lab with so many people; yields the account of its REST API."""
    topology = state / "topology.yml"
    domain = {
        "name": "ACME",
        "organization": "Acme",
        "internet_domain": "example.com",
        "administration_server": "Mail01/Acme",
        "crowd": people,
        "servers": [{"name": "Mail01/Acme", "host_name": "mail01.example.com"}],
    }
    topology.write_text(yaml.safe_dump({"notes_domains": [domain]}), encoding="utf-8")
    lab = Lab(state / "lab")
    server = lab.up(load(topology))["servers"]["mail01"]
    try:
        yield {
            "url": server["rest_url"],
            "username": server["rest_username"],
            "password": server["rest_password"],
        }
    finally:
        lab.down()


def module(account: Mapping[str, str], **options: Any) -> dict[str, Any]:
    """Run the module; return its counts, its time with its start, and what its process took at most."""
    arguments = {
        **account,
        "internet_domain": "example.com",
        "limit_changes": "",
        "page_size": PAGE_SIZE,
        "concurrency": CONNECTIONS,
        "timeout": 120,
        **options,
    }
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        given = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_tmpdir": scratch, "_ansible_remote_tmp": scratch}}
        path, output = Path(scratch, "arguments.json"), Path(scratch, "result.json")
        path.write_text(json.dumps(given), encoding="utf-8")
        name = "ansible_collections.opendomino.mail.plugins.modules.internet_addresses"
        environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
        began = time.monotonic()
        with output.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-m", name, str(path)], stdout=file, env=environment)
            _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        result = json.loads(output.read_text(encoding="utf-8"))
    assert process.returncode == 0, result["msg"]
    return {
        "seconds": seconds,
        "processor": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / 1024,
        "counts": result["counts"],
        "findings": result["report"]["counts"],
    }


def raw(account: Mapping[str, str], *, write: bool = False) -> dict[str, Any]:
    """Run the plain client."""
    given = {**account, "page_size": PAGE_SIZE, "connections": CONNECTIONS, "write": write}
    done = subprocess.run(
        [sys.executable, str(RAW_CLIENT)], input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(people: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure one size."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch, directory(people, Path(scratch)) as account:
        fill = module(account)
        assert fill["counts"]["changes"] == people, fill
        assert not any(fill["findings"].values()), fill
        passes, reads = [], []
        for _round in range(rounds):
            passes.append(module(account))
            reads.append(raw(account))
        assert all(one["counts"]["changes"] == 0 for one in passes)
        assert all(one["documents"] == sum(_documents(passes[0]["counts"])) for one in reads)
        nothing = min(passes, key=lambda one: float(one["seconds"]))
        return {
            "people": people,
            "fill": fill,
            "nothing to do": nothing,
            "raw read": min(one["read"] for one in reads),
            "raw write": raw(account, write=True)["write"],
            "megabytes": max(one["megabytes"] for one in [fill, *passes]),
        }


def _documents(counts: Mapping[str, int]) -> Iterator[int]:
    return (counts[name] for name in ("people", "documents_group", "documents_database"))


def verdicts(figures: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, float]]:
    """Return what is wanted: what it is about, the figure, the most that it may be."""
    small, large = figures[0], figures[-1]
    each = [
        (one["nothing to do"]["seconds"] / one["people"], one["fill"]["seconds"] / one["people"]) for one in figures
    ]
    return [
        ("nothing to do : raw read", large["nothing to do"]["seconds"] / large["raw read"], READ_LIMIT),
        ("first fill : raw write", large["fill"]["seconds"] / large["raw write"], WRITE_LIMIT),
        ("peak memory, MB", large["megabytes"], MEMORY_LIMIT),
        (f"nothing to do, for a person: {large['people']} : {small['people']}", each[-1][0] / each[0][0], GROWTH_LIMIT),
        (f"first fill, for a person: {large['people']} : {small['people']}", each[-1][1] / each[0][1], GROWTH_LIMIT),
    ]


def main() -> int:
    """Measure all sizes, print and keep the figures; 1 where one is not as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=list(PEOPLE))
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    figures = []
    for people in sorted(options.people):
        found = measure(people)
        figures.append(found)
        ours = "  ".join(
            f"{what} {found[what]['seconds']:.1f} s ({found[what]['processor']:.1f} s of the processor)"
            for what in ("fill", "nothing to do")
        )
        print(
            f"{people:>7,} people: {ours}  raw read {found['raw read']:.1f} s  raw write {found['raw write']:.1f} s  "
            f"{found['megabytes']:.0f} MB",
            flush=True,
        )
    good = True
    for what, figure, most in verdicts(figures):
        good = good and figure <= most
        print(f"{what}: {figure:.2f} (at most {most:g}){'' if figure <= most else '  <- not as wanted'}")
    if options.json:
        about = {"python": platform.python_version(), "processors": os.cpu_count()}
        options.json.write_text(json.dumps({**about, "figures": figures}, indent=1), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
