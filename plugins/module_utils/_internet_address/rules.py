# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user wants: patterns, domains, letters, and what counts as a conflict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import _notes_name
from .errors import InternetAddressError
from .pattern import is_domain, problem, read_pattern
from .person import abbreviated
from .transliteration import BUILTIN, Transliteration

if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

    from .pattern import Pattern
    from .person import Person

DEFAULT_PATTERNS = ("{first}.{last}", "{first}.{m}.{last}", "{first}.{last}{number}")
#: How the listener looks recipients up (6.2-6.4). Which one a server uses is an item that is not known in public.
FULLNAME_ONLY, FULLNAME_THEN_LOCAL_PART, LOCAL_PART_ONLY = ADDRESS_LOOKUPS = (
    "fullname_only",
    "fullname_then_local_part",
    "local_part_only",
)
#: What read_rules takes.
OPTIONS = frozenset(
    (
        "patterns",
        "internet_domain",
        "internet_domains",
        "letter_case",
        "word_separator",
        "transliteration",
        "languages",
        "replacements",
        "reserved",
        "overwrite",
        "address_lookup",
        "global_domains",
    )
)
LETTER_CASES = ("lower", "keep")
WORD_SEPARATORS = ("", ".", "_", "-")
#: RFC 2142, the addresses that certification authorities write to, and what mail systems use themselves.
RESERVED = frozenset(
    (
        "abuse",
        "admin",
        "administrator",
        "daemon",
        "ftp",
        "hostmaster",
        "info",
        "mailer-daemon",
        "marketing",
        "news",
        "no-reply",
        "nobody",
        "noc",
        "noreply",
        "postmaster",
        "root",
        "sales",
        "security",
        "ssladmin",
        "support",
        "sysadmin",
        "usenet",
        "uucp",
        "webmaster",
        "www",
    )
)


@dataclass(frozen=True)
class Choice:
    """The domain, and the languages, of the people that fit; an empty condition fits all."""

    domain: str
    name: str = ""  # */Sales/Acme, in lower case without the star
    mail_server: str = ""  # canonical, lower case
    mail_domain: str = ""  # lower case
    transliteration: Transliteration = field(default_factory=Transliteration)

    def fits(self, person: Person) -> bool:
        """Tell whether this person is meant."""
        if self.mail_domain and person.mail_domain.lower() != self.mail_domain:
            return False
        if self.mail_server and _notes_name.canonical(person.mail_server).lower() != self.mail_server:
            return False
        return not self.name or person.user_name.lower().endswith(self.name)


@dataclass(frozen=True)
class Rules:
    """What addresses shall be like."""

    patterns: tuple[Pattern, ...]
    choices: tuple[Choice, ...]
    lower: bool = True
    word_separator: str = ""
    reserved: frozenset[str] = RESERVED  # local parts and whole addresses, lower case
    overwrite: bool = False
    address_lookup: str = FULLNAME_THEN_LOCAL_PART
    #: alias -> primary domain of the same Global Domain document
    primary_of: Mapping[str, str] = field(default_factory=dict)
    local_domains: frozenset[str] = frozenset()  # empty: not known

    @property
    def transliteration(self) -> str:
        """Return the method and its version, for the record."""
        return self.choices[0].transliteration.name

    def choice(self, person: Person) -> Choice | None:
        """Return the first choice that fits a person."""
        return next((choice for choice in self.choices if choice.fits(person)), None)


#: What has to fit for an entry of internet_domains.
CONDITIONS = ("name", "mail_server", "notes_domain")


