# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console of a Domino server on its own host: is the server running, send a command, understand the answer.

A command is sent with `server -c "<command>"` in the data directory, as the user that the server runs as. Neither what
this program writes nor its exit code says anything reliable; the answer appears in console.log, among whatever
else the server has to say at that moment (nashcom/domino-startscript, rc_domino_script; HCL domino-container,
entrypoint.sh).
"""

from __future__ import annotations

import os
import pwd
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.opendomino.mail.plugins.module_utils import _host_state

if TYPE_CHECKING:
    from typing import IO, Any, Callable, Iterable, Protocol, Sequence

    from ansible_collections.opendomino.mail.plugins.module_utils._host_state import Server

    class Transport(Protocol):
        """A way to hand a command to the server."""

        def check(self) -> None:
            """Raise ConsoleError where this way is not open."""

        def send(self, command: str) -> Sequence[str]:
            """Hand over one command and return the lines that the way itself wrote."""


#: Within the data directory.
CONSOLE_LOG = "IBM_TECHNICAL_SUPPORT/console.log"

#: Seconds after which `server -c` is taken to hang.
_SEND_TIMEOUT = 60
_POLL = 0.05

#: How the product refuses a command: constant and text (klehmann/domino-jna, ISrvErr.java), English language pack;
#: %s, %d and %e stand for something. Texts that only tell (ERR_RESTARTING_TASK, ERR_DEBUG_VARS1, ERR_USE_LIVE_CONSOLE)
#: are no refusals and are not here.
ERROR_TEXTS = (
    ("ERR_NOMATCH", "Command or option is not recognized"),
    ("ERR_AMBIGUOUS", "Command or option is ambiguous"),
    ("ERR_VALUE", "Invalid value for command option"),
    ("ERR_INSUFF_ARGUMENTS", "Insufficient arguments.  Enter 'HELP' for the correct syntax."),
    ("ERR_CONSOLE_BAD_NO_OF_PARMS", "Wrong number of parameters"),
    ("ERR_CMD_LINE_TOO_LONG", "The command line is too long"),
    ("ERR_CONSOLE_CANT_TELL", 'The %s task either does not exist or does not accept "Tell" commands.'),
    ("ERR_CONSOLE_NO_ROUTER", "Router task not running"),
    ("ERR_TASK_RUNNING", "Task is already running"),
    ("ERR_SRV_NO_SUCH_TASK", "No such task in server"),
    (
        "ERR_TASK_NOT_FOUND",
        "Server Task executable file was not found.  Check that it exists in your program directory.",
    ),
    ("ERR_INIT_CANT_LOAD", "Error attempting to load or run %s:"),
    (
        "ERR_UNSETTABLE_VARIABLE",
        "This system variable cannot be set via the server console. You must edit NOTES.INI to set this variable.",
    ),
    ("ERR_NO_REMOTE_CONSOLE_ACCESS", "You are not authorized to use the remote console on this server"),
    ("ERR_VIEW_ONLY_CONSOLE_ACCESS", "You are not authorized to use this remote console command on this server"),
    ("ERR_SERVER_NOT_RESP", "Server is not responding to remote console commands (try again later)"),
    ("ERR_SERVER_NO_RESPONSE", "No response from server for this command"),
    ("ERR_CMD_SECURE", "This command is not permitted when console security is in effect"),
    ("ERR_CON_PASS", "Incorrect console security password"),
    (
        "ERR_CMD_QUIT_NEEDS_PASSWORD",
        "This server requires a console password. Enter Exit [password] or Quit [password].",
    ),
    (
        "ERR_INVALID_NOTESINI",
        "NOTES.INI may be damaged or read-only.  Non-zero values for 'ServerSetup' and 'KitType' were not found.",
    ),
    (
        "ERR_PROGRAM_DIR",
        "Data Directory cannot be accessed.  Check the path given in the DIRECTORY= line in your NOTES.INI file.",
    ),
)


class ConsoleError(Exception):
    """A command that cannot be sent, or that the server refused; the message is for the user."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class HiddenServerError(ConsoleError):
    """A server that may be running where its processes cannot be seen."""


@dataclass(frozen=True)
class Refusal:
    """A line in which the server refuses a command, and the product's constant for it."""

    constant: str
    line: str

    def accepted_by(self, accepted: Iterable[str]) -> bool:
        """Return whether one of `accepted` is this constant, or is part of the line (compared without case)."""
        return any(word == self.constant or word.lower() in self.line.lower() for word in accepted)


def refusal_in(lines: Iterable[str]) -> Refusal | None:
    """Return the first refusal among lines of the console."""
    for line in lines:
        plain = _plain(line)
        for constant, parts in _patterns():
            if _has_in_order(plain, parts):
                return Refusal(constant, line)
    return None


