# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records which tasks started a module, and what each task cost the controller, one JSON object a line."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: measured
type: notification
short_description: Records module starts and what tasks cost
description:
  - Appends one JSON object for each start of a module and for each task to the file that E(MEASURED_FILE) names.
author: opendomino.mail contributors (@opendomino)
requirements: [enabled through ANSIBLE_CALLBACKS_ENABLED]
"""

_started = ActionBase._execute_module


def _execute_module(action: Any, *arguments: Any, **options: Any) -> Any:
    """Write down that a module is started; the processes that Ansible forks for each host have this function, too."""
    name = options.get("module_name") or (arguments[0] if arguments else None) or action._task.action
    task, host = action._task, (options.get("task_vars") or {}).get("inventory_hostname", "")
    _write({"module": name, "host": host, "task": task.get_name(), "role": _role_of(task)})
    return _started(action, *arguments, **options)


def _write(entry: dict[str, Any]) -> None:
    with Path(os.environ["MEASURED_FILE"]).open("a", encoding="utf-8") as record:
        record.write(json.dumps(entry) + "\n")


def _role_of(task: Any) -> str:
    return task._role.get_name() if task._role else ""


def _processor() -> float:
    """Return the processor time of this process, and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class CallbackModule(CallbackBase):
    """Measures from the start of each task to the start of the next one."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "measured"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        ActionBase._execute_module = _execute_module
        self._running: tuple[Any, float, float] | None = None

    def _end(self) -> None:
        if self._running:
            task, seconds, processor = self._running
            _write(
                {
                    "name": task.get_name(),
                    "action": task.action,
                    "role": _role_of(task),
                    "seconds": time.monotonic() - seconds,
                    "processor": _processor() - processor,
                }
            )

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Begin with a task."""
        self._end()
        self._running = (task, time.monotonic(), _processor())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Begin with a handler."""
        self.v2_playbook_on_task_start(task, False)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """End with the last one."""
        self._end()
