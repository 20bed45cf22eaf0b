# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet is read from the Domino Directory, and the playbooks run on it; by hand comes how to reach the hosts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from playbook import run_playbook

from dominolab import mail

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site

BY_HAND = ("ansible_host", "ansible_connection", "ansible_python_interpreter", "domino_addresses")
DIRECTORIES = ("domino_data_directory", "domino_program_directory")
FROM_THE_DIRECTORY = ("domino_notes_domain", "domino_administration_server", "domino_rest_url", "domino_rest_username")
SECONDS = 20.0


def test_the_site_is_set_up_from_what_the_directory_says(site: Site, tmp_path: Path) -> None:
    whole = json.loads(site.inventory.read_text(encoding="utf-8"))["domino"]
    hosts = {
        variables["domino_server_name"].split("/")[0]: {name: variables[name] for name in (*BY_HAND, *DIRECTORIES)}
        # On a fresh server the document has no host name yet.
        | {"domino_host_name": variables["domino_host_name"]}
        for variables in whole["hosts"].values()
    }
    own = {name: value for name, value in whole["vars"].items() if name not in FROM_THE_DIRECTORY}
    sources = tmp_path / "inventory"
    sources.mkdir()
    (sources / "access.yml").write_text(yaml.safe_dump({"domino": {"hosts": hosts, "vars": own}}), encoding="utf-8")
    directory = {
        "plugin": "opendomino.mail.directory",
        "url": whole["vars"]["domino_rest_url"],
        "username": whole["vars"]["domino_rest_username"],
        "password": whole["vars"]["domino_rest_password"],
        "scope": whole["vars"]["domino_rest_scope"],
        "administration_server": whole["vars"]["domino_administration_server"],
    }
    (sources / "acme.domino_directory.yml").write_text(yaml.safe_dump(directory), encoding="utf-8")

    run = run_playbook("opendomino.mail.site", sources)
    assert run.returncode == 0, run.output
    assert {result.host for result in run.results} >= {"Mail01", "Mail02"}
    outcome = mail.submit(site.state, "pat@example.org", ["jane.doe@example.com"], "From a list", "Hello!", SECONDS)
    assert outcome.arrived, outcome

    # Now the documents have host names, and hosts are called by them.
    (sources / "access.yml").unlink()
    names = [s["host_name"] for s in site.handshake["servers"].values()]
    again = run_playbook("opendomino.mail.site", sources, "--list-hosts")
    assert again.returncode == 0, again.output
    assert all(name in again.output for name in names), again.output
