# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user expects of the roles on a running, a stopped and a sliced fleet."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._notes_name import canonical
from dominolab import mail

if TYPE_CHECKING:
    from conftest import Site

SECONDS = 20.0
APPLIED_TWICE = Path(__file__).with_name("applied_twice.yml")


def test_a_check_run_changes_nothing_and_tells_what_the_run_does(site: Site) -> None:
    before = site.contents()
    check = site.run("opendomino.mail.site", "--check", "--diff")
    assert check.returncode == 0, check.output
    assert site.contents() == before
    run = site.run("opendomino.mail.site", "--diff")
    assert run.returncode == 0, run.output
    assert run.changes() == check.changes()
    assert site.run("opendomino.mail.site").changed_tasks() == dict.fromkeys(site.hosts, 0)


def test_a_stopped_server_is_set_up_in_its_file_and_works_when_it_starts(site: Site) -> None:
    site.lab.stop("mail02.example.com")
    run = site.run("opendomino.mail.receive_mail")
    assert run.returncode == 0, run.output
    assert b"ServerTasks=Replica,Router,Update,AMgr,AdminP,SMTP" in site.notes_ini("mail02.example.com")
    assert not [r for r in run.results if r.host == "mail02.example.com" and r.action.endswith("console") and r.changed]
    site.lab.start("mail02.example.com")
    assert has_listener(site, "mail02.example.com")
    # It has what ServerTasks say, but not the directory's changes: that it has yet to pull them was noted.
    assert site.items("mail02.example.com", "Server") != site.items("mail01.example.com", "Server")
    assert site.run("opendomino.mail.receive_mail").returncode == 0
    assert site.items("mail02.example.com", "Server") == site.items("mail01.example.com", "Server")
    assert site.run("opendomino.mail.receive_mail").changed_tasks() == dict.fromkeys(site.hosts, 0)


def has_listener(site: Site, host: str) -> bool:
    return any("SMTP Server" in line for line in site.lab.ask(host, {"command": "Show Tasks"})["lines"])


def test_what_a_failed_run_did_not_have_taken_over_the_next_run_does(site: Site) -> None:
    """The first run changes all there is to change, and ends at a handler, so that the others are lost."""
    failed = site.run("opendomino.mail.site", domino_pull_until="never said", domino_pull_timeout=1)
    assert {failure.host for failure in failed.failures()} == {"mail02.example.com"}
    assert not has_listener(site, "mail02.example.com")
    run = site.run("opendomino.mail.site")
    assert run.returncode == 0, run.output
    assert has_listener(site, "mail02.example.com")
    assert site.run("opendomino.mail.site").changed_tasks() == dict.fromkeys(site.hosts, 0)


def test_hosts_may_run_alone_and_in_any_order(site: Site) -> None:
    # As AWX does with job slices: each run sees one host, and the administration server comes last.
    for host in ("mail02.example.com", "mail01.example.com"):
        run = site.run("opendomino.mail.site", "--limit", host)
        assert run.returncode == 0, run.output
    assert site.run("opendomino.mail.site").changed_tasks() == dict.fromkeys(site.hosts, 0)
    outcome = mail.submit(site.state, "pat@example.org", ["jane.doe@example.com"], "Sliced", "Hello!", SECONDS)
    assert outcome.arrived, outcome


def test_domain_documents_are_written_by_the_administration_server_only(site: Site) -> None:
    run = site.run("opendomino.mail.site", "--limit", "mail02.example.com")
    assert run.returncode == 0, run.output
    assert site.items("mail01.example.com", "Domain") == []
    assert site.items("mail01.example.com", "ServerConfig") == []
    assert [i.get("SMTPListenerEnabled") for i in site.items("mail01.example.com", "Server")] == ["0", "1"]


def test_verify_does_not_pass_a_host_that_cannot_send_whatever_the_limit(site: Site) -> None:
    """No run of the administration server has made a Configuration document yet."""
    assert site.run("opendomino.mail.site", "--limit", "mail02.example.com").returncode == 0
    run = site.run("opendomino.mail.verify", "--limit", "mail02.example.com", verify_mail_retries=0)
    assert run.returncode != 0
    assert "No Configuration document applies to Mail02/Acme" in run.failures()[-1].msg
    assert site.run("opendomino.mail.site", "--limit", "mail01.example.com").returncode == 0
    assert site.run("opendomino.mail.verify", "--limit", "mail02.example.com", verify_mail_retries=3).returncode == 0


def test_a_configuration_document_of_ones_own_is_written_by_its_own_host(site: Site) -> None:
    run = site.run("opendomino.mail.send_mail", "--limit", "mail02.example.com", send_mail_configuration="Mail02/Acme")
    assert run.returncode == 0, run.output
    configurations = site.items("mail01.example.com", "ServerConfig")
    assert [c["ServerName"] for c in configurations] == ["CN=Mail02/O=Acme"]
    assert [c["MailExternalSMTP"] for c in configurations] == ["1"]


def test_passwords_and_tokens_appear_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    password = next(iter(site.handshake["servers"].values()))["rest_password"]
    token = re.compile(r"Bearer [\w.~+/-]{8,}|\"bearer\":")
    for arguments in (("-vvvv", "--check", "--diff"), ("-vvvv", "--diff")):
        run = site.run("opendomino.mail.site", *arguments)
        assert run.returncode == 0, run.output
        assert password not in run.output
        assert not token.search(run.output)
    for directory in (home, *(Path(s["data_directory"]) for s in site.handshake["servers"].values())):
        for path in directory.rglob("*"):
            assert not path.is_file() or password.encode() not in path.read_bytes(), path


