# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas and scopes: cases, and what holds for all of them. Nothing here knows a server."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import design as designs
from ansible_collections.opendomino.mail.plugins.module_utils._directory import items, scope
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DirectoryError
from dominolab import schema as lab

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
FORM = scope.Form("ServerConfig", (scope.Field("Form", "string"), scope.Field("MailExternalSMTP", "string")))
WANTED = scope.Wanted("mail", "mail", (FORM,))


def _made(wanted: scope.Wanted) -> dict[str, Any]:
    """Return the schema that is made where there is none."""
    return copy.deepcopy(scope.plan_schema(None, wanted).body or {})


def _place(body: Any, path: str) -> tuple[Any, Any]:
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        body = body[step]
    return body, last


def _current(case: dict[str, Any]) -> dict[str, Any]:
    body = _made(WANTED)
    for path, value in case.get("set", {}).items():
        place, last = _place(body, path)
        place[last] = value
    for path, values in case.get("add", {}).items():
        place, last = _place(body, path)
        place[last].extend(values)
    for path in case.get("remove", []):
        place, last = _place(body, path)
        del place[last]
    return body


@pytest.mark.parametrize("case", CASES["schemas"], ids=lambda case: case["id"])
def test_schema(case: dict[str, Any]) -> None:
    wanted = replace(WANTED, deletion=case.get("deletion", False), exact=case.get("exact", False))
    current = _current(case)
    before = copy.deepcopy(current)
    plan = scope.plan_schema(current, wanted)
    assert current == before
    assert plan.action == case["action"]
    assert [list(line) for line in scope.lines(plan)] == case.get("lines", [])
    if plan.body is None:
        assert not plan.changed
        return
    assert not scope.plan_schema(plan.body, wanted).changed
    if case.get("lab", True):
        assert not scope.plan_schema(lab.stored(plan.body), wanted).changed, "what the server makes of it"
    assert case.get("sent", {}).items() <= plan.body.items()
    assert not set(case.get("not_sent", ())) & set(plan.body)


@pytest.mark.parametrize("case", CASES["scopes"], ids=lambda case: case["id"])
def test_scope(case: dict[str, Any]) -> None:
    wanted = replace(WANTED, server=case.get("server", "*"))
    if "says" in case:
        with pytest.raises(DirectoryError) as caught:
            scope.plan_scope(case["current"], wanted)
        assert all(part in str(caught.value) for part in case["says"]), caught.value
        return
    plan = scope.plan_scope(case.get("current"), wanted)
    assert plan.action == case["action"]
    assert [list(line) for line in scope.lines(plan)] == case.get("lines", [])
    assert plan.body == case.get("body", plan.body)
    assert not plan.body or not scope.plan_scope(plan.body, wanted).changed


@pytest.mark.parametrize("case", CASES["removals"], ids=lambda case: case["id"])
def test_removal(case: dict[str, Any]) -> None:
    ours = {"description": scope.DESCRIPTION}
    schema = None
    if "schema" in case:
        added = case["schema"]
        made = _made(WANTED)
        schema = {**made, **added, "forms": [*made["forms"], *added.get("forms", [])]}
    scopes = [{"nsfPath": "names.nsf", "isActive": True, **ours, **other} for other in case.get("scopes", [])]
    wanted = replace(WANTED, exact=case.get("exact", False))
    if "says" in case:
        with pytest.raises(DirectoryError) as caught:
            scope.plan_removal(schema, scopes, wanted)
        assert all(part in str(caught.value) for part in case["says"]), caught.value
        return
    of_schema, of_scope, users = scope.plan_removal(schema, scopes, wanted)
    assert [of_schema.action, of_scope.action] == case["actions"]
    assert users == case.get("users", [])
    for plan in (of_schema, of_scope):
        if plan.changed:
            diff = scope.diff(plan)
            assert diff["after"] == ""
            assert diff["after_header"] == f"{plan.thing}, absent"
            assert len(diff["before"].splitlines()) == len(scope.lines(plan)) > 0


@pytest.mark.parametrize("case", CASES["declared"], ids=lambda case: case["id"])
def test_declared(case: dict[str, Any]) -> None:
    name = case.get("form", "ServerConfig")
    design = None
    if case["fields"] is not None:
        listed = [designs.Field(**field) for field in case["fields"]]
        design = replace(designs.design_of(name, listed), gap=case.get("gap", ""))
    own = scope.own_items(case.get("own", {})).get(name, ())
    form, left = scope.declare(name, design, own)
    declared = {field.name: field.shown for field in form.fields}
    assert case.get("has", {}).items() <= declared.items()
    assert declared["Form"] == "text"
    assert ("Type" in declared) == items.FORMS[name].typed
    reasons = {entry.item: entry.reason for entry in left}
    for item, reason in case.get("left_out", {}).items():
        assert item not in declared
        assert reason is False or reason in reasons[item]
    everything = {str(item.name) for item in items.settings(name)} | {str(item.name) for item in own}
    assert {n.lower() for n in declared} | {n.lower() for n in reasons} >= {n.lower() for n in everything}


