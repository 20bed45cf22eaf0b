# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schema and scope of Domino REST API for the Domino Directory: what they shall be, and what has to change.

A schema is a design element of names.nsf that declares forms, their modes and the modes' fields; a scope is a document
in KeepConfig.nsf that gives it a name. Shapes: KeepDatabase and RestMapping of HCL's openapi.setup.json 1.1.4. A schema
is always sent whole (HCL domino-rest-adminclient, keep-edit-view.ts), so what a site added by hand is sent along. No
Ansible, file or socket here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._notes_name import canonical
from . import items
from .errors import DefinitionError, DirectoryError
from .items import TRUSTED, TYPE
from .plan import CREATED, DELETED, NONE, UPDATED
from .schema import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .design import Design

NSF = "names.nsf"
#: Tells what this collection made from what others made; only the former is removed again.
MARK = "opendomino.mail.directory_scope"
DESCRIPTION = f"Domino Directory for Internet mail ({MARK})"
MAXIMUM_ACCESS = "Editor"
ABSENT = "(absent)"

_MODES = (WRITE, READ)
_NAME = re.compile(r"(?=.*[a-z0-9])[A-Za-z0-9_.-]+")
_ALWAYS, _NEVER = "@True", "@False"
#: What holds for the whole schema; a missing switch is off.
_SETTINGS: tuple[tuple[str, Any], ...] = (
    ("isActive", True),
    ("formulaEngine", "domino"),
    ("requireRevisionToUpdate", True),
    ("openAccess", False),
    ("allowCode", False),
    ("allowDecryption", False),
    ("dqlAccess", True),
)
#: Lists that the server makes of `fields`; sent back, they would be older than the fields beside them.
_DERIVED = ("readAccessFields", "writeAccessFields")
#: Formats that say how an item is stored or shown; the others (string, float, ...) repeat the type.
_FORMATS = frozenset(
    ("authors", "names", "readers", "richtext", "date", "date-time", "password", "binary", "json", "attachments")
)
_OF_NAMES = frozenset({"authors", "names", "readers"})
_NO_TEXT = frozenset({"datetime", "richtext", "richtextlite", "attachment"})
#: What an answer holds of a schema that no request does (readOnly in HCL's description), beside what begins with @.
_ANSWERED = frozenset({"configuredForms", "dxlpath"})
_REQUEST_KEYS = ("description", "icon", "iconName")


@dataclass(frozen=True)
class Field:
    """One declared field. `type` is that of one value: string or number."""

    name: str
    type: str
    many: bool = False
    format: str = ""

    @property
    def shown(self) -> str:
        """Return the declaration for a person: `text`, `number`, `list of names`."""
        one = self.format or {"string": "text", "integer": "number"}.get(self.type, self.type)
        return f"list of {one}" if self.many else one

    def as_json(self) -> dict[str, Any]:
        """Return the declaration as KeepField."""
        one = {"type": self.type, **({"format": self.format} if self.format else {})}
        return {"name": self.name, "type": "array", "items": one} if self.many else {"name": self.name, **one}


@dataclass(frozen=True)
class Form:
    """One form with the fields of both its modes."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class LeftOut:
    """An item that is not declared, and why."""

    form: str
    item: str
    reason: str


@dataclass(frozen=True)
class Wanted:
    """The schema and the scope as they shall be."""

    scope: str
    schema: str
    forms: tuple[Form, ...] = ()
    deletion: bool = False
    server: str = "*"
    exact: bool = False


@dataclass(frozen=True)
class Change:
    """One line of a plan: what it is about, before and after."""

    what: str
    before: str
    after: str
    mode: str = ""


@dataclass(frozen=True)
class Plan:
    """What has to be done to a schema or a scope; `body` is what to send, where something is to be sent."""

    thing: str
    action: str
    changes: tuple[Change, ...] = ()
    body: dict[str, Any] | None = None

    @property
    def changed(self) -> bool:
        """Tell whether there is anything to do."""
        return self.action != NONE


# -- what is declared -------------------------------------------------------------------------------------------------


def names(scope: str, schema: str | None) -> tuple[str, str]:
    """Return the names of scope and schema; raises DefinitionError for what cannot be such a name."""
    for option, name in (("scope", scope), ("schema", schema or scope)):
        if not _NAME.fullmatch(name):
            raise DefinitionError(
                f'{option}: "{name}" is not a name; letters, digits, dots, underscores and hyphens are allowed, '
                "with at least one lower case letter or digit. Nothing was changed."
            )
    return scope, schema or scope


def server(name: str) -> str:
    """Return the server that a scope is for; DefinitionError where it is empty, which would mean all servers."""
    if not name.strip():
        raise DefinitionError('server is empty. Give the name of a server, or "*" for all. Nothing was changed.')
    return name


def own_items(raw: Mapping[str, Any]) -> Mapping[str, Sequence[items.Item]]:
    """Return a site's own items from `{form: {item: type}}`; raises DefinitionError where they cannot be right."""
    found = {}
    for form, listed in raw.items():
        if not isinstance(listed, dict):
            raise DefinitionError(f"items: {form} has to map item names to types. Nothing was changed.")
        found[items.readable_form(str(form)).name] = [
            _own_item(str(form), str(name), kind) for name, kind in listed.items()
        ]
    return found


