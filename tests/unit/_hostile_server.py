# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that do what no server should, until the client has had enough."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What is done to one connection; the event is set when the test is over.
Behaviour = Callable[[socket.socket, threading.Event], None]


def asked(connection: socket.socket) -> bytes:
    """Read a request up to the end of its header."""
    received = b""
    while b"\r\n\r\n" not in received:
        block = connection.recv(65536)
        if not block:
            break
        received += block
    return received


def says(content: bytes, *, request: bool = True) -> Behaviour:
    """Send something after a request, and close."""

    def behave(connection: socket.socket, _over: threading.Event) -> None:
        if request:
            asked(connection)
        connection.sendall(content)

    return behave


def drips(content: bytes, *, at_once: bytes = b"", pause: float = 0.05, request: bool = True) -> Behaviour:
    """Send something one byte at a time, the whole of it."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        if request:
            asked(connection)
        connection.sendall(at_once)
        for number in range(len(content)):
            if over.wait(pause):
                return
            connection.sendall(content[number : number + 1])

    return behave


def floods(content: bytes, *, first: bytes = b"", most: int = 256 * 1024 * 1024, request: bool = True) -> Behaviour:
    """Send something again and again, up to `most` bytes, more than any client may read."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        if request:
            asked(connection)
        connection.sendall(first)
        for _number in range(most // len(content)):
            if over.is_set():
                return
            connection.sendall(content)

    return behave


def converses(answers: Sequence[bytes], then: Behaviour) -> Behaviour:
    """Send the first answer unasked and each other one after a line, then do something else."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(answers[0])
        for answer in answers[1:]:
            if not connection.recv(65536):
                return
            connection.sendall(answer)
        if connection.recv(65536):
            then(connection, over)

    return behave


@contextmanager
def hostile_server(behave: Behaviour) -> Iterator[int]:
    """Do this to all connections; yields the port."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                behave(connection, over)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with suppress(OSError):  # it is closed already, as a rule
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
