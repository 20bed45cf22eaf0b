# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording holds of the SMTP listener: one conversation without a message, and the replies, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Sequence

    from .._smtp.transcript import Reply
    from .anonymise import Anonymiser

#: The name that the recorder gives in EHLO, and mailboxes that nobody has.
HELLO = "recorder.example.net"
NOBODY = "opendomino-recorder-nobody"
STRANGER = "opendomino-recorder@example.org"
GREETING = "greeting"


def script(local_domain: str = "") -> Sequence[tuple[str, str]]:
    """Return what to say to a listener, by step; with a domain of its own, a recipient there that nobody is.

    No DATA, no AUTH: no message can come of it, and no account is tried.
    """
    local = [("rcpt_nobody", f"RCPT TO:<{NOBODY}@{local_domain}>")] if local_domain else []
    return (
        ("help", "HELP"),
        ("helo_without_argument", "HELO"),
        ("ehlo_without_argument", "EHLO"),
        ("mail_before_ehlo", f"MAIL FROM:<{STRANGER}>"),
        ("helo", f"HELO {HELLO}"),
        ("ehlo", f"EHLO {HELLO}"),
        ("noop", "NOOP"),
        ("vrfy", f"VRFY {NOBODY}"),
        ("expn", f"EXPN {NOBODY}"),
        ("unknown_command", "XOPENDOMINO"),
        ("rcpt_before_mail", f"RCPT TO:<{STRANGER}>"),
        ("mail_wrong_syntax", "MAIL"),
        ("mail", f"MAIL FROM:<{STRANGER}>"),
        *local,
        ("rcpt_relay", "RCPT TO:<opendomino-recorder@example.com>"),
        ("rset", "RSET"),
        ("mail_null", "MAIL FROM:<>"),
        ("rset_again", "RSET"),
        ("quit", "QUIT"),
    )


def smtp(
    replies: Sequence[tuple[str, str, Reply]], ended: str, anonymiser: Anonymiser, client: str, local_domain: str = ""
) -> dict[str, Any]:
    """Return the part `smtp`: step, command and reply of each exchange; `client`: the address of this end.

    `ended` says why the conversation stopped early, by a word; empty where it did not.
    """
    slots = {
        f"{NOBODY}@{local_domain}": "nobody",
        HELLO: "helo",
        STRANGER: "stranger",
        NOBODY: "nobody",
        "opendomino-recorder@example.com": "stranger",
        "XOPENDOMINO": "command",
        client: "client",
    }
    greeting = next((reply for step, _command, reply in replies if step == GREETING), None)
    if greeting is not None and "." in greeting.host:
        slots.setdefault(greeting.host, "host")
    return {
        "replies": [
            {
                "step": step,
                "command": anonymiser.text(command, slots),
                "code": reply.code,
                "lines": [anonymiser.text(line, slots) for line in reply.lines],
            }
            for step, command, reply in replies
        ],
        "ended": ended,
    }
