# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading DXL: layouts (cases in test_layout.yml), hostile and huge text, and HCL's own published example."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import design_dxl, layout
from ansible_collections.opendomino.mail.plugins.module_utils._directory.design_dxl import DxlError, read
from dominolab import design as lab_design
from dominolab import design_dxl as lab_dxl

from ...._openapi import directory as openapi_files

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"


def dxl(case: dict[str, Any]) -> bytes:
    """Return the DXL that a case describes: one form, its subforms and shared fields."""
    parts = [f"<form name='Test'><body><richtext>{case.get('body', '')}</richtext></body></form>"]
    parts += [
        f"<subform name='{name}'><body><richtext>{body}</richtext></body></subform>"
        for name, body in case.get("subforms", {}).items()
    ]
    parts += [f"<sharedfield name='{name}'>{field}</sharedfield>" for name, field in case.get("shared", {}).items()]
    return f"{HEAD}<database xmlns='{design_dxl.NAMESPACE}' title='T'>{''.join(parts)}</database>".encode()


def _shown(placed: layout.Placed, keys: dict[str, Any]) -> dict[str, Any]:
    field = placed.field
    everything = {
        "name": field.name,
        "type": field.type,
        "many": field.many,
        "kind": field.kind,
        "labels": [[label.text, label.where] for label in placed.labels],
        "choices": None if placed.choices is None else [list(choice) for choice in placed.choices],
        "computed": placed.computed_choices,
        "place": list(placed.place),
        "titles": list(placed.titles),
        "hidden": placed.hidden,
    }
    return {key: everything[key] for key in keys}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_layout(case: dict[str, Any]) -> None:
    form = layout.form(read(dxl(case)), "test")
    assert form is not None
    for found, expected in ((form.fields, case.get("fields", [])), (form.possible, case.get("possible", []))):
        assert [placed.field.name for placed in found] == [wanted["name"] for wanted in expected]
        for placed, wanted in zip(found, expected, strict=True):
            assert _shown(placed, wanted) == wanted
    assert list(form.gaps) == case.get("gaps", [])


SPECIFICATION = openapi_files() / "openapi.setup.json"

if SPECIFICATION.is_file():  # beside a checkout that has the reference

    def test_the_example_that_hcl_publishes_is_read() -> None:
        answer = json.loads(SPECIFICATION.read_text(encoding="utf-8"))["paths"]["/dxl"]["get"]["responses"]["200"]
        database = read(answer["content"]["text/xml"]["examples"]["dxlSimple"]["value"].encode())
        form = layout.form(database, "SampleForm")
        assert form is not None
        assert [(p.field.name, p.labels[0].text) for p in form.fields] == [(n, n) for n in ("Shape", "Color", "Taste")]


def test_the_labs_design_in_dxl_has_the_fields_of_its_forms() -> None:
    design = lab_design.load({"ServerConfig": {"add": {"Extra": {"type": "number", "multiple": True}}}})
    database = read(lab_dxl.render(design))
    for name, form in design.items():
        found = layout.form(database, name)
        assert found is not None
        stored = {placed.field.name: (placed.field.type == "number", placed.field.many) for placed in found.fields}
        assert stored == {f.name: (f.type == "number", f.multiple) for f in form.fields.values() if f.name != "Form"}


# -- what is no design, and what means harm ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no well-formed XML in UTF-8 (line 1: no element found)"),
        ("<database", "no well-formed XML"),
        ("<database><form></database>", "mismatched tag"),
        ("<html/>", "begins with <html>, not with <database>"),
        ("<x:database xmlns:x='urn:x'/>", "begins with <urn:x}database>"),
        ("<!DOCTYPE database [<!ENTITY a 'b'>]><database>&a;</database>", "document type of its own"),
        ("<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><database>&a;</database>", "document type of its own"),
        ("<!DOCTYPE d [<!ENTITY % p SYSTEM 'http://192.0.2.1/x'> %p;]><database/>", "document type of its own"),
        ("<!DOCTYPE database SYSTEM 'x.dtd'><database>&unknown;</database>", 'entity "unknown"'),
        ("<database>&unknown;</database>", "undefined entity"),
        ("<?xml version='1.0' encoding='utf-7'?><database>+AD4-</database>\xff", "no well-formed XML"),
    ],
)
def test_a_text_that_is_refused(text: str, says: str) -> None:
    with pytest.raises(DxlError) as caught:
        read(text.encode("latin-1"))
    assert says in str(caught.value)


def test_the_document_type_that_the_exporter_names_is_no_harm() -> None:
    text = "<!DOCTYPE form SYSTEM 'xmlschemas/domino_9_0_1.dtd'><form name='A|B' alias='C'/>"
    assert layout.form(read(text.encode()), "c") is not None


def test_a_form_in_note_format_says_so() -> None:
    note = "<note class='form'><item name='$TITLE'><text>Configuration|ServerConfig</text></item></note>"
    form = layout.form(read(note.encode()), "ServerConfig")
    assert form is not None
    assert form.gaps == ("form ServerConfig is exported in note format, in which the layout is binary data",)
    assert layout.form(read(note.encode()), "Server") is None


