# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many documents page by page, so that none is missed and only a page at a time is held.

A search is carried out anew for each page, so documents that come or go meanwhile move all that follow. Therefore a
page begins with the last document of the page before; where it does not, the pages do not fit together. What a server
returns at most with one answer is not published: a page may be shorter than asked for, and only one that holds
nothing new is the last.

Where a page begins is known when the one before has been read. A server that waits for that is idle while a page is
parsed, so the page after the next is asked for as well, as soon as two pages were of the same length: the third will
be. Where it is not, what was asked for in vain is thrown away.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable, TypeVar

from .errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

Entry = TypeVar("Entry")


class ShiftedError(DirectoryError):
    """Documents came or went while they were read; what was read is not all there is."""


def pages(
    fetch: Callable[[int, int], Sequence[Entry]], identity: Callable[[Entry], str], size: int
) -> Iterator[Sequence[Entry]]:
    """Yield all entries, a page at a time; `fetch` returns up to so many (second) from a position (first) on.

    `size` is 2 at least. The next pages, two at most, are fetched while the caller looks at one. Raises ShiftedError
    where two pages do not fit together.
    """
    with ThreadPoolExecutor(2) as pool:
        asked: dict[int, Future[Sequence[Entry]]] = {}

        def ask(position: int) -> None:
            if position not in asked:
                asked[position] = pool.submit(fetch, position, size)

        position, end, length = 0, "", 0
        ask(position)
        while True:
            page = asked.pop(position).result()
            if end and (not page or identity(page[0]) != end):
                raise ShiftedError("Documents came or went while they were read.")
            found = page[1:] if end else page
            if not found:
                return
            position += len(page) - 1
            if position not in asked:
                asked.clear()
            ask(position)
            if len(page) == length:
                ask(position + length - 1)
            end, length = identity(found[-1]), len(page)
            yield found
