#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: notes_ini_info
short_description: Read variables in notes.ini of a Domino server
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Returns the variables that were asked for, and no others, because C(notes.ini) may hold secrets.
  - Reads the file, also while the server runs. A running server keeps its own copy in memory, which can differ where
    somebody else wrote the file; how its console shows a value is not known in public.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._attributes.info_module
attributes:
  platform:
    support: full
    platforms: posix
options:
  data_directory:
    description:
      - The server's data directory, with C(notes.ini) in it.
      - Exactly one of O(data_directory) and O(path) must be given.
    type: path
  path:
    description:
      - The file.
    type: path
  names:
    description:
      - Names of the variables. They compare without case.
    type: list
    elements: str
    required: true
seealso:
  - module: opendomino.mail.notes_ini
  - module: opendomino.mail.server_tasks
"""

EXAMPLES = r"""
- name: Notes.ini | What stands beside the Configuration document
  opendomino.mail.notes_ini_info:
    data_directory: /local/notesdata
    names: [SMTPErrorLimit, SMTPGreeting, ServerTasks]
  register: notes_ini
  become: true
  become_user: notes
"""

RETURN = r"""
variables:
  description:
    - The value of each of O(names), spelled as there; C(null) for a variable that is missing. Bytes other than ASCII
      appear as C(\\xNN).
    - Of several lines with one variable the first is taken to count, and the module warns.
  returned: success
  type: dict
  sample:
    SMTPErrorLimit: null
    SMTPGreeting: SMTP Server Ready at %s
    ServerTasks: Replica,Router,Update,AMgr,AdminP,SMTP
running:
  description: Whether the server is running; C(null), with a warning, where its processes may be out of sight.
  returned: success
  type: bool
  sample: true
pending:
  description: Work that an earlier run has begun and not finished; see M(opendomino.mail.server_tasks).
  returned: success
  type: list
  elements: str
  sample: []
notes_ini:
  description: The file, with symbolic links resolved.
  returned: success
  type: str
  sample: /local/notesdata/notes.ini
"""

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._console import ConsoleError
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import (
    marker_directory,
    read_notes_ini,
)
from ansible_collections.opendomino.mail.plugins.module_utils._host_state import pending_in
from ansible_collections.opendomino.mail.plugins.module_utils._notes_ini import (
    NotesIniError,
    as_text,
    doubts,
    duplicates,
    setting_of,
)

if TYPE_CHECKING:
    from typing import Any

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "data_directory": {"type": "path"},
    "path": {"type": "path"},
    "names": {"type": "list", "elements": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("path", "data_directory")],
        required_one_of=[("path", "data_directory")],
        supports_check_mode=True,
    )
    try:
        names = [setting_of(name, None).name for name in module.params["names"]]
        path, ini, running = read_notes_ini(module)
    except (NotesIniError, ConsoleError) as exc:
        module.fail_json(msg=str(exc), **exc.details)
    for warning in [*duplicates(ini, names), *doubts(ini, names)]:
        module.warn(warning)
    values = {name: ini.get(name) for name in names}
    module.exit_json(
        changed=False,
        variables={name: None if value is None else as_text(value) for name, value in values.items()},
        running=running,
        pending=list(pending_in(marker_directory(module))),
        notes_ini=str(path),
    )


if __name__ == "__main__":
    main()
