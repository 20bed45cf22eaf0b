# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that judges what a verification gathered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._untrusted import untrusted

if TYPE_CHECKING:
    from collections.abc import Callable


def mail_findings(value: Any, **options: Any) -> dict[str, Any]:
    """Return what is wrong with the mail of one host."""
    # Ansible loads all files of filters to find one of them, in each task on each host; so rules are loaded late.
    from ..plugin_utils._verification.facts import FactsError
    from ..plugin_utils._verification.verdict import verdict

    unknown = sorted(set(options) - {"fail_on"})
    if unknown:
        raise AnsibleFilterError(f"domino_mail_findings has no option {', '.join(unknown)}.")
    if not isinstance(value, Mapping):
        raise AnsibleFilterError("domino_mail_findings takes a dictionary of facts.")
    try:
        judged: dict[str, Any] = untrusted(verdict(value, options.get("fail_on", ("required",))))
    except FactsError as exc:
        raise AnsibleFilterError(str(exc)) from exc
    except (KeyError, TypeError, AttributeError) as exc:
        raise AnsibleFilterError(
            f"A fact has another shape than its module or lookup returns ({type(exc).__name__}: {exc})."
        ) from exc
    return judged


class FilterModule:
    """Judgement about mail hosts."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"domino_mail_findings": mail_findings}
