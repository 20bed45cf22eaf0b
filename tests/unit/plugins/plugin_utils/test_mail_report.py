# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: what is shown, in which order, and that nothing of others does anything."""

from __future__ import annotations

import copy
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mail_reports import HOSTILE, finding, fleet, host, hostile, unreachable, verified
from markdown_it import MarkdownIt

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import (
    as_markdown,
    engine,
    flow,
    risks,
    summary,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import (
    REVIEW,
    VERIFICATION,
    ReportError,
)

#: What our own Markdown is made of; no link, no image, no inline HTML, no table.
_MARKDOWN = {"inline", "text", "softbreak", "code_inline", "html_block", "heading_open", "heading_close"} | {
    f"{name}_{end}" for name in ("paragraph", "strong", "bullet_list", "list_item") for end in ("open", "close")
}
ROOT = Path(__file__).resolve().parents[4]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "review-1.schema.json").read_text(encoding="utf-8"))
CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
RESULTS = {
    "fresh": [host(1, administration=True), host(2), unreachable(3)],
    "fleet": fleet(120),
    "hostile": hostile(),
    "nothing": [],
}
VERIFIED = [
    verified(1),
    verified(2, finding(2, "relay_open", "required", "The server relays.", remedy="Close it.")),
    {"host": "mail03.example.com", "failure": {"task": "SMTP", "reason": "no route"}},
]


def data(results: list[Any], kind: str = REVIEW, **more: Any) -> dict[str, Any]:
    """Return review.json of results, which keeps to the schema."""
    found: dict[str, Any] = json.loads(engine.render(results, kind=kind, **more).files["review.json"])
    jsonschema.validate(found, SCHEMA)
    return found


class Elements(HTMLParser):
    """Collects what a browser would make of a page: elements, attributes, texts of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.links |= {str(value) for name, value in attrs if name in ("href", "src", "xlink:href", "action")}


def merged(base: Any, change: Any) -> Any:
    """Return data with the parts that a case gives."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{name: merged(base.get(name), content) for name, content in change.items()}}
    return change


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    results = [
        merged(host(number, administration=number == 1), change) for number, change in enumerate(case["hosts"], 1)
    ]
    found = data(results)
    for name, wanted in case.get("risks", {}).items():
        assert sorted(risk["text"] for risk in found["risks"] if risk["id"] == name) == sorted(wanted), name
    for wanted in case.get("changes", []):
        assert any(wanted.items() <= change.items() for change in found["changes"]), found["changes"]
    for wanted in case.get("links", []):
        assert wanted in [
            [link["from"], link["to"], link["state"], link["text"]] for lane in found["flow"] for link in lane["links"]
        ]


@pytest.mark.parametrize("results", RESULTS.values(), ids=RESULTS)
@pytest.mark.parametrize("kind", [REVIEW, VERIFICATION])
def test_data_keeps_to_the_schema(results: list[Any], kind: str) -> None:
    found = data(results, kind)
    assert found["summary"]["hosts"] == len(results)


@pytest.mark.parametrize("results", RESULTS.values(), ids=RESULTS)
def test_identical_results_give_identical_bytes_in_whatever_order_they_come(results: list[Any]) -> None:
    files = engine.render(results).files
    shuffled = copy.deepcopy(results)
    random.Random(1).shuffle(shuffled)
    assert engine.render(shuffled).files == files


def test_nothing_hostile_becomes_markup_or_a_control_sequence() -> None:
    plain = Elements(engine.render([*fleet(3), verified(4)]).files["index.html"].decode())
    for kind in (REVIEW, VERIFICATION):
        files = engine.render(hostile(), [HOSTILE], kind, title=HOSTILE, time=HOSTILE).files
        page = Elements(files["index.html"].decode())
        assert page.tags <= plain.tags | {"pre"}
        assert page.attributes <= plain.attributes
        assert all(link.startswith("#") for link in page.links)
        for content in files.values():
            assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", content)
            assert not re.search("[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]", content.decode())
        _check_markdown(files["review.md"].decode())


def _check_markdown(text: str) -> None:
    """Read a comment as CommonMark does: nothing hostile may stand outside of code and escaped HTML."""
    tokens = [t for block in MarkdownIt("commonmark").parse(text) for t in (block, *(block.children or []))]
    assert {t.type for t in tokens} <= _MARKDOWN
    for token in tokens:
        if token.type == "html_block":
            assert Elements(token.content).tags <= {"details", "summary", "code"}
            assert not Elements(token.content).attributes
        elif token.type == "text":
            assert not re.search("everyone|hacked|evil", token.content)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(min_size=1, max_size=60))
def test_a_code_span_holds_what_it_was_given(text: str) -> None:
    shown = as_markdown.span(re.sub(r"[\x00-\x1f\x7f]", ".", text))
    if shown != "(empty)":
        match = re.fullmatch(r"(`+)(.+)\1", shown, re.DOTALL)
        assert match
        assert match.group(1) not in re.findall("`+", match.group(2))


# A report takes its time; a busy machine must not make that a failure.
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_whatever_stands_in_a_value_can_be_shown(value: Any) -> None:
    results = [host(1)]
    results[0]["receive_mail"]["documents"][0]["changes"][0]["after"] = value
    files = engine.render(results).files
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", b"".join(files.values()))


def test_what_the_page_says_of_itself_holds() -> None:
    page = engine.render(fleet(2)).files["index.html"].decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    assert policy.group(1).startswith("default-src 'none'; ")
    assert "unsafe" not in policy.group(1)
    assert "style=" not in page.replace("<style>", "")
    assert not re.search(r"https?://", page)


