# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front that hosts call as `server`: with `-c` it sends one console command, without it becomes the server.

Standard library only, and few imports: `server -c` is called often. It prints nothing; the answer stands in the console
log. Standard output and exit code are assumed: 0 when the command was handed over, 1 when no server runs here. A
recording of a real server says better.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Arguments: the path of this front, the path of lab.json, then what the caller gave."""
    front, lab, *given = arguments
    if given[:1] == ["-c"]:
        return _send(" ".join(given[1:]))
    # /proc must show a process whose command is `server`, as a real host does; with a foreign argv[0] Python cannot
    # find its home, so it is told.
    environment = dict(os.environ)
    environment["PYTHONHOME"] = f"{sys.base_prefix}:{sys.base_exec_prefix}"
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path[1:] if path)
    command = [front, "-m", "dominolab.server", lab, *given]
    return os.execve(os.path.realpath(sys.executable), command, environment)  # noqa: S606 - the process becomes it


def _send(command: str) -> int:
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(".dominolab-console")  # relative: both run in the data directory
            connection.sendall(json.dumps({"command": command}).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as stream:
                answer = json.loads(stream.readline() or "{}")
        except OSError:
            return 1
    for line in answer.get("output", ()):
        print(line)
    return int(answer.get("exit_code", 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
