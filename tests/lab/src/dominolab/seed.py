# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh lab server looks like: notes.ini and the directory of a domain that nobody has configured for mail.

It listens to no SMTP, sends none, and knows no Internet address, for the reasons that a real fresh server would have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dominolab import crowd
from dominolab.notes_names import abbreviated, common_name

if TYPE_CHECKING:
    from pathlib import Path

    from dominolab.contract import ItemValue
    from dominolab.directory import Directory
    from dominolab.topology import NotesDomain, Person, ServerSpec


def notes_ini(domain: NotesDomain, server: ServerSpec, data_directory: Path, program_directory: Path) -> bytes:
    """Return the content of a fresh notes.ini; the topology's `notes_ini` adds or replaces variables."""
    variables = {
        "NotesProgram": str(program_directory),
        "Directory": str(data_directory),
        "KitType": "2",
        "ServerSetup": "1",
        "ServerName": abbreviated(server.name),
        "Domain": domain.name,
        "ServerTasks": "Replica,Router,Update,AMgr,AdminP",
        **server.options.get("notes_ini", {}),
    }
    return "".join(["[Notes]\n", *(f"{name}={value}\n" for name, value in variables.items())]).encode("latin-1")


def fill(directory: Directory, domain: NotesDomain, smtp_port: int) -> None:
    """Create the documents of a fresh Notes domain in an empty replica."""
    for server in domain.servers:
        directory.create(_server_document(domain, server, smtp_port))
    for person in domain.people:
        directory.create(_person_document(domain, person))
    for items in domain.documents:
        directory.create(items)
    directory.create_many(crowd.documents(domain.crowd, domain.organization, domain.name))


def _server_document(domain: NotesDomain, server: ServerSpec, smtp_port: int) -> Mapping[str, ItemValue]:
    return {
        "Form": "Server",
        "Type": "Server",
        "ServerName": server.name,
        "Domain": domain.name,
        "SMTPFullHostDomain": "",
        "SMTPListenerEnabled": "0",
        "SMTP_Port": smtp_port,
        "SMTP_PortStatus": "1",
        "Router_Port": smtp_port,
        "Router_PortStatus": "1",
        **server.options.get("server_document", {}),
    }


def _person_document(domain: NotesDomain, person: Person) -> Mapping[str, ItemValue]:
    first, _, last = common_name(person.name).rpartition(" ")
    return {
        "Form": "Person",
        "Type": "Person",
        "FirstName": first,
        "LastName": last,
        "FullName": [person.name, common_name(person.name)],
        "ShortName": [person.short_name],
        "MailSystem": "1",
        "MailDomain": domain.name,
        "MailServer": person.mail_server,
        "MailFile": f"mail/{person.short_name}",
    }
