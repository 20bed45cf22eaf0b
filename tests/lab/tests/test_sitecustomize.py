# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver of a lab host, or of a controller: the lab's, once there is a lab."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dominolab
from dominolab.dns import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

ASK = "import socket; print(socket.getaddrinfo('mail01.example.com', 25)[0][4][0])"
SYSTEM = "import socket; print(socket.gethostbyaddr('127.0.0.1')[2], socket.getaddrinfo('localhost', 25)[0][4][1])"


@contextmanager
def resolver() -> Iterator[int]:
    """Run the lab's DNS; yield its port."""
    started, stop = threading.Event(), threading.Event()
    ports = []

    async def run() -> None:
        records = [{"name": "mail01.example.com", "type": "A", "values": ["192.0.2.11"]}]
        server = await serve({"records": records, "address": "127.0.0.1"})
        ports.append(server.port)
        started.set()
        await asyncio.to_thread(stop.wait)
        await server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert started.wait(20)
        yield ports[0]
    finally:
        stop.set()
        thread.join(20)


def ask(code: str, place: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with a resolver."""
    folder = str(Path(dominolab.__file__).with_name("sitecustomize"))
    given = {} if place is None else {"DOMINOLAB_RESOLVER": place}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": folder, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_names_are_asked_of_the_lab() -> None:
    with resolver() as port:
        done = ask(ASK, f"127.0.0.1:{port}")
    assert done.stdout == "192.0.2.11\n", done.stderr


@pytest.mark.parametrize("place", [None, "missing"], ids=["without a lab", "before there is one"])
def test_the_system_is_asked_where_there_is_no_lab(place: str | None, tmp_path: Path) -> None:
    done = ask(SYSTEM, place and str(tmp_path / place))
    assert done.returncode == 0, done.stderr


def test_a_lab_with_an_address_of_its_own_is_found_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 192.0.2.53\n", encoding="ascii")
    done = ask("import sitecustomize; print(sitecustomize._resolver())", str(file))
    assert done.stdout == "('192.0.2.53', 53)\n", done.stderr
