# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology file: which Notes domains, servers, people, foreign systems and DNS records the lab has."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from dominolab import design, dns, entries, recording, schema
from dominolab.crowd import PEOPLE_AT_MOST
from dominolab.faults import Faults
from dominolab.notes_names import abbreviated, common_name, same

_DNS_ADDRESS = "127.0.0.53"
_NEAR_SERVERS = 14  # 127.0.0.11 to 127.0.0.24; further ones move to 127.0.1.x, foreign systems begin at 127.0.0.25
#: In a network of its own: the gateway takes 1, DNS 2 and 3, foreign systems follow, and then the servers.
_NETWORK_DNS, _NETWORK_FOREIGN, _NETWORK_SERVERS = 3, 4, 11


class TopologyError(ValueError):
    """The topology file is wrong; the text says where and why."""


@dataclass(frozen=True)
class _Options:
    """Options of all servers, or of one."""

    rest: Mapping[str, Any] | None = None  # schema.ScopeSettings
    design: Mapping[str, Any] | None = None  # design.Changes
    faults: tuple[Mapping[str, Any], ...] | None = None  # faults.Fault
    unsettable_variables: tuple[str, ...] | None = None
    notes_ini: Mapping[str, str | int | float] | None = None
    recording: str | None = None
    replication_seconds: float | None = None


@dataclass(frozen=True)
class _ServerKeys:
    name: str
    host_name: str
    address: str = ""
    release: str | float = "14.0"
    server_document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _ServerEntry(_Options, _ServerKeys):
    pass


@dataclass(frozen=True)
class _PersonEntry:
    name: str
    short_name: str
    mail_server: str


