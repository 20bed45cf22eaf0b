# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program made of modules that come with it, run as a host runs it: by a bare Python, from its standard input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.opendomino.mail.plugins.module_utils import _shipped

PACKAGE = {
    "__init__": "",
    "numbers": '"""Greek: \u03b1."""\nfrom __future__ import annotations\nfrom .signs import sign\n'
    "def total(given):\n    return sign(sum(given['of']))\n",
    "signs": "import numbers\n\ndef sign(number):\n    return [number, isinstance(number, numbers.Number)]\n",
    "wrong": "def divide(given):\n    return 1 / given['by']\n",
    "unused": "raise SystemExit(7)\n",
    "inner": "",
    "inner.deep": "from ..signs import sign\nfrom . import beside\n\ndef one(given):\n    return sign(beside.ONE)\n",
    "inner.beside": "ONE = 1\n",
}


def _run(module: str, function: str, argument: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    shipped = {"package": "sums", "sources": PACKAGE, "module": module, "function": function, "argument": argument}
    program = f"{Path(_shipped.__file__).read_text(encoding='utf-8')}\n\nrun({json.dumps(shipped)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=program, capture_output=True, text=True, check=False, cwd=folder
    )


def test_modules_find_one_another_and_no_others_of_their_names(tmp_path: Path) -> None:
    done = _run("numbers", "total", {"of": [1, 2, 3]}, tmp_path)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [6, True]  # `import numbers` is Python's own
    assert list(tmp_path.iterdir()) == []


def test_a_package_in_the_package_finds_what_is_beside_it(tmp_path: Path) -> None:
    done = _run("inner.deep", "one", {}, tmp_path)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [1, True]


def test_what_goes_wrong_is_told_with_the_module(tmp_path: Path) -> None:
    done = _run("wrong", "divide", {"by": 0}, tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert 'File "sums/wrong.py", line 2, in divide' in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_module_that_did_not_come_is_not_there(tmp_path: Path) -> None:
    done = _run("absent", "total", {}, tmp_path)
    assert "No module named 'sums.absent'" in done.stderr
