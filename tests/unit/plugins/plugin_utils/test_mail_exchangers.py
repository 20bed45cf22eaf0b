# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for all domains and all DNS answers; the cases stand beside the lookup mx."""

from __future__ import annotations

import json

import dns.rdata
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import domain_name, evaluate
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Answer, Attempt, Nameserver, Status

SERVER = Nameserver("192.0.2.53", 53)

labels = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=2, max_size=4).map(".".join)
answered = st.sampled_from([Status.ANSWER, Status.NODATA, Status.NXDOMAIN])
statuses = st.sampled_from(list(Status))


def answer(name: str, rdtype: str, status: Status, records: list[str]) -> Answer:
    """Make an answer; records only where the status has some."""
    found = [dns.rdata.from_text("IN", rdtype, record) for record in records] if status is Status.ANSWER else []
    return Answer(name, rdtype, status, (Attempt(SERVER, status),), tuple(found), canonical=name)


@given(st.text(max_size=80) | hosts | hosts.map(str.upper))
def test_a_domain_name_is_ascii_and_stays_as_it_is(text: str) -> None:
    complaint = ""
    try:
        name = domain_name(text)
    except ValueError as exc:
        name, complaint = "", str(exc)
    if not name:
        assert complaint.startswith(repr(text))
        assert complaint.endswith(".")
        return
    assert name.isascii()
    assert name == name.lower()
    assert not name.endswith(".")
    assert domain_name(name) == name
    assert domain_name(name + ".") == name


@given(st.lists(st.tuples(st.integers(0, 65535), hosts), min_size=1, max_size=8, unique=True), st.data())
def test_exchangers_are_in_order_and_nothing_is_lost(targets: list[tuple[int, str]], data: st.DataObject) -> None:
    mx = answer("example.com", "MX", Status.ANSWER, [f"{preference} {host}." for preference, host in targets])
    addresses = {
        (host, rdtype): answer(host, rdtype, data.draw(answered), [address])
        for _preference, host in targets
        for rdtype, address in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"))
    }
    found = evaluate("example.com", mx, addresses)
    assert [(exchanger.preference, exchanger.name) for exchanger in found.exchangers] == sorted(targets)
    assert found.status == "found"
    for exchanger in found.exchangers:
        assert bool(exchanger.problem) is bool(exchanger.text)
        assert bool(exchanger.addresses) is (exchanger.problem != "unresolvable")
    json.dumps(found.as_dict())


@given(statuses, statuses, statuses)
def test_every_answer_has_a_result(mx: Status, a: Status, aaaa: Status) -> None:
    """Whatever DNS says: a result without failure has a receiver or says that there is none."""
    found = evaluate(
        "example.com",
        answer("example.com", "MX", mx, ["10 example.com."]),
        {
            ("example.com", "A"): answer("example.com", "A", a, ["192.0.2.1"]),
            ("example.com", "AAAA"): answer("example.com", "AAAA", aaaa, ["2001:db8::1"]),
        },
    )
    assert (found.status == "error") is (found.failure is not None)
    if found.failure:
        assert found.failure.text.startswith("example.com: ")
        assert not found.exchangers
    else:
        assert [exchanger.name for exchanger in found.exchangers] == ["example.com"]
