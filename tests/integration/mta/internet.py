# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run as root by `unshare --net --mount python internet.py DIRECTORY`: a small Internet with a Domino server in it.

In namespaces of its own this process may listen on port 53 and have an /etc/resolv.conf of its own, so that Postfix
finds the way by MX as it does anywhere. BIND is the DNS server; Postfix is the mail system of example.org, with Dovecot
over its mailboxes; the lab is Domino, for example.com. Round trips go through all of them; what came of them is printed
as JSON.
"""

from __future__ import annotations

import fcntl
import http.server
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certificates import issue

from ansible_collections.opendomino.mail.tests.integration.dns._servers import Daemon
from ansible_collections.opendomino.mail.tests.integration.mta._mtas import PROGRAMS, UID, Dovecot, Postfix, free_port
from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module
from dominolab import mail
from dominolab.lab import HANDSHAKE, Lab
from dominolab.topology import load

if TYPE_CHECKING:
    from collections.abc import Iterator

SIOCSIFFLAGS = 0x8914  # netdevice(7)
IFF_UP_RUNNING = 0x41
OUTSIDE = "127.0.0.25"
SOA = "@ 300 IN SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 60\n@ 300 IN NS ns.example.net.\n"
ZONES = {
    "example.net": "ns 300 IN A 127.0.0.1\n",
    "example.com": "@ 300 IN MX 10 dead\n@ 300 IN MX 20 mail01\ndead 300 IN A 127.0.0.13\nmail01 300 IN A 127.0.0.11\n"
    "admin 300 IN A 127.0.0.1\n",
    "example.org": "@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.25\n",
    # 127.0.0.1, from where the probe sends, is a host of the Domino server's own Internet domain, which may relay.
    "127.in-addr.arpa": "1.0.0 300 IN PTR admin.example.com.\n11.0.0 300 IN PTR mail01.example.com.\n"
    "25.0.0 300 IN PTR mx.example.org.\n",
}
TOPOLOGY = """
notes_domains:
  - name: ACME
    organization: Acme
    internet_domain: example.com
    administration_server: Mail01/Acme
    servers:
      - name: Mail01/Acme
        host_name: mail01.example.com
        server_document: {SMTPFullHostDomain: mail01.example.com, SMTPListenerEnabled: "1"}
    people: [{name: John Smith/Acme, short_name: jsmith, mail_server: Mail01/Acme}]
    documents:
      - {Form: ServerConfig, UseAsDefault: "1", ServerName: "*", MailExternalSMTP: "1"}
      - Form: Domain
        DomainType: GlobalDomain
        DomainName: ACME Internet
        GlobalDomainTasks: SMTP
        NotesDomainList: [ACME]
        LocalPrimaryInternetDomain: example.com
        SMTPAddrLookup: "1"
      - Form: Person
        FirstName: Jane
        LastName: Doe
        FullName: [CN=Jane Doe/O=Acme, Jane Doe]
        ShortName: [jdoe]
        InternetAddress: jane.doe@example.com
        MailServer: CN=Mail01/O=Acme
        MailFile: mail/jdoe
      - Form: Person
        FirstName: Mail
        LastName: Echo
        FullName: [CN=Mail Echo/O=Acme, Mail Echo]
        ShortName: [echo]
        InternetAddress: echo@example.com
        MailAddress: pat@example.org
"""


def dns(directory: Path) -> Daemon:
    """Start BIND at port 53, with the zones of all."""
    directory.mkdir()
    options = f'directory "{directory}"; pid-file "{directory}/pid"; session-keyfile "{directory}/key"; '
    options += "listen-on port 53 { 127.0.0.1; }; listen-on-v6 { none; }; recursion no;"
    zones = []
    for zone, text in ZONES.items():
        (directory / f"{zone}.zone").write_text(f"$TTL 300\n{SOA}{text}", encoding="ascii")
        zones.append(f'zone "{zone}" {{ type primary; file "{zone}.zone"; }};')
    (directory / "named.conf").write_text("\n".join([f"options {{ {options} }}; controls {{ }};", *zones, ""]))
    bind = Daemon(directory, 53)
    bind.start("named", "-g", "-c", "named.conf", "-n", "1", ready="example.com")
    return bind


def domino(state: Path) -> Lab:
    """Start the lab, and have its server ask BIND instead of the lab's own DNS."""
    topology = state.with_name("topology.yml")
    topology.write_text(TOPOLOGY, encoding="utf-8")
    lab = Lab(state)
    lab.up(load(topology))
    lab.stop("mail01")
    for name in ("mail01/lab.json",):
        content = json.loads((state / name).read_text(encoding="utf-8"))
        content.update(resolver_address="127.0.0.1", resolver_port=53)
        (state / name).write_text(json.dumps(content), encoding="utf-8")
    lab.start("mail01")
    return lab


@contextmanager
def web_mail(state: Path) -> Iterator[int]:
    """Show the mail file of Jane Doe as JSON, for the lab has neither IMAP nor POP3."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = mail.mailbox(state, "Jane Doe/Acme", server="mail01")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps([{"raw": message.raw.decode()} for message in found]).encode())

        def log_message(self, *_arguments: object) -> None:
            """Be silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def mount(*arguments: str) -> None:
    """Mount something, which nobody outside sees."""
    subprocess.run([shutil.which("mount") or "mount", *arguments], check=True)


