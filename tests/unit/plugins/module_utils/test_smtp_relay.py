# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay test: its questions, what answers prove, and servers that hang up while it asks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.evaluation import evaluate
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import Probe
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import Result, probe_all
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.relay import (
    NOBODY,
    Answer,
    Battery,
    controls_for,
    relay_cases,
)
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.transcript import Reply, Transcript
from ansible_collections.opendomino.mail.tests.unit.plugins.module_utils._smtp_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
STRANGERS = ("relay-test@example.org", "relay-test@example.net")
QUESTIONS = relay_cases(*STRANGERS, "[192.0.2.11]", "example.com", "mail01.example.com")
PROBE = Probe("127.0.0.1", relay_test=True, local_domain="example.com")


def probe(server: ScriptedServer, relay_timeout: float = 30) -> Result:
    """Test one server."""
    (result,) = probe_all(
        [Probe("127.0.0.1", server.port, relay_test=True, local_domain="example.com")], 10, 1, relay_timeout
    )
    return result


def recipient_of(commands: list[str]) -> str:
    """Return whom the last command names, if it is RCPT."""
    return commands[-1][9:-1] if commands[-1].startswith("RCPT TO:<") else ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_verdict(case: dict[str, Any]) -> None:
    replies: dict[str, str] = case["replies"]

    def answer(commands: list[str]) -> str | None:
        return next((f"{reply}\r\n" for part, reply in replies.items() if part in commands[-1]), None)

    with ScriptedServer({"RCPT": "554 Relay rejected for policy reasons.\r\n", "answer": answer}) as server:
        result = probe(server)
    battery = result.transcript.relay
    assert battery is not None
    assert battery.verdict == case["verdict"], battery.doubt
    assert case.get("reason", "") in battery.doubt
    assert [answer.case.id for answer in battery.proofs] == case.get("proofs", [])
    assert sorted({answer.case.id for answer in battery.controls}) == (["control"] if case.get("controls") else [])
    severities = [f"{finding.id} {finding.severity}" for finding in result.findings]
    assert (
        severities
        == {
            "open": ["relay_open required"],
            "undecided": ["relay_undecided recommended"],
            "closed": [],
        }[case["verdict"]]
    )
    shown = result.as_dict()["relay"]
    assert [one["outcome"] for one in shown["cases"]] == [answer.outcome for answer in battery.answers]
    assert not any(command.upper().startswith(("DATA", "BDAT", "AUTH")) for command in server.commands)


def test_questions_are_asked_once_and_name_strangers_only() -> None:
    pairs = [(case.sender, case.recipient) for case in QUESTIONS]
    assert len(set(pairs)) == len(pairs)
    assert all("example.net" in recipient or "[192.0.2.1]" in recipient for _sender, recipient in pairs)
    for case in QUESTIONS:
        own = case.recipient.rpartition("@")[2] in ("example.com", "mail01.example.com", "[192.0.2.11]")
        hidden = "@" not in case.recipient or case.recipient.endswith('"')
        assert case.proves is not (own or hidden), case
        assert case.control in ("", NOBODY) or case.control.rpartition("@")[2] == case.recipient.rpartition("@")[2]


def test_without_names_of_its_own_fewer_questions_are_left() -> None:
    fewer = relay_cases(*STRANGERS, "[192.0.2.11]", "", "")
    assert {case.id for case in fewer} < {case.id for case in QUESTIONS}
    assert not any(case.recipient.endswith("@") or case.sender.endswith("@") for case in fewer)


codes = st.sampled_from([250, 251, 450, 451, 550, 554])


@given(st.lists(codes | st.none(), min_size=len(QUESTIONS), max_size=len(QUESTIONS)), codes)
def test_what_verdicts_rest_on(said: list[int | None], to_control: int) -> None:
    answers = tuple(
        Answer(case, case.sender, Reply(250, ("ok",)), Reply(code, ("",)) if code else None)
        if code
        else Answer(case, case.sender, failure="lost")
        for case, code in zip(QUESTIONS, said, strict=True)
    )
    controls = tuple(Answer(case, "", Reply(250, ("ok",)), Reply(to_control, ("",))) for case in controls_for(answers))
    battery = Battery(answers, controls, 1)
    accepted = [answer for answer in answers if answer.outcome == "accepted"]
    # Nothing that was accepted is forgotten, and nothing is open without an acceptance.
    assert {*battery.proofs, *battery.hints} == set(accepted)
    assert (battery.verdict == "open") is bool(battery.proofs)
    if battery.verdict == "closed":
        assert {answer.outcome for answer in answers} == {"refused"}
    if any(answer.case.proves for answer in accepted):
        assert battery.verdict == "open"
        assert not battery.plain_is_refused
    if battery.plain_is_refused:
        assert {answer.outcome for answer in answers if answer.case.proves} == {"refused"}
    if to_control not in (550, 554):
        assert all(answer.case.proves for answer in battery.proofs)
    findings = [one.id for one in evaluate(PROBE, Transcript(relay=battery))]
    assert findings == ([] if battery.verdict == "closed" else [f"relay_{battery.verdict}"])


def hanging_up(after: int) -> Callable[[list[str]], str | None]:
    """Return answers of a server that hangs up at its n-th refusal."""

    def answer(commands: list[str]) -> str | None:
        refusals = sum(command.startswith("RCPT") for command in commands)
        return "421 SMTP service not available, closing transmission channel.\r\n" if refusals > after else None

    return answer


@pytest.mark.parametrize(("after", "connections"), [(1, 31), (3, 11), (100, 6)])
def test_servers_that_hang_up_after_some_refusals_are_asked_on(after: int, connections: int) -> None:
    with ScriptedServer({"RCPT": "554 no\r\n", "answer": hanging_up(after)}) as server:
        battery = probe(server).transcript.relay
    assert battery is not None
    assert battery.verdict == "closed"
    assert battery.connections <= connections
    assert server.connections == battery.connections + 1


def test_servers_that_answer_nothing_end_the_test_early() -> None:
    with ScriptedServer({"answer": hanging_up(0)}) as server:
        battery = probe(server).transcript.relay
    assert battery is not None
    assert (battery.verdict, battery.connections) == ("undecided", 2)
    assert battery.doubt == "the server hangs up: 421 SMTP service not available, closing transmission channel."


@pytest.mark.parametrize(
    "script",
    [
        {"greeting": "421 busy\r\n"},
        {"EHLO": "550 no\r\n", "HELO": "550 no\r\n"},
        {"behaviour": "close"},
    ],
)
def test_without_a_conversation_there_is_no_relay_test(script: dict[str, str]) -> None:
    with ScriptedServer(script) as server:
        result = probe(server)
    assert result.transcript.relay is not None
    assert result.transcript.relay.verdict == "undecided"
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_silent_server_does_not_hold_up_the_test() -> None:
    started = time.monotonic()
    with ScriptedServer({"RCPT": ""}) as server:
        result = probe(server, relay_timeout=1)
    assert time.monotonic() - started < 8
    assert result.transcript.relay is not None
    assert result.transcript.relay.verdict == "undecided"


def test_hostile_replies_are_shown_harmlessly() -> None:
    with ScriptedServer({"RCPT": "250 \x1b]0;owned\x07\x9b2J\r\n", "MAIL": "250 \x1b[31m\r\n"}) as server:
        result = probe(server)
    assert result.transcript.relay is not None
    for text in (str(result.as_dict()), " ".join(map(str, result.findings))):
        assert text.replace("\n", "").isprintable()
    assert result.transcript.relay.answers[0].reply == Reply(250, (r"\x1b]0;owned\x07\x9b2J",))
