#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: directory_scope
short_description: Schema and scope of HCL Domino REST API for the Domino Directory
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Makes the schema and the scope through which M(opendomino.mail.directory_documents) reaches C(names.nsf), and keeps
    them as the catalogue of this collection and the server's own design want them.
  - >-
    The schema becomes a part of the design of C(names.nsf), and replicates with it. Whether that may be is for the
    administrators of the Notes domain to decide, so no other module or role of this collection does it.
  - >-
    Every form gets the modes V(default) (read and write) and V(dql) (read), with C(Form), C(Type) and the items of the
    catalogue, each with its type; items with several values are arrays. The schema needs the revision for an update, is
    open to tokens that name the scope only, runs no code, decrypts nothing, and does not allow to delete documents
    unless O(deletion) is set. The scope caps access at V(Editor).
  - >-
    What others added to the schema (forms, modes, fields, views, formulas, requirements) stays, unless O(exact) is set.
    So does the description, by which this module knows later what it made itself.
  - >-
    Needed rights are access level C(Designer) in C(names.nsf) for the schema and membership in C(LocalKeepAdmins) for
    the scope. They are asked for before anything is written, and those that the account lacks are named, as far as the
    server tells. Writing documents through the scope needs access level C(Editor) and the roles for the documents.
  - >-
    C(names.nsf) has to be lifted from the exclusion list before, as the role P(opendomino.mail.directory_access#role)
    does.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._directory
  - opendomino.mail._directory.account
  - opendomino.mail._directory_catalogue
attributes:
  check_mode:
    support: full
    details:
      - Everything but the writes is done. A schema that would be written is sent as a dry run, so that the server says
        whether it would take it.
  diff_mode:
    support: full
    details:
      - One entry for the schema and one for the scope, one line for each setting and field.
  idempotent:
    support: full
  platform:
    support: full
    platforms: all
options:
  schema:
    description:
      - Name of the schema in C(names.nsf). The default is the value of O(scope).
    type: str
  forms:
    description:
      - The forms to declare.
      - >-
        V(Group) and V(Database) (mail-in databases) are only read, by M(opendomino.mail.internet_addresses), with their
        names and their Internet address.
    type: list
    elements: str
    choices:
      - Server
      - ServerConfig
      - Domain
      - Person
      - SMTPInboundSite
      - Group
      - Database
    default:
      - Server
      - ServerConfig
      - Domain
      - Person
      - SMTPInboundSite
      - Group
      - Database
  items:
    description:
      - >-
        Items that no catalogue knows, by form and item name, with their type (V(text), V(number), V(text_list) or
        V(names)), as in C({ServerConfig: {NameSeenOnOurServer: text}}). Where the server's design can be read, it
        decides the type.
      - Secret items of the catalogue, such as the Internet password of a person, are declared only if named here.
    type: dict
    default: {}
  deletion:
    description:
      - Whether documents may be deleted through the scope.
    type: bool
    default: false
  server:
    description:
      - Hierarchical name of the only server on which the scope is there; V(*) stands for all servers.
    type: str
    default: '*'
  design_check:
    description:
      - Where the types of the items come from.
      - >-
        V(strict): from the server's own design of each form and its subforms; items that it does not have are left out.
        When a design cannot be read, items whose name is documented publicly are declared, with a warning.
      - >-
        V(evidence): from the catalogue, for items whose name is documented publicly; the design is not read.
      - 'V(off): from the catalogue, for all items that it has a name for.'
    type: str
    choices:
      - strict
      - evidence
      - 'off'
    default: strict
  exact:
    description:
      - Whether the schema shall hold nothing but what this module declares.
      - With O(state=absent), whether a schema is removed although it holds what others added.
    type: bool
    default: false
  excluded:
    description:
      - >-
        Whether C(names.nsf) is known to be on the exclusion list now. When the server refuses to show C(names.nsf),
        check mode then shows what would be set up where nothing is there, and O(state=absent) takes the schema as
        removed.
    type: bool
    default: false
  state:
    description:
      - Whether schema and scope shall be there.
      - >-
        V(absent) removes what this module made, which it knows by the description, and nothing else. The schema stays
        while another scope leads to it.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: opendomino.mail.directory_documents
"""

EXAMPLES = r"""
- name: REST API | The Domino Directory can be managed
  opendomino.mail.directory_scope:
    url: https://mail01.example.com:8880
    username: Domino Designer
    password: "{{ domino_rest_password }}"

- name: REST API | Mail settings only, with an item of our own, for the administration server only
  opendomino.mail.directory_scope:
    url: https://mail01.example.com:8880
    username: Domino Designer
    password: "{{ domino_rest_password }}"
    scope: mailsettings
    forms: [Server, ServerConfig, Domain]
    items:
      ServerConfig:
        NameSeenOnOurServer: text
    server: Mail01/Acme

- name: REST API | The Domino Directory can no longer be managed
  opendomino.mail.directory_scope:
    url: https://mail01.example.com:8880
    username: Domino Designer
    password: "{{ domino_rest_password }}"
    state: absent
"""

RETURN = r"""
schema:
  description: What was done with the schema, or would be done in check mode.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the schema.
      type: str
      sample: dominodirectory
    action:
      description: What was done.
      type: str
      choices:
        - created
        - updated
        - deleted
        - none
      sample: updated
    changes:
      description: The settings and fields that changed, with what they were and are.
      type: list
      elements: dict
      sample:
        - what: ServerConfig, MailExternalSMTP (default, dql)
          before: (absent)
          after: text
scope:
  description: What was done with the scope, in the same form.
  returned: success
  type: dict
  sample:
    name: dominodirectory
    action: none
    changes: []
left_out:
  description: Items of the catalogue that are not declared, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - form: Person
      item: HTTPPassword
      reason: 'it is secret; name it in items: to have it declared'
access:
  description: >-
    What the account may do through the scope, as the server has it: C(user), C(level), C(roles). Asked after a change
    only, otherwise V(null).
  returned: success
  type: dict
  sample:
    user: CN=Domino Designer/O=Acme
    level: EDITOR
    roles: ['[ServerModifier]']
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory import scope, scope_engine
from ..module_utils._directory.errors import DirectoryError
from ..module_utils._directory.site_catalogue import merged
from ..module_utils._directory_module import (
    ARGUMENT_SPEC,
    CATALOGUE_ARGUMENT_SPEC,
    fail,
    hide,
    open_setup,
    report_warnings,
)

FORMS = ["Server", "ServerConfig", "Domain", "Person", "SMTPInboundSite", "Group", "Database"]


def main() -> None:
    """Read, plan, check, apply, report."""
    module = AnsibleModule(
        argument_spec={
            **ARGUMENT_SPEC,
            **CATALOGUE_ARGUMENT_SPEC,
            "schema": {"type": "str"},
            "forms": {"type": "list", "elements": "str", "choices": FORMS, "default": FORMS},
            "items": {"type": "dict", "default": {}},
            "deletion": {"type": "bool", "default": False},
            "server": {"type": "str", "default": "*"},
            "design_check": {"type": "str", "choices": ["strict", "evidence", "off"], "default": "strict"},
            "exact": {"type": "bool", "default": False},
            "excluded": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params, write = module.params, not module.check_mode
    try:
        names = scope.names(params["scope"], params["schema"])
        server = scope.server(params["server"])
        wanted = scope.Wanted(*names, deletion=params["deletion"], server=server, exact=params["exact"])
        own = scope.own_items(params["items"])
        catalogue = merged(params["catalogue"])
        with open_setup(params) as api:
            try:
                if params["state"] == "absent":
                    outcome = scope_engine.remove(api, wanted, write=write, excluded=params["excluded"])
                else:
                    request = scope_engine.Request(
                        params["forms"], own, params["design_check"], params["excluded"], catalogue
                    )
                    outcome = scope_engine.run(api, wanted, request, write=write)
            finally:
                hide(module, api.secrets)
                report_warnings(module, api.warnings)
    except DirectoryError as exc:
        fail(module, exc)
    module.exit_json(**scope_engine.results(outcome, wanted))


if __name__ == "__main__":
    main()
