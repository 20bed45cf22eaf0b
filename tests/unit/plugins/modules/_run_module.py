# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection as Ansible does: its own process, arguments as JSON, the result as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.opendomino.mail.tests.support import forked

_COLLECTIONS = Path(__file__).resolve().parents[4] / ".collections"


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
        done = forked.run(
            [name, str(argsfile)],
            {**os.environ, "PYTHONPATH": str(_COLLECTIONS), **(env or {})},
            module=f"ansible_collections.opendomino.mail.plugins.modules.{name}",
            imports=["ansible.module_utils.basic"],
            timeout=timeout,
        )
    try:
        result: dict[str, Any] = json.loads(done.output)
    except ValueError:
        written = (done.output + done.errors).decode(errors="replace")
        raise AssertionError(f"module {name} ended with {done.returncode} and without a result\n{written}") from None
    result.setdefault("failed", done.returncode != 0)
    result["warnings"] = [w if isinstance(w, str) else w["event"]["msg"] for w in result.get("warnings") or []]
    return result


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let programs that start meanwhile write no file larger than `size`, as on a file system without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
