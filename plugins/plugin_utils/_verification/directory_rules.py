# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in the documents of the Domino Directory. Numbers are statements of the guide to verification."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.facts import (
    ALL_SERVERS,
    Document,
    Facts,
    canonical,
    is_group,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.finding import (
    DOCUMENTED,
    INFO,
    LIKELY,
    RECOMMENDED,
    REQUIRED,
    SITE,
    UNCONFIRMED,
    Finding,
    Skipped,
)

HELP_SERVICE = "HCL Domino help, stopping and starting the SMTP service"
HELP_PORTS = "HCL Domino help, changing SMTP port settings"
HELP_SITES = "HCL Domino help, Internet Site documents"
HELP_CONFIGURATION = "HCL Domino help, Configuration Settings documents"
HELP_ROUTING = "HCL Domino help, sending mail outside the local Internet domain"
HELP_GLOBAL_DOMAIN = "HCL Domino help, Global Domain documents"
HELP_ADDRESSES = "HCL Domino help, Internet addresses of outbound mail"
HELP_SMART_HOST = "HCL Domino help, smart hosts"
HELP_STARTTLS = "HCL Domino help, securing SMTP sessions with STARTTLS"
RELAY_SOURCES = "HCL Domino help and IBM Redbook SG24-6930, inbound relay controls"
GREETINGS = "greetings of real servers"

_SITE_OPTIONS = ("tcp_anonymous", "tcp_name_and_password", "tls_anonymous", "tls_name_and_password")
_NO_ITEM = (
    "The item of {label} is not publicly known, and the site's catalogue has none. directory_design_info proposes "
    "it from "
    "the server's own design."
)


def judge(facts: Facts) -> Iterator[Finding | Skipped]:
    """Judge all documents."""
    if facts.documents is None:
        return
    server = facts.server
    if server is None:
        yield Finding(
            "server_document_missing",
            REQUIRED,
            f"No Server document of {facts.server_name} can be seen.",
            "The Server document of this host.",
            "Check the server name, and what the account and the scope of the REST API may see.",
            DOCUMENTED,
            "JNX IRouteErr.java: No Server entry in Domino Directory for local server",
            facts.host_name,
        )
    else:
        yield from _server(facts, server)
        if facts.receives:
            yield from _internet_sites(facts, server)
    yield from _configuration(facts)
    yield from _global_domains(facts)
    yield from _lookup(facts)
    yield from _relay_controls(facts)
    yield from _recipients(facts)
    yield from _starttls(facts)


def _server(facts: Facts, server: Document) -> Iterator[Finding]:
    named = f"The Server document of {facts.server_name}"
    if facts.receives and not server.is_on("smtp_listener_task"):
        yield from _listener_flag(facts, named)
    if facts.receives and server.text("inbound_tcp_port_status") == "disabled":
        yield Finding(
            "inbound_port_disabled",
            REQUIRED,
            f"{named} disables the inbound TCP/IP port of SMTP.",
            "SMTP inbound TCP/IP port status enabled.",
            "Enable it (Ports, Internet Ports, Mail), and restart the SMTP listener.",
            DOCUMENTED,
            HELP_PORTS,
            facts.host_name,
        )
    if facts.sends and server.text("outbound_tcp_port_status") == "disabled":
        yield Finding(
            "outbound_port_disabled",
            REQUIRED,
            f"{named} disables the outbound TCP/IP port of SMTP.",
            "SMTP outbound TCP/IP port status enabled, or negotiated TLS.",
            "Enable it (Ports, Internet Ports, Mail), and restart the Router.",
            DOCUMENTED,
            HELP_PORTS,
            facts.host_name,
        )
    yield from _host_name(facts, named, server.text("fully_qualified_host_name").rstrip("."))


def _listener_flag(facts: Facts, named: str) -> Iterator[Finding]:
    if "smtp" in facts.server_tasks:
        yield Finding(
            "listener_flag_disagrees",
            RECOMMENDED,
            f"{named} disables the SMTP listener task, and ServerTasks in notes.ini loads it.",
            "SMTP listener task enabled; ServerTasks is the way of release 5.",
            "Enable the SMTP listener task (Basics).",
            UNCONFIRMED,
            HELP_SERVICE,
            facts.host_name,
        )
        return
    yield Finding(
        "listener_disabled",
        REQUIRED,
        f"{named} disables the SMTP listener task.",
        "SMTP listener task enabled, so that the SMTP server starts with the Domino server.",
        "Enable it (Basics), and load the task: Load SMTP.",
        DOCUMENTED,
        HELP_SERVICE,
        facts.host_name,
    )


