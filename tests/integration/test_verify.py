# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each detection of verify_mail, provoked in a lab: one thing is changed, and just that is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from aiosmtpd.controller import Controller
from playbook import ROOT

from ansible_collections.opendomino.mail.plugins.filter.mail_findings import mail_findings
from ansible_collections.opendomino.mail.tests.integration.conftest import TOPOLOGY, Site, start
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = yaml.safe_load(Path(__file__).with_name("verify.yml").read_text(encoding="utf-8"))
HOST = "mail01.example.com"
SITE_ITEMS = {
    "LabRelayHost": {"setting": "relay_host"},
    "LabEnforcement": {"setting": "relay_enforcement", "values": {"none": "0", "external_hosts": "1"}},
    "LabSmartHost": {"setting": "smart_host"},
    "LabCheck": {"setting": "verify_local_recipients", "values": {"enabled": "1", "disabled": "0"}},
}
CATALOGUE = [{"form": "ServerConfig", "item": item, **row} for item, row in SITE_ITEMS.items()]


@dataclass
class Verification:
    """Gathers the facts as the role does, without a playbook."""

    site: Site

    @property
    def server(self) -> dict[str, Any]:
        """Return the lab's own knowledge of the host."""
        return dict(self.site.server(HOST))

    def directory(self, module: str, **options: Any) -> dict[str, Any]:
        """Run a module for the directory on the administration server."""
        server = self.server
        account = {key: server[f"rest_{key}"] for key in ("url", "username", "password", "scope")}
        result = run_module(module, {**account, **options})
        assert not result["failed"], result
        return result

    def facts(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return what a run would gather."""
        server, port = self.server, self.site.handshake["smtp_port"]
        directories = {key: server[key] for key in ("data_directory", "program_directory")}
        names = ["ServerTasks", "SMTPErrorLimit", "SMTPGreeting"]
        selections = [{"form": form} for form in ("Server", "ServerConfig", "Domain", "SMTPInboundSite")]
        probe = {
            "host": server["address"],
            "port": port,
            "expect_banner_host": server["host_name"],
            "recipients_accepted": ["postmaster@example.com"],
            "tls": "starttls",
            "relay_test": True,
        }
        with ThreadPoolExecutor() as pool:
            ini = pool.submit(
                run_module, "notes_ini_info", {"data_directory": server["data_directory"], "names": names}
            )
            tasks = pool.submit(run_module, "console", {**directories, "commands": ["Show Tasks"], "changes": False})
            documents = pool.submit(
                self.directory, "directory_documents_info", documents=selections, catalogue=CATALOGUE
            )
            probes = pool.submit(run_module, "smtp_probe", {"probes": [probe], "fail": False})
        found = documents.result()["documents"]
        outbound = [{"host": host, "port": port} for d in found for host in [d["settings"].get("relay_host")] if host]
        return {
            "server_name": server["server_name"],
            "host_name": server["host_name"],
            "notes_domain": server["notes_domain"],
            "internet_domain": "example.com",
            "port": port,
            "running": ini.result()["running"],
            "notes_ini": ini.result()["variables"],
            "tasks": tasks.result()["responses"][0]["response"],
            "documents": found,
            "catalogue": CATALOGUE,
            "probes": probes.result()["probes"],
            "outbound_probes": outbound and run_module("smtp_probe", {"probes": outbound, "fail": False})["probes"],
            "dns": self.audit(case["dns"]) if "dns" in case else self.peace,
            **case.get("facts", {}),
        }

    @cached_property
    def peace(self) -> list[Any]:
        """Return what DNS says, which no case changes."""
        hosts = [{"name": self.server["host_name"], "addresses": [self.server["address"]]}]
        return self.audit({"domain": "example.com", "hosts": hosts})

    def audit(self, domain: dict[str, Any]) -> list[Any]:
        """Return what the lookup mail_domain says."""
        dns = self.site.handshake["dns"]
        options = {"nameservers": [dns["address"]], "port": dns["port"], "cache": False}
        lookup = ROOT / "tests" / "unit" / "plugins" / "lookup" / "run_lookup.py"
        done = subprocess.run(
            [sys.executable, str(lookup), str(ROOT / ".collections"), "opendomino.mail.mail_domain"],
            input=json.dumps([{"terms": [domain], "options": options}]),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible")},
        )
        assert done.returncode == 0, done.stderr
        (outcome,) = json.loads(done.stdout)
        return list(outcome["result"])

    def tell(self, commands: list[str]) -> None:
        """Send console commands; the lab has carried them out when it answers."""
        for command in commands:
            self.site.lab.ask(HOST, {"command": command})

    @contextmanager
    def changed(self, case: dict[str, Any]) -> Iterator[None]:
        """Change what a case says, and bring it back."""
        undo: list[Any] = []
        if "documents" in case:
            undo = self.directory("directory_documents", documents=case["documents"])["undo"]
        self.tell(case.get("console", []))
        try:
            with ExitStack() as stack:
                if "port" in case:
                    stack.enter_context(other_program(self.server["address"], self.site.handshake["smtp_port"]))
                yield
        finally:
            if undo:
                self.directory("directory_documents", undo=undo)
            self.tell(case.get("back", []))


class NotDomino:
    """Takes no mail."""

    async def handle_RCPT(self, *_arguments: object) -> str:  # noqa: N802 - aiosmtpd finds it by this name
        """Refuse everybody."""
        return "550 no"


@contextmanager
def other_program(address: str, port: int) -> Iterator[None]:
    """Listen where the listener should."""
    controller = Controller(NotDomino(), address, port, server_hostname="squatter.example.net")
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def verification(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verification]:
    """Yield a lab in which the site playbook has done its work."""
    directory = tmp_path_factory.mktemp("verify")
    topology = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    topology["design"] = {"ServerConfig": {"add": {item: {"type": "text"} for item in SITE_ITEMS}}}
    topology["dns"]["zones"] = ["broken.test"]
    topology["dns"]["records"] += [
        {"name": "broken.test", "type": "MX", "values": ["10 alias.broken.test."]},
        {"name": "alias.broken.test", "type": "CNAME", "values": ["mail01.example.com."]},
    ]
    path = directory / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    site = start(directory / "lab", path)
    try:
        run = site.run("opendomino.mail.site", "--limit", HOST)
        assert run.returncode == 0, run.output
        verification = Verification(site)
        verification.tell(["Restart Server"])  # for the Global Domain document
        yield verification
    finally:
        site.lab.down()


@pytest.fixture(scope="module")
def at_peace(verification: Verification) -> set[str]:
    """Return what is found where nothing is wrong: what the lab cannot do, and what is no more than news."""
    findings = mail_findings(verification.facts({}))["findings"]
    assert {finding["severity"] for finding in findings} <= {"recommended", "info"}, findings
    return {finding["id"] for finding in findings}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_detection(case: dict[str, Any], verification: Verification, at_peace: set[str]) -> None:
    with verification.changed(case):
        result = mail_findings(verification.facts(case))
    found = {finding["id"] for finding in result["findings"]}
    if "dns" in case:
        found -= {"dmarc_missing"}
    assert found - at_peace == set(case["findings"]), result["findings"]
    assert at_peace - found == set(case.get("gone", [])), result["findings"]


def test_the_lab_is_as_it_was(verification: Verification, at_peace: set[str]) -> None:
    assert {finding["id"] for finding in mail_findings(verification.facts({}))["findings"]} == at_peace


@pytest.mark.parametrize(
    ("rollback", "deletion"),
    [(False, True), (True, True), (False, False)],
    ids=["as it comes", "with rollback on failure", "where what was made cannot be removed"],
)
def test_a_role_that_opens_a_relay_closes_the_listener_again(rollback: bool, deletion: bool, tmp_path: Path) -> None:
    # The probe comes from a host of the server's own Internet domain, which Domino lets relay.
    topology = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    topology["dns"]["records"].append(
        {"name": "1.0.0.127.in-addr.arpa", "type": "PTR", "values": ["admin.example.com."]}
    )
    topology["rest"] = {"allow_deletion": deletion}
    path = tmp_path / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    site = start(tmp_path / "lab", path)
    try:
        before = (site.notes_ini(HOST), [document["items"] for document in site.lab.documents(HOST, None)])
        run = site.run(
            "opendomino.mail.receive_mail",
            "--limit",
            HOST,
            domino_rollback_on_failure=rollback,
            verify_mail_fail_on=[],
        )
        tasks = site.lab.ask(HOST, {"command": "Show Tasks"})["lines"]
        after = (site.notes_ini(HOST), [document["items"] for document in site.lab.documents(HOST, None)])
    finally:
        site.lab.down()
    assert run.returncode != 0, run.output
    assert not any("SMTP Server" in line for line in tasks)
    if deletion:
        assert "open relay" in run.failures()[-1].msg
        assert "brought back" in run.failures()[-1].msg
        assert after == before
    else:
        assert "Domain document" in run.failures()[-1].msg
        assert after[0] == before[0]
