# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design as DXL: the same fields as the design in JSON, and the layout that data/layout.yml gives them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from xml.etree import ElementTree as ET

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

import dominolab
from dominolab import design, design_dxl
from dominolab.directory import Directory
from dominolab.faults import Faults
from dominolab.rest import RestApi
from dominolab.server import DominoServer

NAMESPACE = "{http://www.lotus.com/dxl}"
LAYOUT = yaml.safe_load((Path(dominolab.__file__).parent / "data" / "layout.yml").read_text(encoding="utf-8"))


def _root(forms: design.Design) -> ET.Element:
    return ET.fromstring(design_dxl.render(forms))  # noqa: S314 - the lab wrote it


def _element(root: ET.Element, kind: str, name: str) -> ET.Element:
    return next(e for e in root.findall(NAMESPACE + kind) if name in (e.get("alias"), e.get("name")))


def test_a_forms_own_fields_are_those_of_its_description() -> None:
    forms = design.load({"Server": {"remove": ["Domain"], "add": {"Extra": {"type": "number", "multiple": True}}}})
    root = _root(forms)
    for form in forms.values():
        described = {name: field for name, field in design.as_design_form(form).items() if name[:1] != "@"}
        found = {str(field.get("name")): field for field in _element(root, "form", form.name).iter(f"{NAMESPACE}field")}
        assert set(found) == set(described)
        for name, field in found.items():
            assert (field.get("type") == "number") == (described[name]["type"] == "number")
            assert (field.get("allowmultivalues") == "true") == described[name]["allowmultivalues"]


def test_fields_of_a_subform_stand_on_the_subform_only() -> None:
    root = _root(design.load())
    references = [r.get("name") for r in _element(root, "form", "ServerConfig").iter(f"{NAMESPACE}subformref")]
    assert references == ["LabControls"]
    fields = [str(f.get("name")) for f in _element(root, "subform", "LabControls").iter(f"{NAMESPACE}field")]
    assert len(fields) > 10
    assert all(name.startswith("Lab") for name in fields)
    shown = design.as_design_form(design.load()["ServerConfig"])
    assert not [name for name in shown if name.startswith("Lab")]


@pytest.mark.parametrize("form", LAYOUT)
def test_every_row_of_the_layout_is_about_a_field_of_the_form(form: str) -> None:
    fields = [row["field"] for row in LAYOUT[form]["rows"]]
    assert len(fields) == len(set(fields))
    assert set(fields) <= set(design.load()[form].fields)


def test_label_and_field_stand_side_by_side_under_their_tabs() -> None:
    form = _element(_root(design.load()), "form", "Server")
    rows = [row for row in form.iter(f"{NAMESPACE}tablerow") if len(row) == 2]
    cells = {"".join(row[0].itertext()): [f.get("name") for f in row[1].iter(f"{NAMESPACE}field")] for row in rows}
    assert cells["SMTP listener task:"] == ["SMTPListenerEnabled"]
    tabs = [row.get("tablabel") for row in form.iter(f"{NAMESPACE}tablerow") if row.get("tablabel")]
    assert tabs[:1] == ["Basics"]
    assert {"Ports", "Internet Ports", "Mail", "Security"} <= set(tabs)


@pytest.mark.parametrize(
    ("scope", "query", "status"),
    [
        ("$DATA $SETUP", "nsfPath=names.nsf", 200),
        ("$DATA $SETUP", "dataSource=dominodirectory", 200),
        ("$DATA $SETUP", "dataSource=other", 404),
        ("$DATA $SETUP", "", 400),
        ("$DATA", "nsfPath=names.nsf", 403),
    ],
)
def test_who_may_read_it(scope: str, query: str, status: int) -> None:
    asyncio.run(_ask(scope, query, status))


async def _ask(scope: str, query: str, status: int) -> None:
    directory = Directory(Path(":memory:"))
    lab = {"rest": {"password": "secret"}}
    server = SimpleNamespace(directory=directory, design=design.load(), lab=lab, faults=Faults())
    async with TestClient(TestServer(RestApi(cast("DominoServer", server)).application())) as client:
        login = {"username": "Lab Admin", "password": "secret", "scope": scope}
        async with client.post("/api/v1/auth", json=login) as answer:
            headers = {"Authorization": f"Bearer {(await answer.json())['bearer']}"}
        async with client.get(f"/api/setup-v1/dxl?{query}", headers=headers) as answer:
            assert answer.status == status
            if status == 200:
                assert answer.content_type == "text/xml"
                assert await answer.read() == design_dxl.render(design.load())
    directory.close()
