# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a figure is: a subject and its peer, measured in turn, and the ratio that is wanted of them."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AT_MOST, AT_LEAST = "at most", "at least"


@dataclass(frozen=True)
class Sample:
    """One measurement. `processor` is the time of all processors that it took, 0 where nobody looked."""

    seconds: float
    processor: float = 0.0
    megabytes: float = 0.0


@dataclass(frozen=True)
class Figure:
    """A ratio for each round, and how large it may be."""

    name: str
    subject: str
    peer: str
    unit: str
    subjects: tuple[float, ...]
    peers: tuple[float, ...]
    limit: float | None = None
    sense: str = AT_MOST
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Return the ratio of each round: what else the machine did in that round, it did to both."""
        return tuple(ours / theirs for ours, theirs in zip(self.subjects, self.peers, strict=True))

    @property
    def ratio(self) -> float:
        """Return the median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def is_as_wanted(self) -> bool | None:
        """Say whether the ratio is as wanted; None where nothing is."""
        if self.limit is None:
            return None
        return self.ratio <= self.limit if self.sense == AT_MOST else self.ratio >= self.limit

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "name": self.name,
            "subject": self.subject,
            "peer": self.peer,
            "unit": self.unit,
            "subjects": list(self.subjects),
            "peers": list(self.peers),
            "subject_median": statistics.median(self.subjects),
            "peer_median": statistics.median(self.peers),
            "ratio": self.ratio,
            "ratio_lowest": min(self.ratios),
            "ratio_highest": max(self.ratios),
            "limit": self.limit,
            "sense": self.sense,
            "as_wanted": self.is_as_wanted,
            "note": self.note,
            **self.more,
        }


def in_turn(rounds: int, *works: Callable[[], Sample]) -> list[list[Sample]]:
    """Do each work once a round; return the samples of each work."""
    samples: list[list[Sample]] = [[] for _work in works]
    for _round in range(rounds):
        for kept, work in zip(samples, works, strict=True):
            kept.append(work())
    return samples


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return how values grow with sizes: 1 is in proportion (the slope of the logarithms, by least squares)."""
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    return statistics.linear_regression(xs, ys).slope


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> tuple[int, Sample]:
    """Run a program to its end; processor time is that of its whole tree, memory that of its largest process."""
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, Sample(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
