# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides are followed to the letter, by a new user with the collection from the tarball and an empty directory.

What a page calls a file is written, its commands are carried out, in order. The site is a lab; what is different there
is in `host_vars`, beside the user's files: folders and ports, and that tasks run without become. Names resolve
through the lab's DNS.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from documentation import COMMANDS, blocks, is_run, pages

from dominolab import mail
from dominolab.inventory import controller_environment, on_one_machine, on_other_ports
from dominolab.lab import Lab
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Installation

TOPOLOGY = Path(__file__).with_name("topology.yml")
REST_URL = "https://mail01.example.com:8880"
SECONDS = 20.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Yield a running lab of the guides' site."""
    lab = Lab(tmp_path / "lab")
    lab.up(load(TOPOLOGY))
    yield lab
    lab.down()


def write_host_vars(handshake: Mapping[str, Any], directory: Path) -> None:
    """Write what is different in the lab: all hosts are on one machine, on other ports, and of one user."""
    administration = next(server for server in handshake["servers"].values() if server["administration_server"])
    common = {**on_other_ports(handshake), "domino_rest_url": administration["rest_url"], "ansible_become": False}
    directory.mkdir()
    for server in handshake["servers"].values():
        path = directory / f"{server['host_name']}.yml"
        path.write_text(yaml.safe_dump({**common, **on_one_machine(server)}), encoding="utf-8")


def follow(page: Path, installation: Installation, lab: Lab, here: Path) -> None:
    """Do all that a page says, in an empty directory."""
    handshake = json.loads((lab.state / "handshake.json").read_text(encoding="utf-8"))
    server = next(s for s in handshake["servers"].values() if s["administration_server"])
    here.mkdir()
    write_host_vars(handshake, here / "host_vars")
    commands = 0
    for block in blocks(page):
        if block.not_run:
            continue
        if block.file_name:
            path = here / block.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.replace(REST_URL, server["rest_url"]), encoding="utf-8")
        elif block.language == COMMANDS:
            more = {"DOMINO_REST_PASSWORD": server["rest_password"], **controller_environment(handshake)}
            done = installation.run(["/bin/bash", "-euxo", "pipefail", "-c", block.text], here, more)
            commands += 1
            assert server["rest_password"] not in done.stdout
            assert "[WARNING]" not in done.stdout, f"{block.where}\n{done.stdout}"
    assert commands, "a page that is run has commands"


@pytest.mark.parametrize("page", [page for page in pages() if is_run(page)], ids=lambda page: page.name)
def test_a_page_does_what_it_says(page: Path, installation: Installation, lab: Lab, tmp_path: Path) -> None:
    follow(page, installation, lab, tmp_path / "empty")
    if page.stem == "guide_start":
        outcome = mail.submit(lab.state, "pat@example.org", ["jane.doe@example.com"], "To Jane", "Hello!", SECONDS)
        assert outcome.arrived, outcome
        outcome = mail.deposit(lab.state, "mail01", "Jane Doe/Acme", ["pat@example.org"], "To Pat", "Hello!", SECONDS)
        assert outcome.arrived, outcome


def test_the_first_guide_is_run() -> None:
    assert "guide_start" in {page.stem for page in pages() if is_run(page)}
