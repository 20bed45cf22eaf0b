# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a server relay for strangers? The questions, and what the answers prove.

Each case is one sender and one recipient, offered with MAIL and RCPT and given up with RSET. Acceptances are of two
kinds:

- The recipient is plainly foreign (`user@example.net`, also in quotes, behind a source route or at an IP address). Who
  accepts it takes over a stranger's mail for a stranger: an open relay.
- The recipient has a domain of the server, or none, and the foreign address is hidden in the local part
  (`user%example.net@example.com`). A server that accepts every local part unseen accepts this one too and may never
  unfold it. So a mailbox that cannot exist is offered as a control: where that one is refused, the hidden address was
  understood, and the relay is open; where it is accepted as well, RCPT cannot tell.

A server that accepts at RCPT may refuse or drop the message later; the verdict is about what it says at RCPT.

The cases are those of the public testers (relay-test.mail-abuse.org; smtp-open-relay.nse of Nmap) and of RFC 5321:
source routes (section 4.1.1.3, appendix C and F.2), quoted local parts (section 4.1.2), address literals (4.1.3), the
null sender (4.5.5), and addresses without a domain (4.1.1.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, Sequence

if TYPE_CHECKING:
    from .transcript import Reply

#: A mailbox that no server has.
NOBODY = "relay-test-no-such-mailbox"

#: Enhanced status codes (RFC 3463, RFC 7505) of refusals because of the recipient's domain, whoever asks.
_BAD_DOMAIN = re.compile(r"[45]\.1\.(?:2|10)\b")

#: Postfix refuses to relay with 454 unless told otherwise (smtpd_relay_restrictions, defer_unauth_destination), so that
#: a mistake in its configuration loses no mail. A refusal all the same; greylisting does not speak of relaying.
_RELAY_DENIED = re.compile(r"4\.7\.\d+ .*\brelay(?:ing)?\b.*\b(?:denied|prohibited|not permitted)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """One attempt."""

    id: str
    sender: str
    recipient: str
    control: str = ""  # a recipient of the same shape that cannot exist; empty: an acceptance proves a relay

    @property
    def proves(self) -> bool:
        """Say whether an acceptance alone proves a relay."""
        return not self.control


@dataclass(frozen=True)
class Answer:
    """What the server said to a case. Without any reply, `failure` says why."""

    case: Case
    sender: str  # the one that was given, which is the null sender where the case's own was refused before
    to_sender: Reply | None = None
    to_recipient: Reply | None = None
    failure: str = ""

    @property
    def reply(self) -> Reply | None:
        """Return the reply that decided."""
        return self.to_recipient or self.to_sender

    @property
    def outcome(self) -> str:
        """Return accepted, refused, sender_refused, deferred (4xx), or unknown."""
        if self.to_recipient is not None:
            kind = self.to_recipient.code // 100
            if kind == 4 and _RELAY_DENIED.match(self.to_recipient.text):
                return "refused"
            return {2: "accepted", 5: "refused"}.get(kind, "deferred")
        if self.to_sender is not None:
            return "sender_refused" if self.to_sender.code >= 500 else "deferred"
        return "unknown"

    @property
    def is_about_the_domain(self) -> bool:
        """Say whether the server refused because it thinks that nobody can send mail to the domain."""
        return self.to_recipient is not None and _BAD_DOMAIN.match(self.to_recipient.text) is not None


@dataclass(frozen=True)
class Battery:
    """All answers; `controls` are the replies to the controls that were asked: recipient -> was it refused."""

    answers: tuple[Answer, ...]
    controls: tuple[Answer, ...] = ()
    connections: int = 0
    ended: str = ""  # why it was given up early

    @property
    def proofs(self) -> tuple[Answer, ...]:
        """Return the acceptances that prove a relay."""
        return tuple(answer for answer in self._accepted if answer.case.proves or self._control_is_refused(answer))

    @property
    def hints(self) -> tuple[Answer, ...]:
        """Return the acceptances that may mean a relay, or a server that accepts every local part unseen."""
        return tuple(answer for answer in self._accepted if answer not in self.proofs)

    @property
    def verdict(self) -> str:
        """Return open, closed or undecided."""
        if self.proofs:
            return "open"
        return "undecided" if self.doubt else "closed"

    @property
    def plain_is_refused(self) -> bool:
        """Return whether the server refused to relay to each recipient that is plainly foreign.

        What an undecided test then leaves open are foreign addresses hidden in local parts, which a server that accepts
        every local part unseen accepts as well.
        """
        plain = [answer for answer in self.answers if answer.case.proves]
        relaying = [answer for answer in plain if answer.outcome == "refused" and not answer.is_about_the_domain]
        refused = all(answer.outcome in ("refused", "sender_refused") for answer in plain)
        return bool(relaying) and refused and not self.ended

    @property
    def doubt(self) -> str:
        """Return why the refusals do not prove that the server is closed; empty where they do."""
        unknown = [answer for answer in self.answers if answer.outcome in ("unknown", "deferred")]
        plain = [answer for answer in self.answers if answer.case.proves and answer.outcome == "refused"]
        if self.ended or (unknown and len(unknown) == len(self.answers)):
            return self.ended or f"the server decided nothing: {_quote(unknown[0])}"
        if self.hints:
            listed = ", ".join(_quote(answer) for answer in self.hints)
            return f"accepted, as every other local part of that domain is, relayed or not: {listed}"
        if not plain:
            return "the server refused the senders, not the relaying: use a relay_sender that it accepts"
        if all(answer.is_about_the_domain for answer in plain if _is_plain(answer.case)):
            return (
                "the server refused because of the recipient's domain, not the relaying: use a relay_recipient "
                f"whose domain receives mail: {_quote(plain[0])}"
            )
        return f"some cases were not decided: {', '.join(_quote(answer) for answer in unknown)}" if unknown else ""

    @property
    def _accepted(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.outcome == "accepted")

    def _control_is_refused(self, answer: Answer) -> bool:
        return any(
            control.case.recipient == answer.case.control and control.outcome == "refused" for control in self.controls
        )


def relay_cases(sender: str, recipient: str, literal: str, domain: str, host: str) -> tuple[Case, ...]:
    """Return the cases for a server.

    `sender` and `recipient` are plain foreign addresses, `literal` is the server's address as in `[192.0.2.11]`,
    `domain` is one of its own domains, and `host` the name it greets with; both may be empty.
    """
    cases: dict[tuple[str, str], Case] = {}
    for case in _cases(sender, recipient, literal, domain, host):
        cases.setdefault((case.sender, case.recipient), case)
    return tuple(cases.values())


def controls_for(answers: Sequence[Answer]) -> tuple[Case, ...]:
    """Return the controls that the accepted hidden addresses need, each once."""
    wanted = {
        answer.case.control: Case("control", answer.sender, answer.case.control)
        for answer in answers
        if answer.outcome == "accepted" and not answer.case.proves
    }
    return tuple(wanted.values())


def _cases(sender: str, recipient: str, literal: str, domain: str, host: str) -> Iterator[Case]:
    local_part, _at, foreign = recipient.rpartition("@")
    yield Case("foreign", sender, recipient)
    yield Case("null_sender", "", recipient)
    if domain:
        yield Case("own_domain_sender", f"postmaster@{domain}", recipient)
    if host:
        yield Case("own_host_sender", f"postmaster@{host}", recipient)
    yield Case("own_address_sender", f"postmaster@{literal}", recipient)
    yield Case("localhost_sender", "postmaster@localhost", recipient)
    yield Case("sender_without_domain", "postmaster", recipient)
    yield Case("sender_is_recipient", recipient, recipient)
    yield Case("quoted_foreign", sender, f'"{local_part}"@{foreign}')
    yield Case("final_dot", sender, f"{recipient}.")
    yield Case("foreign_address", sender, f"{local_part}@[192.0.2.1]")
    for own in dict.fromkeys(filter(None, (host, domain, literal))):
        yield Case(f"source_route{_suffix(own, literal, host)}", sender, f"@{own}:{recipient}")
    for own in dict.fromkeys(filter(None, (domain, host, literal))):
        suffix, control = _suffix(own, literal, host), f"{NOBODY}@{own}"
        yield Case(f"percent{suffix}", sender, f"{local_part}%{foreign}@{own}", control)
        yield Case(f"bang{suffix}", sender, f"{foreign}!{local_part}@{own}", control)
        yield Case(f"quoted_local_part{suffix}", sender, f'"{recipient}"@{own}', control)
        yield Case(f"two_at_signs{suffix}", sender, f"{recipient}@{own}", control)
    yield Case("percent_without_domain", sender, f"{local_part}%{foreign}", NOBODY)
    yield Case("bang_without_domain", sender, f"{foreign}!{local_part}", NOBODY)
    yield Case("quoted_without_domain", sender, f'"{recipient}"', NOBODY)


def _suffix(own: str, literal: str, host: str) -> str:
    return "_at_address" if own == literal else "_at_host" if own == host else ""


def _is_plain(case: Case) -> bool:
    return "@" in case.recipient and not set(case.recipient) & set('"[:') and not case.recipient.endswith(".")


def _quote(answer: Answer) -> str:
    said = f"`{answer.reply}`" if answer.reply else answer.failure
    return f"{answer.case.id} <{answer.case.recipient}>: {said}"
