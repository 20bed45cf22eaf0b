# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol between the engine and the ways in which documents travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .definition import Wanted
    from .design import Design
    from .document import Document
    from .errors import DirectoryError
    from .plan import Change


class DirectoryApi(Protocol):
    """One way to reach a Domino Directory. Every method raises DirectoryError where something is wrong.

    Several threads may call `read`, `update` and `delete` at a time, the other methods are called by one.
    """

    #: what a person should know although nothing failed
    warnings: list[str]

    def find(self, form: str, matches: Sequence[Sequence[Wanted]]) -> Sequence[Document]:
        """Return the documents of a form that may match one of the given identities, all of them where none is given.

        May return more (what compares without accents, say); the engine looks again. One call for all definitions of a
        form. What was written before the call is found.
        """

    def read(self, form: str, unid: str) -> Document | None:
        """Return a document of a form by its UNID, None where it is not there."""

    def design(self, form: str) -> Design:
        """Return the form's design as the server has it; asked once per form, before the first write."""

    def accept(
        self, form: str, written: Sequence[Change], identity: Sequence[Wanted], design: Design | None = None
    ) -> Sequence[Change]:
        """Refuse, before anything is written, what this way cannot carry, or would store as another type.

        `written` are changes to come; `identity` is what a document of this form was looked for by and not found.
        Return the changes with their values as this way stores them.
        """

    def create(self, form_changes: Sequence[tuple[str, Sequence[Change]]]) -> Sequence[Document | DirectoryError]:
        """Make documents, each of a form and with its items; return for each the document or why it was not made.

        Raises DirectoryError where it is not known of any. A document that is returned may lack its revision.
        """

    def update(self, document: Document, changes: Sequence[Change]) -> Document:
        """Write the changes, and nothing else, to the document that was read, and return it as stored.

        Raises ConflictError, with nothing written, where the document is not the one that was read any more.
        """

    def delete(self, document: Document, identity: Wanted) -> None:
        """Remove the document that was read; `identity` is an item that it has.

        Raises ConflictError, with nothing removed, where the document is not the one that was read any more.
        """
