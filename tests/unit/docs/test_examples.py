# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows exists, and is accepted: files, tasks, options, settings, variables, names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from documentation import CHECKED, COMMANDS, GUIDES, OUTPUT, ROOT, Block, blocks, is_run, pages

from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.items import PUBLISHED, Catalogue
from ansible_collections.opendomino.mail.plugins.module_utils._directory.site_catalogue import merged
from dominolab import topology

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLLECTION = "opendomino.mail."
#: Keywords of a task that go with a module.
TASK_KEYWORDS = {
    *("become", "become_user", "delegate_to", "name", "no_log", "notify", "register", "vars", "when"),
    *("block", "changed_when", "failed_when", "rescue", "until"),
}
#: Variables of Ansible, and of the site itself.
OTHER_VARIABLES = re.compile(r"(ansible|vault)_\w+$")
ALL = [block for page in pages() for block in blocks(page)]
YAML_BLOCKS = [block for block in ALL if block.language == CHECKED]


def ids(block: Block) -> str:
    return block.where


def content(block: Block) -> Any:
    return yaml.safe_load(block.text)


# What a block is, by what it holds.


def plays(block: Block) -> list[dict[str, Any]]:
    return [e for e in _list(block) if {"hosts", "ansible.builtin.import_playbook"} & set(e)]


def tasks(block: Block) -> list[dict[str, Any]]:
    """Return all tasks of a block, those of its plays and blocks among them."""
    found: list[dict[str, Any]] = []
    for entry in _list(block):
        if "hosts" in entry:
            found += [task for part in ("pre_tasks", "tasks", "post_tasks", "handlers") for task in entry.get(part, [])]
        elif "name" in entry and "ansible.builtin.import_playbook" not in entry and len(entry) > 1:
            found.append(entry)
    for task in found:
        found += [inner for part in ("block", "rescue") for inner in task.get(part, [])]
    return [task for task in found if "block" not in task]


def _list(block: Block) -> list[dict[str, Any]]:
    whole = content(block)
    return whole if isinstance(whole, list) and all(isinstance(e, dict) for e in whole) else []


def kind(block: Block) -> str:
    whole = content(block)
    if isinstance(whole, list) and whole:
        first = set(whole[0])
        if {"form", "setting"} <= first:
            return "catalogue"
        if "form" in first:
            return "documents"
        return "playbook" if plays(block) else "tasks" if tasks(block) else "?"
    if not isinstance(whole, dict):
        return "?"
    if "plugin" in whole:
        return "inventory source"
    if "notes_domains" in whole:
        return "topology"
    if "collections" in whole:
        return "requirements"
    if set(whole) <= {"version", "dependencies", "images", "additional_build_files", "additional_build_steps"}:
        return "execution environment"
    if all(isinstance(v, dict) and set(v) <= {"hosts", "vars", "children"} for v in whole.values()):
        return "inventory"
    return "variables"


@pytest.mark.parametrize("block", ALL, ids=ids)
def test_each_example_is_checked_or_marked_as_something_to_look_at(block: Block) -> None:
    assert block.language in (CHECKED, COMMANDS, *OUTPUT), f"{block.where}: a block of {block.language!r}"
    if block.language == CHECKED:
        assert kind(block) != "?", f"{block.where}: nothing that is known here"
    if block.not_run:
        assert is_run(block.page), f"{block.where}: the page is not run at all"


# Options of modules and of the inventory plugin, and variables of roles.


