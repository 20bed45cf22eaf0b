# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as the roles leave them, for reports of any size."""

from __future__ import annotations

from typing import Any

#: What must never do anything, wherever it stands.
HOSTILE = (
    '<script>window.hacked = true</script><img src="https://evil.example/x" onerror="hacked()">'
    "</style></script>--><!-- `code` [link](https://evil.example) @everyone <details> | ]]> "
    "\x1b[31mred\x1b[0m \x07 \u202eevil \u2028 {{ 7 * 7 }} {% raw %} &lt;b&gt; ``` ''' \"\"\" \r\n# heading"
)


def changed(
    item: str, setting: str | None, label: str | None, before: Any, after: Any, evidence: str
) -> dict[str, Any]:
    """Return one item of a changed document."""
    sources = ["Domino administrator help 8"] if evidence == "documented" else []
    return {
        "item": item,
        "setting": setting,
        "label": label,
        "before": before,
        "after": after,
        "evidence": evidence,
        "tab": "Basics" if label else None,
        "sources": sources,
    }


def document(form: str, match: dict[str, Any], action: str, *changes: dict[str, Any]) -> dict[str, Any]:
    """Return one document as the module directory_documents reports it."""
    return {"form": form, "match": match, "unid": None, "action": action, "changes": list(changes)}


def host(number: int, *, administration: bool = False) -> dict[str, Any]:
    """Return the result of a host on which nothing is set up yet."""
    name, canonical = f"mail{number:02}.example.com", {"server_name": f"CN=Mail{number:02}/O=Acme"}
    about = {
        "host": name,
        "server_name": f"Mail{number:02}/Acme",
        "notes_domain": "ACME",
        "administration_server": "Mail01/Acme",
        "internet_domains": ["example.com"],
    }
    shared = [
        document(
            "Domain",
            {"domain_type": "GlobalDomain", "global_domain_name": "ACME Internet"},
            "created",
            changed("NotesDomainList", "members", "Domino domains and aliases", None, ["ACME", "Acme2"], "documented"),
            changed("SMTPAddrLookup", "internet_address_lookup", "Internet address lookup", None, "1", "unconfirmed"),
        ),
        document(
            "ServerConfig",
            {"server_name": "*"},
            "created",
            changed("MailExternalSMTP", "external_smtp", "SMTP used when sending messages", None, "1", "documented"),
        ),
    ]
    outbound = changed("Router_PortStatus", "outbound_tcp_port_status", "TCP/IP port status", "1", "2", "documented")
    listener = [
        changed("SMTPFullHostDomain", "fully_qualified_host_name", "Host name", "", name, "documented"),
        changed("SMTPListenerEnabled", "smtp_listener_task", "SMTP listener task", "0", "1", "documented"),
    ]
    exchangers = [
        {"preference": 10 * n, "name": f"mail{n:02}.example.com", "addresses": [f"192.0.2.{n}"], "problem": None}
        for n in (1, 2)
    ]
    return {
        "host": name,
        "send_mail": {
            **about,
            "internet_address_lookup": "enabled",
            "external_smtp": "enabled",
            "outbound_port_status": "negotiated_tls",
            "relay_hosts": [],
            "documents": [document("Server", canonical, "updated", outbound), *(shared if administration else [])],
            "notes_ini": [],
            "dns": [],
            "resolver": {},
            "probes": [{"host": "mx.example.org", "port": 25, "ok": True, "findings": []}],
        },
        "receive_mail": {
            **about,
            "host_name": name,
            "starttls": "unchanged",
            "inbound_port_status": "enabled",
            "documents": [document("Server", canonical, "updated", *listener)],
            "notes_ini": [{"name": "ServerTasks", "before": "Replica,Router", "after": "Replica,Router,SMTP"}],
            "dns": [],
            "resolver": {},
            "exchangers": [{"domain": "example.com", "exchangers": exchangers, "error": None}],
        },
        "running_server": {
            "console": [
                'Pull "Mail01/Acme" names.nsf',
                "Tell Router Update Config",
                "Tell SMTP Update Config",
                "Load SMTP",
            ]
        },
        "verify_mail": {},
        "failure": {},
    }


def unreachable(number: int) -> dict[str, Any]:
    """Return the result of a host that was not reached."""
    return {
        "host": f"mail{number:02}.example.com",
        "failure": {"task": "Review | This host answers", "reason": "Connection refused", "unreachable": True},
        "inventory": {
            "server_name": f"Mail{number:02}/Acme",
            "notes_domain": "ACME",
            "host_name": f"mail{number:02}.example.com",
        },
    }


def fleet(hosts: int) -> list[dict[str, Any]]:
    """Return the results of a fleet; every hundredth host is not reached."""
    return [unreachable(n) if n % 100 == 50 else host(n, administration=n == 1) for n in range(1, hosts + 1)]


def finding(number: int, name: str, severity: str, found: str, **more: Any) -> dict[str, Any]:
    """Return a finding of the role verify_mail."""
    return {
        "id": name,
        "severity": severity,
        "host": f"mail{number:02}.example.com",
        "domain": "",
        "found": found,
        "wanted": "",
        "remedy": "",
        "evidence": "documented",
        "source": "RFC 5321",
        "records": [],
        **more,
    }


def verified(number: int, *findings: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a host that was verified."""
    name = f"mail{number:02}.example.com"
    passed = not any(entry["severity"] == "required" for entry in findings)
    mx = [{"preference": 10, "name": name, "addresses": [f"192.0.2.{number}"]}]
    return {
        "host": name,
        "verify_mail": {
            "host": name,
            "server_name": f"Mail{number:02}/Acme",
            "notes_domain": "ACME",
            "host_name": name,
            "internet_domain": "example.com",
            "passed": passed,
            "findings": list(findings),
            "probes": [{"host": name, "port": 25, "ok": passed, "findings": list(findings)}],
            "round_trips": [
                {"name": "in", "ok": passed, "findings": [], "error": None if passed else "it did not arrive"}
            ],
            "dns": {
                "domain": "example.com",
                "ok": True,
                "findings": [
                    {
                        "id": "dmarc_missing",
                        "check": "dmarc",
                        "severity": "recommended",
                        "domain": "example.com",
                        "host": None,
                        "found": "example.com has no DMARC record.",
                        "wanted": "A DMARC record.",
                        "remedy": "Publish one.",
                        "records": ['_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=none"'],
                        "reason": None,
                    }
                ],
                "records": {"mx": mx, "spf": "v=spf1 mx -all"},
            },
            "skipped": [{"what": "round trip to the Internet", "why": "verify_mail_round_trips is empty"}],
        },
    }


def hostile() -> list[dict[str, Any]]:
    """Return results of which every text is hostile."""
    entry, verify = host(1, administration=True), verified(2, finding(2, "relay_open", "required", "it relays"))
    entry["verify_mail"] = verify["verify_mail"]
    keep = {"form", "action", "severity"}

    def spoilt(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: spoilt(content, key) for key, content in value.items()}
        if isinstance(value, list):
            return [spoilt(content, name) for content in value]
        return f"{value}{HOSTILE}" if isinstance(value, str) and name not in keep else value

    return [spoilt(entry), spoilt(unreachable(3)), {"host": f"x{HOSTILE}"}]
