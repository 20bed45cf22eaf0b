#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording_info
short_description: Read what only a real Domino server can tell, anonymised
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Reads what public sources do not tell about Domino, and returns it as parts of a recording, which
    M(opendomino.mail.recording) puts together. Nothing is changed, and nothing is tried that could change anything.
  - >-
    With O(data_directory): how C(notes.ini) is written and which of the product's variables it has, and the answers of
    the console to C(show tasks), C(show server) and C(show config).
  - >-
    With O(smtp_host): the replies of one SMTP conversation. C(DATA) and C(AUTH) are never sent.
  - >-
    With O(url): the design of the forms in the Domino Directory, the types of items in Server, Configuration, Domain
    and SMTP Inbound Site documents, and status, errorId and shape of answers of HCL Domino REST API to reading
    requests. Person documents are not read.
  - >-
    What is read is anonymised before the module returns, so on the host that it runs on. Only words of the product come
    through, small codes, and names of fields that stand with a label of the product. Names of servers, people, domains,
    addresses and files become tokens, and everything else is dropped.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._attributes.info_module
  - opendomino.mail._host
  - opendomino.mail._directory
  - opendomino.mail._directory.account_optional
attributes:
  platform:
    support: full
    platforms: posix
options:
  key:
    description:
      - >-
        A secret of this run, of 16 characters at least, the same for all parts of a recording. It makes the same name
        the same token in all of them, and keeps others from trying names out. It is not needed any more afterwards.
    type: str
    required: true
  names:
    description:
      - >-
        What the site calls things: servers, people, domains, addresses. Names of items in which one of them stands are
        recognized by it; everywhere else names go without being known.
    type: list
    elements: str
    default: []
  server_name:
    description:
      - The Notes name of the server, so that its pseudonym is one of a server.
    type: str
    default: ''
  data_directory:
    description:
      - The server's data directory, on the host that the module runs on.
    type: path
  response_timeout:
    description:
      - Seconds to wait at most for what the console writes after one command.
    type: float
    default: 10.0
  settle:
    description:
      - Seconds of silence after which what the console wrote counts as complete.
    type: float
    default: 1.0
  smtp_host:
    description:
      - Name or address of the SMTP listener.
    type: str
  smtp_port:
    description:
      - Its port.
    type: int
    default: 25
  smtp_timeout:
    description:
      - Seconds for the whole conversation.
    type: float
    default: 30.0
  local_domain:
    description:
      - An Internet domain of the server, for a recipient that nobody is. Without it, that reply is not recorded.
    type: str
    default: ''
  nsf_path:
    description:
      - File of the Domino Directory, relative to the data directory of the server.
    type: str
    default: names.nsf
notes:
  - The refused commands and recipients of the conversation count for the listener's error limit, if it has one.
  - The design is in English where the directory is; labels in other languages do not come through.
seealso:
  - module: opendomino.mail.recording
"""

EXAMPLES = r"""
- name: Record | How notes.ini is written and what the console says
  opendomino.mail.recording_info:
    key: "{{ key }}"
    server_name: Mail01/Acme
    data_directory: /local/notesdata
  register: host
  no_log: true
  become: true
  become_user: notes

- name: Record | What the listener says
  opendomino.mail.recording_info:
    key: "{{ key }}"
    smtp_host: mail01.example.com
    local_domain: example.com
  register: listener
  no_log: true
  delegate_to: localhost
"""

RETURN = r"""
parts:
  description:
    - >-
      What was read: C(notes_ini), C(console), C(smtp), C(design), C(documents), C(rest), as far as they were asked for
      and could be read, with tokens in place of names. C(not_recorded) says why a part is missing, C(release) is the
      release of Domino where it was seen.
  returned: success
  type: dict
  sample:
    release: '14.0'
    not_recorded: {}
    console:
      commands:
        - command: show tasks
          exit_code: 0
          output: []
          response:
            - prefix: '[6:6-16]'
              stamp: ''
              text: "  SMTP Server          Listen for connect requests on TCP Port:25"
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._console import ConsoleError
from ..module_utils._directory.errors import DirectoryError
from ..module_utils._directory_module import ARGUMENT_SPEC, open_directory, report_warnings, require_account
from ..module_utils._domino_host import DEFAULT_PROGRAM_DIRECTORY
from ..module_utils._notes_ini import NotesIniError
from ..module_utils._recording import reading
from ..module_utils._recording.anonymise import Anonymiser


def main() -> None:
    """Read, anonymise, return."""
    module = AnsibleModule(
        argument_spec={
            **ARGUMENT_SPEC,
            **{name: {**ARGUMENT_SPEC[name], "required": False} for name in ("url", "username", "password")},
            "key": {"type": "str", "required": True, "no_log": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "server_name": {"type": "str", "default": ""},
            "data_directory": {"type": "path"},
            "program_directory": {"type": "path", "default": DEFAULT_PROGRAM_DIRECTORY},
            "response_timeout": {"type": "float", "default": 10.0},
            "settle": {"type": "float", "default": 1.0},
            "smtp_host": {"type": "str"},
            "smtp_port": {"type": "int", "default": 25},
            "smtp_timeout": {"type": "float", "default": 30.0},
            "local_domain": {"type": "str", "default": ""},
            "nsf_path": {"type": "str", "default": "names.nsf"},
        },
        required_one_of=[("data_directory", "smtp_host", "url")],
        required_together=[("url", "username", "password")],
        supports_check_mode=True,
    )
    try:
        anonymiser = _anonymiser(module.params)
        parts: dict[str, Any] = {"release": "", "not_recorded": {}}
        for found in _read(module, anonymiser):
            parts["not_recorded"].update(found.pop("not_recorded", {}))
            parts["release"] = parts["release"] or found.pop("release", "")
            parts.update({name: part for name, part in found.items() if name != "release"})
    except (ValueError, ConsoleError, NotesIniError, DirectoryError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, parts=parts)


def _anonymiser(params: dict[str, Any]) -> Anonymiser:
    anonymiser = Anonymiser(params["key"], params["names"])
    anonymiser.know(params["server_name"], "server")
    anonymiser.know(params["local_domain"], "domain")
    for name in (params["smtp_host"], params["username"]):
        anonymiser.know(name or "")
    return anonymiser


def _read(module: AnsibleModule, anonymiser: Anonymiser) -> list[dict[str, Any]]:
    params, found = module.params, []
    if params["url"]:
        require_account(params)
    if params["data_directory"]:
        found.append(
            reading.read_host(
                Path(params["data_directory"]),
                Path(params["program_directory"]),
                anonymiser,
                timeout=params["response_timeout"],
                settle=params["settle"],
            )
        )
    if params["smtp_host"]:
        listener = (params["smtp_host"], params["smtp_port"], params["local_domain"])
        found.append(reading.talk(*listener, anonymiser, timeout=params["smtp_timeout"]))
    if params["url"]:
        with open_directory(params, setup=True) as directory:
            found.append(
                reading.read_directory(directory, params["nsf_path"], params["scope"], params["username"], anonymiser)
            )
        report_warnings(module, directory.warnings)
    return found


if __name__ == "__main__":
    main()
