# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marker of a host: work that a run has begun and not finished, in a file that outlives the run.

A run writes the marker before its first change and removes each word when that work is done. A run that is killed, a
host that becomes unreachable and a server that is stopped all leave the marker, and the next run finishes the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from ansible_collections.opendomino.mail.plugins.module_utils._host_state import PENDING_FILE, PENDING_WORK, pending_in
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import FileError, WholeFile


class PendingError(Exception):
    """The marker cannot be written or removed; the message names the file and the reason."""


def note(data_directory: Path, work: Iterable[str]) -> tuple[str, ...]:
    """Add words to the marker of a data directory and return all that it has then; raises PendingError."""
    before, added = pending_in(data_directory), set(work)
    after = tuple(word for word in PENDING_WORK if word in before or word in added)
    if after != before:
        _write(data_directory, after)
    return after


def complete(data_directory: Path, work: Iterable[str]) -> None:
    """Remove words from the marker of a data directory, and the file with the last one; raises PendingError."""
    before, done = pending_in(data_directory), set(work)
    after = tuple(word for word in before if word not in done)
    if after != before:
        _write(data_directory, after)


def _write(data_directory: Path, work: tuple[str, ...]) -> None:
    path = data_directory / PENDING_FILE
    try:
        if work:
            content = "".join(f"{word}\n" for word in work).encode("ascii")
            # Root may write it, and the server's user read it.
            WholeFile(None, str(path), mode=0o644).replace(content)
        else:
            path.unlink()
    except FileError as exc:
        raise PendingError(str(exc)) from exc
    except OSError as exc:
        raise PendingError(f"{path} cannot be removed: {exc.strerror}.") from exc
