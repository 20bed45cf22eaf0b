# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as a user runs it: `ansible-inventory` on a file, the lab's REST API behind it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ..._rest_server import PASSWORD, RestServer, rest_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[4]
DOCUMENTS = [
    {
        "Form": "Server",
        "ServerName": "CN=Mail01/OU=East/O=Acme",
        "Domain": "ACME",
        "SMTPFullHostDomain": "mail01.example.com",
        "SMTPListenerEnabled": "1",
    },
    {"Form": "Server", "ServerName": "CN=Hub/O=Acme", "Domain": "ACME", "SMTPListenerEnabled": "0"},
    {"Form": "Person", "FullName": ["CN=Jane Doe/O=Acme"], "ShortName": ["jdoe"]},
]
GROUPS = {
    "servers": ["*/Acme"],
    "administration_server": "Hub/Acme",
    "keyed_groups": [{"key": "domino_organizational_units", "prefix": "unit"}],
    "groups": {
        "listeners": "domino_server_settings.smtp_listener_task == 'enabled'",
        "administration": "domino_is_administration_server",
    },
    "compose": {"short": "domino_server_name.split('/')[0]"},
    "strict": True,
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestServer]:
    with rest_server(tmp_path, documents=DOCUMENTS) as running:
        yield running


def run_ansible(
    program: str, source: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible on an inventory source, in the folder of that source."""
    return subprocess.run(
        [str(Path(sys.executable).parent / program), "-i", str(source), *arguments],
        cwd=source.parent,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(source.parent / "home"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            **(variables or {}),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class Source:
    """An inventory source beside a server."""

    def __init__(self, directory: Path, server: RestServer, name: str = "acme.domino_directory.yml") -> None:
        self.path = directory / name
        self.account = server.arguments

    def run(
        self, *, without: tuple[str, ...] = (), variables: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run `ansible-inventory --list` at the highest verbosity."""
        account = {name: value for name, value in self.account.items() if name not in without}
        content = {"plugin": "opendomino.mail.directory", **account, **options}
        self.path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return run_ansible("ansible-inventory", self.path, "--list", "-vvvv", variables=variables)

    def hosts(self, **options: Any) -> dict[str, Any]:
        """Return the inventory; no secret was printed."""
        done = self.run(**options)
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        output = done.stdout[done.stdout.index("\n{") :]
        inventory: dict[str, Any] = json.loads(output, object_hook=_plain)
        return inventory


def _plain(value: dict[str, Any]) -> Any:
    """Return a text for what newer releases of ansible-core mark as one that is no template."""
    return value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else value


def test_servers_become_hosts_with_the_variables_of_the_roles(tmp_path: Path, server: RestServer) -> None:
    inventory = Source(tmp_path, server).hosts(**GROUPS)
    variables = inventory["_meta"]["hostvars"]
    assert sorted(inventory["domino"]["hosts"]) == ["Hub", "mail01.example.com"]
    mail01 = variables["mail01.example.com"]
    assert mail01["domino_server_name"] == "Mail01/East/Acme"
    assert mail01["domino_host_name"] == "mail01.example.com"
    assert mail01["domino_administration_server"] == "Hub/Acme"
    assert mail01["domino_rest_url"] == server.url
    assert mail01["domino_rest_scope"] == "dominodirectory"
    assert mail01["short"] == "Mail01"
    assert "domino_host_name" not in variables["Hub"]
    assert inventory["unit_East"]["hosts"] == ["mail01.example.com"]
    assert inventory["listeners"]["hosts"] == ["mail01.example.com"]
    assert inventory["administration"]["hosts"] == ["Hub"]
    assert server.said == ["POST auth", "POST query"]


def test_a_kept_inventory_asks_nobody_and_holds_no_secret(tmp_path: Path, server: RestServer) -> None:
    kept = tmp_path / "kept"
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(kept)}
    source = Source(tmp_path, server)
    first = source.hosts(**GROUPS, **cache)
    asked = len(server.asked)
    assert source.hosts(**GROUPS, **cache) == first
    assert len(server.asked) == asked
    texts = [path.read_text(encoding="utf-8") for path in kept.iterdir()]
    assert len(texts) == 1
    assert PASSWORD not in texts[0]
    assert "bearer" not in texts[0].lower()


