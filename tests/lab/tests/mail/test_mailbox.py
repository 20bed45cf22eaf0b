# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail.box and mail files."""

from __future__ import annotations

from pathlib import Path

import pytest

from dominolab.mailbox import MailBox, MailFile, State


def test_a_message_stays_until_nobody_waits_for_it(tmp_path: Path) -> None:
    box = MailBox.open(tmp_path / "mail.box")
    message_id = box.deposit("Jane Doe/Acme", ["a@b.c", "d@e.f", "a@b.c"], b"\xff\r\n", {"INetFrom": "j@d.e"})
    message = box.message(message_id)
    assert (message.sender, message.content, message.items) == ("Jane Doe/Acme", b"\xff\r\n", {"INetFrom": "j@d.e"})
    assert [recipient.address for recipient in box.recipients(message_id)] == ["a@b.c", "d@e.f"]
    box.settle(message_id, "a@b.c", State.DELIVERED, destination="mail/a")
    assert list(box.open_messages()) == [message_id]
    assert box.message(message_id).content == b"\xff\r\n"
    box.settle(message_id, "d@e.f", State.HELD, reason="because", due=5.0)
    (held,) = box.open_messages()[message_id]
    assert (held.address, held.reason, held.due, held.tries) == ("d@e.f", "because", 5.0, 1)
    box.settle(message_id, "d@e.f", State.FAILED, reason="because")
    assert box.open_messages() == {}
    assert box.message(message_id).content == b""
    assert [recipient.state for recipient in box.recipients(message_id)] == [State.DELIVERED, State.FAILED]
    box.close()


def test_what_is_in_mail_box_outlives_the_server(tmp_path: Path) -> None:
    box = MailBox.open(tmp_path / "mail.box")
    message_id = box.deposit("Jane Doe/Acme", ["a@b.c"], b"x")
    box.close()
    again = MailBox.open(tmp_path / "mail.box")
    assert list(again.open_messages()) == [message_id]
    again.close()


def test_listeners_hear_of_every_change_as_long_as_they_listen(tmp_path: Path) -> None:
    box = MailBox.open(tmp_path / "mail.box")
    heard: list[str] = []
    with box.listening(lambda: heard.append("change")):
        message_id = box.deposit("", ["a@b.c"], b"")
        box.add_recipient(message_id, "d@e.f")
        box.settle(message_id, "a@b.c", State.DEAD)
    box.deposit("", ["a@b.c"], b"")
    assert heard == ["change"] * 3
    box.close()


def test_there_is_no_such_message(tmp_path: Path) -> None:
    box = MailBox.open(tmp_path / "mail.box")
    with pytest.raises(KeyError):
        box.message("0" * 32)
    box.close()


@pytest.mark.parametrize("name", ["mail/jdoe", "mail\\jdoe", "mail/jdoe.nsf"])
def test_a_mail_file_by_the_name_in_a_person_document(name: str, tmp_path: Path) -> None:
    created = MailFile.create(tmp_path / "mail" / "jdoe.nsf")
    found = MailFile.of(tmp_path, name)
    assert found
    assert found.path == created.path


@pytest.mark.parametrize("name", ["", "mail/nobody", "../outside", "/etc/passwd"])
def test_no_mail_file(name: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    MailFile.create(tmp_path / "outside.nsf")
    assert MailFile.of(data, name) is None


def test_messages_of_a_mail_file_keep_their_order_and_bytes(tmp_path: Path) -> None:
    mail_file = MailFile.create(tmp_path / "mail" / "jdoe.nsf")
    for content in (b"one\r\n", b"\x00\xff", b""):
        mail_file.deliver(content)
    assert MailFile.create(mail_file.path).contents() == [b"one\r\n", b"\x00\xff", b""]
