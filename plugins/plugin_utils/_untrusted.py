# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks what comes from outside, so that it stays data in Ansible's variables.

Until 2.18, ansible-core renders each text in a variable as a template, unless it is marked. Later releases render only
what comes from a playbook or an inventory file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var


def untrusted(value: Any) -> Any:
    """Return a value, with all that is in it, which no release of ansible-core renders as a template."""
    if isinstance(value, Mapping):
        return {untrusted(name): untrusted(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):  # those of newer releases evaluate what they hold, and cannot be copied
        return [untrusted(entry) for entry in value]
    return wrap_var(value) if isinstance(value, (str, bytes)) else value
