# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the server as it runs, and with its notes.ini."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.directory_rules import (
    HELP_ADDRESSES,
    HELP_SERVICE,
    RELAY_SOURCES,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.facts import Facts
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.finding import (
    DOCUMENTED,
    INFO,
    LIKELY,
    MEASURED,
    OBSERVED,
    RECOMMENDED,
    REQUIRED,
    UNCONFIRMED,
    Finding,
    Skipped,
)

#: Variables that win over the Configuration document, and what they decide.
_OVERRIDES = {
    "SMTPErrorLimit": "after how many errors a conversation ends",
    "SMTPDenyNotUniqueRcpt": "whether ambiguous recipients are refused",
    "SMTPDenyMailToGroups": "whether groups are refused as recipients",
}

#: All variables that the rules look at.
VARIABLES = ("ServerTasks", *_OVERRIDES, "SMTPRelayHostsandDomains", "SMTPGreeting", "RouterTranslateSpecial")


def judge(facts: Facts) -> Iterator[Finding | Skipped]:
    """Judge the console and notes.ini."""
    yield from _pending(facts)
    yield from _processes(facts)
    if facts.notes_ini is not None:
        yield from _notes_ini(facts)


def _pending(facts: Facts) -> Iterator[Finding]:
    """Report what a run has begun and not finished.

    A listener that was changed and never tested may be an open relay.
    """
    if not facts.pending:
        return
    untested = "relay_test" in facts.pending and facts.receives and not facts.is_closed_relay
    yield Finding(
        "changes_pending",
        REQUIRED if untested else RECOMMENDED,
        f"A run on {facts.host_name} did not finish: {', '.join(facts.pending)} pending."
        + (" Its SMTP listener has not been shown to refuse relaying." if untested else ""),
        "No pending work in .opendomino-mail-pending.",
        "Run the playbook site again; it finishes what is pending.",
        MEASURED,
        ".opendomino-mail-pending in the data directory",
        facts.host_name,
    )


def _processes(facts: Facts) -> Iterator[Finding | Skipped]:
    if facts.running is False:
        yield Finding(
            "server_stopped",
            REQUIRED,
            f"No Domino server is running on {facts.host_name}.",
            "A running server.",
            "Start it.",
            MEASURED,
            "the processes of the host",
            facts.host_name,
        )
        return
    if facts.tasks is None or not facts.receives:
        return
    shown = facts.listener_port
    if not facts.shows_listener and facts.is_answered and not facts.probe_has("banner_host"):
        return  # the listener speaks for itself; how a real server lists it is not known for sure
    if not facts.shows_listener and facts.is_answered:
        yield Finding(
            "port_taken",
            REQUIRED,
            f"Show Tasks has no SMTP server, and something else answers at port {facts.port}.",
            "The SMTP listener of this server.",
            "Find the program that has the port (ss -ltnp) and stop it, then: Load SMTP.",
            UNCONFIRMED,
            HELP_SERVICE,
            facts.host_name,
        )
    elif not facts.shows_listener:
        yield Finding(
            "listener_not_running",
            REQUIRED,
            "Show Tasks has no SMTP server.",
            "The SMTP listener task, which Show Tasks lists in three entries.",
            "Load it (Load SMTP), and look at the console for why it ended.",
            DOCUMENTED,
            HELP_SERVICE,
            facts.host_name,
        )
    elif shown is not None and shown != facts.port:
        yield Finding(
            "port_differs",
            RECOMMENDED,
            f"The SMTP listener listens on port {shown}, and port {facts.port} was looked at.",
            f"A listener at port {facts.port}.",
            "Correct the inbound TCP/IP port number in the Server document, or verify_mail_port.",
            UNCONFIRMED,
            HELP_SERVICE,
            facts.host_name,
        )
    elif shown is not None and facts.probe_has("connects"):
        yield Finding(
            "port_blocked",
            REQUIRED,
            f"Show Tasks says that the SMTP listener listens on port {shown}, and no connection to it comes about.",
            "A connection.",
            "Check firewalls and routes between the host that probes and this one, and the address that was probed.",
            UNCONFIRMED,
            HELP_SERVICE,
            facts.host_name,
        )


def _notes_ini(facts: Facts) -> Iterator[Finding]:
    for name, decides in _OVERRIDES.items():
        if facts.variable(name):
            yield Finding(
                "notes_ini_override",
                RECOMMENDED,
                f"{name}={facts.variable(name)} in notes.ini decides {decides}; what the Configuration document "
                "says does "
                "not count.",
                f"No {name} in notes.ini.",
                "Move the value into the Configuration document, and remove the line while the server is stopped.",
                DOCUMENTED,
                "HCL Domino help, resolving ambiguous and group names",
                facts.host_name,
            )
    if facts.variable("SMTPRelayHostsandDomains") == "1":
        yield Finding(
            "relay_rules_of_release_5",
            RECOMMENDED,
            "SMTPRelayHostsandDomains=1 in notes.ini brings back the relay rules of release 5, in which deny wins.",
            "The rules that the Configuration document is written for.",
            "Remove the line while the server is stopped, and look at the relay test.",
            LIKELY,
            RELAY_SOURCES,
            facts.host_name,
        )
    if facts.variable("SMTPGreeting"):
        yield Finding(
            "greeting_replaced",
            INFO,
            f"SMTPGreeting in notes.ini replaces the greeting by: {facts.variable('SMTPGreeting')}",
            "A greeting that begins with the host name (RFC 5321 section 4.2).",
            f"Begin the text with {facts.host_name}, or remove the variable.",
            OBSERVED,
            "greetings of real servers",
            facts.host_name,
        )
    if facts.sends and facts.variable("RouterTranslateSpecial") == "1":
        yield Finding(
            "sender_address_ignored",
            INFO,
            "RouterTranslateSpecial=1 in notes.ini makes the Router ignore the Internet address that a message "
            "carries.",
            "The sender's own choice of address.",
            "Remove the variable, unless all mail has to leave with the address of the Person document.",
            DOCUMENTED,
            "IBM technote 1089673; " + HELP_ADDRESSES,
            facts.host_name,
        )
    server = facts.server
    if server is not None and server.is_on("smtp_listener_task") and "smtp" in facts.server_tasks:
        yield Finding(
            "smtp_task_twice",
            INFO,
            "The Server document enables the SMTP listener task, and ServerTasks in notes.ini lists SMTP as well.",
            "One of the two, of which the Server document is the documented one.",
            "Nothing has to be done. To tidy up, leave SMTP out of receive_mail_server_tasks.",
            UNCONFIRMED,
            HELP_SERVICE,
            facts.host_name,
        )
