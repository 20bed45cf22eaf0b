# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that every module of the collection states in its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments C(opendomino.mail._attributes) and its parts."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Returns details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
  platform:
    description: Target operating systems and families that can be operated against.
"""

    # For modules that never change anything.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    support: full
    details:
      - This action does not modify state.
"""

    # For modules that take part in the action group of all modules of this collection.
    ACTIONGROUP_DOMINO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/opendomino.mail.domino) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - opendomino.mail.domino
"""
