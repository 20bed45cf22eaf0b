# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates in a directory, DNS, a banner or notes.ini: each release of ansible-core shows them, none renders them.

One playbook takes each value through each entry, into a fact, a text and a message. `make matrix` runs it on all
supported releases.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.name
import pytest
import yaml

from dominolab.dns import Server, serve

from .._rest_server import rest_server
from .module_utils._smtp_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
EXECUTED = "executed-"
SECRET = "secret-of-the-controller"
FORMS = [
    "{{ lookup('ansible.builtin.pipe', 'touch %s') }}",
    "{{lookup('pipe','touch %s')}}",
    "before {{ query('pipe', 'touch %s') | first }} after",
    "{% set x = lookup('pipe', 'touch %s') %}{{ x }}",
    "{%- if lookup('pipe', 'touch %s') == '' -%}yes{%- endif -%}",
    "{{ '{{' }} lookup('pipe', 'touch %s') {{ '}}' }}",
    "{{ q('pipe', 'touch %s') }} {# {{ q('pipe', 'touch %s') }} #}",
    "{% raw %}{{ lookup('pipe', 'touch %s') }}{% endraw %}",
    '{{ (\'lookup("pipe", "touch %s")\') }}',
    "{{ lookup('env', 'SECRET') }}",
    "{{ cycler.__init__.__globals__.os.environ.SECRET }}",
    "{{ hostvars['localhost'].secret }}",
    "{{ 7 * 7 }}",
    "{{ undefined_name }}",
    "{{ lookup('pipe', 'false') }}",
    "}} {{ 1",
    "{% endraw %}{{ lookup('pipe', 'touch %s') }}",
    "#jinja2: variable_start_string:'<<', variable_end_string:'>>'",
    "<< lookup('pipe', 'touch %s') >>",
    "!unsafe {{ lookup('pipe', 'touch %s') }}",
]
VALUES = [form.replace("%s", f"{EXECUTED}{number}") for number, form in enumerate(FORMS)]
DOMAINS = [f"v{number}.example.com" for number in range(len(VALUES))]
#: Entries that have each value in them, as it was.
WHOLE = ["inventory", "texts", "documents_info", "documents", "addresses", "probed", "ini", "tasks", "page"]
WHOLE += ["canonical", "abbreviated", "common", "mail_domain", "mail_domain_allowed"]


class Unsafe(str):
    """A text that a user marks as no template, in a YAML file."""


class Dumper(yaml.SafeDumper):
    """Writes YAML with such marks."""


Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


def documents() -> list[dict[str, Any]]:
    """Return Server and Person documents with a value in each item that becomes a variable."""
    servers = [
        {
            "Form": "Server",
            "ServerName": f"CN=Mail{number}/OU={value}/O=Acme",
            "Domain": value,
            "SMTPFullHostDomain": f"mail{number}.example.com",
        }
        for number, value in enumerate(VALUES)
    ]
    people = [
        {"Form": "Person", "FullName": [f"CN=Jane{number} {value}/O=Acme"], "InternetAddress": f"{value}@example.com"}
        for number, value in enumerate(VALUES)
    ]
    return [*servers, *people]


def zone() -> list[dict[str, Any]]:
    """Return records with a value in each text, and in each name of a mail exchanger as far as a label goes."""
    texts = [
        {"name": name, "type": "TXT", "text": [f"v=spf1 {value} -all"]}
        for name, value in zip(DOMAINS, VALUES, strict=True)
    ]
    exchangers = [
        {"name": name, "type": "MX", "values": [f"10 {dns.name.Name([value.encode()[:63], b'example', b'com', b''])}"]}
        for name, value in zip(DOMAINS, VALUES, strict=True)
    ]
    return [*texts, *exchangers]


@contextmanager
def dns_server() -> Iterator[int]:
    """Run the lab's DNS server in a thread; yield its port."""
    started, stop = threading.Event(), threading.Event()
    servers: list[Server] = []

    async def run() -> None:
        servers.append(await serve({"records": zone(), "address": "127.0.0.1"}))
        started.set()
        await asyncio.to_thread(stop.wait)
        await servers[0].close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert started.wait(20)
        yield servers[0].port
    finally:
        stop.set()
        thread.join(20)


