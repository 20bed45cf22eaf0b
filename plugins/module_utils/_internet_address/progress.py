# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long run is: a line every few seconds, for people who wait."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Callable


class Progress:
    """Counts what is done and says it, at most every so many seconds. Several threads may count."""

    def __init__(
        self, say: Callable[[str], object], seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what says a line; with 0 `seconds` nothing is said."""
        self._say = say
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._what = ""
        self._begin("", None)
        self._next = clock() + seconds

    def begin(self, what: str, total: int | None = None) -> None:
        """Begin something new: what is counted, and how many of it there are, where that is known."""
        with self._lock:
            self._begin(what, total)

    def _begin(self, what: str, total: int | None) -> None:
        self._what, self._total, self._done, self._since = what, total, 0, self._clock()

    def count(self, number: int = 1) -> None:
        """Take note that so many more are done."""
        with self._lock:
            self._done += number
            now = self._clock()
            if self._seconds and now >= self._next:
                self._next = now + self._seconds
                self._say(self._line(now))

    def note(self, text: str) -> None:
        """Say something at once."""
        if self._seconds:
            self._say(text)

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._since, 0.001)
        of = f" of {self._total:,}" if self._total is not None else ""
        line = f"{self._what}: {self._done:,}{of}, {rate:,.0f} a second"
        if self._total is None or not self._done:
            return line
        return f"{line}, about {_duration((self._total - self._done) / rate)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