def test_subforms_are_looked_at_where_the_form_lacks_an_item() -> None:
    asked = []

    def wider() -> designs.Design:
        asked.append(1)
        return designs.design_of("ServerConfig", [designs.Field("MailExternalSMTP", "text", False)])

    design = designs.design_of("ServerConfig", [], wider)
    form, _left = scope.declare("ServerConfig", design)
    assert asked == [1]
    assert scope.Field("MailExternalSMTP", "string") in form.fields


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: f"{case['call']} {case['with']}")
def test_refused(case: dict[str, Any]) -> None:
    call = getattr(scope, case["call"])
    if "ok" in case:
        assert call(*case["with"]) == tuple(case["ok"])
        return
    with pytest.raises(DirectoryError) as caught:
        call(*case["with"])
    assert all(part in str(caught.value) for part in case["says"]), caught.value


# -- what holds for all -----------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(["Form", "MailExternalSMTP", "mailexternalsmtp", "Own", "Other", "LdISite"])
_KINDS = st.sampled_from(["string", "number", "integer"])
_FORMULAS = st.sampled_from(["@True", "@False"]).map(lambda text: {"formulaType": "domino", "formula": text})


@st.composite
def _keep_field(draw: st.DrawFn) -> dict[str, Any]:
    one: dict[str, Any] = {"type": draw(_KINDS)}
    one.update(draw(st.sampled_from([{}, {"format": "names"}, {"format": "string"}])))
    field = {"type": "array", "items": one} if draw(st.booleans()) else one
    return {"name": draw(_NAMES), **field, **draw(st.sampled_from([{}, {"fieldAccess": "RO"}]))}


def _unique(key: str) -> Any:
    return lambda entry: entry[key].lower()


_MODES = st.fixed_dictionaries(
    {
        "modeName": st.sampled_from(["default", "dql", "odata", "raw"]),
        "fields": st.lists(_keep_field(), max_size=4, unique_by=_unique("name")),
        "readAccessFormula": _FORMULAS,
        "writeAccessFormula": _FORMULAS,
        "deleteAccessFormula": _FORMULAS,
    },
    optional={"required": st.just(["Own"]), "computeWithForm": st.booleans()},
)
_FORMS = st.fixed_dictionaries(
    {
        "formName": st.sampled_from(["ServerConfig", "serverconfig", "Server", "Custom", "Memo"]),
        "formModes": st.lists(_MODES, min_size=1, max_size=3, unique_by=_unique("modeName")),
    }
)
_SCHEMAS = st.fixed_dictionaries(
    {"isActive": st.booleans(), "formulaEngine": st.just("domino"), "nsfPath": st.just("names.nsf")},
    optional={
        "forms": st.lists(_FORMS, max_size=3, unique_by=_unique("formName")),
        "openAccess": st.booleans(),
        "dqlFormula": _FORMULAS,
        "description": st.text(max_size=5),
        "views": st.just([{"name": "People"}]),
    },
)
_FIELDS = st.builds(
    scope.Field,
    st.sampled_from(["MailExternalSMTP", "LdISite", "ServerName"]),
    st.sampled_from(["string", "number"]),
    st.booleans(),
)
_WANTED = st.builds(
    scope.Wanted,
    st.just("mail"),
    st.just("mail"),
    st.lists(
        st.builds(
            scope.Form,
            st.sampled_from(["ServerConfig", "Server"]),
            st.lists(_FIELDS, max_size=3, unique_by=lambda field: field.name).map(tuple),
        ),
        max_size=2,
        unique_by=lambda form: form.name,
    ).map(tuple),
    st.booleans(),
    st.just("*"),
    st.booleans(),
)


def _contents(body: dict[str, Any]) -> dict[tuple[str, str, str], scope.Field]:
    return {
        (form["formName"].lower(), mode["modeName"], field["name"].lower()): scope.parsed(field)
        for form in body.get("forms", [])
        for mode in form["formModes"]
        for field in mode["fields"]
    }


@given(st.none() | _SCHEMAS, _WANTED)
@settings(max_examples=150, deadline=None)
def test_a_planned_schema_is_as_wanted_and_others_keep_what_is_theirs(
    current: dict[str, Any] | None, wanted: scope.Wanted
) -> None:
    plan = scope.plan_schema(current, wanted)
    body = plan.body or current or {}
    assert not scope.plan_schema(body, wanted).changed
    assert not scope.plan_schema(lab.stored(body), wanted).changed, "not after the server has kept it either"
    after = _contents(body)
    ours = {
        (form.name.lower(), mode, field.name.lower()): field
        for form in wanted.forms
        for field in form.fields
        for mode in ("default", "dql")
    }
    for place, field in ours.items():
        there = after[place]
        assert (there.name, there.many) == (field.name, field.many)
        assert there.format in (("",) if wanted.exact else ("", "names"))
    others = {place: field for place, field in _contents(current or {}).items() if place not in ours}
    assert {p: f for p, f in after.items() if p not in ours} == ({} if wanted.exact else others)
