# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login at Domino REST API: renewed as often as a token ends, and an account is never tried again and again."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DirectoryError, RefusedError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.parallel import each
from ansible_collections.opendomino.mail.plugins.module_utils._directory.session import Account, Session
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Transport

from ...._rest_server import PASSWORD, RestServer, rest_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED = (401, b'{"status":401,"message":"Invalid credentials or account locked"}')


@contextmanager
def opened(path: Path, **rest: Any) -> Iterator[tuple[RestServer, Session]]:
    """Run a server and open a session with it."""
    with rest_server(path, rest=rest) as server, closing(Transport(server.url, timeout=20)) as transport:
        yield server, Session(transport, Account("Lab Admin", PASSWORD, "dominodirectory"))


def _statuses(session: Session, count: int) -> list[int]:
    return [session.call("GET", "/api/v1/scopes").status for _number in range(count)]


def test_every_token_that_ends_is_renewed(tmp_path: Path) -> None:
    with opened(tmp_path) as (server, session):
        server.token_uses = 2
        assert _statuses(session, 20) == [200] * 20
        assert server.said.count("POST auth") == 10
        assert len(session.secrets) == 11, "all that must not be shown"


def test_a_server_that_accepts_no_token_is_asked_for_two(tmp_path: Path) -> None:
    with opened(tmp_path, token_seconds=0) as (server, session):
        assert _statuses(session, 5) == [401] * 5
        assert server.said.count("POST auth") == 2


def test_a_login_that_is_refused_is_not_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path) as (server, session):
        server.overrides["POST", "/api/v1/auth"] = REFUSED
        for _time in range(5):
            with pytest.raises(RefusedError, match=r"did not let .* tried once only"):
                session.call("GET", "/api/v1/scopes")
        assert server.asked == ["/api/v1/auth"]


def test_a_password_that_ends_during_a_run_is_tried_once_by_all_threads_together(tmp_path: Path) -> None:
    with opened(tmp_path) as (server, session):
        assert _statuses(session, 1) == [200]
        server.overrides["POST", "/api/v1/auth"] = REFUSED
        server.faults.set({"name": "expire_token"})
        server.asked.clear()
        ended = [
            end
            for _round in range(3)
            for end in each(range(8), lambda _number: session.call("GET", "/api/v1/scopes"), 8)
            if end is not None
        ]
        assert all(isinstance(end, DirectoryError) for end in ended), ended
        assert server.asked.count("/api/v1/auth") == 1


def test_several_threads_renew_a_token_once(tmp_path: Path) -> None:
    with opened(tmp_path) as (server, session):
        assert _statuses(session, 1) == [200]
        server.faults.set({"name": "expire_token", "method": "GET", "times": 1})
        ended = each(range(40), lambda _number: session.call("GET", "/api/v1/scopes").status, 8)
        assert ended == [200] * 40
        assert server.said.count("POST auth") == 2
