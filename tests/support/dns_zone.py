# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions answered from zones in memory, for tests of what is made of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dns.flags
import dns.message

from ansible_collections.opendomino.mail.plugins.plugin_utils import _resolver
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Attempt, Nameserver, Status
from dominolab.dns import Data

SERVER = Nameserver("192.0.2.53", 53)


class Zone:
    """The lab's zones, asked without a server; `asked` holds the questions in order."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Read a configuration of the lab's DNS; of its faults, servfail and drop (a timeout) work here too."""
        self.data = Data.from_config(config)
        self.asked: list[tuple[str, str]] = []

    async def ask(self, name: str, rdtype: str) -> Answer:
        """Answer as `Resolver.ask` does."""
        self.asked.append((name, rdtype))
        query = dns.message.make_query(name, rdtype, flags=dns.flags.RD | dns.flags.AD)
        question = query.question[0]
        for fault in self.data.faults:
            if fault.applies(question.name, question.rdtype):
                status = Status.SERVFAIL if fault.kind == "servfail" else Status.TIMEOUT
                return Answer(name, rdtype, status, (Attempt(SERVER, status),))
        response = dns.message.from_wire(self.data.answer(query).to_wire(max_size=65535))
        assert isinstance(response, dns.message.QueryMessage)
        reply = _resolver._judge(response)
        attempt = reply.as_attempt(SERVER)
        if not reply.status.is_final:
            return Answer(name, rdtype, reply.status, (attempt,))
        return _resolver._answer(name, rdtype, [attempt], reply)
