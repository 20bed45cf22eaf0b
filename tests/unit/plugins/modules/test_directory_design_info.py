# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""directory_design_info: from the lab's REST API and from a file, and what its catalogue lets other modules do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dominolab import design, design_dxl

from ..._rest_server import PASSWORD, rest_server
from ._run_module import run_module

STAR = {"Form": "ServerConfig", "ServerName": "*"}
GERMAN = """\
<?xml version='1.0' encoding='utf-8'?>
<!DOCTYPE database SYSTEM 'xmlschemas/domino_10_0_1.dtd'>
<database xmlns='http://www.lotus.com/dxl' title="Firma's Adressbuch">
<form name='Konfiguration' alias='ServerConfig'><body><richtext>
<table><tablerow><tablecell><par>Ausführliche Suche:</par></tablecell><tablecell><par>
<field name='Suche' type='keyword'><keywords><textlist><text>Aktiviert|1</text><text>Deaktiviert|0</text></textlist>
</keywords></field></par></tablecell></tablerow></table>
<subformref name='Fehlt'/>
</richtext></body></form></database>
"""


def test_what_the_server_shows_becomes_a_catalogue_and_the_catalogue_writes(tmp_path: Path) -> None:
    settings = {"relay_host": "relay.example.com", "exhaustive_lookup": "enabled", "maximum_message_size": 10240}
    documents = [{"form": "ServerConfig", "match": {"server_name": "*"}, "settings": settings}]
    with rest_server(tmp_path, documents=[STAR]) as server:
        refused = run_module("directory_documents", {**server.arguments, "documents": documents})
        assert '("Relay host for messages leaving the local internet domain")' in refused["msg"]
        server.exchanges.clear()
        found = run_module("directory_design_info", {**server.arguments, "forms": ["ServerConfig"]}, check=True)
        said = [(e.method, e.path, e.query) for e in server.exchanges]
        reviewed = yaml.safe_load(yaml.safe_dump(found["catalogue"]))  # the way through a file
        arguments = {**server.arguments, "documents": documents, "catalogue": reviewed}
        done = run_module("directory_documents", arguments, diff=True)
        again = run_module("directory_documents", arguments)
        asked = [{"form": "ServerConfig"}]
        read = run_module("directory_documents_info", {**server.arguments, "documents": asked, "catalogue": reviewed})
        unread = run_module("directory_documents_info", {**server.arguments, "documents": asked})
        stored = server.stored()
    assert said == [
        ("POST", "/api/v1/auth", {}),
        ("GET", "/api/setup-v1/dxl", {"nsfPath": "names.nsf"}),
    ]
    assert not found["changed"]
    assert PASSWORD not in repr(found)
    assert not done["failed"], done["msg"]
    assert [change["evidence"] for change in done["documents"][0]["changes"]] == ["site"] * 3
    assert "Exhaustive lookup [LabExhaustiveLookup]" in done["diff"][0]["after"]
    assert stored == [
        {**STAR, "LabRelayHost": "relay.example.com", "LabExhaustiveLookup": "1", "LabMaximumMessageSize": 10240}
    ]
    assert not again["changed"]
    assert read["documents"][0]["settings"] == {"server_name": "all_servers", **settings}
    assert unread["documents"][0]["settings"] == {"server_name": "all_servers"}


def test_the_labs_forms_give_exact_rows_and_all_their_fields(tmp_path: Path) -> None:
    path = tmp_path / "design.dxl"
    path.write_bytes(design_dxl.render(design.load()))
    found = run_module("directory_design_info", {"path": str(path)})
    assert found["warnings"] == []
    by_setting = {(p["form"], p["setting"]): p for p in found["proposals"]}
    relay = by_setting["ServerConfig", "relay_enforcement"]
    assert relay["confidence"] == "exact"
    assert relay["item"] == "LabRelayEnforcement"
    assert relay["stored_values"] == {"external_hosts": "1", "all_connecting_hosts": "2", "none": "0"}
    assert relay["place"][:2] == ["form ServerConfig", "subform LabControls"]
    assert by_setting["ServerConfig", "over_quota_enforcement"]["confidence"] == "missing"
    rows = {(row["form"], row["setting"]): row for row in found["catalogue"]}
    assert rows["ServerConfig", "relay_enforcement"] == {
        "form": "ServerConfig",
        "setting": "relay_enforcement",
        "item": "LabRelayEnforcement",
        "type": "text",
        "values": {"external_hosts": "1", "all_connecting_hosts": "2", "none": "0"},
        "source": (
            'design of Domino Directory, form ServerConfig > subform LabControls > tab "Router/SMTP" > '
            'tab "Restrictions and Controls" > tab "SMTP Inbound Controls" > table row 1'
        ),
    }
    # A value that is stored, and not offered by the lab's form, keeps its row out until a person says so.
    assert ("ServerConfig", "inbound_starttls") not in rows
    wider = run_module("directory_design_info", {"path": str(path), "minimum_confidence": "likely"})
    assert ("ServerConfig", "inbound_starttls") in {(row["form"], row["setting"]) for row in wider["catalogue"]}
    fields = {(field["form"], field["item"]): field for field in found["fields"]}
    assert fields["Person", "MailSystem"]["choices"] == [
        {"text": "Notes", "stored": "1"},
        {"text": "Other", "stored": "5"},
    ]
    assert fields["Server", "SMTPFullHostDomain"]["label"] == "Fully qualified Internet host name:"


