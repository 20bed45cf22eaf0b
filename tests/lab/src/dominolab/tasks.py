# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server tasks that a lab server can load."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from dominolab.contract import Server, ServerTask

#: tasks that the lab imitates: name -> module and class
IMITATED = {
    "router": ("dominolab.router", "RouterTask"),
    "smtp": ("dominolab.listener", "SMTPTask"),
}
#: tasks that exist in Domino and do nothing here
IDLE = frozenset(
    (
        "adminp",
        "amgr",
        "calconn",
        "catalog",
        "certmgr",
        "collect",
        "event",
        "http",
        "imap",
        "keymgmt",
        "ldap",
        "nomad",
        "pop3",
        "replica",
        "runjava",
        "sched",
        "statlog",
        "stats",
        "update",
    )
)


class IdleTask:
    """A task that runs and does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name.lower()
        self._title = name

    async def start(self, server: Server, arguments: str = "") -> None:
        """Start."""

    async def stop(self) -> None:
        """Stop."""

    async def tell(self, command: str) -> bool:
        """Know no command."""
        return False

    def show(self) -> Sequence[str]:
        """Return the task's line of `Show Tasks`."""
        return [f"{self._title:<20} Idle"]


def create(name: str) -> ServerTask | None:
    """Return a new task by its name (compared without case), None where there is no such program."""
    lowered = name.lower()
    if lowered in IMITATED:
        module, factory = IMITATED[lowered]
        return cast("ServerTask", getattr(importlib.import_module(module), factory)())
    return IdleTask(name) if lowered in IDLE else None
