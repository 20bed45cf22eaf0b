# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real DNS servers on loopback: BIND with zones of its own, Unbound as a validating resolver, and one that lies.

BIND and Unbound run from copies of their programs, because AppArmor confines the installed ones (by their path) to
/etc/bind, /var/cache/bind and the like, and ours live in a temporary directory.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = {
    "named": "bind9",
    "named-checkconf": "bind9-utils",
    "unbound": "unbound",
    "unbound-checkconf": "unbound",
}
SECONDS = 20.0


def program(name: str) -> str:
    """Return where a server or its tool is installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        packages = " ".join(sorted(set(PACKAGES.values())))
        raise RuntimeError(
            f"{name} is not installed, and these tests ask real DNS servers. Install them: apt-get install {packages}"
        )
    return found


def run(*command: str, cwd: Path) -> str:
    """Run a tool and return what it wrote."""
    done = subprocess.run(
        [program(command[0]), *command[1:]], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free for UDP and TCP."""
    for _attempt in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on 127.0.0.1")


@dataclass
class Daemon:
    """A server in the foreground of its own process, in its own directory."""

    directory: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None

    def start(self, name: str, *arguments: str, ready: str) -> None:
        """Start a copy of the program, and wait until it answers for the name `ready`."""
        copy = self.directory / name
        shutil.copy(program(name), copy)
        copy.chmod(0o755)
        log = self.directory / f"{name}.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(copy), *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        deadline = time.monotonic() + SECONDS
        while not self._answers(ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not answer\n{log.read_text(errors='replace')}")
            time.sleep(0.1)

    def _answers(self, name: str) -> bool:
        try:
            response = dns.query.udp(dns.message.make_query(name, "SOA"), "127.0.0.1", 1, self.port)
        except (dns.exception.DNSException, OSError):
            return False
        return bool(response.rcode() == dns.rcode.NOERROR)

    def stop(self) -> None:
        """Stop the process, by its id."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)


SOA = "@ 300 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60\n@ 300 IN NS ns1.example.com.\n"
ZONES = {
    "example.com": SOA
    + "ns1 300 IN A 127.0.0.1\n"
    + "www 300 IN CNAME web\n"
    + "web 300 IN A 192.0.2.80\n"
    + "".join(f"mail0{number} 300 IN A 192.0.2.1{number}\n" for number in (1, 2, 3, 9))
    + "@ 300 IN MX 90 mail09\n"
    + "*.wild 300 IN A 192.0.2.81\n"
    + "own.wild 300 IN A 192.0.2.81\n"
    + "other.wild 300 IN TXT other\n"
    + "child 300 IN NS ns.child\n"
    + "ns.child 300 IN A 192.0.2.54\n"
    + "split 300 IN TXT some-text- in-strings\n",
    "2.0.192.in-addr.arpa": SOA,
    "signed.test": SOA + "mail01 300 IN A 192.0.2.11\n",
    "locked.test": SOA,
    "roles.test": SOA,
    "policy.test": SOA,
    "bogus.test": SOA + "@ 300 IN MX 10 mail01\nmail01 300 IN A 192.0.2.11\n",
    "readonly.test": SOA,
}
SECURE = ("signed.test", "bogus.test")
#: What of `signed.test` has a signature when all of it has.
SIGNATURES = {"signed.test": {"DNSKEY", "NS", "NSEC", "SOA"}, "mail01.signed.test": {"A", "NSEC"}}


@dataclass
class Bind(Daemon):
    """BIND, primary of the zones above; `signed.test` is signed by it, `locked.test` is for another key."""

    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> algorithm, secret
    trust_anchor: str = ""

    @classmethod
    def start_in(cls, directory: Path) -> Bind:
        """Start BIND in an empty directory."""
        directory.mkdir()
        keys = {
            f"update-{bits}": (f"hmac-sha{bits}", base64.b64encode(secrets.token_bytes(bits // 8)).decode())
            for bits in (256, 384, 512)
        }
        keys["other"] = ("hmac-sha256", base64.b64encode(secrets.token_bytes(32)).decode())
        bind = cls(directory, free_port(), keys=keys)
        for zone, text in ZONES.items():
            (directory / f"{zone}.zone").write_text(f"$TTL 300\n{text}", encoding="ascii")
        (directory / "named.conf").write_text(bind.configuration(), encoding="ascii")
        run("named-checkconf", "named.conf", cwd=directory)
        bind.start("named", "-g", "-c", "named.conf", "-n", "1", ready="example.com")
        # It signs little by little; what is asked for meanwhile does not validate.
        deadline = time.monotonic() + SECONDS
        while not all(bind.signed(name) >= kinds for name, kinds in SIGNATURES.items()):
            assert time.monotonic() < deadline, "signed.test was not signed"
            time.sleep(0.05)
        keys_there = bind.records("signed.test", "DNSKEY")
        bind.trust_anchor = "".join(f"signed.test. IN DNSKEY {key}" for key in keys_there if key.startswith("257 "))
        return bind

    def signed(self, name: str) -> set[str]:
        """Return the types of a name's records that have a signature."""
        return {signature.split()[0] for signature in self.records(name, "RRSIG")}

    def configuration(self) -> str:
        """Return named.conf."""
        updates = " ".join(f'key "{name}";' for name in self.keys if name.startswith("update-"))
        here = self.directory
        policies = {
            "signed.test": f'allow-update {{ {updates} }}; dnssec-policy default; key-directory "{here}";',
            "locked.test": 'allow-update { key "other"; };',
            "readonly.test": "",
            # As docs/docsite/rst/guide_dns.rst has it.
            "policy.test": "update-policy { grant update-256 name policy.test. MX; "
            "grant update-256 subdomain policy.test. A AAAA TLSA TXT; };",
        }
        options = [
            f'directory "{here}"; managed-keys-directory "{here}";',
            f'pid-file "{here}/named.pid"; session-keyfile "{here}/session.key";',
            f"listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};",
            "recursion no; notify no;",
        ]
        keys = [
            f'key "{name}" {{ algorithm {algorithm}; secret "{secret}"; }};'
            for name, (algorithm, secret) in self.keys.items()
        ]
        zones = [
            f'zone "{zone}" {{ type primary; file "{zone}.zone"; '
            f"{policies.get(zone, f'allow-update {{ {updates} }};')} }};"
            for zone in ZONES
        ]
        return "\n".join(["options {", *options, "};", "controls { };", *keys, *zones, ""])

    def options(self, key: str = "update-256") -> dict[str, Any]:
        """Return the options of dns_records that lead here."""
        algorithm, secret = self.keys[key]
        return {
            "server": "127.0.0.1",
            "port": self.port,
            "key_name": key,
            "key_algorithm": algorithm,
            "key_secret": secret,
            "timeout": 5,
        }

    def records(self, name: str, rdtype: str) -> list[str]:
        """Return the values that BIND has, as it spells them, sorted."""
        response = dns.query.tcp(dns.message.make_query(name, rdtype), "127.0.0.1", SECONDS, self.port)
        wanted = dns.rdatatype.from_text(rdtype)
        return sorted(rdata.to_text() for rrset in response.answer if rrset.rdtype == wanted for rdata in rrset)

    def serial(self, zone: str) -> int:
        """Return the serial number, which grows with each change of a zone."""
        return int(self.records(zone, "SOA")[0].split()[2])


@dataclass
class Unbound(Daemon):
    """Unbound, which asks BIND for its zones and believes `signed.test` only as far as it validates.

    It expects `bogus.test` to be signed as well, and that is not.
    """

    @classmethod
    def start_in(cls, directory: Path, bind: Bind) -> Unbound:
        """Start Unbound in an empty directory."""
        directory.mkdir()
        unbound = cls(directory, free_port())
        stubs = "".join(f'stub-zone:\n  name: "{zone}."\n  stub-addr: 127.0.0.1@{bind.port}\n' for zone in ZONES)
        insecure = "".join(f'  domain-insecure: "{zone}."\n' for zone in ZONES if zone not in SECURE)
        anchors = "".join(f'  trust-anchor: "{bind.trust_anchor.replace("signed.test", zone)}"\n' for zone in SECURE)
        (directory / "unbound.conf").write_text(
            f'server:\n  directory: "{directory}"\n  chroot: ""\n  username: ""\n  pidfile: "unbound.pid"\n'
            f"  interface: 127.0.0.1@{unbound.port}\n  do-daemonize: no\n  use-syslog: no\n"
            "  do-not-query-localhost: no\n"
            f'  module-config: "validator iterator"\n{anchors}{insecure}'
            '  local-zone: "2.0.192.in-addr.arpa." nodefault\n  local-zone: "test." nodefault\n'
            "  cache-max-ttl: 0\n  cache-max-negative-ttl: 0\n  aggressive-nsec: no\n"
            f"remote-control:\n  control-enable: no\n{stubs}",
            encoding="ascii",
        )
        run("unbound-checkconf", "unbound.conf", cwd=directory)
        unbound.start("unbound", "-d", "-c", "unbound.conf", ready="example.com")
        return unbound


Answer = bytes | None


def is_update(wire: bytes) -> bool:
    """Say whether a message is a dynamic update."""
    return wire[2] >> 3 & 0xF == dns.opcode.UPDATE


def forward(wire: bytes, port: int) -> bytes:
    """Return what another server of this host answers."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as stream, stream.makefile("rb") as reader:
        stream.sendall(struct.pack("!H", len(wire)) + wire)
        return reader.read(struct.unpack("!H", reader.read(2))[0])


class Liar:
    """A server that answers as it is told: `script` makes an answer of a message and its transport, both in bytes.

    No answer is silence over UDP, and a closed connection over TCP.
    """

    def __init__(self, script: Callable[[bytes, str], Answer], seconds: float = 0) -> None:
        self.port = free_port()
        self.asked: list[str] = []  # transports
        self._script, self._seconds = script, seconds
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._datagrams, self._streams):
            threading.Thread(target=serve, daemon=True).start()

    def _answer(self, wire: bytes, transport: str) -> Answer:
        self.asked.append(transport)
        time.sleep(self._seconds)
        return self._script(wire, transport)

    def _datagrams(self) -> None:
        while True:
            try:
                wire, peer = self._udp.recvfrom(65535)
            except OSError:
                return  # closed
            answer = self._answer(wire, "udp")
            if answer is not None:
                self._udp.sendto(answer, peer)

    def _streams(self) -> None:
        while True:
            try:
                stream, _peer = self._tcp.accept()
            except OSError:
                return  # closed
            with stream, stream.makefile("rb") as reader:
                header = reader.read(2)
                if len(header) == 2:
                    answer = self._answer(reader.read(struct.unpack("!H", header)[0]), "tcp")
                    if answer is not None:
                        stream.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self) -> None:
        """Stop listening."""
        self._udp.close()
        self._tcp.shutdown(socket.SHUT_RDWR)
        self._tcp.close()
