# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a site survives, wherever and however it is written; and nothing that is written depends on it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._recording import words
from ansible_collections.opendomino.mail.plugins.module_utils._recording.anonymise import Anonymiser, Pseudonyms

from ._world import KEY, World

PLAIN = World().written().decode("utf-8").casefold()
#: What any world's recording holds: a secret that is part of it says nothing.
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _is_secret(word: str) -> bool:
    folded = word.casefold()
    # A world has items that begin with its organization's name: where that is of the product's words, so is the item.
    is_the_products = words.is_product_text(word) or any(map(words.is_product_identifier, (word, f"{word}RelayHost")))
    return folded not in PLAIN and not is_the_products and len(folded) > 3


WORD = st.text(LETTERS + "0123456789", min_size=5, max_size=12).filter(lambda w: w[0].isalpha() and _is_secret(w))
WIDE = st.text(LETTERS + "äöüßÄÖÜéñøçŁžабвιλ漢字", min_size=5, max_size=12).filter(_is_secret)
PASSWORD = st.text(
    LETTERS + "0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~\"'\\`", min_size=6, max_size=20
).filter(lambda p: _is_secret(p) and sum(c.isalnum() for c in p) > 3 and not words.is_product_text(p))  # fmt: skip
OCTET = st.integers(10, 250)
IPV4 = st.builds("{}.{}.{}.{}".format, OCTET, OCTET, OCTET, OCTET).filter(lambda a: a not in PLAIN)
IPV6 = st.builds("fd{:02x}:{:x}:{:x}::{:x}".format, OCTET, *[st.integers(0x1000, 0xFFFF)] * 3)
UNID = st.text("0123456789ABCDEF", min_size=32, max_size=32).filter(lambda u: u[:16] not in PLAIN)


def worlds(word: st.SearchStrategy[str], password: st.SearchStrategy[str], *, told: bool) -> st.SearchStrategy[World]:
    named = ("server", "org", "label", "host", "first", "last", "word")
    return st.builds(
        World,
        **dict.fromkeys(named, word),
        password=password,
        ipv4=IPV4,
        ipv6=IPV6,
        unid=UNID,
        replica=UNID.map(lambda unid: unid[:16]),
        told=st.just(told),
    )


def _spellings(secret: str) -> set[str]:
    return {secret, secret.upper(), secret.lower(), quote(secret), quote(secret, safe=""), secret[::-1][::-1]}


@settings(max_examples=12, deadline=None)
@given(st.one_of(worlds(WORD, PASSWORD, told=True), worlds(WIDE, PASSWORD, told=False)))
def test_no_secret_survives(world: World) -> None:
    written = world.written().decode("utf-8")
    haystacks = {written.casefold(), unquote(written).casefold()}
    for secret in world.secrets:
        for spelling in _spellings(secret):
            for haystack in haystacks:
                assert spelling.casefold() not in haystack, (secret, spelling)


@settings(max_examples=12, deadline=None)
@given(worlds(WORD, WORD, told=True))
def test_what_is_written_does_not_depend_on_what_things_are_called(world: World) -> None:
    secrets = [secret.casefold() for secret in world.secrets if secret != world.replica]
    others = "|".join(secrets)
    assume(all(others.count(secret) == 1 for secret in secrets))  # the same things must be the same, and no others
    usual = replace(World(), password="vogelfrei9x")
    assert world.recording() == usual.recording()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), PASSWORD, st.text(max_size=60))
def test_any_text_around_a_secret(before: str, secret: str, after: str) -> None:
    shown = Pseudonyms().rename(Anonymiser(KEY).text(f"{before} {secret} {after}"))
    assert secret.casefold() not in shown.casefold()
    assert re.fullmatch(r"[\x20-\x7e\t]*", shown)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["SMTP", "Server", "Router", "Idle", "relay", "Port:25", "names.nsf", "(TLS)"])))
def test_text_of_the_product_stays_as_it_is(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert Anonymiser(KEY).text(text) == text


@settings(max_examples=100, deadline=None)
@given(WORD, WORD, st.text(min_size=16, max_size=40), st.text(min_size=16, max_size=40))
def test_a_name_is_the_same_everywhere_and_without_the_key_nothing(one: str, other: str, key: str, wrong: str) -> None:
    assume(one.casefold() != other.casefold() and key != wrong)
    first, second = Anonymiser(key, [f"{one}/Org"]), Anonymiser(key, [f"{one}/Org"])
    assert first.text(f"{one}/{other}") == second.text(f"x {one.upper()}/{other.lower()}").partition(" ")[2]
    assert first.token("name", one) != first.token("name", other)
    assert first.token("name", one) != Anonymiser(wrong, [f"{one}/Org"]).token("name", one)


def test_every_secret_of_the_world_is_in_what_is_read() -> None:
    """A world without its secrets would prove nothing."""
    world = World()
    read = "\n".join([*world.lines(), repr(world.bodies()), repr(world.documents()), world.ini().decode()])
    read += world.dxl().decode()
    for secret in world.secrets:
        assert secret in read, secret
    assert {field.name for field in fields(world)} > {"password", "unid", "ipv6"}


@pytest.mark.parametrize("key", ["", "short"])
def test_a_short_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="at least 16 characters"):
        Anonymiser(key)


def test_no_word_of_the_product_is_a_common_first_name() -> None:
    for name in ("may", "mark", "bill", "will", "grant", "rose", "max", "frank", "anna", "peter", "maria", "john"):
        assert not words.is_product_word(name)
