# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An open relay is never left, and never left untested, however a run ends.

The probe comes from 127.0.0.1, whose name is in the server's own Internet domain here; Domino lets such hosts relay, so
every listener that these runs open is an open relay.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from certificates import issue
from playbook import ROOT, run_playbook

from ansible_collections.opendomino.mail.tests.unit.plugins.module_utils._smtp_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site

TOPOLOGY = ROOT / "tests" / "demo" / "topology.yml"
ADMINISTRATION, OTHER = "mail01.example.com", "mail02.example.com"
NEVER_PULLED = {"domino_pull_until": "never said", "domino_pull_timeout": 1}
QUICK = {"verify_mail_retries": 1, "verify_mail_delay": 0}


@pytest.fixture
def relay(site_of: Callable[[Path, Path], Site], tmp_path: Path) -> Site:
    """Return a fresh lab whose listeners relay for the probing host."""
    topology = yaml.safe_load(TOPOLOGY.read_text(encoding="utf-8"))
    topology["dns"]["records"].append(
        {"name": "1.0.0.127.in-addr.arpa", "type": "PTR", "values": ["admin.example.com."]}
    )
    path = tmp_path / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    return site_of(tmp_path / "lab", path)


def listens(site: Site, host: str) -> bool:
    """Return whether a host's console lists the SMTP listener."""
    return any("SMTP Server" in line for line in site.lab.ask(host, {"command": "Show Tasks"})["lines"])


def pending(site: Site, host: str) -> list[str]:
    """Return what the marker of a host names."""
    marker = Path(site.server(host)["data_directory"]) / ".opendomino-mail-pending"
    return marker.read_text("ascii").split() if marker.exists() else []


def assert_found_and_closed(site: Site, host: str, **extra: Any) -> None:
    """Run once more; expect that the open relay is found and its listener closed."""
    run = site.run("opendomino.mail.receive_mail", "--limit", host, **QUICK, **extra)
    assert run.returncode != 0, run.output
    assert "is an open relay" in run.failures()[-1].msg
    assert "The SMTP listener is closed" in run.failures()[-1].msg
    assert not listens(site, host)
    assert "relay_test" in pending(site, host)


def test_an_unreachable_probe_host_closes_the_listener_and_the_next_run_tests(relay: Site) -> None:
    unreachable = {"verify_mail_probe_from": "probe.invalid"}
    run = relay.run("opendomino.mail.receive_mail", "--limit", ADMINISTRATION, **QUICK, **unreachable)
    assert run.returncode != 0, run.output
    message = run.failures()[-1].msg
    assert "could not be tested for an open relay" in message
    assert "verify_mail_probe_from" in message
    assert not listens(relay, ADMINISTRATION)
    assert pending(relay, ADMINISTRATION) == ["relay_test"]
    assert_found_and_closed(relay, ADMINISTRATION)
    # What is open stays closed in each further run, until it is mended.
    assert_found_and_closed(relay, ADMINISTRATION)


def test_a_run_that_ends_before_the_reload_leaves_the_test_to_the_next(relay: Site) -> None:
    run = relay.run("opendomino.mail.receive_mail", "--limit", OTHER, **QUICK, **NEVER_PULLED)
    assert run.returncode != 0, run.output
    assert not listens(relay, OTHER)
    assert pending(relay, OTHER) == ["reload", "relay_test"]
    assert_found_and_closed(relay, OTHER)


def test_a_server_that_was_stopped_is_tested_when_it_runs(relay: Site) -> None:
    relay.lab.stop(ADMINISTRATION)
    relay.lab.start(ADMINISTRATION)
    relay.lab.stop(OTHER)
    run = relay.run("opendomino.mail.receive_mail", "--limit", OTHER, **QUICK)
    assert run.returncode == 0, run.output
    assert "relay_test" in pending(relay, OTHER)
    still_stopped = relay.run("opendomino.mail.receive_mail", "--limit", OTHER, **QUICK)
    assert still_stopped.changed_tasks() == {OTHER: 0}
    relay.lab.start(OTHER)
    assert listens(relay, OTHER)
    assert_found_and_closed(relay, OTHER)


