# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for Internet addresses: what Domino would put as sender, and addresses for a small list of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._internet_address import assign, conversion, person, rules
from ..module_utils._internet_address.errors import InternetAddressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CONVERSION_OPTIONS = frozenset(
    (
        "global_domains",
        "host_name",
        "notes_domain",
        "people",
        "message_address",
        "configuration_lookup",
        "router_translate_special",
        "explain",
    )
)


def internet_address(value: Any, **options: Any) -> Any:
    """Return the sender that Domino would put for a Notes address or a person, or for each of a list."""
    unknown = sorted(set(options) - _CONVERSION_OPTIONS)
    if unknown:
        raise AnsibleFilterError(f"domino_internet_address has no option {', '.join(unknown)}.")
    try:
        how = conversion.read_conversion(
            _mappings(options.get("global_domains") or [], "global_domains"),
            host_name=options.get("host_name") or "",
            configuration_lookup=_switch(options, "configuration_lookup"),
            ignores_message=_switch(options, "router_translate_special"),
        )
        people = _people(options.get("people") or [])
        entries = value if isinstance(value, (list, tuple)) else [value]
        senders = [_sender(entry, how, people, options) for entry in entries]
        explain = _switch(options, "explain")
    except InternetAddressError as exc:
        raise AnsibleFilterError(str(exc)) from exc
    results = [_explained(sender) if explain else sender.sender for sender in senders]
    return results if isinstance(value, (list, tuple)) else results[0]


def assign_internet_addresses(value: Any, others: Any = (), **options: Any) -> list[dict[str, str]]:
    """Return who of a list of people is given which address; people who have one are not in it."""
    unknown = sorted(set(options) - rules.OPTIONS)
    if unknown:
        raise AnsibleFilterError(f"domino_assign_internet_addresses has no option {', '.join(unknown)}.")
    try:
        wanted = rules.read_rules({**options, "overwrite": _switch(options, "overwrite")})
        plan = assign.plan(_people(value), _others(others), wanted)
    except InternetAddressError as exc:
        raise AnsibleFilterError(str(exc)) from exc
    if plan.unassignable:
        raise AnsibleFilterError(
            "No address could be made for "
            + "; ".join(f"{entry.person.user_name} ({', '.join(entry.reasons)})" for entry in plan.unassignable)
            + ". Give these people an internet_address, or another pattern."
        )
    return [{"user_name": entry.person.user_name, "internet_address": entry.address} for entry in plan.assignments]


def _sender(
    entry: Any, how: conversion.Conversion, people: list[person.Person], options: Mapping[str, Any]
) -> conversion.Sender:
    message_address = options.get("message_address") or ""
    if isinstance(entry, str):
        if not entry.strip():
            raise AnsibleFilterError("A Notes name is empty.")
        return conversion.sender(entry, options.get("notes_domain") or "", how, people, message_address)
    (known,) = _people([entry])
    return conversion.sender(
        known.full_names[0], known.mail_domain or options.get("notes_domain") or "", how, [known], message_address
    )


def _switch(options: Mapping[str, Any], name: str) -> bool:
    """Return a switch, which a template may give as text."""
    try:
        return bool(boolean(options.get(name) or False))
    except TypeError as exc:
        raise AnsibleFilterError(f"{name} is {options[name]!r} and neither true nor false.") from exc


def _explained(sender: conversion.Sender) -> dict[str, Any]:
    return {
        "sender": sender.sender,
        "address": sender.address,
        "problem": sender.problem,
        "steps": [step._asdict() for step in sender.steps],
    }


def _people(value: Any) -> list[person.Person]:
    people = [person.person_of_settings(entry) for entry in _mappings(value, "people")]
    if not all(entry.full_names for entry in people):
        raise AnsibleFilterError("A person has no user_name. Give one, such as Jane Doe/Acme.")
    return people


def _others(value: Any) -> list[person.Other]:
    return [
        person.other_of_settings(f"other {number}", entry) for number, entry in enumerate(_mappings(value, "others"))
    ]


def _mappings(value: Any, what: str) -> Iterable[Mapping[str, Any]]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(entry, dict) for entry in entries):
        raise AnsibleFilterError(f"{what} has to be a dictionary, or a list of them.")
    return entries
