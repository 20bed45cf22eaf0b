# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail.box and mail files: SQLite files that stand where the product has databases of its own format.

A real mail.box forgets a message once it is routed. The lab's keeps what became of each recipient, without the content,
so that a sender can ask.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


class State(str, Enum):
    """What became of a recipient."""

    WAITING = "waiting"  # not looked at since it came, or since the last try
    HELD = "held"  # tried in vain, will be tried again
    DELIVERED = "delivered"  # in a mail file
    TRANSFERRED = "transferred"  # taken by another SMTP server
    ROUTED = "routed"  # taken by another server of the Notes domain
    FORWARDED = "forwarded"  # goes on to the forwarding address
    FAILED = "failed"  # a failure report was made
    DEAD = "dead"  # failed, and nobody can be told

    @property
    def is_open(self) -> bool:
        """Say whether the Router still has to do something."""
        return self in (State.WAITING, State.HELD)


@dataclass(frozen=True)
class Message:
    """A message in mail.box."""

    id: str
    sender: str  # Notes or Internet address; empty for a report, which must not be answered
    content: bytes  # header and body with CRLF line ends
    items: Mapping[str, str]  # further items of the note, INetFrom for one
    created: float  # seconds since the epoch


@dataclass(frozen=True)
class Recipient:
    """One recipient of a message in mail.box."""

    address: str
    state: State
    reason: str = ""  # the product's text for held, failed and dead
    destination: str = ""  # mail file, server or SMTP host that has it now
    next_id: str = ""  # id in the mail.box that has it now
    tries: int = 0
    due: float = 0.0  # not tried before, seconds since the epoch


class MailBox:
    """mail.box of one server."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def open(cls, path: Path) -> MailBox:
        """Open mail.box; make it where there is none."""
        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS message (
                id TEXT PRIMARY KEY, sender TEXT, content BLOB, items TEXT, created REAL);
            CREATE TABLE IF NOT EXISTS recipient (
                message TEXT REFERENCES message, address TEXT, state TEXT, reason TEXT DEFAULT '',
                destination TEXT DEFAULT '', next_id TEXT DEFAULT '', tries INTEGER DEFAULT 0, due REAL DEFAULT 0,
                PRIMARY KEY (message, address));
            """
        )
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def listening(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call a function after every change, as long as the context lasts."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def deposit(
        self, sender: str, recipients: Iterable[str], content: bytes, items: Mapping[str, str] | None = None
    ) -> str:
        """Put a message in and return its id, 32 hexadecimal digits. A recipient named twice counts once."""
        message_id = uuid.uuid4().hex.upper()
        with self._transaction():
            self._connection.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?)",
                (message_id, sender, content, json.dumps(dict(items or {})), time.time()),
            )
            self._connection.executemany(
                "INSERT INTO recipient (message, address, state) VALUES (?, ?, ?)",
                [(message_id, address, State.WAITING.value) for address in dict.fromkeys(recipients)],
            )
        return message_id

    def add_recipient(self, message_id: str, address: str) -> None:
        """Add a recipient to a message that is being routed: the forwarding address of another one."""
        with self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO recipient (message, address, state) VALUES (?, ?, ?)",
                (message_id, address, State.WAITING.value),
            )

    def message(self, message_id: str) -> Message:
        """Return a message; KeyError where there is none. Its content is empty once nobody waits for it."""
        row = self._connection.execute(
            "SELECT id, sender, content, items, created FROM message WHERE id = ?", (message_id,)
        ).fetchone()
        if row is None:
            raise KeyError(message_id)
        return Message(row[0], row[1], row[2], json.loads(row[3]), row[4])

    def recipients(self, message_id: str) -> list[Recipient]:
        """Return all recipients of a message, in the order given."""
        rows = self._connection.execute(
            "SELECT address, state, reason, destination, next_id, tries, due FROM recipient"
            " WHERE message = ? ORDER BY rowid",
            (message_id,),
        )
        return [Recipient(row[0], State(row[1]), *row[2:]) for row in rows]

    def open_messages(self) -> dict[str, list[Recipient]]:
        """Return the recipients that the Router still has to do something for, by message id, oldest first."""
        rows = self._connection.execute(
            "SELECT message, address, state, reason, destination, next_id, tries, due FROM recipient"
            " WHERE state IN (?, ?) ORDER BY rowid",
            (State.WAITING.value, State.HELD.value),
        )
        found: dict[str, list[Recipient]] = {}
        for row in rows:
            found.setdefault(row[0], []).append(Recipient(row[1], State(row[2]), *row[3:]))
        return found

    def settle(
        self,
        message_id: str,
        address: str,
        state: State,
        reason: str = "",
        destination: str = "",
        next_id: str = "",
        due: float = 0.0,
    ) -> None:
        """Note what became of a recipient; the content goes with the last one that was open."""
        with self._transaction():
            self._connection.execute(
                "UPDATE recipient SET state = ?, reason = ?, destination = ?, next_id = ?, due = ?, tries = tries + 1"
                " WHERE message = ? AND address = ?",
                (state.value, reason, destination, next_id, due, message_id, address),
            )
            self._connection.execute(
                "UPDATE message SET content = x'' WHERE id = ? AND NOT EXISTS"
                " (SELECT 1 FROM recipient WHERE message = ? AND state IN (?, ?))",
                (message_id, message_id, State.WAITING.value, State.HELD.value),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        for listener in tuple(self._listeners):
            listener()


class MailFile:
    """A mail file. Every call opens and closes it, so that clients can read while the server delivers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, data_directory: Path, mail_file: str) -> MailFile | None:
        """Return the mail file that a Person document names (`mail/jdoe`); None where there is none.

        None as well for a name outside the data directory.
        """
        name = mail_file.replace("\\", "/")
        path = data_directory / (name if name.lower().endswith(".nsf") else f"{name}.nsf")
        inside = path.resolve().is_relative_to(data_directory.resolve())
        return cls(path) if mail_file and inside and path.is_file() else None

    @classmethod
    def create(cls, path: Path) -> MailFile:
        """Make an empty mail file; one that is there stays."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS note (id TEXT PRIMARY KEY, delivered REAL, content BLOB)")
        return cls(path)

    def deliver(self, content: bytes) -> str:
        """Put a message in and return its id."""
        note_id = uuid.uuid4().hex.upper()
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("INSERT INTO note VALUES (?, ?, ?)", (note_id, time.time(), content))
        return note_id

    def contents(self) -> list[bytes]:
        """Return the messages as they were delivered, oldest first."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute("SELECT content FROM note ORDER BY rowid")]