def _host_name(facts: Facts, named: str, name: str) -> Iterator[Finding]:
    wanted = f"Fully qualified Internet host name {facts.host_name}."
    remedy = "Set it (Basics), and restart Router and SMTP listener."
    if not name:
        found, finding, severity = f"{named} has no fully qualified Internet host name.", "host_name_missing", REQUIRED
    elif "." not in name:
        found = f"{named} has {name} as Internet host name, which has no domain."
        finding, severity = "host_name_short", REQUIRED
    elif name.lower() != facts.host_name.lower():
        found = f"{named} has the Internet host name {name}, and the host is {facts.host_name}."
        finding, severity = "host_name_differs", REQUIRED
    else:
        return
    yield Finding(finding, severity, found, wanted, remedy, LIKELY, GREETINGS, facts.host_name)


def _internet_sites(facts: Facts, server: Document) -> Iterator[Finding | Skipped]:
    if not server.is_on("internet_sites"):
        return
    own = canonical(facts.server_name)
    sites = facts.of("SMTPInboundSite")
    mine = [
        site for site in sites if own in site.names("hosting_servers") or ALL_SERVERS in site.texts("hosting_servers")
    ]
    groups = sorted({name for site in sites for name in site.texts("hosting_servers") if is_group(name)})
    loaded = f"{facts.server_name} takes its Internet configuration from Internet Site documents"
    if not mine and groups:
        yield Skipped(
            "SMTP Inbound Site document",
            f"None names {facts.server_name}; some name groups ({', '.join(groups)}), whose members are not looked up.",
        )
    elif not mine:
        yield Finding(
            "internet_site_missing",
            REQUIRED,
            f"{loaded}, and there is no SMTP Inbound Site document for it. Clients are told: This site is not enabled "
            "on the server.",
            "An SMTP Inbound Site document that names the server or all servers.",
            "Make one, or switch off loading of Internet configurations in the Server document.",
            DOCUMENTED,
            HELP_SITES,
            facts.host_name,
        )
    elif not any(site.is_on(option) for site in mine for option in _SITE_OPTIONS):
        yield Finding(
            "internet_site_closed",
            REQUIRED,
            f"{loaded}, and all authentication options of its SMTP Inbound Site document are No.",
            "Anonymous access for mail from the Internet.",
            "Enable anonymous access (Security), and name and password under TLS if clients log in.",
            DOCUMENTED,
            HELP_SITES,
            facts.host_name,
        )


def _configuration(facts: Facts) -> Iterator[Finding | Skipped]:
    those = facts.configurations
    severity = REQUIRED if facts.sends else RECOMMENDED
    if not those.candidates:
        yield Finding(
            "configuration_missing",
            severity,
            f"No Configuration document applies to {facts.server_name}.",
            "A Configuration document for the server, a group it is in, or all servers (*).",
            "Make one for all servers. Whether relaying is closed without any is not known, so look at the relay test.",
            DOCUMENTED,
            HELP_CONFIGURATION,
            facts.host_name,
        )
        return
    if len(those.own) > 1 or (not those.own and not those.of_groups and len(those.defaults) > 1):
        yield Finding(
            "configuration_ambiguous",
            RECOMMENDED,
            f"{len(those.candidates)} Configuration documents name "
            f"{facts.server_name if those.own else 'all servers'}. Which of them counts is not defined.",
            "One.",
            "Remove the others, after moving what they say into the one that stays.",
            UNCONFIRMED,
            HELP_CONFIGURATION,
            facts.host_name,
        )
    elif those.own:
        yield from _hidden(facts, those.own[0], those.defaults)
    elif those.of_groups:
        yield from _of_groups(facts, those.of_groups)
    external = those.values("external_smtp")
    if facts.sends and "enabled" not in external:
        yield Finding(
            "external_smtp_disabled",
            REQUIRED,
            f"The Configuration document that applies to {facts.server_name} does not enable SMTP outside the local "
            "Internet domain.",
            "SMTP used when sending messages outside of the local Internet domain: enabled.",
            "Enable it (Router/SMTP, Basics), or leave sending to another host, and give verify_mail_directions.",
            DOCUMENTED,
            HELP_ROUTING,
            facts.host_name,
        )
    elif facts.sends and len(external) > 1:
        yield Skipped(
            "SMTP outside the local Internet domain",
            "The Configuration documents that may apply differ, and which of them does is not known.",
        )


