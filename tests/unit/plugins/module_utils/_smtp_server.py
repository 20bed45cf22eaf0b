# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server on loopback that says what it is told to say, friendly or hostile."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

NAME = "mail01.example.com"
DEFAULTS = {
    "greeting": f"220 {NAME} ESMTP Service ready at Mon, 2 Mar 2026 10:00:00 +0100\r\n",
    "EHLO": f"250-{NAME} Hello probe ([127.0.0.1]), pleased to meet you\r\n250-SIZE 1000\r\n250 PIPELINING\r\n",
    "HELO": f"250 {NAME} Hello probe ([127.0.0.1]), pleased to meet you\r\n",
    "MAIL": "250 ok\r\n",
    "RCPT": "250 ok\r\n",
    "RSET": "250 ok\r\n",
    "QUIT": "221 bye\r\n",
}


class ScriptedServer:
    """Does what the script says: `behaviour`, `greeting`, and replies by verb or by whole command.

    A reply that is empty never comes; `CLOSE` closes the connection. Text is Latin-1, so that it can be any bytes.
    With a TLS context, STARTTLS is followed by a handshake if the reply is 220. A script whose `answer` is a function
    asks that for each reply first; it gets the commands of the connection so far.
    """

    def __init__(
        self, script: dict[str, Any], address: str = "127.0.0.1", context: ssl.SSLContext | None = None
    ) -> None:
        self.script = {**DEFAULTS, **script}
        self.connections = 0
        self._context = context
        self.commands: list[str] = []
        self.received_after = b""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(
            (address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET
        )
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> ScriptedServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in list(self._threads):
            thread.join(10)

    def _start(self, target: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            getattr(self, "_" + self.script.get("behaviour", "talk"))(connection)

    def _talk(self, connection: socket.socket) -> None:
        self.connections += 1
        connection.sendall(self.script["greeting"].encode("latin-1"))
        if not self._talk_until_tls(connection) or self._context is None:
            return
        with self._context.wrap_socket(connection, server_side=True) as secured:
            self._talk_until_tls(secured)

    def _talk_until_tls(self, connection: socket.socket) -> bool:
        """Answer commands; return whether a handshake is next."""
        commands: list[str] = []
        with connection.makefile("rb") as lines:
            for line in lines:
                command = line.decode("latin-1").rstrip("\r\n")
                self.commands.append(command)
                commands.append(command)
                reply = self._reply(commands)
                if reply == "CLOSE":
                    return False
                connection.sendall(reply.encode("latin-1"))
                if command == "STARTTLS" and reply.startswith("220"):
                    return True
                if command == "QUIT":
                    self.received_after = lines.read()
                    return False
        return False

    def _reply(self, commands: list[str]) -> str:
        command = commands[-1]
        answer = self.script.get("answer", lambda _commands: None)(commands)
        verb = command.split(" ", maxsplit=1)[0].upper()
        return str(answer or self.script.get(command, self.script.get(verb, "500 what?\r\n")))

    def _silent(self, connection: socket.socket) -> None:
        connection.recv(1)

    def _close(self, connection: socket.socket) -> None:
        """Nothing is said."""

    def _drip(self, connection: socket.socket) -> None:
        while not self._stop.wait(0.02):
            connection.sendall(b"2")

    def _flood(self, connection: socket.socket) -> None:
        connection.sendall(b"220 ")
        while not self._stop.is_set():
            connection.sendall(b"a" * 65536)

    def _endless(self, connection: socket.socket) -> None:
        while not self._stop.is_set():
            connection.sendall(b"220-and another line\r\n" * 1000)
