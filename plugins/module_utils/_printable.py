# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside, made safe for a terminal and a log."""

from __future__ import annotations


def harmless(text: str) -> str:
    """Return text with control characters, and those that change the direction of writing, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable(text: bytes) -> str:
    """Return the bytes that a server sent as harmless text."""
    return harmless(text.decode("utf-8", "backslashreplace"))


def excerpt(text: bytes) -> str:
    """Return the beginning of what a server sent, for a message."""
    return f"`{printable(text[:80])}...`" if len(text) > 80 else f"`{printable(text)}`"