@cache
def plugin_options(kind_of_plugin: str, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return what ansible-doc says about plugins, as argument specs."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-doc")), "-t", kind_of_plugin, "--json", *names],
        env={
            "PATH": "/usr/bin:/bin",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "HOME": str(ROOT / ".cache"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return {name: spec(doc["doc"].get("options", {})) for name, doc in json.loads(done.stdout).items()}


def spec(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return documented options as an argument spec. What the environment may say is not required here."""
    made: dict[str, Any] = {}
    for name, option in options.items():
        made[name] = {key: option[key] for key in ("type", "elements", "choices", "aliases") if key in option}
        made[name]["type"] = {"string": "str", "boolean": "bool", "integer": "int"}.get(
            option.get("type"), option.get("type")
        )
        if "environment variable" not in str(option.get("description")) and "env" not in option:
            made[name]["required"] = option.get("required", False)
        if "suboptions" in option or "options" in option:
            made[name]["options"] = spec(option.get("suboptions") or option["options"])
    return made


def problems(options: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with given options; of templates only the names of the options are looked at."""
    concrete = {name: value for name, value in given.items() if "{{" not in str(value)}
    relaxed = {name: {**option, "required": False} if name in given else option for name, option in options.items()}
    found = [f"no option {name}" for name in given if name not in options]
    return found + list(ArgumentSpecValidator(relaxed).validate(concrete).error_messages)


@cache
def role_specs() -> dict[str, dict[str, Any]]:
    """Return the variables of each role, all entry points together."""
    specs: dict[str, dict[str, Any]] = {}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values()
        specs[path.parents[1].name] = {k: v for e in entries for k, v in spec(e.get("options", {})).items()}
    return specs


@cache
def fleet_variables() -> frozenset[str]:
    """Return the `domino_...` variables that the roles and playbooks read."""
    read = [
        path
        for glob in ("roles/*/defaults/*.yml", "roles/*/vars/*.yml", "playbooks/**/*.yml")
        for path in ROOT.glob(glob)
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in read)
    return frozenset(re.findall(r"\bdomino_\w+\b", text))


def variable_problems(variables: Mapping[str, Any], page: Path) -> Iterator[str]:
    """Yield what is wrong with variables. One of the site's own has to be used on the same page."""
    for name, value in variables.items():
        owner = next((role for role in role_specs() if name.startswith(role + "_")), None)
        if owner:
            known = {k: {**v, "required": False} for k, v in role_specs()[owner].items()}
            yield from problems(known, {name: value})
        elif not (
            name in fleet_variables()
            or OTHER_VARIABLES.match(name)
            or re.search(r"\{\{[^}]*\b" + name + r"\b", page.read_text(encoding="utf-8"))
        ):
            yield f"no role reads {name}"


def all_variables(block: Block) -> Iterator[Mapping[str, Any]]:
    """Yield the variables that a block sets."""
    whole = content(block)
    if kind(block) == "variables":
        yield whole
    if kind(block) == "inventory":
        for group in whole.values():
            yield group.get("vars", {})
            yield from (host or {} for host in group.get("hosts", {}).values())
    yield from (entry["vars"] for entry in [*plays(block), *tasks(block)] if "vars" in entry)
    for play in plays(block):
        for role in play.get("roles", []):
            if isinstance(role, dict):
                yield {k: v for k, v in role.items() if k not in ("role", "vars", "tags", "when")}
                yield role.get("vars", {})


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=ids)
def test_variables_exist_and_take_what_they_are_given(block: Block) -> None:
    found = [problem for some in all_variables(block) for problem in variable_problems(some, block.page)]
    assert found == [], block.where


@pytest.mark.parametrize("block", [b for b in YAML_BLOCKS if tasks(b)], ids=ids)
def test_tasks_have_options_that_their_modules_take(block: Block) -> None:
    modules = tuple(f"{COLLECTION}{path.stem}" for path in sorted((ROOT / "plugins" / "modules").glob("*.py")))
    known = plugin_options("module", modules)
    for task in tasks(block):
        (action,) = set(task) - TASK_KEYWORDS
        if action.startswith(COLLECTION):
            assert problems(known[action], task[action]) == [], f"{block.where}: {task.get('name')}"


@pytest.mark.parametrize("block", [b for b in YAML_BLOCKS if kind(b) == "inventory source"], ids=ids)
def test_an_inventory_source_has_options_of_its_plugin(block: Block) -> None:
    whole = content(block)
    assert str(block.file_name).endswith("domino_directory.yml"), f"{block.where}: the plugin takes no other name"
    options = plugin_options("inventory", (whole["plugin"],))[whole["plugin"]]
    assert problems(options, whole) == [], block.where


# Documents and catalogues.


def catalogue_of(page: Path) -> Catalogue:
    """Return the published catalogue with what the page itself adds."""
    return merged(
        [
            row
            for block in blocks(page)
            if block.language == CHECKED and kind(block) == "catalogue"
            for row in content(block)
        ]
    )


def definitions(block: Block) -> Iterator[list[dict[str, Any]]]:
    if kind(block) == "documents":
        yield content(block)
    for task in tasks(block):
        for action in ("directory_documents", "one_touch_setup"):
            given = (task.get(COLLECTION + action) or {}).get("documents", [])
            if given and "{{" not in str(given):
                yield given
    for variables in all_variables(block):
        for role in ("send_mail", "receive_mail"):
            for part, form in (("server", "Server"), ("configuration", "ServerConfig")):
                for key in ("settings", "items"):
                    value = variables.get(f"{role}_{part}_{key}")
                    if value and "{{" not in str(value):
                        yield [{"form": form, "match": {"server_name": "Mail01/Acme"}, key: value}]


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=ids)
def test_documents_have_settings_of_the_catalogue(block: Block) -> None:
    catalogue = catalogue_of(block.page)
    for documents in definitions(block):
        assert len(define_all(documents, catalogue)) == len(documents), block.where


def test_there_are_examples_of_a_catalogue() -> None:
    assert any(catalogue_of(page) != PUBLISHED for page in pages() if page.suffix == ".rst")


# Files that Ansible and the lab read themselves.


@pytest.mark.parametrize("block", [b for b in YAML_BLOCKS if kind(b) == "inventory"], ids=ids)
def test_an_inventory_has_hosts_or_variables(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text(block.text, encoding="utf-8")
    manager = InventoryManager(loader=DataLoader(), sources=[str(path)])
    assert set(content(block)) <= set(manager.groups), block.where


@pytest.mark.parametrize("block", [b for b in YAML_BLOCKS if kind(b) == "topology"], ids=ids)
def test_a_topology_is_one_of_the_lab(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "topology.yml"
    path.write_text(block.text, encoding="utf-8")
    assert topology.load(path).domains


def test_playbooks_and_tasks_pass_the_syntax_check(tmp_path: Path) -> None:
    """One process for all: starting it is what takes time."""
    names = []
    for block in YAML_BLOCKS:
        if kind(block) not in ("playbook", "tasks"):
            continue
        text = block.text
        if kind(block) == "tasks":
            text = "- hosts: all\n  gather_facts: false\n  tasks:\n" + "".join(
                f"    {line}\n" for line in text.splitlines()
            )
        path = tmp_path / (re.sub(r"\W+", "-", block.where) + ".yml")
        path.write_text(text, encoding="utf-8")
        names.append(str(path))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "--syntax-check", "-i", "mail01,", *names],
        env={"PATH": "/usr/bin:/bin", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert names


# Names in the text.


def names_of_the_collection() -> set[str]:
    plugins = {path.stem for path in (ROOT / "plugins").glob("*/*") if not path.name.startswith("_")}
    return plugins | {path.stem for path in ROOT.glob("playbooks/*.yml")} | set(role_specs())


def facts() -> set[str]:
    """Return what the tasks of roles set for those who come after."""
    text = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("roles/*/tasks/*.yml"))
    return set(re.findall(r"^ +([a-z]\w+):", text, re.MULTILINE))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_name_in_the_text_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    used = set(re.findall(r"\bopendomino\.mail\.(?!docsite\b)([a-z]\w*)", text))
    assert used - names_of_the_collection() == set()
    options = {name for specs in role_specs().values() for name in specs} | fleet_variables()
    options |= {str(item.setting) for item in PUBLISHED.rows()} | facts()
    prefixes = "|".join([*role_specs(), "domino"])
    used = set(re.findall(rf"`((?:{prefixes})_\w*[a-z])`", text))
    assert used - options - names_of_the_collection() == set()


def test_every_guide_is_in_the_table_of_contents() -> None:
    sections = yaml.safe_load((GUIDES.parent / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [page for section in sections for page in section["toctree"]]
    assert sorted(listed) == sorted(path.stem for path in GUIDES.glob("*.rst"))


@pytest.mark.parametrize("block", [b for b in ALL if b.language == COMMANDS], ids=ids)
def test_commands_are_such_that_a_shell_understands(block: Block) -> None:
    done = subprocess.run(["/bin/bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{block.where}: {done.stderr}"
