# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one atomic write: which links it follows, what it keeps, and what it says where it cannot write."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.plugins.module_utils import _whole_file
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import (
    FileError,
    WholeFile,
    lines_of,
    resolve,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CHATTR = shutil.which("chattr") or "/usr/bin/false"
BEFORE, AFTER = b"before\n", b"after\n"


class Module:
    """What the write wants of a module: somewhere to warn."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)

    def selinux_enabled(self) -> bool:
        """Return that this host has no SELinux."""
        return False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(BEFORE)
    return path


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process be another user than the one who makes the files of a test."""
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a directory for everybody, like /tmp, that belongs to none of the users of a test."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name).resolve() / "shared"
        directory.mkdir()
        directory.chmod(0o1777)
        real = Path.stat

        def of_nobody(path: Path, **how: bool) -> os.stat_result:
            found = real(path, **how)
            return os.stat_result((*found[:4], 65534, *found[5:])) if path == directory else found

        monkeypatch.setattr(Path, "stat", of_nobody)
        yield directory


# ----------------------------------------------------------------------------------------------- which links it follows


def test_links_are_resolved_as_the_system_does(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    for name, target in {
        "absolute": str(tmp_path / "a"),
        "relative": "a/b",
        "chain": "relative/file",
        "up": "a/b/../../relative",
        "dangling": "a/none/../file",
    }.items():
        (tmp_path / name).symlink_to(target)
    for given in ("absolute/b/file", "relative/../b/file", "chain", "up/file", "dangling", "none/file", "a/./b//file"):
        assert str(resolve(str(tmp_path / given))) == os.path.realpath(tmp_path / given), given


def test_a_relative_path_is_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve("x/../file") == tmp_path / "file"


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match=r"lead in a circle\. Nothing was changed"):
        resolve(str(tmp_path / "a"))


@pytest.mark.parametrize("place", ["shared/file", "shared/directory/file", "own/file"])
def test_a_link_that_somebody_else_planted_is_refused_wherever_it_stands(
    shared: Path, tmp_path: Path, somebody: None, place: str
) -> None:
    (tmp_path / "file").write_bytes(BEFORE)
    (shared / "file").symlink_to(tmp_path / "file")
    (shared / "directory").symlink_to(tmp_path)
    (tmp_path / "own").symlink_to(shared)
    given = (tmp_path if place.startswith("own") else shared.parent) / place
    with pytest.raises(FileError, match=r"is a symbolic link to .* that belongs to .*Nothing was changed\. Remove it"):
        WholeFile(None, str(given))
    with pytest.raises(FileError, match="is a symbolic link to"), lines_of("progress_file", str(given)):
        pass
    assert (tmp_path / "file").read_bytes() == BEFORE


def test_a_link_of_this_user_in_a_directory_for_everybody_is_followed(shared: Path, file: Path) -> None:
    (shared / "link").symlink_to(file)
    WholeFile(None, str(shared / "link")).replace(AFTER)
    assert (shared / "link").is_symlink()
    assert file.read_bytes() == AFTER


@pytest.mark.parametrize("mode", [0o777, 0o1775, 0o755])
def test_a_link_in_any_other_directory_is_followed_as_the_system_does(
    shared: Path, file: Path, somebody: None, mode: int
) -> None:
    shared.chmod(mode)
    (shared / "link").symlink_to(file)
    assert resolve(str(shared / "link")) == file


def test_a_link_of_the_directory_s_owner_is_followed(tmp_path: Path, file: Path, somebody: None) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    (directory / "link").symlink_to(file)
    assert resolve(str(directory / "link")) == file


def test_a_file_that_somebody_else_planted_is_not_written(shared: Path, somebody: None) -> None:
    """It would stay theirs, and what is written into it may hold passwords."""
    (shared / "file").write_bytes(BEFORE)
    with pytest.raises(FileError, match="is a file that belongs to"):
        WholeFile(None, str(shared / "file")).check()
    with pytest.raises(FileError, match="is a file that belongs to"), lines_of("x", str(shared / "file")):
        pass
    assert (shared / "file").read_bytes() == BEFORE


def test_a_copy_is_not_written_into_a_file_that_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = file.with_name("other")
    other.write_bytes(b"")
    monkeypatch.setattr(_whole_file.time, "strftime", lambda _form: "now~")
    Path(f"{file}.{os.getpid()}.now~").symlink_to(other)
    with pytest.raises(FileError, match="a copy of the file before the change, cannot be written: File exists"):
        WholeFile(None, str(file)).replace(AFTER, backup=True)
    assert (file.read_bytes(), other.read_bytes()) == (BEFORE, b"")


@pytest.mark.parametrize("kind", ["pipe", "directory"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "path"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    message = "this is not a regular file" if kind == "pipe" else "this is a directory; name the file"
    with pytest.raises(FileError, match=message):
        WholeFile(None, str(path))
    with pytest.raises(FileError, match=r"progress_file: .*path"), lines_of("progress_file", str(path)):
        pass


# -------------------------------------------------------------------------------------------------------- what it keeps


def test_owner_mode_and_attributes_stay(file: Path) -> None:
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65533)
    os.setxattr(file, "user.note", b"x")
    before = file.stat()
    copy = WholeFile(None, str(file)).replace(AFTER, backup=True)
    after = file.stat()
    assert copy is not None
    assert Path(copy).read_bytes() == BEFORE
    for found in (after, Path(copy).stat()):
        assert (found.st_mode, found.st_uid, found.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(file, "user.note") == b"x"
    assert after.st_ino != before.st_ino
    assert file.read_bytes() == AFTER
    assert sorted(file.parent.iterdir()) == sorted([file, Path(copy)])


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_new_file_has_its_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o027)
    try:
        assert WholeFile(None, str(tmp_path / "new"), mode=mode).replace(AFTER, backup=True) is None
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_hard_links_are_told(file: Path) -> None:
    other = file.with_name("other")
    other.hardlink_to(file)
    module = Module()
    written = WholeFile(module, str(file))  # type: ignore[arg-type]
    written.check()
    written.replace(AFTER)
    assert [text.partition(" has ")[2].partition(".")[0] for text in module.warnings] == ["2 names (hard links)"]
    assert (file.read_bytes(), other.read_bytes()) == (AFTER, BEFORE)


# ------------------------------------------------------------------------------------------- where it cannot be written


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (errno.EBUSY, ["it is a mount of its own", "Mount the directory that holds it instead."]),
        (errno.EPERM, ["immutable or append-only", "chattr -i"]),
        (errno.EROFS, ["its file system is read-only"]),
        (errno.ENOSPC, ["No space left on device", "Check "]),
    ],
)
def test_what_the_system_says_becomes_an_error_with_a_remedy(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int, texts: list[str]
) -> None:
    def rename(*_paths: str) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(FileError) as raised:
        WholeFile(None, str(file)).replace(AFTER)
    for text in (str(file), "cannot be written", "Nothing was changed.", *texts):
        assert text in str(raised.value)
    assert "unsafe_writes" not in str(raised.value)
    assert file.read_bytes() == BEFORE
    assert list(file.parent.iterdir()) == [file]


