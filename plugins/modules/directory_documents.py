#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: directory_documents
short_description: Documents of the Domino Directory
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Brings documents of the Domino Directory (Server, Configuration, Domain, Person and SMTP Inbound Site documents) to
    what a list of definitions says, over HCL Domino REST API.
  - >-
    All definitions are checked before anything is asked, and everything is planned and checked before anything is
    written. Only items that differ are written, with the revision that was read. Items that a definition does not name
    stay as they are.
  - >-
    Where somebody else changed a document meanwhile, it is read and planned again; a change of the same items is an
    error that shows both values. Several runs that make the same document at the same time leave one.
  - Run it against the administration server of the Domino Directory, once for all documents.
  - >-
    With O(output=dxl) it reaches no server and writes the documents into a file, to be reviewed or imported by hand.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._directory
  - opendomino.mail._directory.account_optional
  - opendomino.mail._directory.administration
  - opendomino.mail._directory_settings
  - opendomino.mail._directory_catalogue
attributes:
  check_mode:
    support: full
    details:
      - Everything but the writes is done, including the check against the server's design.
  diff_mode:
    support: full
    details:
      - One entry for each document that changes, one line for each item.
  idempotent:
    support: full
  platform:
    support: full
    platforms: all
options:
  url:
    description:
      - Address of HCL Domino REST API on the administration server of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_URL) is used.
      - Required if O(output=rest).
    type: str
  username:
    description:
      - User to log in with.
      - The user needs the rights for the documents in the access control list of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_USERNAME) is used.
      - Required if O(output=rest).
    type: str
  password:
    description:
      - Internet password of O(username).
      - If not set, the value of the environment variable E(DOMINO_REST_PASSWORD) is used.
      - Required if O(output=rest).
    type: str
  output:
    description:
      - Where the documents go.
      - 'V(rest): into the Domino Directory, over HCL Domino REST API.'
      - >-
        V(dxl): into the file O(path), in Domino's XML language. No server is contacted, and O(design_check) does
        nothing; the module warns of items whose names are not documented publicly.
      - >-
        The file is for an import that creates documents (C(DXLIMPORTOPTION_CREATE), the default of Domino's importer):
        each import makes each document, whether there is one already or not. DXL finds an existing document by its UNID
        only, which no definition has. So V(absent) for O(documents[].state), V(false) for O(documents[].create) and
        Server documents, which exist already, are errors. As far as is known, an import computes no form, so that items
        which the form would fill in are missing until somebody opens the document and saves it.
      - >-
        A carriage return, and characters that XML 1.0 cannot hold, are errors. A line feed in a text is a line break.
    type: str
    choices:
      - rest
      - dxl
    default: rest
  path:
    description:
      - The DXL file. It holds the documents of O(documents) and no others.
      - >-
        A file that is there and was not written by this module is an error. A new file is readable for its owner alone,
        as it may hold secrets.
      - Required if O(output=dxl).
    type: path
  documents:
    description:
      - The documents.
      - Two definitions of one document are refused.
      - One of O(documents) and O(undo) is needed.
    type: list
    elements: dict
    suboptions:
      form:
        description:
          - Form of the document.
          - >-
            V(ServerConfig) is a Configuration document, V(Domain) is a Domain document such as a Global Domain.
        type: str
        required: true
        choices:
          - Server
          - ServerConfig
          - Domain
          - Person
          - SMTPInboundSite
      match:
        description:
          - >-
            What identifies the document: friendly settings (names in lower case, such as V(server_name)) or item names
            (any other, such as V(ServerName)), each with its value. At least one.
          - >-
            Text compares without case. Notes names compare as names, abbreviated or canonical. Of an item with several
            values, such as the user names of a person, any may match.
          - No document or one must match; several are an error that names their UNIDs.
          - When the document is created, these become items of it.
        type: dict
        required: true
      settings:
        description:
          - >-
            Friendly settings and their values, as in C(external_smtp: enabled); the notes list them. Notes names may be
            abbreviated (V(Mail01/Acme)) and are stored in canonical form (V(CN=Mail01/O=Acme)).
          - >-
            An unknown setting is an error that names similar ones. So is a setting whose item, or whose stored value,
            is not publicly known: find it on your own server and name it in O(catalogue), or use
            O(documents[].items).
        type: dict
        default: {}
      items:
        description:
          - >-
            Items by their own names, on your own word: text, number, or a list of texts or of numbers. Text that looks
            like a number needs quotes. V(null) removes the item.
          - The items C(Form) and C(Type), and items with C($) in their names, cannot be given.
        type: dict
        default: {}
      state:
        description:
          - Whether the document shall be there. A Server document is never removed here.
        type: str
        choices:
          - present
          - absent
        default: present
      create:
        description:
          - Whether a missing document is created. A Server document is made at server set-up and never created here.
        type: bool
        default: true
  design_check:
    description:
      - What has to be known of an item before it is written. Nothing is asked when nothing is to be written.
      - >-
        V(strict): the server's own design of the form is read. An item that the form does not have, or of another type,
        or with more values than the field takes, is refused, and text or number is written as the design wants it. When
        the design cannot be read, items whose name is documented publicly go ahead with a warning and all others are
        refused.
      - >-
        V(evidence): the design is not read. Items whose name is documented publicly go ahead, all others are refused.
      - 'V(off): everything goes ahead.'
    type: str
    choices:
      - strict
      - evidence
      - 'off'
    default: strict
  concurrency:
    description:
      - How many documents are changed or removed at a time, each over a connection of its own.
      - Documents are made with one request for every hundred.
    type: int
    default: 4
  undo:
    description:
      - >-
        What this module returned as RV(undo): the documents are brought back to what they were, newest first. What was
        made is removed, what was removed is made again.
      - >-
        A document that somebody else has changed since, in the items that were written, is left as it is; the others
        are brought back, and the module fails with the values of both. What is as it was already is no change.
      - >-
        What was removed comes back as a new document, with another UNID, and with the items that the schema of the
        scope shows. Secret values, rich text and items with C($) in their names do not come back.
      - Entries about the same document, from two calls, have to be given back in two calls.
    type: list
    elements: dict
    suboptions:
      action:
        description: What was done.
        type: str
        required: true
        choices:
          - created
          - updated
          - deleted
      form:
        description: Form of the document.
        type: str
        required: true
        choices:
          - Server
          - ServerConfig
          - Domain
          - Person
          - SMTPInboundSite
      unid:
        description: UNID of the document.
        type: str
        required: true
      revision:
        description: Revision after the write.
        type: str
      match:
        description: Items that identify the document.
        type: dict
        required: true
      items:
        description: Items that were written.
        type: list
        elements: dict
        default: []
        suboptions:
          item:
            description: Name of the item.
            type: str
            required: true
          previous:
            description: Value before, V(null) where the item was not there.
            type: raw
          written:
            description: Value that was written, V(null) where the item was removed.
            type: raw
      omitted:
        description: Items that do not come back.
        type: list
        elements: str
        default: []
notes:
  - >-
    A missing item is as good as an empty one. One value and a list of one value are the same. Text and number are never
    the same; the design of the form, and the schema, say which of them an item holds.
  - >-
    Names compare in canonical form. The order of values counts in a person's user names, in the lists of ciphers and
    ports, and in items that no catalogue knows; in all other lists of the catalogue another order is no change.
  - >-
    HCL Domino REST API keeps to revisions where the schema says C(requireRevisionToUpdate); where it does not, the
    module warns. A removal takes no revision there at all. So a document that is to be removed is first written as it
    is, with the revision that was read, and removed then: an older change is found, and whoever has read the document
    before is refused.
  - >-
    Domino Directories have no unique keys. A document that was made is looked up again. Where another run has made it
    too, the older one stays (time of creation, then UNID), and each run removes the one that it made itself. Documents
    that match one definition, and replication conflicts, that were there before are an error that names their UNIDs;
    none of them is touched. A replication conflict is recognised where the schema declares the item C($Conflict).
  - >-
    Documents are made first, then changed, then removed. When a write fails nothing more is begun, what is under way is
    waited for, and the message and the results say what was written and what was not. The next run does the rest.
  - >-
    The secret values of a definition (the Internet password of a person, items with C(password) or C(secret) in their
    names) are not shown. Ansible itself writes the arguments of a task into the system log of the host that it runs
    on; give the task C(no_log) where its definitions hold secrets.
seealso:
  - module: opendomino.mail.directory_documents_info
  - module: opendomino.mail.directory_design_info
"""

EXAMPLES = r"""
- name: Directory | All servers send to the Internet by SMTP and offer TLS
  opendomino.mail.directory_documents:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    documents:
      - form: ServerConfig
        match:
          server_name: "*"
        settings:
          use_as_default: enabled
          external_smtp: enabled
          inbound_starttls: enabled
      - form: Server
        match:
          server_name: Mail01/Acme
        settings:
          smtp_listener_task: enabled
          fully_qualified_host_name: mail01.example.com

- name: Directory | The Global Domain holds the Internet domains
  opendomino.mail.directory_documents:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    documents:
      - form: Domain
        match:
          domain_type: global_domain
          global_domain_name: Acme Internet
        settings:
          global_domain_role: internet_domains
          members: [ACME]
          primary_internet_domain: example.com
          internet_domain_aliases: [example.net, example.org]

- name: Directory | A setting whose item this site has confirmed in its own design
  opendomino.mail.directory_documents:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    catalogue: "{{ lookup('ansible.builtin.file', 'catalogue.yml') | from_yaml }}"
    documents:
      - form: ServerConfig
        match:
          server_name: "*"
        settings:
          relay_host: relay.example.com

- name: Directory | An item that only this site knows
  opendomino.mail.directory_documents:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    documents:
      - form: ServerConfig
        match:
          server_name: "*"
        items:
          NameSeenOnOurServer: "1"

- name: Directory | Documents are written, and back to what they were when mail does not flow
  block:
    - name: Directory | External SMTP is enabled
      opendomino.mail.directory_documents:
        url: https://mail01.example.com:8880
        username: Domino Automation
        password: "{{ domino_rest_password }}"
        documents:
          - form: ServerConfig
            match:
              server_name: "*"
            settings:
              external_smtp: enabled
      register: written

    - name: Mail flows
      ansible.builtin.import_role:
        name: opendomino.mail.verify_mail
  rescue:
    - name: Directory | Documents are as they were
      opendomino.mail.directory_documents:
        url: https://mail01.example.com:8880
        username: Domino Automation
        password: "{{ domino_rest_password }}"
        undo: "{{ written.undo }}"

- name: Directory | The Configuration document as DXL, for the administrator who imports it
  opendomino.mail.directory_documents:
    output: dxl
    path: /tmp/acme.dxl
    documents:
      - form: ServerConfig
        match:
          server_name: "*"
        settings:
          external_smtp: enabled
"""

RETURN = r"""
path:
  description: The DXL file, with symbolic links resolved.
  returned: success, with O(output=dxl)
  type: str
  sample: /tmp/acme.dxl
documents:
  description: >-
    One entry for each definition, in the same order. When a write fails, those that were carried out. With O(undo) one
    for each entry, newest first.
  returned: always, except when a definition is wrong or the directory cannot be read
  type: list
  elements: dict
  contains:
    form:
      description: Form of the document.
      type: str
      sample: ServerConfig
    match:
      description: What identified the document, as stored.
      type: dict
      sample:
        server_name: '*'
    unid:
      description: UNID of the document; V(null) where it is not there (yet).
      type: str
      sample: 48CAD0599A85856D00258A04004CACFA
    action:
      description: What was done, or would be done in check mode.
      type: str
      choices:
        - created
        - updated
        - deleted
        - none
      sample: updated
    changes:
      description: The items that changed.
      type: list
      elements: dict
      contains:
        item:
          description: Name of the item.
          type: str
          sample: MailExternalSMTP
        setting:
          description: Friendly setting, V(null) where there is none.
          type: str
          sample: external_smtp
        label:
          description: Label in the user interface, V(null) where it is not known.
          type: str
          sample: SMTP used when sending messages outside of the local internet domain
        before:
          description: Value before; V(null) where the item was not there.
          type: raw
          sample: '0'
        after:
          description: Value after; V(null) where the item is removed.
          type: raw
          sample: '1'
        evidence:
          description: >-
            How well the item's name is known in public: V(documented), V(observed), V(likely), V(unconfirmed), or
            V(site) for an item that O(catalogue) names, V(given) for one that only the definition knows.
          type: str
          sample: documented
        tab:
          description: Where the label stands in the user interface, V(null) where it is not known.
          type: str
          sample: Router/SMTP > Basics
        sources:
          description: Where the evidence can be read.
          type: list
          elements: str
          sample: [Domino administrator help 8]
undo:
  description: What this call wrote, so that O(undo) of another call can bring it back. Secret values are left out.
  returned: with RV(documents)
  type: list
  elements: dict
  sample:
    - action: updated
      form: ServerConfig
      unid: 48CAD0599A85856D00258A04004CACFA
      revision: 00000002004CACFB00258A04
      match:
        ServerName: '*'
      items:
        - item: MailExternalSMTP
          previous: '0'
          written: '1'
      omitted: []
not_written:
  description: >-
    What was planned and not written, or not known to be written, in the shape of RV(documents); RV(documents[].action)
    is what was planned.
  returned: when a write fails
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory import engine, report, undoing
from ..module_utils._directory.definition import define_all
from ..module_utils._directory.design import STRICT
from ..module_utils._directory.errors import DirectoryError, IncompleteError
from ..module_utils._directory.site_catalogue import merged
from ..module_utils._directory_module import (
    ADMINISTRATION_ARGUMENT_SPEC,
    ARGUMENT_SPEC,
    CATALOGUE_ARGUMENT_SPEC,
    DOCUMENT_SPEC,
    OUTPUT_ARGUMENT_SPEC,
    OUTPUT_REQUIRED_IF,
    administration,
    fail,
    hide,
    session,
)
from ..module_utils._dxl_file import write as write_dxl
from ..module_utils._whole_file import FileError

UNDO_SPEC = {
    "action": {"type": "str", "required": True, "choices": ["created", "updated", "deleted"]},
    "form": DOCUMENT_SPEC["form"],
    "unid": {"type": "str", "required": True},
    "revision": {"type": "str"},
    "match": {"type": "dict", "required": True},
    "items": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "item": {"type": "str", "required": True},
            "previous": {"type": "raw"},
            "written": {"type": "raw"},
        },
    },
    "omitted": {"type": "list", "elements": "str", "default": []},
}


