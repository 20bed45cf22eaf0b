# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball holds what users need and nothing else, and all of it works from there."""

from __future__ import annotations

import json
import re
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Installation

TOP = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "LICENSES", "README.md", "SECURITY.md"),
    "execution-environment.yml",
    *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"),
    *("FILES.json", "MANIFEST.json"),
}
COLLECTION = "opendomino.mail."


@pytest.fixture(scope="module")
def names(installation: Installation) -> list[str]:
    """Return the files in the tarball."""
    with tarfile.open(installation.tarball) as tar:
        return [member.name for member in tar.getmembers() if member.isfile()]


def test_the_tarball_holds_what_users_need(names: list[str]) -> None:
    assert {name.split("/")[0] for name in names} == TOP
    assert {name.split("/")[1] for name in names if name.startswith("docs/")} == {"docsite", "schema"}
    assert {"meta/runtime.yml", "meta/execution-environment.yml", "changelogs/config.yaml"} <= set(names)
    assert [name for name in names if name.endswith((".pyc", ".orig", "~")) or "/." in name] == []


def test_it_says_what_it_is(installation: Installation) -> None:
    manifest = json.loads((installation.collection / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]
    assert (manifest["namespace"], manifest["name"]) == ("opendomino", "mail")
    assert manifest["license_file"] == "COPYING"
    assert manifest["dependencies"] == {}
    runtime = yaml.safe_load((installation.collection / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == ">=2.16.0"


def test_each_role_has_a_readme(installation: Installation) -> None:
    """Galaxy refuses a collection in which one is missing."""
    for role in (installation.collection / "roles").iterdir():
        assert (role / "README.md").read_text(encoding="utf-8").splitlines()[4] == f"# {role.name}"


@pytest.mark.parametrize("kind", ["module", "lookup", "filter", "inventory", "role"])
def test_ansible_doc_shows_everything(installation: Installation, kind: str, tmp_path: Path) -> None:
    folder = installation.collection / ("roles" if kind == "role" else f"plugins/{kind.replace('module', 'modules')}")
    wanted = {path.stem for path in folder.iterdir() if not path.name.startswith("_")}
    if kind == "filter":
        wanted = {path.stem for path in folder.glob("*.yml")}
    listed = installation.run(["ansible-doc", "-t", kind, "--list", "--json", COLLECTION[:-1]], tmp_path)
    assert {name.removeprefix(COLLECTION) for name in json.loads(listed.stdout)} == wanted
    shown = installation.run(["ansible-doc", "-t", kind, *(COLLECTION + name for name in sorted(wanted))], tmp_path)
    assert not re.search(r"\[(ERROR|WARNING)\]|^ERROR!", shown.stdout, re.MULTILINE), shown.stdout[:2000]
    assert shown.stdout.count("(" + str(installation.collection)) >= len(wanted), shown.stdout[:2000]


def test_playbooks_pass_the_syntax_check(installation: Installation, tmp_path: Path) -> None:
    playbooks = sorted(path.stem for path in (installation.collection / "playbooks").glob("*.yml"))
    assert "site" in playbooks
    command = ["ansible-playbook", "--syntax-check", "-i", "mail01,", *(COLLECTION + name for name in playbooks)]
    installation.run(command, tmp_path)


def test_the_example_inventory_is_one(installation: Installation, tmp_path: Path) -> None:
    example = installation.collection / "examples" / "inventory" / "acme.yml"
    graph = installation.run(["ansible-inventory", "-i", str(example), "--graph"], tmp_path)
    assert "mail02.example.com" in graph.stdout