def _hidden(facts: Facts, own: Document, defaults: tuple[Document, ...]) -> Iterator[Finding]:
    identity = {"server_name", "use_as_default", "form"}
    hidden = sorted(
        setting
        for default in defaults[:1]
        for setting in set(default.settings) - identity
        if default.texts(setting) and default.texts(setting) != own.texts(setting)
    )
    if hidden:
        yield Finding(
            "configuration_hidden",
            RECOMMENDED,
            f"{facts.server_name} has a Configuration document of its own, so nothing of the one for all servers (*) "
            f"applies to it. They differ in {', '.join(hidden)}.",
            "A document that says the same, or none for this server alone.",
            "Copy what is meant for this server, or remove its own document.",
            DOCUMENTED,
            HELP_CONFIGURATION,
            facts.host_name,
        )


def _of_groups(facts: Facts, documents: tuple[Document, ...]) -> Iterator[Finding]:
    groups = sorted({name for document in documents for name in document.texts("server_name") if is_group(name)})
    yield Finding(
        "configuration_of_groups",
        RECOMMENDED if len(documents) > 1 else INFO,
        f"There are Configuration documents for groups ({', '.join(groups)}). One of them counts in place of the "
        "one for "
        f"all servers (*) if {facts.server_name} is in its group; if it is in several, which of them is not defined.",
        "At most one group with a Configuration document for each server.",
        "Look up the members of the groups, which is not done here.",
        DOCUMENTED,
        HELP_CONFIGURATION,
        facts.host_name,
    )


def _global_domains(facts: Facts) -> Iterator[Finding]:
    documents = facts.global_domains
    parent = facts.host_name.lower().partition(".")[2]
    by_host_name = {facts.host_name.lower(), parent}
    if not documents:
        outside = [domain for domain in facts.internet_domains if domain not in by_host_name]
        yield Finding(
            "global_domain_missing",
            REQUIRED if outside else RECOMMENDED,
            f"There is no Global Domain document for Internet domains, so only {facts.host_name} and {parent} are local"
            + (f", and {', '.join(outside)} {'are' if len(outside) > 1 else 'is'} not." if outside else "."),
            "A Global Domain document with the role R5/R6/R7/R8 Internet Domains.",
            "Make it, and restart the servers: they read it when they start.",
            DOCUMENTED,
            HELP_GLOBAL_DOMAIN,
            domain=facts.internet_domains[0],
        )
        return
    for document in documents:
        if not document.text("primary_internet_domain"):
            yield Finding(
                "global_domain_incomplete",
                REQUIRED,
                f"The Global Domain document {document.text('global_domain_name')} has no local primary Internet "
                "domain.",
                "A local primary Internet domain.",
                "Set it (Conversions), and restart the servers.",
                DOCUMENTED,
                HELP_GLOBAL_DOMAIN,
            )
    local = {
        domain.lower()
        for document in documents
        for setting in ("primary_internet_domain", "internet_domain_aliases")
        for domain in document.texts(setting)
    }
    for domain in facts.internet_domains:
        if domain not in local:
            yield Finding(
                "domain_not_local",
                REQUIRED,
                f"No Global Domain document has {domain}, so mail for it is foreign to the servers.",
                f"{domain} as primary Internet domain or alias.",
                "Add it to the aliases (Conversions), and restart the servers.",
                DOCUMENTED,
                HELP_GLOBAL_DOMAIN,
                domain=domain,
            )
    yield from _default_of_several(documents)


def _default_of_several(documents: list[Document]) -> Iterator[Finding]:
    defaults = [document for document in documents if document.is_on("default_global_domain")]
    names = ", ".join(sorted(document.text("global_domain_name") for document in defaults or documents))
    if len(defaults) > 1:
        yield Finding(
            "global_domain_defaults",
            RECOMMENDED,
            f"{len(defaults)} Global Domain documents are the default ({names}), and only one may be.",
            "One default.",
            "Decide whose rules and domain senders outside shall see, and take the mark from the others.",
            UNCONFIRMED,
            HELP_GLOBAL_DOMAIN,
        )
    elif len(documents) > 1 and not defaults:
        yield Finding(
            "global_domain_no_default",
            RECOMMENDED,
            f"None of {len(documents)} Global Domain documents is the default ({names}), so the alphabetically "
            "last one "
            "decides about outgoing addresses, and the host name about their domain.",
            "One default.",
            "Mark the one whose rules and domain senders outside shall see.",
            UNCONFIRMED,
            HELP_GLOBAL_DOMAIN,
        )