@dataclass(frozen=True)
class Command:
    """A line for the console: how long to wait for which text (empty: for silence), and which refusals are fine.

    `timeout`: seconds.
    """

    line: str
    timeout: float
    until: str = ""
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A command, what the console wrote after it (None where that is unknown), and the refusal in it."""

    command: str
    response: tuple[str, ...] | None
    refusal: Refusal | None
    #: whether the text that was waited for, or a refusal, came in time
    in_time: bool = True

    def as_result(self) -> dict[str, Any]:
        """Return the answer as module result."""
        return {
            "command": self.command,
            "response": None if self.response is None else list(self.response),
            "error": self.refusal.constant if self.refusal else None,
        }


class Conversation:
    """One command that was sent, and what the console has written since."""

    def __init__(self, command: str, log: _GrowingFile, said: Sequence[str]) -> None:
        self.command = command
        self.lines: list[str] = []
        self._log = log
        self._said = said

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *exc: object) -> None:
        self._log.close()

    @property
    def heard(self) -> bool:
        """Return whether there is a console.log to hear the answer in."""
        return self._log.there

    @property
    def refusal(self) -> Refusal | None:
        """Return the first refusal so far."""
        return refusal_in([*self._said, *self.lines])

    def listen(self) -> bool:
        """Take in new lines; return whether there were any."""
        new = self._log.new_lines()
        self.lines += new
        return bool(new)

    def wait(self, until: Callable[[], bool], timeout: float) -> bool:
        """Listen until `until` is true, at most `timeout` seconds; return whether it became true."""
        end = time.monotonic() + timeout
        while True:
            self.listen()
            if until():
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL)

    def answer(self, timeout: float, settle: float, until: str = "") -> Answer:
        """Return what the console writes until it is silent for `settle` seconds, at most `timeout` seconds.

        With `until`, return as soon as this text (compared without case) or a refusal is there. Where there is no
        console.log the answer is unknown, and waiting for it ends after `settle` seconds.
        """
        if until and self.heard:
            wanted = until.lower()

            def settled() -> bool:
                return bool(self.refusal) or any(wanted in line.lower() for line in self.lines)

            in_time = self.wait(settled, timeout)
            return Answer(self.command, tuple(self.lines), self.refusal, in_time)
        latest, count = time.monotonic(), 0

        def silent() -> bool:
            nonlocal latest, count
            if len(self.lines) > count:
                latest, count = time.monotonic(), len(self.lines)
            return (bool(count) or not self.heard) and time.monotonic() - latest >= settle

        self.wait(silent, timeout)
        return Answer(self.command, tuple(self.lines) if self.heard else None, self.refusal)


class Console:
    """The console of the server with a data directory, by one transport."""

    def __init__(self, data_directory: Path, transport: Transport) -> None:
        self._log_path = data_directory / CONSOLE_LOG
        self._transport = transport

    def check(self, commands: Iterable[str] = ()) -> None:
        """Raise ConsoleError where commands could not be sent; nothing is sent."""
        for command in commands:
            _check_command(command)
        self._transport.check()

    def send(self, command: str) -> Conversation:
        """Send one command; the conversation that comes back is a context manager."""
        _check_command(command)
        log = _GrowingFile(self._log_path)
        try:
            return Conversation(command, log, self._transport.send(command))
        except ConsoleError:
            log.close()
            raise

    def run(self, command: Command, settle: float) -> Answer:
        """Send one command and return its answer (see `Conversation.answer`)."""
        with self.send(command.line) as conversation:
            return conversation.answer(command.timeout, settle, command.until)


class ServerC:
    """The transport `server -c`."""

    def __init__(self, data_directory: Path, program_directory: Path) -> None:
        self._data_directory = data_directory
        self._server = program_directory / "bin" / "server"
        #: of the last `server -c`; it says nothing reliable about the command
        self.exit_code = 0

    def check(self) -> None:
        """Raise ConsoleError where the program is missing or this user may not use it."""
        if not os.access(self._server, os.X_OK):
            raise ConsoleError(
                f"{self._server} is missing or cannot be executed, so no console command can be sent. "
                "Set program_directory to the directory that Domino is installed in."
            )
        as_user(self._sender())

    def send(self, command: str) -> list[str]:
        """Run `server -c` to its end and return what it wrote."""
        environment, become = as_user(self._sender())
        # A file, not a pipe: what `server` starts may outlive it and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(  # pylint: disable=ansible-bad-function # there is no AnsibleModule
                    [str(self._server), "-c", command],
                    cwd=self._data_directory,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=become,  # safe: there is one thread; `user` and `group` need Python 3.9
                    start_new_session=True,
                )
            except (OSError, subprocess.SubprocessError) as exc:
                raise ConsoleError(f"{self._server} could not be started: {exc}. The command was not sent.") from exc
            try:
                self.exit_code = process.wait(_SEND_TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise ConsoleError(
                    f"{self._server} -c did not end within {_SEND_TIMEOUT} seconds and was stopped. "
                    f"Whether the server received {command!r} is not known."
                ) from None
            output.seek(0)
            return _text(output.read()).splitlines()

    def _sender(self) -> User:
        """Return the user that the server runs as; raise ConsoleError where this user cannot send as that one."""
        me = os.geteuid()
        try:
            server = server_of(self._data_directory)
        except HiddenServerError:
            server = None
        if server is None:
            if me == 0:
                raise ConsoleError(
                    f"No process of the server in {self._data_directory} can be seen, so it is not known which user it "
                    "runs as, and a console command is never sent as root instead. It was not sent. Set become_user to "
                    "the user that Domino runs as."
                )
            return User(me, os.getegid(), tuple(os.getgroups()))
        user = User(server.process.uid, server.process.gid, server.process.groups)
        if me not in (0, user.uid):
            raise ConsoleError(
                f"The server belongs to {_user_name(user.uid)} ({server.evidence}), and only this user and root can "
                f"use its console; this is {_user_name(me)}. The command was not sent. Set become_user to "
                f"{_user_name(user.uid)}."
            )
        if user.uid == 0 and server.from_pid_nbf:
            raise ConsoleError(
                f"{server.evidence}, which belongs to root, and no process server works in {self._data_directory}. "
                "That is not enough to send a console command as root. It was not sent. Set become_user to the user "
                "that Domino runs as; if its server is stopped, remove pid.nbf."
            )
        return user


def server_of(*data_directories: Path) -> Server | None:
    """Return the running server with one of these data directories, None where it is stopped.

    Raise ConsoleError where a directory cannot be read, HiddenServerError where the server may be out of sight.
    """
    try:
        return _host_state.server_of(*data_directories)
    except _host_state.HiddenServerError as exc:
        raise HiddenServerError(str(exc)) from exc
    except _host_state.OutOfSightError as exc:
        raise ConsoleError(str(exc)) from exc


@dataclass(frozen=True)
class User:
    """A user that programs are run as."""

    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def owner_of(cls, directory: Path) -> User:
        """Return the owner of a directory; raise ConsoleError."""
        uid = directory.stat().st_uid
        try:
            user = pwd.getpwuid(uid)
        except KeyError:
            raise ConsoleError(f"{directory} belongs to {_unknown_user(uid)}") from None
        return cls(uid, user.pw_gid, tuple(os.getgrouplist(user.pw_name, user.pw_gid)))


def as_user(user: User) -> tuple[dict[str, str], Callable[[], None] | None]:
    """Return the environment of a user and, for another user, what makes a new process that user's."""
    environment = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
    environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    try:
        known = pwd.getpwuid(user.uid)
    except KeyError:
        raise ConsoleError(f"The server belongs to {_unknown_user(user.uid)}") from None
    environment.update(HOME=known.pw_dir, LOGNAME=known.pw_name, USER=known.pw_name)

    def become() -> None:
        os.setgroups(user.groups)
        os.setgid(user.gid)
        os.setuid(user.uid)

    return environment, become if os.geteuid() != user.uid else None


