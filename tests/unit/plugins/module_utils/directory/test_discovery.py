# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals: cases in test_discovery.yml, and what holds for every label of the catalogue."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import items, layout
from ansible_collections.opendomino.mail.plugins.module_utils._directory.design_dxl import read
from ansible_collections.opendomino.mail.plugins.module_utils._directory.discovery import (
    EXACT,
    LIKELY,
    MISSING,
    Proposal,
    as_row,
    discover,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory.site_catalogue import merged

from .test_layout import dxl

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
UNKNOWN = [row for row in items.PUBLISHED.rows() if row.name is None]


def _table(rows: Mapping[str, str | Mapping[str, Any]]) -> str:
    cells = (
        f"<tablerow><tablecell><par>{escape(label)}</par></tablecell>"
        f"<tablecell><par>{field if isinstance(field, str) else _keyword(**field)}</par></tablecell></tablerow>"
        for label, field in rows.items()
    )
    return f"<table>{''.join(cells)}</table>"


def _keyword(name: str, choices: list[str]) -> str:
    listed = "".join(f"<text>{choice}</text>" for choice in choices)
    return f"<field name='{name}' type='keyword'><keywords><textlist>{listed}</textlist></keywords></field>"


def _proposals(case: Mapping[str, Any], form_name: str = "ServerConfig") -> dict[str, Proposal]:
    body = case.get("body") or _table(case.get("rows", {}))
    form = layout.form(read(dxl({**case, "body": body})), "Test")
    assert form is not None
    found = discover(form, items.PUBLISHED.rows(form_name), case.get("labels"))
    return {str(proposal.item.setting): proposal for proposal in found}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_proposal(case: dict[str, Any]) -> None:
    proposals = _proposals(case)
    for setting, (confidence, item) in case["is"].items():
        found = proposals[setting]
        assert [found.confidence, found.chosen.name if found.chosen else None] == [confidence, item], found.why
        assert case.get("why", {}).get(setting, "") in found.why
    for setting, values in case.get("values", {}).items():
        chosen = proposals[setting].chosen
        assert chosen is not None
        assert dict(chosen.values) == values
    for setting, names in case.get("candidates", {}).items():
        assert [candidate.name for candidate in proposals[setting].candidates] == names
    proposed = {setting for setting, found in proposals.items() if found.chosen}
    assert proposed <= set(case["is"]), "something is proposed that the case does not name"


def _field(row: items.Item, name: str) -> str:
    many = "true" if row.type == "text_list" else "false"
    if not row.values:
        kind = "number" if row.type == "number" else "text"
        return f"<field name='{name}' type='{kind}' allowmultivalues='{many}'/>"
    choices = "".join(f"<text>{value.replace('_', ' ').title()}|{n}</text>" for n, value in enumerate(row.values))
    listed = f"<keywords><textlist>{choices}</textlist></keywords>"
    return f"<field name='{name}' type='keyword' allowmultivalues='{many}'>{listed}</field>"


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: f"{row.form}.{row.setting}")
def test_a_label_of_the_catalogue_finds_its_own_field_and_no_other_setting_takes_it(row: items.Item) -> None:
    proposals = _proposals({"rows": {f"{row.label}:": _field(row, "Found")}}, row.form)
    chosen = {setting for setting, proposal in proposals.items() if proposal.chosen}
    assert chosen == {row.setting}
    assert proposals[str(row.setting)].confidence == EXACT


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: f"{row.form}.{row.setting}")
def test_a_setting_whose_field_is_gone_is_missing_among_all_others(row: items.Item) -> None:
    others = [other for other in UNKNOWN if other.form == row.form and other != row]
    fields = {f"{other.label}:": _field(other, f"F{n}") for n, other in enumerate(others)}
    proposals = _proposals({"rows": fields}, row.form)
    assert proposals[str(row.setting)].confidence == MISSING
    assert {str(other.setting) for other in others} == {s for s, p in proposals.items() if p.confidence == EXACT}


def test_a_proposal_becomes_a_row_that_the_site_catalogue_takes() -> None:
    fields = {f"{row.label}:": _field(row, f"F{n}") for n, row in enumerate(UNKNOWN) if row.form == "ServerConfig"}
    rows = [as_row(proposal, "design of T") for proposal in _proposals({"rows": fields}).values()]
    catalogue = merged([row for row in rows if row])
    item = catalogue.by_setting("ServerConfig", "logging_level")
    assert item.evidence == "site"
    assert dict(item.values) == {"minimal": "0", "normal": "1", "informational": "2", "verbose": "3"}
    assert catalogue.by_setting("ServerConfig", "maximum_message_size").type == "number"
    assert catalogue.by_setting("ServerConfig", "allow_connections").type == "text_list"
    assert catalogue.by_setting("ServerConfig", "relay_password").is_secret


WORDS = "allow deny messages only from the following internet hosts to relay host name for (SPF) :"
words = st.sampled_from(WORDS.split())


@given(st.lists(st.lists(words, max_size=8).map(" ".join), max_size=6), st.booleans())
def test_whatever_stands_on_a_form_no_field_is_proposed_twice(labels: list[str], same_name: bool) -> None:
    fields = "".join(
        f"<par>{label} <field name='F{0 if same_name else n}' type='text'/></par>" for n, label in enumerate(labels)
    )
    proposals = _proposals({"body": fields or "<par/>"})
    names = [found.chosen.name for found in proposals.values() if found.chosen]
    assert len(names) == len(set(names))
    assert all(bool(found.chosen) == (found.confidence in (EXACT, LIKELY)) for found in proposals.values())


def test_a_form_of_thousands_of_fields_takes_seconds() -> None:
    label = "Deny messages from the following internet hosts to be sent to external internet domains (* means all)"
    cell = f"<tablecell><par>{label} {label}</par></tablecell>"
    body = "".join(
        f"<table><tablerow>{cell}{cell}<tablecell><par>{label} {n} <field name='F{n}' type='text'/></par></tablecell>"
        "</tablerow></table>"
        for n in range(4_900)
    )
    began = time.process_time()
    assert _proposals({"body": body})["relay_deny_source_hosts"].confidence == MISSING
    assert time.process_time() - began < 30
