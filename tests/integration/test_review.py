# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The review shows what the run then does, on all hosts, whatever becomes of one of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from mail_reports import HOSTILE
from playbook import ROOT, run_playbook

if TYPE_CHECKING:
    from conftest import Site

SCHEMA = json.loads((ROOT / "docs" / "schema" / "review-1.schema.json").read_text(encoding="utf-8"))
HERE = Path(__file__).parent


def read(directory: Path) -> dict[str, Any]:
    """Return review.json of a folder, which keeps to the schema."""
    found: dict[str, Any] = json.loads((directory / "review.json").read_text(encoding="ascii"))
    jsonschema.validate(found, SCHEMA)
    assert {path.name for path in directory.iterdir()} == {"index.html", "review.md", "review.json"}
    return found


def test_a_review_shows_what_the_run_then_does(site: Site, tmp_path: Path) -> None:
    before = site.contents()
    review = site.run("opendomino.mail.review", review_directory=str(tmp_path / "review"))
    assert review.returncode == 0, review.output
    assert site.contents() == before
    # Drift: the same, and each host on which something would change fails.
    drift = site.run("opendomino.mail.review", "--check", review_directory=str(tmp_path / "review"))
    assert drift.returncode == 2, drift.output
    assert {failure.host for failure in drift.failures() if "differs from the inventory" in failure.msg} == set(
        site.hosts
    )
    assert not [r for r in drift.results if r.action.endswith("mail_report") and r.changed]
    assert site.contents() == before

    run = run_playbook(
        str(HERE / "run_and_report.yml"),
        site.inventory,
        "--diff",
        extra={"directory": str(tmp_path / "run")},
        environment=site.environment,
    )
    assert run.returncode == 0, run.output
    shown, done = read(tmp_path / "review"), read(tmp_path / "run")
    assert shown["changes"] == done["changes"] != []
    # Not only by our own word: the diffs of the run have as many lines.
    written = [part for r in run.results if r.action.endswith("directory_documents") and r.changed for part in r.diff]
    lines = [line for part in written for line in part["after"].splitlines()]
    items = [change for change in shown["changes"] if change["kind"] == "document"]
    assert len(lines) == len(items)
    for change in items:
        assert any(f"[{change['name']}]: " in line or line.startswith(f"{change['name']}: ") for line in lines), change
    sent = [change["name"] for change in shown["changes"] if change["kind"] == "console"]
    assert sorted(sent) == sorted(
        command
        for r in run.results
        if r.action.endswith("console")
        for d in r.diff
        for command in d["after"].splitlines()
    )
    assert {(change["kind"], change["scope"]) for change in shown["changes"]} >= {
        ("document", "host"),
        ("document", "notes_domain"),
        ("notes_ini", "host"),
        ("console", "host"),
    }
    assert all(change["evidence"] for change in shown["changes"])

    again = site.run("opendomino.mail.review", "--check", review_directory=str(tmp_path / "again"))
    assert again.returncode == 0, again.output
    assert read(tmp_path / "again")["changes"] == []
    assert {host["status"] for host in read(tmp_path / "again")["hosts"]} == {"unchanged"}


def test_a_host_that_cannot_be_looked_at_is_on_the_page(
    untouched: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_CONNECTION_PLUGINS", str(ROOT / "tests" / "support" / "connection_plugins"))
    inventory = json.loads(untouched.inventory.read_text(encoding="utf-8"))
    hosts = inventory["domino"]["hosts"]
    about = {"domino_host_name": "mail09.example.com", "ansible_connection": "dead"}
    hosts["dead"] = {**hosts["mail02.example.com"], **about, "domino_server_name": "Mail09/Acme"}
    hosts["mail02.example.com"] = {**hosts["mail02.example.com"], "domino_data_directory": "/nonexistent"}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory), encoding="utf-8")
    run = run_playbook(
        "opendomino.mail.review",
        path,
        extra={"review_directory": str(tmp_path / "review")},
        environment=untouched.environment,
    )
    assert run.returncode == 2, run.output
    found = read(tmp_path / "review")
    states = {host["name"]: (host["status"], host["notes_domain"]) for host in found["hosts"]}
    assert states == {
        "dead": ("unreachable", "ACME"),
        "mail01.example.com": ("changes", "ACME"),
        "mail02.example.com": ("failed", "ACME"),
    }
    reasons = {host["name"]: host["reason"] for host in found["hosts"]}
    assert "<b>no route</b> {{ 7 * 7 }} \\x1b[31m" in reasons["dead"]
    assert "/nonexistent" in reasons["mail02.example.com"]
    assert "<b>" not in (tmp_path / "review" / "index.html").read_text(encoding="utf-8")
    assert [c for c in found["changes"] if c["host"] == "mail01.example.com" and c["kind"] == "console"]
    ends = {failure.host for failure in run.failures() if "could not be looked at" in failure.msg}
    assert ends == {"dead", "mail02.example.com"}


