# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free content of settings: what is allowed for each, and what is refused before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.opendomino.mail.plugins.module_utils._directory.contents import CONTENTS
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import Definition, define
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.items import PUBLISHED, Catalogue, Item
from ansible_collections.opendomino.mail.plugins.module_utils._directory.site_catalogue import merged

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
FREE = [row for row in PUBLISHED.rows() if row.name and (not row.values or row.type == "names")]


def _set(row: Item, value: object, catalogue: Catalogue = PUBLISHED) -> Definition:
    return define({"form": row.form, "match": {"Some": "x"}, "settings": {row.setting: value}}, catalogue)


def test_each_setting_of_free_content_says_what_it_may_be() -> None:
    assert {row.content for row in FREE} <= set(CASES)
    assert set(CONTENTS) - set(CASES) == {"number", "text"}  # of rows that a site adds
    assert all(not row.content for row in PUBLISHED.rows() if row.values and row.type != "names")


@pytest.mark.parametrize("row", FREE, ids=lambda row: f"{row.form}.{row.setting}")
def test_allowed_values_are_stored_and_all_others_refused_with_what_is_allowed(row: Item) -> None:
    case = CASES[row.content]
    several = row.type in ("text_list", "names")
    for value in case["allowed"]:
        (wanted,) = _set(row, [value] if several else value).wanted
        assert all(isinstance(stored, (int, str)) for stored in wanted.values or ())
    for value in case["refused"]:
        with pytest.raises(DefinitionError) as raised:
            _set(row, ["", value] if several else value)
        message = str(raised.value)
        assert f'Setting "{row.setting}" of the form {row.form}' in message
        typed = "takes" in message or "has no value" in message
        assert typed or row.is_secret or json.dumps(value).strip('"') in message
        assert typed or CONTENTS[row.content].allowed in message
        assert "\n" not in message
        assert "\x1b" not in message


def test_a_whole_number_is_stored_as_one_however_it_is_written() -> None:
    port = PUBLISHED.by_setting("Server", "inbound_tcp_port_number")
    assert [_set(port, value).wanted[0].values for value in (25, 25.0, "25")] == [(25,)] * 3


def test_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(DefinitionError) as raised:
        _set(PUBLISHED.by_setting("Person", "internet_password"), "hunter2\n")
    assert "hunter2" not in str(raised.value)


def test_what_identifies_a_document_is_checked_like_what_is_set() -> None:
    with pytest.raises(DefinitionError, match=r'"line\\nbreak" is not allowed'):
        define({"form": "Domain", "match": {"global_domain_name": "line\nbreak"}})


def test_a_row_of_a_site_keeps_what_is_allowed_unless_its_type_is_another() -> None:
    rows = [
        {"form": "ServerConfig", "setting": "smart_host", "item": "SmartHost"},
        {"form": "ServerConfig", "setting": "error_limit", "item": "ErrorLimit", "type": "text"},
        {"form": "ServerConfig", "setting": "our_text", "item": "OurText"},
        {"form": "ServerConfig", "setting": "our_number", "item": "OurNumber", "type": "number"},
    ]
    catalogue = merged(rows)
    known = {str(row.setting): row for row in catalogue.rows("ServerConfig")}
    _set(known["smart_host"], "smart.example.com", catalogue)
    _set(known["error_limit"], "two\nlines", catalogue)
    _set(known["our_text"], "two\nlines", catalogue)
    _set(known["our_number"], -2.5, catalogue)
    for setting, value in (("smart_host", "smart host"), ("our_text", "a\x07"), ("our_number", "many")):
        with pytest.raises(DefinitionError, match=setting):
            _set(known[setting], value, catalogue)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 10**400, [1, float("nan")]], ids=str)
def test_numbers_that_no_item_holds_are_refused_in_items_too(value: Any) -> None:
    with pytest.raises(DefinitionError, match="infinity, not-a-number"):
        define({"form": "Server", "match": {"Some": "x"}, "items": {"Number": value}})
