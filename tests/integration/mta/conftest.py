# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sink for each test, into which its mail server relays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.tests.integration.mta._mtas import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Yield an empty sink."""
    with Sink() as sink:
        yield sink
