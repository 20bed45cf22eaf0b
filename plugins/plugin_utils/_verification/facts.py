# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run gathered about one host. What could not be gathered is None, and never taken for missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils import _notes_name

SEND, RECEIVE = "send", "receive"
ALL_SERVERS = "all_servers"
_LISTENS = re.compile(r"Listen for connect requests on TCP Port:\s*(\d+)", re.IGNORECASE)
_SMTP_TASK = re.compile(r"\bSMTP Server\b", re.IGNORECASE)

KEYS = frozenset(
    (
        "host",
        "server_name",
        "notes_domain",
        "administration",
        "host_name",
        "internet_domain",
        "internet_domains",
        "directions",
        "port",
        "running",
        "tasks",
        "notes_ini",
        "pending",
        "documents",
        "catalogue",
        "dns",
        "probes",
        "outbound_probes",
        "round_trips",
        "promised_senders",
        "addresses",
        "skipped",
    )
)
_TEXTS = ("host", "server_name", "notes_domain", "host_name", "internet_domain")


class FactsError(ValueError):
    """What was given is not what a run gathers."""


@dataclass(frozen=True)
class Document:
    """A document of the directory, by its friendly settings."""

    form: str
    settings: Mapping[str, Any]

    def text(self, setting: str) -> str:
        """Return the (first) value of a setting as text; empty where there is none."""
        return next(iter(self.texts(setting)), "")

    def texts(self, setting: str) -> list[str]:
        """Return all values of a setting that are not empty."""
        value = self.settings.get(setting)
        values = value if isinstance(value, (list, tuple)) else [value]
        texts = (str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in values if v is not None)
        return [text for text in texts if text]

    def names(self, setting: str) -> set[str]:
        """Return Notes names, canonical and in lower case."""
        return {canonical(name) for name in self.texts(setting)}

    def is_on(self, setting: str) -> bool:
        """Say whether a setting is enabled."""
        return self.text(setting) == "enabled"


@dataclass(frozen=True)
class Configurations:
    """The Configuration documents that may apply to a server: its own, those of groups, the default (statement 1.2)."""

    own: tuple[Document, ...]
    of_groups: tuple[Document, ...]
    defaults: tuple[Document, ...]

    @property
    def candidates(self) -> tuple[Document, ...]:
        """Return those of which one applies. Who is in a group is not known, so a group's document may or may not."""
        if self.own:
            return self.own
        return (*self.of_groups, *self.defaults)

    def values(self, setting: str) -> set[str]:
        """Return what a setting may be, by the documents that may apply."""
        return {document.text(setting) for document in self.candidates}


@dataclass(frozen=True)
class Facts:
    """All of it."""

    server_name: str
    host_name: str
    internet_domains: tuple[str, ...]
    directions: frozenset[str] = frozenset((SEND, RECEIVE))
    notes_domain: str = ""
    administration: bool = True  # whether this run writes what belongs to the Notes domain
    port: int = 25
    running: bool | None = None
    tasks: tuple[str, ...] | None = None
    notes_ini: Mapping[str, str | None] | None = None
    pending: tuple[str, ...] = ()  # work that a run has begun on the host and not finished
    documents: tuple[Document, ...] | None = None
    catalogue: frozenset[tuple[str, str]] = frozenset()
    dns: tuple[Mapping[str, Any], ...] | None = None
    probes: tuple[Mapping[str, Any], ...] | None = None
    outbound_probes: tuple[Mapping[str, Any], ...] = ()
    round_trips: tuple[Mapping[str, Any], ...] | None = None
    promised_senders: Mapping[str, str] | None = None
    addresses: Mapping[str, Any] | None = None

    @property
    def sends(self) -> bool:
        """Say whether the host is to send."""
        return SEND in self.directions

    @property
    def receives(self) -> bool:
        """Say whether the host is to receive."""
        return RECEIVE in self.directions

    def of(self, form: str) -> list[Document]:
        """Return the documents of a form."""
        return [document for document in self.documents or () if document.form == form]

    @property
    def server(self) -> Document | None:
        """Return the Server document."""
        own = canonical(self.server_name)
        return next((document for document in self.of("Server") if own in document.names("server_name")), None)

    @property
    def global_domains(self) -> list[Document]:
        """Return the Global Domain documents with the role that SMTP looks at (statement 4.10)."""
        return [
            document
            for document in self.of("Domain")
            if document.text("domain_type") == "global_domain"
            and document.text("global_domain_role") == "internet_domains"
        ]

    @property
    def configurations(self) -> Configurations:
        """Return the Configuration documents that may apply."""
        documents, own = self.of("ServerConfig"), canonical(self.server_name)
        return Configurations(
            own=tuple(document for document in documents if own in document.names("server_name")),
            of_groups=tuple(document for document in documents if any(map(is_group, document.texts("server_name")))),
            defaults=tuple(document for document in documents if ALL_SERVERS in document.texts("server_name")),
        )

    def knows(self, form: str, *settings: str) -> bool:
        """Say whether the site's own catalogue has items for settings that have no public item name."""
        return all((form, setting) in self.catalogue for setting in settings)

    def variable(self, name: str) -> str:
        """Return a variable of notes.ini, empty where it is missing or nobody could look."""
        values = {key.lower(): value for key, value in (self.notes_ini or {}).items()}
        return values.get(name.lower()) or ""

    @property
    def server_tasks(self) -> set[str]:
        """Return the names in ServerTasks, lower case, without arguments."""
        entries = (entry.split() for entry in self.variable("ServerTasks").split(","))
        return {words[0].lower() for words in entries if words}

    @property
    def listener_port(self) -> int | None:
        """Return the port that `Show Tasks` says the SMTP listener listens on."""
        lines = (task[name.end() :] for task in self.tasks or () for name in [_SMTP_TASK.search(task)] if name)
        found = (match for match in map(_LISTENS.search, lines) if match)
        return next((int(match.group(1)) for match in found), None)

    @property
    def shows_listener(self) -> bool:
        """Say whether `Show Tasks` has the SMTP server at all."""
        return any(map(_SMTP_TASK.search, self.tasks or ()))

    def probe_has(self, *ids: str) -> bool:
        """Say whether the probe found one of these."""
        return any(finding["id"] in ids for probe in self.probes or () for finding in probe["findings"])

    @property
    def is_closed_relay(self) -> bool:
        """Return whether an open-relay test of this run has shown that the listener refuses to relay."""
        return any((probe.get("relay") or {}).get("verdict") == "closed" for probe in self.probes or ())

    @property
    def is_answered(self) -> bool:
        """Say whether a conversation with the listener came about."""
        return any(probe.get("banner") for probe in self.probes or ())


