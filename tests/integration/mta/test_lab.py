# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against the simulated Domino, set up by the roles: closed to strangers, and blind to its own people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import Probe
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import probe_all

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.tests.integration.conftest import Site


def test_the_lab(site: Site) -> None:
    assert site.run().returncode == 0
    server = site.handshake["servers"]["mail01"]
    probe = Probe(
        server["address"],
        site.handshake["smtp_port"],
        expect_banner_host=server["host_name"],
        recipients_accepted=("jdoe@example.com",),
        recipients_refused=("someone@example.net",),
        relay_test=True,
    )
    (result,) = probe_all([probe], 10, 1)
    battery = result.transcript.relay
    assert battery is not None
    assert result.ok
    # Recipients of local domains are accepted unseen, as Domino does by default.
    assert battery.verdict == "undecided"
    assert battery.doubt.startswith("accepted, as every other local part of that domain is, relayed or not: percent")
    assert battery.proofs == ()
    assert {answer.outcome for answer in battery.answers if answer.case.proves} == {"refused"}
    assert [finding.id for finding in result.findings] == ["banner_version", "relay_undecided"]
