# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin as a user runs it: `ansible-inventory` on a file, the lab's REST API behind it."""

from __future__ import annotations

import json
import os
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
        return subprocess.run(
            [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(self.path), "--list", "-vvvv"],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
                "ANSIBLE_HOME": str(self.path.parent / "home"),
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
                **(variables or {}),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

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
