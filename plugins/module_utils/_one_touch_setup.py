# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of one-touch setup on a host: what the module one_touch_setup does around the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import _validjson as validjson
from ._directory import offline, one_touch, report
from ._directory.definition import define_all
from ._directory.site_catalogue import merged
from ._directory_module import hide
from ._notes_ini import NotesIni, Setting, setting_of
from ._one_touch_file import JsonFile, masked, secrets_of
from ._validjson import ValidjsonError
from ._whole_file import FileError, WholeFile

if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from ansible.module_utils.basic import AnsibleModule

    from ._directory.items import Catalogue


def wanted(module: AnsibleModule) -> one_touch.Setup:
    """Return what the options ask for; raises DefinitionError, NotesIniError. Secrets in them become no_log."""
    catalogue = merged(module.params["catalogue"])
    hide(module, _secrets(module.params["documents"], catalogue, module.params["notes_ini"]))
    return one_touch.Setup(
        define_all(module.params["documents"], catalogue),
        [_setting(name, value) for name, value in module.params["notes_ini"].items()],
        module.params["server_tasks"],
    )


def carry_out(module: AnsibleModule, setup: one_touch.Setup) -> dict[str, Any]:
    """Bring the file to what is asked for, unless in check mode, and return the module's result."""
    _check_first_start(module.params["data_directory"])
    file = WholeFile(module, module.params["path"], in_place=module.params["unsafe_writes"])
    before = JsonFile() if file.content is None else JsonFile.parse(file.content, str(file.path))
    after = one_touch.merge(before.data, setup)
    for warning in (*one_touch.warnings(after, setup), *offline.unproven(setup.documents)):
        module.warn(warning)
    changed = before.render(after) != before.render(before.data)
    content = before.render(after) if changed else file.content
    result = {
        "changed": changed,
        "path": str(file.path),
        "documents": [one_touch.summary(definition) for definition in setup.documents],
        "diff": _diff(file, before, after, setup),
        "validated": None if content is None else _validated(module, file.path.name, content, after),
    }
    if changed and content is not None:
        file.check()
        if not module.check_mode:
            copy = file.replace(content, backup=module.params["backup"])
            result.update({} if copy is None else {"backup_file": copy})
    if file.content is not None or changed:
        arguments = module.load_file_common_arguments(module.params, path=str(file.path))
        result["changed"] = module.set_fs_attributes_if_different(arguments, changed)
    return result


def _setting(name: str, value: object) -> Setting:
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        return setting_of(name, None if value is None else str(value))
    raise FileError(
        f"{name}: the value must be text or a whole number, and is {value!r}. Put it in quotes. Nothing was changed."
    )


def _secrets(documents: Sequence[Mapping[str, Any]], catalogue: Catalogue, variables: Mapping[str, object]) -> set[str]:
    found = {str(value) for name, value in variables.items() if value and offline.is_secret(name)}
    return found | report.secrets_given(documents, catalogue)


def _check_first_start(data_directory: str | None) -> None:
    """Raise FileError where the server is set up already; how the start script of HCL's containers decides it."""
    if data_directory is None:
        return
    ini = Path(data_directory, "notes.ini")
    if not ini.parent.is_dir():
        raise FileError(f"{ini.parent} is no directory. Nothing was changed. Correct data_directory.")
    if ini.exists() and NotesIni.parse(ini.read_bytes(), str(ini)).values("ServerSetup"):
        raise FileError(
            f"{ini} has the variable ServerSetup: this server is set up already, and one-touch setup belongs to a "
            "server's first start; that it could be applied again is not documented. Nothing was changed. Documents of "
            "a server that is set up are changed by opendomino.mail.directory_documents, its notes.ini and server "
            "tasks by opendomino.mail.notes_ini and opendomino.mail.server_tasks."
        )


def _validated(module: AnsibleModule, name: str, content: bytes, data: Mapping[str, Any]) -> bool | None:
    """Return whether validjson found the content valid, None where it was not asked or its words are not known."""
    wish = module.params["validate"]
    programs, data_directory = Path(module.params["program_directory"]), module.params["data_directory"]
    if wish == "no" or (wish == "auto" and (data_directory is None or validjson.find(programs) is None)):
        return None
    try:
        verdict = validjson.validate(content, name, programs, Path(data_directory))
    except ValidjsonError as exc:
        if wish == "yes":
            raise FileError(f"{exc} The file was not validated. Nothing was changed.") from exc
        module.warn(f"{exc} The file was not validated.")
        return None
    said = " ".join(verdict.lines)
    for secret in sorted(secrets_of(data), key=len, reverse=True):
        said = said.replace(secret, "(secret)")
    if verdict.valid is False:
        raise FileError(f"validjson does not take the file: {said} Nothing was changed.")
    if verdict.valid is None:
        module.warn(f'validjson said neither that the file is valid nor that it is not: "{said}"')
    return verdict.valid


def _diff(file: WholeFile, before: JsonFile, after: Mapping[str, Any], setup: one_touch.Setup) -> dict[str, str]:
    names = offline.secret_names(setup.documents)
    shown = [masked(data, before.data, names) for data in (before.data, after)]
    old, new = (before.render(data).decode("utf-8") for data in shown)
    return {
        "before_header": str(file.path),
        "after_header": str(file.path),
        "before": "" if file.content is None else old,
        "after": "" if file.content is None and not after else new,
    }
