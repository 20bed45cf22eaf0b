# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report is about: hosts, changes, findings and the way of the mail. No Ansible, file, clock or socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REVIEW, VERIFICATION = "review", "verification"
KINDS = (REVIEW, VERIFICATION)

DOCUMENT, NOTES_INI, DNS, RESOLVER, CONSOLE = "document", "notes_ini", "dns", "resolver", "console"
#: The kinds of changes in the order in which a report has them, with the heading that they stand under.
CHANGE_KINDS = {
    DOCUMENT: "Domino Directory",
    NOTES_INI: "notes.ini",
    DNS: "DNS records",
    RESOLVER: "DNS servers of the host",
    CONSOLE: "Console commands",
}

HOST, NOTES_DOMAIN = "host", "notes_domain"

HIGH, MEDIUM, LOW = "high", "medium", "low"
RISK_SEVERITIES = (HIGH, MEDIUM, LOW)
REQUIRED, RECOMMENDED, INFO = "required", "recommended", "info"
FINDING_SEVERITIES = (REQUIRED, RECOMMENDED, INFO)

#: What became of a host, the gravest first.
UNREACHABLE, FAILED, NOT_PASSED, CHANGES, NO_RESULT, UNCHANGED, PASSED = (
    "unreachable",
    "failed",
    "not_passed",
    "changes",
    "no_result",
    "unchanged",
    "passed",
)
STATUSES = (UNREACHABLE, FAILED, NOT_PASSED, CHANGES, NO_RESULT, UNCHANGED, PASSED)
#: Of these hosts the report is not complete.
INCOMPLETE = frozenset({UNREACHABLE, FAILED, NO_RESULT})


class ReportError(Exception):
    """The results cannot be read; the message is for the user."""


@dataclass(frozen=True)
class Change:
    """One thing before and after; None: not there. `name` is an item, a variable, a record, a file or a command."""

    kind: str
    scope: str
    host: str
    notes_domain: str
    title: str
    action: str
    name: str
    before: Any = None
    after: Any = None
    label: str | None = None
    setting: str | None = None
    form: str | None = None
    tab: str | None = None
    evidence: str = ""
    sources: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Return what two results mean when they mean the same thing."""
        return self.kind, self.title.casefold(), self.name.casefold() if self.kind == DOCUMENT else self.name


@dataclass(frozen=True)
class Finding:
    """One thing that a verification found, in the words of the role verify_mail."""

    id: str
    severity: str
    host: str
    domain: str
    found: str
    wanted: str = ""
    remedy: str = ""
    evidence: str = ""
    source: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Risk:
    """One thing that a reviewer has to look at first."""

    id: str
    severity: str
    text: str
    remedy: str
    host: str
    notes_domain: str


@dataclass(frozen=True)
class Exchanger:
    """One MX record of an Internet domain."""

    preference: int
    name: str
    addresses: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class InternetDomain:
    """Where DNS leads the mail of one Internet domain; `error` says why nobody knows."""

    name: str
    exchangers: tuple[Exchanger, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Probe:
    """How one SMTP conversation ended."""

    host: str
    port: int
    ok: bool
    text: str = ""


@dataclass(frozen=True)
class Host:
    """One Domino host: who it is, what became of it, and what mail needs of it."""

    name: str
    server_name: str = ""
    notes_domain: str = ""
    administration_server: str = ""
    host_name: str = ""
    internet_domains: tuple[str, ...] = ()
    status: str = NO_RESULT
    reason: str = ""
    task: str = ""
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    looked_at_dns: bool = False
    exchangers: tuple[InternetDomain, ...] = ()
    partners: tuple[Probe, ...] = ()
    probes: tuple[Probe, ...] = ()
    round_trips: tuple[Probe, ...] = ()
    relay_hosts: tuple[str, ...] = ()
    wishes: dict[str, str] = field(default_factory=dict)
    skipped: tuple[tuple[str, str], ...] = ()
    verified: bool = False
    sends: bool = False
    receives: bool = False

    @property
    def own_changes(self) -> tuple[Change, ...]:
        """Return the changes that concern this host alone."""
        return tuple(change for change in self.changes if change.scope == HOST)


@dataclass(frozen=True)
class Audit:
    """What DNS says about one Internet domain."""

    domain: str
    findings: tuple[Finding, ...] = ()
    records: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NotesDomain:
    """One Notes domain: its hosts, and the documents that belong to all of them."""

    name: str
    administration_server: str = ""
    internet_domains: tuple[str, ...] = ()
    hosts: tuple[Host, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return the changes of documents that belong to the whole Notes domain."""
        return tuple(change for host in self.hosts for change in host.changes if change.scope == NOTES_DOMAIN)


@dataclass(frozen=True)
class Report:
    """All of it, in the order in which it is shown."""

    kind: str
    title: str
    time: str
    notes_domains: tuple[NotesDomain, ...] = ()
    risks: tuple[Risk, ...] = ()
    audits: tuple[Audit, ...] = ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """Return all hosts."""
        return tuple(host for domain in self.notes_domains for host in domain.hosts)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return all changes, those of a Notes domain before those of its hosts."""
        return tuple(
            change
            for domain in self.notes_domains
            for change in (*domain.changes, *(own for host in domain.hosts for own in host.own_changes))
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, the gravest first, each once."""
        found = dict.fromkeys(
            finding
            for finding in (
                *(f for host in self.hosts for f in host.findings),
                *(f for a in self.audits for f in a.findings),
            )
        )
        return tuple(
            sorted(found, key=lambda f: (FINDING_SEVERITIES.index(f.severity), f.id, f.domain, f.host, f.found))
        )

    @property
    def differing(self) -> tuple[str, ...]:
        """Return the hosts on which something would change (review), or is not as it has to be (verification)."""
        return tuple(host.name for host in self.hosts if host.changes or host.status == NOT_PASSED)

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Return the hosts of which nothing, or not all, is known."""
        return tuple(host.name for host in self.hosts if host.status in INCOMPLETE)
