# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every text that the lab's Router can return, or that the console module knows as a refusal, is explained."""

from __future__ import annotations

import re

import pytest
from documentation import GUIDES

from ansible_collections.opendomino.mail.plugins.module_utils._console import ERROR_TEXTS
from dominolab import reports

PAGE = " ".join((GUIDES / "troubleshooting.rst").read_text(encoding="utf-8").split())
ROUTER = [text for name, text in vars(reports).items() if name.isupper() and isinstance(text, str)]
CONSOLE = [text for _constant, text in ERROR_TEXTS]


@pytest.mark.parametrize("text", [*ROUTER, *CONSOLE])
def test_a_message_is_explained(text: str) -> None:
    words = " ".join(text.split())
    assert re.sub(r"\{\}|%[a-z]", "…", words) in PAGE, "the page troubleshooting says what each message means"


def test_there_are_messages() -> None:
    assert len(ROUTER) > 10
    assert len(CONSOLE) > 20
