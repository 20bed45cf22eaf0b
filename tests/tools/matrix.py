# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the site playbook under several releases of ansible-core, each time with a host for each Python that it supports.

For each release: check mode, the run, which has to make the same changes, and a second run, which may change nothing.
What is not on this machine is printed as NOT RUN; the exit code tells of what ran, and is 1 if nothing did.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from playbook import ROOT, run_playbook

from dominolab.inventory import inventory
from dominolab.lab import Lab
from dominolab.topology import load

Version = tuple[int, int]


@dataclass(frozen=True)
class Core:
    """A release of ansible-core, and the Pythons that it supports on the controller and on hosts."""

    release: str
    controller: tuple[Version, Version]
    target: tuple[Version, Version]


CORES = (
    Core("2.16.*", ((3, 10), (3, 12)), ((3, 8), (3, 12))),
    Core("2.19.*", ((3, 11), (3, 13)), ((3, 8), (3, 13))),
    Core("2.21.*", ((3, 12), (3, 14)), ((3, 9), (3, 13))),
)
TARGETS = [(3, minor) for minor in range(8, 14)]


def find_python(version: Version) -> Path | None:
    """Return a Python of this version: from PATH, or one of pyenv's."""
    name = f"python{version[0]}.{version[1]}"
    places = [Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    places += sorted((Path.home() / ".pyenv/versions").glob(f"{version[0]}.{version[1]}.*/bin"))
    for place in places:
        found = shutil.which(name, path=str(place))
        ask = "import ensurepip, sys; print(*sys.version_info[:2])"
        if found and subprocess.run([found, "-c", ask], capture_output=True, check=False).returncode == 0:
            return Path(found)
    return None


def make_controller(core: Core, pythons: dict[Version, Path]) -> Path | None:
    """Return the bin directory of a virtual environment with this release, None where no Python is new enough."""
    first, last = core.controller
    fitting = [version for version in pythons if first <= version <= last]
    if not fitting:
        return None
    place = ROOT / ".cache" / "matrix" / core.release.rstrip(".*")
    if not (place / ".ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([str(pythons[max(fitting)]), "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, f"ansible-core=={core.release}", "dnspython==2.8.0"], check=True, stderr=subprocess.DEVNULL
        )
        (place / ".ready").touch()
    return place / "bin"


def start(state: Path, pythons: dict[Version, Path]) -> Path:
    """Start a lab with a server for each Python; return its inventory."""
    names = [f"Mail{major}{minor:02}" for major, minor in pythons]
    servers = [{"name": f"{name}/Acme", "host_name": f"{name.lower()}.example.com"} for name in names]
    topology = {
        "notes_domains": [
            {
                "name": "ACME",
                "organization": "Acme",
                "internet_domain": "example.com",
                "administration_server": servers[0]["name"],
                "servers": servers,
            }
        ],
        "foreign": [{"domain": "example.org", "host_name": "mx.example.org", "people": ["pat"]}],
        "dns": {
            "records": [
                {"name": "example.com", "type": "MX", "values": [f"10 {server['host_name']}." for server in servers]},
                {"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]},
            ]
        },
    }
    path = state.with_name("topology.yml")
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    hosts = inventory(Lab(state).up(load(path)), "example.com", [])
    for name, python in zip(names, pythons.values(), strict=True):
        host = hosts["domino"]["hosts"][name.lower()]
        wrapper = Path(host["ansible_python_interpreter"])
        script = wrapper.read_text(encoding="utf-8").splitlines()
        wrapper.write_text("\n".join([*script[:-1], f'exec {python} "$@"', ""]), encoding="utf-8")
    path = state.with_name("inventory.json")
    path.write_text(json.dumps(hosts), encoding="utf-8")
    return path


def run(core: Core, programs: Path, pythons: dict[Version, Path]) -> str:
    """Return what was wrong, nothing if all was right."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        state = Path(scratch) / "lab"
        hosts = start(state, pythons)
        try:
            check = run_playbook("opendomino.mail.site", hosts, "--check", "--diff", programs=programs)
            first = run_playbook("opendomino.mail.site", hosts, "--diff", programs=programs)
            second = run_playbook("opendomino.mail.site", hosts, programs=programs)
        finally:
            Lab(state).down()
    for name, one in (("check run", check), ("run", first), ("second run", second)):
        if one.returncode:
            return f"the {name} failed\n{one.output}"
    if not first.changes() or check.changes() != first.changes():
        return f"the check run did not show what the run did\n{check.output}\n{first.output}"
    return "" if not second.changes() else f"the second run changed something\n{second.output}"


def main() -> int:
    """Run all that this machine has the Pythons for."""
    pythons = {version: path for version in [*TARGETS, (3, 14)] if (path := find_python(version))}
    ran, failed = 0, 0
    for core in CORES:
        first, last = core.target
        wanted = [version for version in TARGETS if first <= version <= last]
        targets = {version: pythons[version] for version in wanted if version in pythons}
        programs = make_controller(core, pythons)
        for major, minor in wanted:
            if (major, minor) not in targets:
                print(f"NOT RUN: ansible-core {core.release} with Python {major}.{minor} on a host, which is not here")
        if programs is None or not targets:
            print(f"NOT RUN: ansible-core {core.release}: no Python from {core.controller[0]} to {core.controller[1]}")
            continue
        problem = run(core, programs, targets)
        names = ", ".join(f"{major}.{minor}" for major, minor in targets)
        print(
            f"ansible-core {core.release}, hosts with Python {names}: {'FAILED: ' + problem if problem else 'passed'}"
        )
        ran, failed = ran + 1, failed + bool(problem)
    return int(bool(failed) or not ran)


if __name__ == "__main__":
    sys.exit(main())
