#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: recording
short_description: Put a recording of a Domino server into one file that can be reviewed
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Puts together what M(opendomino.mail.recording_info) read, gives each name a pseudonym, and writes one JSON file.
  - >-
    A page in Markdown beside it lists all that the file holds, and says first what deserves a look, so that a person
    can decide whether to give it away.
  - >-
    The name of the file is made of what it holds. The same recording has always the same bytes, and is written once.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The diff is the page that lists what the file holds.
  idempotent:
    support: full
    details:
      - A server that says the same gives the same file. Numbers and times do not count, as they are not recorded.
  platform:
    support: full
    platforms: posix
options:
  directory:
    description:
      - Where to write the file and its page. The directory must be there.
    type: path
    required: true
  parts:
    description:
      - What C(recording_info) returned as RV(opendomino.mail.recording_info#module:parts), of one server.
    type: list
    elements: dict
    required: true
seealso:
  - module: opendomino.mail.recording_info
"""

EXAMPLES = r"""
- name: Record | The recording is in a file
  opendomino.mail.recording:
    directory: recordings
    parts:
      - "{{ host.parts }}"
      - "{{ listener.parts }}"
  delegate_to: localhost
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: recordings/domino-recording-1f9ab7a2c0d4.json
review:
  description: The page that lists what the file holds.
  returned: success
  type: str
  sample: recordings/domino-recording-1f9ab7a2c0d4.md
questions:
  description: How many questions are in each state.
  returned: success
  type: dict
  sample:
    recorded: 80
    not recorded: 0
    not found: 12
    no recording can: 16
"""

from collections import Counter
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._recording import archive
from ..module_utils._whole_file import FileError, WholeFile


def main() -> None:
    """Assemble and write, unless in check mode."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "parts": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        recording = archive.assemble(module.params["parts"])
        content = archive.render(recording)
        path = Path(module.params["directory"]) / archive.file_name(content)
        page = archive.review(recording, path.name)
        wanted = ((path, content), (path.with_suffix(".md"), page.encode("utf-8")))
        files = [(WholeFile(module, str(target)), body) for target, body in wanted]
        stale = [(file, body) for file, body in files if file.content != body]
        for file, _body in stale:
            file.check()
        for file, body in stale:
            if not module.check_mode:
                file.replace(body)
    except (archive.RecordingError, FileError) as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(
        changed=bool(stale),
        path=str(path),
        review=str(path.with_suffix(".md")),
        questions=dict(Counter(entry["state"] for entry in recording["manifest"])),
        diff={"before": "" if stale else page, "after": page, "after_header": str(path), "before_header": str(path)},
    )


if __name__ == "__main__":
    main()