def _nested(start: str, end: str, depth: int) -> bytes:
    return f"<form name='Test'><body><richtext>{start * depth}{end * depth}</richtext></body></form>".encode()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("<table><tablerow><tablecell>", "</tablecell></tablerow></table>"),
        ("<section>", "</section>"),
        ("<par><run>", "</run></par>"),
        ("<block>", "</block>"),
    ],
)
def test_nesting_is_bounded(start: str, end: str) -> None:
    assert layout.form(read(_nested(start, end, 15)), "Test") is not None
    with pytest.raises(DxlError, match="deeper than"):
        read(_nested(start, end, 10_000))


def test_subforms_nest_to_a_bound() -> None:
    chain = {f"S{n}": f"<subformref name='S{n + 1}'/>" for n in range(100)}
    with pytest.raises(DxlError, match="nests subforms deeper"):
        layout.form(read(dxl({"body": "<subformref name='S0'/>", "subforms": chain})), "Test")


def test_many_ways_to_one_subform_are_one_way() -> None:
    # Each names the next twice: 2^100 ways, were they all walked.
    width = {f"S{n}": f"<subformref name='S{n + 1}'/><subformref name='S{n + 1}'/>" for n in range(7)}
    assert layout.form(read(dxl({"body": "<subformref name='S0'/>" * 100, "subforms": width})), "Test") is not None


@pytest.mark.parametrize(
    "body",
    [
        "<par><field name='A' type='text'/></par>" * 6_000,
        "<par>" + "<field name='A' type='text'/>" * 6_000 + "</par>",
    ],
)
def test_the_number_of_fields_is_bounded(body: str) -> None:
    with pytest.raises(DxlError, match="more than 5000 fields"):
        layout.form(read(dxl({"body": body})), "Test")


def test_the_number_of_elements_is_bounded() -> None:
    with pytest.raises(DxlError, match="more than 200000 elements"):
        read(dxl({"body": "<par/>" * 200_001}))


@pytest.mark.parametrize(
    "body",
    [
        f"<par>{'word ' * 400_000}<field name='A' type='text'/></par>",
        "<par>" + "<field name='A' type='text' kind='computedfordisplay'/> text " * 4_900 + "</par>",
        "<par>text</par>" * 60_000,
        f"<subformref><code event='value'><formula>{'{' * 400_000}</formula></code></subformref>",
        f"<subformref><code event='value'><formula>{chr(34) + chr(92) * 400_000}</formula></code></subformref>",
        "<subformref><code event='value'><formula>{}</formula></code></subformref>".format('"\\"' * 150_000),
        "<par><field name='A' type='keyword'><keywords><formula>{}</formula></keywords></field></par>".format(
            '"a" : ' * 150_000
        ),
        "<table>"
        + "<tablerow><tablecell columnspan='99' rowspan='99'/><tablecell columnspan='999999999'/></tablerow>" * 20_000
        + "</table>",
    ],
    ids=["long text", "long line", "many lines", "braces", "backslashes", "quotes", "a list that goes on", "spans"],
)
def test_a_design_of_a_megabyte_takes_no_time(body: str) -> None:
    began = time.process_time()
    assert layout.form(read(dxl({"body": body})), "Test") is not None
    assert time.process_time() - began < 10


def test_what_is_no_form_passes_by_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    view = "<view name='V'><code event='selection'><formula>SELECT @All</formula></code></view>"
    content = f"<database>{view * 100_000}<form name='Test'><body><richtext/></body></form></database>".encode()
    began = time.process_time()
    assert layout.form(read(content), "Test") is not None
    assert time.process_time() - began < 15
    monkeypatch.setattr(design_dxl, "MAX_BYTES", len(content) - 1)
    with pytest.raises(DxlError, match="larger than"):
        read(content)


TAGS = """
form subform body richtext par run table tablerow tablecell section sectiontitle text field keywords textlist formula
code subformref sharedfield sharedfieldref pardef break popup popuptext note item layer block computedtext
"""
NAMES = "name alias type kind id def hide rowspan columnspan tablabel rowdisplay event class"
VALUES = "Test 1 99999999999 -1 A|B tabs keyword edit hidewhen form $TITLE"
tags = st.sampled_from(TAGS.split())
attributes = st.dictionaries(st.sampled_from(NAMES.split()), st.sampled_from(["", *VALUES.split()]), max_size=3)
trees = st.recursive(
    st.sampled_from(["", "Label:", '"a":"b"', "&lt;", "\u00e9", "]]&gt;"]),
    lambda inner: st.builds(
        lambda tag, given, parts: f"<{tag}{''.join(f' {k}={v!r}' for k, v in given.items())}>{''.join(parts)}</{tag}>",
        tags,
        attributes,
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"<database>" + b + b"</database>"))
@example(b"\xff\xfe<\x00d\x00/\x00>\x00")
@example(b"<?xml version='1.0' encoding='unicode_escape'?><database/>")
@example(b"<database>" + b"<a>" * 70_000)
def test_arbitrary_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(DxlError):
        assert read(content).forms == ()


@given(st.lists(trees, max_size=4))
def test_any_layout_is_read_or_refused(parts: list[str]) -> None:
    content = f"<database><form name='Test'><body><richtext>{''.join(parts)}</richtext></body></form></database>"
    try:
        database = read(content.encode())
        form = layout.form(database, "Test")
    except DxlError:
        return
    assert form is not None
    for placed in form.fields:
        assert placed.place[0].startswith("form ")
