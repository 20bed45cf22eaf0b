# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide about reviews names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.risks import RULES

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_review.rst").read_text(encoding="utf-8")


def test_all_rules_are_there_in_their_order() -> None:
    table = GUIDE.split("The risks\n")[1]
    assert re.findall(r"^``([a-z_]+)``", table, re.MULTILINE) == [rule.__name__ for rule in RULES]


def test_variables_are_those_of_the_playbooks() -> None:
    used = set(re.findall(r"\b(?:review|verify)_(?!mail)[a-z_]+\b", GUIDE))
    for name in used:
        assert name in (ROOT / "playbooks" / f"{name.split('_')[0]}.yml").read_text(encoding="utf-8"), name
