#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: console
short_description: Send commands to the console of a Domino server
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Sends commands to the console of the Domino server on this host, one after the other, and returns what the console
    wrote after each of them.
  - Fails at the first command that the server refuses, in the product's own words. The commands after it are not sent.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._host
attributes:
  check_mode:
    support: full
    details:
      - Commands are sent only if O(changes=false). Whether the server is running and the console can be used is
        checked.
  diff_mode:
    support: full
    details:
      - The diff lists the commands, if O(changes=true).
  idempotent:
    support: none
    details:
      - Commands are sent each time. Only with O(changes=false), and for commands that the server refused with an
        O(accepted) text, no change is reported.
  platform:
    support: full
    platforms: posix
options:
  commands:
    description:
      - The commands, in order. Each is one line without control characters.
    type: list
    elements: str
    required: true
  data_directory:
    description:
      - The server's data directory.
    type: path
    required: true
  transport:
    description:
      - How commands reach the server.
      - V(server_c) runs C(bin/server -c) with the data directory as working directory, as the owner of this directory.
    type: str
    choices:
      - server_c
    default: server_c
  response_timeout:
    description:
      - Seconds to wait at most for what the console writes after one command. A command that writes nothing takes that
        long.
    type: float
    default: 10.0
  settle:
    description:
      - Seconds of silence after which what the console wrote counts as complete.
    type: float
    default: 1.0
  until:
    description:
      - A text (compared without case) that the console writes when the last command is done, for commands that go on in
        the background. The module waits for it, at most O(response_timeout) seconds, and fails if it does not come.
      - Without a C(console.log) nothing can be waited for, and the module warns.
    type: str
    default: ''
  accepted:
    description:
      - Refusals that are fine, by a part of the text (compared without case) or by the product's constant, for example
        V(Task is already running) or V(ERR_TASK_RUNNING). They are reported and do not fail.
    type: list
    elements: str
    default: []
  changes:
    description:
      - Whether the commands change anything. If not, they are sent in check mode too, and no change is reported.
    type: bool
    default: true
  stopped:
    description:
      - What to do when no server is running in the data directory.
      - V(ignore) sends nothing and reports no change. It is meant for commands that let a running server take over
        what was written, because a server that starts reads it anyway.
    type: str
    choices:
      - fail
      - ignore
    default: fail
notes:
  - The module must run as root or as the owner of the data directory. As root it sends commands as the owner, with no
    more of the environment than C(PATH), C(HOME), C(USER), C(LOGNAME), and C(LANG), C(LC_ALL), C(TZ) where set.
  - What the console writes is read from C(IBM_TECHNICAL_SUPPORT/console.log) in the data directory. Where this file is
    missing (console logging is off), the response is unknown, and the module warns. All tasks of a server write to the
    console, so lines that have nothing to do with the command can be among the response.
  - Refusals are known in the texts of the English language pack. On a server with another one, a refusal is part of the
    response and does not fail.
  - Commands are handed over in UTF-8.
seealso:
  - module: opendomino.mail.notes_ini
  - module: opendomino.mail.server_tasks
"""

EXAMPLES = r"""
- name: Console | The SMTP listener is loaded
  opendomino.mail.console:
    data_directory: /local/notesdata
    commands:
      - Load SMTP
    accepted:
      - Task is already running
  become: true
  become_user: notes

- name: Console | The Router reads its configuration again
  opendomino.mail.console:
    data_directory: /local/notesdata
    commands:
      - Tell Router Update Config
  become: true
  become_user: notes

- name: Console | The replica of the Domino Directory has what the administration server has
  opendomino.mail.console:
    data_directory: /local/notesdata
    commands:
      - Pull "Mail01/Acme" names.nsf
    until: Finished replication with server Mail01/Acme
    response_timeout: 60
  become: true
  become_user: notes

