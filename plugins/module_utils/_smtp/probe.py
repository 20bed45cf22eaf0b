# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to ask an SMTP server, and what it should say; refused before anything is sent where it cannot be sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Iterable, Iterator, Mapping

from . import tls
from .names import is_address, is_domain

ANY_FAMILY = "any"

_MAILBOX = re.compile(r'(?:[!#-;=?-~]|"(?:[ !#-;=?-\[\]-~]|\\[ -;=?-~])*")+')  # printable ASCII, no < and >
_WORD = re.compile(r"[!-;=?-~]+")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


class InputError(ValueError):
    """A probe cannot be carried out as described; the text says why."""


@dataclass(frozen=True)
class Probe:
    """What to ask one server, and what it should say."""

    host: str
    port: int = 25
    family: str = ANY_FAMILY  # or ipv4, ipv6
    helo: str = ""  # empty: the address literal of this end of the connection
    sender: str = ""  # empty: the null sender, MAIL FROM:<>
    recipients_accepted: tuple[str, ...] = ()
    recipients_refused: tuple[str, ...] = ()
    expect_banner_host: str = ""  # empty: any
    tls: str = "none"  # or starttls, implicit
    starttls: str = "ignore"  # or offered, valid
    server_name: str = ""  # empty: the name that is known best, see `tls_name`
    ca_path: str = ""  # empty: the host's own certificate authorities
    relay_test: bool = False
    relay_sender: str = "relay-test@example.org"
    relay_recipient: str = "relay-test@example.net"
    local_domain: str = ""  # empty: that of the first accepted recipient

    def __post_init__(self) -> None:
        """Refuse what must not get onto the wire."""
        complaints = list(_complaints(self))
        if complaints:
            raise InputError(" ".join(complaints))

    @property
    def target(self) -> str:
        """Return `host:port` as messages name it."""
        target = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return target if self.family == ANY_FAMILY else f"{target} ({self.family})"

    @property
    def tls_mode(self) -> str:
        """Return how the conversation is protected; a valid certificate cannot be seen without TLS."""
        return "starttls" if self.tls == "none" and self.starttls == "valid" else self.tls

    @property
    def tls_name(self) -> str:
        """Return the name that the certificate should have: that given, the host's, the greeting's, or the address."""
        named = "" if is_address(self.host) else self.host
        return (self.server_name or named or self.expect_banner_host or self.host).rstrip(".")

    @property
    def own_domain(self) -> str:
        """Return the domain for which the server takes mail, as far as the probe says."""
        accepted = self.recipients_accepted[0] if self.recipients_accepted else ""
        return self.local_domain or accepted.rpartition("@")[2]


def read_probes(entries: Iterable[Mapping[str, Any]]) -> list[Probe]:
    """Make probes of what the module was given, one per address family; raises one InputError for all that is wrong."""
    read = [_read_probe(entry) for entry in entries]
    wrong = [complaint for _probes, complaint in read if complaint]
    if wrong:
        raise InputError(" ".join([*wrong, "Nothing was sent."]))
    return [probe for probes, _complaint in read for probe in probes]


def _read_probe(entry: Mapping[str, Any]) -> tuple[list[Probe], str]:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if value is not None
    }
    families = tuple(dict.fromkeys(values.pop("families", ()))) or (ANY_FAMILY,)
    try:
        probe = Probe(**values)
        if probe.ca_path:
            tls.check_authorities(probe.ca_path)
    except InputError as exc:
        return [], str(exc)
    except OSError as exc:
        return [], f"{entry['host']}: ca_path {entry['ca_path']!r} has no certificate authorities ({exc})."
    return [replace(probe, family=family) for family in families], ""


def _complaints(probe: Probe) -> Iterator[str]:
    """Name values that cannot be sent as they are, or would say something else on the wire."""
    if not _WORD.fullmatch(probe.host):
        yield f"host {probe.host!r} is neither a host name nor an address."
    if not 1 <= probe.port <= 65535:
        yield f"{probe.host}: port {probe.port} does not exist; ports are 1 to 65535."
    if probe.helo and not _WORD.fullmatch(probe.helo):
        yield f"{probe.target}: helo {probe.helo!r} is not a host name."
    names = {"server_name": probe.server_name, "local_domain": probe.local_domain}
    for option, name in names.items():
        if name and not (is_domain(name.rstrip(".")) or (option == "server_name" and is_address(name))):
            yield f"{probe.target}: {option} {name!r} is not a domain name."
    if probe.tls == "implicit" and probe.starttls == "offered":
        yield f"{probe.target}: a server with implicit TLS offers no STARTTLS; leave starttls out, or use valid."
    addresses = [*probe.recipients_accepted, *probe.recipients_refused, probe.relay_sender, probe.relay_recipient]
    if probe.sender:
        addresses.append(probe.sender)
    for address in addresses:
        if not _MAILBOX.fullmatch(address):
            yield (
                f"{probe.target}: {address!r} cannot be sent as a mail address. "
                "Use printable ASCII without < and >, and blanks only inside quotes."
            )
    for option, address in (("relay_sender", probe.relay_sender), ("relay_recipient", probe.relay_recipient)):
        local_part, _at, domain = address.rpartition("@")
        # The test puts the parts together in other ways, so they have to be plain.
        if not _PLAIN.fullmatch(local_part) or not is_domain(domain):
            yield f"{probe.target}: {option} {address!r} is not a plain mail address, name@domain."
        elif probe.relay_test and domain.lower() == probe.own_domain.lower():
            yield f"{probe.target}: {option} {address!r} is not foreign to the server, whose domain is {domain}."
