# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login at Domino REST API: one token for all requests, renewed whenever it ends, never in a loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .transport import Answer, Transport

BASIS, SETUP = "/api/v1", "/api/setup-v1"


@dataclass(frozen=True)
class Account:
    """Who logs in, and for which scopes; a token without one of `required` is refused."""

    username: str
    password: str
    scopes: str
    required: frozenset[str] = frozenset()


@dataclass
class _Token:
    text: str
    #: whether the server has accepted it for a request
    accepted: bool = False


class Session:
    """Requests of one account. Several threads may call at a time; they share the token."""

    def __init__(self, transport: Transport, account: Account) -> None:
        """Take what is needed to log in at the first request."""
        self._transport = transport
        self._account = account
        self._token: _Token | None = None
        self._refusal: tuple[str, int, int | None] | None = None
        self._never_accepted = 0
        self._logging_in = threading.Lock()
        #: what must not be shown: the password, and each token
        self.secrets = {account.password} - {""}

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
    ) -> Answer:
        """Send a request with the token, once more with a new one where the token has ended.

        A token is renewed as often as it ends, but not twice in a row without being accepted in between. A login
        that was refused is never tried again, because repeated failures lock an account. Raises RefusedError where
        the account is not let in, UnreachableError.
        """
        token = self._valid(None)
        answer = self._send(token, method, path, query, body, accept)
        if answer.status == 401:
            newer = self._valid(token)
            if newer is not token:
                answer = self._send(newer, method, path, query, body, accept)
        return answer

    def _send(self, token: _Token, *request: Any) -> Answer:
        method, path, query, body, accept = request
        answer = self._transport.request(method, path, query, body, token.text, accept)
        if answer.status != 401 and answer.status < 500:
            token.accepted = True
        return answer

    def _valid(self, refused: _Token | None) -> _Token:
        """Return the token that all threads share, a new one where it is the one that was refused."""
        with self._logging_in:
            if self._token is not None and self._token is not refused:
                return self._token
            if self._token is not None:
                self._never_accepted = 0 if self._token.accepted else self._never_accepted + 1
                if self._never_accepted > 1:
                    return self._token
            self._token = self._log_in()
            return self._token

    def _log_in(self) -> _Token:
        if self._refusal is not None:
            raise RefusedError(*self._refusal)
        account, url = self._account, self._transport.url
        login = {"username": account.username, "password": account.password, "scope": account.scopes}
        answer = self._transport.request("POST", f"{BASIS}/auth", None, login)
        body = answer.body if answer.ok and isinstance(answer.body, dict) else {}
        claims = body.get("claims")
        granted = str((claims.get("scopes") if isinstance(claims, dict) else None) or "")
        if not body.get("bearer"):
            text = (
                f'{url} did not let "{account.username}" in ({answer.message}). Check user name and Internet password. '
                "It was tried once only, because repeated failures lock an account."
            )
            self._refusal = (text, answer.status, answer.error_id)
            raise RefusedError(*self._refusal)
        missing = account.required - set(granted.split())
        if granted and missing:
            raise RefusedError(
                f"{url} gave {account.username} a token without the scope {', '.join(sorted(missing))} (it has: "
                f"{granted}), which schemas and scopes are written with. Let it be granted to this account."
            )
        token = _Token(str(body["bearer"]))
        self.secrets.add(token.text)
        return token


def remedy(answer: Answer) -> str:
    """Return what to do about a refusal that has nothing to do with what was asked for; empty for others."""
    if answer.status == 401:
        return (
            " The login was accepted, and the token that came of it was not. If this lasts, look at the log of Domino "
            "REST API on the server."
        )
    if answer.status == 503:
        return " Domino REST API is being refreshed or stopped; try again in a while."
    return ""
