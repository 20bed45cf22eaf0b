# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies and commands on the wire: bounded in time and size, whatever the other side does."""

from __future__ import annotations

import re
import socket
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

from .._printable import excerpt, printable
from .._tcp import ConversationError, reason
from .transcript import Reply

#: RFC 5321 section 4.5.3.1.5 allows 512 bytes a line; more is tolerated, not without limit.
LINE_LIMIT = 8192
LINES_LIMIT = 200

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


class ReplyParser:
    """Puts the lines of one reply together (RFC 5321 section 4.2.1)."""

    def __init__(self) -> None:
        self._code = b""
        self._lines: list[str] = []

    def push(self, line: bytes) -> Reply | None:
        """Take a line without its end; return the reply with the last one. Raises ConversationError."""
        match = _REPLY_LINE.fullmatch(line)
        if match is None:
            raise ConversationError("protocol", "this is no SMTP reply: " + excerpt(line))
        code, separator, text = match.groups()
        if self._code not in (b"", code):
            raise ConversationError("protocol", f"one reply has two codes, {int(self._code)} and {int(code)}")
        self._code = code
        self._lines.append(printable(text or b""))
        if separator != b"-":
            return Reply(int(code), tuple(self._lines))
        if len(self._lines) >= LINES_LIMIT:
            raise ConversationError("protocol", f"a reply has more than {LINES_LIMIT} lines")
        return None


class Connection:
    """Commands and replies over a connected socket, until a deadline (of `time.monotonic`)."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._buffer = b""

    def command(self, text: str) -> Reply:
        """Send one command and return the reply. Raises ConversationError, also for 421: the server hangs up."""
        self._be_silent()
        with self._errors():
            self._sock.settimeout(self._remaining())
            self._sock.sendall(text.encode("ascii") + b"\r\n")
        reply = self.read_reply()
        if reply.code == 421:
            raise ConversationError("closing", f"the server hangs up: {reply}")
        return reply

    def send_data(self, content: bytes) -> Reply:
        """Send a message behind DATA, with line ends as they are, and return the reply. Raises ConversationError."""
        self._be_silent()
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        with self._errors():
            self._sock.settimeout(self._remaining())
            self._sock.sendall(stuffed + b".\r\n")
        return self.read_reply()

    def read_reply(self) -> Reply:
        """Read one reply. Raises ConversationError."""
        parser = ReplyParser()
        while True:
            reply = parser.push(self._read_line())
            if reply is not None:
                return reply

    def wrap(self, secure: Callable[[socket.socket], Any]) -> Any:
        """Go on over the TLS socket that `secure` makes of the plain one; return it. `secure` raises OSError."""
        self._be_silent()
        self._sock.settimeout(max(0.001, self._deadline - time.monotonic()))
        self._sock = secure(self._sock)
        return self._sock

    def hasten(self, seconds: float) -> None:
        """Bring the deadline forward."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def close(self) -> None:
        """Close the socket, with or without TLS."""
        self._sock.close()

    def _be_silent(self) -> None:
        if self._buffer:
            # Taken for the reply to what is asked now, it would turn a refusal into an acceptance; and what was said
            # before TLS could have been said by anybody (RFC 3207 section 6).
            raise ConversationError("protocol", "the server speaks unasked: " + excerpt(self._buffer))

    def _read_line(self) -> bytes:
        while b"\n" not in self._buffer[:LINE_LIMIT]:
            if len(self._buffer) >= LINE_LIMIT:
                raise ConversationError("protocol", f"a line is longer than {LINE_LIMIT} bytes")
            with self._errors():
                self._sock.settimeout(self._remaining())
                received = self._sock.recv(4096)
            if not received:
                unfinished = " in the middle of " + excerpt(self._buffer) if self._buffer else ""
                raise ConversationError("closed", "the server closed the connection" + unfinished)
            self._buffer += received
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line[:-1] if line.endswith(b"\r") else line

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise socket.timeout
        return remaining

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except socket.timeout as exc:
            received = " after " + excerpt(self._buffer) if self._buffer else ""
            raise ConversationError("timeout", "no reply in time" + received) from exc
        except OSError as exc:
            raise ConversationError("closed", f"the connection broke ({reason(exc)})") from exc
