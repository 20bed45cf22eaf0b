# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Domino Directory replica of one server: typed items in SQLite, UNIDs, revisions, deletion stubs.

Documents are stored as Domino knows them: an item is a text or a number, or a list of either, and its name compares
without case. UNID and revision are made of Domino's time stamps (TIMEDATE: hundredths of a second since midnight and
the Julian day, both in hexadecimal), as in the captured answers of the REST API.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from dominolab.contract import Document, ItemValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

_JULIAN_DAY_OF_ORDINAL_ZERO = 1721425  # Julian day number minus the proleptic Gregorian ordinal
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
  unid TEXT PRIMARY KEY, noteid INTEGER UNIQUE NOT NULL, form TEXT NOT NULL, items TEXT NOT NULL,
  sequence INTEGER NOT NULL, sequence_time TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL,
  added TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, revisions TEXT NOT NULL DEFAULT '[]'
)
"""

_INSERT = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def timedate(moment: datetime) -> str:
    """Return a moment as Domino's TIMEDATE: ticks of 1/100 s (8 digits), then the Julian day (8 digits)."""
    moment = moment.astimezone(timezone.utc)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = (moment - midnight) // timedelta(milliseconds=10)
    return f"{ticks:08X}{moment.toordinal() + _JULIAN_DAY_OF_ORDINAL_ZERO:08X}"


def new_unid(moment: datetime) -> str:
    """Return a universal id: 16 random digits, then the moment of creation, day first."""
    stamp = timedate(moment)
    return secrets.token_hex(8).upper() + stamp[8:] + stamp[:8]


def item(items: Mapping[str, ItemValue], name: str) -> ItemValue | None:
    """Return an item's value, its name compared without case; None where there is no such item."""
    wanted = name.lower()
    return next((value for found, value in items.items() if found.lower() == wanted), None)


def merged(items: Mapping[str, ItemValue], changes: Mapping[str, ItemValue | None]) -> dict[str, ItemValue]:
    """Return items with changes applied: the stored spelling of a name stays, None removes the item."""
    result = dict(items)
    spelling = {name.lower(): name for name in items}
    for name, value in changes.items():
        stored = spelling.get(name.lower(), name)
        if value is None:
            result.pop(stored, None)
        else:
            result[stored] = value
    return result


@dataclass(frozen=True)
class Note(Document):
    """A document with what Domino keeps beside the items. Times are ISO 8601 in UTC, to 1/100 s."""

    noteid: int = 0
    sequence: int = 1
    sequence_time: str = ""
    created: str = ""
    modified: str = ""
    added: str = ""
    deleted: bool = False
    #: sequence times of all revisions before this one, oldest first (Domino's $Revisions)
    revisions: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """The revision as the REST API shows it: sequence number and sequence time, 24 digits."""
        return f"{self.sequence:08X}{self.sequence_time}"


