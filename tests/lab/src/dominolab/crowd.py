# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As many people as a test wants, the same ones each time, with the groups and mail-in databases around them.

All names differ as Notes names; first and last names repeat as they do in a big company. Nobody has a mail file or an
Internet address.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dominolab.contract import ItemValue

_NAMES = yaml.safe_load((Path(__file__).parent / "data" / "crowd.yml").read_text(encoding="utf-8"))
_FIRST, _LAST, _MIDDLE, _UNITS = (_NAMES[part] for part in ("first", "last", "middle", "units"))
_STEP = 1_000_003  # a prime, so that neighbours have nothing in common and nobody comes twice
PEOPLE_AT_MOST = len(_FIRST) * len(_LAST) * len(_MIDDLE) * len(_UNITS)
PEOPLE_PER_GROUP, PEOPLE_PER_DATABASE = 100, 500


def documents(people: int, organization: str, notes_domain: str) -> Iterator[Mapping[str, ItemValue]]:
    """Yield the Person documents, the groups and the mail-in databases. ValueError where there are no such names."""
    if not 0 <= people <= PEOPLE_AT_MOST:
        raise ValueError(f"a crowd has from 0 to {PEOPLE_AT_MOST} people, not {people}")
    for number in range(people):
        yield _person(number, organization, notes_domain)
    for number in range(people // PEOPLE_PER_GROUP):
        yield {"Form": "Group", "ListName": [f"Team {number}"], "Members": []}
    for number in range(people // PEOPLE_PER_DATABASE):
        address = f"desk{number}@example.com"
        yield {"Form": "Database", "FullName": [f"Desk {number}"], "InternetAddress": address}


def _person(number: int, organization: str, notes_domain: str) -> Mapping[str, ItemValue]:
    rest, unit = divmod(number * _STEP % PEOPLE_AT_MOST, len(_UNITS))
    rest, middle = divmod(rest, len(_MIDDLE))
    last, first = divmod(rest, len(_FIRST))
    common = f"{_FIRST[first]} {_MIDDLE[middle]} {_LAST[last]}"
    return {
        "Form": "Person",
        "Type": "Person",
        "FirstName": _FIRST[first],
        "MiddleInitial": _MIDDLE[middle],
        "LastName": _LAST[last],
        "FullName": [f"CN={common}/OU={_UNITS[unit]}/O={organization}", common],
        "ShortName": [f"u{number}"],
        "MailSystem": "1",
        "MailDomain": notes_domain,
        "MailServer": f"CN=Mail90/O={organization}",
    }
