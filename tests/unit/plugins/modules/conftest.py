# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of modules share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._domino_host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Return a Domino host in a temporary directory, whose server is stopped."""
    host = Host.create(tmp_path)
    yield host
    host.stop()
