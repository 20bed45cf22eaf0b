#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: notes_ini
short_description: Set and remove variables in notes.ini of a Domino server
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Makes a list of C(notes.ini) variables true in one step, and shows each line before and after.
  - Everything else in the file stays as it is, byte by byte - order, line ends, lines that are no variables, a missing
    line end at the end. The file is replaced in one step and keeps owner, mode and SELinux context.
  - On a running server the variables are set through the server console.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._host
  - opendomino.mail._host.running
  - opendomino.mail._host.notes_ini
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The diff holds the lines that change, and no others.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  settings:
    description:
      - The variables. A variable that is not named here is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the variable. Names compare without case; one that is there keeps its spelling.
          - ASCII without blanks, equals signs and control characters. It may begin with C($), not with a colon or a
            bracket.
        type: str
        required: true
      value:
        description:
          - The value, text or a whole number. Required if O(settings[].state=present), not allowed otherwise.
          - A truth value is refused, because C(notes.ini) has none; mostly V(1) or V(0) is meant.
          - ASCII without control characters. An existing line is rewritten if its value differs in any byte.
          - A new variable is appended to the file.
          - The module warns if it writes more than 255 bytes, which is all that Domino's C API returns of a value.
        type: raw
      state:
        description:
          - Whether the variable shall be in the file.
          - V(absent) removes all lines of the variable. On a running server that is an error.
        type: str
        choices:
          - present
          - absent
        default: present
seealso:
  - module: opendomino.mail.server_tasks
  - module: opendomino.mail.console
  - name: Set Configuration
    description: The console command that changes notes.ini of a running server.
    link: https://help.hcl-software.com/domino/14.0.0/admin/admn_setconfiguration_r.html
"""

EXAMPLES = r"""
- name: Notes.ini | The listener does not tell its release
  opendomino.mail.notes_ini:
    data_directory: /local/notesdata
    settings:
      - name: SMTPGreeting
        value: "SMTP Server Ready at %s"
      - name: SMTPNoVersionInRcvdHdr
        value: 1
  become: true

- name: Notes.ini | Old debugging is gone, with a copy of the file as it was
  opendomino.mail.notes_ini:
    path: /local/notesdata/notes.ini
    settings:
      - name: SMTPDebug
        state: absent
    backup: true
  become: true
  become_user: notes
"""

RETURN = r"""
changes:
  description: The variables that change, in the order of O(settings). In check mode, those that would change.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the variable, as the file spells it.
      type: str
      sample: SMTPGreeting
    before:
      description: Value before; C(null) if the variable was not there. Bytes other than ASCII appear as C(\\xNN).
      type: str
      sample: null
    after:
      description: Value after; C(null) if the variable is not there any more.
      type: str
      sample: SMTP Server Ready at %s
notes_ini:
  description: The file, with symbolic links resolved.
  returned: success
  type: str
  sample: /local/notesdata/notes.ini
running:
  description: Whether the server was taken to be running, so that changes went through its console.
  returned: success
  type: bool
  sample: false
backup_file:
  description: The copy of the file as it was.
  returned: changed, and O(backup=true), not in check mode
  type: str
  sample: /local/notesdata/notes.ini.4711.2026-03-01@10:30:00~
error:
  description:
    - The product's constant for the text with which a running server refused a variable; C(null) if it said nothing.
  returned: a running server did not set a variable
  type: str
  sample: ERR_UNSETTABLE_VARIABLE
response:
  description: What the console of a running server wrote after a variable that it did not set.
  returned: a running server did not set a variable
  type: list
  elements: str
  sample: []
"""

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._console import ConsoleError
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import (
    NOTES_INI_ARGUMENT_SPEC,
    carry_out,
    open_notes_ini,
)
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import (
    NotesIniError,
    plan,
    setting_of,
)

if TYPE_CHECKING:
    from typing import Any

    from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import Setting

ARGUMENT_SPEC = dict(
    NOTES_INI_ARGUMENT_SPEC,
    settings={
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "value": {"type": "raw"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
)


def wanted(option: dict[str, Any]) -> Setting:
    """Return one element of the option `settings`, checked."""
    name, value = option["name"], option["value"]
    if (value is None) != (option["state"] == "absent"):
        raise NotesIniError(f"{name}: value is required if state is present, and not allowed if it is absent.")
    if isinstance(value, bool) or not (value is None or isinstance(value, (str, int))):
        raise NotesIniError(f"{name}: the value must be text or a whole number, and is {value!r}. Put it in quotes.")
    return setting_of(name, None if value is None else str(value))


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("path", "data_directory")],
        required_one_of=[("path", "data_directory")],
        supports_check_mode=True,
    )
    try:
        settings = [wanted(option) for option in module.params["settings"]]
        with open_notes_ini(module) as access:
            result = carry_out(module, access, plan(access.ini, settings))
    except (NotesIniError, ConsoleError) as exc:
        module.fail_json(msg=str(exc), **exc.details)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
