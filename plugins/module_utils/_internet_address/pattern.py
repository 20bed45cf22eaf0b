# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns: from the parts of a name to the local part of an address.

Two notations. The own one names the parts: `{first}.{last}`, `{f}{last}`, `{first:3}` for the first three characters,
`{number}` for a number from 2 up. A pattern without braces is in the notation of Domino's Set Internet Address tool
(14.5): F first name, L last name, M middle initial, T title, G generation, O organisation, other characters stand for
themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .errors import InternetAddressError

if TYPE_CHECKING:
    from .person import Person
    from .transliteration import Ascii, Transliteration

FIELDS = {
    "first": "first name",
    "middle": "middle name",
    "last": "last name",
    "title": "personal title",
    "suffix": "generational qualifier",
    "common": "common name",
    "short": "short name",
    "unit": "organizational unit next to the common name",
    "organization": "organization",
}
_INITIALS = {"f": "first", "m": "middle", "l": "last"}
SHORT_ADDRESS = "short_address"
_DOMINO = {"F": "first", "L": "last", "M": "middle", "T": "title", "G": "suffix", "O": "organization"}
_PIECE = re.compile(r"\{([a-z_]+)(?::([1-9][0-9]?))?\}")
_LITERAL = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)
_RUN = re.compile(r"[._-]{2,}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")
_NOT_IN_SHORT_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
#: Stands where the number comes; no local part can hold it.
NUMBER = "#"
MAX_LOCAL_PART = 64  # octets, RFC 5321 section 4.5.3.1.1
MAX_ADDRESS = 254  # a path of 256 with its angle brackets, RFC 5321 section 4.5.3.1.3
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII)
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{0,62}[A-Za-z0-9]", re.ASCII)


class Piece(NamedTuple):
    """A field of a pattern, with the number of characters wanted (0: all), or a text that stands for itself."""

    field: str
    length: int = 0
    literal: str = ""


@dataclass(frozen=True)
class Pattern:
    """A pattern, read. `text` is as the user wrote it."""

    text: str
    pieces: tuple[Piece, ...]

    @property
    def is_numbered(self) -> bool:
        """Return whether a number makes it different for everybody."""
        return any(piece.field == "number" for piece in self.pieces)

    @property
    def is_address(self) -> bool:
        """Return whether it means a whole address that stands among the short names."""
        return any(piece.field == SHORT_ADDRESS for piece in self.pieces)


class LocalPart(NamedTuple):
    """A local part, or why there is none."""

    text: str
    why: str = ""


def read_pattern(text: str) -> Pattern:
    """Return a pattern in either notation; raise InternetAddressError where it is none."""
    pieces = _braces(text) if "{" in text or "}" in text else _domino(text)
    fields = [piece.field for piece in pieces if piece.field and piece.field != "number"]
    if not fields:
        raise InternetAddressError(
            f"The pattern {text!r} has no part of a name, so all people would share one address."
        )
    if SHORT_ADDRESS in fields and len(pieces) > 1:
        raise InternetAddressError(
            f"The pattern {text!r} is wrong: {{{SHORT_ADDRESS}}} is a whole address. Give it alone."
        )
    if [piece.field for piece in pieces].count("number") > 1:
        raise InternetAddressError(f"The pattern {text!r} has several numbers. Give it one.")
    return Pattern(text, pieces)


def _braces(text: str) -> tuple[Piece, ...]:
    pieces = []
    position = 0
    for found in _PIECE.finditer(text):
        pieces.append(Piece("", literal=text[position : found.start()]))
        name, length = found.group(1), int(found.group(2) or 0)
        if name in _INITIALS and not length:
            pieces.append(Piece(_INITIALS[name], 1))
        elif name == "initials" and not length:
            pieces += [Piece(field, 1) for field in _INITIALS.values()]
        elif name in FIELDS or (name in ("number", SHORT_ADDRESS) and not length):
            pieces.append(Piece(name, length))
        else:
            known = ", ".join([*FIELDS, *_INITIALS, "initials", "number", SHORT_ADDRESS])
            raise InternetAddressError(
                f"The pattern {text!r} is wrong at {found.group()}: known are {known}; a length (as in {{first:3}}) "
                "goes with the names of whole parts."
            )
        position = found.end()
    pieces.append(Piece("", literal=text[position:]))
    for piece in pieces:
        _check_literal(text, piece.literal)
    return tuple(piece for piece in pieces if piece.field or piece.literal)


