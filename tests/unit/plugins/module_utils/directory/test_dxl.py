# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions as DXL: what Domino's DTD allows, and every value as it was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.dxl import HEADER, masked, plan_all, render
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))

#: Domino's DXL DTD, 9.0.1, as far as documents go: what an element holds (names in a row, as an expression) and its
#: attributes. database ( databaseinfo?, acl?, fulltextsettings?, launchsettings?, ( ... | document | ... )* ); document
#: ( noteinfo?, updatedby?, revisions?, wassignedby?, textproperties?, mime?, item* ); the rest word by word.
CONTENT = {
    "database": r"(databaseinfo )?(acl )?(fulltextsettings )?(launchsettings )?((note|document) )*",
    "document": r"(noteinfo )?(updatedby )?(revisions )?(wassignedby )?(textproperties )?(mime )?(item )*",
    "item": r"(text|number|datetime|textlist|numberlist|datetimelist|itemdata|rawitemdata|formula|richtext|object) ",
    "textlist": "(text )*",
    "numberlist": "(number )*",
    "text": "((break|nonxmlchar) )*",
    "number": "",
    "break": "",
}
WITH_TEXT = {"text", "number"}
ROOT = {"version", "maintenanceversion", "milestonebuild", "replicaid"}
ATTRIBUTES = {
    "database": {*ROOT, "path", "title"},
    "document": {*ROOT, "key", "form", "parent", "response", "conflict", "truncated"},
    "item": {"name", "sign", "seal", "sealed", "summary", "authors", "names", "readers", "placeholder", "protected"},
}
NAMESPACE = "{http://www.lotus.com/dxl}"


def check_dtd(element: ElementTree.Element) -> None:
    """Assert that an element and what is in it are as the DTD wants them."""
    assert element.tag.startswith(NAMESPACE)
    name = element.tag[len(NAMESPACE) :]
    inner = "".join(f"{child.tag[len(NAMESPACE) :]} " for child in element)
    assert re.fullmatch(CONTENT[name], inner), f"{name} holds {inner}"
    assert element.attrib.keys() <= ATTRIBUTES.get(name, set())
    assert name != "item" or element.get("name")
    if name not in WITH_TEXT:
        texts = [element.text, *(child.tail for child in element)]
        assert not "".join(text or "" for text in texts).strip(), f"{name} holds text"
    for child in element:
        check_dtd(child)


def parsed(content: str) -> list[tuple[str | None, dict[str, Any]]]:
    """Return form and items of each document, as an importer reads them."""
    root = ElementTree.fromstring(content.encode("utf-8"))  # noqa: S314 (written by this very test)
    check_dtd(root)
    return [(document.get("form"), {str(item.get("name")): _value(item[0]) for item in document}) for document in root]


def _value(element: ElementTree.Element) -> Any:
    kind = element.tag[len(NAMESPACE) :]
    if kind.endswith("list"):
        return [_value(child) for child in element]
    if kind == "number":
        return float(element.text or "")
    return (element.text or "") + "".join("\n" + (line.tail or "") for line in element)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    definitions = define_all(case["documents"])
    if "error" in case:
        with pytest.raises(DefinitionError) as caught:
            plan_all(definitions)
        assert [part for part in case["error"] if part not in str(caught.value)] == []
        return
    written = render(plan_all(definitions))
    assert written == f"{HEADER}{case['dxl']}</database>\n"
    assert [form for form, _items in parsed(written)] == [raw["form"] for raw in case["documents"]]


#: Text that is code somewhere, besides all that hypothesis thinks of.
HOSTILE = st.sampled_from(
    [
        "</text></item><item name='Form'><text>x</text></item>",
        "]]>",
        "<![CDATA[x]]>",
        "&amp;lt;&#10;&x;",
        "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
        '@If(1;"x";"y") & {z}',
        "Form = 'Person' or 1 = 1",
        "\U0001f4e7 ÄÖÜ \u2028 \u0085 \ufeff \u202e",
        "  leading, trailing  \t",
        "\n\n",
        "x" * 30000,
    ]
)
WRITABLE = st.characters(
    min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", include_characters="\t\n"
)
TEXTS = st.one_of(HOSTILE, st.text(WRITABLE, max_size=20))
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in ("form", "type", "servername")
)
NUMBERS = st.one_of(st.integers(-(2**50), 2**50), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.one_of(TEXTS, NUMBERS, st.lists(TEXTS, min_size=2, max_size=3), st.lists(NUMBERS, min_size=2, max_size=3))


@given(st.dictionaries(NAMES, VALUES, max_size=5), TEXTS.map(str.strip).filter(bool))
def test_every_value_comes_back(items: dict[str, Any], server: str) -> None:
    items = {name: items[name] for name in {name.lower(): name for name in items}.values()}
    raw = [{"form": "ServerConfig", "match": {"ServerName": server}, "items": items}]
    try:
        definitions = define_all(raw)
    except DefinitionError:
        assert max(map(len, map(str, [server, *items.values()]))) > 30000, "only what is too long is refused"
        return
    written = render(plan_all(definitions))
    assert written == render(plan_all(define_all(raw)))
    expected = {name: value for name, value in items.items() if value != ""}
    assert parsed(written) == [("ServerConfig", {"ServerName": server, **expected})]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5))
def test_a_text_is_written_or_refused(text: str) -> None:
    definitions = define_all([{"form": "ServerConfig", "match": {"server_name": "*"}, "items": {"A": f"x{text}"}}])
    try:
        written = render(plan_all(definitions))
    except DefinitionError as exc:
        assert re.search(r"item A holds the character U\+(00[01][0-9A-F]|FFF[EF]), which", str(exc))  # noqa: PT017
        assert re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", text)
    else:
        assert parsed(written)[0][1]["A"] == f"x{text}"


def test_secrets_are_masked() -> None:
    def written(**items: str) -> str:
        given = {"HTTPPassword": "h\nash", **items}
        return render(plan_all(define_all([{"form": "Person", "match": {"FullName": "A"}, "items": given}])))

    before, after = written(MyPassword="old", Note="x"), written(MyPassword="new", Note="y")
    assert masked(before, before) == before.replace("<text>old</text>", "(secret)").replace(
        "<text>h<break />ash</text>", "(secret)"
    )
    shown = masked(after, before)
    assert '<item name="MyPassword">(new secret)</item>' in shown
    assert '<item name="HTTPPassword">(secret)</item>' in shown
    assert '<item name="Note"><text>y</text></item>' in shown
    assert '<item name="Note">(new secret)</item>' in masked(after, before, {"note"})
