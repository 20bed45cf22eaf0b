# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the roles, as they came, read into the model: typed, harmless, each thing once, in one order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils import _server_tasks
from ansible_collections.opendomino.mail.plugins.module_utils._directory.items import FORMS, PUBLISHED
from ansible_collections.opendomino.mail.plugins.module_utils._notes_name import abbreviated, same_name
from ansible_collections.opendomino.mail.plugins.module_utils._printable import harmless
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import evidence
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    CHANGE_KINDS,
    CHANGES,
    CONSOLE,
    DNS,
    DOCUMENT,
    FAILED,
    FINDING_SEVERITIES,
    HOST,
    INFO,
    NO_RESULT,
    NOT_PASSED,
    NOTES_DOMAIN,
    NOTES_INI,
    PASSED,
    RESOLVER,
    REVIEW,
    UNCHANGED,
    UNREACHABLE,
    Audit,
    Change,
    Exchanger,
    Finding,
    Host,
    InternetDomain,
    NotesDomain,
    Probe,
    ReportError,
)

#: The roles in the order in which they run; what the later one says of the same thing is what comes of it.
ROLES = ("send_mail", "receive_mail")
PARTS = (*ROLES, "running_server", "verify_mail", "inventory", "failure")


def clean(value: Any) -> Any:
    """Return plain data whose texts do nothing to a terminal; all but numbers, lists and mappings is text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return harmless(str(value))
    if isinstance(value, Mapping):
        return {harmless(str(name)): clean(entry) for name, entry in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, bytes):
        return [clean(entry) for entry in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    return harmless(str(value))


class Part:
    """One mapping of a result, with errors that say where something is not of the kind that it has to be."""

    def __init__(self, raw: Any, where: str) -> None:
        if not isinstance(raw, Mapping):
            raise ReportError(f"{where} has to be a mapping, and is {type(raw).__name__}.")
        self._raw = raw
        self.where = where

    def __bool__(self) -> bool:
        return bool(self._raw)

    def text(self, name: str) -> str:
        """Return a text, empty where there is none."""
        value = self._raw.get(name)
        return "" if value is None else str(clean(str(value)))

    def raw(self, name: str) -> Any:
        """Return what stands there, made harmless."""
        return clean(self._raw.get(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(str(clean(str(entry))) for entry in self._list(name))

    def part(self, name: str) -> Part:
        """Return a mapping inside, empty where there is none."""
        return Part(self._raw.get(name) or {}, f"{self.where}, {name}")

    def parts(self, name: str) -> tuple[Part, ...]:
        """Return a list of mappings."""
        return tuple(
            Part(entry, f"{self.where}, {name}, entry {number}")
            for number, entry in enumerate(self._list(name), start=1)
        )

    def is_list(self, name: str) -> bool:
        """Tell whether a list stands there."""
        value = self._raw.get(name)
        return isinstance(value, Sequence) and not isinstance(value, (str, bytes))

    def number(self, name: str) -> int:
        """Return a whole number, 0 where there is none."""
        value = self._raw.get(name) or 0
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ReportError(f"{self.where}, {name} has to be a whole number.") from None

    def flag(self, name: str) -> bool:
        """Return whether something is true."""
        return bool(self._raw.get(name))

    def has(self, name: str) -> bool:
        """Tell whether there is something of this name."""
        return self._raw.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """Return the names of what is in it."""
        return tuple(harmless(str(name)) for name in self._raw)

    def _list(self, name: str) -> Sequence[Any]:
        value = self._raw.get(name)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            raise ReportError(f"{self.where}, {name} has to be a list, and is {type(value).__name__}.")
        return value


def read(results: Sequence[Any], names: Sequence[str], kind: str) -> tuple[tuple[NotesDomain, ...], tuple[Audit, ...]]:
    """Return the Notes domains with their hosts, and the audits of their Internet domains; raises ReportError.

    `names` are hosts that the report is about; one without a result is there as such.
    """
    hosts: dict[str, Host] = {}
    audits: dict[str, Audit] = {}
    for number, raw in enumerate(results, start=1):
        part = Part(raw, f"results, entry {number}")
        name = part.text("host")
        if not name:
            raise ReportError(f"{part.where} has no host.")
        if name in hosts:
            raise ReportError(f"{part.where}: the host {name} has a result already.")
        unknown = sorted(set(part.names()) - {"host", *PARTS})
        if unknown:
            raise ReportError(f"{part.where} ({name}) has {', '.join(unknown)}; known are host, {', '.join(PARTS)}.")
        hosts[name] = _host(name, part, kind)
        for audit in _audits(part.part("verify_mail")):
            audits.setdefault(audit.domain, audit)
    for raw_name in names:
        name = harmless(str(raw_name))
        hosts.setdefault(name, Host(name, reason="This run has left no result of the host."))
    return _notes_domains(hosts.values()), tuple(audits[name] for name in sorted(audits))


def _host(name: str, part: Part, kind: str) -> Host:
    send, receive, server, verify, inventory = (
        part.part(other) for other in ("send_mail", "receive_mail", "running_server", "verify_mail", "inventory")
    )
    parts = (receive, send, verify, server, inventory)
    failure = part.part("failure")
    server_name = abbreviated(_first(parts, "server_name"))
    notes_domain = _first(parts, "notes_domain")
    changes = _changes(name, server_name, notes_domain, {"send_mail": send, "receive_mail": receive}, server)
    verified = verify.has("passed")
    host = Host(
        name=name,
        server_name=server_name,
        notes_domain=notes_domain,
        administration_server=abbreviated(_first(parts, "administration_server")),
        host_name=_first((receive, verify, inventory), "host_name"),
        internet_domains=_internet_domains(receive, send, verify),
        reason=failure.text("reason"),
        task=failure.text("task"),
        changes=changes,
        findings=_findings(verify, name),
        looked_at_dns=bool(receive.parts("exchangers")),
        exchangers=tuple(_internet_domain(entry) for entry in receive.parts("exchangers")) or tuple(_audited(verify)),
        partners=tuple(_probe(entry) for entry in send.parts("probes")),
        probes=tuple(_probe(entry) for entry in verify.parts("probes")),
        round_trips=tuple(_round_trip(entry) for entry in verify.parts("round_trips")),
        relay_hosts=send.texts("relay_hosts"),
        wishes={
            wish: found
            for wish, found in (
                ("internet_address_lookup", send.text("internet_address_lookup")),
                ("external_smtp", send.text("external_smtp")),
                ("outbound_port_status", send.text("outbound_port_status")),
                ("starttls", receive.text("starttls")),
                ("inbound_port_status", receive.text("inbound_port_status")),
            )
            if found
        },
        skipped=tuple((entry.text("what"), entry.text("why")) for entry in verify.parts("skipped")),
        verified=verified,
        sends=bool(send),
        receives=bool(receive),
    )
    return replace(host, status=_status(host, failure, verify, kind))


def _status(host: Host, failure: Part, verify: Part, kind: str) -> str:
    if failure.flag("unreachable"):
        return UNREACHABLE
    if kind == REVIEW:
        if failure:
            return FAILED
        if not (host.sends or host.receives):
            return NO_RESULT
        return CHANGES if host.changes else UNCHANGED
    if host.verified:
        return PASSED if verify.flag("passed") else NOT_PASSED
    return FAILED if failure else NO_RESULT


def _first(parts: Iterable[Part], name: str) -> str:
    return next((found for found in (part.text(name) for part in parts) if found), "")


def _internet_domains(receive: Part, send: Part, verify: Part) -> tuple[str, ...]:
    domain = verify.text("internet_domain")
    return receive.texts("internet_domains") or send.texts("internet_domains") or ((domain,) if domain else ())


# Changes


def _changes(
    host: str, server_name: str, notes_domain: str, roles: Mapping[str, Part], server: Part
) -> tuple[Change, ...]:
    merged: dict[tuple[str, ...], Change] = {}
    for role, part in roles.items():
        for change in (*_documents(part, server_name), *_notes_ini(part), *_records(part), *_resolver(part)):
            mine = replace(change, host=host, notes_domain=notes_domain, roles=(role,))
            known = merged.get(mine.key)
            merged[mine.key] = _together(known, mine) if known else mine
    kinds = list(CHANGE_KINDS)
    forms = list(FORMS)
    ordered = sorted(
        enumerate(merged.values()),
        key=lambda pair: (
            kinds.index(pair[1].kind),
            forms.index(pair[1].form) if pair[1].form in forms else len(forms),
            pair[1].title,
            pair[0],
        ),
    )
    commands = [
        Change(
            CONSOLE, HOST, host, notes_domain, "Console", "sent", command, evidence=known.degree, sources=known.sources
        )
        for command in server.texts("console")
        for known in [evidence.of_command(command)]
    ]
    return (*(change for _place, change in ordered), *commands)


def _together(earlier: Change, later: Change) -> Change:
    """Return one change for two roles that planned the same thing, each without knowing of the other."""
    both = replace(
        later,
        before=earlier.before,
        action=earlier.action if earlier.action == "created" else later.action,
        roles=(*earlier.roles, *later.roles),
    )
    if earlier.kind != NOTES_INI or not later.name.casefold().startswith("servertasks"):
        return both
    tasks = _server_tasks.TaskList.parse(str(earlier.after or ""))
    added = [
        entry for entry in _server_tasks.TaskList.parse(str(later.after or "")).entries if entry not in tasks.entries
    ]
    try:
        return replace(both, after=_server_tasks.plan(tasks, present=added).after.render())
    except _server_tasks.ServerTasksError:
        return both


def _documents(part: Part, server_name: str) -> Iterable[Change]:
    for document in part.parts("documents"):
        action, form = document.text("action"), document.text("form")
        if action == "none":
            continue
        if action not in ("created", "updated", "deleted"):
            raise ReportError(
                f"{document.where}: action is {action or 'missing'}; known are created, updated, deleted, none."
            )
        match = document.part("match")
        about: dict[str, Any] = {
            "kind": DOCUMENT,
            "scope": _scope(form, match, server_name),
            "host": "",
            "notes_domain": "",
            "title": _title(form, match),
            "form": form,
            "action": action,
        }
        changes = document.parts("changes")
        if not changes:
            yield Change(**about, name="", label="The whole document")
        for change in changes:
            yield Change(
                **about,
                name=change.text("item"),
                before=change.raw("before"),
                after=change.raw("after"),
                label=change.text("label") or None,
                setting=change.text("setting") or None,
                tab=change.text("tab") or None,
                evidence=_degree(change.text("evidence")),
                sources=change.texts("sources"),
            )


def _degree(given: str) -> str:
    return given if given in evidence.DEGREES else "unknown"


def _scope(form: str, match: Part, server_name: str) -> str:
    """Return whether a document belongs to the host: its Server document, and a Configuration document for it alone."""
    if form == "Server":
        return HOST
    if form == "ServerConfig" and server_name:
        named = [match.text(name) for name in match.names()]
        if any(same_name(name, server_name) for name in named):
            return HOST
    return NOTES_DOMAIN


def _title(form: str, match: Part) -> str:
    """Return how messages call the document, without what is only the kind of a document."""
    settings = {item.setting: item for item in PUBLISHED.rows(form)} if form in FORMS else {}
    names = [name for name in match.names() if not (name in settings and settings[name].values)] or match.names()
    shown = ", ".join(f'"{abbreviated(match.text(name))}"' for name in names)
    title = FORMS[form].title if form in FORMS else f"Document {form}"
    return f"{title} {shown}"


def _notes_ini(part: Part) -> Iterable[Change]:
    for change in part.parts("notes_ini"):
        name = change.text("name")
        known = evidence.of_variable(name)
        before, after = change.raw("before"), change.raw("after")
        action = "created" if before is None else "deleted" if after is None else "updated"
        yield Change(
            NOTES_INI,
            HOST,
            "",
            "",
            "notes.ini",
            action,
            name,
            before,
            after,
            evidence=known.degree,
            sources=known.sources,
        )


def _records(part: Part) -> Iterable[Change]:
    for change in part.parts("dns"):
        before, after = list(change.texts("before")), list(change.texts("after"))
        rdtype = change.text("type")
        known = evidence.of_record(rdtype)
        yield Change(
            DNS,
            HOST,
            "",
            "",
            f"Zone {change.text('zone')}",
            "created" if not before else "deleted" if not after else "updated",
            f"{change.text('name')} {rdtype}",
            before or None,
            after or None,
            evidence=known.degree,
            sources=known.sources,
        )


def _resolver(part: Part) -> Iterable[Change]:
    change = part.part("resolver")
    if change:
        before, after = (_lines(change, name) for name in ("before", "after"))
        yield Change(
            RESOLVER,
            HOST,
            "",
            "",
            f"{change.text('path')} ({change.text('method')})",
            "updated" if before else "created",
            change.text("path"),
            before or None,
            after or None,
            evidence=evidence.RESOLVER.degree,
            sources=evidence.RESOLVER.sources,
        )


def _lines(change: Part, name: str) -> list[str]:
    """Return the lines of a file, each harmless; a whole file made harmless would be one long line."""
    return [harmless(line) for line in str(change._raw.get(name) or "").splitlines() if line.strip()]


# What others see


def _findings(verify: Part, host: str) -> tuple[Finding, ...]:
    return tuple(_finding(entry, host) for entry in verify.parts("findings"))


def _finding(entry: Part, host: str) -> Finding:
    severity = entry.text("severity")
    if severity not in FINDING_SEVERITIES:
        raise ReportError(
            f"{entry.where}: severity is {severity or 'missing'}; known are {', '.join(FINDING_SEVERITIES)}."
        )
    return Finding(
        id=entry.text("id"),
        severity=severity,
        host=entry.text("host") or host,
        domain=entry.text("domain"),
        found=_sentence(entry, "found"),
        wanted=_sentence(entry, "wanted"),
        remedy=_sentence(entry, "remedy"),
        evidence=entry.text("evidence"),
        source=_sentence(entry, "source"),
        records=entry.texts("records"),
    )


def _sentence(entry: Part, name: str) -> str:
    """Return what is a text, or a list of texts, as one text."""
    return ", ".join(entry.texts(name)) if entry.is_list(name) else entry.text(name)


def _audits(verify: Part) -> Iterable[Audit]:
    """Return what the lookup mail_domain said: of one domain, or of several as a list."""
    parts = verify.parts("dns") if verify.is_list("dns") else (verify.part("dns"),)
    for audit in parts:
        domain = audit.text("domain")
        if domain:
            records = audit.part("records")
            shown = ((name, _record(records.raw(name))) for name in records.names() if records.has(name))
            yield Audit(domain, tuple(_finding(entry, "") for entry in audit.parts("findings")), tuple(shown))


def _record(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_record(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(_record(entry) for entry in value)
    return "" if value is None else str(value)


def _internet_domain(entry: Part) -> InternetDomain:
    exchangers = tuple(_exchanger(mx) for mx in entry.parts("exchangers"))
    return InternetDomain(entry.text("domain"), exchangers, entry.text("error"))


def _audited(verify: Part) -> Iterable[InternetDomain]:
    """Return where DNS leads mail as an audit saw it."""
    for audit in verify.parts("dns") if verify.is_list("dns") else (verify.part("dns"),):
        records = audit.part("records")
        if audit.text("domain"):
            exchangers = tuple(_exchanger(mx) for mx in records.parts("mx"))
            failed = [
                f.text("found") for f in audit.parts("findings") if f.text("id") == "lookup_failed" and not exchangers
            ]
            yield InternetDomain(audit.text("domain"), exchangers, failed[0] if failed else "")


def _exchanger(mx: Part) -> Exchanger:
    return Exchanger(mx.number("preference"), mx.text("name"), mx.texts("addresses"), mx.text("problem"))


def _probe(entry: Part) -> Probe:
    findings = [found.text("found") for found in entry.parts("findings") if found.text("severity") != INFO]
    return Probe(entry.text("host"), entry.number("port"), entry.flag("ok"), " ".join(findings))


def _round_trip(entry: Part) -> Probe:
    """Return a round trip as far as a report shows it: its name, whether it went well, and why not."""
    findings = [found.text("found") for found in entry.parts("findings")]
    return Probe(entry.text("name") or "message", 0, entry.flag("ok"), " ".join(findings) or entry.text("error"))


# Notes domains


def _notes_domains(hosts: Iterable[Host]) -> tuple[NotesDomain, ...]:
    by_domain: dict[str, list[Host]] = {}
    for host in hosts:
        by_domain.setdefault(host.notes_domain, []).append(host)
    found = []
    # Hosts of which nothing is known stand last.
    for name in sorted(by_domain, key=lambda name: (not name, name.casefold(), name)):
        mine = tuple(sorted(by_domain[name], key=lambda host: _natural(host.name)))
        found.append(
            NotesDomain(
                name,
                next((host.administration_server for host in mine if host.administration_server), ""),
                tuple(dict.fromkeys(domain for host in mine for domain in host.internet_domains)),
                mine,
            )
        )
    return tuple(found)


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """Return what sorts mail2 before mail10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return (*tuple((0, int(part)) if part.isascii() and part.isdigit() else (1, part) for part in parts), (2, name))
