# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a module that needs nothing of a host, done by its action plugin where Ansible itself runs.

Starting a module on the controller takes several times as long as the work of one that asks a directory: a program is
packed, written, unpacked, and a Python is started for it. The work is the module's own function, so there is one path;
only what calls it differs. Wherever the module would not run on the controller as this very user, it is started.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

if TYPE_CHECKING:
    from collections.abc import Mapping


class _EndedError(Exception):
    """The work is done; `result` is what the module would have returned."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class Face:
    """What the work of a module wants of its AnsibleModule."""

    def __init__(self, params: Mapping[str, Any], secrets: set[str], *, check_mode: bool) -> None:
        """Take validated options, and the values of those that must not be shown."""
        self.params = params
        self.check_mode = check_mode
        self.no_log_values = secrets
        self._warnings: list[str] = []

    def warn(self, warning: str) -> None:
        """Keep a warning for the result."""
        self._warnings.append(warning)

    def exit_json(self, **result: Any) -> NoReturn:
        """End with a result."""
        raise _EndedError(self._shown({"changed": False, **result}))

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        """End with an error."""
        raise _EndedError(self._shown({**result, "msg": msg, "failed": True}))

    def _shown(self, result: dict[str, Any]) -> dict[str, Any]:
        if self._warnings:
            result["warnings"] = self._warnings
        shown: dict[str, Any] = remove_values(result, self.no_log_values)
        return shown


class ControllerAction(ActionBase):
    """Does the work of the module of its name here, or starts the module; `module` is what Python knows it as.

    The module has SPEC, the keyword arguments of its AnsibleModule, and `work`, which ends with exit_json or fail_json.
    """

    _supports_async = True
    _supports_check_mode = True
    _supports_diff = True
    module: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result that the module documents."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        asynchronous = bool(self._task.async_val) and not self._connection.has_native_async
        face = None if asynchronous or not self._is_here(task_vars or {}) else self._face()
        if face is None:
            return {**result, **self._execute_module(task_vars=task_vars, wrap_async=asynchronous)}
        try:
            self.module.work(face)
        except _EndedError as end:
            return {**result, **end.result}
        raise AssertionError(f"{self._task.action} ended without a result")

    def needs_module(self, params: Mapping[str, Any]) -> bool:
        """Say whether these options want what only a started module has, such as files."""
        return False

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Say whether the module would run on the controller, as this user, with this Python and this environment."""
        if self._connection.transport != "local" or self._play_context.become or any(self._task.environment or ()):
            return False
        host = self._task.delegate_to
        found = task_vars.get("ansible_delegated_vars", {}).get(host, {}) if host else task_vars
        python = str(self._templar.template(found.get("ansible_python_interpreter")) or "auto")
        return python == sys.executable or python.startswith("auto")

    def _face(self) -> Face | None:
        """Return what the work wants; None where the module shall say itself what is wrong with its options."""
        checked = ArgumentSpecValidator(**self.module.SPEC).validate(plain(self._task.args))
        params = checked.validated_parameters
        if checked.error_messages or self.needs_module(params):
            return None
        return Face(params, set(checked._no_log_values), check_mode=bool(self._task.check_mode))


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a module reads them: as JSON, without what templates know of their values."""
    read: dict[str, Any] = json.loads(json.dumps(dict(arguments), default=_as_json))
    return read


def _as_json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
