# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module server_tasks does, without a module where the list is right already.

Reading a notes.ini and looking for a process takes a host some hundredths of a second, starting a module many times
that. So the host is looked at first, by a program that is sent to its Python as it is; whether anything has to change
is the module's own decision, made here. Whatever is not as expected is left to the module, which says what is wrong.
"""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.opendomino.mail.plugins.module_utils import _host_state
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import as_result
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import NotesIni, NotesIniError
from ansible_collections.opendomino.mail.plugins.module_utils._server_tasks import ServerTasksError
from ansible_collections.opendomino.mail.plugins.modules import server_tasks
from ansible_collections.opendomino.mail.plugins.plugin_utils._on_controller import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM = Path(_host_state.__file__).read_bytes()


class ActionModule(ActionBase):
    """Looks at the host, and starts the module where there is something to do or to say."""

    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result that the module documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        asynchronous = bool(self._task.async_val) and not self._connection.has_native_async
        nothing = None if asynchronous else self._nothing_to_do(task_vars or {})
        if nothing is None:
            nothing = self._execute_module(task_vars=task_vars, wrap_async=asynchronous)
        return {**result, **nothing}

    def _nothing_to_do(self, task_vars: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the result where the list is as it has to be, else None."""
        checked = ArgumentSpecValidator(**server_tasks.SPEC).validate(plain(self._task.args))
        params = checked.validated_parameters
        if checked.error_messages:
            return None
        seen = self._seen(params, task_vars)
        try:
            ini = NotesIni.parse(base64.b64decode(seen["content"]), seen["path"])
            tasks, plan = server_tasks.planned(params, ini)
            running = {"yes": True, "no": False}.get(params["running"], bool(seen["running"]))
        except (KeyError, NotesIniError, ServerTasksError):
            return None
        if plan.changed or plan.warnings:
            return None
        before, after = server_tasks.entries(tasks.before), server_tasks.entries(tasks.after)
        return {"tasks_before": before, "tasks": after, **as_result(plan, seen["path"], running=running)}

    def _seen(self, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the host shows, nothing where it cannot be asked in this way."""
        path = params["path"] or f"{params['data_directory']}/notes.ini"
        given = str(self._task.args.get("path") or self._task.args.get("data_directory"))
        python = self._python(task_vars)
        # What the host's own environment decides, the module finds out there.
        if python is None or not given.startswith("/") or "$" in given or any(self._task.environment or ()):
            return {}
        command = [python, "-I", "-S", "-", path, "yes" if params["running"] == "auto" else "no"]
        done = self._low_level_execute_command(" ".join(map(shlex.quote, command)), in_data=_PROGRAM)
        try:
            seen = json.loads(done["stdout"]) if done["rc"] == 0 else {}
        except ValueError:
            seen = {}
        return seen if isinstance(seen, dict) else {}

    def _python(self, task_vars: Mapping[str, Any]) -> str | None:
        """Return the host's Python where it is known, and where a program can be sent to it; else None."""
        become = self._connection.become
        if self._task.delegate_to or not self._connection.has_pipelining or not getattr(become, "pipelining", True):
            return None
        python = str(self._templar.template(task_vars.get("ansible_python_interpreter")) or "auto")
        if python.startswith("auto"):
            python = str(task_vars.get("ansible_facts", {}).get("discovered_interpreter_python") or "")
        return python if python.startswith("/") else None
