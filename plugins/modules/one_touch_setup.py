#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: one_touch_setup
short_description: Documents, notes.ini variables and server tasks for the first start of a Domino server
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Writes the definitions that M(opendomino.mail.directory_documents) takes into the JSON file of HCL Domino one-touch
    setup, which a server reads at its first start. The rest of the set-up (names, organization, certifier,
    administrator) comes from elsewhere, a template for example, and stays in the file as it is.
  - >-
    Documents go to C(appConfiguration), into the entry of C(names.nsf). The Server document, which setup makes, is
    found and updated; Configuration, Domain and SMTP Inbound Site documents are created, with C(computeWithForm), so
    that their forms fill in the rest.
  - >-
    A document that the file has an entry for already gets the items that its definition names; other items, other
    documents and all other keys stay, in their order. Where nothing differs the file stays as it is, byte by byte.
  - Nothing is applied by this module. It does not start the server.
extends_documentation_fragment:
  - ansible.builtin.files
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._directory_settings
  - opendomino.mail._directory_catalogue
attributes:
  check_mode:
    support: full
    details:
      - Everything but the write is done, validation included.
  diff_mode:
    support: full
    details:
      - >-
        The JSON before and after. Of passwords and other secrets, those that were in the file before included, only is
        shown whether they are new.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  path:
    description:
      - The JSON file. A symbolic link stays, and the file that it points to is changed. It is made where it is missing.
      - A file that is a mount of its own cannot be replaced. With O(unsafe_writes=true) it is written in place.
      - >-
        A new file is readable for its owner alone, unless O(mode) says otherwise, because such files hold passwords.
        The server reads it as the Notes user, so mostly O(owner) is needed.
      - >-
        A file that begins with a byte order mark, is no JSON, or holds one key twice in an object, is refused.
    type: path
    required: true
  documents:
    description:
      - The documents. Two definitions of one document are refused.
      - >-
        No server can be asked here, so nothing is known of the design of its forms. The module warns of items whose
        names are not documented publicly.
    type: list
    elements: dict
    default: []
    suboptions:
      form:
        description:
          - Form of the document.
          - >-
            V(Person) is an error: one-touch setup makes people by C(serverSetup.registerUsers), with ID, mail file and
            Internet address, and a Person document alone would be a user without them.
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
            Of a document that is created these become items. Of one that is updated they become C(findDocument), which
            wants each item to be equal; Notes names are written in canonical form, as they are stored. What setup does
            when no document is equal, or several are, is not documented.
          - >-
            An entry of the file whose C(findDocument) is a formula cannot be compared, and stays beside ours.
        type: dict
        required: true
      settings:
        description:
          - >-
            Friendly settings and their values, as in C(external_smtp: enabled); the notes list them. One whose item or
            stored value is not publicly known is an error.
        type: dict
        default: {}
      items:
        description:
          - >-
            Items by their own names, on your own word: text, number, or a list of texts or of numbers. Text that looks
            like a number needs quotes.
          - >-
            V(null) takes the item out of the entry of a document that is created. Of a document that is updated it is
            an error, because setup removes no items; V("") empties one.
        type: dict
        default: {}
      state:
        description:
          - Whether setup shall make the document. V(absent) removes the entry that would.
        type: str
        choices:
          - present
          - absent
        default: present
      create:
        description:
          - >-
            Whether setup creates the document, without looking whether there is one. V(false) makes it update a
            document that is there by then, as it always does with a Server document.
        type: bool
        default: true
  notes_ini:
    description:
      - >-
        Variables for C(serverSetup.notesINI), each with its value: text or a whole number, which is written as text.
        V(null) takes the variable out of the file. C(ServerTasks) is O(server_tasks).
    type: dict
    default: {}
  server_tasks:
    description:
      - >-
        Server tasks that shall be in C(serverSetup.server.serverTasks). Others that the file has there stay. An entry
        may have arguments (V(certmgr -ACCEPT_TOU_AUTO_CONFIG)).
      - >-
        Setup adds its default tasks to them, unless O(notes_ini) has C(SETUPLEAVESERVERTASKS) with the value V(1).
    type: list
    elements: str
    default: []
  data_directory:
    description:
      - >-
        Data directory of the server. When its C(notes.ini) has the variable C(ServerSetup), the server is set up
        already and the module fails: one-touch setup belongs to the first start, and that it could be applied again is
        not documented. Use M(opendomino.mail.directory_documents), M(opendomino.mail.notes_ini) and
        M(opendomino.mail.server_tasks) for such a server.
      - Without it nothing is checked.
    type: path
  program_directory:
    description:
      - Directory that Domino is installed in; C(validjson) is looked for in it.
    type: path
    default: /opt/hcl/domino
  validate:
    description:
      - >-
        Whether Domino's own program C(validjson) (from 12.0.1) checks the file against the schema that Domino ships,
        before it is written. It runs as the owner of O(data_directory), in this directory; the schema is copied there
        for that time, where it is missing. If the directory belongs to root, it runs as the user of this module, and
        not at all if that is root. An answer that is not known is a warning.
      - V(auto) does it when O(data_directory) is given and the program is there.
      - V(yes) needs O(data_directory), and fails when the program is missing or cannot be run.
    type: str
    choices:
      - "auto"
      - "yes"
      - "no"
    default: auto
  backup:
    description:
      - Keep a copy of the file, with the time in its name, before it is changed.
    type: bool
    default: false
