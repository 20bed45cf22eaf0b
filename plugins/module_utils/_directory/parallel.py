# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several requests at a time: a bounded number, results in the order of the work, and a stop at the first error."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable, TypeVar, Union

from .errors import DirectoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

Work = TypeVar("Work")
Result = TypeVar("Result")
#: What came of a piece of work: the result, the error instead of it, or None where it was not begun any more.
Ended = Union[Result, DirectoryError, None]


def each(work: Sequence[Work], do: Callable[[Work], Result], concurrency: int) -> Sequence[Ended[Result]]:
    """Do something for each piece of work, begun in order, at most `concurrency` at a time.

    Return for each what came of it: the result, the DirectoryError, or None where it was not begun, because another
    piece had failed by then. What is under way when one fails is waited for.
    """
    ended: list[Ended[Result]] = [None] * len(work)
    left = iter(range(len(work)))
    lock = threading.Lock()
    failed = threading.Event()

    def begin() -> int | None:
        with lock:
            return None if failed.is_set() else next(left, None)

    def run() -> None:
        number = begin()
        while number is not None:
            try:
                ended[number] = do(work[number])
            except DirectoryError as exc:
                ended[number] = exc
                failed.set()
            except BaseException:
                failed.set()
                raise
            number = begin()

    threads = min(concurrency, len(work))
    if threads < 2:
        run()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(run) for _thread in range(threads)]:
                future.result()
    return ended
