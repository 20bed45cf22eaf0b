# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of the mail as a picture: what is linked with what, in which state, and where it stands on the page.

Two lanes for each Notes domain, both read from left to right: mail that comes in, and mail that leaves. Hosts of the
same state share one box where there are many, so that five hundred hosts are a picture, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    DNS,
    DOCUMENT,
    FAILED,
    NO_RESULT,
    NOTES_INI,
    REVIEW,
    UNREACHABLE,
    Change,
    Finding,
    Host,
    InternetDomain,
    NotesDomain,
    Report,
)

OK, CHANGE, BROKEN, UNKNOWN = "ok", "change", "broken", "unknown"
#: How each state is called; the picture shows it by colour, by the line and by a sign.
STATES = {OK: "in order", CHANGE: "changes with this run", BROKEN: "broken", UNKNOWN: "not known"}
_GRAVITY = (OK, CHANGE, UNKNOWN, BROKEN)
#: More hosts than these share boxes.
SINGLE_HOSTS = 8
_MAX_DOMAINS = 6

WIDTH, BOX, ROW, GAP, MARGIN = 1120, 220, 62, 14, 16
_COLUMNS = 4
_STEP = (WIDTH - 2 * MARGIN - BOX) // (_COLUMNS - 1)
_HEAD = 30
_LETTERS = 27
_SMALL_LETTERS = 33


@dataclass(frozen=True)
class Node:
    """A box of the picture; `x` and `y` are its upper left corner.

    `detail` is the second line in it, `state` that of its worst link, and `note` what is known of that.
    """

    id: str
    kind: str
    name: str
    detail: str = ""
    x: int = 0
    y: int = 0
    state: str = OK
    note: str = ""

    @property
    def shown(self) -> str:
        """Return the name, cut to what the box holds."""
        return _cut(self.name)

    @property
    def shown_detail(self) -> str:
        """Return the second line, cut to what the box holds."""
        return _cut(self.detail, _SMALL_LETTERS)

    @property
    def shown_note(self) -> str:
        """Return the third line, cut to what the box holds."""
        return _cut(self.note, _SMALL_LETTERS)


@dataclass(frozen=True)
class Link:
    """Mail goes from one box to another, or does not. `text` says what is known of it."""

    source: str
    target: str
    state: str
    text: str
    x1: int = 0
    y1: int = 0
    x2: int = 0
    y2: int = 0

    @property
    def middle(self) -> tuple[int, int]:
        """Return where the sign of the link stands."""
        return (self.x1 + self.x2) // 2, (self.y1 + self.y2) // 2


