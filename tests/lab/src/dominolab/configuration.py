# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Configuration document applies to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dominolab.notes_names import same

if TYPE_CHECKING:
    from dominolab.contract import Document, Replica


def applicable_configuration(directory: Replica, server_name: str) -> Document | None:
    """Return the document that names the server, else one of a group it is in, else the default [1.1-1.3]."""
    groups = {
        group.text("ListName").lower()
        for group in directory.documents("Group")
        if any(same(member, server_name) for member in group.texts("Members"))
    }

    def rank(document: Document) -> int:
        name = document.text("ServerName")
        if same(name, server_name):
            return 0
        if name.lower() in groups:
            return 1
        return 2 if name == "*" or document.text("UseAsDefault") == "1" else 3

    candidates = [document for document in directory.documents("ServerConfig") if rank(document) < 3]
    return min(candidates, key=rank, default=None)