def canonical(name: str) -> str:
    """Return a Notes name in canonical form and lower case, by which names compare."""
    return _notes_name.canonical(name).lower()


def is_group(name: str) -> bool:
    """Say whether a name among servers is one of a group: servers have hierarchical names."""
    return "/" not in name and "=" not in name and name not in (ALL_SERVERS, "*")


def read_facts(given: Mapping[str, Any]) -> Facts:
    """Read what a run gathered; raises FactsError. Templates of older releases make empty texts of what is None."""
    given = {key: value for key, value in given.items() if value != "" or key in _TEXTS}
    unknown = sorted(set(given) - KEYS)
    if unknown:
        raise FactsError(f"Facts have no {', '.join(unknown)}.")
    missing = [key for key in ("server_name", "host_name", "internet_domain") if not given.get(key)]
    if missing:
        raise FactsError(f"Facts need {', '.join(missing)}.")
    directions = frozenset(given.get("directions", (SEND, RECEIVE)))
    if not directions or directions - {SEND, RECEIVE}:
        raise FactsError(f"directions may be {SEND} and {RECEIVE}, and are {', '.join(sorted(directions)) or 'none'}.")
    domains = [given["internet_domain"], *given.get("internet_domains", ())]
    return Facts(
        server_name=given["server_name"],
        host_name=given["host_name"].rstrip("."),
        internet_domains=tuple(dict.fromkeys(domain.lower().rstrip(".") for domain in domains)),
        directions=directions,
        notes_domain=given.get("notes_domain", ""),
        administration=given.get("administration", True) not in (False, "False"),
        port=int(given.get("port", 25)),
        running=given.get("running"),
        tasks=_sequence(given, "tasks"),
        notes_ini=_mapping(given, "notes_ini"),
        pending=_sequence(given, "pending") or (),
        documents=_documents(given),
        catalogue=frozenset((entry["form"], entry["setting"]) for entry in given.get("catalogue", ())),
        dns=_sequence(given, "dns"),
        probes=_sequence(given, "probes"),
        outbound_probes=_sequence(given, "outbound_probes") or (),
        round_trips=_sequence(given, "round_trips"),
        promised_senders=_mapping(given, "promised_senders"),
        addresses=_mapping(given, "addresses"),
    )


def _documents(given: Mapping[str, Any]) -> tuple[Document, ...] | None:
    documents: Sequence[Mapping[str, Any]] | None = _sequence(given, "documents")
    if documents is None:
        return None
    return tuple(Document(document["form"], document["settings"]) for document in documents)


def _sequence(given: Mapping[str, Any], key: str) -> tuple[Any, ...] | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, Iterable) or isinstance(value, (str, Mapping)):
        raise FactsError(f"{key} is {value!r}, and must be a list.")
    return tuple(value)


def _mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    value = given.get(key)
    if value is None or isinstance(value, Mapping):
        return value
    raise FactsError(f"{key} is {value!r}, and must be a dictionary.")
