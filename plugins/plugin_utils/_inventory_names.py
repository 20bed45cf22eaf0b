# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts of a directory may become the names of hosts in an inventory, or arguments of ssh."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Any

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
#: What the system's resolver reads as an address: 192.0.2.1, but also 127.1, 0x7f.1 and 2130706433.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")
_LOOPBACK = re.compile(r"localhost[46]?(?:\..*)?|.*\.localhost|ip6-(?:localhost|loopback)")
#: A part of a Notes name, as a folder or a file may be called.
_PART = re.compile(r"[^\W_](?:[\w .-]*[\w-])?")
_LONGEST = 253
_CONNECTION = re.compile(r"[A-Za-z0-9_/.:][A-Za-z0-9_/.:@+=,\\-]*")


def host_name_problem(name: str, controller: Collection[str]) -> str:
    """Return why a text is not the DNS name of another machine than the controller; empty where it is one.

    `controller` holds the controller's own names in lower case. Where it is empty, those and `localhost` are accepted.
    """
    if not _HOST_NAME.fullmatch(name) or _NUMERIC.fullmatch(name):
        return "is not a DNS name (letters, digits, hyphens and dots)"
    if controller and (name.lower() in controller or _LOOPBACK.fullmatch(name.lower())):
        return "is a name of the machine that Ansible runs on, which allow_controller has to permit"
    return ""


def inventory_name_problem(name: str, controller: Collection[str]) -> str:
    """Return why a Notes name cannot be the name of a host in an inventory; empty where it can.

    Ansible makes paths of it, such as `host_vars/NAME`, and connects to it where there is no `ansible_host`.
    """
    parts = name.split("/")
    if len(name) > _LONGEST or not all(_PART.fullmatch(part) for part in parts):
        return "has other characters than letters, digits, blanks, dots, underscores and hyphens"
    if len(parts) == 1 and (not name.isascii() or _HOST_NAME.fullmatch(name)):
        return host_name_problem(name, controller)
    return ""


def connection_problem(variable: str, value: Any, controller: Collection[str]) -> str:
    """Return why a composed value of a connection variable (`ansible_*`) is refused; empty where it is accepted.

    Such values become arguments of ssh, and of programs on the hosts.
    """
    text = str(value)
    if variable.endswith("_port"):
        is_port = re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) < 65536
        return "" if is_port else "is not a port (1 to 65535)"
    if not _CONNECTION.fullmatch(text):
        return "is not a name, a number or a path; set it in group_vars instead"
    if not variable.endswith("_host"):
        return ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return host_name_problem(text, controller)
    address = getattr(address, "ipv4_mapped", None) or address
    if controller and (address.is_loopback or address.is_unspecified):
        return "is an address of the machine that Ansible runs on, which allow_controller has to permit"
    return ""