def test_a_design_in_another_language_from_a_file_that_was_exported_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "design.dxl"
    path.write_text(GERMAN, encoding="utf-8")
    labels = {"ausführliche suche": "Exhaustive lookup", "Aktiviert": "Enabled", "Deaktiviert": "Disabled"}
    arguments: dict[str, Any] = {"path": str(path), "forms": ["ServerConfig", "Person"]}
    assert run_module("directory_design_info", arguments)["catalogue"] == []
    found = run_module("directory_design_info", {**arguments, "labels": labels})
    assert found["catalogue"] == [
        {
            "form": "ServerConfig",
            "setting": "exhaustive_lookup",
            "item": "Suche",
            "type": "text",
            "values": {"enabled": "1", "disabled": "0"},
            "source": "design of Firma's Adressbuch, form ServerConfig > table row 1",
        }
    ]
    before = "The design could not be read completely, so that fields may be missing: "
    assert found["warnings"] == [
        f"{before}subform Fehlt is not in the DXL, or in note format.",
        f"{before}it has no form Person.",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<database", "path: {path}: The DXL is no well-formed XML in UTF-8 (line 1:"),
        (b"<!DOCTYPE d [<!ENTITY a 'b'>]><d>&a;</d>", "path: {path}: The DXL declares a document type of its own"),
        (b"{}", "no well-formed XML"),
        (None, "path: {path} cannot be read (No such file or directory)."),
    ],
)
def test_a_file_that_cannot_be_read(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "design.dxl"
    if content is not None:
        path.write_bytes(content)
    failed = run_module("directory_design_info", {"path": str(path)})
    assert failed["failed"]
    assert says.format(path=path) in failed["msg"]


def test_a_directory_that_does_not_show_its_design(tmp_path: Path) -> None:
    with rest_server(tmp_path, rest={"setup_api": False}) as server:
        failed = run_module("directory_design_info", server.arguments)
    assert f"{server.url} did not give the design as DXL (HTTP 404" in failed["msg"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "one of the following is required: path, url"),
        (
            {"url": "http://127.0.0.1:1"},
            "username is empty. Set this option or the environment variable DOMINO_REST_USERNAME",
        ),
        ({"path": "x", "labels": {"Suche": 1}}, 'labels: "Suche" is given no text'),
        ({"path": "x", "forms": ["Group"]}, "value of forms must be one or more of"),
    ],
)
def test_wrong_input(arguments: dict[str, Any], says: str) -> None:
    failed = run_module("directory_design_info", arguments)
    assert failed["failed"]
    assert says in failed["msg"]


def test_a_catalogue_that_contradicts_what_is_documented_is_refused_before_anything_is_asked() -> None:
    rows = [{"form": "ServerConfig", "setting": "external_smtp", "item": "SiteSmtp"}]
    arguments = {"url": "http://127.0.0.1:1", "username": "x", "password": "y", "catalogue": rows}
    for name in ("directory_documents", "directory_documents_info"):
        failed = run_module(name, {**arguments, "documents": [{"form": "ServerConfig", "match": {"ServerName": "*"}}]})
        assert "Site catalogue, row 1 of 1 (form ServerConfig, setting external_smtp, item SiteSmtp)" in failed["msg"]


def test_the_password_of_a_sites_own_setting_is_shown_nowhere(tmp_path: Path) -> None:
    rows = [{"form": "ServerConfig", "setting": "relay_password", "item": "LabRelayPassword"}]
    old = {**STAR, "LabRelayPassword": "old-secret-1"}
    match = {"server_name": "*"}
    definitions = [
        {"form": "ServerConfig", "match": match, "settings": {"relay_password": "new-secret-2"}},
        {"form": "ServerConfig", "match": match, "state": "absent"},
    ]
    with rest_server(tmp_path, documents=[old]) as server:
        arguments = {**server.arguments, "catalogue": rows}
        for definition in definitions:
            done = run_module("directory_documents", {**arguments, "documents": [definition]}, diff=True)
            assert not done["failed"], done["msg"]
            assert "secret-" not in repr(done)
            assert "(secret)" in repr(done)


def test_nor_where_somebody_else_changes_it_before_the_document_is_removed(tmp_path: Path) -> None:
    rows = [{"form": "ServerConfig", "setting": "relay_password", "item": "LabRelayHost"}]  # a name that tells nothing
    old = {**STAR, "LabRelayHost": "old-secret-1"}
    documents = [{"form": "ServerConfig", "match": {"server_name": "*"}, "state": "absent"}]
    with rest_server(tmp_path, documents=[old]) as server:
        server.meanwhile = {"LabRelayHost": "their-secret-3"}
        done = run_module("directory_documents", {**server.arguments, "catalogue": rows, "documents": documents})
    assert "changed meanwhile by someone else" in done["msg"]
    assert "(secret)" in done["msg"]
    assert "secret-" not in repr(done)
