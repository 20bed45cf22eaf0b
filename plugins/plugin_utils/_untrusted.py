# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks what comes from outside, so that it stays data in Ansible's variables.

Until 2.18, ansible-core renders each text in a variable as a template, unless it is marked. Later releases render only
what comes from a playbook or an inventory file.
"""

from __future__ import annotations

from typing import TypeVar

from ansible.utils.unsafe_proxy import wrap_var

T = TypeVar("T")


def untrusted(value: T) -> T:
    """Return a value, with all that is in it, which no release of ansible-core renders as a template."""
    marked: T = wrap_var(value)
    return marked
