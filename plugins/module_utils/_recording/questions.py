# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a real server can tell, and which part of a recording answers it.

N, B and I are the project's collections of facts, as in tests/lab/README.md: notes.ini and console, SMTP behaviour,
interfaces. Rows of the item catalogue come from the catalogue itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._directory.discovery import is_confirmed
from .._directory.items import PUBLISHED

if TYPE_CHECKING:
    from typing import Iterator

CONSOLE, NOTES_INI, SMTP, DESIGN, DOCUMENTS, REST = "console", "notes_ini", "smtp", "design", "documents", "rest"
#: Parts of a recording, in the order in which pseudonyms are given.
PARTS = (NOTES_INI, CONSOLE, SMTP, DESIGN, DOCUMENTS, REST)

#: Why no recording answers a question.
CHANGE = "needs a change, which a recorder never makes"
MAIL = "needs a message to be sent"
STATE = "needs a server in a state that a recorder does not bring about"
ELSEWHERE = "is nothing that a server shows"


@dataclass(frozen=True)
class Question:
    """Something that public sources leave open; `part` answers it, or `why_not` says why no recording can."""

    number: str
    text: str
    part: str = ""
    why_not: str = ""


_QUESTIONS = (
    Question("N 1.4", "whether lines that begin with a colon stand in notes.ini", NOTES_INI),
    Question("N 1.11", "whether the server keeps values of more than 255 bytes", NOTES_INI),
    Question("N 1.15a", "whether the last line of notes.ini has a line end", NOTES_INI),
    Question("N 1.15b", "which of two lines with one variable counts", why_not=CHANGE),
    Question("N 2.4", "which variables set config refuses", why_not=CHANGE),
    Question("N 3.4", "which of ServerTasksAt0 to ServerTasksAt23 exist", NOTES_INI),
    Question("N 3.8", "smtp in ServerTasks beside the enabled listener: what show tasks has then", CONSOLE),
    Question("N 4", "which of the variables with unconfirmed names exist, with their small numbers", NOTES_INI),
    Question("N 7a", "the lines of show tasks, those of SMTP among them", CONSOLE),
    Question("N 7b", "the lines of show config", CONSOLE),
    Question("N 7c", "what server -c writes, and its exit code", CONSOLE),
    Question("N 7d", "the lines of show server, and how process and time are written in console.log", CONSOLE),
    Question("B 2.3", "the listener enabled and SMTP in ServerTasks: how many entries show tasks has", CONSOLE),
    Question("B 2.4", "whether SMTP stands in ServerTasks", NOTES_INI),
    Question("B 3.6", "whether restarting Router and SMTP takes over a Global Domain", why_not=CHANGE),
    Question("B 5.4", "which of two fields wins for the lookup of senders", why_not=MAIL),
    Question("B 5.9", "the address with the Notes domain right of the @", why_not=MAIL),
    Question("B 5.12", "conversion rules in 5.0.8 and 5.0.9", why_not=ELSEWHERE),
    Question("B 6.6", "whether _ and . count as blanks in a local part", why_not=MAIL),
    Question("B 7.9", "which codes the relay fields of documents have", DOCUMENTS),
    Question("B 7.10", "what holds without a Configuration document", why_not=STATE),
    Question("B 8.13", "what a lookup that cannot be completed brings", why_not=STATE),
    Question("B 9.1", "the greeting of the release", SMTP),
    Question("B 9.7", "the greeting with SMTPGreeting", SMTP),
    Question("B 9.15", "the reply to HELP, and to commands out of order or unknown", SMTP),
    Question("B 9.16", "the replies to VRFY and EXPN", SMTP),
    Question("B 9.18", "the reply to a relay", SMTP),
    Question("B 9.21", "the reply to a refused recipient or group", why_not=STATE),
    Question("B 9.22", "the reply to a local recipient that is not there", SMTP),
    Question("B 9.24", "the code with 'This site is not enabled on the server.', where that is so", SMTP),
    Question("B 9.25", "the reply to a message that is too large", why_not=MAIL),
    Question("B 9.26", "the reply to a failed login", why_not="needs an account to be tried"),
    Question("B 10.1", "the shape of the reply to EHLO", SMTP),
    Question("B 10.3", "order and spelling of the extensions", SMTP),
    Question("B 12.5", "whether the next exchanger is tried", why_not=MAIL),
    Question("B 12.11", "after how long mail expires by default", why_not=MAIL),
    Question("B 12.19", "OAuth for outbound SMTP", why_not=ELSEWHERE),
    Question("B 13.4", "the names of the variables for DKIM", NOTES_INI),
    Question("B 14.8", "what Set Internet Address does with a conflict", why_not=CHANGE),
    Question("I 1.2", "status and errorId without a token, and with a wrong one", REST),
    Question("I 1.4", "how the API describes the design of a form", DESIGN),
    Question("I 1.5", "status and errorId of a wrong revision", why_not=CHANGE),
    Question("I 1.8", "status and errorId of what is not there: scope, document, mode, form", REST),
    Question("I 1.9", "whether a number is stored where text belongs: types of the items of documents", DOCUMENTS),
    Question("I 7a", "which version of the contract the server serves", REST),
    Question(
        "I 7b", "schema on an excluded names.nsf, limits of bulk requests, computeWithForm, dryRun", why_not=CHANGE
    ),
    Question("I 7c", "one-touch setup of a configured server, C API, Java, LDAP, DAS", why_not=STATE),
)


def questions() -> Iterator[Question]:
    """Return all questions: those of the reference, then each setting whose item or values are not documented."""
    yield from _QUESTIONS
    for row in PUBLISHED.rows():
        if not is_confirmed(row):
            what = "stored values" if row.name and row.evidence == "documented" else "item and stored values"
            yield Question(f"{row.form}.{row.setting}", f"{what} of {row.label or row.setting}", DESIGN)


def answered_by(part: str) -> tuple[str, ...]:
    """Return the numbers of the questions that a part answers."""
    return tuple(question.number for question in questions() if question.part == part)
