# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever writes a file writes none that somebody else chose, and none that cannot be replaced without saying so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playbook import run_playbook

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

NOBODY = 65534
NO_SERVER: dict[str, Any] = {"url": "http://127.0.0.1:9", "username": "nobody", "password": "secret-word"}
SERVER = {"form": "ServerConfig", "match": {"server_name": "*"}, "settings": {"external_smtp": "enabled"}}
RECORDING = {"parts": [{"release": "14.0", "smtp": {"replies": [], "ended": None}}]}
ADDRESSES = {**NO_SERVER, "internet_domain": "example.com", "global_domains": []}
RESOLVER = {"nameservers": ["192.0.2.53"], "resolv_conf": "/nonexistent/resolv.conf"}
RECORD = {"name": "example.com.", "type": "MX", "values": ["10 mx.example.com."]}

#: module, the option that names a file, the other options, what the file holds before
WRITERS: list[tuple[str, str, dict[str, Any], str]] = [
    ("notes_ini", "path", {"settings": [{"name": "A", "value": "2"}]}, "[Notes]\nA=1\n"),
    ("server_tasks", "path", {"present": ["SMTP"], "backup": True}, "[Notes]\nServerTasks=Router\n"),
    ("one_touch_setup", "path", {"server_tasks": ["SMTP"]}, "{}\n"),
    ("directory_documents", "path", {"output": "dxl", "documents": [SERVER]}, ""),
    ("host_resolver", "resolv_conf", {"nameservers": ["192.0.2.53"], "method": "file"}, "nameserver 192.0.2.1\n"),
    ("host_resolver", "systemd_resolved_drop_in", {**RESOLVER, "method": "systemd_resolved"}, ""),
    ("host_resolver", "network_manager_drop_in", {**RESOLVER, "method": "network_manager"}, ""),
    ("dns_records", "snippet_path", {"records": [RECORD]}, ""),
    ("internet_addresses", "plan_file", ADDRESSES, ""),
    ("internet_addresses", "report_file", ADDRESSES, ""),
    ("internet_addresses", "progress_file", ADDRESSES, ""),
]
NAMES = {"plan_file": "plan.csv", "report_file": "findings.json"}


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a link that belongs to somebody else")
@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize(("module", "option", "more", "before"), WRITERS, ids=[f"{w[0]} {w[1]}" for w in WRITERS])
def test_a_module_does_not_write_through_a_planted_link(
    tmp_path: Path, module: str, option: str, more: dict[str, Any], before: str, check: bool
) -> None:
    victim = tmp_path / "victim"
    victim.write_text(before, encoding="utf-8")
    link = _shared(tmp_path) / NAMES.get(option, "link")
    link.symlink_to(victim)
    os.lchown(link, NOBODY, NOBODY)
    result = run_module(module, {**more, option: str(link)}, check=check)
    assert result["failed"], result
    assert f"{link} is a symbolic link to {victim}" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert victim.read_text("utf-8") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shared", "victim"]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a link that belongs to somebody else")
@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
def test_a_recording_is_not_written_into_a_planted_directory(tmp_path: Path, check: bool) -> None:
    theirs = _planted_directory(tmp_path)
    result = run_module("recording", {**RECORDING, "directory": str(tmp_path / "shared" / "link")}, check=check)
    assert result["failed"], result
    assert "is a symbolic link to" in result["msg"]
    assert list(theirs.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a link that belongs to somebody else")
@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["run", "check mode"])
def test_a_report_is_not_written_into_a_planted_directory(tmp_path: Path, arguments: list[str]) -> None:
    theirs = _planted_directory(tmp_path)
    inventory, playbook = tmp_path / "inventory.yml", tmp_path / "report.yml"
    inventory.write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n", encoding="utf-8")
    playbook.write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - opendomino.mail.mail_report: {directory: '{{ to }}', results: [{host: mail01}]}\n",
        encoding="utf-8",
    )
    run = run_playbook(str(playbook), inventory, *arguments, extra={"to": str(tmp_path / "shared" / "link" / "review")})
    assert ["is a symbolic link to" in str(failure.msg) for failure in run.failures()] == [True], run.output
    assert list(theirs.iterdir()) == []


def _shared(directory: Path) -> Path:
    """Return a directory for everybody, like /tmp."""
    shared = directory / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    return shared


def _planted_directory(tmp_path: Path) -> Path:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    link = _shared(tmp_path) / "link"
    link.symlink_to(theirs)
    os.lchown(link, NOBODY, NOBODY)
    return theirs


# ---------------------------------------------------------------------------------- a file that is a mount of its own

#: Runs a module in a mount namespace of its own, where its file is mounted over itself.
MOUNTED = 'mount --bind "$1" "$1" && exec "$2" -m "ansible_collections.opendomino.mail.plugins.modules.$3" "$4"'


def _run_on_mount(tmp_path: Path, module: str, file: Path, options: dict[str, Any], *, check: bool) -> dict[str, Any]:
    arguments = {
        **options,
        "path": str(file),
        "_ansible_check_mode": check,
        "_ansible_remote_tmp": str(tmp_path),
        "_ansible_tmpdir": str(tmp_path),
    }
    argsfile = tmp_path / "args.json"
    argsfile.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
    unshare = [shutil.which("unshare") or "unshare", "--map-root-user", "--mount", "/bin/sh", "-c", MOUNTED, "sh"]
    done = subprocess.run(
        [*unshare, str(file), sys.executable, module, str(argsfile)],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4] / ".collections")},
    )
    result: dict[str, Any] = json.loads(done.stdout)
    assert "Traceback" not in done.stderr.decode()
    return result


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize(("module", "option", "more", "before"), WRITERS[:3], ids=[w[0] for w in WRITERS[:3]])
def test_a_file_that_is_a_mount_is_refused_with_a_remedy(
    tmp_path: Path, module: str, option: str, more: dict[str, Any], before: str, check: bool
) -> None:
    assert option == "path"
    file = tmp_path / "data" / "notes.ini"
    file.parent.mkdir()
    file.write_text(before, encoding="utf-8")
    result = _run_on_mount(tmp_path, module, file, more, check=check)
    assert result["failed"], result
    for text in (
        str(file),
        "is a mount of its own",
        "Nothing was changed.",
        "Mount the directory that holds it instead",
    ):
        assert text in result["msg"]
    assert ("unsafe_writes" in result["msg"]) == (module == "one_touch_setup")
    assert file.read_text("utf-8") == before
    assert list(file.parent.iterdir()) == [file]


def test_one_touch_setup_writes_in_place_where_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "data" / "setup.json"
    file.parent.mkdir()
    file.write_text('{"comment": "a text that is longer than what comes after it, and then some more"}\n', "utf-8")
    options = {"server_tasks": ["SMTP"], "unsafe_writes": True}
    checked = _run_on_mount(tmp_path, "one_touch_setup", file, options, check=True)
    assert checked["changed"], checked
    done = _run_on_mount(tmp_path, "one_touch_setup", file, {**options, "backup": True}, check=False)
    assert done["changed"], done
    assert json.loads(file.read_text("utf-8"))["serverSetup"]["server"]["serverTasks"] == "SMTP"
    assert sorted(file.parent.iterdir()) == sorted([file, Path(done["backup_file"])])
