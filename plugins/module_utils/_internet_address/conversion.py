# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Domino puts as sender of outbound Internet mail: a preview, step by step, with the evidence of each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .errors import InternetAddressError
from .pattern import is_domain, problem
from .person import Person, abbreviated, common_name

if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, Sequence

DOCUMENTED, UNCONFIRMED, UNKNOWN = "documented", "unconfirmed", "unknown"
#: Friendly settings of a Global Domain document with their values; the first one is what holds when left out. Help's
#: example of a constructed address (5.6) has these, as far as it shows them.
CHOICES = {
    "internet_address_lookup": ("disabled", "enabled"),
    "local_part_formed_from": ("full_name", "common_name", "short_name"),
    "notes_domains_included": ("one", "none", "all"),
    "notes_domain_position": ("left_of_at", "right_of_at"),
    "address_format": ("address_only", "name_and_address"),
    "default_global_domain": ("disabled", "enabled"),
}
_TEXTS = ("global_domain_name", "primary_internet_domain", "notes_domain_separator")


class Step(NamedTuple):
    """What happened at one step, the statement about Domino behind it, and how sure that is."""

    statement: str
    evidence: str
    text: str


@dataclass(frozen=True)
class Conversion:
    """How Notes addresses become Internet addresses; `suffix` stands right of the @."""

    suffix: str
    lookup: bool = False
    local_part: str = "full_name"
    domains_included: str = "one"
    position: str = "left_of_at"
    separator: str = "%"
    address_format: str = "address_only"
    ignores_message: bool = False  # RouterTranslateSpecial=1 (5.2)
    steps: tuple[Step, ...] = ()  # how it came to be


@dataclass(frozen=True)
class Sender:
    """A sender: what the From header says, the address in it, how it came about, and what is wrong with it."""

    sender: str
    address: str
    steps: tuple[Step, ...]
    problem: str = ""


def read_conversion(
    global_domains: Iterable[Mapping[str, Any]],
    host_name: str = "",
    configuration_lookup: bool = False,
    ignores_message: bool = False,
) -> Conversion:
    """Return how a server converts: by the Global Domain documents (friendly settings) and its host name.

    The default document decides (4.5); a single one needs no mark. Of several without a default the alphabetically last
    one decides, and the suffix is the domain of the host name (4.6). Raises InternetAddressError where a setting is
    none, or no suffix is to be had.
    """
    documents = sorted(map(_settings, global_domains), key=lambda document: document["global_domain_name"].lower())
    defaults = [document for document in documents if document["default_global_domain"] == "enabled"]
    if len(defaults) > 1:
        raise InternetAddressError("Several Global Domains are the default, and only one may be (4.5).")
    decisive = defaults or documents[-1:]
    document = decisive[0] if decisive else _settings({})
    suffix = document["primary_internet_domain"] if defaults or len(documents) == 1 else ""
    steps = []
    if not suffix:
        suffix = host_name.rstrip(".").partition(".")[2]
        steps.append(Step("4.6" if documents else "5.7", DOCUMENTED, f"the suffix is the host name's domain, {suffix}"))
    if not is_domain(suffix):
        raise InternetAddressError(
            "There is no primary Internet domain, nor a host name whose domain could stand for it. Give "
            "primary_internet_domain of the Global Domain, or host_name."
        )
    return Conversion(
        suffix=suffix.lower(),
        lookup=configuration_lookup or document["internet_address_lookup"] == "enabled",
        local_part=document["local_part_formed_from"],
        domains_included=document["notes_domains_included"],
        position=document["notes_domain_position"],
        separator=document["notes_domain_separator"] or "%",
        address_format=document["address_format"],
        ignores_message=ignores_message,
        steps=tuple(steps),
    )


