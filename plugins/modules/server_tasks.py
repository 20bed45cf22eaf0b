#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_tasks
short_description: The tasks that a Domino server starts by itself
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Adds entries to and removes them from C(ServerTasks) in C(notes.ini), the list of tasks that start with the server,
    or from C(ServerTasksAt0) to C(ServerTasksAt23), the tasks that start at an hour.
  - Entries that are not named keep their spelling, arguments and order. New entries are appended.
  - The list takes effect at the next start of the server. M(opendomino.mail.console) loads and stops tasks now.
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
      - The diff holds the line of the list, and no others.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  present:
    description:
      - Entries that shall be in the list. An entry is a task name with optional arguments.
      - Two entries are the same task if their names are equal without regard to case. Without arguments, V(certmgr)
        accepts C(certmgr) with any arguments. With arguments, it must have these, compared with regard to case.
      - If O(key=ServerTasks) has the same task with other arguments, the (first) entry of this task is replaced in its
        place. The list of an hour may have one task several times with different arguments, so there the entry is added
        and the others stay; remove those with O(absent).
      - C(RunJava) starts other programs, so its arguments belong to its name - C(RunJava JAddin Alpha) and
        C(RunJava JAddin Beta) are two tasks.
    type: list
    elements: str
  absent:
    description:
      - Entries that shall not be in the list. Without arguments, each entry of the task is removed. With arguments,
        only an entry with these arguments is removed.
    type: list
    elements: str
  exact:
    description:
      - Entries that shall be in the list, with these arguments, and no others. A task that is named twice is started
        twice.
      - Entries that are there stay where they are, so the order can differ.
      - Not together with O(present) and O(absent).
    type: list
    elements: str
  key:
    description:
      - The variable that holds the list. That C(ServerTasksAt0) to C(ServerTasksAt23) start tasks at an hour is said in
        public sources, but not in those of HCL that we know.
    type: str
    choices:
      - ServerTasks
      - ServerTasksAt0
      - ServerTasksAt1
      - ServerTasksAt2
      - ServerTasksAt3
      - ServerTasksAt4
      - ServerTasksAt5
      - ServerTasksAt6
      - ServerTasksAt7
      - ServerTasksAt8
      - ServerTasksAt9
      - ServerTasksAt10
      - ServerTasksAt11
      - ServerTasksAt12
      - ServerTasksAt13
      - ServerTasksAt14
      - ServerTasksAt15
      - ServerTasksAt16
      - ServerTasksAt17
      - ServerTasksAt18
      - ServerTasksAt19
      - ServerTasksAt20
      - ServerTasksAt21
      - ServerTasksAt22
      - ServerTasksAt23
    default: ServerTasks
  pending:
    description:
      - Work that remains after this call has changed the list, or after the changes of O(changes_follow).
      - The words are written to the hidden file C(.opendomino-mail-pending) beside C(notes.ini) before anything is
        changed, so that they outlive a run that is killed. M(opendomino.mail.console) removes them with
        O(opendomino.mail.console#module:completed). The file alone does not count as a change.
      - 'V(reload): the running server has to load, restart or reread what was changed.'
      - 'V(relay_test): the open-relay test of the SMTP listener.'
    type: list
    elements: str
    choices: [reload, relay_test]
    default: []
  changes_follow:
    description:
      - Whether other changes, such as those of documents, follow this call. O(pending) is then written even if the list
        does not change.
    type: bool
    default: false
seealso:
  - module: opendomino.mail.notes_ini
  - module: opendomino.mail.console
"""

EXAMPLES = r"""
- name: Notes.ini | Router and SMTP are among the server tasks
  opendomino.mail.server_tasks:
    data_directory: /local/notesdata
    present:
      - Router
      - SMTP
  become: true
  become_user: notes

- name: Notes.ini | No POP3, and CertMgr has its arguments
  opendomino.mail.server_tasks:
    data_directory: /local/notesdata
    present:
      - certmgr -ACCEPT_TOU_AUTO_CONFIG
    absent:
      - POP3
    backup: true
  become: true
  become_user: notes

- name: Notes.ini | Nothing starts at two in the morning
  opendomino.mail.server_tasks:
    data_directory: /local/notesdata
    key: ServerTasksAt2
    exact: []
    running: stopped
  become: true
  become_user: notes
"""

RETURN = r"""
tasks_before:
  description: Entries of the list before.
  returned: success
  type: list
  elements: str
  sample: [Replica, Router, Update, AMgr, AdminP]
tasks:
  description: Entries of the list after. In check mode, as they would be.
  returned: success
  type: list
  elements: str
  sample: [Replica, Router, Update, AMgr, AdminP, SMTP]
pending:
  description: Pending work after this call, from the marker of O(pending). In check mode, as it would be.
  returned: success
  type: list
  elements: str
  sample: [reload, relay_test]
pending_before:
  description: Pending work that an earlier run has left.
  returned: success
  type: list
  elements: str
  sample: []
changes:
  description: The variable, if it changes.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the variable, as the file spells it.
      type: str
      sample: ServerTasks
    before:
      description: Value before; C(null) if the variable was not there. Bytes other than ASCII appear as C(\\xNN).
      type: str
      sample: Replica,Router,Update,AMgr,AdminP
    after:
      description: Value after.
      type: str
      sample: Replica,Router,Update,AMgr,AdminP,SMTP
notes_ini:
  description: The file, with symbolic links resolved.
  returned: success
  type: str
  sample: /local/notesdata/notes.ini
running:
  description: Whether the server was taken to be running, so that the change went through its console.
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
    - The product's constant for the text with which a running server refused the list; C(null) if it said nothing.
  returned: a running server did not set the variable
  type: str
  sample: ERR_UNSETTABLE_VARIABLE
response:
  description: What the console of a running server wrote after a list that it did not set.
  returned: a running server did not set the variable
  type: list
  elements: str
  sample: []
"""

from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils import _notes_ini, _pending, _server_tasks
from ansible_collections.opendomino.mail.plugins.module_utils._console import ConsoleError
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import (
    NOTES_INI_ARGUMENT_SPEC,
    carry_out,
    marker_directory,
    open_notes_ini,
)
from ansible_collections.opendomino.mail.plugins.module_utils._host_state import PENDING_WORK, pending_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.opendomino.mail.plugins.module_utils._server_tasks import TaskList

ARGUMENT_SPEC = dict(
    NOTES_INI_ARGUMENT_SPEC,
    present={"type": "list", "elements": "str"},
    absent={"type": "list", "elements": "str"},
    exact={"type": "list", "elements": "str"},
    key={
        "type": "str",
        "choices": ["ServerTasks", *(f"ServerTasksAt{hour}" for hour in range(24))],
        "default": "ServerTasks",
    },
    pending={"type": "list", "elements": "str", "choices": list(PENDING_WORK), "default": []},
    changes_follow={"type": "bool", "default": False},
)

#: What the options are; the action plugin of the same name reads them by it, too.
SPEC: dict[str, Any] = {
    "argument_spec": ARGUMENT_SPEC,
    "mutually_exclusive": [("path", "data_directory"), ("exact", "present"), ("exact", "absent")],
    "required_one_of": [("path", "data_directory"), ("present", "absent", "exact")],
}


def entries(tasks: TaskList) -> list[str]:
    """Return the entries of a list for people to read."""
    return [_notes_ini.as_text(entry.encode("ascii", "surrogateescape")) for entry in tasks.entries]


def planned(params: Mapping[str, Any], ini: _notes_ini.NotesIni) -> tuple[_server_tasks.Plan, _notes_ini.Plan]:
    """Return what has to change in the list, and in the file."""
    key, wishes = params["key"], {name: params[name] for name in ("present", "absent", "exact")}
    value = ini.get(key)
    current = _server_tasks.TaskList.parse((value or b"").decode("ascii", "surrogateescape"))
    tasks = _server_tasks.plan(current, wishes["present"] or (), wishes["absent"] or (), wishes["exact"], key)
    settings = [_notes_ini.Setting(key, tasks.after.render().encode("ascii", "surrogateescape"))]
    missing_and_unwanted = value is None and not tasks.changed
    return tasks, _notes_ini.plan(ini, [] if missing_and_unwanted else settings)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    try:
        with open_notes_ini(module) as access:
            tasks, plan = planned(module.params, access.ini)
            directory = marker_directory(module)
            before = pending_in(directory)
            work = module.params["pending"] if plan.changed or module.params["changes_follow"] else []
            if not module.check_mode:
                _pending.note(directory, work)
            result = carry_out(module, access, plan)
    except _pending.PendingError as exc:
        module.fail_json(msg=str(exc))
    except (_notes_ini.NotesIniError, _server_tasks.ServerTasksError, ConsoleError) as exc:
        module.fail_json(msg=str(exc), **getattr(exc, "details", {}))
    result.update(pending=[word for word in PENDING_WORK if word in {*before, *work}], pending_before=list(before))
    module.exit_json(tasks_before=entries(tasks.before), tasks=entries(tasks.after), **result)


if __name__ == "__main__":
    main()