def _own_item(form: str, name: str, kind: object) -> items.Item:
    if kind not in ("text", "number", "text_list", "names"):
        raise DefinitionError(
            f"items: {form}.{name}: {kind!r} is no type; take text, number, text_list or names. Nothing was changed."
        )
    items.check_name(name)
    return items.Item(form, name, str(kind))


def declare(
    form_name: str,
    design: Design | None,
    own: Sequence[items.Item] = (),
    *,
    catalogue: items.Catalogue = items.PUBLISHED,
    trust_all: bool = False,
) -> tuple[Form, Sequence[LeftOut]]:
    """Return the fields to declare for a form, and the items of the catalogue that are left out.

    The server's design decides type and cardinality, where it could be read, subforms included. Where not, items with a
    documented name are declared (with `trust_all` every item that has a name), as the catalogue has them; names as
    lists, because a field declared as one value shows only the first of several. Secrets are declared only where a site
    names them.
    """
    form = items.readable_form(form_name)
    catalogue = items.READ_ONLY if form_name in items.READ_FORMS else catalogue
    mine = {str(item.name).lower(): item for item in own}
    known = {str(item.name).lower(): item for item in catalogue.settings(form_name)}
    if design and design.fields is not None and design.wider and not all(map(design.field, {**known, **mine})):
        design = design.wider()
    fields = [Field("Form", "string")] + ([Field(TYPE, "string")] if form.typed else [])
    left = []
    for key, item in {**known, **mine}.items():
        if key in ("form", "type"):
            continue
        if item.is_secret and key not in mine:
            left.append(LeftOut(form_name, str(item.name), "it is secret; name it in items: to have it declared"))
            continue
        found = _declared(item, design, trusted=trust_all or key in mine or item.evidence in TRUSTED)
        (fields if isinstance(found, Field) else left).append(found)  # type: ignore[arg-type]
    return Form(form_name, tuple(fields)), left


def _declared(item: items.Item, design: Design | None, *, trusted: bool) -> Field | LeftOut:
    name = str(item.name)
    if design is None or design.fields is None:
        if not trusted:
            return LeftOut(item.form, name, f"its name is not documented ({item.evidence}) and the design was not read")
        return _by_catalogue(item)
    field = design.field(name)
    if field is None and design.gap and trusted:
        return _by_catalogue(item)
    if field is None:
        return LeftOut(item.form, name, "the form's design on this server has no such field")
    if field.kind == "computedfordisplay":
        return LeftOut(item.form, name, "the field is computed for display and never stored")
    if field.type in _NO_TEXT:
        return LeftOut(item.form, name, f"the field is of type {field.type}, which is not managed here")
    many = item.type in ("text_list", "names") if field.many is None else field.many
    if field.type == "number":
        return Field(field.name, "number", many)
    return Field(field.name, "string", many, field.type if field.type in _OF_NAMES else "")


def _by_catalogue(item: items.Item) -> Field:
    kind = "number" if item.type == "number" else "string"
    many = item.type in ("text_list", "names")
    return Field(str(item.name), kind, many, "names" if item.type == "names" else "")


# -- the schema -------------------------------------------------------------------------------------------------------


