# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the console commands after a change, and find out whether the change opened the SMTP listener."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_settings.declarations import names_of

RELOAD, RELAY_TEST = "reload", "relay_test"
ROUTER, SMTP = "Router", "SMTP"
ALREADY_RUNNING = "ERR_TASK_RUNNING"
#: A task that does not run need not be told anything: it reads its configuration when it starts.
_NOT_RUNNING = ("ERR_CONSOLE_CANT_TELL", "ERR_CONSOLE_NO_ROUTER")
#: Settings of the Server document that open the listener when they are stored with another value than these.
_OPENING = ("smtp_listener_task", "inbound_tcp_port_status")
_CLOSED = (None, "", "0")


def commands(
    settings: Mapping[str, Any],
    *,
    changes: Sequence[Mapping[str, Any]],
    tasks_changed: bool,
    pending: Iterable[str],
    pull: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Return the commands that let a running server use what has changed, as the module `console` accepts them.

    `changes` are the items of documents that have changed, `pending` is what an earlier run has left. `pull` is the
    command that brings the changed documents to this server's replica; None on the administration server.
    """
    left = set(pending)
    changed = {str(change.get("setting")) for change in changes}
    late = RELOAD in left
    found: list[dict[str, Any]] = []
    if changes or late:
        found += [dict(pull)] if pull else []
        found += [{"command": f"Tell {task} Update Config", "accepted": list(_NOT_RUNNING)} for task in (ROUTER, SMTP)]
    for task in settings["load"]:
        restarts = [setting for setting, name in settings["restart_on"].items() if name == task]
        if tasks_changed or late or (task == SMTP and (changes or RELAY_TEST in left)):
            found.append({"command": f"Load {task}", "accepted": [ALREADY_RUNNING]})
        if restarts and (late or changed.intersection(restarts)):
            found.append({"command": f"Restart Task {task}"})
    return found


def opened_listener(
    *,
    changes: Sequence[Mapping[str, Any]],
    tasks_before: Iterable[str],
    tasks: Iterable[str],
    pending: Iterable[str],
    responses: Sequence[Mapping[str, Any]],
) -> bool:
    """Return whether this run, or an earlier one whose open-relay test is pending, opened the SMTP listener.

    `responses` are the answers of the console. A listener that was running already when it was loaded was not opened
    by this run.
    """
    if RELAY_TEST in set(pending):
        return True
    before, after = names_of(tasks_before), names_of(tasks)
    enabled = {change.get("setting") for change in changes if change.get("after") not in _CLOSED}.intersection(_OPENING)
    opened = (
        ("smtp" in after and "smtp" not in before)
        or "inbound_tcp_port_status" in enabled
        or ("smtp_listener_task" in enabled and "smtp" not in before)
    )
    was_running = any(
        response.get("command") == f"Load {SMTP}" and response.get("error") == ALREADY_RUNNING for response in responses
    )
    return opened and not was_running
