# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is never reached, and says so in words that try to do harm."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: dead
short_description: Never reaches a host
description: [Fails as a connection to a dead host does.]
author: opendomino.mail contributors (@opendomino)
options: {}
"""

#: What an error of a connection may hold.
WORDS = "<b>no route</b> {{ 7 * 7 }} \x1b[31m"


class Connection(ConnectionBase):
    """Raises what a connection to a dead host raises."""

    transport = "dead"
    has_pipelining = False

    def _connect(self) -> NoReturn:
        raise AnsibleConnectionFailure(WORDS)

    def exec_command(self, *_args: Any, **_more: Any) -> NoReturn:
        """Never run anything."""
        raise AnsibleConnectionFailure(WORDS)

    def put_file(self, *_args: Any) -> NoReturn:
        """Never send anything."""
        raise AnsibleConnectionFailure(WORDS)

    def fetch_file(self, *_args: Any) -> NoReturn:
        """Never fetch anything."""
        raise AnsibleConnectionFailure(WORDS)

    def close(self) -> None:
        """Do nothing."""