def test_a_template_of_ones_own_is_used(site: Site) -> None:
    template = site.state.parent / "my_configuration.yml.j2"
    template.write_text(
        "- form: ServerConfig\n"
        "  match: {server_name: '*'}\n"
        "  settings: {external_smtp: enabled, internal_smtp: all_messages}\n",
        encoding="utf-8",
    )
    run = site.run("opendomino.mail.send_mail", send_mail_configuration_template=str(template))
    assert run.returncode == 0, run.output
    assert [c.get("MailInternalSMTP") for c in site.items("mail01.example.com", "ServerConfig")] == ["2"]


def what_documents_say(site: Site, host: str) -> dict[str, object]:
    """Return the items of a replica's documents, without the revisions that each write makes."""
    return {document["unid"]: document["items"] for document in site.lab.documents(host, None)}


def listens(site: Site, host: str) -> bool:
    """Say whether a host's console lists the SMTP listener."""
    return any("SMTP Server" in line for line in site.lab.ask(host, {"command": "Show Tasks"})["lines"])


def test_a_failed_verification_brings_everything_back(site: Site) -> None:
    documents = {host: what_documents_say(site, host) for host in site.hosts}
    notes_ini = {host: site.notes_ini(host) for host in site.hosts}
    run = site.run(
        "opendomino.mail.receive_mail",
        domino_rollback_on_failure=True,
        verify_mail_host_name="another.example.com",
        verify_mail_retries=1,
        verify_mail_delay=0,
    )
    assert run.returncode != 0
    last = {failure.host: failure.msg for failure in run.failures()}
    assert sorted(last) == site.hosts
    assert all("brought back" in message and "another.example.com" in message for message in last.values()), last
    assert {host: what_documents_say(site, host) for host in site.hosts} == documents
    assert {host: site.notes_ini(host) for host in site.hosts} == notes_ini
    assert not any(listens(site, host) for host in site.hosts)


def server_document(site: Site, host: str) -> dict[str, object]:
    """Return the items of a host's Server document, as the administration server has them."""
    name = canonical(site.server(host)["server_name"])
    (found,) = (items for items in site.items("mail01.example.com", "Server") if items["ServerName"] == name)
    return found


NEVER_PULLED = {"domino_pull_until": "never said", "domino_pull_timeout": 1}


def test_a_failure_after_the_documents_brings_them_back(site: Site) -> None:
    before = server_document(site, "mail02.example.com")
    run = site.run("opendomino.mail.send_mail", domino_rollback_on_failure=True, **NEVER_PULLED)
    assert {failure.host for failure in run.failures()} == {"mail02.example.com"}
    assert "brought back" in run.failures()[-1].msg
    assert server_document(site, "mail02.example.com") == before
    healed = site.run("opendomino.mail.send_mail", domino_rollback_on_failure=True)
    assert healed.returncode == 0, healed.output
    assert server_document(site, "mail02.example.com") != before
    assert [c["MailExternalSMTP"] for c in site.items("mail01.example.com", "ServerConfig")] == ["1"]


@pytest.mark.parametrize(("role", "second_application"), [("send_mail", "1"), ("receive_mail", "0")])
def test_a_failure_brings_back_nothing_of_an_earlier_application_in_the_run(
    site: Site, role: str, second_application: str
) -> None:
    before = server_document(site, "mail02.example.com")
    run = site.run(str(APPLIED_TWICE), applied=f"opendomino.mail.{role}", domino_rollback_on_failure=True)
    assert {failure.host for failure in run.failures() if "brought back" in failure.msg} == {"mail02.example.com"}, (
        run.output
    )
    first_application = server_document(site, "mail02.example.com")
    assert first_application != before
    assert first_application["Router_PortStatus"] != second_application
    assert site.run(f"opendomino.mail.{role}").returncode == 0
    assert server_document(site, "mail02.example.com") == first_application


def test_a_failed_undo_step_does_not_stop_the_others(site: Site) -> None:
    """Without a line ServerTasks before, a running server cannot be brought back to that: there is no such command."""
    path = Path(site.server("mail02.example.com")["data_directory"]) / "notes.ini"
    site.lab.stop("mail02.example.com")
    path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b"ServerTasks=" not in line))
    site.lab.start("mail02.example.com")
    before = server_document(site, "mail02.example.com")
    run = site.run(
        "opendomino.mail.receive_mail", "--limit", "mail02.example.com", domino_rollback_on_failure=True, **NEVER_PULLED
    )
    message = run.failures()[-1].msg
    assert "but for: ServerTasks (" in message
    assert server_document(site, "mail02.example.com") == before


def test_undo_keeps_what_somebody_else_has_added_meanwhile(site: Site) -> None:
    def written() -> bool:
        return "1" in (items.get("SMTPListenerEnabled") for items in site.items("mail01.example.com", "Server"))

    def add_pop3() -> None:
        end = time.monotonic() + 120
        while not written() and time.monotonic() < end:
            time.sleep(0.05)
        site.lab.ask(
            "mail02.example.com", {"command": "set config ServerTasks=Replica,Router,Update,AMgr,AdminP,SMTP,POP3"}
        )

    somebody = threading.Thread(target=add_pop3)
    somebody.start()
    run = site.run(
        "opendomino.mail.receive_mail",
        "--limit",
        "mail02.example.com",
        domino_rollback_on_failure=True,
        domino_pull_until="never said",
        domino_pull_timeout=8,
    )
    somebody.join()
    assert "brought back" in run.failures()[-1].msg, run.output
    assert b"ServerTasks=Replica,Router,Update,AMgr,AdminP,POP3" in site.notes_ini("mail02.example.com")
