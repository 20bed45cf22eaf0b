# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents, notes.ini variables and server tasks in the JSON of one-touch setup, which a server reads at first start.

Shape: HCL-TECH-SOFTWARE/domino-one-touch-setup, README.md and examples/server_inetsites_idvault.json, and
HCL-TECH-SOFTWARE/domino-container, testing/DominoContainerAutoConfig.json. There the Server document, which setup has
made, is updated; Configuration, Domain and Internet Site documents are created with `computeWithForm`, so that the form
fills in the rest.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._notes_ini import Setting, as_text
from .._notes_name import canonical
from .._server_tasks import TaskList
from .._server_tasks import plan as plan_tasks
from .document import Document, Scalar, Values, plain, values
from .errors import DefinitionError, DirectoryError
from .plan import same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .definition import Definition, Wanted

CREATE, UPDATE, NONE = "create", "update", "none"
_DIRECTORY = "names.nsf"
_SHAPES: dict[type, str] = {dict: "an object", list: "a list", str: "text"}


class OneTouchError(DirectoryError):
    """What is in the file, and what shall be in it, do not go together."""


@dataclass(frozen=True)
class Setup:
    """What shall be in the file: documents, variables of notes.ini (value None: not there), server tasks."""

    documents: Sequence[Definition] = ()
    notes_ini: Sequence[Setting] = ()
    server_tasks: Sequence[str] = ()


def render(setup: Setup) -> dict[str, Any]:
    """Return the JSON that holds this and nothing else; raises DirectoryError, ServerTasksError."""
    return merge({}, setup)


def merge(existing: Mapping[str, Any], setup: Setup) -> dict[str, Any]:
    """Return the JSON with this in it; keys, documents and items that are not named stay, with their order.

    Raises DefinitionError for what one-touch setup cannot do, OneTouchError where the existing JSON has another shape
    or says something else about a document, ServerTasksError for entries that are none.
    """
    for definition in setup.documents:
        _check(definition)
    merged = copy.deepcopy(dict(existing))
    if setup.server_tasks or setup.notes_ini:
        server_setup = _child(merged, "serverSetup", dict, "serverSetup")
        _merge_tasks(server_setup, setup.server_tasks)
        _merge_notes_ini(server_setup, setup.notes_ini)
        _attach(merged, "serverSetup", server_setup)
    _merge_documents(merged, setup.documents)
    return merged


def action(definition: Definition) -> str:
    """Return what setup has to do: create the document, update one that is there by then, or nothing."""
    if not definition.present:
        return NONE
    return CREATE if definition.create else UPDATE


def summary(definition: Definition) -> dict[str, Any]:
    """Return a definition for a module's result: form, match, action."""
    match = {want.item.setting or want.name: plain(want.values) for want in definition.match}
    return {"form": definition.form.name, "match": match, "action": action(definition)}


def warnings(merged: Mapping[str, Any], setup: Setup) -> Sequence[str]:
    """Return what a person should know of the JSON although nothing is wrong with it."""
    found = []
    server_setup = _child(merged, "serverSetup", dict, "serverSetup")
    server = _child(server_setup, "server", dict, "serverSetup.server")
    variables = _child(server_setup, "notesINI", dict, "serverSetup.notesINI")
    created = [definition.title for definition in setup.documents if action(definition) == CREATE]
    if created and server.get("type") == "additional":
        found.append(
            "The file sets up an additional server, whose Domino Directory is a replica of one that is in use. "
            "Documents are created without a look whether they are there, so these must not be there yet: "
            f"{'; '.join(created)}."
        )
    if setup.server_tasks and _key(variables, "ServerTasks") in variables:
        found.append(
            "The file has server tasks in serverSetup.server.serverTasks and in serverSetup.notesINI. Which of them "
            "counts is not known; remove ServerTasks from notesINI."
        )
    return found


