# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_resolver in a process of its own, on a tree of real files.

Names are resolved with this machine's own resolver; tests/integration/dns gives a host one that the module has set.
What cannot be had here is systemd: a script stands for systemctl and notes what it is called with.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.tests.unit.plugins.modules._run_module import run_module

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def host(case: dict[str, Any], root: Path) -> dict[str, str]:
    """Make the host's files, and return the options that name them."""
    for name, content in case["tree"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for name, target in case.get("links", {}).items():
        (root / name).symlink_to(target)
    systemctl = root / "bin" / "systemctl"
    systemctl.parent.mkdir()
    end = "echo Job failed >&2; exit 1" if case.get("systemctl_fails") else "exit 0"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {root}/systemctl.log\n{end}\n', encoding="ascii")
    systemctl.chmod(0o755)
    return {
        "resolv_conf": str(root / "etc/resolv.conf"),
        "systemd_resolved_drop_in": str(root / "etc/systemd/resolved.conf.d/90-opendomino-mail.conf"),
        "network_manager_drop_in": str(root / "etc/NetworkManager/conf.d/90-opendomino-mail.conf"),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    places = host(case, tmp_path)
    env = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    arguments = {**places, **case["input"]}
    before = {name: (tmp_path / name).read_text("utf-8") for name in case["tree"]}
    result = run_module("host_resolver", arguments, check=case.get("check", False), diff=True, env=env)
    log = tmp_path / "systemctl.log"
    assert (log.read_text("ascii").splitlines() if log.exists() else []) == case.get("systemctl", [])
    for name, target in case.get("links", {}).items():
        assert str((tmp_path / name).readlink()) == target
    for name, content in {**(before if "error" in case else {}), **case.get("after", {})}.items():
        path = tmp_path / name
        assert (path.read_text("utf-8") if path.exists() else None) == content
    if "error" in case:
        assert result["failed"], result
        for text in case["error"]:
            assert text in result["msg"]
        assert result.get("rolled_back", False) is case.get("rolled_back", False)
        return
    assert not result["failed"], result
    assert {key: result[key] for key in case["output"]} == case["output"]
    if "diff" in case:
        assert {key: result["diff"][key] for key in case["diff"]} == case["diff"]
    if "backup" in case:
        assert Path(result["backup_file"]).read_text("utf-8") == case["backup"]
    if not case.get("check"):
        assert Path(result["path"]).stat().st_mode & 0o444 == 0o444
        again = run_module("host_resolver", arguments, env=env)
        assert again["changed"] is False, again


def test_a_new_file_is_readable_whatever_the_umask(tmp_path: Path) -> None:
    places = host({"tree": {"etc/resolv.conf": "nameserver 127.0.0.53\n", "etc/systemd/x": ""}}, tmp_path)
    env = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    before = os.umask(0o077)
    try:
        result = run_module("host_resolver", {**places, "nameservers": ["192.0.2.53"]}, env=env)
    finally:
        os.umask(before)
    assert result["changed"], result
    assert Path(result["path"]).stat().st_mode & 0o777 == 0o644
    assert Path(result["path"]).parent.stat().st_mode & 0o777 == 0o755
