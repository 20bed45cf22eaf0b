# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail in a whole lab: separate processes, and the commands that send and read."""

from __future__ import annotations

import argparse
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dominolab import mail
from dominolab.lab import Lab, LabError
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOPOLOGY: dict[str, Any] = {
    "notes_ini": {"DominoLabRetryInterval": "0.2"},
    "notes_domains": [
        {
            "name": "ACME",
            "organization": "Acme",
            "internet_domain": "example.com",
            "administration_server": "Mail01/Acme",
            "servers": [
                {"name": "Mail01/Acme", "host_name": "mail01.example.com", "release": "14.0"},
                {"name": "Mail02/Acme", "host_name": "mail02.example.com", "release": "14.0"},
            ],
            "people": [
                {"name": "Jane Doe/Acme", "short_name": "jdoe", "mail_server": "Mail01/Acme"},
                {"name": "John Smith/Acme", "short_name": "jsmith", "mail_server": "Mail02/Acme"},
            ],
        }
    ],
    "foreign": [{"domain": "example.org", "host_name": "mx.example.org", "people": ["pat"]}],
    "dns": {
        "records": [
            {"name": "example.com", "type": "MX", "values": ["10 mail01.example.com.", "20 mail02.example.com."]},
            {"name": "example.org", "type": "MX", "values": ["10 mx.example.org."]},
        ]
    },
}
NO_ROUTE = (
    "DELIVERY FAILURE: No route found to domain example.org from server Mail01/Acme.  Check Server, Connection and"
    " Domain documents in the Domino Directory."
)
WAIT = 10.0


def lab_of(topology: dict[str, Any], directory: Path) -> Iterator[Lab]:
    """Start a lab, and stop it."""
    path = directory / "topology.yml"
    path.write_text(yaml.safe_dump(topology), encoding="utf-8")
    lab = Lab(directory / "state")
    lab.up(load(path))
    yield lab
    lab.down()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a lab that nobody has configured."""
    for lab in lab_of(TOPOLOGY, tmp_path_factory.mktemp("fresh")):
        yield lab.state


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a lab that sends and receives: listener on, host names set, SMTP used outside the local domain."""
    topology = json.loads(json.dumps(TOPOLOGY))
    (domain,) = topology["notes_domains"]
    domain["documents"] = [
        {"Form": "ServerConfig", "ServerName": "*", "UseAsDefault": "1", "MailExternalSMTP": "1"},
        {
            "Form": "Person",
            "FullName": ["CN=Ann Lee/O=Acme"],
            "InternetAddress": "ann.lee@example.com",
            "MailServer": "CN=Mail01/O=Acme",
            "MailFile": "mail/alee",
        },
    ]
    for server in domain["servers"]:
        server["server_document"] = {"SMTPListenerEnabled": "1", "SMTPFullHostDomain": server["host_name"]}
    for lab in lab_of(topology, tmp_path_factory.mktemp("ready")):
        yield lab.state


def test_a_fresh_server_listens_to_nobody(fresh: Path) -> None:
    outcome = mail.submit(fresh, "pat@example.org", ["jane.doe@example.com"], "Hi", wait=WAIT)
    (destiny,) = outcome.recipients
    assert outcome.failed
    assert destiny.text == (
        "no exchanger took it: mail01.example.com (127.0.0.11): Connection refused;"
        " mail02.example.com (127.0.0.12): Connection refused"
    )
    assert [attempt.host_name for attempt in destiny.attempts] == ["mail01.example.com", "mail02.example.com"]


def test_a_fresh_server_sends_nothing_outside(fresh: Path) -> None:
    outcome = mail.deposit(fresh, "mail01", "Jane Doe/Acme", ["pat@example.org"], "Hello", wait=WAIT)
    assert [(destiny.state, destiny.text) for destiny in outcome.recipients] == [("failed", NO_ROUTE)]
    (report,) = mail.mailbox(fresh, "Jane Doe/Acme", server="mail01", subject=NO_ROUTE, wait=WAIT)
    assert "Subject: Hello" in report.text


def test_a_fresh_domain_has_mail_inside(fresh: Path) -> None:
    outcome = mail.deposit(fresh, "Mail01/Acme", "Jane Doe/Acme", ["John Smith/Acme"], "Inside", wait=WAIT)
    assert [destiny.text for destiny in outcome.recipients] == ["delivered to mail/jsmith on Mail02/Acme"]
    assert mail.mailbox(fresh, "John Smith/Acme", server="mail02", message_id=outcome.message_id)


def test_mail_from_outside_arrives_on_another_server_of_the_domain(ready: Path) -> None:
    outcome = mail.submit(ready, "pat@example.org", ["john.smith@example.com"], "In", "Über\n", wait=WAIT)
    assert outcome.arrived
    assert outcome.recipients[0].text == "delivered to mail/jsmith on Mail02/Acme"
    (message,) = mail.mailbox(ready, "John Smith/Acme", server="mail02", message_id=outcome.message_id)
    assert (message.sender, message.to, message.subject) == ("pat@example.org", "john.smith@example.com", "In")
    assert message.text == "Über\n"
    (received,) = message.received
    assert re.match(
        r"from mx\.example\.org \(\[127\.0\.0\.25\]\) by mail01\.example\.com \(HCL Domino Release 14\.0\)"
        r" with ESMTP id \d{16}-\d+ ; ",
        received,
    )


