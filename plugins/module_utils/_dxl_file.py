# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DXL file that a module writes instead of changing a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._directory import dxl, offline, report
from ._directory.plan import Outcome
from ._whole_file import FileError, WholeFile

if TYPE_CHECKING:
    from typing import Any, Sequence

    from ansible.module_utils.basic import AnsibleModule

    from ._directory.definition import Definition


def write(module: AnsibleModule, definitions: Sequence[Definition]) -> dict[str, Any]:
    """Bring the file to what the definitions say, unless in check mode, and return the module's result.

    Raises DefinitionError for what DXL cannot say, FileError where the file cannot be written or is somebody else's.
    """
    plans = dxl.plan_all(definitions)
    file = WholeFile(module, module.params["path"])
    before, after = (file.content or b"").decode("utf-8", "replace"), dxl.render(plans)
    if before and not before.startswith(dxl.HEADER):
        raise FileError(
            f"{file.path} is no DXL file that was written here, and would be lost. Nothing was changed. Name another "
            "file, or remove this one."
        )
    for warning in offline.unproven(definitions):
        module.warn(warning)
    changed = file.content != after.encode("utf-8")
    if changed:
        file.check()
        if not module.check_mode:
            file.replace(after.encode("utf-8"))
    names = offline.secret_names(definitions)
    return {
        "changed": changed,
        "path": str(file.path),
        "documents": [report.result(Outcome(planned)) for planned in plans],
        "diff": {
            "before_header": str(file.path),
            "after_header": str(file.path),
            "before": dxl.masked(before, before, names),
            "after": dxl.masked(after, before, names),
        },
    }
