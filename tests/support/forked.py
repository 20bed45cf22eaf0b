# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Python programs in processes of their own that need not import everything again.

Importing takes a module 0.3 s of a core and `ansible-playbook` twice that, and there are thousands of runs. So a
process that has everything imported forks one for each run. What Python or Ansible reads when it starts and never
again, such as the locale, belongs to that process: there is one for each set of such variables. Runs of Ansible that
come from the same process also share what it keeps for the time of a run: modules that are packed for their hosts.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT_THE_START = ("ANSIBLE_", "HOME", "LANG", "LC_", "LD_", "PYTHON", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    returncode: int
    output: bytes
    errors: bytes


class Server:
    """A process that forks one for each run; see `fork_server.py`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        script = str(Path(__file__).with_name("fork_server.py"))
        with theirs:  # its output is no terminal, so nothing has colours
            self._process = subprocess.Popen(
                [sys.executable, script], stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait()

    def run(self, message: Mapping[str, object], given: bytes, merged: bool, timeout: float | None) -> Ended:
        """Run what a message says."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            stdin.write(given)
            stdin.seek(0)
            reading, writing = os.pipe()
            with os.fdopen(reading, "rb", buffering=0) as ending:
                files = [stdin.fileno(), output.fileno(), (output if merged else errors).fileno(), writing]
                socket.send_fds(self._socket, [json.dumps(message).encode()], files)
                os.close(writing)
                process = ending.readline()
                assert process, "the process that forks has ended; what it says is above"
                in_time = False
                try:
                    in_time = bool(select.select([ending], [], [], timeout)[0])
                finally:  # Ctrl-C, too
                    if not in_time:
                        os.killpg(int(process), signal.SIGKILL)
                if not in_time:
                    raise subprocess.TimeoutExpired(str(message["arguments"]), timeout or 0)
                returncode = int(ending.readline())
            output.seek(0)
            errors.seek(0)
            return Ended(returncode, output.read(), errors.read())


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    module: str = "",
    imports: Sequence[str] = (),
    given: bytes = b"",
    merged: bool = False,
    timeout: float | None = None,
) -> Ended:
    """Run a program: the Python module `module`, or the script that the first of the arguments names.

    `imports` is imported before all runs, and `given` is standard input. With `merged`, errors come with the output, in
    order. Umask, current directory and the limit of the size of files are those of this process. A run that takes
    longer than `timeout` is ended, with all that it started.
    """
    message = {
        "module": module,
        "imports": list(imports),
        "arguments": list(arguments),
        "environment": dict(environment),
        "directory": str(Path.cwd()),
        "umask": int(Path("/proc/self/status").read_text(encoding="utf-8").split("Umask:")[1].split()[0], 8),
        "file_size": resource.getrlimit(resource.RLIMIT_FSIZE),
    }
    at_the_start = {(key, value) for key, value in environment.items() if key.startswith(AT_THE_START)}
    return _server(frozenset(at_the_start)).run(message, given, merged, timeout)


@functools.cache
def _server(at_the_start: frozenset[tuple[str, str]]) -> Server:
    return Server({"PATH": os.environ["PATH"], **dict(at_the_start)})