def test_mail_to_outside_arrives_from_the_internet_address(ready: Path) -> None:
    outcome = mail.deposit(ready, "mail01", "Ann Lee/Acme", ["pat@example.org"], "Out", wait=WAIT)
    assert outcome.arrived
    assert outcome.recipients[0].text == "transferred from Mail01/Acme to mx.example.org: 250 2.0.0 Ok: taken"
    (message,) = mail.mailbox(ready, "pat", foreign="example.org", subject="Out", wait=WAIT)
    assert message.sender == "ann.lee@example.com"
    assert message.received[0].startswith("from mail01.example.com ([127.0.0.11]) by mx.example.org with ESMTP;")


def test_a_failure_report_comes_back_outside(ready: Path) -> None:
    outcome = mail.submit(ready, "pat@example.org", ["nobody@example.com"], "Lost", wait=WAIT)
    assert [(destiny.state, destiny.text) for destiny in outcome.recipients] == [
        ("failed", "DELIVERY FAILURE: User nobody (nobody@example.com) not listed in Domino Directory")
    ]


def test_without_wait_the_outcome_is_what_was_said(ready: Path) -> None:
    outcome = mail.submit(ready, "pat@example.org", ["jdoe@example.com"], "Fast")
    (destiny,) = outcome.recipients
    assert (outcome.arrived, outcome.failed) == (False, False)
    assert destiny.text == "accepted by mail01.example.com (127.0.0.11): 250 Message accepted for delivery"


def test_outside_a_person_is_refused_that_is_not_there(ready: Path) -> None:
    outcome = mail.submit(ready, "pat@example.org", ["someone@example.org", "x@nowhere.example"])
    assert [destiny.state for destiny in outcome.recipients] == ["failed", "failed"]
    assert outcome.recipients[0].text == "refused by mx.example.org (127.0.0.25): 550 5.1.1 No such user here"
    assert outcome.recipients[1].text.startswith("nowhere.example takes no mail: ")


def command(lab: Path, *arguments: str) -> int:
    """Carry out one subcommand as `dominolab` does."""
    parser = argparse.ArgumentParser()
    mail.add_subcommands(parser.add_subparsers(required=True))
    options = parser.parse_args([*arguments, "--state", str(lab)])
    return int(options.run(Lab(options.state), options))


def test_commands(ready: Path, fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deposit = ("deposit", "--server", "mail01", "--from", "Jane Doe/Acme", "--subject", "Shell", "--wait", "10")
    assert command(ready, *deposit, "--to", "pat@example.org", "--json") == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["recipients"][0]["state"] == "arrived"
    assert command(fresh, *deposit, "--to", "pat@example.org") == 1
    assert capsys.readouterr().out == f"pat@example.org: {NO_ROUTE}\n"
    submit = ("submit", "--from", "pat@example.org", "--to", "jdoe@example.com", "--subject", "Shell", "--wait", "10")
    assert command(ready, *submit) == 0
    assert capsys.readouterr().out == "jdoe@example.com: delivered to mail/jdoe on Mail01/Acme\n"
    assert command(ready, "mailbox", "--server", "mail01", "--person", "Jane Doe/Acme", "--subject", "Shell") == 0
    assert "Subject: Shell" in capsys.readouterr().out
    assert command(ready, "mailbox", "--foreign", "example.org", "--person", "pat", "--json") == 0
    assert outcome["message_id"] in {message["message_id"] for message in json.loads(capsys.readouterr().out)}
    assert command(ready, "mailbox", "--foreign", "example.org", "--person", "pat", "--subject", "None such") == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda lab: mail.deposit(lab, "mail09", "Jane Doe/Acme", ["a@b.c"]), "There is no server mail09; there are: "),
        (lambda lab: mail.deposit(lab, "mail01", "Jane Doe/Acme", ["a@b.c"], "a\nb"), "has a line break"),
        (lambda lab: mail.submit(lab, "pat@example.org", []), "at least one recipient"),
        (lambda lab: mail.submit(lab, "pat@example.net", ["a@b.c"]), "no foreign mail system for example.net"),
        (
            lambda lab: mail.mailbox(lab, "Nobody", server="mail01"),
            "mail01: User Nobody not listed in Domino Directory",
        ),
        (lambda lab: mail.mailbox(lab, "Jane Doe", server="mail02"), "mail02: The mail file of Jane Doe is on "),
        (lambda lab: mail.mailbox(lab, "sam", foreign="example.org"), "There is no sam at example.org"),
        (lambda lab: mail.deposit(lab / "none", "mail01", "x", ["y"]), "No lab is up in "),
    ],
)
def test_what_cannot_be_asked(call: Any, error: str, ready: Path) -> None:
    with pytest.raises(LabError, match=error):
        call(ready)


def test_a_server_that_is_stopped_takes_nothing(fresh: Path) -> None:
    lab = Lab(fresh)
    lab.stop("mail02")
    try:
        with pytest.raises(LabError, match=r"mail02 does not answer: .*Connection refused"):
            mail.deposit(fresh, "mail02", "John Smith/Acme", ["Jane Doe/Acme"])
        outcome = mail.deposit(fresh, "mail01", "Jane Doe/Acme", ["John Smith/Acme"], "Later", wait=1)
        assert [destiny.text for destiny in outcome.recipients] == [
            "held in mail.box of Mail01/Acme: Error transferring to Mail02/Acme; Server not responding"
        ]
    finally:
        lab.start("mail02")
    assert mail.mailbox(fresh, "John Smith/Acme", server="mail02", subject="Later", wait=WAIT)
