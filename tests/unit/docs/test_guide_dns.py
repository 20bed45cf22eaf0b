# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide shows what the module says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
import yaml

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_dns.rst").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", GUIDE, re.MULTILINE)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


TASKS = [block for block in blocks("yaml") if "opendomino.mail.dns_records" in block]


@pytest.mark.parametrize(("task", "snippet"), list(zip(TASKS, blocks("text"), strict=True)))
def test_a_snippet_is_what_the_task_before_it_makes(task: str, snippet: str) -> None:
    ((step,),) = [yaml.safe_load(task)]
    assert run_module("dns_records", step["opendomino.mail.dns_records"])["zone_snippet"] == snippet


def test_variables_are_those_of_the_roles() -> None:
    files = ["send_mail/defaults", "receive_mail/defaults", "apply_mail_settings/vars"]
    known = "".join((ROOT / "roles" / file / "main.yml").read_text(encoding="utf-8") for file in files)
    used = set(re.findall(r"\b(?:send_mail|receive_mail|domino)_(?!mail)[a-z_]+\b", GUIDE))
    assert {name for name in used if name not in known} == set()