class _GrowingFile:
    """What is appended to a file from now on, also when it is truncated or replaced (rotated) meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._file = self._open()
        if self._file:
            self._file.seek(0, os.SEEK_END)

    @property
    def there(self) -> bool:
        """Return whether the file has been there at any time."""
        return self._file is not None

    def new_lines(self) -> list[str]:
        """Return the complete lines since the last call."""
        data = self._rest + self._new_bytes()
        *lines, self._rest = data.split(b"\n")
        return [_text(line.rstrip(b"\r")) for line in lines]

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def _open(self) -> IO[bytes] | None:
        try:
            return self._path.open("rb", buffering=0)
        except OSError:
            return None

    def _new_bytes(self) -> bytes:
        data = b""
        if self._file:
            if os.fstat(self._file.fileno()).st_size < self._file.tell():
                self._file.seek(0)
            replaced = not self._is_current(self._file)
            data = self._file.read()
            if not replaced:
                return data
        successor = self._open()
        if successor:
            self.close()
            self._file = successor
            data += successor.read()
        return data

    def _is_current(self, file: IO[bytes]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except OSError:
            return True  # gone; a new one will come, or not


@lru_cache(maxsize=None)
def _patterns() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return for each text of the product the parts between its placeholders."""
    return tuple((constant, tuple(re.split("%[a-z]+", _plain(text)))) for constant, text in ERROR_TEXTS)


def _plain(text: str) -> str:
    """Return a text in lower case, with one blank between its words."""
    return " ".join(text.lower().split())


def _has_in_order(text: str, parts: Sequence[str]) -> bool:
    """Return whether a text has all parts, one after the other, with something between them.

    A regular expression would try each place for each part, and a line of a console can be long.
    """
    end = -1
    for part in parts:
        begin = text.find(part, end + 1)
        if begin < 0:
            return False
        end = begin + len(part)
    return True


def _check_command(command: str) -> None:
    if not command.strip() or re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", command):
        raise ConsoleError(
            f"{command!r} cannot be a console command: a command is one line and has no control characters. "
            "It was not sent."
        )


def _unknown_user(uid: int) -> str:
    return f"user id {uid}, and this host knows no such user. The command was not sent."


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user id {uid}"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
