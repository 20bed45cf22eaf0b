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
  - A running server is told all that it has to take over after a change with one call, because a command can say itself
    what to wait for and which refusals are fine.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._host
  - opendomino.mail._host.running
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
      - The commands, in order. Each is one line without control characters, or a dictionary.
      - "Keys of a dictionary: C(command) is the line, and the only one that is required; C(until) is a text
        (compared without case) that the console writes when the command is done, for commands that go on in the
        background; C(response_timeout) and C(accepted) stand for the options O(response_timeout) and O(accepted)."
      - With C(until), the module waits for the text, at most C(response_timeout) seconds, and fails if it does not
        come. Without a C(console.log) nothing can be waited for, and the module warns.
    type: list
    elements: raw
    required: true
  data_directory:
    description:
      - The server's data directory.
    type: path
    required: true
  transport:
    description:
      - How commands reach the server.
      - V(server_c) runs C(bin/server -c) with the data directory as working directory, as the user that the server runs
        as.
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
  completed:
    description:
      - Pending work that is done once all commands were sent. The words are removed from the marker that
        O(opendomino.mail.server_tasks#module:pending) has written in the data directory.
      - With a server that is not running, and in check mode, they stay.
      - That alone does not count as a change.
    type: list
    elements: str
    choices: [reload, relay_test]
    default: []
notes:
  - The module must run as root or as the user that the server runs as. As root it sends commands as that user, with the
    groups of the server's process and with no more of the environment than C(PATH), C(HOME), C(USER), C(LOGNAME), and
    C(LANG), C(LC_ALL), C(TZ) where set.
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

- name: Console | The Router reads what the administration server's replica of the Domino Directory has
  opendomino.mail.console:
    data_directory: /local/notesdata
    commands:
      - command: Pull "Mail01/Acme" names.nsf
        until: Finished replication with server Mail01/Acme
        response_timeout: 60
      - Tell Router Update Config
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
from ansible.module_utils.common.validation import check_type_float, check_type_list, check_type_str

from ansible_collections.opendomino.mail.plugins.module_utils import _pending
from ansible_collections.opendomino.mail.plugins.module_utils._console import (
    CONSOLE_LOG,
    Command,
    Console,
    ConsoleError,
    ServerC,
    server_of,
)
from ansible_collections.opendomino.mail.plugins.module_utils._domino_host import (
    DEFAULT_PROGRAM_DIRECTORY,
    RUNNING_OPTION,
)
from ansible_collections.opendomino.mail.plugins.module_utils._host_state import PENDING_WORK

if TYPE_CHECKING:
    from typing import Any, Mapping

    from ansible_collections.opendomino.mail.plugins.module_utils._console import Answer

ARGUMENT_SPEC = {
    "commands": {"type": "list", "elements": "raw", "required": True},
    "data_directory": {"type": "path", "required": True},
    "program_directory": {"type": "path", "default": DEFAULT_PROGRAM_DIRECTORY},
    "running": RUNNING_OPTION,
    "transport": {"type": "str", "choices": ["server_c"], "default": "server_c"},
    "response_timeout": {"type": "float", "default": 10.0},
    "settle": {"type": "float", "default": 1.0},
    "accepted": {"type": "list", "elements": "str", "default": []},
    "changes": {"type": "bool", "default": True},
    "stopped": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
    "completed": {"type": "list", "elements": "str", "choices": list(PENDING_WORK), "default": []},
}

TRANSPORTS = {"server_c": ServerC}


COMMAND_KEYS = {"command", "until", "response_timeout", "accepted"}


def commands_of(params: Mapping[str, Any]) -> list[Command]:
    """Return the commands that the options name; raise ConsoleError where one of them is none."""
    return [_command_of(given, params["response_timeout"], params["accepted"]) for given in params["commands"]]


def _command_of(given: Any, timeout: float, accepted: list[str]) -> Command:
    said = given if isinstance(given, dict) else {"command": given}
    unknown = ", ".join(sorted(set(said) - COMMAND_KEYS))
    if unknown or "command" not in said:
        raise ConsoleError(
            f"commands: {given!r} cannot be used: it has {unknown or 'no command'}; its keys are "
            f"{', '.join(sorted(COMMAND_KEYS))}. Nothing was sent."
        )
    try:
        return Command(
            check_type_str(said["command"], allow_conversion=False),
            check_type_float(said.get("response_timeout", timeout)),
            check_type_str(said.get("until", ""), allow_conversion=False),
            tuple(check_type_list(said.get("accepted", accepted))),
        )
    except (TypeError, ValueError) as exc:
        raise ConsoleError(f"commands: {given!r} cannot be used: {exc}. Nothing was sent.") from exc


def converse(module: AnsibleModule, console: Console, commands: list[Command], answers: list[Answer]) -> None:
    """Send the commands and add their answers to `answers`; raise ConsoleError at the first refusal."""
    for command in commands:
        answer = console.run(command, module.params["settle"])
        answers.append(answer)
        if answer.response is None:
            module.warn(f"What the server said to {command.line!r} is not known: it has no {CONSOLE_LOG}.")
        if answer.refusal and not answer.refusal.accepted_by(command.accepted):
            raise ConsoleError(
                f'The server refused {command.line!r}. It said: "{answer.refusal.line}". Commands after it were not '
                f"sent. Correct the command; or, if this is fine, put {answer.refusal.constant} into accepted."
            )
        if not answer.in_time:
            raise ConsoleError(
                f"The console did not say {command.until!r} within {command.timeout:g} seconds after {command.line!r}. "
                "The command was sent; look at the server's console for what became of it."
            )


def is_running(params: Mapping[str, Any], data_directory: Path) -> bool:
    """Return whether there is a server to send to; raise ConsoleError where one is required and none runs."""
    auto = params["running"] == "auto"
    running = server_of(data_directory) is not None if auto else params["running"] == "running"
    if not running and params["stopped"] == "fail":
        raise ConsoleError(
            f"No server is running in {data_directory}, so no command was sent. Start it, and run again."
        )
    return running


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    changes = module.params["changes"]
    data_directory = Path(module.params["data_directory"])
    transport = TRANSPORTS[module.params["transport"]](data_directory, Path(module.params["program_directory"]))
    console = Console(data_directory, transport)
    commands: list[Command] = []
    answers: list[Answer] = []

    def result(changed: bool) -> dict[str, Any]:
        return {"changed": changes and changed, "responses": [answer.as_result() for answer in answers]}

    try:
        commands = commands_of(module.params)
        completed = module.params["completed"]
        if (commands or completed) and not is_running(module.params, data_directory):
            commands, completed = [], []
        if commands:
            console.check(command.line for command in commands)
        if not (changes and module.check_mode):
            converse(module, console, commands, answers)
        if completed and not module.check_mode:
            _pending.complete(data_directory, completed)
    except (ConsoleError, _pending.PendingError) as exc:
        module.fail_json(msg=str(exc), **result(any(not answer.refusal for answer in answers)))
    changed = bool(commands) if module.check_mode else any(not answer.refusal for answer in answers)
    diff = {"before": "", "after": "".join(f"{command.line}\n" for command in commands if changes)}
    module.exit_json(diff=diff, **result(changed))


if __name__ == "__main__":
    main()
