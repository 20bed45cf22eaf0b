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
    written. Only items that differ are written, with the revision that was read, so that a change that somebody else
    made meanwhile is an error and not lost. Items that a definition does not name stay as they are.
  - Run it against the administration server of the Domino Directory, once for all documents.
  - >-
    With O(output=dxl) it reaches no server and writes the documents into a file, to be reviewed or imported by hand.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._directory
  - opendomino.mail._directory_settings
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
    type: list
    elements: dict
    required: true
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
            is not publicly known: use O(documents[].items) with what you find on your own server.
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
notes:
  - >-
    A missing item is as good as an empty one when it shall be empty. One value and a list of one value are the same.
    Text and number of the same content are the same. The order of values counts.
  - >-
    The secret values of a definition (the Internet password of a person, items with C(password) or C(secret) in their
    names) are not shown.
seealso:
  - module: opendomino.mail.directory_documents_info
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
  description: One entry for each definition, in the same order. When a write fails, those that were carried out.
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
            V(site) for an item that the site catalogue names, V(given) for one that only the definition knows.
          type: str
          sample: documented
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory import engine, report
from ..module_utils._directory.definition import define_all
from ..module_utils._directory.design import STRICT
from ..module_utils._directory.errors import DirectoryError, IncompleteError
from ..module_utils._directory_module import (
    ARGUMENT_SPEC,
    OUTPUT_ARGUMENT_SPEC,
    OUTPUT_REQUIRED_IF,
    fail,
    open_directory,
)
from ..module_utils._dxl_file import write as write_dxl
from ..module_utils._whole_file import FileError

DOCUMENT_SPEC = {
    "form": {
        "type": "str",
        "required": True,
        "choices": ["Server", "ServerConfig", "Domain", "Person", "SMTPInboundSite"],
    },
    "match": {"type": "dict", "required": True},
    "settings": {"type": "dict", "default": {}},
    "items": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "create": {"type": "bool", "default": True},
}


def main() -> None:
    """Plan, check, apply, report."""
    module = AnsibleModule(
        argument_spec={
            **ARGUMENT_SPEC,
            **OUTPUT_ARGUMENT_SPEC,
            "documents": {"type": "list", "elements": "dict", "required": True, "options": DOCUMENT_SPEC},
            "design_check": {"type": "str", "choices": ["strict", "evidence", "off"], "default": "strict"},
        },
        required_if=OUTPUT_REQUIRED_IF,
        supports_check_mode=True,
    )
    design_check = module.params["design_check"]
    try:
        definitions = define_all(module.params["documents"])
        module.no_log_values.update(report.secrets(definitions))
        if module.params["output"] == "dxl":
            module.exit_json(**write_dxl(module, definitions))
        with open_directory(module.params, setup=design_check == STRICT) as directory:
            try:
                outcomes = engine.run(directory, definitions, write=not module.check_mode, design_check=design_check)
            finally:
                for warning in directory.warnings:
                    module.warn(warning)
    except IncompleteError as exc:
        fail(module, exc, **report.results(exc.outcomes))
    except (DirectoryError, FileError) as exc:
        fail(module, exc)
    module.exit_json(**report.results(outcomes))


if __name__ == "__main__":
    main()
