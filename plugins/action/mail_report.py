# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the report about all hosts on the controller; plugins/modules/mail_report.py documents it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import FileError, WholeFile, resolve
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import engine
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import KINDS, REVIEW, ReportError

ARGUMENT_SPEC = {
    "directory": {"type": "path", "required": True},
    "kind": {"type": "str", "choices": list(KINDS), "default": REVIEW},
    "results": {"type": "list", "elements": "dict", "required": True},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "title": {"type": "str", "default": ""},
    "time": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    """Renders the report and writes what differs, in check mode too: it is what a check run is made for."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result that the module documents."""
        super().run(tmp, task_vars)
        _validated, given = self.validate_argument_spec(ARGUMENT_SPEC)
        directory = Path(given["directory"]).absolute()
        try:
            rendered = engine.render(
                given["results"], given["hosts"], given["kind"], title=given["title"] or "", time=given["time"] or ""
            )
        except ReportError as exc:
            raise AnsibleActionFail(f"The report cannot be made: {exc} Nothing was written.") from None
        try:
            resolve(str(directory)).mkdir(parents=True, exist_ok=True)
            files = {name: WholeFile(None, str(directory / name), mode=0o644) for name in rendered.files}
            before = {name: file.content for name, file in files.items()}
            changed = [name for name, content in rendered.files.items() if before[name] != content]
            for name in changed:
                files[name].check()
            for name in changed:
                files[name].replace(rendered.files[name])
        except (FileError, OSError) as exc:
            raise AnsibleActionFail(f"The report cannot be written: {exc}") from None
        result: dict[str, Any] = {
            "changed": bool(changed),
            "directory": str(directory),
            "files": {name: str(directory / name) for name in rendered.files},
            "verdict": rendered.verdict,
            "differing": list(rendered.report.differing),
            "incomplete": list(rendered.report.incomplete),
            "summary": rendered.numbers,
        }
        if "review.md" in changed:
            header = str(directory / "review.md")
            result["diff"] = {
                "before": (before["review.md"] or b"").decode("utf-8", "replace"),
                "after": rendered.files["review.md"].decode("utf-8"),
                "before_header": header,
                "after_header": header,
            }
        return result
