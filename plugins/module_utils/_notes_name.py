# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes names: canonical (C(CN=Mail01/O=Acme)), abbreviated (C(Mail01/Acme)) and common (C(Mail01)).

Facts: HCL Domino Designer help, NotesName class (components, order, up to four organizational units, flat and Internet
names stay as they are, an abbreviation that would be ambiguous is not made); HCL C API reference, DNCanonicalize (a
name with other components, or that is not hierarchical, is returned as it is) and NSFBuildNamesList (C(*/O=Acme)).
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABELLED = re.compile(r"(CN|OU|O|C)=(.+)", re.IGNORECASE | re.DOTALL)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_MAX_UNITS = 4
# Where many documents are compared, the same names come again and again.
_remembered = lru_cache(maxsize=16384)


@_remembered
def canonical(name: str) -> str:
    """Return the canonical form of an abbreviated name; other names (flat, Internet, canonical) as they are.

    In an abbreviated name the order says what a component is: common name, organizational units, organization, and a
    country where the last of three or more components has two letters. Labels of a canonical name become upper case.
    """
    parts = name.split("/")
    if _is_canonical(parts):
        return "/".join(f"{label}={value}" if label else value for label, value in map(_split, parts))
    if len(parts) < 2 or "@" in name or "=" in name or not all(part.strip() for part in parts):
        return name
    parts = [part.strip() for part in parts]
    country = [f"C={parts.pop()}"] if len(parts) > 2 and _COUNTRY.fullmatch(parts[-1]) else []
    first, units, organization = parts[0], parts[1:-1], parts[-1]
    if len(units) > _MAX_UNITS:
        return name
    common = [first if first == "*" else f"CN={first}"]
    return "/".join(common + [f"OU={unit}" for unit in units] + [f"O={organization}"] + country)


@_remembered
def abbreviated(name: str) -> str:
    """Return the abbreviated form of a canonical name; other names, and names that would be ambiguous, as they are."""
    parts = name.split("/")
    if not _is_canonical(parts):
        return name
    short = "/".join(value for _label, value in map(_split, parts))
    return short if canonical(short) == canonical(name) else name


def common_name(name: str) -> str:
    """Return the common name of a hierarchical name, a flat or Internet name as it is."""
    full = canonical(name)
    parts = full.split("/")
    return _split(parts[0])[1] if len(parts) > 1 and _is_canonical(parts) else name


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are the same name, whatever their form and case."""
    return canonical(one.strip()).casefold() == canonical(other.strip()).casefold()


def _split(part: str) -> tuple[str, str]:
    found = _LABELLED.fullmatch(part)
    return (found.group(1).upper(), found.group(2)) if found else ("", part)


def _is_canonical(parts: list[str]) -> bool:
    """Tell whether the components carry the labels of a Notes name, in a Notes name's order."""
    labels = [_split(part)[0] for part in parts]
    if parts[0] == "*" and len(parts) > 1:
        labels[0] = "CN"
    return re.fullmatch(rf"CN(,OU){{0,{_MAX_UNITS}}}(,O)?(,C)?", ",".join(labels)) is not None
