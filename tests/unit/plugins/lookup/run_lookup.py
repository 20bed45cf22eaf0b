# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a lookup for many cases in one process, loaded as Ansible loads it; JSON in, JSON out."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError, AnsibleOptionsError
from ansible.plugins.loader import init_plugin_loader, lookup_loader


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """Return the lookup's result or its error."""
    os.environ.update(case.get("env", {}))
    try:
        lookup = lookup_loader.get(sys.argv[2])
        return {"result": lookup.run(case["terms"], variables=case.get("vars", {}), **case.get("options", {}))}
    except AnsibleError as exc:
        # Releases of ansible-core differ in the name of the class itself.
        kinds = {"lookup": AnsibleLookupError, "options": AnsibleOptionsError}
        return {"error": str(exc), "kind": next((kind for kind in kinds if isinstance(exc, kinds[kind])), "")}
    finally:
        for name in case.get("env", {}):
            del os.environ[name]


init_plugin_loader([sys.argv[1]])
json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
