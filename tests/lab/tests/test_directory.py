# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replica: Domino's ids and revisions, items without case, replication that converges."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dominolab import crowd
from dominolab.directory import Directory, item, merged, new_unid, timedate

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = Path(":memory:")


def _clock() -> Callable[[], datetime]:
    """Return a clock that moves on by one second each time it is read."""
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    ticks = itertools.count()
    return lambda: start + timedelta(seconds=next(ticks))


def _two() -> tuple[Directory, Directory]:
    clock = _clock()
    return Directory(MEMORY, clock), Directory(MEMORY, clock)


def _content(directory: Directory) -> list[dict[str, Any]]:
    """Return what replicas must agree on; note ids and times of arrival are each replica's own."""
    own = ("noteid", "added")
    notes = [{key: value for key, value in note.items() if key not in own} for note in directory.export()]
    return sorted(notes, key=lambda note: str(note["unid"]))


def test_times_are_written_as_captured_answers_have_them() -> None:
    # fixtures/DominoDocument/doc1.json: lastmodified 13:57:30.19, revision 00000001 004CACFB00258A04,
    # created 13:57:30.18, unid 48CAD0599A85856D 00258A04004CACFA
    modified = datetime(2023, 8, 7, 13, 57, 30, 190000, tzinfo=timezone.utc)
    assert timedate(modified) == "004CACFB00258A04"
    assert new_unid(modified - timedelta(milliseconds=10)).endswith("00258A04004CACFA")


def test_items_compare_without_case_and_keep_their_spelling() -> None:
    items = merged({"MailFile": "a", "Gone": "x"}, {"mailfile": "b", "GONE": None, "New": ["1"]})
    assert items == {"MailFile": "b", "New": ["1"]}
    assert item(items, "NEW") == ["1"]


def test_a_change_makes_the_next_revision() -> None:
    directory = Directory(MEMORY, _clock())
    note = directory.create({"Form": "Server", "A": "1"})
    changed = directory.update(note.unid, {"Form": "Server", "A": "2"})
    assert (note.revision[:8], changed.revision[:8]) == ("00000001", "00000002")
    assert changed.created == note.created
    assert changed.modified > note.modified


def test_two_changes_within_one_tick_are_two_revisions() -> None:
    directory = Directory(MEMORY, lambda: datetime(2026, 1, 1, tzinfo=timezone.utc))
    note = directory.create({"Form": "Server"})
    assert directory.update(note.unid, note.items).sequence_time != note.sequence_time


def test_forms_compare_without_case_and_conflicts_are_no_documents() -> None:
    directory = Directory(MEMORY)
    directory.create({"Form": "Server"})
    directory.create({"Form": "Server", "$Conflict": ""})
    assert len(directory.documents("SERVER")) == 1
    assert len(directory.documents("SERVER", conflicts=True)) == 2


def test_a_missing_document_cannot_be_changed_or_deleted() -> None:
    directory = Directory(MEMORY)
    with pytest.raises(KeyError):
        directory.update("0" * 32, {})
    with pytest.raises(KeyError):
        directory.delete("0" * 32)


def test_a_deletion_replicates_as_a_stub() -> None:
    one, two = _two()
    note = one.create({"Form": "Server"})
    two.merge(one.export())
    one.delete(note.unid)
    assert two.merge(one.export()) == 1
    assert two.documents() == []
    assert one.merge(two.export()) == 0


def test_the_newer_revision_wins_and_the_older_one_changes_nothing() -> None:
    one, two = _two()
    note = one.create({"Form": "Server", "A": "1"})
    two.merge(one.export())
    one.update(note.unid, {"Form": "Server", "A": "2"})
    assert one.merge(two.export()) == 0
    assert two.merge(one.export()) == 1
    assert [document.items["A"] for document in two.documents()] == ["2"]


def test_changes_on_both_sides_are_a_conflict_that_keeps_the_loser() -> None:
    one, two = _two()
    note = one.create({"Form": "Server", "A": "1"})
    two.merge(one.export())
    one.update(note.unid, {"Form": "Server", "A": "one"})
    two.update(note.unid, {"Form": "Server", "A": "two"})
    two.merge(one.export())
    one.merge(two.export())
    assert _content(one) == _content(two)
    assert [document.items["A"] for document in one.documents()] == ["two"]
    conflicts = [found for found in one.notes() if item(found.items, "$Conflict") is not None]
    assert [(conflict.items["A"], conflict.items["$REF"]) for conflict in conflicts] == [("one", note.unid)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["create", "update", "delete", "pull"])), max_size=25))
def test_replicas_converge(steps: list[tuple[bool, str]]) -> None:
    replicas = _two()
    for number, (second, step) in enumerate(steps):
        mine, other = replicas[second], replicas[not second]
        documents = mine.documents()
        if step == "create":
            mine.create({"Form": "Server", "A": str(number)})
        elif step == "pull":
            mine.merge(other.export())
        elif documents and step == "update":
            mine.update(documents[0].unid, {"Form": "Server", "A": str(number)})
        elif documents:
            mine.delete(documents[0].unid)
    one, two = replicas
    for _ in range(2):
        one.merge(two.export())
        two.merge(one.export())
    assert _content(one) == _content(two)


def test_many_documents_are_stored_at_once_or_not_at_all(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "names.nsf")
    first = directory.create({"Form": "Person", "FullName": ["CN=First/O=Acme"]})
    assert directory.create_many(crowd.documents(500, "Acme", "ACME")) == 506
    people = directory.documents("Person")
    assert len(people) == len({person.unid for person in people}) == len({person.noteid for person in people}) == 501
    assert people[0] == first
    assert [note.noteid for note in directory.page("person", 10, 3)] == [note.noteid for note in people[10:13]]
    with pytest.raises(TypeError):
        directory.create_many([{"Form": "Group"}, {"Form": object()}])  # type: ignore[dict-item]
    assert len(directory.documents("Group")) == 5
    directory.copy(tmp_path / "copy.nsf")
    copied = Directory(tmp_path / "copy.nsf")
    assert copied.notes() == directory.notes()
    for opened in (directory, copied):
        opened.close()


def test_a_crowd_is_the_same_each_time_and_nobody_comes_twice() -> None:
    people = [items for items in crowd.documents(30_000, "Acme", "ACME") if items["Form"] == "Person"]
    assert len({str(person["FullName"]) for person in people}) == 30_000
    assert list(crowd.documents(30, "Acme", "ACME")) == people[:30]
    with pytest.raises(ValueError, match="a crowd has from 0"):
        next(crowd.documents(crowd.PEOPLE_AT_MOST + 1, "Acme", "ACME"))
