# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run as `unshare --map-root-user --net --mount python namespace.py DIRECTORY`: a host whose resolver is its own.

In namespaces of its own this process may listen on port 53 and have an /etc/resolv.conf of its own, mounted as
containers have it. It sets the DNS servers with host_resolver and prints what came of it as JSON.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

SIOCSIFFLAGS = 0x8914  # netdevice(7)
IFF_UP_RUNNING = 0x41


def serve(address: str, host: str) -> None:
    """Answer for one host name, and refuse to know others."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        wire, peer = server.recvfrom(4096)
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query, recursion_available=True)
        name, rdtype = query.question[0].name, query.question[0].rdtype.name
        if name.to_text() != host:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif rdtype == "A":
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.25"))
        server.sendto(answer.to_wire(), peer)


def main(directory: Path) -> None:
    """Set good DNS servers, then bad ones."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))
    for address, host in (("127.0.0.2", "mx.example.org."), ("127.0.0.3", "other.example.net.")):
        threading.Thread(target=serve, args=(address, host), daemon=True).start()
    mine = directory / "resolv.conf"
    mine.write_text("options timeout:1 attempts:1\nnameserver 127.0.0.3\n", encoding="ascii")
    subprocess.run([shutil.which("mount") or "mount", "--bind", str(mine), "/etc/resolv.conf"], check=True)
    common: dict[str, Any] = {"verify": ["mx.example.org"], "timeout": 2, "method": "file"}
    steps = {
        "replaced": run_module("host_resolver", {**common, "nameservers": ["127.0.0.2"]}),
        "good": run_module("host_resolver", {**common, "nameservers": ["127.0.0.2"], "unsafe_writes": True}),
        "again": run_module("host_resolver", {**common, "nameservers": ["127.0.0.2"], "unsafe_writes": True}),
        "bad": run_module("host_resolver", {**common, "nameservers": ["127.0.0.3"], "unsafe_writes": True}),
        "silent": run_module("host_resolver", {**common, "nameservers": ["127.0.0.4"], "unsafe_writes": True}),
    }
    found = Path("/etc/resolv.conf").read_text(encoding="ascii")
    print(json.dumps({"steps": steps, "resolv.conf": found}))


main(Path(sys.argv[1]))