notes:
  - >-
    The module holds a lock (flock) on the directory of O(path), so that two runs at once lose nothing. It waits 30
    seconds for another run.
  - >-
    When the file changes, lists and objects are written with one entry a line; its indentation and line ends stay.
  - >-
    On an additional server the Domino Directory is a replica of one that is in use, and a document that is created may
    be there already. The module warns when the file sets up such a server.
  - >-
    Secret values (items and variables with C(password) or C(secret) in their names, the Internet password of a person)
    are not shown. Ansible itself writes the arguments of a task into the system log of the host that it runs on; give
    the task C(no_log) where its definitions hold secrets.
  - A valid file follows Domino's schema. That setup succeeds with it is another matter.
seealso:
  - module: opendomino.mail.directory_documents
  - name: One-touch Domino setup
    description: HCL's documentation of the JSON file.
    link: https://help.hcl-software.com/domino/14.0.0/admin/inst_onetouch_preparing_json.html
  - name: Domino one-touch setup on GitHub
    description: HCL's examples.
    link: https://github.com/HCL-TECH-SOFTWARE/domino-one-touch-setup
"""

EXAMPLES = r"""
- name: One-touch setup | The rest of the set-up comes from a template
  ansible.builtin.template:
    src: setup.json.j2
    dest: /local/notesdata/setup.json
    owner: notes
    group: notes
    mode: "0600"
    force: false
  become: true

- name: One-touch setup | The first server sends and receives Internet mail from its first start
  opendomino.mail.one_touch_setup:
    path: /local/notesdata/setup.json
    owner: notes
    group: notes
    data_directory: /local/notesdata
    server_tasks: [Router, SMTP]
    notes_ini:
      SMTPNoVersionInRcvdHdr: 1
    documents:
      - form: Server
        match:
          server_name: Mail01/Acme
        settings:
          smtp_listener_task: enabled
          fully_qualified_host_name: mail01.example.com
      - form: ServerConfig
        match:
          server_name: "*"
        settings:
          use_as_default: enabled
          external_smtp: enabled
      - form: Domain
        match:
          domain_type: global_domain
          global_domain_name: Acme Internet
        settings:
          global_domain_role: internet_domains
          members: [ACME]
          primary_internet_domain: example.com
  become: true
"""

RETURN = r"""
path:
  description: The file, with symbolic links resolved.
  returned: success
  type: str
  sample: /local/notesdata/setup.json
documents:
  description: One entry for each definition, in the same order.
  returned: success
  type: list
  elements: dict
  contains:
    form:
      description: Form of the document.
      type: str
      sample: ServerConfig
    match:
      description: What identifies the document, as stored.
      type: dict
      sample:
        server_name: '*'
    action:
      description: What setup will do.
      type: str
      choices:
        - create
        - update
        - none
      sample: create
validated:
  description: >-
    V(true) when C(validjson) found the file valid, V(null) when it was not asked or its answer is not known. Content
    that it does not take is an error.
  returned: success
  type: bool
  sample: true
backup_file:
  description: The copy of the file as it was.
  returned: changed, and O(backup=true), and there was a file, not in check mode
  type: str
  sample: /local/notesdata/setup.json.4711.2026-03-01@10:30:00~
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory.errors import DirectoryError
from ..module_utils._directory_lock import LockError, locked_for
from ..module_utils._directory_module import CATALOGUE_ARGUMENT_SPEC, DOCUMENT_SPEC
from ..module_utils._notes_ini import NotesIniError
from ..module_utils._one_touch_file import JsonFileError
from ..module_utils._one_touch_setup import carry_out, wanted
from ..module_utils._server_tasks import ServerTasksError
from ..module_utils._whole_file import FileError

#: Seconds to wait for another run that changes a file in the same directory.
LOCK_TIMEOUT = 30.0

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "documents": {"type": "list", "elements": "dict", "default": [], "options": DOCUMENT_SPEC},
    "notes_ini": {"type": "dict", "default": {}},
    "server_tasks": {"type": "list", "elements": "str", "default": []},
    "data_directory": {"type": "path"},
    "program_directory": {"type": "path", "default": "/opt/hcl/domino"},
    "validate": {"type": "str", "choices": ["auto", "yes", "no"], "default": "auto"},
    "backup": {"type": "bool", "default": False},
    **CATALOGUE_ARGUMENT_SPEC,
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        add_file_common_args=True,
        required_if=[("validate", "yes", ["data_directory"])],
        supports_check_mode=True,
    )
    try:
        with locked_for(module, Path(os.path.realpath(module.params["path"])).parent, LOCK_TIMEOUT):
            result = carry_out(module, wanted(module))
    except (DirectoryError, NotesIniError, ServerTasksError, JsonFileError, FileError, LockError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
