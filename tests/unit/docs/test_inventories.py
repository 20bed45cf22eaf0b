# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventories of tests have no variable that the documentation's do not, but for those named here with a reason."""

from __future__ import annotations

import re
from typing import Any

from documentation import ROOT, blocks, pages

from dominolab.inventory import inventory

#: What a lab needs because all of it is on one machine, and its user is nobody in particular.
ON_ONE_MACHINE = {
    "ansible_connection",  # no SSH server
    "ansible_python_interpreter",  # a resolver for each host
    "domino_data_directory",  # a folder for each host
    "domino_program_directory",
    "domino_smtp_port",  # ports below 1024 belong to root
    "domino_lookup_nameservers",  # neither is the lab's DNS the machine's,
    "domino_lookup_port",  # nor at port 53
    "domino_rest_scope",  # a test may give it another name
    "domino_console_response_timeout",  # how long a test waits
    "verify_mail_retries",
    "verify_mail_delay",
}
#: What a network of containers needs.
IN_CONTAINERS = {"domino_lookup_nameservers"}  # the controller's own resolver is not the scenario's
_SERVER: dict[str, Any] = {
    "server_name": "Mail01/Acme",
    "notes_domain": "ACME",
    "host_name": "mail01.example.com",
    "address": "127.0.0.11",
    "data_directory": "/lab/mail01/local/notesdata",
    "program_directory": "/lab/mail01/opt/hcl/domino",
    "python": "/lab/mail01/bin/python3",
    "rest_url": "http://127.0.0.11:8880",
    "rest_username": "Lab Admin",
    "rest_password": "x",
    "rest_scope": "dominodirectory",
    "administration_server": True,
}
_HANDSHAKE = {
    "servers": {"mail01": _SERVER},
    "foreign": {"example.org": {}},
    "dns": {"address": "127.0.0.53", "port": 5353},
    "smtp_port": 2525,
}


def documented() -> set[str]:
    """Return the variables of all inventories in the documentation, and of the example."""
    texts = [block.text for page in pages() for block in blocks(page) if block.language == "yaml"]
    texts.append((ROOT / "examples" / "inventory" / "acme.yml").read_text(encoding="utf-8"))
    return {name for text in texts for name in re.findall(r"\b((?:ansible|domino|[a-z]+_mail)_\w+):", text)}


def test_a_lab_has_the_documentations_inventory() -> None:
    group = inventory(_HANDSHAKE, "example.com", [])["domino"]
    used = {*group["vars"], *(name for host in group["hosts"].values() for name in host)}
    assert used - documented() - ON_ONE_MACHINE == set()
    assert list(group["hosts"]) == ["mail01.example.com"]
    assert "ansible_host" not in used | documented()


def test_the_hosts_of_scenarios_have_the_documentations_inventory() -> None:
    template = (ROOT / "extensions" / "molecule" / "shared" / "domino.yml.j2").read_text(encoding="utf-8")
    used = set(re.findall(r"\b((?:ansible|domino|[a-z]+_mail|running_server)_\w+):", template))
    assert len(used) > 15
    assert used - documented() - IN_CONTAINERS == set()


def test_no_scenario_says_where_a_host_is() -> None:
    """With `ansible_host`, a scenario would not see which host a delegated task asks."""
    for path in (ROOT / "extensions" / "molecule").rglob("*"):
        if path.suffix in (".yml", ".j2"):
            assert "ansible_host" not in path.read_text(encoding="utf-8"), path
