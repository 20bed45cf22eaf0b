# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading many documents page by page, so that none is missed and only a page at a time is held.

A search is carried out anew for each page, so documents that come or go meanwhile move all that follow. Therefore a
page begins with the last document of the page before; where it does not, the pages do not fit together. What a server
returns at most with one answer is not published: a page may be shorter than asked for, and only one that holds
nothing new is the last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable, TypeVar

from .errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Entry = TypeVar("Entry")


class ShiftedError(DirectoryError):
    """Documents came or went while they were read; what was read is not all there is."""


def pages(
    fetch: Callable[[int, int], Sequence[Entry]], identity: Callable[[Entry], str], size: int
) -> Iterator[Sequence[Entry]]:
    """Yield all entries, a page at a time; `fetch` returns up to so many (second) from a position (first) on.

    `size` is 2 at least. The next page is fetched while the caller looks at one. Raises ShiftedError where two pages do
    not fit together.
    """
    with ThreadPoolExecutor(1) as pool:
        page, fresh, last = fetch(0, size), 0, -1  # position of the last entry that was read
        while page:
            found = page[1:] if fresh else page
            if not found:
                return
            last, fresh = last + len(found), len(found)
            end = identity(found[-1])
            ahead = pool.submit(fetch, last, size)
            yield found
            page = ahead.result()
            if not page or identity(page[0]) != end:
                raise ShiftedError("Documents came or went while they were read.")
