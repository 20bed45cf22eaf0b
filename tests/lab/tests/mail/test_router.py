# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Router, with real DNS, SMTP and files."""

from __future__ import annotations

from typing import Any


def test_a_message_to_a_person_of_this_server(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world() as w:
            (outcome,) = await w.one.send("Jane Doe/Acme", "jane.doe@example.com")
            assert (outcome["state"], outcome["destination"]) == ("delivered", "mail/jdoe")
            assert len(w.one.mail("mail/jdoe")) == 1

    run(check())


def test_a_message_to_the_internet(world: Any, run: Any) -> None:
    async def check() -> None:
        async with world() as w:
            (outcome,) = await w.one.send("Jane Doe/Acme", "pat@example.org")
            assert (outcome["state"], outcome["destination"]) == ("transferred", "mx.example.org")
            (message,) = w.foreign_mail("pat")
            assert b"From: jane.doe@example.com\r\n" in message
            assert b"Received: from mail01.example.com ([127.0.0.11])" in message

    run(check())
