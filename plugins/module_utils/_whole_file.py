# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that a module reads and replaces as a whole, in one step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class FileError(Exception):
    """A file that cannot be read or replaced; the message is for the user."""


def new_file_beside(module: AnsibleModule, path: Path, content: bytes) -> str:
    """Write a new, hidden file that can take the place of another in one step, and return its path; raises OSError.

    It is for its owner alone, and is gone at the end of the module if it has not taken that place.
    """
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=str(path.parent))
    module.add_cleanup_file(new)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return new


class WholeFile:
    """A file, there or not. `content` is what it held when it was looked at, None where there was none."""

    def __init__(self, module: AnsibleModule, given: str) -> None:
        self.path = Path(os.path.realpath(given))  # a link stays a link
        self._module = module
        self.content = self._read()

    def check(self) -> None:
        """Raise FileError where this user could not replace the file, or would take it from its owner."""
        if not os.access(self.path.parent, os.W_OK):
            raise FileError(
                f"{self.path.parent} is not there or not writable for this user, and the file is replaced there. "
                "Nothing was changed."
            )
        if self.content is not None and os.geteuid() not in (0, self.path.stat().st_uid):
            raise FileError(
                f"{self.path} belongs to another user, and would not any more if this user wrote it. Nothing was "
                "changed. Set become_user to its owner."
            )

    def replace(self, content: bytes, *, backup: bool = False) -> str | None:
        """Write the file, and return where a copy of the one before is, if one was wanted and there was one.

        An existing file keeps owner, mode and SELinux context. A new one is for its owner alone: it may hold passwords.
        """
        if self._read() != self.content:
            raise FileError(f"{self.path} was changed by somebody else meanwhile. Nothing was changed. Run again.")
        copy = self._module.backup_local(str(self.path)) if backup and self.content is not None else None
        try:
            new = new_file_beside(self._module, self.path, content)
        except OSError as exc:
            raise FileError(
                f"{self.path} cannot be written, because the new file beside it cannot be: {exc.strerror}. Nothing was "
                f"changed. See to {self.path.parent}, then run again."
            ) from exc
        umask = os.umask(0o077)
        try:
            self._module.atomic_move(new, str(self.path))
        finally:
            os.umask(umask)
        return copy

    def _read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            problem = "this is a directory; name the file"
        except OSError as exc:
            problem = f"cannot be read: {exc.strerror}"
        raise FileError(f"{self.path}: {problem}. Nothing was changed.")
