# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection under each release of ansible-core: `make matrix`.

RELEASES="2.16 2.19" and PARTS="site units" ask for a part of it.

Each release has a virtual environment with the newest Python here that it supports on a controller. In it run

- site: the site playbook on a lab host for each Python that the release supports on hosts: check mode, the run, which
  has to make the same changes, and a second run, which may change nothing,
- units: the unit tests of what Ansible loads: modules, lookups, filters, the inventory plugin; and the tests that take
  templates from outside through each of them and through the playbooks,
- sanity: `ansible-test sanity`, without ignore files.

What is not here is printed with its reason and counted. The exit code is 1 if something failed, or nothing ran.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from playbook import ROOT, run_playbook

from dominolab.inventory import controller_environment, inventory
from dominolab.lab import Lab
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Version = tuple[int, int]
#: The Pythons of controllers, first and last. Those of hosts are in the release itself.
CONTROLLERS: dict[str, tuple[Version, Version]] = {
    "2.16": ((3, 10), (3, 12)),
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
    "2.22": ((3, 13), (3, 15)),
}
#: What the collection supports on hosts.
HOSTS: list[Version] = [(3, minor) for minor in range(8, 14)]
WORK = ROOT / ".cache" / "matrix"
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "openapi-core", "dnspython", "aiosmtpd", "aiohttp", "markdown-it-py")
OF_THE_RELEASE = ("ansible-core", "resolvelib")
UNITS = [f"tests/unit/plugins/{place}" for place in ("modules", "action", "lookup", "filter", "inventory")]
#: Whether values from outside stay data is decided by the release.
UNITS += ["tests/unit/plugins/test_untrusted_values.py", "tests/integration/test_untrusted.py"]


class NotHereError(Exception):
    """Something cannot be run on this machine."""


@dataclass
class Report:
    """What became of each part."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, release: str, part: str, outcome: str, details: str) -> None:
        """Keep a row, and print it."""
        self.rows.append((release, part, outcome, details))
        print(f"ansible-core {release}, {part}: {outcome} ({details})", flush=True)

    def count(self, outcome: str) -> int:
        """Return how many rows have an outcome."""
        return sum(row[2] == outcome for row in self.rows)


def text(version: Version) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))


def find_pythons(versions: Iterable[Version]) -> dict[Version, Path]:
    """Return the Pythons of this machine: on PATH, or in pyenv's directory."""
    places = [Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True)  # noqa: S607
        places += sorted(Path(root.stdout.strip(), "versions").glob("3.*/bin"), reverse=True)
    found = {}
    for version in versions:
        for place in places:
            # Of pyenv's on PATH, some only say that there is one; and a virtual environment is no Python of its own.
            program = shutil.which(f"python{text(version)}", path=str(place))
            ask = "import ensurepip, sys; assert sys.prefix == sys.base_prefix; print(sys.executable)"
            if not program:
                continue
            answer = subprocess.run([program, "-c", ask], capture_output=True, text=True, check=False)
            if answer.returncode == 0:
                found[version] = Path(answer.stdout.strip())
                break
    return found


@dataclass(frozen=True)
class Controller:
    """A virtual environment with a release of ansible-core."""

    directory: Path

    @property
    def programs(self) -> Path:
        """Return where its programs are."""
        return self.directory / "bin"

    def ask(self, code: str) -> str:
        """Return what Python code prints there."""
        command = [str(self.programs / "python"), "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    @property
    def release(self) -> str:
        """Return the exact release."""
        return self.ask("from ansible.release import __version__; print(__version__)")

    @property
    def hosts(self) -> list[Version]:
        """Return the Pythons that the release supports on hosts."""
        constants = Path(self.ask("import ansible_test; print(ansible_test.__path__[0])"))
        source = (constants / "_util" / "target" / "common" / "constants.py").read_text(encoding="utf-8")
        names = {"REMOTE_ONLY_PYTHON_VERSIONS", "CONTROLLER_PYTHON_VERSIONS"}
        versions: set[str] = set()
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
                versions |= set(ast.literal_eval(node.value))
        return sorted((int(major), int(minor)) for major, minor in (version.split(".") for version in versions))


def controller(release: str, pythons: Mapping[Version, Path]) -> Controller:
    """Return the virtual environment of a release, made where there is none."""
    first, last = CONTROLLERS[release]
    fitting = [version for version in pythons if first <= version <= last]
    if not fitting:
        raise NotHereError(f"no Python from {text(first)} to {text(last)}")
    python = pythons[max(fitting)]
    place = WORK / release
    ready = place / ".ready"
    pins = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    if ready.exists() and ready.read_text(encoding="utf-8") == f"{python}\n{pins}":
        return Controller(place)
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([str(python), "-m", "venv", str(place)], check=True)
    constraints = place / "constraints.txt"
    kept = [line for line in pins.splitlines() if re.split("[= ]", line)[0] not in OF_THE_RELEASE]
    constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
    install = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*install, "-c", str(constraints), f"ansible-core=={release}.*", *TOOLS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if "No matching distribution found for ansible-core" in done.stdout:
        raise NotHereError("no such release in the package index")
    if done.returncode:
        raise RuntimeError(f"ansible-core {release} cannot be installed\n{done.stdout}")
    ready.write_text(f"{python}\n{pins}", encoding="utf-8")
    return Controller(place)


def start(state: Path, pythons: Mapping[Version, Path]) -> tuple[Path, dict[str, str]]:
    """Start a lab with a server for each Python; return its inventory, and the environment for its names."""
    called = [f"Mail{major}{minor:02}" for major, minor in pythons]
    servers = [{"name": f"{name}/Acme", "host_name": f"{name.lower()}.example.com"} for name in called]
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
                {"name": "example.com", "type": "TXT", "values": ['"v=spf1 mx -all"']},
                {"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]},
            ]
        },
    }
    path = state.with_name("topology.yml")
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    handshake = Lab(state).up(load(path))
    hosts = inventory(handshake, "example.com", [])
    for variables, python in zip(hosts["domino"]["hosts"].values(), pythons.values(), strict=True):
        wrapper = Path(variables["ansible_python_interpreter"])
        script = wrapper.read_text(encoding="utf-8").splitlines()
        wrapper.write_text("\n".join([*script[:-1], f'exec {python} "$@"', ""]), encoding="utf-8")
    path = state.with_name("inventory.json")
    path.write_text(json.dumps(hosts), encoding="utf-8")
    return path, controller_environment(handshake)


