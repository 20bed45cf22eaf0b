# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real DNS servers: one BIND and one Unbound for all tests, which change names of their own only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.opendomino.mail.tests.integration.dns._servers import Bind, Unbound

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    """Yield a running BIND."""
    server = Bind.start_in(tmp_path_factory.mktemp("dns") / "bind")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def unbound(bind: Bind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbound]:
    """Yield a running Unbound."""
    server = Unbound.start_in(tmp_path_factory.mktemp("dns") / "unbound", bind)
    yield server
    server.stop()