def _check(definition: Definition) -> None:
    if definition.form.name == "Person":
        raise DefinitionError(
            f"{definition.title}: one-touch setup makes people by serverSetup.registerUsers, with ID, mail file and "
            "Internet address; a Person document alone would be a user without them. Add the user there, or use "
            "directory_documents once the server is set up. Nothing was changed."
        )
    if action(definition) != UPDATE:
        return
    for want in definition.wanted:
        if want.values is None:
            raise DefinitionError(
                f"{definition.title}: one-touch setup cannot remove item {want.name} of a document that is there. Give "
                'it the value "" to empty it, or leave it out. Nothing was changed.'
            )
    for want in definition.match:
        if len(want.values or ()) > 1:
            raise DefinitionError(
                f"{definition.title}: one-touch setup finds a document by one value of item {want.name}, not by "
                "several. Nothing was changed."
            )


def _merge_tasks(server_setup: dict[str, Any], tasks: Sequence[str]) -> None:
    server = _child(server_setup, "server", dict, "serverSetup.server")
    current = _child(server, "serverTasks", str, "serverSetup.server.serverTasks")
    plan = plan_tasks(TaskList.parse(current), present=tasks)
    if plan.changed:
        server["serverTasks"] = plan.after.render()
        server_setup["server"] = server


def _merge_notes_ini(server_setup: dict[str, Any], settings: Sequence[Setting]) -> None:
    variables = _child(server_setup, "notesINI", dict, "serverSetup.notesINI")
    for setting in settings:
        if setting.name.lower() == "servertasks":
            raise OneTouchError("ServerTasks is not given as a variable; use server_tasks. Nothing was changed.")
        name = _key(variables, setting.name)
        if setting.value is None:
            variables.pop(name, None)
        else:
            variables[name] = as_text(setting.value)
    _attach(server_setup, "notesINI", variables)


def _merge_documents(merged: dict[str, Any], definitions: Sequence[Definition]) -> None:
    application = _child(merged, "appConfiguration", dict, "appConfiguration")
    databases = _child(application, "databases", list, "appConfiguration.databases")
    directories = [database for database in databases if _is_directory(database)]
    places = [_child(database, "documents", list, f"documents of {_DIRECTORY}") for database in directories]
    new: list[Any] = []
    for definition in definitions:
        for place in places:
            place[:] = _merged(place, definition)
        if not any(_is_about(entry, definition) for place in places for entry in place):
            new.extend(_new(definition))
    if new and not places:
        databases.append({"filePath": _DIRECTORY, "action": UPDATE, "documents": new})
        application["databases"], merged["appConfiguration"] = databases, application
    elif new:
        directories[0]["documents"] = places[0] = places[0] + new
    _check_together([entry for place in (places or [new]) for entry in place], definitions)


def _merged(entries: Sequence[Any], definition: Definition) -> list[Any]:
    """Return the entries of the file as a definition wants them."""
    kept = []
    for entry in entries:
        if _is_about(entry, definition):
            _check_action(entry, definition)
            if not definition.present:
                continue
            items = _child(entry, "items", dict, f"items of {definition.title}")
            _merge_items(items, definition.wanted)
            _attach(entry, "items", items)
        kept.append(entry)
    return kept


def _check_action(entry: Mapping[str, Any], definition: Definition) -> None:
    right = UPDATE if definition.present and not definition.create else CREATE
    if entry["action"] != right:
        wish = f"has the action {right} for it" if definition.present else "wants no such document"
        raise OneTouchError(
            f"{definition.title}: the file has an entry for this document with the action {entry['action']}, and the "
            f"definition {wish}. Remove the entry, or correct state: or create:. Nothing was changed."
        )


