# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that must not become the name of a host, a path or an argument of ssh."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.plugin_utils._inventory_names import (
    connection_problem,
    host_name_problem,
    inventory_name_problem,
)

CONTROLLER = frozenset({"localhost", "controller.example.com"})
HOSTILE_HOST_NAMES = [
    *("-oproxycommand=touch /tmp/x", "-oProxyCommand=id", "-", "--", "-x.example.com", "mail01-.example.com"),
    *("../../../x", "/etc/passwd", "a/b", "..", ".", "a..b", ".example.com", "mail01.example.com."),
    *(
        "mail01.example.com\n",
        "mail01\nmail02",
        "mail01\r",
        "mail01\0",
        "mail01\x1b[31m",
        "mail01\u2028x",
        " mail01",
        "a b",
    ),
    *(
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "::1",
        "[::1]",
        "192.0.2.1",
        "fe80::1%lo",
    ),
    *("localhost", "LocalHost", "localhost.localdomain", "x.localhost", "localhost6", "ip6-loopback"),
    *("controller.example.com", "CONTROLLER.example.com"),
    *(
        "a" * 64,
        ".".join(["a" * 63] * 4),
        "mail_01.example.com",
        "m\u00fcller.example.com",
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    ),
    *(
        "$(id)",
        "`id`",
        "a;id",
        "a|id",
        "a&b",
        "user@host",
        "host:22",
        "ssh://host",
        "*",
        "all:!x",
        "{{ x }}",
        "%h",
        "~root",
    ),
]
HOST_NAMES = [
    "mail01.example.com",
    "MAIL01.Example.COM",
    "mail01",
    "1a.example.com",
    "xn--mller-kva.example.com",
    "a-b.c-d",
]
NOTES_NAMES = ["Mail01", "Mail01/Acme", "Mail 01/East Coast/Acme/US", "Mail_01/Acme", "Mail01/M\u00fcller"]
HOSTILE_NOTES_NAMES = [
    *("../../../x", "/x", "x/", "x//y", "x/../y", "x/./y", "./x", ".x/Acme", "-x/Acme", "Mail01/-o", "~/x", ""),
    *("x\n", "x\0/y", "x/\x1b", "x\u202e/Acme", "x\\y", "x:y", "x,y", "x;y", "[x]", "!x", "&x", "*", "{{ x }}/Acme"),
    *("localhost", "127.0.0.1", "2130706433", "m\u00fcller", "a" * 254, "x /y", "x./y"),
]


@pytest.mark.parametrize("name", HOSTILE_HOST_NAMES)
def test_a_text_that_is_no_name_of_another_machine_is_no_host_name(name: str) -> None:
    assert host_name_problem(name, CONTROLLER)
    for variable in ("ansible_host", "ansible_ssh_host"):
        is_address = _is_address(name) and not ipaddress.ip_address(name).is_loopback
        is_address = is_address and "%" not in name
        assert bool(connection_problem(variable, name, CONTROLLER)) is not is_address


@pytest.mark.parametrize("name", HOST_NAMES)
def test_dns_names_are_host_names(name: str) -> None:
    assert host_name_problem(name, CONTROLLER) == ""
    assert inventory_name_problem(name, CONTROLLER) == ""
    assert connection_problem("ansible_host", name, CONTROLLER) == ""


@pytest.mark.parametrize("name", ["localhost", "controller.example.com", "x.localhost"])
def test_the_controller_is_a_host_where_the_inventory_file_says_so(name: str) -> None:
    for problem in (host_name_problem, inventory_name_problem):
        assert "allow_controller" in problem(name, CONTROLLER)
        assert problem(name, ()) == ""
    assert "allow_controller" in connection_problem("ansible_host", "127.0.0.1", CONTROLLER)
    assert connection_problem("ansible_host", "127.0.0.1", ()) == ""


@pytest.mark.parametrize("name", HOSTILE_NOTES_NAMES)
def test_a_notes_name_that_is_a_path_or_an_option_is_no_inventory_name(name: str) -> None:
    assert inventory_name_problem(name, CONTROLLER)


@pytest.mark.parametrize("name", NOTES_NAMES)
def test_notes_names_are_inventory_names(name: str) -> None:
    assert inventory_name_problem(name, CONTROLLER) == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ansible_user", "-oProxyCommand=id"),
        ("ansible_user", "a b"),
        ("ansible_user", ""),
        ("ansible_user", "a\n"),
        ("ansible_port", "22 -oProxyCommand=id"),
        ("ansible_port", 0),
        ("ansible_port", 65536),
        ("ansible_port", "-1"),
        ("ansible_port", "\u0662\u0662"),
        ("ansible_port", True),
        ("ansible_ssh_common_args", "-oProxyCommand=id"),
        ("ansible_ssh_executable", "sh -c id"),
        ("ansible_python_interpreter", "/bin/sh -c 'id'"),
        ("ansible_become_user", "$(id)"),
        ("ansible_become_exe", "sudo;id"),
        ("ansible_shell_executable", "`id`"),
        ("ansible_host", "::ffff:127.0.0.1"),
        ("ansible_host", "0.0.0.0"),  # noqa: S104 - nothing is bound
        ("ansible_host", "::"),
        ("ansible_host", ["mail01"]),
    ],
)
def test_a_composed_connection_variable_is_no_option_and_no_command(variable: str, value: object) -> None:
    assert connection_problem(variable, value, CONTROLLER)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ansible_user", "notes"),
        ("ansible_user", "ACME\\notes"),
        ("ansible_port", 22),
        ("ansible_port", "2222"),
        ("ansible_connection", "local"),
        ("ansible_become", True),
        ("ansible_python_interpreter", "/usr/bin/python3.11"),
        ("ansible_host", "192.0.2.11"),
        ("ansible_host", "2001:db8::11"),
    ],
)
def test_names_numbers_and_paths_are_composed(variable: str, value: object) -> None:
    assert connection_problem(variable, value, CONTROLLER) == ""


@given(st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("./-%@:\n")))
@example("localhost\n")
def test_what_is_accepted_is_one_argument_and_a_path_inside_of_a_folder(text: str) -> None:
    for problem in (host_name_problem, inventory_name_problem):
        if problem(text, CONTROLLER):
            continue
        path = PurePosixPath("host_vars", text)
        assert path.parts[0] == "host_vars"
        assert not {"..", "."} & set(text.split("/"))
        assert text.isprintable()
        assert text[0].isalnum()
        assert not _is_address(text)


def _is_address(text: str) -> bool:
    """Return whether the system reads a text as an address, without asking anybody."""
    try:
        socket.getaddrinfo(text, None, flags=socket.AI_NUMERICHOST)
        ipaddress.ip_address(text)
    except (OSError, ValueError, UnicodeError):
        return False
    return True
