# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input gets a clear error from the roles, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Site

CASES = yaml.safe_load((Path(__file__).parent / "bad_input.yml").read_text(encoding="utf-8"))
DNS_CASES: list[dict[str, Any]] = [
    {"id": "no MX record", "vars": {"receive_mail_domains": ["nosuch.example.com"]}, "says": ["nosuch.example.com"]},
    {
        "id": "MX records that point elsewhere",
        "vars": {"receive_mail_domains": ["example.com", "example.org"]},
        "says": ["example.org -> mx.example.org", "Nothing was changed on this host by receive_mail."],
    },
    {
        "id": "a host name that leads to another address",
        "vars": {"receive_mail_addresses": ["192.0.2.99"]},
        "says": ["192.0.2.99", "Nothing was changed on this host by receive_mail."],
    },
]


def check(site: Site, playbook: str, case: dict[str, Any]) -> None:
    """Run a case; each of its hosts must fail, with all that the error has to say."""
    before = site.contents()
    hosts = case.get("hosts", site.hosts)
    run = site.run(playbook, "--limit", ",".join(hosts), **case["vars"])
    assert run.returncode != 0, run.output
    failures = {failure.host: failure.msg for failure in run.failures()}
    assert sorted(failures) == sorted(hosts), run.output
    for message in failures.values():
        for text in case["says"]:
            assert text in message
        assert "Traceback" not in message
    assert site.contents() == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_send_mail_refuses(untouched: Site, case: dict[str, Any]) -> None:
    check(untouched, "opendomino.mail.send_mail", case)


@pytest.mark.parametrize("case", DNS_CASES, ids=lambda case: case["id"])
def test_receive_mail_refuses(untouched: Site, case: dict[str, Any]) -> None:
    check(untouched, "opendomino.mail.receive_mail", case)


def test_site_refuses_before_the_first_write(untouched: Site) -> None:
    """What receive_mail refuses is refused before anything of send_mail is written."""
    wrong = {"receive_mail_domains": ["example.com", "example.org"]}
    case = {"vars": wrong, "says": ["example.org -> mx.example.org", "on this host by send_mail and receive_mail."]}
    check(untouched, "opendomino.mail.site", case)


def test_a_secret_that_is_empty_masks_nothing(untouched: Site) -> None:
    run = untouched.run("opendomino.mail.site", domino_rest_password="")
    assert not any("********" in str(result.msg) for result in run.results), run.output


def test_a_host_that_is_not_set_up_does_not_pass_verification(untouched: Site) -> None:
    run = untouched.run("opendomino.mail.verify", verify_mail_retries=1, verify_mail_delay=0)
    assert run.returncode != 0
    assert {failure.host for failure in run.failures()} == set(untouched.hosts)
    assert all("Connection refused" in failure.msg for failure in run.failures())
