# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module smtp_probe does, without starting it: its probes need sockets, and nothing of Ansible."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ansible_collections.opendomino.mail.plugins.module_utils import _printable, _smtp, _tcp
from ansible_collections.opendomino.mail.plugins.modules import smtp_probe
from ansible_collections.opendomino.mail.plugins.plugin_utils._on_host import HostAction, program

if TYPE_CHECKING:
    from collections.abc import Mapping

# The lookup mx says whom to probe, and takes a tenth of a second to load. Ansible loads an action plugin once, and then
# forks a process for each host, where templates are rendered: what is loaded by then, none of them loads again.
import_module("ansible_collections.opendomino.mail.plugins.lookup.mx")


class ActionModule(HostAction):
    """Has the host's Python probe."""

    module = smtp_probe

    def without_module(self, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what the probes found; None where the host could not be asked in this way."""
        given = [probe.get("ca_path") for probe in self._task.args["probes"]]
        sent = program(_smtp, (_printable, _tcp), "probing", "answer", params)
        return self.answer(sent, (), [path for path in given if path is not None], task_vars) or None
