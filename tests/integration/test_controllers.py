# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs the collection beside ansible-playbook: ansible-runner, ansible-pull, and images for them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from playbook import ROOT

if TYPE_CHECKING:
    from conftest import Site

PROGRAMS = Path(sys.executable).parent
COLLECTION = ROOT / ".collections" / "ansible_collections" / "opendomino" / "mail"


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


def _run(*command: str, environment: dict[str, str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _import(playbook: str) -> str:
    return yaml.safe_dump([{"name": "Mail", "ansible.builtin.import_playbook": playbook}])


def test_ansible_runner_runs_the_site_playbook(site: Site, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("project", "inventory"):
        (data / folder).mkdir(parents=True)
    (data / "project" / "site.yml").write_text(_import("opendomino.mail.site"), encoding="utf-8")
    shutil.copy(site.inventory, data / "inventory" / "hosts.json")
    command = (str(PROGRAMS / "ansible-runner"), "run", str(data), "-p", "site.yml", "--ident", "first")
    done = _run(*command, environment={**_environment(tmp_path), **site.environment})
    assert done.returncode == 0, done.stdout + done.stderr
    events = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (data / "artifacts" / "first" / "job_events").glob("*.json")
    ]
    (stats,) = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    assert sorted(stats["ok"]) == site.hosts
    assert not stats["failures"]
    password = next(iter(site.handshake["servers"].values()))["rest_password"]
    assert password not in json.dumps(events)
    assert site.run("opendomino.mail.site").changed_tasks() == dict.fromkeys(site.hosts, 0)


def test_each_host_pulls_and_converges_itself(site: Site, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "pull.yml").write_text(_import("opendomino.mail.pull"), encoding="utf-8")
    known = json.loads(site.inventory.read_text(encoding="utf-8"))
    python = "{{ ansible_playbook_python }}"
    known["ungrouped"] = {"hosts": {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": python}}}
    (repository / "inventory.json").write_text(json.dumps(known), encoding="utf-8")
    environment = {**_environment(tmp_path), **site.environment}
    author = ("-c", "user.name=Acme", "-c", "user.email=acme@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*author, "commit", "-q", "-m", "The fleet")):
        done = _run("git", *arguments, environment=environment, cwd=repository)
        assert done.returncode == 0, done.stderr
    for host in reversed(site.hosts):
        pull = [str(PROGRAMS / "ansible-pull"), "-U", f"file://{repository}", "-d", str(tmp_path / f"of-{host}")]
        found = [*pull, "-i", str(tmp_path / f"of-{host}" / "inventory.json"), "-l", f"localhost,{host}", "pull.yml"]
        done = _run(*found, "-e", f"pull_host={host}", environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    assert site.run("opendomino.mail.site").changed_tasks() == dict.fromkeys(site.hosts, 0)
    before = site.contents()
    stranger = _run(*found, "-e", "pull_host=mail99.example.com", environment=environment)
    assert stranger.returncode != 0
    assert (
        "mail99.example.com is not among the Domino hosts of the inventory (mail01.example.com, mail02.example.com)."
        in stranger.stdout
    )
    assert site.contents() == before


def test_the_context_of_an_image_is_made(tmp_path: Path) -> None:
    context = tmp_path / "context"
    builder, environment = str(PROGRAMS / "ansible-builder"), _environment(tmp_path)
    done = _run(
        builder, "create", "-f", str(ROOT / "execution-environment.yml"), "-c", str(context), environment=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = (context / "Containerfile").read_text(encoding="utf-8").splitlines()
    definition = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))
    assert f'ARG EE_BASE_IMAGE="{definition["images"]["base_image"]["name"]}"' in steps
    assert "from $ee_base_image as base" in [step.lower() for step in steps]
    requirements = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [collection["name"] for collection in requirements["collections"]] == ["opendomino.mail"]


def test_an_image_has_what_the_collection_needs(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections" / "opendomino" / "mail"
    place.mkdir(parents=True)
    shutil.copytree(COLLECTION / "meta", place / "meta")
    shutil.copy(COLLECTION / "galaxy.yml", place)
    done = _run(str(PROGRAMS / "ansible-builder"), "introspect", str(tmp_path), environment=_environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dnspython" in done.stdout
