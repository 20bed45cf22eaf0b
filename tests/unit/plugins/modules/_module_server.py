# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules for `_run_module.py`, each in a process of its own that need not import everything again.

This process imports what modules import and forks; it never runs a module itself, so each one starts from the same
state. Standard input is a socket; a message on it is one run: what to run, and the files for its output and for how
it ended.
"""

from __future__ import annotations

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

import ansible.module_utils.basic  # noqa: F401 - what takes longest

LARGEST = 1 << 20


def import_for(module: str) -> None:
    """Import what a module imports; the module itself is read anew by each run, as `__main__`."""
    with contextlib.suppress(Exception):  # the run will tell
        importlib.import_module(module)
        del sys.modules[module]


def start(run: dict[str, Any], output: int, errors: int, ending: int) -> None:
    """Become the process of a run; return in a child of it, which is to be the module."""
    os.setsid()  # whoever waits for the run may end all of it
    os.write(ending, f"{os.getpid()}\n".encode())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(ending, f"{status}\n".encode())
        os._exit(0)
    for descriptor, number in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (errors, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.close(ending)
    os.environ.clear()
    os.environ.update(run["environment"])
    os.chdir(run["directory"])
    os.umask(run["umask"])
    resource.setrlimit(resource.RLIMIT_FSIZE, tuple(run["file_size"]))


def main() -> None:
    """Fork for each message until there is nobody left to send one."""
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes here
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, LARGEST, 3)
        if not message:
            return
        run = json.loads(message)
        import_for(run["module"])
        if os.fork() == 0:
            requests.close()
            start(run, *descriptors)
            sys.argv = [run["module"], run["arguments"]]
            runpy.run_module(run["module"], run_name="__main__", alter_sys=True)
            return
        for descriptor in descriptors:
            os.close(descriptor)


main()
