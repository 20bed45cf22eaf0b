# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a hostile Domino REST API: they end in time, they are bounded, and the message says what was wrong."""

from __future__ import annotations

import gzip
import json
import random
import resource
import select
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._directory import (
    creation,
    engine,
    scope,
    scope_engine,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import (
    DirectoryError,
    UnreachableError,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory.rest import RestDirectory
from ansible_collections.opendomino.mail.plugins.module_utils._directory.scope_rest import SetupApi
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Answer, Transport

from ...._hostile_server import Behaviour, drips, floods, hostile_server, says
from ...._rest_server import PASSWORD, rest_server

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = HEAD + b"Content-Length: 100\r\n\r\n[" + b" " * 98 + b"]"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = b"x" * 65536
CHUNK = b"10000\r\n" + BLOCK + b"\r\n"


def _whole(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _answer(behave: Behaviour, *, timeout: float = 20, size: float = 1, token: str | None = None) -> Answer:
    with hostile_server(behave) as port:
        transport = Transport(f"http://127.0.0.1:{port}", timeout=timeout, max_response_size=size)
        try:
            return transport.request("GET", "/", token=token)
        finally:
            transport.close()


SLOW = {
    "status line": drips(ANSWER),
    "headers": drips(b"X-Filler: " + b"x" * 100 + b"\r\nContent-Length: 2\r\n\r\n[]", at_once=HEAD),
    "body": drips(ANSWER[-100:], at_once=ANSWER[:-100]),
    "chunks": drips(b"1\r\n \r\n" * 20 + b"2\r\n[]\r\n0\r\n\r\n", at_once=CHUNKED),
    "100 Continue": drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 5 + ANSWER),
}


@pytest.mark.parametrize("where", SLOW)
def test_an_answer_has_one_deadline_and_not_one_for_each_byte(where: str) -> None:
    with pytest.raises(UnreachableError, match=r"did not (finish its )?answer within 0\.5 seconds"):
        _answer(SLOW[where], timeout=0.5)


LARGE = {
    "chunks": floods(CHUNK, first=CHUNKED),
    "an announced length": floods(BLOCK, first=HEAD + b"Content-Length: 1000000000000000\r\n\r\n"),
    "until it closes": floods(BLOCK, first=HEAD + b"\r\n"),
    "a chunk of negative length": floods(BLOCK, first=CHUNKED + b"-1\r\n"),
    "100 Continue": floods(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "trailers": floods(b"X-Trailer: x\r\n" * 1000, first=CHUNKED + b"2\r\n[]\r\n0\r\n"),
}


@pytest.mark.parametrize("what", LARGE)
def test_an_answer_without_end_is_given_up_at_the_size_that_is_allowed(what: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreachableError, match=r"sends more than 1 MiB\. .* raise max_response_size"):
        _answer(LARGE[what])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


@pytest.mark.parametrize("headers", [b"X: " + b"x" * 70_000 + b"\r\n", b"X: x\r\n" * 200])
def test_headers_without_end_are_said_to_be_that(headers: bytes) -> None:
    with pytest.raises(UnreachableError, match="sends headers that are too long or too many"):
        _answer(says(HEAD + headers + b"\r\n[]"))


@pytest.mark.parametrize(
    "content",
    [ANSWER[:-5], CHUNKED + b"10\r\n[", CHUNKED + b"1\r\n[\r\n", HEAD + b"Content-Length: 9999999999999\r\n\r\n["],
)
def test_an_answer_that_is_cut_off_is_not_called_something_else_than_http(content: bytes) -> None:
    with pytest.raises(UnreachableError, match="closed the connection in the middle of its answer") as caught:
        _answer(says(content))
    assert "https" not in str(caught.value)


@pytest.mark.parametrize("depth", [101, 990, 200_000])
def test_json_of_too_many_levels_is_refused(depth: int) -> None:
    with pytest.raises(UnreachableError, match="answers with JSON of more than 100 levels"):
        _answer(says(_whole(_nested(depth))))


def test_json_of_as_many_levels_as_allowed_is_read() -> None:
    assert json.dumps(_answer(says(_whole(_nested(100)))).body).encode() == _nested(100)


def test_an_answer_of_exactly_the_size_allowed_is_read() -> None:
    head = _whole(b"")[:-5]
    body = b"[" + b" " * (1024 * 1024 - len(head) - len(b"1048500\r\n\r\n") - 2) + b"]"
    content = head + b"%d\r\n\r\n" % len(body) + body
    assert len(content) == 1024 * 1024
    assert _answer(says(content)).body == []


ESCAPES = "\x1b]0;owned\x07\x1b[2J\r\nok: [mail01] \u202e\u2066\x9b31m"


@pytest.mark.parametrize(
    "body",
    [
        {"message": ESCAPES},
        {"message": "no", "details": ESCAPES},
        {"message": "no", "status": ESCAPES},
        ESCAPES,
    ],
)
def test_a_message_of_the_server_does_nothing_to_a_terminal(body: Any) -> None:
    content = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict) else body.encode()
    answer = _answer(says(_whole(content, b"500 Internal Server Error")))
    assert answer.message.isprintable()
    assert "owned" in answer.message


def test_a_redirect_is_not_followed_and_the_token_stays_here() -> None:
    visits: list[int] = []
    with hostile_server(lambda _connection, _over: visits.append(1)) as elsewhere:
        location = b"Location: http://127.0.0.1:%d/\r\n" % elsewhere
        answer = _answer(says(_whole(b"", b"302 Found", location)), token="secret")
    assert answer.message == "HTTP 302, a redirect, which is not followed: give the address itself as url"
    assert visits == []


@pytest.mark.parametrize("more", [b"", _whole(b'"an answer that nobody asked for"')])
def test_a_kept_connection_that_the_server_has_closed_is_not_used_again(more: bytes) -> None:
    with hostile_server(says(_whole(b"[]") + more)) as port:
        transport = Transport(f"http://127.0.0.1:{port}", timeout=20)
        for _number in range(3):
            assert transport.request("GET", "/").body == []
            assert select.select([transport._idle[0].sock], [], [], 20)[0], "it is closed"
        transport.close()


def test_compressed_content_is_not_unpacked() -> None:
    bomb = gzip.compress(b"[" + b"0," * 5_000_000 + b"0]")
    answer = _answer(says(_whole(bomb, b"500 Internal Server Error", b"Content-Encoding: gzip\r\n")))
    assert answer.message.isprintable()
    assert len(answer.message) < 2000


ATOMS: list[Any] = [None, 1, "x", True, 1.5, [], {}, [1], [None], [[]], ["x"], [{}], {"a": 1}, {"a": {}}]


def _mangled(body: Any, chance: random.Random) -> Any:
    """Return an answer with something else in one place."""
    if chance.random() < 0.25 or not isinstance(body, (dict, list)) or not body:
        return chance.choice(ATOMS)
    place = chance.choice(list(body)) if isinstance(body, dict) else chance.randrange(len(body))
    mangled: Any = dict(body) if isinstance(body, dict) else list(body)
    mangled[place] = _mangled(mangled[place], chance)
    return mangled


class MangledTransport(Transport):
    """Gives answers of another shape than the published one, now and then."""

    chance = random.Random()

    def request(self, *args: Any, **kwargs: Any) -> Answer:
        """Return an answer."""
        answer = super().request(*args, **kwargs)
        if "bearer" in answer.body or self.chance.random() > 0.3:
            return answer
        return Answer(self.chance.choice([answer.status, 200, 403, 404, 500]), _mangled(answer.body, self.chance))


def test_answers_of_any_shape_are_errors_of_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creation, "PATIENCE", (0,))
    documents = [{"Form": "ServerConfig", "ServerName": "*"}, {"Form": "Server", "ServerName": "CN=Mail01/O=Acme"}]
    definitions = define_all(
        [
            {"form": "ServerConfig", "match": {"server_name": "*"}, "settings": {"external_smtp": "enabled"}},
            {"form": "Domain", "match": {"global_domain_name": "Acme"}, "settings": {"domain_type": "global_domain"}},
        ]
    )
    wanted, request = scope.Wanted("dominodirectory", "dominodirectory"), scope_engine.Request(["ServerConfig"], {})
    ended = {"error": 0, "none": 0}
    with rest_server(tmp_path, documents=documents, kept=False) as server:
        for number in range(150):
            transport = MangledTransport(server.url, timeout=20)
            transport.chance = random.Random(number)
            try:
                if number % 2:
                    directory = RestDirectory(transport, "Lab Admin", PASSWORD, setup=True)
                    engine.run(directory, definitions, write=False, design_check="strict")
                else:
                    scope_engine.run(SetupApi(transport, "Lab Admin", PASSWORD), wanted, request, write=False)
            except DirectoryError as exc:
                assert str(exc).isprintable()  # noqa: PT017 - any text will do
                ended["error"] += 1
            else:
                ended["none"] += 1
            finally:
                transport.close()
    assert min(ended.values()) > 20, ended
