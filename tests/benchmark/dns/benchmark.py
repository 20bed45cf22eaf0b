# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the DNS lookups are against a server 50 ms away, and how fast others are. See README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.asyncresolver
from ansible.plugins.loader import init_plugin_loader, lookup_loader

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 0.05  # between a question and its answer
MX_LOOKUPS = 1000
AUDITS = 500
SAMPLE = 20  # lookups of those that ask one after another; their time grows with the number
SELECTOR = "mail2026"
KEY = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8463, appendix A.2


def zone(domain: str, number: int) -> list[dict[str, Any]]:
    """Return the records of one domain with two mail hosts."""
    hosts = [(f"mail{n}.{domain}", f"10.{number // 256}.{number % 256}.{n}") for n in (1, 2)]
    records = [
        {"name": domain, "type": "MX", "values": [f"10 {hosts[0][0]}.", f"20 {hosts[1][0]}."]},
        {"name": domain, "type": "TXT", "text": [f"v=spf1 mx include:_spf.{domain} -all"]},
        {"name": f"_spf.{domain}", "type": "TXT", "text": ["v=spf1 ip4:192.0.2.0/24 -all"]},
        {"name": f"_dmarc.{domain}", "type": "TXT", "text": [f"v=DMARC1; p=reject; rua=mailto:d@{domain}"]},
        {"name": f"{SELECTOR}._domainkey.{domain}", "type": "TXT", "text": [KEY]},
        {"name": f"_smtp._tls.{domain}", "type": "TXT", "text": [f"v=TLSRPTv1; rua=mailto:t@{domain}"]},
    ]
    for name, address in hosts:
        reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
        records += [
            {"name": name, "type": "A", "values": [address]},
            {"name": reverse, "type": "PTR", "values": [f"{name}."]},
        ]
    return records


@contextmanager
def slow_server(domains: list[str], directory: Path) -> Iterator[int]:
    """Run the lab's DNS in a process of its own; yields the port."""
    config, handshake = directory / "dns.json", directory / "handshake.json"
    records = [record for number, domain in enumerate(domains) for record in zone(domain, number)]
    faults = [{"name": "*", "fault": "slow", "seconds": SECONDS}]
    config.write_text(
        json.dumps({"address": "127.0.0.1", "handshake": str(handshake), "records": records, "faults": faults}),
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "lab" / "src")}
    with subprocess.Popen([sys.executable, "-m", "dominolab.dns", str(config)], env=environment) as process:
        try:
            while not handshake.exists():
                assert process.poll() is None, "the DNS server has ended"
                time.sleep(0.05)
            yield json.loads(handshake.read_text(encoding="utf-8"))["port"]
        finally:
            process.send_signal(signal.SIGTERM)


def lookup(name: str, terms: list[Any], port: int, **options: Any) -> list[dict[str, Any]]:
    """Run one of our lookups as Ansible does, without the answers of earlier rounds."""
    plugin = lookup_loader.get(f"opendomino.mail.{name}")
    given = {"nameservers": ["127.0.0.1"], "port": port, "cache": False, **options}
    results: list[dict[str, Any]] = plugin.run(terms, variables={}, **given)
    return results


def our_mx(domains: list[str], port: int, *, addresses: bool) -> None:
    """Look up all at once."""
    results = lookup("mx", domains, port, addresses=addresses)
    assert all(len(result["names"]) == 2 and not result["error"] for result in results)


def bare_mx(domains: list[str], port: int) -> None:
    """Look up all at once with nothing but dnspython."""

    async def run() -> None:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 60
        answers = await asyncio.gather(*(resolver.resolve(domain, "MX") for domain in domains))
        assert all(len(answer) == 2 for answer in answers)

    asyncio.run(run())


def our_audit(domains: list[str], port: int) -> None:
    """Audit the whole fleet, hosts included."""
    terms = [
        {
            "domain": domain,
            "hosts": [
                {"name": f"mail{n}.{domain}", "addresses": [f"10.{number // 256}.{number % 256}.{n}"]} for n in (1, 2)
            ],
            "dkim_selectors": [SELECTOR],
        }
        for number, domain in enumerate(domains)
    ]
    results = lookup("mail_domain", terms, port)
    assert all(result["ok"] and len(result["findings"]) == 1 for result in results), results[0]["findings"]


