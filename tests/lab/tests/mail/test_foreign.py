# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The foreign mail system, as its own process."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dominolab import foreign
from dominolab.lab import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.25"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Start a foreign system and return its port and mailboxes."""
    port = free_port([ADDRESS])
    config = {
        "domain": "example.org",
        "host_name": "mx.example.org",
        "address": ADDRESS,
        "smtp_port": port,
        "people": ["pat", "sam"],
        "mailboxes": str(tmp_path / "mail"),
    }
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "dominolab.foreign", str(path)],
        env={"PYTHONPATH": str(Path(foreign.__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield port, tmp_path / "mail"
        process.terminate()
        assert process.wait(5) == 0


def test_it_takes_mail_for_its_people_and_refuses_others(system: tuple[int, Path]) -> None:
    port, mailboxes = system
    with smtplib.SMTP(ADDRESS, port, local_hostname="sender.example", timeout=5) as client:
        assert b"mx.example.org" in client.ehlo()[1]
        client.mail("jane@example.com")
        replies = {
            address: client.rcpt(address)[0]
            for address in ("pat@example.org", "PAT@EXAMPLE.ORG", "sam@example.org", "x@example.org", "x@example.net")
        }
        assert list(replies.values()) == [250, 250, 250, 550, 554]
        assert client.data(b"Subject: Hi\r\n\r\n..\r\n\xff\r\n")[0] == 250
    (message,) = foreign.received_by(mailboxes, "pat")
    assert foreign.received_by(mailboxes, "sam") == [message]
    header, _, body = message.partition(b"Subject: Hi\r\n\r\n")
    assert header.startswith(b"Return-Path: <jane@example.com>\r\nReceived: from sender.example ([127.0.0.1])\r\n")
    assert body == b"..\r\n\xff\r\n"


def test_messages_are_listed_oldest_first(system: tuple[int, Path]) -> None:
    port, mailboxes = system
    for number in range(3):
        with smtplib.SMTP(ADDRESS, port, timeout=5) as client:
            client.sendmail("a@b.example", ["pat@example.org"], f"Subject: {number}\r\n\r\n")
    subjects = [message.rpartition(b"Subject: ")[2][:1] for message in foreign.received_by(mailboxes, "pat")]
    assert subjects == [b"0", b"1", b"2"]


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert foreign.main([]) == 2
    assert capsys.readouterr().err == "usage: python -m dominolab.foreign FILE\n"
