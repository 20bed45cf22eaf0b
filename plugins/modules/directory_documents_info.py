#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: directory_documents_info
short_description: Read documents of the Domino Directory
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Reads documents of the Domino Directory (Server, Configuration, Domain, Person and SMTP Inbound Site documents) over
    HCL Domino REST API, with their items as stored and with friendly settings.
  - Only what the schema of the scope declares in the mode V(dql) can be seen.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._attributes.info_module
  - opendomino.mail._directory
  - opendomino.mail._directory.account
  - opendomino.mail._directory.administration
  - opendomino.mail._directory_catalogue
attributes:
  platform:
    support: full
    platforms: all
options:
  documents:
    description:
      - What to read.
    type: list
    elements: dict
    required: true
    suboptions:
      form:
        description:
          - Form of the documents.
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
            What identifies the documents, as in M(opendomino.mail.directory_documents). All documents of the
            form when empty.
        type: dict
        default: {}
      items:
        description:
          - Names of the items to return. All that can be seen when empty.
        type: list
        elements: str
        default: []
notes:
  - Secret values (the Internet password of a person, items with C(password) or C(secret) in their names) are not shown.
seealso:
  - module: opendomino.mail.directory_documents
"""

EXAMPLES = r"""
- name: Directory | What the Configuration document for all servers says
  opendomino.mail.directory_documents_info:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    documents:
      - form: ServerConfig
        match:
          server_name: "*"
  register: configuration

- name: Directory | Internet addresses of all people
  opendomino.mail.directory_documents_info:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    documents:
      - form: Person
        items: [FullName, InternetAddress]
  register: people
"""

RETURN = r"""
documents:
  description: The documents found, in the order of the request.
  returned: success
  type: list
  elements: dict
  contains:
    form:
      description: Form of the document.
      type: str
      sample: ServerConfig
    unid:
      description: UNID of the document.
      type: str
      sample: 48CAD0599A85856D00258A04004CACFA
    revision:
      description: Revision of the document, V(null) where the server gives none.
      type: str
      sample: 00000001004CACFB00258A04
    stored_items:
      description: Items as stored.
      type: dict
      sample:
        MailExternalSMTP: '1'
        ServerName: '*'
    settings:
      description: Friendly settings, for the items that have one.
      type: dict
      sample:
        external_smtp: enabled
        server_name: all_servers
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory import engine, report
from ..module_utils._directory.definition import selections
from ..module_utils._directory.errors import DirectoryError
from ..module_utils._directory.site_catalogue import merged
from ..module_utils._directory_module import (
    ADMINISTRATION_ARGUMENT_SPEC,
    ARGUMENT_SPEC,
    CATALOGUE_ARGUMENT_SPEC,
    administration,
    fail,
    session,
)

DOCUMENT_SPEC = {
    "form": {
        "type": "str",
        "required": True,
        "choices": ["Server", "ServerConfig", "Domain", "Person", "SMTPInboundSite"],
    },
    "match": {"type": "dict", "default": {}},
    "items": {"type": "list", "elements": "str", "default": []},
}


#: What the options are; the action plugin of the same name reads them by it, too.
SPEC: dict[str, Any] = {
    "argument_spec": {
        **ARGUMENT_SPEC,
        **ADMINISTRATION_ARGUMENT_SPEC,
        **CATALOGUE_ARGUMENT_SPEC,
        "documents": {"type": "list", "elements": "dict", "required": True, "options": DOCUMENT_SPEC},
    },
}


def work(module: AnsibleModule) -> None:
    """Read and report."""
    try:
        catalogue = merged(module.params["catalogue"])
        wanted = selections(module.params["documents"], catalogue)
        server = administration(module.params)
        with session(module) as directory:
            found = engine.read(directory, wanted, server)
    except DirectoryError as exc:
        fail(module, exc)
    documents = [report.read(document, selection.items, catalogue) for selection, document in found]
    module.exit_json(changed=False, documents=documents)


def main() -> None:
    """Do the work as a module."""
    work(AnsibleModule(**SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
