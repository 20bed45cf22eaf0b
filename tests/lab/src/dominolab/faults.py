# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test or a topology switches on: what goes wrong in the REST API, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dominolab import entries

if TYPE_CHECKING:
    from collections.abc import Iterable

#: name -> what happens to a request
KINDS = {
    "slow": "the answer comes `seconds` late",
    "drop": "the connection is closed without an answer, and nothing is done",
    "drop_after": "the request is carried out, and the connection is closed without an answer",
    "error": "the answer is an error with `status` (default 500)",
    "expire_token": "all tokens end before the request is looked at",
    "conflict": "somebody else changes the document just before the write",
}


@dataclass(frozen=True)
class Fault:
    """One fault. `times` counts down with each request that it hits; None means for ever.

    With a `method` it hits requests of that method only; the first `skip` of those that it could hit go by.
    """

    name: str
    times: int | None = None
    seconds: float = 1.0
    status: int = 500
    method: str = ""
    skip: int = 0


class Faults:
    """The faults that are on."""

    def __init__(self, initial: Iterable[Mapping[str, Any]] = ()) -> None:
        self._faults: dict[str, Fault] = {}
        for fault in initial:
            self.set(fault)

    def set(self, fault: Mapping[str, Any]) -> None:
        """Switch a fault on, or off with `times` 0. Raises ValueError for a fault that does not exist."""
        new = entries.read(Fault, fault, "fault")
        if new.name not in KINDS:
            raise ValueError(f"{new.name} is not a fault; there are: {', '.join(KINDS)}")
        if new.times == 0:
            self._faults.pop(new.name, None)
        else:
            self._faults[new.name] = new

    def take(self, name: str, method: str = "") -> Fault | None:
        """Return the fault if it is on and hits a request of this method, and count it."""
        fault = self._faults.get(name)
        if fault is None or fault.method not in ("", method):
            return None
        if fault.skip:
            self._faults[name] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.times == 1:
            del self._faults[name]
        elif fault.times is not None:
            self._faults[name] = replace(fault, times=fault.times - 1)
        return fault

    def active(self) -> list[str]:
        """Return the names of the faults that are on."""
        return sorted(self._faults)
