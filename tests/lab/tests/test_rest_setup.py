# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepconfig.d, and what outlives a restart of the task; the conversations are in test_rest.yml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dominolab.lab import Lab
from dominolab.rest_answers import ApiError
from dominolab.rest_setup import configuration
from dominolab.schema import ScopeSettings, stored
from dominolab.topology import load

ALWAYS = {"formulaType": "domino", "formula": "@True"}
MODE = {
    "modeName": "default",
    "fields": [{"name": "Form", "type": "string"}],
    "readAccessFormula": ALWAYS,
    "writeAccessFormula": ALWAYS,
    "deleteAccessFormula": ALWAYS,
}


def _overlays(path: Path, **files: Any) -> Path:
    (path / "keepconfig.d").mkdir()
    for name, content in files.items():
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        (path / "keepconfig.d" / f"{name}.json").write_bytes(text)
    return path


def test_overlays_merge_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = _overlays(
        tmp_path,
        b={"nsfExclusions": {"names.nsf": False, "mail/": True}},
        a={"nsfExclusions": {"names.nsf": True, "mail/": False}, "versions": {"setup": {"active": False}}},
        c={"versions": {"basis": {"active": True}}},
    )
    merged = configuration(ScopeSettings(provisioned=False), path)
    exclusions = merged["nsfExclusions"]
    assert (exclusions["names.nsf"], exclusions["mail/"], exclusions["help/"]) == (False, True, True)
    assert merged["versions"] == {"setup": {"active": False}, "basis": {"active": True}}


@pytest.mark.parametrize(
    ("settings", "excluded"),
    [({}, False), ({"provisioned": False}, True), ({"excluded": True}, True), ({"excluded": False}, False)],
)
def test_names_nsf_is_excluded_until_it_is_lifted(tmp_path: Path, settings: dict[str, Any], excluded: bool) -> None:
    assert configuration(ScopeSettings(**settings), tmp_path)["nsfExclusions"]["names.nsf"] is excluded


@pytest.mark.parametrize("content", [b"{", b'{"a": "\xe4"}'])
def test_an_overlay_that_is_not_json_in_utf_8_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(OSError, match=r"broken\.json in keepconfig\.d"):
        configuration(ScopeSettings(), _overlays(tmp_path, broken=content))


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ({"modeName": "With Blank"}, 400),
        ({"deleteAccessFormula": {"formulaType": "javascript", "formula": "true"}}, 400),
        ({"readAccessFormula": {"formulaType": "domino", "formula": '@Name = "x"'}}, 501),
        ({"fields": [{"name": "Form"}]}, 400),
        ({"fields": [{"name": "Form", "type": "text"}]}, 400),
    ],
)
def test_modes_that_are_refused(mode: dict[str, Any], status: int) -> None:
    with pytest.raises(ApiError) as caught:
        stored({"forms": [{"formName": "Server", "formModes": [{**MODE, **mode}]}]})
    assert caught.value.status == status


@pytest.mark.parametrize("form", [{"formName": "Server", "formModes": []}, {"formModes": [MODE]}])
def test_forms_that_are_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        stored({"forms": [form]})


TOPOLOGY = """
rest: {provisioned: false}
notes_domains:
  - name: ACME
    organization: Acme
    internet_domain: example.com
    administration_server: Mail01/Acme
    servers:
      - {name: Mail01/Acme, host_name: mail01.example.com}
"""


def test_the_task_reads_its_configuration_when_it_starts(tmp_path: Path) -> None:
    topology = tmp_path / "topology.yml"
    topology.write_text(TOPOLOGY, encoding="utf-8")
    lab = Lab(tmp_path / "lab")
    entry = lab.up(load(topology))["servers"]["mail01"]

    def tell(command: str) -> str:
        return "\n".join(lab.ask("mail01", {"command": command})["lines"])

    try:
        overlays = Path(entry["data_directory"]) / "keepconfig.d"
        overlays.mkdir()
        broken = overlays / "broken.json"
        broken.write_text("{", encoding="utf-8")
        said = tell("Restart Task restapi")
        assert "Error attempting to load or run restapi" in said
        assert "broken.json in keepconfig.d is not valid" in said
        assert "No such task in server" in tell("Restart Task restapi")
        broken.unlink()
        assert "REST API: Started" in tell("Load restapi")
        assert "REST API: Started" in tell("Tell restapi reload")
        assert "REST API: Started" in tell("Restart Task restapi")
    finally:
        lab.down()
