# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side of `forked.py`: imports what programs import, and forks a process for each run of one.

It never runs a program itself, so each one starts from the same state. Standard input is a socket; a message on it is
one run: what to run, and the files for its input, its output, its errors, and for how it ended.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import resource
import runpy
import signal
import socket
import sys
from typing import Any

LARGEST = 1 << 20


def import_for(run: dict[str, Any]) -> None:
    """Import what a run needs; a module that is to be run is read anew each time, as `__main__`."""
    for name in run["imports"]:
        importlib.import_module(name)
    if run["module"]:
        with contextlib.suppress(Exception):  # the run will tell
            importlib.import_module(run["module"])
            del sys.modules[run["module"]]


def become(run: dict[str, Any], files: list[int], ending: int) -> None:
    """Become the process of a run; return in a child of it, which is to be the program."""
    os.setsid()  # whoever waits for the run may end all of it
    os.write(ending, f"{os.getpid()}\n".encode())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(ending, f"{status}\n".encode())
        os._exit(0)
    os.close(ending)
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(run["environment"])
    os.chdir(run["directory"])
    os.umask(run["umask"])
    resource.setrlimit(resource.RLIMIT_FSIZE, tuple(run["file_size"]))
    paths = sys.modules.get("ansible.utils.path")
    if paths:  # Ansible's local directory is everybody's, and removed by the last one
        atexit.unregister(paths.cleanup_tmp_file)


def reap(running: set[int]) -> None:
    """Take note of processes that have ended."""
    with contextlib.suppress(ChildProcessError):
        while process := os.waitpid(-1, os.WNOHANG)[0]:
            running.discard(process)


def end(running: set[int]) -> None:
    """End what still runs, with all that it started."""
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGTERM)


def main() -> None:
    """Fork for each message until there is nobody left to send one."""
    requests = socket.socket(fileno=os.dup(0))
    running: set[int] = set()
    signal.signal(signal.SIGCHLD, lambda *_unused: reap(running))
    while True:
        message, descriptors, *_flags_and_peer = socket.recv_fds(requests, LARGEST, 4)
        if not message:
            end({*running})
            return
        run = json.loads(message)
        import_for(run)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # it might end before it is known to run
        process = os.fork()
        if process == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            requests.close()
            become(run, descriptors[:3], descriptors[3])
            sys.argv = run["arguments"]
            if run["module"]:
                runpy.run_module(run["module"], run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(run["arguments"][0], run_name="__main__")
            return
        running.add(process)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for descriptor in descriptors:
            os.close(descriptor)


main()