def test_the_password_may_come_from_the_environment_or_a_template(tmp_path: Path, server: RestServer) -> None:
    source = Source(tmp_path, server)
    environment = {"DOMINO_REST_PASSWORD": PASSWORD, "OTHER": PASSWORD}
    for options in ({"without": ("password",)}, {"password": "{{ lookup('ansible.builtin.env', 'OTHER') }}"}):
        inventory = source.hosts(variables=environment, **options)
        assert len(inventory["domino"]["hosts"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"password": "wrong"}, "Check user name and Internet password"),
        ({"scope": "nowhere"}, "nowhere"),
        ({"url": "ftp://mail01.example.com"}, "is not the URL of a Domino REST API"),
        ({"url": "http://127.0.0.1:9"}, "nothing listens there"),
        ({"hostnames": ["nickname"]}, "nickname"),
        ({"catalogue": [{"form": "Server", "setting": "x"}]}, "Site catalogue, row 1 of 1"),
        ({"groups": {"wrong": "no_such_variable"}, "strict": True}, "no_such_variable"),
    ],
    ids=["password", "scope", "URL", "nobody there", "name", "catalogue", "group"],
)
def test_what_is_wrong_is_said(tmp_path: Path, server: RestServer, options: dict[str, Any], message: str) -> None:
    done = Source(tmp_path, server).run(**options)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.split())
    assert PASSWORD not in done.stdout + done.stderr


def test_a_file_of_another_name_is_not_for_this_plugin(tmp_path: Path, server: RestServer) -> None:
    done = Source(tmp_path, server, "acme.yml").run()
    assert done.returncode != 0
    assert server.asked == []


HOSTILE = [
    {"Form": "Server", "ServerName": f"CN=Bad{number}/O=Acme", "Domain": "ACME", "SMTPFullHostDomain": name}
    for number, name in enumerate(
        ["-oproxycommand=touch executed", "../../../x", "localhost", "mail09.example.com\nx", "127.0.0.1", "0x7f.1"]
    )
]


def test_a_server_is_no_host_under_a_name_that_is_an_option_a_path_or_the_controller(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[*DOCUMENTS, *HOSTILE]) as server:
        unids = [server.unid(number) for number in range(len(DOCUMENTS), len(DOCUMENTS) + len(HOSTILE))]
        source = Source(tmp_path, server)
        for naming in ("host_name", "common_name", "server_name"):
            done = source.run(hostnames=[naming])
            assert done.returncode == 0, done.stderr
            inventory = json.loads(done.stdout[done.stdout.index("\n{") :], object_hook=_plain)
            assert len(inventory["domino"]["hosts"]) == 2
            warnings = " ".join(done.stderr.split())
            for unid in unids:
                assert f"The Server document {unid} of" in warnings
        strict = source.run(strict=True)
        assert strict.returncode != 0
        assert unids[0] in " ".join(strict.stderr.split())
        assert "localhost" in source.hosts(allow_controller=True)["domino"]["hosts"]


def test_ssh_is_not_started_for_a_server_whose_name_is_an_option(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=[HOSTILE[0]]) as server:
        source = Source(tmp_path, server)
        source.hosts()
        done = run_ansible("ansible", source.path, "domino", "-m", "ansible.builtin.raw", "-a", ":")
    assert "UNREACHABLE" not in done.stdout
    assert not list(tmp_path.glob("**/executed"))


@pytest.mark.parametrize(
    "composed",
    [
        {"ansible_host": "domino_organizational_units[0]"},
        {"ansible_user": "domino_organizational_units[0]"},
        {"ansible_port": "domino_organizational_units[0]"},
        {"ansible_ssh_common_args": "'-J ' ~ domino_organization"},
    ],
    ids=lambda composed: next(iter(composed)),
)
def test_compose_gives_a_host_no_option_of_ssh(tmp_path: Path, composed: dict[str, str]) -> None:
    name = "CN=Mail01/OU=-oProxyCommand=touch executed/O=Acme"
    documents = [{"Form": "Server", "ServerName": name, "SMTPFullHostDomain": "mail01.example.com"}]
    with rest_server(tmp_path, documents=documents) as server:
        source = Source(tmp_path, server)
        done = source.run(compose=composed)
        assert done.returncode == 0, done.stderr
        assert "mail01.example.com" not in done.stdout[done.stdout.index("\n{") :]
        assert f"compose gives it {next(iter(composed))}" in " ".join(done.stderr.split())
        assert source.run(compose=composed, strict=True).returncode != 0


def test_a_group_of_a_directory_has_a_name_without_a_path_or_a_pattern(tmp_path: Path) -> None:
    units = ["..", "a:!b", "{{ 7 * 7 }}", "x,y", "-i", "all[0]"]
    documents = [
        {
            "Form": "Server",
            "ServerName": f"CN=Mail{number}/OU=East/O=Acme",
            "Domain": unit,
            "SMTPFullHostDomain": f"mail{number}.example.com",
        }
        for number, unit in enumerate(units)
    ]
    with rest_server(tmp_path, documents=documents) as server:
        inventory = Source(tmp_path, server).hosts(
            keyed_groups=[{"key": "domino_notes_domain", "prefix": "notes"}], strict=True
        )
    groups = set(inventory) - {"_meta", "all", "domino"}
    assert len(groups) == len(units)
    assert all(re.fullmatch(r"notes_\w+", group) for group in groups)