def plan_schema(current: Mapping[str, Any] | None, wanted: Wanted) -> Plan:
    """Plan the schema. What others added (forms, modes, fields, formulas) stays, unless `exact` is wanted."""
    title = f'Schema "{wanted.schema}" in {NSF}'
    changes: list[Change] = []
    fresh: dict[str, Any] = {"description": DESCRIPTION, "agents": [], "views": [], "formAliases": {}}
    body = {key: value for key, value in (current or fresh).items() if key[:1] != "@" and key not in _ANSWERED}
    body.update({"schemaName": wanted.schema, "nsfPath": NSF})
    for key, value in _SETTINGS:
        before = (current or {}).get(key, False)
        if current is None or before != value:
            changes.append(Change(key, ABSENT if current is None else _shown(before), _shown(value)))
        body[key] = value
    body["dqlFormula"] = _formula("dqlFormula", body.get("dqlFormula"), _ALWAYS, wanted.exact, changes)
    if wanted.exact:
        for key in ("views", "agents"):
            changes += [Change(f"{key[:-1]} {_name_of(entry)}", "present", ABSENT) for entry in body.get(key) or ()]
            body[key] = []
    body["forms"] = _forms(body.get("forms") or (), wanted, changes)
    action = CREATED if current is None else UPDATED if changes else NONE
    return Plan(title, action, tuple(changes), body if changes else None)


def _forms(current: Sequence[Mapping[str, Any]], wanted: Wanted, changes: list[Change]) -> Sequence[Any]:
    forms = {form.name.lower(): form for form in wanted.forms}
    result: list[Any] = []
    for body in current:
        form = forms.pop(str(body.get("formName", "")).lower(), None)
        if form is not None:
            result.append({**body, "formModes": _modes(body.get("formModes") or (), form, wanted, changes)})
        elif wanted.exact:
            changes.append(Change(f"form {body.get('formName')}", "present", ABSENT))
        else:
            result.append(body)
    new = [{"formName": form.name, "formModes": _modes((), form, wanted, changes)} for form in forms.values()]
    return result + new


def _modes(current: Sequence[Mapping[str, Any]], form: Form, wanted: Wanted, changes: list[Change]) -> Sequence[Any]:
    missing = list(_MODES)
    result: list[Any] = []
    for body in current:
        mode = str(body.get("modeName"))
        if mode in missing:
            missing.remove(mode)
            result.append(_mode(body, mode, form, wanted, changes))
        elif wanted.exact:
            changes.append(Change(f"{form.name}, mode {mode}", "present", ABSENT))
        else:
            result.append(body)
    return result + [_mode({"modeName": mode}, mode, form, wanted, changes) for mode in missing]


def _mode(body: Mapping[str, Any], mode: str, form: Form, wanted: Wanted, changes: list[Change]) -> dict[str, Any]:
    """Return a mode with the wanted fields; of its formulas only the one for deletion is changed where it is plain.

    Nothing is required: the server would ask for required fields in every change, too.
    """
    result = {key: value for key, value in body.items() if key not in _DERIVED}
    deletable = wanted.deletion and mode == WRITE
    for key, formula in (
        ("readAccessFormula", _ALWAYS),
        ("writeAccessFormula", _ALWAYS if mode == WRITE else _NEVER),
        ("deleteAccessFormula", _ALWAYS if deletable else _NEVER),
    ):
        plain = key.startswith("delete") and _text(body.get(key)) in (_ALWAYS, _NEVER)
        what = f"{form.name}, {key}"
        result[key] = _formula(what, body.get(key), formula, wanted.exact or plain, changes, mode)
    for key, value in (("computeWithForm", False), ("required", [])):
        if key not in body:
            result[key] = value
        elif wanted.exact and body[key] != value:
            changes.append(Change(f"{form.name}, {key}", _shown(body[key]), _shown(value), mode))
            result[key] = value
    result["fields"] = _fields(body.get("fields") or (), mode, form, wanted, changes)
    return result


def _fields(current: Iterable[Any], mode: str, form: Form, wanted: Wanted, changes: list[Change]) -> Sequence[Any]:
    fields = {field.name.lower(): field for field in form.fields}
    result: list[Any] = []
    for entry in current:
        body = entry if isinstance(entry, dict) else {"name": str(entry), "type": "string"}
        there = parsed(body)
        field = fields.pop(there.name.lower(), None)
        what = f"{form.name}, {there.name}"
        if field is None and wanted.exact:
            changes.append(Change(what, there.shown, ABSENT, mode))
        elif field is None or _same(there, field, body.get("fieldAccess"), wanted.exact):
            result.append(body)
        else:
            before = [there.shown, str(body.get("fieldAccess") or "RW"), there.name]
            after = [field.shown, "RW", field.name]
            parts = [pair for pair in zip(before, after) if pair[0] != pair[1]]
            changes.append(
                Change(what, ", ".join(old for old, _new in parts), ", ".join(new for _old, new in parts), mode)
            )
            result.append(field.as_json())
    for field in fields.values():
        changes.append(Change(f"{form.name}, {field.name}", ABSENT, field.shown, mode))
        result.append(field.as_json())
    return result