def test_where_it_is_wanted_a_file_is_written_in_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(*_paths: str) -> None:
        raise OSError(errno.EBUSY, "busy")

    inode = file.stat().st_ino
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(FileError, match="or set unsafe_writes to have it written in place"):
        WholeFile(None, str(file), in_place=False).replace(AFTER)
    WholeFile(None, str(file), in_place=True).replace(b"x")
    assert (file.read_bytes(), file.stat().st_ino) == (b"x", inode)
    assert list(file.parent.iterdir()) == [file]


def test_a_mount_is_seen_before_anything_is_written(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spaced = tmp_path / "a directory" / "file"
    spaced.parent.mkdir()
    spaced.write_bytes(BEFORE)
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"36 35 98:0 /x {str(spaced).replace(' ', chr(92) + '040')} rw,noatime - ext4 /dev/root rw\n", encoding="utf-8"
    )
    monkeypatch.setattr(_whole_file, "_MOUNTS", mounts)
    with pytest.raises(FileError, match="is a mount of its own"):
        WholeFile(None, str(spaced)).check()
    WholeFile(None, str(spaced), in_place=True).check()
    WholeFile(None, str(file)).check()


@pytest.mark.parametrize("attribute", ["i", "a"])
def test_an_immutable_or_append_only_file_is_seen_before_anything_is_written(
    file: Path, monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    done = subprocess.run([CHATTR, f"+{attribute}", str(file)], capture_output=True, check=False, timeout=20)
    if done.returncode:  # only root can, and not on each file system
        opened = os.open

        def refused(path: str, flags: int, *more: int) -> int:
            if flags & os.O_WRONLY and path == str(file):
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            return opened(path, flags, *more)

        monkeypatch.setattr(os, "open", refused)
    try:
        with pytest.raises(FileError, match=r"immutable or append-only\. Nothing was changed\. See lsattr"):
            WholeFile(None, str(file)).check()
    finally:
        subprocess.run([CHATTR, f"-{attribute}", str(file)], capture_output=True, check=False, timeout=20)
    assert file.read_bytes() == BEFORE


def test_a_file_that_changed_meanwhile_is_left_alone(file: Path) -> None:
    written = WholeFile(None, str(file))
    file.write_bytes(b"theirs")
    with pytest.raises(FileError, match="was changed by somebody else meanwhile"):
        written.replace(AFTER, backup=True)
    assert list(file.parent.iterdir()) == [file]


def test_a_second_change_of_one_run_replaces_the_first(file: Path) -> None:
    written = WholeFile(None, str(file))
    written.replace(AFTER)
    written.replace(BEFORE)
    assert file.read_bytes() == BEFORE
