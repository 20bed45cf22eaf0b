# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on hosts whose directory, DNS, notes.ini and banner are full of templates: none is rendered.

`make matrix` runs it on all supported releases of ansible-core.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from ansible_collections.opendomino.mail.tests.integration.conftest import TOPOLOGY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Site

PLAYBOOKS = ("review", "site", "verify", "internet_addresses", "record")


def test_no_playbook_renders_what_comes_from_outside(site_of: Callable[[Path, Path], Site], tmp_path: Path) -> None:
    def template(name: str) -> str:
        return "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path / f"executed-{name}") + "') }}"

    site = site_of(tmp_path / "lab", _topology(tmp_path / "topology.yml", template))
    outputs = []
    for name in PLAYBOOKS:
        folder = tmp_path / name
        folder.mkdir()
        options: dict[str, Any] = {f"{name}_directory": str(folder), "internet_addresses_directory": str(folder)}
        run = site.run(f"opendomino.mail.{name}", *(["--check"] if name == "internet_addresses" else []), **options)
        outputs.append(run.output)
        assert not list(tmp_path.glob("executed-*")), run.output
        assert run.results, run.output
    # It has been seen: what is on the page is the template itself.
    page = json.loads((tmp_path / "verify" / "review.json").read_text(encoding="ascii"))
    shown = json.dumps(page) + "".join(outputs)
    for name in ("greeting", "spf", "dmarc"):
        assert f"executed-{name}" in shown, name


def _topology(path: Path, template: Callable[[str], str]) -> Path:
    """Write the demo's topology with a template wherever somebody else can write."""
    topology = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    domain = topology["notes_domains"][0]
    topology["notes_ini"] = {"SMTPGreeting": f"mail01.example.com {template('greeting')}", "Extra": template("ini")}
    for server in domain["servers"]:
        server["server_document"] = {"Location": template("location"), "Comments": template("comment")}
    domain["documents"] = [
        {"Form": "ServerConfig", "ServerName": "*", "Comments": template("configuration")},
        {
            "Form": "Person",
            "FullName": [f"CN=Pat {template('name')}/O=Acme"],
            "LastName": template("last"),
            "ShortName": [template("short")],
            "InternetAddress": f"{template('address')}@example.com",
        },
    ]
    for record in topology["dns"]["records"]:
        if record["type"] == "TXT":
            name = "dmarc" if record["name"].startswith("_dmarc") else "spf"
            version = "v=DMARC1; p=reject; rua=" if name == "dmarc" else "v=spf1 "
            record.pop("values")
            record["text"] = [f"{version}{template(name)}"]
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    return path
