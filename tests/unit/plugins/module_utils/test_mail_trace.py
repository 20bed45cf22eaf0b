# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the header of a message tells, whatever stands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._round_trip.trace import holds, read_trace

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_case(case: dict[str, Any], ends: str) -> None:
    trace = read_trace(case["header"].replace("\n", ends).encode())
    hops = [[hop[key] for key in ("from", "by", "with", "tls", "seconds")] for hop in trace.as_list()]
    assert hops == case["hops"]
    assert (trace.sender, trace.address) == (case["sender"], case["address"])


@given(st.binary(max_size=500))
def test_nothing_that_arrives_breaks_it_or_reaches_a_terminal(header: bytes) -> None:
    trace = read_trace(header)
    texts = [trace.sender, trace.address, *(hop.text for hop in trace.hops)]
    assert all(text.isprintable() for text in texts)


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "P", "N", "Zs"]), max_size=80), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)
def test_each_received_line_is_a_hop(lines: list[str], ends: str) -> None:
    header = "".join(f"Received: {line}{ends}" for line in lines) + f"Subject: x{ends}"
    assert len(read_trace(header.encode()).hops) == len(lines)


def test_the_mark_counts_in_the_header_only() -> None:
    token = "4f1d0a7c9b2e4c6f8a3b"
    assert holds(f"Subject: x {token}\r\n\r\nbody".encode(), token)
    assert holds(f"Subject: x {token}\n\nbody".encode(), token)
    assert not holds(f"Subject: x\r\n\r\n{token}".encode(), token)
    assert not holds(f"Subject: x\n\n{token}".encode(), token)