def test_a_part_of_the_fleet_has_a_page_of_its_own(untouched: Site, tmp_path: Path) -> None:
    # As a job slice has it, and --limit.
    run = untouched.run(
        "opendomino.mail.review", "--limit", "mail02.example.com", review_directory=str(tmp_path), review_verify=False
    )
    assert run.returncode == 0, run.output
    found = read(tmp_path)
    assert [host["name"] for host in found["hosts"]] == ["mail02.example.com"]
    assert {change["scope"] for change in found["changes"]} == {"host"}


def test_a_verification_is_read_on_the_same_page(untouched: Site, tmp_path: Path) -> None:
    # Nothing listens yet, so the role fails; what it found is given as a fact, as of a role that tells it.
    result = {
        "host": "mail01.example.com",
        "server_name": "Mail01/Acme",
        "notes_domain": "ACME",
        "host_name": "mail01.example.com",
        "internet_domain": "example.com",
        "passed": False,
        "findings": [
            {"id": "banner", "severity": "required", "host": "mail01.example.com", "found": HOSTILE.replace("{", "(")}
        ],
    }
    run = untouched.run(
        "opendomino.mail.verify",
        "--limit",
        "mail01.example.com",
        verify_directory=str(tmp_path),
        verify_mail_retries=0,
        verify_mail_delay=0,
        verify_mail_result=result,
    )
    assert run.returncode == 2, run.output
    assert "is not as it has to be" in run.failures()[-1].msg
    found = read(tmp_path)
    assert found["kind"] == "verification"
    assert [(host["name"], host["status"]) for host in found["hosts"]] == [("mail01.example.com", "not_passed")]
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>window" not in page
    assert "\x1b" not in page + (tmp_path / "review.md").read_text(encoding="utf-8")


def test_the_report_is_written_once_and_says_what_is_wrong(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("domino: {hosts: {localhost: {ansible_connection: local}}}\n", encoding="utf-8")
    playbook = tmp_path / "report.yml"
    playbook.write_text(
        "- hosts: domino\n  gather_facts: false\n  tasks:\n"
        "    - opendomino.mail.mail_report: {directory: '{{ to }}', results: '{{ results }}', title: '{{ title }}'}\n",
        encoding="utf-8",
    )
    extra = {
        "to": str(tmp_path / "a" / "b"),
        "results": [{"host": "mail01.example.com"}],
        "title": HOSTILE.replace("{", "("),
    }
    check = run_playbook(str(playbook), inventory, "--check", "--diff", extra=extra)
    assert check.returncode == 0, check.output
    assert check.changed_tasks() == {"localhost": 1}
    assert "\x1b[31mred" not in check.output
    before = {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()}
    assert sorted(before) == ["index.html", "review.json", "review.md"]
    again = run_playbook(str(playbook), inventory, extra=extra)
    assert again.changed_tasks() == {"localhost": 0}
    assert {path.name: path.read_bytes() for path in (tmp_path / "a" / "b").iterdir()} == before

    wrong = run_playbook(str(playbook), inventory, extra={**extra, "results": [{"name": "mail01.example.com"}]})
    assert ["results, entry 1 has no host. Nothing was written." in f.msg for f in wrong.failures()] == [True], (
        wrong.output
    )
    inventory_file = run_playbook(str(playbook), inventory, extra={**extra, "to": str(inventory)})
    assert ["cannot be written" in f.msg for f in inventory_file.failures()] == [True], inventory_file.output
