# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of one-touch setup JSON by Domino's own program validjson (from 12.0.1).

Facts: HCL help, inst_onetouch_validating_json (the command, its messages); nashcom/domino-startscript,
DominoOneTouchSetup.sh:120-184 (where the program lies; that it runs as the Notes user, in the data directory, with
LD_LIBRARY_PATH, and looks for the schema in the current directory).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._console import ConsoleError, User, as_user

if TYPE_CHECKING:
    from typing import Iterator

_LIBRARIES = Path("notes", "latest", "linux")
_SCHEMA = "dominoOneTouchSetup.schema.json"
_TIMEOUT = 120
_FAILED = re.compile(r"Failed - JSON validation")
#: With the schema; help spells it "repsect".
_VALID = re.compile(r" is valid with re[a-z]{1,8} to schema")


class ValidjsonError(Exception):
    """validjson cannot be used; the message is for the user."""


@dataclass(frozen=True)
class Verdict:
    """What validjson said: valid, not valid, or None where its words are not known."""

    valid: bool | None
    lines: tuple[str, ...]


def find(program_directory: Path) -> Path | None:
    """Return the program, None where this host has none."""
    places = (program_directory / "bin" / "validjson", program_directory / _LIBRARIES / "validjson")
    return next((place for place in places if os.access(place, os.X_OK) and place.is_file()), None)


def validate(content: bytes, name: str, program_directory: Path, data_directory: Path) -> Verdict:
    """Return what the program says of a file with this content and name; raises ValidjsonError."""
    program, libraries = find(program_directory), program_directory / _LIBRARIES
    if program is None:
        raise ValidjsonError(f"{program_directory} has no program validjson. It comes with Domino from 12.0.1 on.")
    try:
        environment, become = as_user(_user(program, data_directory))
    except ConsoleError as exc:
        raise ValidjsonError(str(exc)) from exc
    owner = data_directory.stat()
    with _readable(content, name, owner) as file, _schema(libraries / _SCHEMA, data_directory, owner):
        try:
            done = subprocess.run(  # pylint: disable=ansible-bad-function # there is no AnsibleModule
                [str(program), str(file), "-default"],
                cwd=data_directory,
                env={**environment, "LD_LIBRARY_PATH": str(libraries), "Notes_ExecDirectory": str(libraries)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT,
                check=False,
                preexec_fn=become,  # safe: there is one thread; `user` and `group` need Python 3.9
            )
        except subprocess.TimeoutExpired:
            raise ValidjsonError(f"{program} did not end within {_TIMEOUT} seconds and was stopped.") from None
        except (OSError, subprocess.SubprocessError) as exc:
            raise ValidjsonError(f"{program} could not be started: {exc}.") from exc
    return _verdict(done.stdout.decode("utf-8", "replace").splitlines())


def _user(program: Path, data_directory: Path) -> User:
    """Return the user that the program runs as; raises ValidjsonError, ConsoleError."""
    me, owner = os.geteuid(), data_directory.stat().st_uid
    if me == owner == 0:
        raise ValidjsonError(
            f"{data_directory} belongs to root, so it is not known which user Domino runs as, and {program} is not run "
            "as root. Set become_user to the user that Domino runs as."
        )
    if me not in (0, owner) and owner != 0:
        raise ValidjsonError(
            f"{program} runs as the owner of {data_directory} only, and this is another user. Set become_user."
        )
    return User.owner_of(data_directory) if me == 0 else User(me, os.getegid(), tuple(os.getgroups()))


def _verdict(lines: list[str]) -> Verdict:
    told = tuple(line.rstrip() for line in lines if line.strip())
    if any(_FAILED.search(line) for line in told):
        return Verdict(False, told)
    return Verdict(True if any("Success - " in line and _VALID.search(line) for line in told) else None, told)


@contextmanager
def _readable(content: bytes, name: str, owner: os.stat_result) -> Iterator[Path]:
    """Give a file of that name which the owner of the data directory alone can read."""
    with tempfile.TemporaryDirectory(prefix="one-touch-setup-") as directory:
        file = Path(directory, name)
        file.touch(mode=0o600)
        file.write_bytes(content)
        _give(file, owner)
        _give(Path(directory), owner)
        yield file


@contextmanager
def _schema(schema: Path, data_directory: Path, owner: os.stat_result) -> Iterator[None]:
    """Let the schema stand where the program looks for it; a copy that was not there is removed again."""
    copy = data_directory / _SCHEMA
    if copy.exists() or not schema.is_file():
        yield
        return
    try:
        with copy.open("xb") as file:  # never through a link that somebody put there
            file.write(schema.read_bytes())
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    except OSError as exc:
        raise ValidjsonError(f"{copy}, which validjson reads, could not be made: {exc.strerror}.") from exc
    try:
        yield
    finally:
        copy.unlink()


def _give(path: Path, owner: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