def site(made: Controller, pythons: Mapping[Version, Path]) -> str:
    """Return what was wrong with the site playbook, nothing if all was right."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as scratch:
        state = Path(scratch) / "lab"
        hosts, environment = start(state, pythons)
        try:
            check, first, second = (
                run_playbook("opendomino.mail.site", hosts, *arguments, programs=made.programs, environment=environment)
                for arguments in (("--check", "--diff"), ("--diff",), ())
            )
        finally:
            Lab(state).down()
    for name, one in (("check run", check), ("run", first), ("second run", second)):
        if one.returncode:
            said = [f"{result.host}, {result.task}: {result.msg}" for result in one.failures()]
            return "\n".join([f"the {name} failed", *(said or [one.output])])
    if not first.changes() or check.changes() != first.changes():
        different = sorted(check.changes() ^ first.changes())
        return "\n".join(["the check run did not show what the run did", *map(str, different)])
    return "\n".join(["the second run changed something", *map(str, second.changes())]) if second.changes() else ""


def command(made: Controller, *arguments: str) -> str:
    """Return what a command of a release wrote, nothing if it went well."""
    path = f"{made.programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "PROGRAMS": str(made.programs)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode else ""


def run(part: str, made: Controller, pythons: Mapping[Version, Path]) -> str:
    """Run a part; return what was wrong."""
    if part == "site":
        return site(made, pythons)
    if part == "units":
        return command(made, str(made.programs / "python"), "-m", "pytest", "-q", "-n", "auto", *UNITS)
    return command(made, "tests/tools/sanity.sh")


def examine(release: str, parts: Iterable[str], pythons: Mapping[Version, Path], report: Report) -> None:
    """Run the parts under a release."""
    try:
        made = controller(release, pythons)
    except NotHereError as exc:
        for part in parts:
            report.add(release, part, "NOT RUN", str(exc))
        return
    supported = [version for version in made.hosts if version in HOSTS]
    for part in parts:
        started = time.monotonic()
        problem = run(part, made, {version: pythons[version] for version in supported if version in pythons})
        details = f"{made.release}, Python {made.ask('import sys; print(*sys.version_info[:2], sep=chr(46))')}"
        if part == "site":
            there = [text(version) for version in supported if version in pythons]
            details += f", hosts with Python {', '.join(there)}"
        report.add(release, part, "FAILED" if problem else "passed", f"{details}, {time.monotonic() - started:.0f} s")
        if problem:
            print(problem, flush=True)
        for version in supported if part == "site" else []:
            if version not in pythons:
                report.add(release, part, "NOT RUN", f"hosts with Python {text(version)}, which is not here")


def main() -> int:
    """Run what is asked for."""
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(143))  # which ends the lab, too
    parser = argparse.ArgumentParser(description="Run the collection under releases of ansible-core.")
    parser.add_argument("--releases", default=" ".join(CONTROLLERS), help="such as '2.16 2.19' (default: %(default)s)")
    parser.add_argument("--parts", default="site units sanity", help="default: %(default)s")
    asked = parser.parse_args()
    releases, parts = asked.releases.split(), asked.parts.split()
    for given, known in ((releases, set(CONTROLLERS)), (parts, {"site", "units", "sanity"})):
        if not set(given) <= known:
            parser.error(f"{' '.join(sorted(set(given) - known))} is none of {', '.join(sorted(known))}")
    controllers = {(3, minor) for first, last in CONTROLLERS.values() for minor in range(first[1], last[1] + 1)}
    pythons = find_pythons(sorted({*HOSTS, *controllers}))
    print(f"Pythons here: {', '.join(map(text, pythons))}", flush=True)
    report = Report()
    for release in releases:
        examine(release, parts, pythons, report)
    counts = {outcome: report.count(outcome) for outcome in ("passed", "FAILED", "NOT RUN")}
    print(f"\n{counts['passed']} passed, {counts['FAILED']} failed, {counts['NOT RUN']} not run")
    for release, part, outcome, details in report.rows:
        if outcome != "passed":
            print(f"  {outcome}: ansible-core {release}, {part}: {details}")
    return int(bool(counts["FAILED"]) or not counts["passed"])


if __name__ == "__main__":
    sys.exit(main())