@dataclass(frozen=True)
class Lane:
    """One direction of one Notes domain's mail."""

    title: str
    notes_domain: str
    direction: str
    y: int
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Picture:
    """All lanes, one under the other."""

    width: int
    height: int
    lanes: tuple[Lane, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say in words what the picture shows, broken links first."""
        found = []
        for lane in self.lanes:
            names = {node.id: node.name for node in lane.nodes}
            found += [
                (
                    _GRAVITY[::-1].index(link.state),
                    f"{lane.title}: {names[link.source]} to {names[link.target]}: {STATES[link.state]}"
                    + (f" ({link.text})" if link.text else ""),
                )
                for link in lane.links
            ]
        return tuple(text for _gravity, text in sorted(found, key=lambda pair: pair[0]))


@dataclass(frozen=True)
class _Group:
    """Hosts that look the same in the picture."""

    hosts: tuple[Host, ...]
    state: str
    text: str
    links: tuple[tuple[str, str, str], ...]  # other box, state, text

    @property
    def gravity(self) -> int:
        return max(_GRAVITY.index(state) for state in (self.state, *(state for _box, state, _text in self.links)))

    @property
    def name(self) -> str:
        return self.hosts[0].host_name or self.hosts[0].name if len(self.hosts) == 1 else f"{len(self.hosts)} hosts"

    @property
    def detail(self) -> str:
        if len(self.hosts) == 1:
            return self.hosts[0].server_name
        return f"{_cut(self.hosts[0].name, _SMALL_LETTERS - 13)} and {len(self.hosts) - 1} more"


def picture(report: Report) -> Picture:
    """Return the picture of a report."""
    lanes: list[Lane] = []
    y = MARGIN
    for domain in report.notes_domains:
        for direction in (_inbound, _outbound):
            lane = direction(domain, report.kind, y)
            if lane:
                lanes.append(lane)
                y = max(node.y for node in lane.nodes) + ROW + 2 * GAP
    return Picture(WIDTH, y, tuple(lanes))


# Mail that comes in


def _inbound(domain: NotesDomain, kind: str, y: int) -> Lane | None:
    hosts = [host for host in domain.hosts if host.receives or host.verified or not host.sends]
    if not hosts:
        return None
    names = list(domain.internet_domains) or [""]
    shown, rest = names[:_MAX_DOMAINS], names[_MAX_DOMAINS:]
    known = {found.name: found for host in reversed(hosts) for found in host.exchangers}
    groups = _grouped(
        hosts, lambda host: _inbound_links(host, known, shown, len(rest)), lambda host: _listener(host, kind)
    )
    boxes = [
        (f"mx{number}", name or "Internet domain", "not known" if not name else "Internet domain")
        for number, name in enumerate(shown)
    ]
    if rest:
        boxes.append(("mxn", f"{len(rest)} more domains", ""))
    states = [_domain_state(name, hosts) for name in shown] + [(UNKNOWN, "see the hosts")] * bool(rest)
    return _lane(
        f"Mail that comes in, {_called(domain)}",
        domain,
        "in",
        y,
        [[("internet", "internet", "Internet", "")], [(box, "mx", name, detail) for box, name, detail in boxes]],
        groups,
        [("domain", "domain", domain.name or "Notes domain", "Notes domain" if domain.name else "not known")],
        [("internet", box[0], *state) for box, state in zip(boxes, states, strict=True)],
    )


def _domain_state(name: str, hosts: Sequence[Host]) -> tuple[str, str]:
    """Say whether the Internet finds somebody who takes the mail of an Internet domain."""
    if any(_publishes(host, name) for host in hosts):
        return CHANGE, "MX records are published"
    found = [domain for host in hosts for domain in host.exchangers if domain.name == name.lower()]
    for finding in (finding for host in hosts for finding in host.findings):
        if (
            finding.domain == name
            and finding.severity == "required"
            and finding.id.startswith(("mx_", "no_mx", "lookup_failed"))
        ):
            return BROKEN, finding.found
    if not found:
        return UNKNOWN, "DNS was not looked at"
    problem = next((domain.error for domain in found if domain.error), "")
    if problem:
        return BROKEN, problem
    return (OK, f"MX: {_records(found[0])}") if found[0].exchangers else (BROKEN, "no MX record")


def _records(domain: InternetDomain) -> str:
    records = [f"{mx.preference} {mx.name}" for mx in domain.exchangers]
    return ", ".join(records[:3]) + (f" and {len(records) - 3} more" if len(records) > 3 else "")


def _publishes(host: Host, name: str) -> bool:
    return any(change.kind == DNS and change.name == f"{name}. MX" and change.after for change in host.changes)


def _inbound_links(
    host: Host, known: Mapping[str, InternetDomain], names: Sequence[str], rest: int
) -> list[tuple[str, str, str]]:
    links = [(f"mx{number}", *_mx(host, known.get(name.lower()), name)) for number, name in enumerate(names)]
    return [*links, ("mxn", UNKNOWN, "")] if rest else links


def _mx(host: Host, found: InternetDomain | None, name: str) -> tuple[str, str]:
    if _publishes(host, name):
        return CHANGE, "MX record is published"
    if found is None or not host.host_name:
        return UNKNOWN, "not looked at" if host.status in (UNREACHABLE, FAILED, NO_RESULT) else "DNS was not looked at"
    mine = [mx for mx in found.exchangers if mx.name == host.host_name.lower()]
    if not mine:
        return BROKEN, "no MX record names it"
    return (BROKEN, mine[0].problem) if mine[0].problem else (OK, f"MX {mine[0].preference}")


def _listener(host: Host, kind: str) -> tuple[str, str]:
    """Say whether the host takes mail for its people."""
    if host.status in (UNREACHABLE, FAILED, NO_RESULT):
        return BROKEN if host.status != NO_RESULT else UNKNOWN, {
            UNREACHABLE: "host not reached",
            FAILED: "host not looked at to the end",
        }.get(host.status, "no result")
    bad = _worst(host.findings, ("banner", "connect", "recipient", "relay", "listener", "tls", "smtp", "helo"))
    if kind != REVIEW:
        failed = next((probe for probe in host.probes if not probe.ok), None)
        if bad or failed:
            return BROKEN, bad.found if bad else failed.text if failed else ""
        return (OK, "takes mail") if host.probes else (UNKNOWN, "not tried")
    if any(_is_about(change, ("smtp_listener_task", "inbound_tcp_port_status")) for change in host.changes):
        closed = any(change.setting == "smtp_listener_task" and str(change.after) == "0" for change in host.changes)
        return (BROKEN, "listener is closed") if closed else (CHANGE, "listener is opened")
    if any(change.kind == NOTES_INI for change in host.changes):
        return CHANGE, "server tasks change"
    return OK, "listener is set up"


def _worst(findings: Iterable[Finding], about: Sequence[str]) -> Finding | None:
    return next((f for f in findings if f.severity == "required" and any(word in f.id for word in about)), None)


# Mail that leaves


def _outbound(domain: NotesDomain, kind: str, y: int) -> Lane | None:
    hosts = [host for host in domain.hosts if host.sends or host.round_trips]
    if not hosts:
        return None
    relays = list(dict.fromkeys(relay for host in domain.hosts for relay in host.relay_hosts))
    partners = list(dict.fromkeys(probe.host for host in hosts for probe in host.partners))
    groups = _grouped(hosts, lambda host: [("domain", *_router(host, kind))], lambda host: _leaves(host, kind))
    shown = ", ".join(partners[:2]) + (f" and {len(partners) - 2} more" if len(partners) > 2 else "")
    last = [("internet", "internet", "Internet", shown)]
    if relays:
        last = [("relay", "relay", relays[0] if len(relays) == 1 else f"{len(relays)} relay hosts", "relay host")]
    return _lane(
        f"Mail that leaves, {_called(domain)}",
        domain,
        "out",
        y,
        [[("domain", "domain", domain.name or "Notes domain", "Notes domain" if domain.name else "not known")]],
        groups,
        last,
        [],
        beyond=[("internet", "internet", "Internet", "")] if relays else [],
    )


def _router(host: Host, kind: str) -> tuple[str, str]:
    if host.status in (UNREACHABLE, FAILED, NO_RESULT):
        return UNKNOWN, "not looked at"
    if any(change.kind == NOTES_INI and "send_mail" in change.roles for change in host.changes):
        return CHANGE, "Router is started"
    return OK, "Router"


def _leaves(host: Host, kind: str) -> tuple[str, str]:
    if host.status in (UNREACHABLE, FAILED, NO_RESULT):
        return UNKNOWN, "not looked at"
    failed = [probe for probe in (*host.partners, *host.round_trips) if not probe.ok]
    if failed:
        return BROKEN, failed[0].text or f"{failed[0].host} was not reached"
    if host.wishes.get("external_smtp") == "disabled":
        return BROKEN, "SMTP outside of the local Internet domain is disabled"
    settings = ("external_smtp", "outbound_tcp_port_status", "relay_host")
    if any(_is_about(change, settings) for change in host.changes):
        return CHANGE, "outbound settings change"
    if kind != REVIEW:
        return (OK, "arrives") if host.round_trips else (UNKNOWN, "not tried")
    return (OK, "partners reached") if host.partners else (OK, "set up")


def _is_about(change: Change, settings: Sequence[str]) -> bool:
    return change.kind == DOCUMENT and change.setting in settings


# Boxes and lines


def _grouped(
    hosts: Sequence[Host],
    links: Callable[[Host], list[tuple[str, str, str]]],
    last: Callable[[Host], tuple[str, str]],
) -> list[_Group]:
    """Return the boxes of hosts: one each, or one for all whose links are in the same states; the gravest first."""
    single = len(hosts) <= SINGLE_HOSTS
    groups: dict[object, _Group] = {}
    for host in hosts:
        mine, (state, text) = tuple(links(host)), last(host)
        key: object = host.name if single else (tuple((box, known) for box, known, _text in mine), state)
        known = groups.get(key)
        groups[key] = replace(known, hosts=(*known.hosts, host)) if known else _Group((host,), state, text, mine)
    found = list(groups.values())
    return found if single else sorted(found, key=lambda group: -group.gravity)


def _lane(
    title: str,
    domain: NotesDomain,
    direction: str,
    y: int,
    before: Sequence[Sequence[tuple[str, str, str, str]]],
    groups: Sequence[_Group],
    after: Sequence[tuple[str, str, str, str]],
    links: Sequence[tuple[str, str, str, str]],
    *,
    beyond: Sequence[tuple[str, str, str, str]] = (),
) -> Lane:
    """Set the boxes into columns, each column in the middle of the lane, and draw the links between them."""
    hosts = [(f"host{number}", "host", group.name, group.detail) for number, group in enumerate(groups)]
    columns = [*before, hosts, after, *([beyond] if beyond else [])]
    rows = max(len(column) for column in columns)
    height = rows * (ROW + GAP) - GAP
    nodes: dict[str, Node] = {}
    for column, boxes in enumerate(columns):
        top = y + _HEAD + (height - (len(boxes) * (ROW + GAP) - GAP)) // 2
        place = _COLUMNS - len(columns) + column if direction == "in" else column
        for row, (name, kind, text, detail) in enumerate(boxes):
            nodes[name] = Node(name, kind, text, detail, MARGIN + place * _STEP, top + row * (ROW + GAP))
    wanted = list(links)
    for number, group in enumerate(groups):
        wanted += [(box, f"host{number}", state, text) for box, state, text in group.links]
        wanted.append((f"host{number}", after[0][0], group.state, group.text))
    if beyond:
        wanted.append((after[0][0], beyond[0][0], UNKNOWN, "beyond the relay host nobody looked"))
    drawn = [
        Link(a, b, state, text, nodes[a].x + BOX, nodes[a].y + ROW // 2, nodes[b].x, nodes[b].y + ROW // 2)
        for a, b, state, text in wanted
    ]
    drawn.sort(key=lambda link: _GRAVITY.index(link.state))  # what is broken lies on top
    for link in drawn:
        # What is wrong with a link stands in the box of the host, or else in the one that it leads to.
        name = link.source if link.source.startswith("host") else link.target
        if link.state != OK:
            nodes[name] = replace(nodes[name], state=link.state, note=link.text)
    return Lane(title, domain.name, direction, y, tuple(nodes.values()), tuple(drawn))


def _called(domain: NotesDomain) -> str:
    return f"Notes domain {domain.name}" if domain.name else "hosts of which nothing is known"


def _cut(text: str, letters: int = _LETTERS) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}\u2026"