def main(directory: Path) -> None:
    """Start all, send, and tell."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))
    resolver = directory / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2\n", encoding="ascii")
    mount("--bind", str(resolver), "/etc/resolv.conf")
    # Dovecot finds its TLS in one place only.
    mount("-t", "overlay", "-o", f"lowerdir={PROGRAMS / 'dovecot/usr/lib'}:/usr/lib", "overlay", "/usr/lib")
    with ExitStack() as stack:
        bind = dns(directory / "dns")
        stack.callback(bind.stop)
        lab = domino(directory / "lab")
        stack.callback(lab.down)
        port = json.loads((directory / "lab" / HANDSHAKE).read_text())["smtp_port"]
        root = issue("Root", authority=True)
        authority, _key = root.write(directory, "root")
        names = ["mx.example.org", "imap.example.org"]
        files = {path.name: path.read_text() for path in issue(names[0], names, root).write(directory, "server")}
        mailboxes = directory / "mailboxes"
        mailboxes.mkdir()
        os.chown(mailboxes, UID, UID)
        settings = {
            "myhostname": "mx.example.org",
            "mydestination": "mx.example.org",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.1/32",
            "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
            "default_transport": "smtp",
            "relay_transport": "smtp",
            "smtp_host_lookup": "dns",
            "smtp_bind_address": OUTSIDE,
            # by MX, as every other domain, and at the port that the lab has
            "transport_maps": f"inline:{{ example.com=smtp:example.com:{port} }}",
            "virtual_mailbox_domains": "example.org",
            "virtual_mailbox_base": str(mailboxes),
            "virtual_mailbox_maps": "inline:{ pat@example.org=pat/ }",
            "virtual_uid_maps": f"static:{UID}",
            "virtual_gid_maps": f"static:{UID}",
            "virtual_minimum_uid": "100",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_received_header": "yes",
            "smtpd_tls_cert_file": "{etc}/server.crt",
            "smtpd_tls_key_file": "{etc}/server.key",
        }
        postfix = stack.enter_context(Postfix(port, 0, files=files, settings=settings, address=OUTSIDE))
        password = secrets.token_hex(12)
        dovecot = stack.enter_context(
            Dovecot(free_port(OUTSIDE), files=files, address=OUTSIDE, mailboxes=mailboxes, password=password)
        )
        web = stack.enter_context(web_mail(directory / "lab"))
        try:
            told = trips(directory / "lab", port, dovecot, web, str(authority), password)
        except AssertionError:
            print(postfix.log(), dovecot.log(), file=sys.stderr)
            raise
        told["logs"] = [postfix.log()[-4000:], dovecot.log()[-4000:]]
        print(json.dumps(told))


def trips(state: Path, port: int, dovecot: Dovecot, web: int, authority: str, password: str) -> dict[str, Any]:
    """Make all trips in one call, and some that must fail."""
    outside = {
        "host": OUTSIDE,
        "port": port,
        "tls": "starttls",
        "server_name": "mx.example.org",
        "ca_path": authority,
        "sender": "pat@example.org",
    }
    inside = {"host": "127.0.0.11", "port": port, "sender": "jane.doe@example.com", "recipient": "pat@example.org"}
    account = {"username": "pat", "password": password, "server_name": "imap.example.org", "ca_path": authority}
    imap = {"type": "imap", "host": OUTSIDE, "port": dovecot.port, **account}
    imap_starttls = {**imap, "port": dovecot.starttls[0], "tls": "starttls"}
    pop3 = {"type": "pop3", "host": OUTSIDE, "port": dovecot.pop3s, **account}
    pop3_starttls = {**pop3, "port": dovecot.starttls[1], "tls": "starttls"}
    token, other = secrets.token_hex(16), secrets.token_hex(16)
    # A Notes client's message bears a Notes name until the Router makes an address of it.
    for name, mark in (("Jane Doe/Acme", token), ("John Smith/Acme", other)):
        mail.deposit(state, "mail01", name, ["pat@example.org"], f"From Notes {mark}", "Hello!")
    asked = [
        {
            "name": "in",
            "send": {**outside, "recipient": "jane.doe@example.com"},
            "watch": {"type": "http", "url": f"http://127.0.0.1:{web}/"},
        },
        {"name": "out", "send": inside, "watch": imap, "expect_from": "jane.doe@example.com"},
        {"name": "out, over IMAP with STARTTLS", "send": inside, "watch": imap_starttls},
        {"name": "out, over POP3", "send": inside, "watch": pop3, "expect_tls": True},
        {"name": "out, over POP3 with STARTTLS", "send": inside, "watch": pop3_starttls},
        {"name": "there and back", "send": {**outside, "recipient": "echo@example.com"}, "watch": imap},
        {"name": "from Notes", "token": token, "watch": imap, "expect_from": "jane.doe@example.com"},
        {"name": "made up", "token": other, "watch": imap, "expect_from": "John_Smith/Acme%ACME@example.com"},
    ]
    done = run_module("mail_round_trip", {"trips": asked, "wait": 60, "fail": False}, timeout=180)
    wrong = {
        "nobody": {"send": {**inside, "recipient": "nobody@example.org"}, "watch": imap},
        "password": {"send": inside, "watch": {**imap, "password": "wrong"}},
        "password of pop3": {"send": inside, "watch": {**pop3, "password": "wrong"}},
        "name": {"send": inside, "watch": {**imap, "server_name": "mail.example.net"}},
        "folder": {"send": inside, "watch": {**imap, "folder": "No such"}},
    }
    asked = [{"name": name, **trip} for name, trip in wrong.items()]
    failed = run_module("mail_round_trip", {"trips": asked, "wait": 3, "timeout": 10}, timeout=180)
    left = run_module("mail_round_trip", {"trips": [{"token": token, "watch": imap}], "wait": 1, "fail": False})
    return {"trips": done, "failed": failed, "left": left, "password": password}


main(Path(sys.argv[1]))
