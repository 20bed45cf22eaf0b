# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STARTTLS and implicit TLS of Postfix and Exim, good and bad in many ways, each thing a result of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from certificates import Identity, issue

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import read_probes
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import Result, probe_all
from ansible_collections.opendomino.mail.tests.integration.mta._mtas import HOST_NAME, MTA, Exim, Postfix, free_port

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.integration.mta._mtas import Sink

CASES = yaml.safe_load(Path(__file__).with_name("tls.yml").read_text(encoding="utf-8"))
CHECKS = ("handshake", "chain", "name", "expiry")


@pytest.fixture(scope="module")
def identities() -> dict[str, Identity]:
    """Make all certificates; the root is trusted."""
    root = issue("Root", authority=True, days=(-900, 900))
    middle = issue("Intermediate", issuer=root, authority=True, days=(-900, 900))
    old = issue("Old intermediate", issuer=root, authority=True, days=(-900, -1))
    names = [HOST_NAME]
    good = issue("good", names, middle)
    return {
        "root": root,
        "good": good,
        "expired": issue("expired", names, middle, days=(-90, -1)),
        "early": issue("early", names, middle, days=(1, 90)),
        "soon": issue("soon", names, middle, days=(-80, 5)),
        "other": issue("other", ["mail02.example.com", "*.sub.example.com"], middle),
        "subject": issue(HOST_NAME, issuer=middle),
        "wildcard": issue("wildcard", ["*.example.com"], middle),
        "self_signed": issue("self", names),
        "stranger": issue("stranger", names, issue("Unknown", authority=True)),
        "worst": issue("worst", ["mail02.example.com"], days=(-90, -1)),
        "incomplete": Identity(good.certificate, good.key),
        "old_intermediate": issue("of an old one", names, old),
        "old_both": issue("old", names, old, days=(-90, -1)),
    }


def server(case: dict[str, Any], sink: Sink, identity: Identity | None, directory: Path) -> MTA:
    """Return the server that a case describes, not yet started."""
    files = {}
    if identity:
        files = {path.name: path.read_text() for path in identity.write(directory, "server")}
    if case.get("mta") == "exim":
        paths = "tls_certificate = {etc}/server.crt\ntls_privatekey = {etc}/server.key\n" if identity else ""
        settings = paths + case.get("mta_settings", "")
        return Exim(
            free_port(), sink.port, files=files, settings=settings, authenticators=case.get("authenticators", "")
        )
    settings = {"smtpd_tls_cert_file": "{etc}/server.crt", "smtpd_tls_key_file": "{etc}/server.key"} if identity else {}
    levels = {"smtpd_tls_security_level": "may"} if identity else {}
    return Postfix(free_port(), sink.port, files=files, settings={**settings, **levels, **case.get("settings", {})})


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_tls(case: dict[str, Any], sink: Sink, identities: dict[str, Identity], tmp_path: Path) -> None:
    authority, _key = identities["root"].write(tmp_path, "root")
    identity = identities[case["identity"]] if "identity" in case else None
    with server(case, sink, identity, tmp_path) as mta:
        expecting = {
            "port": mta.port,
            "tls": case.get("tls", "none"),
            "starttls": "valid",
            "ca_path": str(authority),
            "expect_banner_host": HOST_NAME,
            "recipients_accepted": ["jdoe@example.com"],
        }
        looking = {**expecting, "tls": case.get("tls", "starttls"), "starttls": "ignore"}
        entries = [
            {"host": "127.0.0.1", **expecting},
            {"host": "::1", **expecting},
            {"host": "127.0.0.1", **looking},
        ]
        results = probe_all(read_probes(entries), 20, 3)
    for result in results:
        seen = result.as_dict()
        assert seen["error"] is None
        assert seen["address"] == result.probe.host
        # The rest of the conversation takes place whatever is wrong with TLS.
        assert [recipient["accepted"] for recipient in seen["recipients"]] == [True]
        check_tls(case, seen["tls"], identity)
        if "auth" in case:
            assert seen["auth"] == case["auth"]
    wrong, others = case.get("findings", []), set(case.get("others", []))
    for result in results[:2]:
        assert [finding.id for finding in result.required] == wrong
        assert recommended(result) == others
    assert results[2].required == ()
    assert recommended(results[2]) == {*wrong, *others}


def recommended(result: Result) -> set[str]:
    """Return the ids of what should be otherwise."""
    return {finding.id for finding in result.findings if finding.severity == "recommended"}


def check_tls(case: dict[str, Any], tls: dict[str, Any], identity: Identity | None) -> None:
    """Compare the result of TLS with a case, and with the certificate itself."""
    if "checks" not in case:
        assert tls is None
        return
    assert [tls[check]["ok"] for check in CHECKS] == case["checks"], tls
    assert all(bool(tls[check]["text"]) for check in CHECKS if tls[check]["ok"] is False)
    assert not any(tls[check]["text"] for check in CHECKS if tls[check]["ok"])
    if not tls["handshake"]["ok"]:
        assert tls["certificate"] is None
        return
    assert tls["version"] == case.get("version", "TLSv1.3")
    assert tls["cipher"]
    if identity:
        certificate = identity.certificate
        assert tls["certificate"]["serial"] == f"{certificate.serial_number:x}"
        assert tls["certificate"]["not_after"] == f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        assert tls["certificate"]["subject"].startswith("CN=")