def read_rules(options: Mapping[str, Any], *, needs_domain: bool = True) -> Rules:
    """Return the rules that options mean; what is left out, or None, has its default.

    Options: `patterns`, `internet_domain` (of all that fit nothing else), `internet_domains` (list of
    `internet_domain` with `name`, `mail_server`, `notes_domain` as conditions, and `languages`), `letter_case`,
    `word_separator`, `transliteration`, `languages`, `replacements`, `reserved` (more of them), `overwrite`,
    `address_lookup`, `global_domains` (list of `primary_internet_domain`, `internet_domain_aliases`).

    Raises InternetAddressError where they cannot be; without a domain only where it `needs_domain`, which a report does
    not.
    """
    given = {name: value for name, value in options.items() if value is not None}
    patterns = tuple(read_pattern(text) for text in given.get("patterns", DEFAULT_PATTERNS))
    numbered = [pattern.text for pattern in patterns[:-1] if pattern.is_numbered]
    if not patterns or numbered:
        raise InternetAddressError(
            f"The pattern {numbered[0]!r} has a number, so it always finds an address and nothing after it is tried. "
            "Put it last."
            if numbered
            else "There is no pattern. Give one at least, such as {first}.{last}."
        )
    primary_of, local_domains = _global_domains(given.get("global_domains", ()))
    choices = _choices(given, needs_domain=needs_domain)
    foreign = [choice.domain for choice in choices if local_domains and choice.domain.lower() not in local_domains]
    if foreign:
        raise InternetAddressError(
            f"{foreign[0]} is not among the domains of the Global Domains, so its mail would not arrive. Add it there."
        )
    return Rules(
        patterns=patterns,
        choices=choices,
        lower=_one_of(given, "letter_case", LETTER_CASES) == "lower",
        word_separator=_one_of(given, "word_separator", WORD_SEPARATORS),
        reserved=RESERVED | _reserved(given.get("reserved", ())),
        overwrite=bool(given.get("overwrite", False)),
        address_lookup=_one_of(given, "address_lookup", ADDRESS_LOOKUPS, FULLNAME_THEN_LOCAL_PART),
        primary_of=primary_of,
        local_domains=local_domains,
    )


def _choices(given: Mapping[str, Any], *, needs_domain: bool) -> tuple[Choice, ...]:
    method, replacements = given.get("transliteration", BUILTIN), given.get("replacements", {})
    languages = given.get("languages", ())
    entries = list(given.get("internet_domains", ()))
    if "internet_domain" in given:
        entries.append({"internet_domain": given["internet_domain"]})
    if not entries and needs_domain:
        raise InternetAddressError("There is no Internet domain. Give internet_domain, or internet_domains.")
    choices = []
    for entry in entries:
        empty = [option for option in CONDITIONS if entry.get(option) is not None and not str(entry[option]).strip()]
        if empty:
            raise InternetAddressError(
                f"internet_domains: {empty[0]} of {entry.get('internet_domain')!r} is empty, and would fit everybody. "
                "Leave it out, or give a name."
            )
        name = abbreviated(entry.get("name") or "").lower()
        choices.append(
            Choice(
                domain=_domain(entry.get("internet_domain")),
                name="/" + name[2:] if name.startswith("*/") else "/" + name if name else "",
                mail_server=_notes_name.canonical(entry.get("mail_server") or "").lower(),
                mail_domain=(entry.get("notes_domain") or "").lower(),
                transliteration=Transliteration(method, entry.get("languages") or languages, replacements),
            )
        )
    return tuple(choices)


def _global_domains(entries: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], frozenset[str]]:
    """Return primary domain by alias, and all local domains (4.2)."""
    primary_of: dict[str, str] = {}
    local = set()
    for entry in entries:
        primary = _domain(entry.get("primary_internet_domain")).lower()
        aliases = [_domain(alias).lower() for alias in entry.get("internet_domain_aliases") or ()]
        local.update([primary, *aliases])
        primary_of.update((alias, primary) for alias in aliases if alias != primary)
    return primary_of, frozenset(local)


def _domain(domain: Any) -> str:
    if not isinstance(domain, str) or not is_domain(domain):
        raise InternetAddressError(f"{domain!r} is not an Internet domain. Give one without @, such as example.com.")
    return domain


def _reserved(entries: Iterable[Any]) -> frozenset[str]:
    for entry in entries:
        address = entry if "@" in str(entry) else f"{entry}@example.com"
        if not isinstance(entry, str) or problem(address):
            raise InternetAddressError(f"The reserved entry {entry!r} is neither a local part nor an address.")
    return frozenset(entry.lower() for entry in entries)


def _one_of(given: Mapping[str, Any], option: str, known: tuple[str, ...], default: str | None = None) -> str:
    value = given.get(option, known[0] if default is None else default)
    if value not in known:
        raise InternetAddressError(f"{option} is {value!r} and none of {', '.join(map(repr, known))}.")
    return str(value)
