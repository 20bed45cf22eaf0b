# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a directory: one run at a time changes a file in it.

The lock is flock(2) on the directory itself. So nothing is left in the directory; the kernel ends the lock of a run
that is killed; and each user who can read the directory can take it, root and the Notes user alike. It holds among all
runs on one machine, in containers too, but not between machines: Linux keeps such a lock of a directory on NFS to
itself (fs/nfs/dir.c has no flock).
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import ContextManager, Iterator

    from ansible.module_utils.basic import AnsibleModule

_POLL = 0.02


class LockError(Exception):
    """A directory that cannot be locked; the message is for the user."""


def locked_for(module: AnsibleModule, directory: Path, timeout: float) -> ContextManager[None]:
    """Return the lock for a module that is going to change a file; in check mode there is nothing to hold."""
    return nullcontext() if module.check_mode else locked(directory, timeout)


@contextmanager
def locked(directory: Path, timeout: float) -> Iterator[None]:
    """Hold the lock; raise LockError where another run does not release it within `timeout` seconds."""
    end = time.monotonic() + timeout
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        raise LockError(f"{directory} cannot be locked: {exc.strerror}. Nothing was changed.") from exc
    try:
        while not _lock(descriptor, directory):
            if time.monotonic() >= end:
                raise LockError(
                    f"{directory} is locked: another run is changing a file there, and did not end within {timeout:g} "
                    "seconds. Nothing was changed. Run again when it has ended."
                )
            time.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, directory: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as exc:
        raise LockError(
            f"{directory} cannot be locked: {exc.strerror}. Nothing was changed. Its file system has to support flock."
        ) from exc
    return True
