# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology file: which Notes domains, servers, people, foreign systems and DNS records the lab has."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dominolab import design, recording, schema
from dominolab.crowd import PEOPLE_AT_MOST
from dominolab.faults import Faults
from dominolab.notes_names import abbreviated, common_name, same

#: options of all servers, or of one
_COMMON_OPTIONS = ("rest", "design", "faults", "unsettable_variables", "notes_ini", "recording", "replication_seconds")
_DNS_ADDRESS = "127.0.0.53"
_NEAR_SERVERS = 14  # 127.0.0.11 to 127.0.0.24; further ones move to 127.0.1.x, foreign systems begin at 127.0.0.25
#: In a network of its own: the gateway takes 1, DNS 2 and 3, foreign systems follow, and then the servers.
_NETWORK_DNS, _NETWORK_FOREIGN, _NETWORK_SERVERS = 3, 4, 11


class TopologyError(ValueError):
    """The topology file is wrong; the text says where and why."""


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
        if recorded is not None:
            data["recording"] = str(recorded.resolve())
        for entry in (data, *(server for domain in data["notes_domains"] for server in domain["servers"])):
            if entry.get("recording"):
                entry["recording"] = str(path.parent.resolve() / entry["recording"])
        return _topology(data, _Counted(ipaddress.IPv4Network(network)) if network else _Loopback())
    except TopologyError as exc:
        raise TopologyError(f"{path}: {exc}") from exc
    except yaml.YAMLError as exc:
        raise TopologyError(f"{path} is not YAML: {exc}") from exc
    except (KeyError, TypeError, AttributeError) as exc:
        raise TopologyError(f"{path}: missing or misplaced: {exc}") from exc
    except ValueError as exc:
        raise TopologyError(str(exc)) from exc


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


def _topology(data: Mapping[str, Any], addresses: _Loopback | _Counted) -> Topology:
    unknown = set(data) - {"notes_domains", "foreign", "dns", *_COMMON_OPTIONS}
    if unknown:
        raise TopologyError(f"unknown keys: {', '.join(sorted(unknown))}")
    common = {key: data[key] for key in _COMMON_OPTIONS if key in data}
    dns = data.get("dns") or {}
    number = 0
    domains = []
    for entry in data["notes_domains"]:
        servers = []
        for server in entry["servers"]:
            servers.append(_server(server, common, addresses.server(number)))
            number += 1
        domains.append(_domain(entry, tuple(servers)))
    topology = Topology(
        domains=tuple(domains),
        foreign=tuple(
            Foreign(f["domain"], f["host_name"], f.get("address", addresses.foreign(n)), tuple(f.get("people", ())))
            for n, f in enumerate(data.get("foreign") or ())
        ),
        dns_address=dns.get("address", addresses.dns),
        dns_zones=tuple(dns.get("zones", ())),
        dns_records=tuple(dns.get("records", ())),
        dns_faults=tuple(dns.get("faults", ())),
    )
    _check(topology)
    return topology


def _server(entry: Mapping[str, Any], common: Mapping[str, Any], address: str) -> ServerSpec:
    own = {key: value for key, value in entry.items() if key not in ("name", "host_name", "address", "release")}
    unknown = set(own) - {*_COMMON_OPTIONS, "server_document"}
    if unknown:
        raise TopologyError(f"server {entry['name']}: unknown keys: {', '.join(sorted(unknown))}")
    options = {**common, **own}
    for key in ("rest", "notes_ini"):
        options[key] = {**common.get(key, {}), **own.get(key, {})}
    try:  # what a server would stumble over at its start is an error of the topology
        if options.get("recording"):
            recording.load(Path(options["recording"]))
        schema.build(design.load(options.get("design")), schema.ScopeSettings(**options["rest"]))
        Faults(options.get("faults", ()))
    except (TypeError, ValueError, AttributeError) as exc:
        raise TopologyError(f"server {entry['name']}: {exc}") from exc
    return ServerSpec(
        host=common_name(entry["name"]).lower(),
        name=canonical(entry["name"]),
        host_name=entry["host_name"],
        address=entry.get("address", address),
        release=str(entry.get("release", "14.0")),
        options=options,
    )


def _domain(entry: Mapping[str, Any], servers: tuple[ServerSpec, ...]) -> NotesDomain:
    return NotesDomain(
        name=entry["name"],
        organization=entry["organization"],
        internet_domain=entry["internet_domain"],
        administration_server=canonical(entry["administration_server"]),
        servers=servers,
        people=tuple(_person(person) for person in entry.get("people") or ()),
        documents=tuple(entry.get("documents") or ()),
        crowd=int(entry.get("crowd", 0)),
    )


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(canonical(entry["name"]), entry["short_name"], canonical(entry["mail_server"]))


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