def _check_together(entries: Sequence[Any], definitions: Sequence[Definition]) -> None:
    """Refuse a document that would be created twice, and definitions that share one."""
    owners: dict[int, Definition] = {}
    for definition in definitions:
        found = [entry for entry in entries if _is_about(entry, definition)]
        if len(found) > 1 and definition.create:
            raise OneTouchError(
                f"{definition.title}: {len(found)} entries of the file would create this document, and each makes one. "
                "Remove the ones too many, or match by more than this. Nothing was changed."
            )
        for entry in found:
            other = owners.setdefault(id(entry), definition)
            if other is not definition:
                raise OneTouchError(
                    f"{definition.title} and {other.title} are the same document. Make one definition of them. "
                    "Nothing was changed."
                )


def _new(definition: Definition) -> Sequence[Any]:
    """Return the entry that a file without one gets; none where there is nothing to do."""
    nothing = action(definition) == NONE or (action(definition) == UPDATE and not definition.wanted)
    return [] if nothing else [_entry(definition)]


def _entry(definition: Definition) -> dict[str, Any]:
    kind = "Type" if definition.form.typed else "Form"
    if action(definition) == UPDATE:
        match = {want.name: _as_found(want) for want in definition.match}
        items: dict[str, Any] = {}
        _merge_items(items, definition.wanted)
        return {"action": UPDATE, "findDocument": {kind: definition.form.name, **match}, "items": items}
    items = {"Form": definition.form.name}
    _merge_items(items, definition.on_creation)
    return {"action": CREATE, "computeWithForm": True, "items": items}


def _as_found(want: Wanted) -> Scalar:
    """Return the value to find a document by: equal to what is stored, and names are stored in canonical form."""
    value = (want.values or ("",))[0]
    return canonical(value) if want.item.is_names and isinstance(value, str) else value


def _merge_items(items: dict[str, Any], wanted: Sequence[Wanted]) -> None:
    for want in wanted:
        name = _key(items, want.name)
        if want.values is None:
            items.pop(name, None)
        elif name not in items or not same(want.item, _stored(items[name]), want.values):
            items[name] = _content(items.get(name), want.values)


def _content(current: Any, wanted: Values) -> Any:
    content = plain(wanted)
    # An item with flags keeps them, as long as it stays text.
    if isinstance(current, dict) and current.get("type") == "text" and all(isinstance(v, str) for v in wanted):
        return {**current, "value": content}
    return content


def _stored(content: Any) -> Values:
    return values(content.get("value", "") if isinstance(content, dict) else content)


def _is_directory(database: Any) -> bool:
    return isinstance(database, dict) and database.get("filePath") == _DIRECTORY and database.get("action") == UPDATE


def _is_about(entry: Any, definition: Definition) -> bool:
    """Tell whether an entry creates or updates the document of a definition; a formula cannot be compared."""
    if not isinstance(entry, dict) or entry.get("action") not in (CREATE, UPDATE):
        return False
    identity = entry.get("items" if entry["action"] == CREATE else "findDocument")
    if not isinstance(identity, dict):
        return False
    document = Document("", "", {name: list(_stored(content)) for name, content in identity.items()})
    kinds = [kind for kind in (document.get("Form"), document.get("Type")) if kind]
    return bool(kinds) and kinds[0] == (definition.form.name,) and definition.matches(document)


def _child(parent: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    """Return a part of the JSON, a new one where it is missing (null is missing, says HCL's help)."""
    found = parent.get(name)
    if found is None:
        return kind()
    if not isinstance(found, kind):
        raise OneTouchError(
            f"{where} is not {_SHAPES[kind]}, as one-touch setup has it. Nothing was changed. "
            "Correct the file, then run again."
        )
    return found


def _attach(parent: dict[str, Any], name: str, child: Any) -> None:
    """Put a part in its place, unless it is a new one that stayed empty."""
    if child:
        parent[name] = child


def _key(mapping: Mapping[str, Any], name: str) -> str:
    """Return how a mapping spells a name, else as given; names of items and variables compare without case."""
    return next((key for key in mapping if key.lower() == name.lower()), name)
