# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A delegated task asks the mail host, whatever Ansible redefines for the delegate.

In a delegated task Ansible defines `ansible_host` and others for the delegate where the host itself has none, so that
an expression that reads them names the controller. `hostvars[inventory_hostname]` has those of the host.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from playbook import ROOT, run_playbook

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What Ansible redefines for a delegate: how to connect, and how to become another user there.
REDEFINED = re.compile(
    r"\bansible_(?:host|port|user|connection|password|ssh_\w+|python_interpreter|shell_\w+|remote_\w+|become\w*|sudo\w*)\b"
)
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
#: Keys whose values are expressions without braces.
CONDITION = re.compile(r"^\s*(?:when|until|that|failed_when|changed_when|loop):(.*)$", re.MULTILINE)


def files() -> Iterator[Path]:
    """Yield all that a role or playbook evaluates."""
    for folder in ("defaults", "vars", "tasks", "handlers", "templates"):
        yield from sorted(path for path in ROOT.glob(f"roles/*/{folder}/**/*") if path.is_file())
    yield from sorted((ROOT / "playbooks").rglob("*.yml"))


def read_for_a_delegate(text: str) -> list[str]:
    """Return what an expression in a text reads that a delegate has in another way."""
    expressions = [match.group() for match in EXPRESSION.finditer(text)]
    expressions += [match.group(1) for match in CONDITION.finditer(text)]
    return [
        match.group()
        for expression in expressions
        for match in REDEFINED.finditer(re.sub(r"hostvars\[inventory_hostname\]\.\w+", "", expression))
    ]


def test_the_search_finds_what_it_is_for() -> None:
    assert read_for_a_delegate("a: \"{{ ansible_host | default('x') }}\"") == ["ansible_host"]
    assert read_for_a_delegate("when: ansible_connection == 'local'") == ["ansible_connection"]
    assert read_for_a_delegate("{% if ansible_become_user %}") == ["ansible_become_user"]
    assert (
        read_for_a_delegate('a: "{{ hostvars[inventory_hostname].ansible_host | default(inventory_hostname) }}"') == []
    )
    assert read_for_a_delegate("vars:\n  ansible_become_user: root") == []


@pytest.mark.parametrize("path", list(files()), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_a_delegate_redefines_is_read(path: Path) -> None:
    assert read_for_a_delegate(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("variables", "asked"),
    [({}, "mail01.example.com"), ({"ansible_host": "192.0.2.11"}, "192.0.2.11")],
    ids=["as the documentation's inventories", "with ansible_host"],
)
def test_a_delegated_task_names_the_mail_host(tmp_path: Path, variables: dict[str, str], asked: str) -> None:
    inventory = {
        "domino": {"hosts": {"mail01.example.com": variables}},
        "outside": {"hosts": {"probe.example.org": {}}},
    }
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    seen = "{{ verify_mail_address }} and {{ record_smtp_address }}"
    tasks = [
        {"name": delegate, "ansible.builtin.debug": {"msg": f"asked {seen}"}, "delegate_to": delegate}
        for delegate in ("localhost", "probe.example.org")
    ]
    files = [str(ROOT / "roles" / role / "defaults" / "main.yml") for role in ("verify_mail", "record")]
    play = {"hosts": "domino", "gather_facts": False, "vars_files": files, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    extra = dict.fromkeys(("domino_server_name", "domino_host_name", "domino_internet_domain"), "x.example.com")
    run = run_playbook(str(tmp_path / "play.yml"), tmp_path / "inventory.yml", extra=extra)
    assert run.returncode == 0, run.output
    assert [result.msg for result in run.results] == [f"asked {asked} and {asked}"] * 2
