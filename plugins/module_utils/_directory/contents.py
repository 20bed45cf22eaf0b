# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What free content of a setting may be: ports, host names, Internet domains, and so on. The catalogue's rows name it.

A directory stores whatever it is sent, and a server that reads a port of 99999 or a host name with a line break does
not say so to whoever wrote it. So values are checked before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from .._smtp.names import is_address, is_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOCAL_PART = re.compile(r"[!-?A-~]{1,64}")  # RFC 5321 section 4.5.3.1.1; no blanks, no at sign
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Content:
    """A rule for one value of a setting, and what it allows, for messages: `it must be ...`."""

    allows: Callable[[object], bool]
    allowed: str


def _whole(least: int, most: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and least <= value <= most


def _texts(rule: Callable[[str], bool]) -> Callable[[object], bool]:
    """Return a rule for text; an empty one empties the item, which is allowed."""
    return lambda value: isinstance(value, str) and (not value or rule(value))


def _is_name(text: str) -> bool:
    return is_domain(text) and not text.rpartition(".")[2].isdigit()


def _is_host(text: str) -> bool:
    # Without a percent sign: a zone (fe80::1%eth0) means something on one machine only.
    return _is_name(text) or ("%" not in text and is_address(text))


def _is_target(text: str) -> bool:
    return _is_host(text[1:-1] if text.startswith("[") and text.endswith("]") else text)


def _is_internet_address(text: str) -> bool:
    local, _at, domain = text.rpartition("@")
    return len(text) <= 254 and _LOCAL_PART.fullmatch(local) is not None and _is_name(domain)


CONTENTS: Mapping[str, Content] = MappingProxyType(
    {
        "port": Content(_whole(1, 65535), "a whole number from 1 to 65535"),
        "positive": Content(_whole(1, 2**53), "a whole number, 1 or more"),
        "whole": Content(_whole(0, 2**53), "a whole number, 0 or more"),
        "number": Content(lambda value: isinstance(value, (int, float)), "a number"),
        "host_name": Content(_texts(_is_name), "a host name in ASCII, such as mail01.example.com"),
        "host": Content(_texts(_is_host), "a host name in ASCII or an IP address"),
        "target": Content(_texts(_is_target), "a host name in ASCII, or an IP address with or without square brackets"),
        "internet_domain": Content(_texts(_is_name), "an Internet domain in ASCII, such as example.com"),
        "internet_address": Content(_texts(_is_internet_address), "an Internet address, such as jane.doe@example.com"),
        "character": Content(_texts(lambda text: len(text) == 1 and text.isprintable()), "one character"),
        "line": Content(
            _texts(lambda text: not _CONTROL.search(text)), "text without line breaks and other control characters"
        ),
        "text": Content(
            _texts(lambda text: not _CONTROL_IN_LINES.search(text)),
            "text without control characters other than line breaks and tabs",
        ),
    }
)


def by_type(kind: str) -> str:
    """Return the name of the content that a type of item allows where nothing more is known."""
    return "number" if kind == "number" else "text"
