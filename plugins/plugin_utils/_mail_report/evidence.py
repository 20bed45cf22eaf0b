# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well it is known what a line of notes.ini, a record or a console command does. Items carry their own evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What each degree of evidence means, best first.
DEGREES = {
    "documented": "documentation or code that HCL or IBM published, or a standard",
    "site": "the site's own catalogue names it",
    "observed": "code of others that works with real servers, or real output",
    "likely": "independent hints agree",
    "unconfirmed": "a weak lead, to be confirmed on a server",
    "unknown": "not known in public",
    "given": "the definition alone names it, on its author's word",
}
#: These need no second look.
TRUSTED = frozenset({"documented", "site"})


@dataclass(frozen=True)
class Evidence:
    """How well something is known, and where that can be read."""

    degree: str = "given"
    sources: tuple[str, ...] = ()


_NOTES_INI = {
    "servertasks": Evidence(
        "documented", ("HCL-TECH-SOFTWARE/domino-c-api-docs docs/howto/user_guide/Server_Add-In_Tasks.md",)
    ),
}

_COMMANDS = (
    (
        r"(load|tell|restart task) smtp( quit)?",
        Evidence(
            "documented",
            ("Domino administrator help 10.0.1 conf_stoppingandstartingthedominosmtpservice_t",),
        ),
    ),
    (
        r"tell smtp update config",
        Evidence("documented", ("Domino administrator help admn_smtpservertellcommands_r",)),
    ),
    (
        r"tell router update config",
        Evidence("documented", ("IBM Knowledge Center conf_recalculatingtheserversroutingtable_t",)),
    ),
    (
        r"load router|restart task \w+",
        Evidence("documented", ("Domino administrator help, Router and server commands",)),
    ),
)

_RECORDS = {
    "MX": Evidence("documented", ("RFC 5321 section 5",)),
    "A": Evidence("documented", ("RFC 1035 section 3.4.1",)),
    "AAAA": Evidence("documented", ("RFC 3596",)),
    "PTR": Evidence("documented", ("RFC 1035 section 3.3.12",)),
}

#: resolv.conf(5) and its keepers.
RESOLVER = Evidence("documented", ("resolv.conf(5), resolved.conf(5), NetworkManager.conf(5)",))


def of_variable(name: str) -> Evidence:
    """Return what is known of a variable of notes.ini."""
    return _NOTES_INI.get(name.casefold(), Evidence())


def of_command(command: str) -> Evidence:
    """Return what is known of a console command."""
    found = (evidence for pattern, evidence in _COMMANDS if re.fullmatch(pattern, command, re.IGNORECASE | re.DOTALL))
    return next(found, Evidence("unconfirmed"))


def of_record(rdtype: str) -> Evidence:
    """Return what is known of a type of DNS records."""
    return _RECORDS.get(rdtype.upper(), Evidence("documented", ("RFC 1035",)))
