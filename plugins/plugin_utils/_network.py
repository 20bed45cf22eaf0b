# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP and HTTPS as an audit needs them: bounded in time and size, and each thing asked for once."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.opendomino.mail.plugins.module_utils._http import (
    HttpError,
    SizeError,
    explain,
    read_body,
)

SIZE = 64 * 1024  # of a policy (RFC 8461 section 3.3)
HEADERS = 16 * 1024
CONNECTIONS = 64  # under way at a time
ADDRESSES = 4  # of a web server that are tried


class FetchError(Exception):
    """There is no page. The text says why."""


@dataclass(frozen=True)
class NetworkSettings:
    """Where to reach web and mail servers. `ca_path` is a PEM file with further authorities to trust."""

    https_port: int = 443
    ca_path: str = ""
    smtp_port: int = 25
    timeout: float = 10.0

    def context(self) -> ssl.SSLContext:
        """Return what verifies certificates; raises OSError where `ca_path` cannot be read."""
        context = ssl.create_default_context()
        if self.ca_path:
            context.load_verify_locations(self.ca_path)
        return context


class Network:
    """Reaches servers by address."""

    def __init__(self, settings: NetworkSettings) -> None:
        """Reach nobody yet."""
        self._settings = settings
        self._limit = asyncio.Semaphore(CONNECTIONS)
        self._context: ssl.SSLContext | None = None
        self._probed: dict[str, asyncio.Task[str]] = {}

    async def fetch(self, host: str, path: str, addresses: Sequence[str]) -> bytes:
        """Return a page of a host, from its first address that answers; redirects are not followed."""
        reasons = []
        for address in addresses[:ADDRESSES]:
            page, reason = await self._try(host, path, address)
            if not reason:
                return page
            reasons.append(f"{address}: {reason}")
        raise FetchError("; ".join(reasons) or "it has no address")

    async def probe(self, address: str) -> str:
        """Return why an address does not take SMTP connections, empty where it does."""
        if address not in self._probed:
            self._probed[address] = asyncio.get_running_loop().create_task(self._probe(address))
        return await self._probed[address]

    async def _probe(self, address: str) -> str:
        async with self._limit:
            try:
                _reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(address, self._settings.smtp_port), self._settings.timeout
                )
            except (OSError, asyncio.TimeoutError) as exc:
                return self._reason(exc)
            writer.close()
            return ""

    async def _try(self, host: str, path: str, address: str) -> tuple[bytes, str]:
        """Return the page, or why there is none."""
        async with self._limit:
            try:
                raw = await asyncio.wait_for(self._exchange(host, path, address), self._settings.timeout)
                return _read(raw), ""
            except (OSError, asyncio.TimeoutError) as exc:
                return b"", self._reason(exc)
            except FetchError as exc:
                return b"", str(exc)

    async def _exchange(self, host: str, path: str, address: str) -> bytes:
        """Return all that the server sends, up to the bound."""
        if self._context is None:
            self._context = self._settings.context()
        reader, writer = await asyncio.open_connection(
            address, self._settings.https_port, ssl=self._context, server_hostname=host
        )
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"))
            received: list[bytes] = []
            while sum(map(len, received)) <= SIZE + HEADERS and (block := await reader.read(SIZE)):
                received.append(block)
            return b"".join(received)
        finally:
            writer.transport.abort()

    def _reason(self, exc: Exception) -> str:
        if isinstance(exc, asyncio.TimeoutError):
            return f"no answer within {self._settings.timeout:g} s"
        if isinstance(exc, ssl.SSLCertVerificationError):
            return f"the certificate is not valid ({exc.verify_message})"
        if isinstance(exc, ssl.SSLError):
            return f"TLS fails ({exc.reason or exc})"
        # asyncio replaces the system's words by "Connect call failed".
        return os.strerror(exc.errno) if isinstance(exc, OSError) and exc.errno else str(exc) or type(exc).__name__


class _Received:
    """As much of a socket as http.client needs to read an answer that is here already."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _read(raw: bytes) -> bytes:
    """Return the body of a successful answer; raises FetchError."""
    response = http.client.HTTPResponse(_Received(raw))  # type: ignore[arg-type]
    try:
        response.begin()
        if response.status != http.client.OK:
            raise FetchError(f"the answer is HTTP {response.status}")
        return read_body(response, SIZE)
    except (http.client.HTTPException, ValueError) as exc:
        raise FetchError(f"the server {explain(exc)}") from exc
    except SizeError as exc:
        raise FetchError(f"the page is longer than {SIZE} bytes") from exc
    except HttpError as exc:
        raise FetchError(f"the server {exc}") from exc


def joined(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    return ", ".join(names) or "none"
