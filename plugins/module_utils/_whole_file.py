# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one atomic write: a file that is read and replaced as a whole, on a host or on the controller.

Whoever may make files in a directory for everybody (sticky and writable for all, such as /tmp) can put a symbolic link
where a run is going to write. Linux refuses to follow such a link (protected_symlinks in proc_sys_fs(5)), but only if
the setting is on and the link has not been resolved before; here the rule holds always, for each part of a path, in
check mode too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Iterator, NoReturn, TextIO

    from ansible.module_utils.basic import AnsibleModule

_MOUNTS = Path("/proc/self/mountinfo")
_MOST_LINKS = 40  # as in Linux
_FOR_EVERYBODY = stat.S_ISVTX | stat.S_IWOTH


class FileError(Exception):
    """A file that cannot be read or replaced; the message is for the user."""


def resolve(given: str) -> Path:
    """Return a path with its symbolic links resolved; the last parts need not exist.

    Raises FileError for a link in a directory for everybody that belongs neither to this user nor to the owner of the
    directory.
    """
    path, links = Path("/"), 0
    pending = list(reversed(Path.cwd().joinpath(given).parts[1:]))
    while pending:
        part = pending.pop()
        if part == "..":
            path = path.parent
            continue
        directory, path = path, path / part
        try:
            found = path.lstat()
        except OSError:  # it is not there, or out of sight
            continue
        if not stat.S_ISLNK(found.st_mode):
            continue
        _refuse_foreign(directory, path, found)
        links += 1
        if links > _MOST_LINKS:
            raise FileError(f"{given}: its symbolic links lead in a circle. Nothing was changed. Name the file itself.")
        target = Path(os.readlink(str(path)))
        path = Path("/") if target.is_absolute() else directory
        pending += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return path


