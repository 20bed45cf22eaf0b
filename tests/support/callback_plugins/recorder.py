# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what each task did on each host, one JSON object a line, so that runs can be compared."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: notification
short_description: Records the results of tasks as JSON lines
description:
  - Appends one JSON object for each result to the file that the environment variable E(RECORDER_FILE) names.
author: opendomino.mail contributors (@opendomino)
requirements: [enabled through ANSIBLE_CALLBACKS_ENABLED]
"""


class CallbackModule(CallbackBase):
    """Writes results as they come."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbook = ""

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Keep whose results they are."""
        self._playbook = Path(playbook._file_name).name

    def _record(self, status: str, result: Any) -> None:
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        details = result.result if hasattr(result, "result") else result._result
        diff = details.get("diff") or []
        entry = {
            "host": host.get_name(),
            "task": task.get_name(),
            "action": task.action,
            "status": status,
            "changed": bool(details.get("changed")),
            "diff": [d for d in (diff if isinstance(diff, list) else [diff]) if d],
            "msg": details.get("msg", ""),
            "playbook": self._playbook,
            "check": bool(task.check_mode),
        }
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as record:
            record.write(json.dumps(entry, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that went well."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a host that was not reached."""
        self._record("unreachable", result)
