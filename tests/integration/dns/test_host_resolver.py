# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_resolver sets the resolver that a host's C library uses, and takes it back where it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_c_library_asks_the_servers_that_were_set(tmp_path: Path) -> None:
    path = HERE.parents[2] / ".collections"
    unshare = [shutil.which("unshare") or "unshare", "--map-root-user", "--net", "--mount"]
    done = subprocess.run(
        [*unshare, sys.executable, str(HERE / "namespace.py"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    steps = told["steps"]
    assert "/etc/resolv.conf cannot be written: it is a mount of its own" in steps["replaced"]["msg"]
    assert "set unsafe_writes" in steps["replaced"]["msg"]
    assert steps["good"]["changed"], steps["good"]
    assert steps["good"]["verified"] == ["mx.example.org"]
    assert steps["again"]["changed"] is False, steps["again"]
    for step in ("bad", "silent"):
        assert steps[step]["rolled_back"], steps[step]
        assert "mx.example.org" in steps[step]["msg"]
        assert "The former setting was put back." in steps[step]["msg"]
    assert told["resolv.conf"] == "options timeout:1 attempts:1\nnameserver 127.0.0.2\n"
