# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible inventory of a running lab: the only thing that differs from an inventory of real hosts."""

from __future__ import annotations

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
        name: {
            "ansible_host": server["address"],
            "ansible_connection": "local",
            "ansible_python_interpreter": server["python"],
            "domino_server_name": server["server_name"],
            "domino_host_name": server["host_name"],
            "domino_addresses": [server["address"]],
            "domino_data_directory": server["data_directory"],
            "domino_program_directory": server["program_directory"],
        }
        for name, server in servers.items()
    }
    variables = {
        "domino_notes_domain": administration["notes_domain"],
        "domino_administration_server": administration["server_name"],
        "domino_internet_domain": internet_domain,
        "domino_people": list(people),
        "domino_rest_url": administration["rest_url"],
        "domino_rest_username": administration["rest_username"],
        "domino_rest_password": administration["rest_password"],
        "domino_rest_scope": administration["rest_scope"],
        "domino_lookup_nameservers": [handshake["dns"]["address"]],
        "domino_lookup_port": handshake["dns"]["port"],
        "domino_smtp_port": handshake["smtp_port"],
        "send_mail_probe_domains": sorted(handshake["foreign"]),
        # A lab server answers at once, or has nothing to say; its listener reads its documents when it is told to.
        "domino_console_response_timeout": 1.5,
        "verify_mail_retries": 10,
        "verify_mail_delay": 1,
    }
    return {group: {"hosts": hosts, "vars": variables}}
