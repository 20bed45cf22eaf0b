# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for Notes names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

from ..module_utils import _notes_name
from ..plugin_utils._untrusted import untrusted

if TYPE_CHECKING:
    from collections.abc import Callable


def _names(function: Callable[[str], str]) -> Callable[[object], Any]:
    """Return a filter that takes one name or a list of names."""

    def convert(value: object) -> Any:
        if isinstance(value, (list, tuple)):
            return [convert(entry) for entry in value]
        if not isinstance(value, str):
            raise AnsibleFilterError(f"A Notes name is text, not {value!r}.")
        return untrusted(function(value))

    return convert


class FilterModule:
    """Notes names in their three forms."""

    def filters(self) -> dict[str, Callable[[object], Any]]:
        """Return the filters by name."""
        return {
            "domino_canonical_name": _names(_notes_name.canonical),
            "domino_abbreviated_name": _names(_notes_name.abbreviated),
            "domino_common_name": _names(_notes_name.common_name),
        }
