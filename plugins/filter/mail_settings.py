# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the role that applies what other roles declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

if TYPE_CHECKING:
    from collections.abc import Callable

# Ansible loads all files of filters to find one of them, in each task on each host; so engines are loaded late.


def combined_declarations(value: Any) -> dict[str, Any]:
    """Return one declaration for several roles."""
    from ..plugin_utils._mail_settings.declarations import DeclarationError, combine

    if not isinstance(value, Sequence) or not all(isinstance(entry, Mapping) for entry in value):
        raise AnsibleFilterError("domino_combined_declarations takes a list of declarations.")
    try:
        return combine(value)
    except DeclarationError as exc:
        raise AnsibleFilterError(str(exc)) from exc


def reload_commands(
    value: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    tasks_changed: bool,
    pending: Sequence[str],
    pull: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the console commands that let a running server use what has changed."""
    from ..plugin_utils._mail_settings.reload import commands

    return commands(value, changes=changes, tasks_changed=bool(tasks_changed), pending=pending, pull=pull or None)


def opened_listener(
    value: Sequence[Mapping[str, Any]],
    server_tasks: Mapping[str, Any],
    responses: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Return whether the changes of documents, or those of server_tasks, opened the SMTP listener."""
    from ..plugin_utils._mail_settings.reload import opened_listener as opened

    return opened(
        changes=value,
        tasks_before=server_tasks.get("tasks_before") or (),
        tasks=server_tasks.get("tasks") or (),
        pending=server_tasks.get("pending_before") or (),
        responses=responses,
    )


class FilterModule:
    """Filters of the role that applies mail settings."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "domino_combined_declarations": combined_declarations,
            "domino_reload_commands": reload_commands,
            "domino_opened_listener": opened_listener,
        }
