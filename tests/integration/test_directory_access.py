# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a REST API in which nobody has set up anything to a managed Domino Directory, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Site

PLAYBOOK = "opendomino.mail.directory_access"


def overlay(site: Site, host: str) -> Path:
    return Path(site.server(host)["data_directory"]) / "keepconfig.d" / "opendomino-mail.json"


def restarts(site: Site, host: str) -> int:
    log = Path(site.server(host)["data_directory"]) / "IBM_TECHNICAL_SUPPORT" / "console.log"
    return log.read_text(encoding="utf-8").count("REST API: Started") - 1


def test_from_nothing_to_a_working_site_and_back(site_with: Callable[..., Site]) -> None:
    bare = site_with(provisioned=False)
    failed = bare.run("opendomino.mail.site")
    assert failed.returncode != 0
    assert {failure.host for failure in failed.failures()} == {"mail01.example.com", "mail02.example.com"}
    assert 'no scope "dominodirectory" can be seen' in failed.failures()[0].msg
    assert "Step 3 of 4 is missing, or step 1" in failed.failures()[0].msg
    before = bare.contents()

    check = bare.run(PLAYBOOK, "--check", "--diff")
    assert check.returncode == 0, check.output
    assert check.changed_tasks() == {"mail01.example.com": 3, "mail02.example.com": 0}, (
        "the overlay, the restart, schema and scope"
    )
    assert '"names.nsf": false' in check.output
    assert "+MailExternalSMTP" in check.output.replace("ServerConfig, ", "")
    assert not overlay(bare, "mail01.example.com").exists()
    assert restarts(bare, "mail01.example.com") == 0

    run = bare.run(PLAYBOOK, "--diff")
    assert run.returncode == 0, run.output
    assert run.changed_tasks() == check.changed_tasks()
    assert json.loads(overlay(bare, "mail01.example.com").read_text(encoding="utf-8")) == {
        "nsfExclusions": {"names.nsf": False}
    }
    assert restarts(bare, "mail01.example.com") == 1
    assert not overlay(bare, "mail02.example.com").exists(), "the other servers are left alone"
    assert bare.contents() == before, "no document and no notes.ini was touched"

    again = bare.run(PLAYBOOK, "--check", "--diff")
    assert again.changed_tasks() == {"mail01.example.com": 0, "mail02.example.com": 0}, again.output
    again = bare.run(PLAYBOOK)
    assert again.changed_tasks() == {"mail01.example.com": 0, "mail02.example.com": 0}, again.output
    assert restarts(bare, "mail01.example.com") == 1

    site = bare.run("opendomino.mail.site")
    assert site.returncode == 0, site.output

    gone = bare.run(PLAYBOOK, "--check", directory_access_state="absent")
    assert gone.changed_tasks() == {"mail01.example.com": 3, "mail02.example.com": 0}, gone.output
    gone = bare.run(PLAYBOOK, directory_access_state="absent")
    assert gone.changed_tasks() == {"mail01.example.com": 3, "mail02.example.com": 0}, gone.output
    assert not overlay(bare, "mail01.example.com").exists()
    gone = bare.run(PLAYBOOK, directory_access_state="absent")
    assert gone.returncode == 0, gone.output
    assert gone.changed_tasks() == {"mail01.example.com": 0, "mail02.example.com": 0}

    assert bare.run(PLAYBOOK).returncode == 0
    told = restarts(bare, "mail01.example.com")
    silent = bare.run(PLAYBOOK, directory_access_state="absent", directory_access_restart_commands=[])
    assert silent.returncode == 0, silent.output
    assert not overlay(bare, "mail01.example.com").exists()
    assert restarts(bare, "mail01.example.com") == told


def test_schema_and_scope_outlive_a_restart_of_the_server(site_with: Callable[..., Site]) -> None:
    bare = site_with(provisioned=False)
    run = bare.run(PLAYBOOK)
    assert run.returncode == 0, run.output
    bare.lab.stop("mail01.example.com")
    bare.lab.start("mail01.example.com")
    again = bare.run(PLAYBOOK)
    assert again.changed_tasks() == {"mail01.example.com": 0, "mail02.example.com": 0}, again.output
    nowhere = {"directory_access_rest_url": "http://127.0.0.11:1", "directory_access_retries": 1}
    failed = bare.run(PLAYBOOK, **nowhere, directory_access_delay=0)
    assert failed.returncode != 0
    assert "Domino REST API does not answer at http://127.0.0.11:1" in failed.failures()[-1].msg
    assert "Connection refused" in failed.failures()[-1].msg


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ({"user_access": "Editor"}, ["Step 4 of 4", "access level Designer in names.nsf"]),
        ({"keep_admin": False}, ["Step 4 of 4", "LocalKeepAdmins"]),
        ({"user_access": "Editor", "keep_admin": False}, ["access level Designer in names.nsf", "LocalKeepAdmins"]),
        ({"setup_api": False}, ["switched off", "versions"]),
    ],
)
def test_what_is_missing_is_named(site_with: Callable[..., Site], rest: dict[str, object], says: list[str]) -> None:
    site = site_with(provisioned=False, **rest)
    run = site.run(PLAYBOOK)
    assert run.returncode != 0
    (failure,) = run.failures()
    for part in (*says, "Nothing was changed."):
        assert part in failure.msg
    assert site.handshake["servers"]["mail01"]["rest_password"] not in run.output