def test_both_roles_are_one_change() -> None:
    (change,) = [c for c in data([host(1)])["changes"] if c["kind"] == "notes_ini"]
    assert (change["before"], change["after"], change["roles"]) == (
        "Replica,Router",
        "Replica,Router,SMTP",
        ["receive_mail"],
    )
    results = [host(1)]
    results[0]["send_mail"]["notes_ini"] = [{"name": "ServerTasks", "before": "Replica", "after": "Replica,Router"}]
    results[0]["receive_mail"]["notes_ini"] = [{"name": "ServerTasks", "before": "Replica", "after": "Replica,SMTP"}]
    (change,) = [c for c in data(results)["changes"] if c["kind"] == "notes_ini"]
    assert (change["before"], change["after"]) == ("Replica", "Replica,Router,SMTP")
    assert change["roles"] == ["send_mail", "receive_mail"]


def test_documents_of_the_notes_domain_are_told_from_those_of_a_host() -> None:
    found = data([host(1, administration=True), host(2)])["changes"]
    scopes = {(c["title"], c["scope"]) for c in found if c["kind"] == "document"}
    assert scopes == {
        ('Configuration document "*"', "notes_domain"),
        ('Domain document "ACME Internet"', "notes_domain"),
        ('Server document "Mail01/Acme"', "host"),
        ('Server document "Mail02/Acme"', "host"),
    }
    results = [host(2)]
    results[0]["send_mail"]["documents"][0].update(form="ServerConfig")
    assert {c["scope"] for c in data(results)["changes"]} == {"host"}


def test_a_host_without_a_result_is_there_all_the_same() -> None:
    found = engine.render([host(1)], ["mail01.example.com", "mail09.example.com"])
    assert found.report.incomplete == ("mail09.example.com",)
    assert "could not be looked at" in found.verdict


def test_a_verification_says_what_was_found() -> None:
    found = data(VERIFIED, VERIFICATION)
    assert {h["name"]: h["status"] for h in found["hosts"]} == {
        "mail01.example.com": "passed",
        "mail02.example.com": "not_passed",
        "mail03.example.com": "failed",
    }
    assert [f["id"] for f in found["findings"]] == ["relay_open", "dmarc_missing"]
    rendered = engine.render(VERIFIED, kind=VERIFICATION)
    assert rendered.report.differing == ("mail02.example.com",)
    assert rendered.report.incomplete == ("mail03.example.com",)
    assert rendered.verdict == "1 of 3 hosts passed. 1 host could not be looked at."
    assert ["mail02.example.com", "ACME", "broken", "The server relays."] in [
        [k["from"], k["to"], k["state"], k["text"]] for lane in found["flow"] for k in lane["links"]
    ]


def test_a_comment_is_never_too_long_for_a_pull_request() -> None:
    results = fleet(500)
    people = [
        {
            "form": "Person",
            "match": {"user_name": f"CN=Person {n}/O=Acme"},
            "action": "updated",
            "changes": [
                {"item": "InternetAddress", "before": None, "after": f"p{n}@example.com" * 20, "evidence": "documented"}
            ],
        }
        for n in range(2000)
    ]
    results[0]["send_mail"]["documents"] += people
    text = engine.render(results).files["review.md"].decode()
    assert len(text) < 65_536
    assert "more hosts are on the page" in text


def test_a_picture_of_many_hosts_has_few_boxes_and_none_over_another() -> None:
    picture = flow.picture(engine.build(fleet(500)))
    nodes = [node for lane in picture.lanes for node in lane.nodes]
    assert len(nodes) < 20
    places = {(node.x, y) for node in nodes for y in range(node.y, node.y + flow.ROW)}
    assert len(places) == len(nodes) * flow.ROW
    assert all(node.x + flow.BOX <= picture.width and node.y + flow.ROW <= picture.height for node in nodes)
    assert any("no MX record names it" in sentence for sentence in picture.sentences)


def test_every_rule_has_a_title_and_says_what_it_is_about() -> None:
    assert {rule.__name__ for rule in risks.RULES} == set(risks.TITLES)
    assert all(rule.__doc__ for rule in risks.RULES)


def test_a_stored_value_is_called_by_its_name() -> None:
    change = next(c for c in engine.build([host(1)]).changes if c.name == "Router_PortStatus")
    assert summary.meaning(change, "2") == "negotiated tls"
    assert summary.meaning(change, "9") == ""


@pytest.mark.parametrize(
    ("results", "error"),
    [
        (["mail01"], "results, entry 1 has to be a mapping, and is str."),
        ([{}], "results, entry 1 has no host."),
        ([{"host": "a"}, {"host": "a"}], "results, entry 2: the host a has a result already."),
        ([{"host": "a", "sendmail": {}}], "results, entry 1 (a) has sendmail; known are host, send_mail"),
        (
            [{"host": "a", "send_mail": []}, {"host": "b", "send_mail": [1]}],
            "results, entry 2, send_mail has to be a mapping",
        ),
        ([{"host": "a", "send_mail": {"documents": {"x": 1}}}], "send_mail, documents has to be a list, and is dict."),
        ([{"host": "a", "verify_mail": {"findings": [{"severity": "bad"}]}}], "severity is bad; known are required"),
        ([{"host": "a", "verify_mail": {"probes": [{"port": "x"}]}}], "port has to be a whole number."),
    ],
)
def test_a_result_that_cannot_be_read_says_where(results: list[Any], error: str) -> None:
    with pytest.raises(ReportError, match=re.escape(error)):
        engine.render(results)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ReportError, match="known are review, verification"):
        engine.render([], kind="other")
