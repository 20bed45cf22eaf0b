# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in ASCII, the same on every machine.

The built-in table knows Latin, Greek and Cyrillic letters and needs the standard library only; what it does not know is
lost and reported, never guessed. The library anyascii knows nearly all scripts; it is used when asked for by name, and
never because it happens to be installed.

Sources: ICAO Doc 9303 part 3 section 6 (letters in passports: Latin, Cyrillic; de, da, nb, nn, sv, fi; ar, whose alef
anyascii leaves out), ELOT 743 (Greek); uk by resolution 55 of 2010 of its Cabinet of Ministers (the forms inside a
word), bg by the law on transliteration of 2009, sr by the language's own Latin alphabet without its marks.
"""

from __future__ import annotations

import re
import unicodedata
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

from .errors import InternetAddressError

if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping

BUILTIN, ANYASCII = "builtin", "anyascii"
METHODS = (BUILTIN, ANYASCII)
#: Grows when the built-in table changes; a plan names it, so that two runs can be compared.
TABLE_VERSION = 1

_PASSPORT = {"å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe"}
LANGUAGES = {
    "ar": {"ا": "a"},
    "bg": {"щ": "sht", "ъ": "a", "ь": "y", "ю": "yu", "я": "ya", "й": "y", "х": "h"},
    "da": {letter: _PASSPORT[letter] for letter in "æøå"},
    "de": {letter: _PASSPORT[letter] for letter in "äöü"},
    "fi": {letter: _PASSPORT[letter] for letter in "åäö"},
    "nb": {letter: _PASSPORT[letter] for letter in "æøå"},
    "nn": {letter: _PASSPORT[letter] for letter in "æøå"},
    "sr": {"ж": "z", "х": "h", "ц": "c", "ч": "c", "ш": "s", "ђ": "dj"},
    "sv": {letter: _PASSPORT[letter] for letter in "åäö"},
    "uk": {"г": "h", "и": "y"},
}

_SINGLE = {
    "øđðłħıŋŧəɛɔɓɗƙƴ": "oddlhinteeobdky",
    "αβγδεζηικλμνξοπρσςτυφω": "avgdeziiklmnxoprsstyfo",
    "абвгґдезиіклмнопрстуфыэјћђ": "abvggdeziiklmnoprstufyejcd",
}
_LONGER = {
    "ßæœþ": "ss ae oe th",
    "θχψ": "th ch ps",
    "жхцчшщъюя": "zh kh ts ch sh shch ie iu ia",
    "єљњџѕ": "ie lj nj dz dz",
}
_TABLE = {"ь": ""}
for _letters, _texts in _SINGLE.items():
    _TABLE.update(zip(_letters, _texts))
for _letters, _texts in _LONGER.items():
    _TABLE.update(zip(_letters, _texts.split()))
#: Greek letters that sound together (ELOT 743); an accent on the first, or a diaeresis, keeps them apart.
_GREEK_PAIRS = tuple(
    (re.compile(pair, re.IGNORECASE), sound)
    for pair, sound in (
        ("(?<=ο)[υύ]", "u"),
        ("(?<=[αεη])[υύ](?=[αάεέηήιίοόυύωώβγδζλμνρ])", "v"),
        ("(?<=[αεη])[υύ]", "f"),
        ("γ(?=[γξχ])", "n"),
        (r"\bμπ", "b"),
    )
)
_APOSTROPHES = "\u02b9\u02bb\u02bc\u02be\u02bf\u2018\u2019\u201b\u2032\u05f3\u00b4\u00b7\ua78c"
_LOST = "\ufffd"
_MARKS = frozenset(("Mn", "Me"))
_SIGNS = frozenset(("Cc", "Cf", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"))


class Ascii(NamedTuple):
    """A text in ASCII, and the letters of it that have no ASCII form."""

    text: str
    lost: str = ""


class Transliteration:
    """One way to write names in ASCII: a method, and what languages and the user say first."""

    def __init__(
        self, method: str = BUILTIN, languages: Iterable[str] = (), replacements: Mapping[str, str] | None = None
    ) -> None:
        """Take the first language that knows a letter; `replacements` go before all languages.

        Raises InternetAddressError for an unknown method or language, a replacement that is none, and where anyascii
        is asked for and not installed.
        """
        letter, self.name = _method(method)
        first: dict[str, str] = {}
        for language in reversed(list(languages)):
            if language not in LANGUAGES:
                raise InternetAddressError(f"The language {language} is none of {', '.join(sorted(LANGUAGES))}.")
            first.update(LANGUAGES[language])
        first.update(_checked(replacements or {}))
        self._pairs = method == BUILTIN
        self._table = _Table(letter, _both_cases(first))

    def ascii(self, text: str) -> Ascii:
        """Return a text in ASCII, in its case; blanks, hyphens and apostrophes stay, other signs become blanks."""
        if text.isascii():
            return Ascii(text)
        whole = unicodedata.normalize("NFC", text)
        if self._pairs:
            for pair, sound in _GREEK_PAIRS if _is_greek(whole) else ():
                whole = pair.sub(sound, whole)
        result = whole.translate(self._table)
        if _LOST not in result:
            return Ascii(result)
        lost = "".join(dict.fromkeys(letter for letter in whole if self._table[ord(letter)] == _LOST))
        return Ascii(result.replace(_LOST, ""), lost)


class _Table(dict):  # type: ignore[type-arg]  # Python 3.8 has no dict[int, str] to inherit from
    """What each character becomes; found once, remembered."""

    def __init__(self, letter: Callable[[str], str], first: Mapping[str, str]) -> None:
        super().__init__({ord(character): text for character, text in first.items()})
        self._letter = letter

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isascii():
            text = character
        else:
            text = _sign(character) if _is_sign(character) else self._letter(character)
        self[code] = text
        return text


def _method(method: str) -> tuple[Callable[[str], str], str]:
    if method == BUILTIN:
        return _builtin, f"{BUILTIN} {TABLE_VERSION}"
    if method != ANYASCII:
        raise InternetAddressError(f"The transliteration {method} is none of {', '.join(METHODS)}.")
    try:
        import anyascii  # type: ignore[import-not-found, unused-ignore]  # optional, asked for by name
    except ImportError as exc:
        raise InternetAddressError(
            "The transliteration anyascii was asked for, and the Python library anyascii is not installed where this "
            "runs. Install it there (pip install anyascii), or ask for builtin. Nothing was changed."
        ) from exc

    def letter_of_library(letter: str) -> str:
        text: str = anyascii.anyascii(letter)
        return text if text or unicodedata.category(letter) in _MARKS else _LOST

    return letter_of_library, f"{ANYASCII} {metadata.version('anyascii')}"


def _builtin(letter: str) -> str:
    """Return the ASCII form of a letter or digit, or the sign that it has none."""
    if letter.isascii():
        return letter
    lower = letter.lower()
    if lower in _TABLE:
        text = _TABLE[lower]
        return text if letter == lower else text.capitalize()
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    if unicodedata.category(letter) in _MARKS:
        return ""
    parts = unicodedata.normalize("NFKD", letter)
    text = "".join(map(_builtin, parts)) if parts != letter else _LOST
    return _LOST if _LOST in text else text


def _is_sign(character: str) -> bool:
    """Tell what is neither letter nor digit; a character that this Python does not know yet counts as a letter."""
    return character in _APOSTROPHES or unicodedata.category(character) in _SIGNS


def _sign(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    return {"Cf": "", "Pd": "-"}.get(unicodedata.category(character), " ")


def _is_greek(text: str) -> bool:
    return any("\u0370" <= character <= "\u03ff" for character in text)


def _checked(replacements: Mapping[str, str]) -> dict[str, str]:
    checked = {}
    for letter, text in replacements.items():
        whole = unicodedata.normalize("NFC", str(letter))
        if len(whole) != 1 or not re.fullmatch(r"[A-Za-z0-9-]*", str(text), re.ASCII):
            raise InternetAddressError(
                f"The replacement {letter!r}: {text!r} is none. Give one letter, and for it letters, digits "
                "or hyphens of ASCII."
            )
        checked[whole] = str(text)
    return checked


def _both_cases(letters: Mapping[str, str]) -> dict[str, str]:
    upper = {letter.upper(): text.capitalize() for letter, text in letters.items() if len(letter.upper()) == 1}
    return {**upper, **letters}
