# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module directory_documents_info does, done on the controller where it would run there."""

from __future__ import annotations

from ansible_collections.opendomino.mail.plugins.modules import directory_documents_info
from ansible_collections.opendomino.mail.plugins.plugin_utils._on_controller import ControllerAction


class ActionModule(ControllerAction):
    """Asks the directory; starts no module for it."""

    module = directory_documents_info