def play(folder: Path, sources: Mapping[str, Any], variables: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the playbook in a folder with an inventory of sources by file name."""
    inventory = folder / "inventory"
    inventory.mkdir()
    for name, content in sources.items():
        (inventory / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "variables.yml").write_text(yaml.dump(variables, Dumper=Dumper), encoding="utf-8")
    playbook = folder / "playbook.yml"
    playbook.write_bytes(Path(__file__).with_suffix(".yml").read_bytes())
    program = Path(sys.executable).parent / "ansible-playbook"
    return subprocess.run(
        [str(program), str(playbook), "-i", str(inventory), "-e", f"@{folder / 'variables.yml'}"],
        cwd=folder,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "SECRET": SECRET,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the playbook; return its folder and how it ended."""
    folder = tmp_path_factory.mktemp("untrusted")
    data = folder / "data"
    data.mkdir()
    lines = [f"Value{number}={value}" for number, value in enumerate(VALUES)]
    tasks = ",".join(["Replica", *(value for value in VALUES if "," not in value)])
    (data / "notes.ini").write_text("\n".join(["[Notes]", f"ServerTasks={tasks}", *lines, ""]), encoding="ascii")
    with ExitStack() as stack:
        server = stack.enter_context(rest_server(folder, documents=documents()))
        port = stack.enter_context(dns_server())
        greetings = [{"greeting": f"220 mail01.example.com {value}\r\n"} for value in VALUES]
        smtp = [stack.enter_context(ScriptedServer(script)) for script in greetings]
        account = server.arguments
        sources = {
            "acme.domino_directory.yml": {
                "plugin": "opendomino.mail.directory",
                **account,
                "compose": {"composed_value": "'Unit ' ~ domino_organizational_units[0]"},
                "keyed_groups": [{"key": "domino_notes_domain", "prefix": "notes"}],
                "strict": True,
            },
            "local.yml": {"ungrouped": {"hosts": {"localhost": {"ansible_python_interpreter": sys.executable}}}},
        }
        sources["local.yml"]["all"] = {"vars": {"ansible_connection": "local", "secret": SECRET}}
        variables = {
            "scratch": str(folder),
            "account": account,
            "people": [
                {
                    "form": "Person",
                    "match": {"user_name": Unsafe(f"CN=Jane{number} {value}/O=Acme")},
                    "settings": {"internet_address": f"jane{number}@example.com"},
                }
                for number, value in enumerate(VALUES)
            ],
            "probes": [{"host": "127.0.0.1", "port": one.port} for one in smtp],
            "variable_names": [f"Value{number}" for number in range(len(VALUES))],
            "domains": DOMAINS,
            "resolver": {"nameservers": ["127.0.0.1"], "port": port},
            "results": [
                {"host": f"h{number}", "inventory": {"server_name": Unsafe(value)}}
                for number, value in enumerate(VALUES)
            ],
        }
        done = play(folder, sources, variables)
    return folder, done


def test_nothing_is_executed(played: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = played
    assert list(folder.glob(f"**/{EXECUTED}*")) == []
    assert done.returncode == 0, done.stdout[-6000:]


def test_nothing_is_smuggled_out(played: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = played
    assert SECRET not in done.stdout
    assert SECRET not in (folder / "returned.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", WHOLE)
def test_each_value_comes_through_an_entry_as_it_is(
    played: tuple[Path, subprocess.CompletedProcess[str]], entry: str
) -> None:
    folder, _done = played
    returned = json.loads((folder / "returned.json").read_text(encoding="utf-8"))
    texts = list(_texts(returned["entries"][entry]))
    expected = [value for value in VALUES if entry != "tasks" or "," not in value]
    assert [value for value in expected if not any(value in text for text in texts)] == []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield name
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
