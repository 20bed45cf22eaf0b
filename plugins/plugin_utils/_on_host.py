# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a module that needs of its host a Python and nothing else, done there without starting the module.

A started module is packed, copied, unpacked, and loads much of Ansible on the host before it does anything. A program
of plain Python is sent to the host's Python on its standard input, and prints its result. It is made of the module's
own files, so there is one path; only what calls it differs. Wherever a program cannot be sent, or what comes back is
no result, the module is started, and says what is wrong.
"""

from __future__ import annotations

import json
import shlex
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.opendomino.mail.plugins.module_utils import _shipped
from ansible_collections.opendomino.mail.plugins.plugin_utils._on_controller import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

# Python would look for what the program imports in the folder that it is started in, which is anybody's.
_RUN = "import sys; sys.path.remove(''); exec(compile(sys.stdin.read(), 'sent', 'exec'))"
_BEGINNING = Path(_shipped.__file__).read_text(encoding="utf-8")


class HostAction(ActionBase):
    """Does what its module does with a program that is sent, or starts the module.

    `module` is what Python knows it as; its SPEC are the keyword arguments of its AnsibleModule.
    """

    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True
    module: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result that the module documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        asynchronous = bool(self._task.async_val) and not self._connection.has_native_async
        checked = ArgumentSpecValidator(**self.module.SPEC).validate(plain(self._task.args))
        done = None
        if not asynchronous and not checked.error_messages:
            done = self.without_module(checked.validated_parameters, task_vars or {})
        if done is None:
            done = self._execute_module(task_vars=task_vars, wrap_async=asynchronous)
        return {**result, **done}

    @abstractmethod
    def without_module(self, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the result for validated options; None where the module is to be started."""

    def answer(
        self, program: bytes, arguments: Sequence[str], paths: Iterable[Any], task_vars: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a program prints on the host, nothing where it cannot be sent or has no answer.

        `paths` are those that the task names. What the host's own environment makes of them, as of an environment of
        the task, the module finds out there.
        """
        python = self._python(task_vars)
        known = all(str(path).startswith("/") and "$" not in str(path) for path in paths)
        if python is None or not known or any(self._task.environment or ()):
            return {}
        command = " ".join(map(shlex.quote, [python, "-c", _RUN, *arguments]))
        done = self._low_level_execute_command(command, in_data=program)
        try:
            answer = json.loads(done["stdout"]) if done["rc"] == 0 else {}
        except ValueError:
            answer = {}
        return answer if isinstance(answer, dict) else {}

    def _python(self, task_vars: Mapping[str, Any]) -> str | None:
        """Return the Python of the host that does it, where it is known and a program can be sent to it; else None."""
        become = self._connection.become
        if not self._connection.has_pipelining or not getattr(become, "pipelining", True):
            return None
        host = self._task.delegate_to
        found = task_vars.get("ansible_delegated_vars", {}).get(host, {}) if host else task_vars
        python = str(self._templar.template(found.get("ansible_python_interpreter")) or "auto")
        if python.startswith("auto"):
            python = str(found.get("ansible_facts", {}).get("discovered_interpreter_python") or "")
        return python if python.startswith("/") else None


def program(
    package: ModuleType, beside: Sequence[ModuleType], module: str, function: str, argument: Mapping[str, Any]
) -> bytes:
    """Return a program that prints what a function makes of its argument.

    Its package comes with it, and the modules `beside` the package that it uses.
    """
    (folder,) = package.__path__
    parent, name = package.__name__.split(".")[-2:]
    paths = {f"{name}.{path.stem}": path for path in sorted(Path(folder).glob("*.py"))}
    paths[name] = paths.pop(f"{name}.__init__")
    paths.update({other.__name__.rpartition(".")[2]: Path(str(other.__file__)) for other in beside})
    sources = {stem: path.read_text(encoding="utf-8") for stem, path in paths.items()}
    shipped = {
        "package": parent,
        "sources": {"__init__": "", **sources},
        "module": f"{name}.{module}",
        "function": function,
        "argument": dict(argument),
    }
    return f"{_BEGINNING}\n\nrun({json.dumps(shipped)!r})\n".encode()