- name: Console | Which tasks are running
  opendomino.mail.console:
    data_directory: /local/notesdata
    commands:
      - Show Tasks
    changes: false
  become: true
  become_user: notes
  register: tasks
"""

RETURN = r"""
responses:
  description: The commands that were sent, in order. Also there if the last of them was refused.
  returned: always, unless no command could be sent
  type: list
  elements: dict
  contains:
    command:
      description: The command.
      type: str
      sample: Load SMTP
    response:
      description: Lines that the console wrote after the command, as in C(console.log); C(null) if that is not known.
      type: list
      elements: str
      sample:
        - "[025432:000011-00007F5CDCD98700] 12/31/2019 05:16:40 PM  SMTP Server: Started"
    error:
      description: The product's constant for the first refusal among these lines; C(null) if there is none.
      type: str
      sample: null
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._console import (
    CONSOLE_LOG,
    Console,
    ConsoleError,
    ServerC,
    check_running,
    is_running,
)
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import DEFAULT_PROGRAM_DIRECTORY

if TYPE_CHECKING:
    from typing import Any

    from ansible_collections.opendomino.mail.plugins.module_utils._console import Answer

ARGUMENT_SPEC = {
    "commands": {"type": "list", "elements": "str", "required": True},
    "data_directory": {"type": "path", "required": True},
    "program_directory": {"type": "path", "default": DEFAULT_PROGRAM_DIRECTORY},
    "transport": {"type": "str", "choices": ["server_c"], "default": "server_c"},
    "response_timeout": {"type": "float", "default": 10.0},
    "settle": {"type": "float", "default": 1.0},
    "until": {"type": "str", "default": ""},
    "accepted": {"type": "list", "elements": "str", "default": []},
    "changes": {"type": "bool", "default": True},
    "stopped": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
}

TRANSPORTS = {"server_c": ServerC}


def converse(module: AnsibleModule, console: Console, commands: list[str], answers: list[Answer]) -> None:
    """Send the commands and add their answers to `answers`; raise ConsoleError at the first refusal."""
    for number, command in enumerate(commands, 1):
        until = module.params["until"] if number == len(commands) else ""
        answer = console.run(command, module.params["response_timeout"], module.params["settle"], until)
        answers.append(answer)
        if answer.response is None:
            module.warn(f"What the server said to {command!r} is not known: it has no {CONSOLE_LOG}.")
        if answer.refusal and not answer.refusal.accepted_by(module.params["accepted"]):
            raise ConsoleError(
                f'The server refused {command!r}. It said: "{answer.refusal.line}". Commands after it were not sent. '
                f"Correct the command; or, if this is fine, put {answer.refusal.constant} into accepted."
            )
        if not answer.in_time:
            seconds = module.params["response_timeout"]
            raise ConsoleError(
                f"The console did not say {until!r} within {seconds:g} seconds after {command!r}. "
                "The command was sent; look at the server's console for what became of it."
            )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    changes = module.params["changes"]
    data_directory = Path(module.params["data_directory"])
    transport = TRANSPORTS[module.params["transport"]](data_directory, Path(module.params["program_directory"]))
    console = Console(data_directory, transport)
    commands: list[str] = module.params["commands"]
    answers: list[Answer] = []

    def result(changed: bool) -> dict[str, Any]:
        return {"changed": changes and changed, "responses": [answer.as_result() for answer in answers]}

    try:
        if module.params["stopped"] == "ignore" and not is_running(data_directory):
            commands = []
        if commands:
            console.check(commands)
            check_running(data_directory)
        if not (changes and module.check_mode):
            converse(module, console, commands, answers)
    except ConsoleError as exc:
        module.fail_json(msg=str(exc), **result(any(not answer.refusal for answer in answers)))
    changed = bool(commands) if module.check_mode else any(not answer.refusal for answer in answers)
    diff = {"before": "", "after": "".join(f"{command}\n" for command in commands if changes)}
    module.exit_json(diff=diff, **result(changed))


if __name__ == "__main__":
    main()
