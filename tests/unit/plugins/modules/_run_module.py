# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection as Ansible does: its own process, arguments as JSON, the result as JSON."""

from __future__ import annotations

import atexit
import contextlib
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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_COLLECTIONS = Path(__file__).resolve().parents[4] / ".collections"
#: What Python looks at when it starts, and not again.
_AT_THE_START = ("PYTHON", "LANG", "LC_", "TZ", "LD_")


def run_module(
    name: str,
    args: Mapping[str, Any],
    *,
    check: bool = False,
    diff: bool = False,
    env: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> dict[str, Any]:
    """Run the module `name` in a process of its own and return its result.

    `args` are the module's options, `check` and `diff` are Ansible's modes, `env` is added to the environment. The
    result always holds `failed`, and `warnings` as a list of texts whatever form the release of ansible-core gives
    them. A module that ends without a result (a traceback, say) raises AssertionError with what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="run-module-") as tmpdir:
        arguments = {
            **args,
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            "_ansible_module_name": f"opendomino.mail.{name}",
            "_ansible_remote_tmp": tmpdir,
            "_ansible_tmpdir": tmpdir,
        }
        # A module started by hand reads a file of arguments; from ansible-core 2.19 on in the profile "legacy", which
        # is plain JSON, as before.
        argsfile = Path(tmpdir, "args.json")
        argsfile.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(_COLLECTIONS), **(env or {})}
        returncode, output, errors = _run(name, argsfile, environment, timeout)
    try:
        result: dict[str, Any] = json.loads(output)
    except ValueError:
        written = (output + errors).decode(errors="replace")
        raise AssertionError(f"module {name} ended with {returncode} and without a result\n{written}") from None
    result.setdefault("failed", returncode != 0)
    result["warnings"] = [w if isinstance(w, str) else w["event"]["msg"] for w in result.get("warnings") or []]
    return result


class _Server:
    """Forks a process for each run, which then has not to import everything again; see `_module_server.py`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        script = str(Path(__file__).with_name("_module_server.py"))
        with theirs:
            self._process = subprocess.Popen([sys.executable, script], stdin=theirs, env=environment)
        atexit.register(self.close)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait()

    def run(
        self, module: str, arguments: Path, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Run a module; return exit code, output and errors."""
        run = {
            "module": module,
            "arguments": str(arguments),
            "environment": dict(environment),
            "directory": str(Path.cwd()),
            "umask": _umask(),
            "file_size": resource.getrlimit(resource.RLIMIT_FSIZE),
        }
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            reading, writing = os.pipe()
            with os.fdopen(reading, "rb", buffering=0) as ending:
                files = [output.fileno(), errors.fileno(), writing]
                socket.send_fds(self._socket, [json.dumps(run).encode()], files)
                os.close(writing)
                process = int(ending.readline())
                if not select.select([ending], [], [], timeout)[0]:
                    os.killpg(process, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(module, timeout)
                returncode = int(ending.readline())
            output.seek(0)
            errors.seek(0)
            return returncode, output.read(), errors.read()


def _umask() -> int:
    return int(Path("/proc/self/status").read_text(encoding="utf-8").split("Umask:")[1].split()[0], 8)


@functools.cache
def _server(at_the_start: frozenset[tuple[str, str]]) -> _Server:
    return _Server({**os.environ, **dict(at_the_start)})


def _run(name: str, arguments: Path, environment: Mapping[str, str], timeout: float) -> tuple[int, bytes, bytes]:
    """Run a module with a file of arguments; return exit code, output and errors."""
    at_the_start = {(key, value) for key, value in environment.items() if key.startswith(_AT_THE_START)}
    module = f"ansible_collections.opendomino.mail.plugins.modules.{name}"
    return _server(frozenset(at_the_start)).run(module, arguments, environment, timeout)


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let programs that start meanwhile write no file larger than `size`, as on a file system without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
