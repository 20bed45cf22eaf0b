# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for Notes names, as a template uses them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.opendomino.mail.plugins.filter.notes_name import FilterModule

FILTERS = FilterModule().filters()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("domino_canonical_name", "Mail01/Acme", "CN=Mail01/O=Acme"),
        ("domino_abbreviated_name", ["CN=Mail01/O=Acme", "*"], ["Mail01/Acme", "*"]),
        ("domino_common_name", "CN=Jane Doe/O=Acme", "Jane Doe"),
    ],
)
def test_filters(name: str, value: object, expected: object) -> None:
    assert FILTERS[name](value) == expected


@pytest.mark.parametrize("value", [None, 1, {"a": "b"}, [1]])
def test_what_is_no_name_is_refused(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="A Notes name is text"):
        FILTERS["domino_canonical_name"](value)


def test_each_filter_is_documented() -> None:
    folder = Path(__file__).resolve().parents[4] / "plugins" / "filter"
    for name in FILTERS:
        documentation = yaml.safe_load((folder / f"{name}.yml").read_text("utf-8"))["DOCUMENTATION"]
        assert documentation["name"] == name
