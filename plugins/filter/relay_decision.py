# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that decides what follows from an open-relay test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def relay_decision(
    value: Any, host: str, internet_domains: Sequence[str], opened: bool, undecided: str = "auto"
) -> dict[str, Any]:
    """Return what a role does after the open-relay test of a listener."""
    # Ansible loads all files of filters to find one of them, in each task on each host; so this is loaded late.
    from ..plugin_utils._verification.relay_decision import UNDECIDED, decide

    if not isinstance(value, Mapping):
        raise AnsibleFilterError("domino_relay_decision takes the result of smtp_probe.")
    if undecided not in UNDECIDED:
        raise AnsibleFilterError(f"undecided may be {', '.join(UNDECIDED)}, and is {undecided}.")
    domains = [str(domain) for domain in internet_domains]
    return decide(value, host=host, internet_domains=domains, opened=bool(opened), undecided=undecided).as_dict()


class FilterModule:
    """Decisions after an open-relay test."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"domino_relay_decision": relay_decision}