class Directory:
    """One replica. All calls are short and synchronous; one process owns the file."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._clock = clock
        self._db = sqlite3.connect(path)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA synchronous = OFF")  # a lab does not outlive a power cut
        self._db.execute(_SCHEMA)
        self._db.execute("CREATE INDEX IF NOT EXISTS by_form ON notes (form COLLATE NOCASE, noteid) WHERE deleted = 0")
        self._db.commit()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def copy(self, path: Path) -> None:
        """Write the whole replica into another file."""
        with contextlib.closing(sqlite3.connect(path)) as target:
            self._db.backup(target)

    def documents(self, form: str | None = None, *, conflicts: bool = False) -> Sequence[Note]:
        """Return the documents of a form (compared without case), or all, oldest first.

        No stubs; replication conflicts only where asked for.
        """
        rows = self._db.execute(
            "SELECT * FROM notes WHERE deleted = 0 AND (:form IS NULL OR form = :form COLLATE NOCASE) ORDER BY noteid",
            {"form": form},
        )
        return [note for note in map(_note, rows) if conflicts or item(note.items, "$Conflict") is None]

    def page(self, form: str, start: int, count: int) -> Sequence[Note]:
        """Return some of the documents of a form, replication conflicts too, oldest first; `start` counts from 0."""
        rows = self._db.execute(
            "SELECT * FROM notes WHERE deleted = 0 AND form = ? COLLATE NOCASE ORDER BY noteid LIMIT ? OFFSET ?",
            (form, count, start),
        )
        return [_note(row) for row in rows]

    def notes(self) -> Sequence[Note]:
        """Return everything: documents, replication conflicts and deletion stubs."""
        return [_note(row) for row in self._db.execute("SELECT * FROM notes ORDER BY noteid")]

    def get(self, unid: str) -> Note | None:
        """Return a document by its UNID, None where there is none or only a deletion stub."""
        row = self._db.execute("SELECT * FROM notes WHERE unid = ? AND deleted = 0", (unid.upper(),)).fetchone()
        return _note(row) if row else None

    def create(self, items: Mapping[str, ItemValue]) -> Note:
        """Store a new document; the item Form says which form it is of."""
        return self.store(_fresh(items, self._clock()))

    def create_many(self, documents: Iterable[Mapping[str, ItemValue]]) -> int:
        """Store new documents in one transaction, which takes a hundred thousand of them in seconds; return how many.

        Nothing is stored where one of them cannot be.
        """
        now = self._clock()
        noteid = self._free_noteid()
        rows = (_row(replace(_fresh(items, now), noteid=noteid + 4 * number)) for number, items in enumerate(documents))
        with self._db:
            return self._db.executemany(_INSERT, rows).rowcount

    def update(self, unid: str, items: Mapping[str, ItemValue]) -> Note:
        """Replace a document's items; the caller merges. Raises KeyError where there is no such document."""
        note = self.get(unid)
        if note is None:
            raise KeyError(unid)
        return self.store(_next(note, self._clock(), items=dict(items), form=str(item(items, "Form") or note.form)))

    def delete(self, unid: str) -> None:
        """Replace a document by its deletion stub. Raises KeyError where there is no such document."""
        note = self.get(unid)
        if note is None:
            raise KeyError(unid)
        self.store(_next(note, self._clock(), items={}, deleted=True))

    def store(self, note: Note) -> Note:
        """Store a note as it is (creation, replication); the note id is this replica's own."""
        row = self._db.execute("SELECT noteid FROM notes WHERE unid = ?", (note.unid,)).fetchone()
        stored = replace(note, noteid=int(row["noteid"]) if row else self._free_noteid())
        self._db.execute(_INSERT, _row(stored))
        self._db.commit()
        return stored

    def _free_noteid(self) -> int:
        (highest,) = self._db.execute("SELECT MAX(noteid) FROM notes").fetchone()
        return (highest or 2302) + 4  # Domino's note ids are 4 apart

    def export(self) -> list[dict[str, Any]]:
        """Return all notes as JSON objects, for another replica."""
        return [_as_json(note) for note in self.notes()]

    def merge(self, notes: Iterable[Mapping[str, Any]]) -> int:
        """Take over what another replica has newer; return how many notes changed here.

        The higher sequence number wins, the later sequence time breaks a tie. Where both sides changed the document
        since their last common revision, the loser is kept as a document with the item $Conflict.
        """
        return sum(self._merge_one(_from_json(data)) for data in notes)

    def _merge_one(self, theirs: Note) -> bool:
        row = self._db.execute("SELECT * FROM notes WHERE unid = ?", (theirs.unid,)).fetchone()
        if row is None:
            self.store(replace(theirs, added=_iso(self._clock())))
            return True
        ours = _note(row)
        if ours.sequence_time == theirs.sequence_time:
            return False
        if theirs.sequence_time in ours.revisions:  # theirs is an ancestor of ours
            return False
        they_win = _rank(theirs) > _rank(ours)
        if ours.sequence_time not in theirs.revisions:  # neither descends from the other: a conflict
            loser = ours if they_win else theirs
            if not loser.deleted:
                self._keep_conflict(loser)
        if they_win:
            self.store(replace(theirs, added=ours.added))
        return they_win

    def _keep_conflict(self, loser: Note) -> None:
        # the same loser gets the same UNID on every replica, so a conflict is kept once
        unid = loser.unid[:8] + loser.sequence_time[8:] + loser.sequence_time[:8] + loser.unid[24:]
        exists = self._db.execute("SELECT 1 FROM notes WHERE unid = ?", (unid,)).fetchone()
        if not exists:
            items = {**loser.items, "$Conflict": "", "$REF": loser.unid}
            self.store(replace(loser, unid=unid, items=items, added=_iso(self._clock())))


def _rank(note: Note) -> tuple[int, str, str]:
    return note.sequence, note.sequence_time[8:], note.sequence_time[:8]


def _next(
    note: Note, now: datetime, *, items: Mapping[str, ItemValue], form: str | None = None, deleted: bool = False
) -> Note:
    if timedate(now) == note.sequence_time:  # two changes within one tick still are two revisions
        now += timedelta(milliseconds=10)
    return replace(
        note,
        items=items,
        form=note.form if form is None else form,
        deleted=deleted,
        sequence=note.sequence + 1,
        sequence_time=timedate(now),
        modified=_iso(now),
        revisions=(*note.revisions, note.sequence_time),
    )


def _iso(moment: datetime) -> str:
    fraction = f"{moment.microsecond // 10000:02d}".rstrip("0")
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def _fresh(items: Mapping[str, ItemValue], now: datetime) -> Note:
    stamp = _iso(now)
    return Note(
        unid=new_unid(now),
        form=str(item(items, "Form") or ""),
        items=dict(items),
        sequence_time=timedate(now),
        created=stamp,
        modified=stamp,
        added=stamp,
    )


def _row(note: Note) -> tuple[Any, ...]:
    return (
        note.unid,
        note.noteid,
        note.form,
        json.dumps(note.items),
        note.sequence,
        note.sequence_time,
        note.created,
        note.modified,
        note.added,
        int(note.deleted),
        json.dumps(note.revisions),
    )


def _note(row: sqlite3.Row) -> Note:
    return Note(
        unid=row["unid"],
        form=row["form"],
        items=json.loads(row["items"]),
        noteid=row["noteid"],
        sequence=row["sequence"],
        sequence_time=row["sequence_time"],
        created=row["created"],
        modified=row["modified"],
        added=row["added"],
        deleted=bool(row["deleted"]),
        revisions=tuple(json.loads(row["revisions"])),
    )


def _as_json(note: Note) -> dict[str, Any]:
    return {
        "unid": note.unid,
        "form": note.form,
        "items": dict(note.items),
        "sequence": note.sequence,
        "sequence_time": note.sequence_time,
        "created": note.created,
        "modified": note.modified,
        "added": note.added,
        "deleted": note.deleted,
        "revisions": list(note.revisions),
    }


def _from_json(data: Mapping[str, Any]) -> Note:
    return Note(**{**data, "revisions": tuple(data["revisions"])})