def measure(rounds: int, work: Callable[[], None]) -> float:
    """Return the shortest of some rounds, in seconds; what else the machine does makes them longer, never shorter."""
    work()  # the server has seen all questions now
    seconds = []
    for _round in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def peers_python(given: str, directory: Path) -> str:
    """Return a Python that has the others' libraries; installs them into a directory that goes afterwards."""
    if given:
        return given
    print("Installing ansible and checkdmarc into a temporary environment ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(directory / "peers")], check=True)
    python = str(directory / "peers" / "bin" / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ansible", "checkdmarc"]
    subprocess.run(command, check=True)
    return python


def peer(python: str, name: str, port: int, domains: list[str]) -> dict[str, Any]:
    """Let another library do the work, in its own process; starting that is not counted."""
    order = json.dumps({"peer": name, "port": port, "domains": domains})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    script = str(Path(__file__).with_name("peers.py"))
    done = subprocess.run(
        [python, script], input=order, capture_output=True, text=True, check=False, timeout=600, env=environment
    )
    assert done.returncode == 0, done.stderr
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main() -> int:
    """Measure, print a table and JSON, and say whether what is wanted holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="", help="a Python with ansible and checkdmarc; default: install them")
    parser.add_argument("--json", default="", help="a file for the figures")
    parser.add_argument("--rounds", type=int, default=5, help="the shortest of so many counts")
    options = parser.parse_args()
    init_plugin_loader([str(ROOT / ".collections")])
    domains = [f"d{number}.example" for number in range(MX_LOOKUPS)]
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        python = peers_python(options.peers, directory)
        with slow_server(domains, directory) as port:
            rounds = options.rounds
            ours = measure(rounds, lambda: our_mx(domains, port, addresses=False))
            bare = measure(rounds, lambda: bare_mx(domains, port))
            full = measure(rounds, lambda: our_mx(domains, port, addresses=True))
            audit = measure(max(1, rounds // 2), lambda: our_audit(domains[:AUDITS], port))
            dig = peer(python, "dig", port, domains[:SAMPLE])
            serial = peer(python, "checkdmarc", port, domains[:SAMPLE])
    dig_seconds = dig["seconds"] / SAMPLE * MX_LOOKUPS
    serial_seconds = serial["seconds"] / SAMPLE * AUDITS
    rows = [
        (f"{MX_LOOKUPS} MX lookups", "opendomino.mail.mx, addresses=false", ours, ours),
        ("", "dns.asyncresolver, gather", bare, ours),
        ("", f"community.general.dig ({dig['version']}), {SAMPLE} scaled", dig_seconds, ours),
        (f"{MX_LOOKUPS} MX lookups with A and AAAA", "opendomino.mail.mx", full, full),
        ("", "community.general.dig, 5 questions a domain, scaled", 5 * dig_seconds, full),
        (f"{AUDITS} audits", "opendomino.mail.mail_domain", audit, audit),
        ("", f"{serial['version']}, {SAMPLE} scaled", serial_seconds, audit),
    ]
    load = os.getloadavg()[0]
    print(
        f"Server: {SECONDS * 1000:g} ms. Python {platform.python_version()}, {os.cpu_count()} CPUs, load {load:.1f}.\n"
    )
    print(f"| {'work':36} | {'with':60} | seconds | times ours |")
    print(f"| {'-' * 36} | {'-' * 60} | ------: | ---------: |")
    for work, what, seconds, reference in rows:
        print(f"| {work:36} | {what:60} | {seconds:7.2f} | {seconds / reference:10.1f} |")
    figures = {
        "mx": ours,
        "mx_bare": bare,
        "mx_dig": dig_seconds,
        "mx_with_addresses": full,
        "audit": audit,
        "audit_checkdmarc": serial_seconds,
        "ours_to_bare": ours / bare,
        "dig_to_ours": dig_seconds / ours,
        "checkdmarc_to_ours": serial_seconds / audit,
    }
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    wanted = {"at most twice the bare resolver": ours <= 2 * bare, "at least 100 times dig": dig_seconds >= 100 * ours}
    print()
    for what, holds in wanted.items():
        print(f"{what}: {'yes' if holds else 'NO'}")
    return 0 if all(wanted.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
