# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Server documents to the hosts of an inventory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils._directory.document import text
from ansible_collections.opendomino.mail.plugins.module_utils._notes_name import (
    abbreviated,
    canonical,
    common_name,
    same_name,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._inventory_names import (
    host_name_problem,
    inventory_name_problem,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import shown

#: What a host can be called by, and the item or part of a name that it is.
HOST_NAME, COMMON_NAME, SERVER_NAME = NAMINGS = ("host_name", "common_name", "server_name")


class FleetError(Exception):
    """The Server documents make no inventory; the text says why and what to do."""


@dataclass(frozen=True)
class Fleet:
    """The hosts of an inventory with their variables, in the order of their names; what was left out, and why.

    `refused` says which documents have names that must not become names of hosts, `warnings` what else was left out.
    """

    hosts: Mapping[str, Mapping[str, Any]]
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Server:
    """One Server document, read."""

    unid: str
    name: str  # abbreviated
    host_name: str
    notes_domain: str
    settings: Mapping[str, Any]

    def called(self, naming: str) -> str:
        """Return what the host is called by one of NAMINGS; empty where it has none."""
        return {HOST_NAME: self.host_name.lower(), COMMON_NAME: common_name(self.name), SERVER_NAME: self.name}[naming]


def fleet(
    documents: Iterable[Mapping[str, Any]],
    *,
    naming: Sequence[str] = NAMINGS[:2],
    servers: Sequence[str] = (),
    administration_server: str = "",
    controller: Collection[str] = (),
) -> Fleet:
    """Return the hosts that Server documents describe; raises FleetError.

    `documents` are mappings of `unid`, `items` and `settings`, as directory_documents_info returns them. `servers` are
    patterns (`*/Acme`) of which a server's abbreviated name has to match one. A document without a name, one that lost
    a replication conflict, and documents that are several for one server are left out with a warning; refused are those
    with a name that is no name of another machine than the controller, whose own names are `controller`.
    """
    warnings: list[str] = []
    refused: list[str] = []
    found: dict[str, list[_Server]] = {}
    for document in documents:
        server = _server(document, warnings)
        if server is None or not _is_wanted(server.name, servers):
            continue
        problem = _problem(server, naming, controller)
        if problem:
            refused.append(
                f"The Server document {shown(server.unid)} of {shown(server.name)!r} is left out: {problem}. Correct "
                "the document, and find out who wrote it if this was no mistake."
            )
            continue
        found.setdefault(canonical(server.name).casefold(), []).append(server)
    named: dict[str, list[_Server]] = {}
    for same in found.values():
        if len(same) > 1:
            unids = ", ".join(server.unid for server in same)
            warnings.append(
                f"{same[0].name} has {len(same)} Server documents ({unids}) and is left out. Remove all but one."
            )
            continue
        named.setdefault(_inventory_name(same[0], naming), []).append(same[0])
    twice = [f"{name} ({', '.join(s.name for s in same)})" for name, same in sorted(named.items()) if len(same) > 1]
    if twice:
        raise FleetError(
            f"Several servers have one inventory name: {'; '.join(twice)}. Correct the fully qualified Internet host "
            "names in their Server documents, or set hostnames to [server_name]."
        )
    hosts = {name: _variables(same[0], administration_server) for name, same in sorted(named.items())}
    return Fleet(hosts, tuple(warnings), tuple(refused))


def _server(document: Mapping[str, Any], warnings: list[str]) -> _Server | None:
    items = {name.lower(): content for name, content in document["stored_items"].items()}
    unid = str(document["unid"])
    if items.get("$conflict") is not None:
        warnings.append(f"The Server document {unid} is left out: it lost a replication conflict ($Conflict).")
        return None
    name = _one(items.get("servername"))
    if not name:
        warnings.append(f"The Server document {unid} is left out: it has no ServerName that can be seen.")
        return None
    return _Server(
        unid, abbreviated(name), _one(items.get("smtpfullhostdomain")), _one(items.get("domain")), document["settings"]
    )


def _problem(server: _Server, naming: Sequence[str], controller: Collection[str]) -> str:
    """Return what is wrong with the names in a Server document; empty where nothing is."""
    for item, value in (("ServerName", server.name), ("Domain", server.notes_domain)):
        if not value.isprintable():
            return f"{item} is {shown(value)!r}, which has characters that cannot be printed"
    if server.host_name:
        wrong = host_name_problem(server.host_name, controller)
        if wrong:
            return f"its Internet host name (SMTPFullHostDomain) is {shown(server.host_name)!r}, which {wrong}"
    name = _inventory_name(server, naming)
    wrong = "" if name == server.host_name.lower() else inventory_name_problem(name, controller)
    return f"its name in the inventory would be {shown(name)!r}, which {wrong}" if wrong else ""


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name.casefold(), abbreviated(p).casefold()) for p in patterns)


def _inventory_name(server: _Server, naming: Sequence[str]) -> str:
    return next((name for name in map(server.called, naming) if name), server.name)


def _variables(server: _Server, administration_server: str) -> dict[str, Any]:
    """Return the variables that the roles read (`domino_*`), and what groups are made of."""
    parts = [part.partition("=")[::2] for part in canonical(server.name).split("/")]
    variables: dict[str, Any] = {
        "domino_server_name": server.name,
        "domino_notes_domain": server.notes_domain,
        "domino_organization": next((value for label, value in parts if label == "O"), ""),
        "domino_organizational_units": [value for label, value in parts if label == "OU"],
        "domino_server_settings": dict(server.settings),
    }
    if server.host_name:  # a role that needs it says so where it is missing
        variables["domino_host_name"] = server.host_name
    if administration_server:
        variables["domino_administration_server"] = administration_server
        variables["domino_is_administration_server"] = same_name(server.name, administration_server)
    return variables


def _one(content: Any) -> str:
    values = content if isinstance(content, list) else [content]
    return next((text(value).strip() for value in values if value not in (None, "")), "")