def parsed(body: Mapping[str, Any]) -> Field:
    """Return the field that a KeepField declares; formats that only repeat the type are passed over."""
    kind, of_one = str(body.get("type", "?")), body
    many = kind == "array"
    if many:
        of_one = body.get("items") or {}
        kind = str(of_one.get("type", "string"))
    form = next((str(b.get("format")) for b in (of_one, body) if b.get("format") in _FORMATS), "")
    return Field(str(body.get("name")), kind, many, form)


def _same(there: Field, wanted: Field, access: Any, exact: bool) -> bool:
    """Tell whether a field is as wanted; that a text holds names is left to those who said so, unless `exact`."""
    same_type = there.type == wanted.type or (there.type, wanted.type) == ("integer", "number")
    # Names of fields compare with case where documents are written.
    same = (there.name, there.many) == (wanted.name, wanted.many)
    same_format = there.format == wanted.format or (not exact and not wanted.format and there.format in _OF_NAMES)
    return same_type and same and same_format and (access or "RW") == "RW"


def _formula(
    what: str, current: Any, wanted: str, replace: bool, changes: list[Change], mode: str = ""
) -> dict[str, Any]:
    """Return a formula: the wanted one where there is none, or where what is there shall be replaced."""
    there = _text(current)
    if there == wanted or (there and not replace):
        return dict(current)
    changes.append(Change(what, there or ABSENT, wanted, mode))
    return {"formulaType": "domino", "formula": wanted}


def _text(formula: Any) -> str:
    return str(formula.get("formula") or "") if isinstance(formula, dict) else ""


# -- the scope --------------------------------------------------------------------------------------------------------


def plan_scope(current: Mapping[str, Any] | None, wanted: Wanted) -> Plan:
    """Plan the scope; raises DirectoryError where one of that name is somebody else's and leads elsewhere."""
    title = f'Scope "{wanted.scope}"'
    keys = {
        "schemaName": wanted.schema,
        "nsfPath": NSF,
        "isActive": True,
        "server": wanted.server,
        "maximumAccessLevel": MAXIMUM_ACCESS,
    }
    before = _scope_values(current or {})
    if current is not None and not is_ours(current):
        _refuse_elsewhere(before, wanted)
    changes = tuple(
        Change(key, ABSENT if current is None else _shown(before[key]), _shown(value))
        for key, value in keys.items()
        if current is None or not _equal(key, before[key], value)
    )
    if not changes:
        return Plan(title, NONE)
    kept = {key: current[key] for key in _REQUEST_KEYS if key in current} if current else {"description": DESCRIPTION}
    body = {"apiName": wanted.scope, **kept, **keys}
    return Plan(title, UPDATED if current else CREATED, changes, body)