@dataclass(frozen=True)
class _DomainEntry:
    name: str
    organization: str
    internet_domain: str
    administration_server: str
    servers: tuple[_ServerEntry, ...]
    people: tuple[_PersonEntry, ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    crowd: int = 0


@dataclass(frozen=True)
class _ForeignEntry:
    domain: str
    host_name: str
    address: str = ""
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class _DnsEntry:
    address: str = ""
    zones: tuple[str, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()  # dns.RecordEntry
    faults: tuple[Mapping[str, Any], ...] = ()  # dns.FaultEntry


@dataclass(frozen=True)
class _Keys:
    notes_domains: tuple[_DomainEntry, ...]
    foreign: tuple[_ForeignEntry, ...] = ()
    dns: _DnsEntry = field(default_factory=_DnsEntry)


@dataclass(frozen=True)
class _File(_Options, _Keys):
    pass


@dataclass(frozen=True)
class Person:
    """A person with a mail file and no Internet address yet."""

    name: str  # canonical
    short_name: str
    mail_server: str  # canonical


@dataclass(frozen=True)
class ServerSpec:
    """One Domino server."""

    host: str  # the lab's name for it: mail01
    name: str  # canonical
    host_name: str
    address: str
    release: str
    #: options of lab.json: rest, design, faults, unsettable_variables; and notes_ini, server_document
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotesDomain:
    """One Notes domain."""

    name: str
    organization: str
    internet_domain: str
    administration_server: str  # canonical
    servers: tuple[ServerSpec, ...]
    people: tuple[Person, ...]
    documents: tuple[Mapping[str, Any], ...]
    crowd: int  # this many people more


@dataclass(frozen=True)
class Foreign:
    """One foreign mail system."""

    domain: str
    host_name: str
    address: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class Topology:
    """The whole lab."""

    domains: tuple[NotesDomain, ...]
    foreign: tuple[Foreign, ...]
    dns_address: str
    dns_zones: tuple[str, ...]
    dns_records: tuple[Mapping[str, Any], ...]
    dns_faults: tuple[Mapping[str, Any], ...]

    @property
    def servers(self) -> list[tuple[NotesDomain, ServerSpec]]:
        """All servers with their domains."""
        return [(domain, server) for domain in self.domains for server in domain.servers]


def canonical(name: str) -> str:
    """Return the canonical form of a hierarchical name: `CN=Mail01/O=Acme` of `Mail01/Acme`."""
    parts = abbreviated(name).split("/")
    if len(parts) == 1:
        return name
    labels = ["CN", *["OU"] * (len(parts) - 2), "O"]
    return "/".join(f"{label}={part}" for label, part in zip(labels, parts, strict=True))


def load(path: Path, network: str = "", *, recorded: Path | None = None) -> Topology:
    """Read a topology file. Raises TopologyError and OSError.

    With a network, addresses are counted in it. `recorded` is the recording of all servers; paths of recordings in the
    file are relative to it.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if recorded is not None and isinstance(data, dict):
            data["recording"] = str(recorded.resolve())
        file = entries.read(_File, data, "the file")
        addresses = _Counted(ipaddress.IPv4Network(network)) if network else _Loopback()
        return _topology(file, path.parent.resolve(), addresses)
    except yaml.YAMLError as exc:
        raise TopologyError(f"{path} is not YAML: {exc}") from exc
    except ValueError as exc:
        raise TopologyError(f"{path}: {exc}") from exc


class _Loopback:
    """Addresses of a lab on one machine."""

    dns = _DNS_ADDRESS

    def server(self, number: int) -> str:
        near = number < _NEAR_SERVERS
        return f"127.0.0.{11 + number}" if near else f"127.0.1.{number - _NEAR_SERVERS + 1}"

    def foreign(self, number: int) -> str:
        return f"127.0.0.{25 + number}"


class _Counted:
    """Addresses of a lab in a network."""

    def __init__(self, network: ipaddress.IPv4Network) -> None:
        self._network = network
        self.dns = self._at(_NETWORK_DNS)

    def server(self, number: int) -> str:
        return self._at(_NETWORK_SERVERS + number)

    def foreign(self, number: int) -> str:
        return self._at(_NETWORK_FOREIGN + number)

    def _at(self, number: int) -> str:
        if number >= self._network.num_addresses - 1:
            raise TopologyError(f"{self._network} is too small for this topology")
        return str(self._network[number])


def _topology(file: _File, folder: Path, addresses: _Loopback | _Counted) -> Topology:
    number = 0
    domains = []
    for entry in file.notes_domains:
        servers = []
        for server in entry.servers:
            servers.append(_server(server, file, folder, addresses.server(number)))
            number += 1
        domains.append(_domain(entry, tuple(servers)))
    topology = Topology(
        domains=tuple(domains),
        foreign=tuple(
            Foreign(f.domain, f.host_name, f.address or addresses.foreign(n), f.people)
            for n, f in enumerate(file.foreign)
        ),
        dns_address=file.dns.address or addresses.dns,
        dns_zones=file.dns.zones,
        dns_records=file.dns.records,
        dns_faults=file.dns.faults,
    )
    dns.Data.from_config({"records": topology.dns_records, "faults": topology.dns_faults})
    _check(topology)
    return topology


def _server(entry: _ServerEntry, common: _Options, folder: Path, address: str) -> ServerSpec:
    options: dict[str, Any] = {}
    for option in fields(_Options):
        of_all, own = getattr(common, option.name), getattr(entry, option.name)
        options[option.name] = of_all if own is None else own
    for name in ("rest", "notes_ini"):
        options[name] = {**(getattr(common, name) or {}), **(getattr(entry, name) or {})}
    options = {name: value for name, value in options.items() if value is not None}
    if "recording" in options:
        options["recording"] = str(folder / options["recording"])
    try:  # what a server would stumble over at its start is an error of the topology
        if "recording" in options:
            recording.load(Path(options["recording"]))
        schema.build(design.load(options.get("design")), schema.read_settings(options["rest"]))
        Faults(options.get("faults", ()))
    except ValueError as exc:
        raise TopologyError(f"server {entry.name}: {exc}") from exc
    return ServerSpec(
        host=common_name(entry.name).lower(),
        name=canonical(entry.name),
        host_name=entry.host_name,
        address=entry.address or address,
        release=str(entry.release),
        options={**options, "server_document": entry.server_document},
    )


def _domain(entry: _DomainEntry, servers: tuple[ServerSpec, ...]) -> NotesDomain:
    return NotesDomain(
        name=entry.name,
        organization=entry.organization,
        internet_domain=entry.internet_domain,
        administration_server=canonical(entry.administration_server),
        servers=servers,
        people=tuple(Person(canonical(p.name), p.short_name, canonical(p.mail_server)) for p in entry.people),
        documents=entry.documents,
        crowd=entry.crowd,
    )


def _check(topology: Topology) -> None:
    hosts = [server.host for _, server in topology.servers]
    addresses = [server.address for _, server in topology.servers] + [f.address for f in topology.foreign]
    for what, values in (("host", hosts), ("address", addresses)):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise TopologyError(f"{what} given twice: {', '.join(twice)}")
    for domain in topology.domains:
        if not 0 <= domain.crowd <= PEOPLE_AT_MOST:
            raise TopologyError(f"Notes domain {domain.name}: a crowd has from 0 to {PEOPLE_AT_MOST} people")
        names = [server.name for server in domain.servers]
        wanted = [domain.administration_server, *(person.mail_server for person in domain.people)]
        for name in wanted:
            if not any(same(name, server) for server in names):
                raise TopologyError(f"{abbreviated(name)} is not a server of Notes domain {domain.name}")
