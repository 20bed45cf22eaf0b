# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of one-touch setup as text: JSON in UTF-8 without byte order mark (HCL help, inst_onetouch_preparing_json).

What is not ours in it comes back as it was: the order of keys, numbers, the file's own indentation and line ends. Where
lists and objects break into lines is not kept, once something else in the file changes.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._directory.offline import is_secret

if TYPE_CHECKING:
    from typing import Callable, Collection

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_INDENT = re.compile(r"\s*\{[ \t]*\r?\n([ \t]+)\"")
_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonFileError(Exception):
    """A file that is no JSON as one-touch setup takes it; the message is for the user."""


@dataclass(frozen=True)
class JsonFile:
    """The object that the file holds, and how it is written."""

    data: dict[str, Any] = field(default_factory=dict)
    indent: str = "  "
    line_end: str = "\n"
    final: str = "\n"

    @classmethod
    def parse(cls, content: bytes, where: str) -> JsonFile:
        """Return what a file holds; raises JsonFileError, with `where` as its name."""
        if content.startswith(_BYTE_ORDER_MARKS):
            raise JsonFileError(
                f"{where}: the file begins with a byte order mark, and one-touch setup takes UTF-8 without one. "
                "Nothing was changed. Save it without the mark, then run again."
            )
        try:
            text = content.decode("utf-8")
            data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float)
        except (ValueError, RecursionError) as exc:
            raise JsonFileError(
                f"{where}: the file is no JSON in UTF-8 ({exc}). Nothing was changed. Correct it, then run again."
            ) from None
        if not isinstance(data, dict):
            raise JsonFileError(f"{where}: the file holds no JSON object. Nothing was changed.")
        indent = _INDENT.match(text)
        line_end = "\r\n" if "\r\n" in text else "\n"
        return cls(data, indent.group(1) if indent else "  ", line_end, line_end if text.endswith("\n") else "")

    def render(self, data: dict[str, Any]) -> bytes:
        """Return the content of a file with other data, written in the way of this one."""
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=self.indent) + self.final.strip("\r")
        # Half a character, which JSON can spell and UTF-8 cannot.
        text = _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
        return text.replace("\n", self.line_end).encode("utf-8")


def masked(data: Any, other: Any, names: Collection[str] = ()) -> Any:
    """Return JSON without its secrets; one that does not stand in the `other` JSON is a new secret."""
    known = {text for text, _secret in _texts(other, names)}

    def mask(text: str, secret: bool) -> str:
        if not (text and secret):
            return text
        return "(secret)" if text in known else "(new secret)"

    return _mapped(data, names, mask)


def secrets_of(data: Any, names: Collection[str] = ()) -> set[str]:
    """Return the texts of JSON under a key that says so (certifierPassword, HTTPPassword), or is one of `names`."""
    return {text for text, secret in _texts(data, names) if secret and text}


def _texts(data: Any, names: Collection[str]) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []

    def note(text: str, secret: bool) -> str:
        found.append((text, secret))
        return text

    _mapped(data, names, note)
    return found


def _mapped(data: Any, names: Collection[str], change: Callable[[str, bool], str], secret: bool = False) -> Any:
    """Return JSON with every text changed; `change` is told whether the text is a secret."""
    if isinstance(data, dict):
        # An item with flags has its content under `value`; what else stands in an object has a key of its own.
        return {
            key: _mapped(value, names, change, is_secret(key, names) or (secret and key == "value"))
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_mapped(value, names, change, secret) for value in data]
    return change(data, secret) if isinstance(data, str) else data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'the key "{twice}" stands twice in one object')
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _no_number(text)
    return number
