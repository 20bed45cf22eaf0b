# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP probe against real servers on loopback, friendly and hostile."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._printable import printable
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.conversation import converse
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.evaluation import evaluate
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import InputError, Probe, read_probes
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import Result, probe_all
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.transcript import (
    Failure,
    Reply,
)
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.wire import ReplyParser
from ansible_collections.opendomino.mail.plugins.module_utils._tcp import ConversationError
from ansible_collections.opendomino.mail.tests.unit.plugins.module_utils._smtp_server import ScriptedServer

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def subset(actual: Any, expected: Any) -> Any:
    """Return the part of `actual` that `expected` speaks of."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {key: subset(actual.get(key), value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        return [subset(*pair) for pair in zip(actual, expected, strict=True)]
    return actual


def probe(server: ScriptedServer, **values: Any) -> Result:
    """Probe a server as the module does, patient enough for a busy machine unless `timeout` says otherwise."""
    timeout = values.pop("timeout", 10)
    (probe,) = read_probes([{"host": "127.0.0.1", "port": server.port, **values}])
    (result,) = probe_all([probe], timeout, 1)
    return result


@pytest.mark.parametrize("case", CASES["conversations"], ids=lambda case: str(case["id"]))
def test_conversation(case: dict[str, Any]) -> None:
    started = time.monotonic()
    with ScriptedServer(case.get("server", {})) as server:
        result = probe(server, **case.get("probe", {}))
    assert time.monotonic() - started < case.get("within", 10)
    actual = result.as_dict()
    expected = case.get("result", {})
    assert subset(actual, expected) == expected
    assert [f"{finding.id} {finding.severity}" for finding in result.findings] == case.get("findings", [])
    assert result.ok is not any(finding.severity == "required" for finding in result.findings)
    if "commands" in case:
        assert server.commands == case["commands"]
    assert server.received_after == b""
    assert not any(command.upper().startswith(("DATA", "BDAT")) for command in server.commands)
    assert all(finding.expected and finding.found and finding.remedy.endswith(".") for finding in result.findings)


@pytest.mark.parametrize("case", CASES["wrong_input"], ids=lambda case: str(case["id"]))
def test_wrong_input(case: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        read_probes(case["probes"])
    for text in case["errors"]:
        assert text in str(caught.value)
    assert str(caught.value).endswith("Nothing was sent.")


@pytest.mark.parametrize("text", CASES["good_addresses"])
def test_good_address(text: str) -> None:
    assert Probe("host", recipients_refused=(text,)).recipients_refused == (text,)


def test_ipv6_and_the_name_of_this_end() -> None:
    with ScriptedServer({}, "::1") as server:
        result = probe(server, host="::1")
    assert result.transcript.address == "::1"
    assert server.commands == ["EHLO [IPv6:::1]", "QUIT"]
    assert result.probe.target == f"[::1]:{server.port}"


@contextlib.contextmanager
def black_hole(address: str, port: int = 0) -> Iterator[int]:
    """Listen without accepting: a full backlog swallows connections as a firewall does that drops them."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((address, port), backlog=0))
        for _unused in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(0.1)
        yield listener.getsockname()[1]


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two dead addresses, then a living one; only the resolver cannot be real on a test machine."""
    with ScriptedServer({}) as server, black_hole("127.0.0.3", server.port):
        addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
        infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: infos)
        result = probe(server, host="mail.example.com", timeout=3)
    actual = result.as_dict()
    assert result.ok, actual
    assert actual["addresses"] == addresses
    assert list(actual["not_reached"]) == ["127.0.0.2", "127.0.0.3"]
    assert actual["not_reached"]["127.0.0.2"] == "Connection refused"
    assert actual["not_reached"]["127.0.0.3"].startswith("no answer within 1.")
    assert actual["address"] == "127.0.0.1"


def test_a_resolver_that_does_not_answer_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def ask(*_args: Any, **_kwargs: Any) -> list[Any]:
        released.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    started = time.monotonic()
    seen = converse(Probe("mail.example.com"), 0.2)
    elapsed = time.monotonic() - started
    released.set()
    assert elapsed < 5
    assert seen.failure == Failure("resolve", "timeout", "the resolver of this host did not answer in time")


def test_a_name_that_does_not_resolve() -> None:
    target = Probe("mail.invalid")
    seen = converse(target, 10)
    assert seen.failure is not None
    assert (seen.failure.step, seen.failure.kind) == ("resolve", "resolve")
    assert [finding.id for finding in evaluate(target, seen)] == ["resolves"]


def test_a_port_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    target = Probe("127.0.0.1", port)
    seen = converse(target, 10)
    assert seen.failure is not None
    assert seen.failure.text == "no connection (127.0.0.1: Connection refused)"
    assert [finding.id for finding in evaluate(target, seen)] == ["connects"]


def test_a_listener_that_accepts_nobody() -> None:
    with black_hole("127.0.0.1") as port:
        seen = converse(Probe("127.0.0.1", port), 0.3)
    assert seen.failure is not None
    assert seen.failure.step == "connect"
    assert "no answer within" in seen.failure.text


def test_many_probes_run_at_the_same_time_and_keep_their_order() -> None:
    with ScriptedServer({"behaviour": "silent"}) as silent, ScriptedServer({}) as talking:
        ports = [silent.port, talking.port] * 8
        started = time.monotonic()
        results = probe_all([Probe("127.0.0.1", port) for port in ports], 2.0, 16)
        elapsed = time.monotonic() - started
    assert [result.probe.port for result in results] == ports
    assert [result.ok for result in results] == [False, True] * 8
    assert elapsed < 12  # one after the other the silent ones alone take 16


def test_no_probes() -> None:
    assert probe_all([], 1, 1) == []


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]) | st.just(" "), max_size=60)


@given(st.integers(200, 599), st.lists(texts, min_size=1, max_size=20))
def test_rendered_replies_are_read_exactly(code: int, lines: list[str]) -> None:
    parser = ReplyParser()
    for line in lines[:-1]:
        assert parser.push(f"{code}-{line}".encode()) is None
    assert parser.push(f"{code} {lines[-1]}".encode()) == Reply(code, tuple(lines))


@given(st.lists(st.binary(max_size=40) | st.builds(lambda text: b"250-" + text, st.binary(max_size=20)), max_size=20))
def test_any_bytes_are_a_reply_or_a_protocol_error(lines: list[bytes]) -> None:
    parser = ReplyParser()
    for line in lines:
        try:
            reply = parser.push(line)
        except ConversationError as exc:
            assert exc.kind == "protocol"  # noqa: PT017 - the error is one of two right outcomes
            return
        if reply is not None:
            assert 200 <= reply.code <= 599
            return


@given(st.binary(max_size=200))
def test_what_a_server_sent_is_shown_without_control_characters(text: bytes) -> None:
    assert all(character.isprintable() for character in printable(text))
