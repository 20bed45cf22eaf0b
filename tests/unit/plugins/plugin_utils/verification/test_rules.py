# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a verification: a host on which all is right, and one thing changed in each case."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.filter.mail_findings import mail_findings
from ansible_collections.opendomino.mail.plugins.plugin_utils._verification.finding import EVIDENCE, SEVERITIES

WORLD = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
BASE, CASES = WORLD["base"], WORLD["cases"]
RULES = Path(mail_findings.__code__.co_filename).parents[1] / "plugin_utils" / "_verification"
GUIDE = Path(__file__).resolve().parents[5] / "docs" / "docsite" / "rst" / "guide_verify.rst"


def facts_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the base with a case's changes."""
    facts: dict[str, Any] = {**copy.deepcopy(BASE), **copy.deepcopy(case.get("facts", {}))}
    if facts["notes_ini"] is not None:
        facts["notes_ini"].update(case.get("notes_ini", {}))
    if facts["documents"] is None:
        return facts
    for form, key in (("Server", "server"), ("ServerConfig", "configuration"), ("Domain", "global_domain")):
        first = next(document for document in facts["documents"] if document["form"] == form)
        first["settings"].update(case.get(key, {}))
    gone = case.get("without", [])
    kept = [document for document in facts["documents"] if document["form"] not in gone]
    facts["documents"] = [*kept, *copy.deepcopy(case.get("more", []))]
    return facts


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_case(case: dict[str, Any]) -> None:
    result = mail_findings(facts_of(case))
    findings = result["findings"]
    assert [finding["id"] for finding in findings] == case["findings"]
    if "severity" in case:
        assert findings[0]["severity"] == case["severity"]
    if "says" in case:
        assert findings[0]["found"] == case["says"]
    assert [skipped["what"] for skipped in result["skipped"]] == case.get("skipped", [])
    assert result["passed"] is not any(finding["severity"] == "required" for finding in findings)
    for finding in findings:
        assert set(finding) == {
            *("id", "severity", "host", "domain", "found", "wanted", "remedy", "evidence", "source", "records")
        }
        assert finding["severity"] in SEVERITIES
        assert finding["evidence"] in EVIDENCE
        assert finding["source"]
        assert finding["wanted"].endswith((".", ")."))


def test_what_is_returned() -> None:
    result = mail_findings(facts_of({"notes_ini": {"SMTPErrorLimit": "5"}, "server": {"smtp_listener_task": "0"}}))
    assert {key: result[key] for key in ("host", "server_name", "notes_domain", "host_name", "internet_domain")} == {
        "host": "mail01",
        "server_name": "Mail01/Acme",
        "notes_domain": "ACME",
        "host_name": "mail01.example.com",
        "internet_domain": "example.com",
    }
    assert result["message"] == (
        "- listener_disabled (required): The Server document of Mail01/Acme disables the SMTP listener task.\n"
        "  Enable it (Basics), and load the task: Load SMTP."
    )
    assert (result["probes"], result["round_trips"], result["dns"]) == (BASE["probes"], [], BASE["dns"][0])


def test_records_stand_in_the_message() -> None:
    (case,) = (case for case in CASES if case["id"].startswith("what DNS says"))
    assert "  a PTR b." in mail_findings(facts_of(case))["message"].splitlines()


def test_an_empty_text_is_nothing_gathered() -> None:
    gathered = ("running", "tasks", "notes_ini", "documents", "dns", "probes", "addresses")
    assert mail_findings({**BASE, **dict.fromkeys(gathered, "")})["findings"] == []


@pytest.mark.parametrize(
    ("fail_on", "passed"), [(["required"], True), (["required", "recommended"], False), ([], True), (["info"], True)]
)
def test_what_fails_can_be_chosen(fail_on: list[str], passed: bool) -> None:
    facts = facts_of({"notes_ini": {"SMTPErrorLimit": "5"}})
    assert mail_findings(facts, fail_on=fail_on)["passed"] is passed


def test_an_open_relay_fails_whatever_is_tolerated() -> None:
    (case,) = (case for case in CASES if case["id"] == "an open relay")
    result = mail_findings(facts_of(case), fail_on=[])
    assert (result["passed"], result["open_relay"]) == (False, True)


def test_what_the_run_skipped_stands_first() -> None:
    skipped = {"what": "Console", "why": "No answer."}
    assert mail_findings(facts_of({"facts": {"skipped": [skipped], "catalogue": []}}))["skipped"][0] == skipped


@pytest.mark.parametrize(
    ("facts", "options", "text"),
    [
        ([], {}, "takes a dictionary of facts"),
        ({"host_name": "x"}, {}, "Facts need server_name, internet_domain."),
        ({**BASE, "taks": []}, {}, "Facts have no taks."),
        ({**BASE, "directions": ["receive", "sendd"]}, {}, "directions may be send and receive"),
        ({**BASE, "directions": []}, {}, "are none"),
        ({**BASE, "documents": {}}, {}, "documents is {}, and must be a list."),
        ({**BASE, "notes_ini": []}, {}, "notes_ini is [], and must be a dictionary."),
        ({**BASE, "probes": [{}]}, {}, "another shape than its module or lookup returns"),
        (BASE, {"fail_on": ["requird"]}, "fail_on may have required, recommended, info"),
        (BASE, {"fail": []}, "has no option fail"),
    ],
)
def test_what_is_no_fact_is_refused(facts: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(text)):
        mail_findings(facts, **options)


def test_each_finding_of_the_rules_is_provoked_here_and_explained_in_the_guide() -> None:
    sources = "".join((RULES / f"{name}.py").read_text() for name in ("directory_rules", "console_rules"))
    ids = set(re.findall(r'(?:Finding\(\s*|finding, severity = )(?:found, )?"([a-z_0-9]+)"', sources))
    ids |= {"host_name_missing", "relay_host_unresolvable", "relay_host_unreachable", "sender_not_as_promised"}
    provoked = {finding for case in CASES for finding in case["findings"]}
    assert len(ids) > 30
    assert ids - provoked == set()
    guide = GUIDE.read_text(encoding="utf-8")
    assert {finding for finding in ids if f"``{finding}``" not in guide} == set()


_VALUES = st.one_of(
    st.none(), st.sampled_from(["enabled", "disabled", "", "all_servers", "*", "1"]), st.text(max_size=9)
)
_SETTINGS = st.dictionaries(
    st.sampled_from(sorted({key for document in BASE["documents"] for key in document["settings"]})),
    st.one_of(_VALUES, st.lists(_VALUES, max_size=3), st.floats(allow_nan=False, allow_infinity=False)),
)
_DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {"form": st.sampled_from(["Server", "ServerConfig", "Domain", "SMTPInboundSite"]), "settings": _SETTINGS}
    ),
    max_size=6,
)


@given(_DOCUMENTS, st.lists(st.text(max_size=60), max_size=4))
def test_whatever_stands_in_documents_is_judged(documents: list[Any], tasks: list[str]) -> None:
    result = mail_findings({**BASE, "documents": documents, "tasks": tasks})
    severities = [SEVERITIES[finding["severity"]] for finding in result["findings"]]
    assert severities == sorted(severities)
    assert result["passed"] is (0 not in severities)
    again = mail_findings({**BASE, "documents": documents, "tasks": tasks[::-1]})
    assert again["findings"] == result["findings"]
