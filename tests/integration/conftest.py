# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for each test that changes it, one lab for those that must not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from playbook import PlaybookRun, run_playbook

from dominolab.inventory import controller_environment, inventory
from dominolab.lab import HANDSHAKE, Lab
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TOPOLOGY = Path(__file__).parents[1] / "demo" / "topology.yml"
PEOPLE = [
    {"user_name": "Jane Doe/Acme", "internet_address": "jane.doe@example.com"},
    {"user_name": "John Smith/Acme", "internet_address": "john.smith@example.com"},
]


class NamedLab(Lab):
    """A lab whose servers are called by their host names, as in the inventory."""

    def start(self, host: str) -> None:
        """Start a server."""
        super().start(_label(host))

    def stop(self, host: str) -> None:
        """Stop a server."""
        super().stop(_label(host))

    def ask(self, host: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request to a server's console socket."""
        return super().ask(_label(host), request)

    def documents(self, host: str, form: str | None) -> list[dict[str, Any]]:
        """Return the documents of a server's replica."""
        return super().documents(_label(host), form)


def _label(host: str) -> str:
    """Return the lab's name for a server: the first label of its host name."""
    return host.partition(".")[0]


@dataclass
class Site:
    """A running lab with its inventory."""

    lab: Lab
    state: Path
    inventory: Path
    handshake: dict[str, Any]

    @property
    def hosts(self) -> list[str]:
        """Return the inventory names of the Domino hosts."""
        return sorted(server["host_name"] for server in self.handshake["servers"].values())

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which the controller asks the lab's DNS."""
        return controller_environment(self.handshake)

    def server(self, host: str) -> dict[str, Any]:
        """Return what the lab says about a host."""
        return next(dict(server) for server in self.handshake["servers"].values() if server["host_name"] == host)

    def run(self, playbook: str = "opendomino.mail.site", *arguments: str, **extra: Any) -> PlaybookRun:
        """Run a playbook; keyword arguments become extra variables."""
        return run_playbook(playbook, self.inventory, *arguments, extra=extra, environment=self.environment)

    def notes_ini(self, host: str) -> bytes:
        """Return notes.ini as it is on disk."""
        return (Path(self.server(host)["data_directory"]) / "notes.ini").read_bytes()

    def contents(self) -> dict[str, Any]:
        """Return all that the roles may change, for comparing before and after."""
        return {
            host: {"notes.ini": self.notes_ini(host), "documents": self.lab.documents(host, None)}
            for host in self.hosts
        }

    def items(self, host: str, form: str) -> list[dict[str, Any]]:
        """Return the items of all documents of a form in a host's replica."""
        return [document["items"] for document in self.lab.documents(host, form)]


def start(state: Path, topology: Path = TOPOLOGY) -> Site:
    """Start a lab, with the demo's topology where nothing else is given."""
    lab = NamedLab(state)
    handshake = lab.up(load(topology))
    path = state.with_name("inventory.json")
    path.write_text(json.dumps(inventory(handshake, "example.com", PEOPLE)), encoding="utf-8")
    return Site(lab, state, path, handshake)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Yield a fresh lab in which nothing is set up."""
    site = start(tmp_path / "lab")
    yield site
    site.lab.down()


@pytest.fixture
def site_of() -> Iterator[Callable[[Path, Path], Site]]:
    """Yield what starts a fresh lab in a state directory from a topology file."""
    started: list[Site] = []

    def starter(state: Path, topology: Path) -> Site:
        started.append(start(state, topology))
        return started[-1]

    yield starter
    for site in started:
        if (site.state / HANDSHAKE).exists():
            site.lab.down()


@pytest.fixture
def site_with(site_of: Callable[[Path, Path], Site], tmp_path: Path) -> Callable[..., Site]:
    """Return what starts a fresh lab with other options of its REST API, or with a recording of another server."""

    def starter(recording: Path | None = None, **rest: Any) -> Site:
        path = tmp_path / "topology.yml"
        content = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
        said = {"recording": str(recording)} if recording else {}
        path.write_text(yaml.safe_dump({**content, "rest": rest, **said}), encoding="utf-8")
        return site_of(tmp_path / "lab", path)

    return starter


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield a lab that no test may change; the end of the session proves that none has."""
    site = start(tmp_path_factory.mktemp("untouched") / "lab")
    before = site.contents()
    yield site
    after = site.contents()
    site.lab.down()
    assert after == before