def _lookup(facts: Facts) -> Iterator[Finding]:
    documents = facts.global_domains
    if not facts.sends or not documents:
        return
    ordered = sorted(documents, key=lambda document: document.text("global_domain_name").lower())
    decisive = next((document for document in ordered if document.is_on("default_global_domain")), ordered[-1])
    if decisive.is_on("internet_address_lookup") or "enabled" in facts.configurations.values("internet_address_lookup"):
        return
    yield Finding(
        "lookup_disabled",
        RECOMMENDED,
        "Internet address lookup is not enabled in the Global Domain document "
        f"{decisive.text('global_domain_name')}"
        + (" nor in the Configuration document" if facts.knows("ServerConfig", "internet_address_lookup") else "")
        + f", so senders outside see addresses such as Jane_Doe/Acme%{facts.notes_domain or 'ACME'}@"
        f"{facts.internet_domains[0]}.",
        "Internet address lookup enabled.",
        "Enable it in the Global Domain document (Conversions), and restart the servers.",
        UNCONFIRMED,
        HELP_ADDRESSES,
    )


def _relay_controls(facts: Facts) -> Iterator[Finding | Skipped]:
    if not facts.receives:
        return
    lists = (
        "relay_allow_destination_domains",
        "relay_deny_destination_domains",
        "relay_allow_source_hosts",
        "relay_deny_source_hosts",
    )
    values = facts.configurations.values("relay_enforcement")
    if not facts.knows("ServerConfig", "relay_enforcement"):
        yield _unnamed("Relay enforcement", "Perform Anti-Relay enforcement for these connecting hosts")
    elif "none" in values:
        yield Finding(
            "relay_enforcement_none",
            REQUIRED,
            "The Configuration document switches the relay checks off for all hosts.",
            "Anti-relay enforcement for external hosts, or for all.",
            "Set it (Router/SMTP, Restrictions and Controls, SMTP Inbound Controls), and tell the listener: "
            "Tell SMTP Update Config.",
            SITE,
            RELAY_SOURCES,
            facts.host_name,
        )
    if not facts.knows("ServerConfig", *lists):
        yield _unnamed("Lists of inbound relay controls", "the inbound relay controls")
        return
    for document in facts.configurations.candidates:
        allowed, denied = lists[0::2], lists[1::2]
        if not any("*" in document.texts(setting) for setting in denied) and not any(
            document.texts(setting) for setting in allowed
        ):
            yield Finding(
                "relay_lists_open",
                REQUIRED,
                "The Configuration document neither denies relaying to and from all (*), nor allows it to some only.",
                "* among the denied destinations or hosts.",
                "Add * (Router/SMTP, Restrictions and Controls, SMTP Inbound Controls), and tell the listener: "
                "Tell SMTP Update Config.",
                SITE,
                RELAY_SOURCES,
                facts.host_name,
            )


def _recipients(facts: Facts) -> Iterator[Finding | Skipped]:
    if not facts.receives:
        return
    if not facts.knows("ServerConfig", "verify_local_recipients", "smart_host"):
        yield _unnamed("Recipient check together with a smart host", "the recipient check or the smart host")
        return
    for document in facts.configurations.candidates:
        host = document.text("smart_host")
        if host and document.is_on("verify_local_recipients"):
            yield Finding(
                "recipient_check_and_smart_host",
                RECOMMENDED,
                "The listener refuses local recipients that the directory does not have, and the smart host "
                f"{host} is to "
                "get just these.",
                "One of the two.",
                "Switch off the check that local recipients exist, or remove the smart host.",
                SITE,
                HELP_SMART_HOST,
                facts.host_name,
            )


def _starttls(facts: Facts) -> Iterator[Finding | Skipped]:
    if not facts.receives:
        return
    values = facts.configurations.values("inbound_starttls")
    if "required" in values:
        yield Finding(
            "starttls_required",
            RECOMMENDED,
            "The Configuration document requires STARTTLS of everybody, and not every server on the Internet has it.",
            "STARTTLS offered, on a host that receives from the Internet.",
            "Set it to enabled (Router/SMTP, Advanced, Commands and Extensions), and restart the SMTP listener.",
            SITE,
            HELP_STARTTLS,
            facts.host_name,
        )
    elif values == {"enabled"} and facts.probe_has("starttls"):
        yield Finding(
            "starttls_not_effective",
            RECOMMENDED,
            "The Configuration document enables STARTTLS, and the listener does not offer it.",
            "STARTTLS offered.",
            "Restart the SMTP listener (Restart Task SMTP), and check that the server has a TLS certificate.",
            DOCUMENTED,
            HELP_STARTTLS,
            facts.host_name,
        )
    if not facts.knows("ServerConfig", "inbound_starttls"):
        yield _unnamed("STARTTLS required of everybody", "STARTTLS required", "stored value")


def _unnamed(what: str, label: str, which: str = "item") -> Skipped:
    return Skipped(what, _NO_ITEM.format(label=label).replace("The item", f"The {which}"))
