# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TXT records as mail standards use them: joined strings, one record with a version, lists of tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer

SHOWN = 300  # characters of foreign text in a finding
STRING_LENGTH = 255  # RFC 1035 section 3.3.14

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def texts(answer: Answer) -> list[str]:
    """Return the text of each TXT record, its strings joined without blanks; a byte is a character (Latin-1)."""
    return sorted(b"".join(record.strings).decode("latin-1") for record in answer.records)


def visible(text: str) -> str:
    r"""Return foreign text with `\xNN` for everything but printable ASCII, so that a terminal shows what is there."""
    return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def shown(text: str) -> str:
    """Return foreign text so short and plain that it can stand in a sentence."""
    plain = visible(text)
    return plain if len(plain) <= SHOWN else f"{plain[:SHOWN]}... ({len(text)} characters)"


def tags(text: str) -> dict[str, str]:
    """Return the tags of a list as DKIM and DMARC write it (RFC 6376 section 3.2); raises ValueError."""
    parts = [part.strip() for part in text.split(";")]
    if parts and not parts[-1]:
        parts.pop()  # a final semicolon is allowed
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise ValueError(f"{shown(part)!r} is not a tag with its value, such as v=1")
        if name in found:
            raise ValueError(f"the tag {name} stands there twice")
        found[name] = value.strip()
    return found


def record_line(name: str, rdtype: str, value: str, ttl: int = 3600) -> str:
    """Return a record as a line of a zone file; the value of TXT is plain text, and is quoted and split here."""
    if rdtype == "TXT":
        value = " ".join(quoted(value[n : n + STRING_LENGTH]) for n in range(0, len(value), STRING_LENGTH))
    return f"{name}. {ttl} IN {rdtype} {value}"


def quoted(text: str) -> str:
    """Return a string as a zone file has it (RFC 1035 section 5.1)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def starting(records: Sequence[str], pattern: str) -> list[str]:
    """Return the records whose beginning matches."""
    return [text for text in records if re.match(pattern, text)]
