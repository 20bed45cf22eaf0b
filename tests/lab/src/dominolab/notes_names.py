# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes names, as far as mail needs them: `CN=Jane Doe/O=Acme`, `Jane Doe/Acme`, `Jane Doe`."""

from __future__ import annotations

import re

_LABEL = re.compile(r"^(CN|OU|O|C)=", re.IGNORECASE)


def abbreviated(name: str) -> str:
    """Return a name without its labels: `Jane Doe/Acme` of `CN=Jane Doe/O=Acme`."""
    return "/".join(_LABEL.sub("", part.strip()) for part in name.split("/"))


def common_name(name: str) -> str:
    """Return the first part of a name: `Jane Doe` of `CN=Jane Doe/O=Acme`."""
    return abbreviated(name).partition("/")[0]


def same(one: str, other: str) -> bool:
    """Say whether two spellings mean one name; letter case does not count."""
    return abbreviated(one).lower() == abbreviated(other).lower()


def notes_domains(name: str) -> tuple[str, tuple[str, ...]]:
    """Split a Notes address into name and Notes domains: `Jane Doe/Acme@ACME` -> (`Jane Doe/Acme`, (`ACME`,))."""
    first, *domains = name.split("@")
    return first.strip(), tuple(domain.strip() for domain in domains)


def is_internet_address(address: str) -> bool:
    """Tell an Internet address from a Notes address: only the domain of an Internet address has a dot."""
    local_part, at, domain = address.rpartition("@")
    return bool(at and local_part) and "." in domain