def _scope_values(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a scope; what is not said has the value that HCL's description gives it."""
    path = str(body.get("nsfPath", "")).replace("\\", "/")
    return {
        "schemaName": body.get("schemaName"),
        "nsfPath": NSF if path.lower() == NSF else path,
        "isActive": body.get("isActive", False),
        "server": body.get("server") or "*",
        "maximumAccessLevel": body.get("maximumAccessLevel") or "Editor",
    }


def _equal(key: str, there: Any, wanted: Any) -> bool:
    if key == "server":  # hierarchical or canonical (HCL documentation, references/usingwebui/scopeui.md)
        return canonical(str(there)).lower() == canonical(wanted).lower()
    return bool(there == wanted)


def _refuse_elsewhere(there: Mapping[str, Any], wanted: Wanted) -> None:
    if (there["nsfPath"], there["schemaName"]) != (NSF, wanted.schema):
        raise DirectoryError(
            f'Scope "{wanted.scope}" is there already, was not made by this module, and leads to the schema '
            f'"{there["schemaName"]}" of {there["nsfPath"]}. Take another name with scope:, or name that schema with '
            "schema: where it is one of names.nsf."
        )


def is_ours(body: Mapping[str, Any]) -> bool:
    """Tell whether a schema or a scope was made by this module: its description says so."""
    return MARK in str(body.get("description", ""))


# -- removal ----------------------------------------------------------------------------------------------------------


def plan_removal(
    schema: Mapping[str, Any] | None, scopes: Sequence[Mapping[str, Any]], wanted: Wanted
) -> tuple[Plan, Plan, Sequence[str]]:
    """Plan the removal of schema and scope; return both plans, and the scopes for which the schema has to stay.

    `scopes` are all scopes of the server. Raises DirectoryError for a scope or a schema that others made, and for a
    schema of ours that holds what others added, unless `exact` is wanted.
    """
    mine = next((scope for scope in scopes if scope.get("apiName") == wanted.scope), None)
    title = f'Scope "{wanted.scope}"'
    for there, what in ((mine, title), (schema, f'Schema "{wanted.schema}" in {NSF}')):
        if there is not None and not is_ours(there):
            raise DirectoryError(
                f"{what} was not made by this module (its description does not hold {MARK}) and is not removed. "
                "Remove it by hand, in the Admin UI of Domino REST API."
            )
    of_scope = Plan(title, NONE)
    if mine is not None:
        lines = tuple(Change(key, _shown(value), ABSENT) for key, value in _scope_values(mine).items())
        of_scope = Plan(title, DELETED, lines)
    users = [str(other.get("apiName")) for other in scopes if other is not mine and _leads_to(other, wanted.schema)]
    return _plan_schema_removal(None if users else schema, wanted), of_scope, users if schema else []


def _plan_schema_removal(schema: Mapping[str, Any] | None, wanted: Wanted) -> Plan:
    title = f'Schema "{wanted.schema}" in {NSF}'
    if schema is None:
        return Plan(title, NONE)
    forms = {form.lower() for form in (*items.FORMS, *items.READ_FORMS)}
    listed = schema.get("forms") or ()
    others = [f"form {form.get('formName')}" for form in listed if str(form.get("formName")).lower() not in forms]
    others += [f"{key[:-1]} {_name_of(entry)}" for key in ("views", "agents") for entry in schema.get(key) or ()]
    if others and not wanted.exact:
        raise DirectoryError(
            f"{title} holds what others added: {', '.join(others)}. Take it out by hand, or remove everything with "
            "exact: true."
        )
    lines = [
        Change(f"{form.get('formName')}, {field.name}", field.shown, ABSENT, str(mode.get("modeName")))
        for form in listed
        for mode in form.get("formModes") or ()
        for field in (
            parsed(f if isinstance(f, dict) else {"name": f, "type": "string"}) for f in mode.get("fields") or ()
        )
    ]
    return Plan(title, DELETED, tuple(lines))


def _leads_to(scope: Mapping[str, Any], schema: str) -> bool:
    values = _scope_values(scope)
    return (values["nsfPath"], values["schemaName"]) == (NSF, schema)


# -- for a person -----------------------------------------------------------------------------------------------------


def lines(plan: Plan) -> Sequence[tuple[str, str, str]]:
    """Return (what, before, after) of each change; the same change in several modes is one line."""
    modes: dict[tuple[str, str, str], list[str]] = {}
    for change in plan.changes:
        modes.setdefault((change.what, change.before, change.after), []).append(change.mode)
    return [
        (f"{what} ({', '.join(of)})" if any(of) else what, before, after) for (what, before, after), of in modes.items()
    ]


def diff(plan: Plan) -> dict[str, str]:
    """Return a plan as Ansible prints a difference: a line for each setting and field, before and after."""
    listed = lines(plan)
    created, deleted = plan.action == CREATED, plan.action == DELETED
    return {
        "before_header": plan.thing + (", absent" if created else ""),
        "after_header": plan.thing + (", absent" if deleted else ""),
        "before": "" if created else "".join(f"{what}: {before}\n" for what, before, _after in listed),
        "after": "" if deleted else "".join(f"{what}: {after}\n" for what, _before, after in listed),
    }


def result(plan: Plan, name: str) -> dict[str, Any]:
    """Return a plan as a module's result: name, action, changes."""
    changes = [{"what": what, "before": before, "after": after} for what, before, after in lines(plan)]
    return {"name": name, "action": plan.action, "changes": changes}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) or "(none)" if isinstance(value, list) else str(value)


def _name_of(entry: Any) -> str:
    return str(entry.get("name") if isinstance(entry, dict) else entry)
