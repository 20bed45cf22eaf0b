# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages: everything once, however short a server makes them; what moves meanwhile is noticed."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory.paging import ShiftedError, pages

ENTRIES = st.lists(st.integers(0, 10**6), unique=True, max_size=40)


@settings(deadline=None)
@given(ENTRIES, st.integers(2, 12), st.integers(2, 50))
def test_everything_is_read_once_and_in_order(entries: list[int], size: int, at_most: int) -> None:
    """A server that gives fewer than asked for (`at_most`) hides nothing."""

    def fetch(start: int, count: int) -> list[int]:
        assert count == size
        return entries[start : start + min(count, at_most)]

    assert [entry for page in pages(fetch, str, size) for entry in page] == entries


@settings(deadline=None)
@given(ENTRIES, st.integers(2, 12), st.lists(st.none() | st.integers(0, 39)))
def test_what_went_meanwhile_is_noticed_or_had_been_read(
    entries: list[int], size: int, losses: list[int | None]
) -> None:
    there, lost = list(entries), iter(losses)
    read: list[int] = []
    gone: set[int] = set()

    def fetch(start: int, count: int) -> list[int]:
        position = next(lost, None)
        if there and position is not None:
            gone.add(there.pop(position % len(there)))
        return there[start : start + count]

    try:
        for page in pages(fetch, str, size):
            read += page
    except ShiftedError:
        assert gone
    else:
        assert len(set(read)) == len(read)
        assert set(read) >= set(entries) - gone


def test_a_server_has_two_pages_to_make_while_one_is_looked_at() -> None:
    """The second is asked for before the first is there: each waits until both have been asked for."""
    both = threading.Barrier(2, timeout=60)

    def fetch(start: int, count: int) -> list[int]:
        if start in (198, 297):
            both.wait()
        return list(range(1000))[start : start + count]

    assert [entry for page in pages(fetch, str, 100) for entry in page] == list(range(1000))


@pytest.mark.parametrize(
    ("there", "at_most", "starts"),
    [
        pytest.param(3, 100, [0, 2], id="one page: nothing is asked for in vain"),
        pytest.param(12, 10, [0, 9, 11], id="two pages"),
        pytest.param(40, 10, [0, 9, 18, 27, 36, 39, 45], id="where pages end is found out once"),
        pytest.param(13, 5, [0, 4, 8, 12, 16], id="a server that gives less than asked for"),
    ],
)
def test_pages_that_are_asked_for(there: int, at_most: int, starts: list[int]) -> None:
    asked: list[int] = []

    def fetch(start: int, count: int) -> list[int]:
        asked.append(start)
        return list(range(there))[start : start + min(at_most, count)]

    assert [entry for page in pages(fetch, str, 10) for entry in page] == list(range(there))
    assert sorted(asked) == starts


def test_an_error_of_the_next_page_comes_out() -> None:
    def fetch(start: int, count: int) -> list[int]:
        if start:
            raise OSError("no answer")
        return list(range(count))

    read = pages(fetch, str, 3)
    assert next(read) == [0, 1, 2]
    with pytest.raises(OSError, match="no answer"):
        next(read)