#: What the options are; the action plugin of the same name reads them by it, too.
SPEC: dict[str, Any] = {
    "argument_spec": {
        **ARGUMENT_SPEC,
        **OUTPUT_ARGUMENT_SPEC,
        **CATALOGUE_ARGUMENT_SPEC,
        "documents": {"type": "list", "elements": "dict", "options": DOCUMENT_SPEC},
        "undo": {"type": "list", "elements": "dict", "options": UNDO_SPEC},
        "design_check": {"type": "str", "choices": ["strict", "evidence", "off"], "default": "strict"},
        "concurrency": {"type": "int", "default": engine.CONCURRENCY},
        **ADMINISTRATION_ARGUMENT_SPEC,
    },
    "required_one_of": [("documents", "undo")],
    "mutually_exclusive": [("documents", "undo")],
    "required_if": [*OUTPUT_REQUIRED_IF, ("output", "dxl", ["documents"])],
}


def work(module: AnsibleModule) -> None:
    """Plan, check, apply, report."""
    given = module.params["documents"] or []
    hide(module, report.secrets_given(given))
    how = {"write": not module.check_mode, "design_check": module.params["design_check"]}
    try:
        how["administration_server"] = administration(module.params)
        catalogue = merged(module.params["catalogue"])
        hide(module, report.secrets_given(given, catalogue))
        definitions = define_all(given, catalogue)
        entries = undoing.parse(module.params["undo"] or [], catalogue)
        if module.params["output"] == "dxl":
            module.exit_json(**write_dxl(module, definitions))
        with session(module, setup=how["design_check"] == STRICT) as directory:
            if module.params["undo"] is None:
                outcomes = engine.run(directory, definitions, concurrency=module.params["concurrency"], **how)
            else:
                outcomes = engine.undo(directory, entries, concurrency=module.params["concurrency"], **how)
    except IncompleteError as exc:
        fail(module, exc, **report.results(exc.outcomes, exc.left, write=how["write"]))
    except (DirectoryError, FileError) as exc:
        fail(module, exc)
    module.exit_json(**report.results(outcomes, write=how["write"]))


def main() -> None:
    """Do the work as a module."""
    work(AnsibleModule(**SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
