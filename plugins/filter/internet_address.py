# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for Internet addresses: what Domino would put as sender, and addresses for a small list of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..plugin_utils._untrusted import untrusted

if TYPE_CHECKING:
    from collections.abc import Callable

# Ansible loads all files of filters to find one of them, in each task on each host; so what they need is loaded late.


def internet_address(value: Any, **options: Any) -> Any:
    """Return the sender that Domino would put for a Notes address or a person, or for each of a list."""
    from ..plugin_utils import _internet_address_filters

    return untrusted(_internet_address_filters.internet_address(value, **options))


def assign_internet_addresses(value: Any, others: Any = (), **options: Any) -> list[dict[str, str]]:
    """Return who of a list of people is given which address; people who have one are not in it."""
    from ..plugin_utils import _internet_address_filters

    assigned = _internet_address_filters.assign_internet_addresses(value, others, **options)
    return [untrusted(entry) for entry in assigned]


class FilterModule:
    """Internet addresses of people."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "domino_internet_address": internet_address,
            "domino_assign_internet_addresses": assign_internet_addresses,
        }
