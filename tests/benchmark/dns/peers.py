# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do with the same questions; runs in an environment of its own, with their libraries. JSON in, JSON out.

{"peer": "dig", "port": 40053, "domains": ["d0.example"]} -> {"seconds": 1.2, "version": "..."}
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time


def dig(port: int, domains: list[str]) -> str:
    """Ask as a playbook does: one lookup of community.general.dig for each domain."""
    from ansible.plugins.loader import init_plugin_loader, lookup_loader

    init_plugin_loader()
    lookup = lookup_loader.get("community.general.dig")
    started = time.perf_counter()
    for domain in domains:
        answers = lookup.run([f"{domain}./MX", "@127.0.0.1"], variables={}, port=port)
        assert len(answers) == 2, answers
    return finish(started, "ansible")


def checkdmarc(port: int, domains: list[str]) -> str:
    """Audit with checkdmarc, one domain after another as it does itself. It makes no TLS tests by default."""
    import checkdmarc as library
    from dns.nameserver import Do53Nameserver

    nameserver = Do53Nameserver("127.0.0.1", port)
    started = time.perf_counter()
    results = library.check_domains(domains, nameservers=[nameserver])
    seconds = finish(started, "checkdmarc")
    for result in results:
        assert result["mx"]["hosts"], result
        assert result["spf"]["valid"], result
        assert result["dmarc"]["valid"], result
    return seconds


def finish(started: float, distribution: str) -> str:
    """Return the measurement."""
    return json.dumps(
        {
            "seconds": time.perf_counter() - started,
            "version": f"{distribution} {importlib.metadata.version(distribution)}",
        }
    )


def main() -> None:
    """Do what standard input says."""
    order = json.load(sys.stdin)
    print({"dig": dig, "checkdmarc": checkdmarc}[order["peer"]](order["port"], order["domains"]))


if __name__ == "__main__":
    main()
