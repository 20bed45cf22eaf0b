# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module server_tasks on real files, beside a server that runs or not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(host: Host, case: dict[str, Any]) -> None:
    host.run_on_ini("server_tasks", case)
