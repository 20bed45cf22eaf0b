# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program made of modules that come with it, for a host that has nothing but Python.

This file is the beginning of the program; its last line calls `run` with the modules, their sources as text. None of
them is written to a disk, neither as source nor compiled.
"""

from __future__ import annotations

import importlib
import json
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import Any, Sequence


class _SourceLoader(SourceFileLoader):
    """Takes the source from memory, as Python does it with a file that cannot be compiled beforehand."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def path_stats(self, path: str) -> Any:
        """Say that there is no file that a compiled one could stand beside."""
        raise OSError

    def get_data(self, path: str) -> bytes:
        """Return the source."""
        return self._source.encode("utf-8")


class _Finder:
    """Finds the modules of one package: `__init__`, others beside it, and those of packages in it, with dots."""

    def __init__(self, package: str, sources: dict[str, str]) -> None:
        self._package = package
        self._sources = sources

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: Any = None) -> ModuleSpec | None:
        """Return what Python needs to load a module, None for all that did not come with the program."""
        package, _dot, module = name.partition(".")
        source = self._sources.get(module or "__init__")
        if package != self._package or source is None:
            return None
        is_package = not module or any(other.startswith(f"{module}.") for other in self._sources)
        path = "/".join([*name.split("."), *(["__init__"] if is_package else [])]) + ".py"
        return ModuleSpec(name, _SourceLoader(name, path, source), origin=path, is_package=is_package)


def run(shipped: str) -> None:
    """Print, as JSON, what a function of a shipped module returns.

    `shipped` is JSON: `package` is a name, `sources` are the texts of its modules, `module` and `function` say what is
    called, with `argument`.
    """
    given = json.loads(shipped)
    sys.meta_path.insert(0, _Finder(given["package"], given["sources"]))
    module = importlib.import_module(f"{given['package']}.{given['module']}")
    sys.stdout.write(json.dumps(getattr(module, given["function"])(given["argument"])))
