# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of a running lab: the documentation's, and what differs where all hosts are on one machine.

Hosts are called by their DNS names, which the lab's DNS resolves; `controller_environment` makes it the resolver of the
controller. There is no `ansible_host`, because no inventory in the documentation has one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def inventory(
    handshake: Mapping[str, Any], internet_domain: str, people: Sequence[Mapping[str, str]], group: str = "domino"
) -> dict[str, Any]:
    """Return an inventory with one group of all lab servers.

    `people` is a list of `user_name` and `internet_address`, as the role notes_domain takes it.
    """
    servers = handshake["servers"]
    administration = next(server for server in servers.values() if server["administration_server"])
    hosts = {
        server["host_name"]: {"domino_server_name": server["server_name"], **on_one_machine(server)}
        for server in servers.values()
    }
    variables = {
        "domino_host_name": "{{ inventory_hostname }}",
        "domino_notes_domain": administration["notes_domain"],
        "domino_administration_server": administration["server_name"],
        "domino_internet_domain": internet_domain,
        "domino_people": list(people),
        # By address: the lab has no TLS, and the REST API is asked in the clear without a warning on loopback only.
        "domino_rest_url": administration["rest_url"],
        "domino_rest_username": administration["rest_username"],
        "domino_rest_password": administration["rest_password"],
        "domino_rest_scope": administration["rest_scope"],
        "send_mail_probe_domains": sorted(handshake["foreign"]),
        **on_other_ports(handshake),
    }
    return {group: {"hosts": hosts, "vars": variables}}


def on_one_machine(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a host needs because it shares a machine with others: no SSH server, folders of its own."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": server["python"],  # with the host's own resolver
        "domino_data_directory": server["data_directory"],
        "domino_program_directory": server["program_directory"],
    }


def on_other_ports(handshake: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all hosts need because ports below 1024 belong to root, and to keep runs short."""
    return {
        "domino_lookup_nameservers": [handshake["dns"]["address"]],
        "domino_lookup_port": handshake["dns"]["port"],
        "domino_smtp_port": handshake["smtp_port"],
        # A lab server answers at once, or has nothing to say; its listener reads its documents when it is told to.
        "domino_console_response_timeout": 1.5,
        "verify_mail_retries": 10,
        "verify_mail_delay": 1,
    }


def controller_environment(handshake: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment in which Python, so Ansible on the controller, asks the lab's DNS for names."""
    dns = handshake["dns"]
    return {
        "DOMINOLAB_RESOLVER": f"{dns['address']}:{dns['port']}",
        "PYTHONPATH": str(Path(__file__).with_name("sitecustomize")),
    }
