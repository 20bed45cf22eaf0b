# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the directory engine. Their text is for the person who runs the playbook."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._printable import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .document import Document
    from .plan import Outcome, Plan


class DirectoryError(Exception):
    """A document, an item or the directory is in a state that the module cannot work with.

    Its text may repeat what a server sent. Whatever that was, it does nothing to a terminal or a log.
    """

    def __str__(self) -> str:
        return harmless(super().__str__())


class DefinitionError(DirectoryError):
    """A document definition cannot be right, whatever the directory holds."""


class DesignError(DirectoryError):
    """The directory's own design, or the lack of evidence, forbids a write."""


class UnreachableError(DirectoryError):
    """The directory did not answer; of a write it is not known whether it was carried out."""


class RefusedError(DirectoryError):
    """The directory answered, and refused. `status` is the HTTP status, `error_id` the directory's own number."""

    def __init__(self, message: str, status: int = 0, error_id: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_id = error_id


class ConflictError(DirectoryError):
    """Somebody else changed a document after it was read; nothing was written.

    `current` is what it is now, None where it was removed.
    """

    def __init__(self, message: str, current: Document | None) -> None:
        super().__init__(message)
        self.current = current


class IncompleteError(DirectoryError):
    """Not everything was written; `outcomes` are what was, `left` are the plans that were not, or may not have been."""

    def __init__(self, message: str, outcomes: Sequence[Outcome], left: Sequence[Plan] = ()) -> None:
        super().__init__(message)
        self.outcomes = outcomes
        self.left = left


@contextmanager
def nothing_changed(kind: type[Exception] = DirectoryError) -> Iterator[None]:
    """Let every error that comes before the first write say that nothing was changed."""
    try:
        yield
    except kind as exc:
        exc.args = (f"{exc} Nothing was changed.", *exc.args[1:])
        raise
