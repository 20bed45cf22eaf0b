# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's own catalogue: cases in test_site_catalogue.yml, and what holds for whatever it says."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._directory import items
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DefinitionError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.site_catalogue import merged

CASES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["id"])
def test_accepted(case: dict[str, Any]) -> None:
    catalogue = merged(case["rows"])
    item = catalogue.by_setting(case.get("form", "ServerConfig"), case["setting"])
    shown = {"name": item.name, "type": item.type, "values": dict(item.values), "evidence": item.evidence}
    assert {key: shown[key] for key in case["item"]} == case["item"]
    assert item.label == case.get("label", item.label)
    assert catalogue.known(item.form, str(item.name).upper()) == item


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["id"])
def test_refused(case: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError) as caught:
        merged(case["rows"])
    for part in ["Site catalogue, row ", *case["says"], "Nothing was changed."]:
        assert part in str(caught.value)


def test_an_unconfirmed_item_belongs_to_the_setting_that_the_site_gives_it() -> None:
    catalogue = merged([{"form": "Server", "setting": "server_platform", "item": "ClusterName"}])
    assert catalogue.known("Server", "ClusterName").setting == "server_platform"
    with pytest.raises(DefinitionError, match="not publicly known"):
        catalogue.by_setting("Server", "cluster_name")


def test_the_published_catalogue_stays_as_it_is() -> None:
    merged([{"form": "ServerConfig", "setting": "relay_host", "item": "SiteRelay"}])
    with pytest.raises(DefinitionError):
        items.by_setting("ServerConfig", "relay_host")
    assert merged([]).rows() == items.PUBLISHED.rows()


def test_a_number_may_have_friendly_values() -> None:
    rows = [{"form": "Person", "setting": "level", "item": "Level", "type": "number", "values": {"low": 1}}]
    raw = {"form": "Person", "match": {"short_name": "jd"}, "settings": {"level": "low"}}
    (wanted,) = define(raw, merged(rows)).wanted
    assert wanted.values == (1,)
    with pytest.raises(DefinitionError, match="is not one of its values"):
        define({**raw, "settings": {"level": "high"}}, merged(rows))


@pytest.mark.parametrize(
    ("row", "secret"),
    [
        ({"form": "ServerConfig", "setting": "relay_password", "item": "X"}, True),
        ({"form": "ServerConfig", "setting": "site_password", "item": "X"}, True),
        ({"form": "ServerConfig", "setting": "key", "item": "ClientSecret"}, True),
        ({"form": "ServerConfig", "setting": "name_and_password", "item": "X", "values": {"enabled": "1"}}, False),
        ({"form": "ServerConfig", "setting": "relay_host", "item": "X"}, False),
    ],
)
def test_secrets_of_a_site_are_known(row: dict[str, Any], secret: bool) -> None:
    assert merged([row]).known("ServerConfig", row["item"]).is_secret == secret


anything = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["Server", "Domain"])
rows = st.dictionaries(
    st.sampled_from(["form", "setting", "item", "type", "values", "label", "source", "other"]),
    anything | st.lists(anything, max_size=2) | st.dictionaries(anything, anything, max_size=2),
)


@given(
    st.lists(
        rows | st.fixed_dictionaries({"form": st.just("Server"), "setting": anything, "item": anything}), max_size=3
    )
)
def test_whatever_a_site_says_documented_items_stay(given_rows: list[dict[str, Any]]) -> None:
    catalogue = items.PUBLISHED
    with contextlib.suppress(DefinitionError):
        catalogue = merged(given_rows)
    for item in items.PUBLISHED.rows():
        if item.evidence == "documented":
            assert catalogue.by_setting(item.form, str(item.setting)).name == item.name
            assert catalogue.known(item.form, str(item.name)).setting == item.setting
