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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.opendomino.mail.plugins.module_utils import _host_state
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import as_result
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import NotesIni, NotesIniError
from ansible_collections.opendomino.mail.plugins.module_utils._server_tasks import ServerTasksError
from ansible_collections.opendomino.mail.plugins.modules import server_tasks
from ansible_collections.opendomino.mail.plugins.plugin_utils._on_host import HostAction

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM = Path(_host_state.__file__).read_bytes()


class ActionModule(HostAction):
    """Looks at the host, and starts the module where there is something to do or to say."""

    module = server_tasks

    def without_module(self, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the result where the list is as it has to be, else None."""
        # The marker is written by the module, so looking first would only be one thing more.
        if params["changes_follow"]:
            return None
        path = params["path"] or f"{params['data_directory']}/notes.ini"
        given = self._task.args.get("path") or self._task.args.get("data_directory")
        seen = self.answer(_PROGRAM, (path, "yes" if params["running"] == "auto" else "no"), [given], task_vars)
        try:
            ini = NotesIni.parse(base64.b64decode(seen["content"]), seen["path"])
            tasks, plan = server_tasks.planned(params, ini)
            running = {"running": True, "stopped": False}.get(params["running"], seen["running"])
            pending = [word for word in _host_state.PENDING_WORK if word in seen["pending"]]
        except (KeyError, NotesIniError, ServerTasksError):
            return None
        if running is None or plan.changed or plan.warnings:
            return None
        before, after = server_tasks.entries(tasks.before), server_tasks.entries(tasks.after)
        same = as_result(plan, seen["path"], running=running)
        return {"tasks_before": before, "tasks": after, "pending": pending, "pending_before": pending, **same}
