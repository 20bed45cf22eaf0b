# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup mail_domain, loaded by Ansible's own plugin loader, against real DNS, HTTPS and SMTP ports on loopback."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dominolab.dns import Server, serve

HERE = Path(__file__).parent
CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
KEYS = {"id", "check", "severity", "domain", "host", "found", "wanted", "remedy", "records", "reason"}


def certificate(directory: Path, names: list[str]) -> Path:
    """Make a self-signed certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = directory / "certificate.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path


def rsa_key(bits: int) -> str:
    """Return the Base64 of a bare RSAPublicKey whose modulus has so many bits; nobody can sign with it."""

    def element(tag: int, content: bytes) -> bytes:
        size = len(content)
        length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
        return bytes([tag]) + length + content

    modulus = element(2, b"\0" + (1 << bits - 1 | 1).to_bytes(bits // 8, "big"))
    return base64.b64encode(element(0x30, modulus + element(2, b"\1\0\1"))).decode()


async def serve_policies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with what the cases say for the host in the request."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = request.lower().partition("host: ")[2].partition("\r\n")[0]
        page = CASES["pages"][host]
        if page.get("silent"):
            await asyncio.sleep(20)
        body = page.get("body", "").replace("<long>", "x" * 70_000).encode()
        head = f"HTTP/1.1 {page.get('status', '200 OK')}\r\nContent-Type: text/plain\r\n"
        if page.get("chunked"):
            chunks = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
            writer.write(chunks)
        else:
            extra = f"Location: {page['location']}\r\n" if "location" in page else ""
            length = len(body) + page.get("missing", 0)
            writer.write(f"{page.get('raw', head)}{extra}Content-Length: {length}\r\n\r\n".encode() + body)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client does not like the certificate
    finally:
        writer.close()


@contextmanager
def world(directory: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    """Run DNS, a web server and a listening port; yields the DNS server and what to put into the cases."""
    started, stop = threading.Event(), threading.Event()
    servers: list[Server] = []
    places: dict[str, str] = {}
    pem = certificate(directory, [name for name, page in CASES["pages"].items() if not page.get("unnamed")])

    async def run() -> None:
        records = [json.loads(filled(json.dumps(record), keys)) for record in CASES["config"]["records"]]
        servers.append(await serve({**CASES["config"], "records": records, "address": "127.0.0.1"}))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        web = await asyncio.start_server(serve_policies, "127.0.0.1", 0, ssl=context)
        smtp = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        places["<port>"] = str(servers[0].port)
        places["<https>"] = str(web.sockets[0].getsockname()[1])
        places["<smtp>"] = str(smtp.sockets[0].getsockname()[1])
        places["<ca>"] = str(pem)
        started.set()
        await asyncio.to_thread(stop.wait)
        web.close()
        smtp.close()
        await servers[0].close()

    keys = {f"<rsa{bits}>": rsa_key(bits) for bits in (512, 1024, 2048, 4096)}
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert started.wait(10)
        yield servers[0], places
    finally:
        stop.set()
        thread.join(10)


def filled(text: str, places: dict[str, str]) -> str:
    """Put values in."""
    for place, value in places.items():
        text = text.replace(place, value)
    return text


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return every case's outcome."""
    directory = tmp_path_factory.mktemp("ansible")
    config = directory / "ansible.cfg"
    with world(directory) as (server, places):
        config.write_text(
            f"[opendomino_mail]\ndns_nameservers = 127.0.0.1\ndns_port = {server.port}\n"
            "dns_retries = 0\ndns_timeout = 2\n",
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                *(sys.executable, str(HERE / "run_lookup.py"), str(HERE.parents[3] / ".collections")),
                "opendomino.mail.mail_domain",
            ],
            input=filled(json.dumps(CASES["lookups"]), places),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "ANSIBLE_CONFIG": str(config)},
        )
    assert done.returncode == 0, done.stderr
    return {
        case["id"]: (outcome, places) for case, outcome in zip(CASES["lookups"], json.loads(done.stdout), strict=True)
    }


@pytest.mark.parametrize("case", CASES["lookups"], ids=lambda case: str(case["id"]))
def test_lookup(case: dict[str, Any], answers: dict[str, Any]) -> None:
    outcome, places = answers[case["id"]]
    if "errors" in case:
        assert outcome["kind"] == "options", outcome
        for text in case["errors"]:
            assert text in outcome["error"]
        return
    assert "error" not in outcome, outcome
    found = [finding for result in outcome["result"] for finding in result["findings"]]
    summary = [f"{f['severity']} {f['id']}" + (f" {f['host']}" if f["host"] else "") for f in found]
    assert summary == case["findings"], json.dumps(found, indent=1)
    for finding in found:
        assert set(finding) == KEYS
        assert finding["found"].endswith((".", "characters)")) or finding["found"].isprintable()
        assert finding["wanted"]
        assert finding["remedy"]
        assert (finding["reason"] is not None) is (finding["id"] == "lookup_failed")
    for result in outcome["result"]:
        assert result["ok"] is not any(f["severity"] == "required" for f in result["findings"])
    given = json.dumps([[f["found"], f["remedy"], f["reason"], f["records"]] for f in found])
    for text in case.get("says", []):
        assert json.dumps(filled(text, places))[1:-1] in given, given
    lines = [line for finding in found for line in finding["records"]]
    assert case.get("records", lines) == lines
    for name, value in case.get("facts", {}).items():
        assert outcome["result"][0]["records"].get(name) == value, outcome["result"][0]["records"]


def test_every_finding_has_a_case() -> None:
    """A finding that no case has is one that nobody has seen."""
    sources = (HERE.parents[3] / "plugins" / "plugin_utils").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if "filters" not in path.name)
    seen = {line.split()[1] for case in CASES["lookups"] for line in case.get("findings", [])}
    unknown = {finding for finding in seen if f'"{finding}"' not in text and not finding.startswith("spf_")}
    assert not unknown
    prefixes = ("mx", "host", "ptr", "helo", "spf", "dkim", "dmarc", "mta_sts", "tls_rpt", "tlsa", "domain", "lookup")
    named = set(re.findall(r'^ +"((?:' + "|".join(prefixes) + r')_[a-z_]+)",$', text, re.MULTILINE))
    assert named <= seen, sorted(named - seen)