def _domino(text: str) -> tuple[Piece, ...]:
    for character in text:
        if character.isalpha() and character not in _DOMINO:
            raise InternetAddressError(
                f"The pattern {text!r} is in the notation of Domino's tool, and its letter {character} is not known in "
                "public. Known are F, L, M, T, G and O. Write the pattern with braces, as in {first}.{last}."
            )
    _check_literal(text, text)
    return tuple(Piece(_DOMINO[c]) if c in _DOMINO else Piece("", literal=c) for c in text)


def _check_literal(text: str, literal: str) -> None:
    if not _LITERAL.fullmatch(literal):
        raise InternetAddressError(
            f"The pattern {text!r} is wrong at {literal!r}: outside of braces stand letters, digits, '.', '_' and '-'."
        )


class Parts:
    """The parts of one person's name in ASCII, each found when it is asked for."""

    def __init__(self, person: Person, transliteration: Transliteration, word_separator: str, lower: bool) -> None:
        self._person = person
        self._transliteration = transliteration
        self._separator = word_separator
        self._lower = lower
        self._known: dict[str, Ascii] = {}

    def part(self, field: str) -> Ascii:
        """Return one part, fit for a local part, and the letters that were lost."""
        known = self._known.get(field)
        if known is None:
            known = self._known[field] = self._find(field)
        return known

    def _find(self, field: str) -> Ascii:
        plain = self._transliteration.ascii(self._person.part(field))
        text = plain.text.replace("'", "")
        if field == "short":
            text = _NOT_IN_SHORT_NAMES.sub("", text)
        elif not text.isalnum():
            words = _NOT_IN_NAMES.sub(" ", text.replace(".", "")).split()
            text = self._separator.join(word for word in (word.strip("-") for word in words) if word)
        return plain._replace(text=text.lower() if self._lower else text)


def local_part(pattern: Pattern, parts: Parts) -> LocalPart:
    """Return the local part that a pattern makes of a name, NUMBER where the number goes.

    Where a part is empty its separator goes too. A part with letters that have no ASCII form makes none at all.
    """
    text = ""
    filled = False
    for piece in pattern.pieces:
        if piece.literal:
            text += piece.literal
        elif piece.field == "number":
            text += NUMBER
        else:
            part, lost = parts.part(piece.field)
            if lost:
                return LocalPart("", f"{FIELDS[piece.field]}: no ASCII form is known for {lost}")
            filled = filled or bool(part.strip("._-"))
            text += part[: piece.length] if piece.length else part
    text = _RUN.sub(_one_separator, text).strip("._-")
    if not filled:
        fields = dict.fromkeys(FIELDS[piece.field] for piece in pattern.pieces if piece.field in FIELDS)
        return LocalPart("", f"nothing usable in {' and '.join(fields)}")
    return LocalPart(text)


def _one_separator(run: re.Match[str]) -> str:
    return "." if "." in run.group() else run.group()[0]


def problem(address: str) -> str:
    """Return what is wrong with an address by RFC 5321 and 5322 (no quoting, no UTF-8), or nothing."""
    if not address.isascii():
        return "it is not ASCII"
    local, at, domain = address.rpartition("@")
    if not at or not _DOT_ATOM.fullmatch(local):
        return "its local part is not words of letters, digits and RFC 5322's signs with single dots between them"
    if len(local) > MAX_LOCAL_PART:
        return f"its local part has {len(local)} octets, and RFC 5321 allows {MAX_LOCAL_PART}"
    if len(address) > MAX_ADDRESS:
        return f"it has {len(address)} octets, and RFC 5321 allows {MAX_ADDRESS}"
    return "" if is_domain(domain) else f"{domain!r} is not an Internet domain"


def is_domain(domain: str) -> bool:
    """Tell whether a text can be an Internet domain: labels of letters, digits and hyphens, two at least."""
    return len(domain) < MAX_ADDRESS and _DOMAIN.fullmatch(domain) is not None
