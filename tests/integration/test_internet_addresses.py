# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internet addresses of a whole Notes domain, and of people that the roles know by name only."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site

PLAYBOOK = "opendomino.mail.internet_addresses"
BOTH = {"CN=Jane Doe/O=Acme": "jane.doe@example.com", "CN=John Smith/O=Acme": "john.smith@example.com"}


def addresses(site: Site) -> dict[str, str]:
    return {
        items["FullName"][0]: items.get("InternetAddress", "") for items in site.items("mail01.example.com", "Person")
    }


def test_everybody_has_an_address_and_the_check_run_told_so(site: Site, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    wanted = {
        "internet_addresses_plan_file": str(plan),
        "internet_addresses_report_file": str(tmp_path / "report.json"),
    }
    before = site.contents()
    check = site.run(PLAYBOOK, "--check", "--diff", **wanted)
    assert check.returncode == 0, check.output
    assert site.contents() == before
    rows = list(csv.DictReader(plan.read_text(encoding="utf-8").splitlines()))
    assert [row["after"] for row in rows] == sorted(BOTH.values())
    assert "+Jane Doe/Acme: jane.doe@example.com" in check.output

    run = site.run(PLAYBOOK, "--diff", **wanted)
    assert run.returncode == 0, run.output
    assert run.changes() == check.changes()
    assert run.changed_tasks() == {"mail01.example.com": 1, "mail02.example.com": 0}, (
        "people belong to the whole Notes domain"
    )
    assert addresses(site) == BOTH
    assert "[mail01.example.com] 2 people are meant, 2 are to be given an Internet address" in run.output

    again = site.run(PLAYBOOK, **wanted)
    assert again.changed_tasks() == dict.fromkeys(site.hosts, 0), again.output
    assert "'missing': 0" in again.output.replace('"', "'")


def test_more_than_the_limit_has_to_be_confirmed(site: Site) -> None:
    refused = site.run(PLAYBOOK, internet_addresses_limit_changes="50%")
    assert refused.returncode != 0
    (failure,) = refused.failures()
    assert "2 of 2 people would be given an Internet address" in failure.msg
    assert "Nothing was changed." in failure.msg
    assert set(addresses(site).values()) == {""}
    confirmed = site.run(PLAYBOOK, internet_addresses_limit_changes="50%", internet_addresses_confirm_changes=2)
    assert confirmed.returncode == 0, confirmed.output
    assert addresses(site) == BOTH


def test_people_who_are_listed_without_an_address_get_one_with_all_else(site: Site) -> None:
    people = [
        {"user_name": "Jane Doe/Acme"},
        {"user_name": "John Smith/Acme", "internet_address": "jane.doe@example.com"},
    ]
    check = site.run("opendomino.mail.send_mail", "--check", "--diff", domino_people=people)
    assert check.returncode == 0, check.output
    assert set(addresses(site).values()) == {""}
    run = site.run("opendomino.mail.send_mail", "--diff", domino_people=people)
    assert run.returncode == 0, run.output
    assert run.changes() == check.changes()
    assert addresses(site) == {
        "CN=Jane Doe/O=Acme": "jane.doe2@example.com",
        "CN=John Smith/O=Acme": "jane.doe@example.com",
    }
    again = site.run("opendomino.mail.send_mail", domino_people=people)
    assert again.changed_tasks() == dict.fromkeys(site.hosts, 0), again.output
    lost = site.run("opendomino.mail.send_mail", domino_people=[{"user_name": "Nobody Here/Acme"}])
    assert "There is no Person document of nobody here/acme" in lost.failures()[0].msg