def test_a_run_that_was_killed_during_the_test_leaves_it_to_the_next(relay: Site) -> None:
    unseen = relay.run("opendomino.mail.receive_mail", "--limit", ADMINISTRATION, **QUICK, verify_mail_relay_test=False)
    assert unseen.returncode == 0, unseen.output
    assert listens(relay, ADMINISTRATION)
    assert pending(relay, ADMINISTRATION) == []
    marker = Path(relay.server(ADMINISTRATION)["data_directory"]) / ".opendomino-mail-pending"
    marker.write_text("relay_test\n", encoding="ascii")
    assert_found_and_closed(relay, ADMINISTRATION)


def test_verification_tells_that_a_test_is_pending(site: Site) -> None:
    assert site.run("opendomino.mail.site").returncode == 0
    marker = Path(site.server(ADMINISTRATION)["data_directory"]) / ".opendomino-mail-pending"
    marker.write_text("relay_test\n", encoding="ascii")
    run = site.run("opendomino.mail.verify", "--limit", ADMINISTRATION)
    assert run.returncode != 0, run.output
    assert "relay_test pending" in run.failures()[-1].msg
    healed = site.run("opendomino.mail.receive_mail", "--limit", ADMINISTRATION)
    assert healed.returncode == 0, healed.output
    assert pending(site, ADMINISTRATION) == []
    assert site.run("opendomino.mail.verify", "--limit", ADMINISTRATION).returncode == 0


def test_an_undecided_test_is_told_and_fails_where_the_user_says_so(site: Site) -> None:
    """The listener accepts every local part of its domain unseen, so that hidden addresses are undecided."""
    before = site.notes_ini(ADMINISTRATION)
    strict = site.run(
        "opendomino.mail.receive_mail", "--limit", ADMINISTRATION, **QUICK, receive_mail_relay_undecided="fail"
    )
    assert strict.returncode != 0, strict.output
    assert "the open-relay test is undecided" in strict.failures()[-1].msg
    assert "brought back" in strict.failures()[-1].msg
    assert site.notes_ini(ADMINISTRATION) == before
    assert not listens(site, ADMINISTRATION)
    run = site.run("opendomino.mail.receive_mail", "--limit", ADMINISTRATION, **QUICK)
    assert run.returncode == 0, run.output
    warnings = [result.msg for result in run.results if result.task.endswith("Warn of an undecided open-relay test")]
    assert "WARNING" in str(warnings)
    assert "with a foreign address in the local part" in str(warnings)
    assert listens(site, ADMINISTRATION)
    assert pending(site, ADMINISTRATION) == []


def test_an_open_relay_that_wants_tls_is_found(tmp_path: Path) -> None:
    name = "mail01.example.com"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue(name, [name], issue("Root", authority=True)).write(tmp_path, "server"))

    def only_under_tls(commands: list[str]) -> str | None:
        # The commands are those since the greeting or the handshake.
        first = "STARTTLS" not in server.commands[-len(commands) - 1 :]
        return "530 Must issue a STARTTLS command first\r\n" if first and commands[-1].startswith("MAIL") else None

    script = {
        "EHLO": f"250-{name}\r\n250 STARTTLS\r\n",
        "STARTTLS": "220 Ready to start TLS\r\n",
        "answer": only_under_tls,
    }
    playbook = tmp_path / "test.yml"
    task = {
        "ansible.builtin.include_role": {"name": "opendomino.mail.verify_mail", "tasks_from": "relay_test"},
    }
    shown = {"ansible.builtin.debug": {"msg": "verdict {{ verify_mail_relay_probe.probes[0].relay.verdict }}"}}
    play = {"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [task, shown]}
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    with ScriptedServer(script, context=context) as server:
        extra = {
            "domino_server_name": "Mail01/Acme",
            "domino_host_name": name,
            "domino_internet_domain": "example.com",
            "domino_smtp_port": server.port,
            "verify_mail_address": "127.0.0.1",
        }
        run = run_playbook(str(playbook), Path("/dev/null"), extra=extra)
    assert run.returncode == 0, run.output
    assert "verdict open" in run.output