def sender(
    name: str, notes_domain: str, conversion: Conversion, people: Sequence[Person] = (), message_address: str = ""
) -> Sender:
    """Return what Domino would put as sender for a Notes address.

    `message_address` is the Internet address that the message carries (INetFrom), `people` are the Person documents
    that a lookup sees. An Internet address stays as it is.
    """
    if is_internet_address(name):
        return Sender(name, name, (Step("5", DOCUMENTED, "it is an Internet address already"),), problem(name))
    plain, *domains = (part.strip() for part in name.split("@"))
    person = _find(plain, people)
    steps = []
    address = ""
    if message_address and conversion.ignores_message:
        steps.append(Step("5.2", DOCUMENTED, "RouterTranslateSpecial=1: the message's own address is ignored"))
    elif message_address:
        steps.append(Step("5.1", DOCUMENTED, f"the message carries {message_address}, which is used as it is"))
        address = message_address
    if not address:
        address = _looked_up(person, conversion, steps)
    if not address:
        steps += conversion.steps
        address = _constructed(plain, domains or [notes_domain], conversion, person, steps)
    text = address
    if conversion.address_format == "name_and_address":
        text = f'"{_quoted(common_name(plain))}" <{address}>'
        steps.append(Step("5.10", DOCUMENTED, "the address format is name and address"))
        steps.append(Step("5.10", UNCONFIRMED, "the name is the common name"))
    return Sender(text, address, tuple(steps), problem(address))


def is_internet_address(address: str) -> bool:
    """Tell an Internet address from a Notes address: the domain of a Notes address has no dot."""
    local, at, domain = address.rpartition("@")
    return bool(at and local) and "." in domain


def _looked_up(person: Person | None, conversion: Conversion, steps: list[Step]) -> str:
    if not conversion.lookup:
        steps.append(Step("5.4", UNCONFIRMED, "neither document enables the lookup"))
        return ""
    if person is None:
        steps.append(Step("5.5", DOCUMENTED, "the lookup does not find exactly one person"))
        return ""
    if not person.internet_address:
        steps.append(Step("5.5", DOCUMENTED, "the person found has no Internet address"))
        return ""
    steps.append(Step("5.3", DOCUMENTED, f"the lookup finds {person.internet_address}"))
    return person.internet_address


def _constructed(
    name: str, domains: Sequence[str], conversion: Conversion, person: Person | None, steps: list[Step]
) -> str:
    local = abbreviated(name)
    if conversion.local_part == "common_name":
        local = common_name(name)
    elif conversion.local_part == "short_name":
        short = person.short_names[0] if person and person.short_names else ""
        if not short:
            steps.append(Step("5.8", UNKNOWN, "there is no short name; the full name stands for it here"))
        local = short or local
    steps.append(Step("5.8", DOCUMENTED, f"the local part comes from the {conversion.local_part.replace('_', ' ')}"))
    included = {"none": 0, "one": 1, "all": len(domains)}[conversion.domains_included]
    chosen = [domain.replace(" ", "_") for domain in domains[:included]]
    steps.append(Step("5.6", DOCUMENTED, "blanks become _ and @ becomes %"))
    local = local.replace(" ", "_").replace("@", "%")
    if chosen and conversion.position == "right_of_at":
        steps.append(Step("5.9", UNCONFIRMED, "Notes domains stand right of the @, with dots"))
        return f"{local}@{'.'.join([*chosen, conversion.suffix])}"
    if chosen:
        steps.append(Step("5.8", DOCUMENTED, f"Notes domains follow after {conversion.separator}"))
    return f"{conversion.separator.join([local, *chosen])}@{conversion.suffix}"


def _find(name: str, people: Iterable[Person]) -> Person | None:
    """Return the one person that a Notes name finds in ($Users) (6.1), if it is one."""
    wanted = abbreviated(name).lower()
    found = [person for person in people if wanted in _keys(person)]
    return found[0] if len(found) == 1 else None


def _keys(person: Person) -> set[str]:
    names = [*map(abbreviated, person.full_names), *person.names(), person.internet_address]
    return {name.lower() for name in names if name}


def _settings(given: Mapping[str, Any]) -> dict[str, str]:
    """Return all settings of a Global Domain that matter, checked; others of its settings are let pass."""
    settings = {name: str(given.get(name) or "") for name in _TEXTS}
    for name, known in CHOICES.items():
        value = given.get(name)
        settings[name] = known[0] if value is None else str(value)
        if settings[name] not in known:
            raise InternetAddressError(f"{name} is {value!r} and none of {', '.join(known)}.")
    return settings


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
