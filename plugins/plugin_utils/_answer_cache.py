# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS replies kept for the rest of an Ansible run.

Ansible evaluates lookups in a new process for each task and host, so what a process remembers is lost at once. The
temporary directory of the run (`DEFAULT_LOCAL_TMP`) belongs to the user alone, is the same for all of these processes,
and goes when the run ends: the replies are kept there, in the form in which they came.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible import constants

from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Nameserver, Settings

try:
    import dns.exception
    import dns.message
except ImportError:
    pass  # the lookups say so

_TABLE = """
CREATE TABLE IF NOT EXISTS reply (
  asked TEXT, name TEXT, type TEXT, address TEXT, port INTEGER, expires REAL, wire BLOB,
  PRIMARY KEY (asked, name, type)
) WITHOUT ROWID
"""

Row = tuple[str, str, str, str, int, float, bytes]


@dataclass(frozen=True)
class Kept:
    """A reply, who gave it, and for how many more seconds it holds."""

    server: Nameserver
    message: dns.message.QueryMessage
    seconds: int


class AnswerCache:
    """Replies to questions put with the same nameservers. A cache that does not work is as good as an empty one."""

    def __init__(self, path: Path, settings: Settings) -> None:
        """Open the file, or make it."""
        self._asked = repr((settings.nameservers, settings.port, settings.tcp))
        self._new: list[Row] = []
        self._database: sqlite3.Connection | None = None
        with contextlib.suppress(sqlite3.Error):
            self._database = sqlite3.connect(path, timeout=2)
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute(_TABLE)

    def get(self, name: str, rdtype: str) -> Kept | None:
        """Return the reply that is kept and still holds."""
        row = None
        if self._database:
            with contextlib.suppress(sqlite3.Error):
                row = self._database.execute(
                    "SELECT address, port, expires, wire FROM reply WHERE asked = ? AND name = ? AND type = ?",
                    (self._asked, _key(name), rdtype),
                ).fetchone()
        if row is None:
            return None
        address, port, expires, wire = row
        seconds = int(expires - time.time())
        if seconds <= 0:
            return None
        try:
            reply = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        return Kept(Nameserver(address, port), reply, seconds) if isinstance(reply, dns.message.QueryMessage) else None

    def put(self, name: str, rdtype: str, server: Nameserver, seconds: int, reply: dns.message.QueryMessage) -> None:
        """Keep a reply for some seconds."""
        wire = reply.to_wire(max_size=65535)
        row = (self._asked, _key(name), rdtype, server.address, server.port, time.time() + seconds, wire)
        self._new.append(row)

    def close(self) -> None:
        """Write what is new, for the other processes of the run."""
        if self._database is None:
            return
        with contextlib.suppress(sqlite3.Error), self._database:
            self._database.executemany("INSERT OR REPLACE INTO reply VALUES (?, ?, ?, ?, ?, ?, ?)", self._new)
        self._database.close()


@contextlib.contextmanager
def cache_of_run(settings: Settings, *, use: bool) -> Iterator[AnswerCache | None]:
    """Open the run's cache, or none."""
    if not use:
        yield None
        return
    cache = AnswerCache(Path(constants.DEFAULT_LOCAL_TMP) / "opendomino_mail_dns.sqlite", settings)
    try:
        yield cache
    finally:
        cache.close()


def _key(name: str) -> str:
    return name.lower().removesuffix(".")