def read(path: Path) -> bytes | None:
    """Return the content of a file whose links are resolved, None where there is none; raises FileError."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for somebody who writes.
        descriptor = os.open(str(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise FileError(f"{path}: cannot be read: {exc.strerror}. Nothing was changed.") from exc
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        problem = "this is a directory; name the file" if stat.S_ISDIR(mode) else "this is not a regular file"
        raise FileError(f"{path}: {problem}. Nothing was changed.")
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


@contextlib.contextmanager
def lines_of(option: str, given: str) -> Iterator[TextIO]:
    """Give a file that is begun anew and written line by line; raises FileError, which names the option."""
    path = resolve(given)
    with contextlib.suppress(FileNotFoundError):
        _refuse_foreign(path.parent, path, path.lstat())
    try:
        descriptor = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as exc:
        raise FileError(f"{option}: {path} cannot be written ({exc.strerror}). Nothing was changed.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileError(f"{option}: {path} is not a regular file. Nothing was changed.")
        os.ftruncate(descriptor, 0)
        yield file


class WholeFile:
    """A file, there or not. `content` is what it held when it was read, None where there was none."""

    def __init__(
        self, module: AnsibleModule | None, given: str, *, in_place: bool | None = None, mode: int = 0o600
    ) -> None:
        """Read the file; a symbolic link stays, and the file that it points to is meant.

        `in_place`: whether a file that cannot be replaced may be written in place (the option unsafe_writes); None
        where the caller has no such option. `mode` is of a new file: for its owner alone, as it may hold passwords.
        Raises FileError.
        """
        self.path = resolve(given)
        self._module = module
        self._in_place = in_place
        self._mode = mode
        self.content = read(self.path)

    def check(self) -> None:
        """Raise FileError where this user could not replace the file, or would take it from its owner."""
        in_place = bool(self._in_place) and self.content is not None
        if not in_place and not os.access(str(self.path.parent), os.W_OK):
            raise FileError(
                f"{self.path.parent} is not there or not writable for this user, and the file is replaced there. "
                "Nothing was changed."
            )
        if self.content is None:
            return
        found = self.path.lstat()
        _refuse_foreign(self.path.parent, self.path, found)
        if os.geteuid() not in (0, found.st_uid):
            raise FileError(
                f"{self.path} belongs to another user, and would not any more if this user wrote it. Nothing was "
                "changed. Set become_user to its owner."
            )
        self._check_changeable()
        if not in_place and _is_mount(self.path):
            self._refuse(errno.EBUSY)
        if not in_place and found.st_nlink > 1 and self._module is not None:
            self._module.warn(
                f"{self.path} has {found.st_nlink} names (hard links). A new file takes its place under this name; the "
                "other names keep the content before the change."
            )

    def replace(self, content: bytes, *, backup: bool = False) -> str | None:
        """Write the file in one step; return the path of a copy of the one before, if one was wanted and there was one.

        An existing file keeps owner, mode and SELinux context. Raises FileError.
        """
        if read(self.path) != self.content:
            raise FileError(f"{self.path} was changed by somebody else meanwhile. Nothing was changed. Run again.")
        copy = self.copy() if backup and self.content is not None else None
        try:
            self._replace(content)
        except OSError as exc:
            if not self._in_place or self.content is None:
                self._refuse(exc.errno, exc.strerror)
            self._write_in_place(content)
        self.content = content
        return copy

    def _replace(self, content: bytes) -> None:
        descriptor, new = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=str(self.path.parent))
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                self._dress(file.fileno(), new)
                os.fsync(file.fileno())
            os.rename(new, str(self.path))  # noqa: PTH104 - like the others here
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)  # noqa: PTH108
            raise
        if self.content is None and self._module is not None and self._module.selinux_enabled():
            context = self._module.selinux_default_context(str(self.path))
            self._module.set_context_if_different(str(self.path), context, False)

    def _dress(self, descriptor: int, new: str) -> None:
        """Give the new file the owner, mode, access list and SELinux context of the one that it replaces."""
        if self.content is None:
            os.fchmod(descriptor, self._mode)
            return
        found = self.path.lstat()
        with contextlib.suppress(PermissionError):  # a group that this user is not in
            os.fchown(descriptor, found.st_uid, found.st_gid)
        shutil.copystat(str(self.path), new)
        os.utime(new)

    def _write_in_place(self, content: bytes) -> None:
        try:
            descriptor = os.open(str(self.path), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise FileError(
                f"{self.path} cannot be written in place: {exc.strerror}. It may hold a part of the new content now. "
                "Check the file, then run again."
            ) from exc

    def copy(self) -> str:
        """Keep a copy with the time in its name, as Ansible's own modules do, in a new file; return its path.

        Raises FileError.
        """
        name = f"{self.path}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S~')}"
        try:
            with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(self.content or b"")
                file.flush()
                self._dress(file.fileno(), name)
        except OSError as exc:
            raise FileError(
                f"{name}, a copy of the file before the change, cannot be written: {exc.strerror}. Nothing was "
                f"changed. Check {self.path.parent}, then run again."
            ) from exc
        return name

    def _check_changeable(self) -> None:
        """Refuse an immutable or append-only file: root, too, may not open it for writing."""
        try:
            os.close(os.open(str(self.path), os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as exc:
            if exc.errno in (errno.EPERM, errno.EROFS):
                self._refuse(exc.errno)

    def _refuse(self, number: int | None, text: str | None = None) -> NoReturn:
        """Raise FileError for what the system said."""
        reasons = {
            errno.EBUSY: (
                "it is a mount of its own, so that no other file can take its place",
                "Mount the directory that holds it instead"
                + ("." if self._in_place is None else ", or set unsafe_writes to have it written in place."),
            ),
            errno.EPERM: (
                "the system does not permit it; the file or its directory is immutable or append-only",
                f"See lsattr -d {self.path.parent} {self.path}; chattr -i and -a remove these attributes.",
            ),
            errno.EROFS: ("its file system is read-only", "Mount it writable, then run again."),
        }
        cause, advice = reasons.get(
            number or 0, (text or "", f"Check {self.path.parent} (room, permissions), then run again.")
        )
        raise FileError(f"{self.path} cannot be written: {cause}. Nothing was changed. {advice}")


def _refuse_foreign(directory: Path, path: Path, found: os.stat_result) -> None:
    """Refuse what somebody else has put into a directory for everybody; raises FileError."""
    place = directory.stat()
    trusted = (os.geteuid(), place.st_uid)
    if place.st_mode & _FOR_EVERYBODY != _FOR_EVERYBODY or found.st_uid in trusted:
        return
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = f"user id {found.st_uid}"
    is_link = stat.S_ISLNK(found.st_mode)
    what = f"a symbolic link to {os.readlink(str(path))}" if is_link else "a file"
    raise FileError(
        f"{path} is {what} that belongs to {owner}, in a directory where everybody may put files. It may be there to "
        f"have another file written, or this one read, so it is not used. Nothing was changed. Remove it, or name a "
        "path in a directory of your own."
    )


def _is_mount(path: Path) -> bool:
    """Return whether a file is a mount of its own, as far as the system tells."""
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return False
    places = (line.split()[4] for line in lines)
    return os.fsencode(str(path)) in (
        re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found.group(1), 8)]), place) for place in places
    )
