# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify_mail against servers of which the truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from certificates import issue
from playbook import PlaybookRun, run_playbook

from ansible_collections.opendomino.mail.tests.integration.mta._mtas import HOST_NAME, MTA, Postfix, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.opendomino.mail.tests.integration.mta._mtas import Sink

CLOSED = {"smtpd_relay_restrictions": "reject_unauth_destination"}


def verify(mta: MTA, directory: Path, *arguments: str, **variables: Any) -> PlaybookRun:
    """Run verify.yml on one host, which is the mail server."""
    inventory = directory / "inventory.json"
    host = {
        "verify_mail_address": "127.0.0.1",
        "ansible_connection": "local",
        "domino_server_name": "Mail01/Acme",
        "domino_data_directory": str(directory / "no-domino"),
        "verify_mail_check_dns": False,
        "domino_smtp_port": mta.port,
        "domino_host_name": HOST_NAME,
        "domino_internet_domain": "example.com",
        "verify_mail_retries": 1,
        "verify_mail_delay": 0,
        **variables,
    }
    inventory.write_text(json.dumps({"domino": {"hosts": {"mail01": host}}}), encoding="utf-8")
    return run_playbook("opendomino.mail.verify", inventory, *arguments)


def messages(run: PlaybookRun) -> str:
    """Return what ended the run."""
    return " ".join(failure.msg for failure in run.failures())


def test_a_closed_server_passes(sink: Sink, tmp_path: Path) -> None:
    with Postfix(free_port(), sink.port, settings=CLOSED) as mta:
        run = verify(mta, tmp_path)
    assert run.returncode == 0, run.output


def test_a_host_that_cannot_be_reached_is_looked_at_from_outside(sink: Sink, tmp_path: Path) -> None:
    with Postfix(free_port(), sink.port, settings=CLOSED) as mta:
        run = verify(
            mta, tmp_path, ansible_connection="ssh", ansible_port=free_port(), ansible_ssh_common_args="-F none"
        )
    assert run.returncode == 0, run.output
    assert {result.status for result in run.results if "Notes.ini" in result.task} == {"unreachable"}


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check mode"])
def test_an_open_relay_always_fails(arguments: tuple[str, ...], sink: Sink, tmp_path: Path) -> None:
    # The plain foreign recipient is refused, so that only the relay test can tell.
    restrictions = "check_sender_access inline:{example.com=OK}, reject_unauth_destination"
    with Postfix(free_port(), sink.port, settings={"smtpd_relay_restrictions": restrictions}) as mta:
        run = verify(mta, tmp_path, *arguments)
    assert run.returncode == 2, run.output
    assert "an open relay, which accepts own_domain_sender: from <postmaster@example.com>" in messages(run)
    assert sink.recipients == []


def test_a_valid_certificate_may_be_asked_for(sink: Sink, tmp_path: Path) -> None:
    root = issue("Root", authority=True)
    authority, _key = root.write(tmp_path, "root")
    settings = {
        **CLOSED,
        "smtpd_tls_security_level": "may",
        "smtpd_tls_cert_file": "{etc}/server.crt",
        "smtpd_tls_key_file": "{etc}/server.key",
    }
    files = {path.name: path.read_text() for path in issue(HOST_NAME, [HOST_NAME], root).write(tmp_path, "server")}
    with Postfix(free_port(), sink.port, settings=settings, files=files) as mta:
        trusted = verify(mta, tmp_path, verify_mail_starttls="valid", verify_mail_ca_path=str(authority))
        unknown = verify(mta, tmp_path, verify_mail_starttls="valid")
        offered = verify(mta, tmp_path, verify_mail_starttls="offered")
    assert trusted.returncode == 0, trusted.output
    assert unknown.returncode == 2, unknown.output
    assert "certificate_chain (required)" in messages(unknown)
    assert offered.returncode == 0, offered.output
