# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine what several roles declare about one host, so that it is planned, written and tested once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils import _notes_name

#: What a role may declare besides its name, and what counts where it declares nothing.
_NOTHING: Mapping[str, Any] = {
    "documents": [],
    "server_tasks": [],
    "load": [],
    "restart_on": {},
    "listens": False,
    "relay_undecided": "auto",
    "resolver": {},
    "partners": {},
    "dns": {},
    "result": {},
}
#: The parts of a definition that several roles may fill together.
_SHARED = ("settings", "items")


class DeclarationError(ValueError):
    """Declarations that cannot be used together; the message names the roles."""


def combine(declarations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one declaration for all roles; raises DeclarationError where two of them contradict each other.

    Definitions of the same document become one, and lists become their union in order. `roles` are the names of the
    roles, and `result` has the static part of each role's result by its name.
    """
    combined: dict[str, Any] = {**deepcopy(dict(_NOTHING)), "roles": []}
    owners: dict[tuple[str, ...], str] = {}
    for declaration in declarations:
        role = str(declaration.get("role") or "")
        unknown = sorted(set(declaration) - {"role", *_NOTHING})
        if unknown or not role:
            raise DeclarationError(f"A declaration has {', '.join(unknown) or 'no role'}.")
        combined["roles"].append(role)
        for document in declaration.get("documents") or ():
            _add_document(combined["documents"], document, role, owners)
        for name in ("server_tasks", "load"):
            combined[name] += [entry for entry in declaration.get(name) or () if entry not in combined[name]]
        combined["restart_on"].update(declaration.get("restart_on") or {})
        for name in ("listens", "relay_undecided", "resolver", "partners", "dns"):
            combined[name] = declaration.get(name) or combined[name]
        combined["result"][role] = dict(declaration.get("result") or {})
    return combined


def _add_document(
    documents: list[dict[str, Any]], document: Mapping[str, Any], role: str, owners: dict[tuple[str, ...], str]
) -> None:
    identity = _identity(document)
    known = next((other for other in documents if _identity(other) == identity), None)
    if known is None:
        known = {**document, **{part: {} for part in _SHARED}}
        documents.append(known)
    for part, content in document.items():
        if part == "match":
            continue
        if part not in _SHARED:
            _agree(known, part, content, role, owners.setdefault((identity, part), role))
            known[part] = content
            continue
        for name, value in (content or {}).items():
            owner = owners.setdefault((identity, part, str(name)), role)
            _agree(known[part], name, value, role, owner)
            known[part][name] = value


def _agree(there: Mapping[str, Any], name: str, value: Any, role: str, owner: str) -> None:
    if name in there and there[name] != value:
        raise DeclarationError(
            f"{owner} sets {name} to {there[name]!r}, and {role} sets it to {value!r} in the same document. Nothing "
            "was changed. Give both the same value."
        )


def _identity(document: Mapping[str, Any]) -> str:
    """Return what identifies the document: its form, and the values that it matches, as names compare."""
    match = {str(name).lower(): _notes_name.canonical(str(value)).lower() for name, value in document["match"].items()}
    return repr((document["form"], sorted(match.items())))


def names_of(tasks: Iterable[str]) -> set[str]:
    """Return the names of the tasks in a list such as ServerTasks, in lower case and without arguments."""
    return {entry.split()[0].lower() for entry in tasks if entry.split()}
