# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages on their way through Postfix, Dovecot, BIND and the lab, in both directions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playbook import ROOT

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a small Internet of its own has to tell."""
    directory = tmp_path_factory.mktemp("internet")
    # The users of the mail servers go through here; how deep it is depends on whether tests run side by side.
    root = Path(tempfile.gettempdir())
    for path in (directory, *(above for above in directory.parents if root in above.parents)):
        path.chmod(0o755)
    done = subprocess.run(
        [
            shutil.which("unshare") or "unshare",
            "--net",
            "--mount",
            sys.executable,
            str(HERE / "internet.py"),
            directory,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                str(ROOT / place) for place in (".collections", "tests/lab/src", "tests/support")
            ),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def trip(told: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the result of one trip."""
    return next(one for one in told["trips"]["trips"] if one["name"] == name)


def way(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the hops of a trip, as far as they matter."""
    return [(hop["by"], hop["with"], hop["tls"]) for hop in result["hops"]]


def test_all_messages_arrive_and_are_removed(told: dict[str, Any]) -> None:
    results = told["trips"]["trips"]
    assert len(results) == 8
    for result in results:
        assert result["arrived"], (result, told["logs"])
        assert result["ok"], result
        assert result["removed"] is (result["name"] != "in")
        assert result["seconds"] >= 0
    assert told["left"]["trips"][0]["arrived"] is False
    assert told["password"] not in json.dumps({**told, "password": "", "logs": ""})


def test_mail_from_outside_finds_the_way_by_mx(told: dict[str, Any]) -> None:
    result = trip(told, "in")
    assert result["tls"].startswith("TLSv1.")
    # Given to Postfix under TLS; it passes over the first exchanger, which is dead, and says so by what it reaches.
    assert way(result) == [("mx.example.org", "ESMTPS", True), ("mail01.example.com", "ESMTP", None)]
    assert result["hops"][1]["from"] == "mx.example.org"
    assert all(hop["time"] for hop in result["hops"])


@pytest.mark.parametrize(
    "name", ["out", "out, over IMAP with STARTTLS", "out, over POP3", "out, over POP3 with STARTTLS"]
)
def test_mail_of_a_domino_server_arrives_outside(name: str, told: dict[str, Any]) -> None:
    result = trip(told, name)
    assert way(result) == [("mail01.example.com", "ESMTP", None), ("mx.example.org", "ESMTP", False)]
    assert result["from"]["address"] == "jane.doe@example.com"
    found = [finding["id"] for finding in result["findings"]]
    assert found == (["trip_tls"] if name == "out, over POP3" else [])


def test_a_forwarding_address_sends_it_back(told: dict[str, Any]) -> None:
    by = [hop[0] for hop in way(trip(told, "there and back"))]
    assert by == ["mx.example.org", "mail01.example.com", "mx.example.org"]


@pytest.mark.parametrize("name", ["from Notes", "made up"])
def test_a_notes_name_arrives_as_the_address_that_was_promised(name: str, told: dict[str, Any]) -> None:
    result = trip(told, name)
    assert (result["sent"], result["server"]) == (False, None)
    assert way(result)[-1] == ("mx.example.org", "ESMTP", False)


def test_what_goes_wrong_is_told(told: dict[str, Any]) -> None:
    failed = told["failed"]
    assert failed["failed"]
    found = {
        one["name"]: (one["sent"], one["findings"][0]["id"], one["findings"][0]["found"]) for one in failed["trips"]
    }
    assert found["nobody"][:2] == (True, "trip_arrival")
    assert found["password"][:2] == (False, "trip_mailbox")
    assert "the login of pat is refused" in found["password"][2]
    assert "the login of pat is refused" in found["password of pop3"][2]
    assert "the certificate is not trusted (Hostname mismatch" in found["name"][2]
    assert "there is no folder No such" in found["folder"][2]
