# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of the documentation, to the letter; beside them is only what a lab on one machine needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from documentation import ROOT, blocks
from playbook import PlaybookRun, run_playbook

from dominolab import mail
from dominolab.inventory import on_one_machine, on_other_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Site

TOPOLOGY = Path(__file__).parent / "docs" / "topology.yml"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_start.rst"
OUTSIDE = "mx.example.org"
SECONDS = 20.0


def files(page: Path) -> dict[str, str]:
    """Return the inventory files of a page, by name."""
    if page.suffix == ".yml":
        return {page.name: page.read_text(encoding="utf-8")}
    return {block.file_name: block.text for block in blocks(page) if block.file_name and not block.not_run}


README = {"inventory.yml": files(ROOT / "README.md")["inventory.yml"]}
DOCUMENTED = {
    "README.md": README,
    "examples/inventory": files(ROOT / "examples" / "inventory" / "acme.yml"),
    "guide_start": files(GUIDE),
}


@pytest.fixture
def documented(site_of: Callable[[Path, Path], Site], tmp_path: Path) -> Site:
    """Return a fresh lab of the site that the documentation is about."""
    return site_of(tmp_path / "lab", TOPOLOGY)


@pytest.fixture
def open_relay_on_the_controller(documented: Site) -> Iterator[Relay]:
    """Run a mail server on the controller that takes mail for everybody, at the port of the hosts' listeners."""
    handler = Relay()
    controller = Controller(handler, hostname="127.0.0.1", port=documented.handshake["smtp_port"])
    controller.start()
    yield handler
    controller.stop()


class Relay(Sink):
    """Counts who asked."""

    asked = 0

    async def handle_EHLO(  # noqa: N802 - the name of the library
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count a conversation."""
        self.asked += 1
        session.host_name = hostname
        return responses


def run(site: Site, inventory: dict[str, str], folder: Path, playbook: str, **extra: Any) -> PlaybookRun:
    """Run a playbook with an inventory of the documentation; `host_vars` beside it are what the lab needs."""
    folder.mkdir(exist_ok=True)
    for name, text in inventory.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("https://mail01.example.com:8880", _url(site)), encoding="utf-8")
    python = site.server("mail01.example.com")["python"]
    outside = {"ansible_connection": "local", "ansible_python_interpreter": python}
    (folder / "outside.yml").write_text(yaml.safe_dump({"outside": {"hosts": {OUTSIDE: outside}}}), encoding="utf-8")
    (folder / "host_vars").mkdir(exist_ok=True)
    for host in site.hosts:
        variables = {
            **on_one_machine(site.server(host)),
            **on_other_ports(site.handshake),
            "ansible_become": False,  # the lab's servers run as the user who tests
        }
        (folder / "host_vars" / f"{host}.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
    password = site.server("mail01.example.com")["rest_password"]
    environment = {**site.environment, "DOMINO_REST_PASSWORD": password}
    return run_playbook(playbook, folder, extra=extra, environment=environment)


def _url(site: Site) -> str:
    return str(site.server("mail01.example.com")["rest_url"])


@pytest.mark.parametrize("page", DOCUMENTED)
def test_a_documented_inventory_sets_up_the_site(documented: Site, tmp_path: Path, page: str) -> None:
    first = run(documented, DOCUMENTED[page], tmp_path / "site", "opendomino.mail.site")
    assert first.returncode == 0, first.output
    assert {result.host for result in first.results} >= set(documented.hosts)
    outcome = mail.submit(documented.state, "pat@example.org", ["jane.doe@example.com"], "Hello", "Hello!", SECONDS)
    assert outcome.arrived, outcome
    again = run(documented, DOCUMENTED[page], tmp_path / "site", "opendomino.mail.site")
    assert set(again.changed_tasks().values()) == {0}, again.output


@pytest.mark.parametrize("place", ["localhost", OUTSIDE])
def test_verification_asks_the_host_and_never_the_one_that_asks(
    documented: Site, open_relay_on_the_controller: Relay, tmp_path: Path, place: str
) -> None:
    """An inventory without `ansible_host` has Ansible define it for the delegate of a task."""
    options = {"verify_mail_probe_from": place}
    done = run(documented, README, tmp_path / "site", "opendomino.mail.site", **options)
    assert done.returncode == 0, done.output
    # A host that relays is found, although the controller's own mail server is one, too.
    verified = run(documented, README, tmp_path / "site", "opendomino.mail.verify", **options)
    assert verified.returncode == 0, verified.output
    probes = [result for result in verified.results if result.action.endswith("smtp_probe")]
    assert probes
    assert open_relay_on_the_controller.asked == 0


def test_no_documented_inventory_says_where_a_host_is() -> None:
    """What only the tests' inventories would have hides what happens to users."""
    for texts in DOCUMENTED.values():
        assert not any("ansible_host" in text for text in texts.values())


def test_hosts_are_called_by_the_names_in_their_documents(site: Site, tmp_path: Path) -> None:
    """Documents of a fresh server have no host name; it is called by its common name until they have."""
    assert site.run().returncode == 0
    variables = json.loads(site.inventory.read_text(encoding="utf-8"))["domino"]["vars"]
    source = tmp_path / "acme.domino_directory.yml"
    names = ("url", "username", "password", "scope")
    content = {"plugin": "opendomino.mail.directory", **{name: variables[f"domino_rest_{name}"] for name in names}}
    source.write_text(yaml.safe_dump(content), encoding="utf-8")
    listed = run_playbook("opendomino.mail.site", source, "--list-hosts", environment=site.environment)
    assert listed.returncode == 0, listed.output
    assert all(host in listed.output for host in site.hosts), listed.output
