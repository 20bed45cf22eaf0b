# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema and scope through which the REST API shows the directory: which forms, modes and fields exist.

Nothing is exposed that the schema does not name (interfaces 1.3). The lab's default schema declares every field of the
lab's design in the modes `default` and `dql`; the topology's `rest` section changes it, or leaves everything to be set
up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dominolab import entries
from dominolab.rest_answers import ApiError, refuse

if TYPE_CHECKING:
    from dominolab.contract import ItemValue
    from dominolab.design import Design, Field

#: levels of an access control list, lowest first
LEVELS = ("NoAccess", "Depositor", "Reader", "Author", "Editor", "Designer", "Manager")
_ALWAYS = {"formulaType": "domino", "formula": "@True"}
_NEVER = {"formulaType": "domino", "formula": "@False"}
_FORMULAS = ("readAccessFormula", "writeAccessFormula", "deleteAccessFormula")
_TYPES = ("object", "array", "string", "number", "integer", "boolean")
#: what a field has in answers, beside what a request says (openapi.setup.json, example schemaSimple)
_OF_ANSWERS = {
    "fieldAccess": "RW",
    "format": "string",
    "minitems": -1,
    "uniqueitems": False,
    "minimum": 0,
    "maximum": 0,
    "exclusiveMinimum": -1,
    "minLenght": -1,
    "maxLength": -1,
    "itemFlags": ["SUMMARY"],
    "summaryField": True,
}


class FieldError(ValueError):
    """A request writes what the schema does not allow."""


@dataclass(frozen=True)
class FormChange:
    """What a topology changes in a configured form."""

    remove: tuple[str, ...] = ()
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # KeepField by name
    modes: tuple[str, ...] = ("default", "dql")


@dataclass(frozen=True)
class ScopeSettings:
    """The topology's `rest` section."""

    scope: str = "dominodirectory"
    enabled: bool = True
    provisioned: bool = True  # False: nobody has set up schema and scope yet
    excluded: bool | None = None  # names.nsf is still on the exclusion list; None: as long as nothing is provisioned
    username: str = "Lab Admin"
    password: str = ""
    user_name: str = "CN=Lab Admin"  # the caller's Notes name
    user_access: str = "Manager"
    keep_admin: bool = True  # the caller is a member of LocalKeepAdmins
    maximum_access_level: str = "Editor"
    open_access: bool = True  # False: the token must name the scope
    dql_access: bool = True
    require_revision: bool = True
    revision_conflict_status: int = 400
    allow_deletion: bool = True
    setup_api: bool = True
    setup_scope_required: bool = True
    token_seconds: int = 7200
    lockout_after: int = 10
    #: by form; None: not configured
    forms: Mapping[str, FormChange | None] | None = None

    @property
    def level(self) -> str:
        """The caller's access, capped by the scope."""
        return min(self.user_access, self.maximum_access_level, key=LEVELS.index)

    def allows(self, level: str) -> bool:
        """Tell whether the caller has at least this access through the scope."""
        return LEVELS.index(self.level) >= LEVELS.index(level)

    def has(self, level: str) -> bool:
        """Tell whether the caller has at least this access in names.nsf itself."""
        return LEVELS.index(self.user_access) >= LEVELS.index(level)


def read_settings(rest: Mapping[str, Any]) -> ScopeSettings:
    """Return the settings that a topology's `rest` describes; raises EntryError."""
    settings = entries.read(ScopeSettings, rest, "rest")
    for name in (settings.user_access, settings.maximum_access_level):
        if name not in LEVELS:
            raise entries.EntryError(f"rest: {name} is none of the access levels {', '.join(LEVELS)}")
    return settings


@dataclass(frozen=True)
class FormSchema:
    """One configured form: the fields of its modes, by mode name; and the form as the API shows it."""

    name: str
    modes: Mapping[str, Mapping[str, Mapping[str, Any]]]
    body: Mapping[str, Any] | None = None

    def permits(self, mode: str, formula: str) -> bool:
        """Tell whether a mode's formula (writeAccessFormula, deleteAccessFormula) holds."""
        modes = (self.body or {}).get("formModes", ())
        return any(body["modeName"] == mode and holds(body.get(formula)) for body in modes)


def build(design: Design, settings: ScopeSettings) -> dict[str, FormSchema]:
    """Return the configured forms by their name in lower case."""
    changes = settings.forms or {}
    schema = {}
    for form in {**design, **dict.fromkeys(changes)}:
        change = changes.get(form, FormChange())
        if change is None:
            continue
        fields = {"Form": {"name": "Form", "type": "string"}}
        if form in design:
            fields.update({f.name: _keep_field(f) for f in design[form].fields.values() if f.name != "Form"})
        for name in change.remove:
            fields.pop(name, None)
        for name, keep_field in change.fields.items():
            fields[name] = {"name": name, **keep_field}
        schema[form.lower()] = FormSchema(form, dict.fromkeys(change.modes, fields))
    return schema


def as_keep_form(form: FormSchema, settings: ScopeSettings) -> dict[str, Any]:
    """Return a form as `GET /scope/form/{form}` shows it."""
    return {
        "formName": form.name,
        "alias": [],
        "formModes": [
            {
                "modeName": mode,
                "fields": list(fields.values()),
                "required": ["Form"],
                "readAccessFormula": _ALWAYS,
                "writeAccessFormula": _ALWAYS,
                "deleteAccessFormula": _ALWAYS if settings.allow_deletion else _NEVER,
                "computeWithForm": False,
            }
            for mode, fields in form.modes.items()
        ],
    }


def as_keep_database(schema: Mapping[str, FormSchema], settings: ScopeSettings) -> dict[str, Any]:
    """Return the whole schema as `GET /scope` shows it."""
    return {
        **as_short(settings),
        "formulaEngine": "domino",
        "openAccess": settings.open_access,
        "dqlAccess": settings.dql_access,
        "dqlFormula": _ALWAYS,
        "requireRevisionToUpdate": settings.require_revision,
        "allowCode": False,
        "agents": [],
        "views": [],
        "forms": [as_keep_form(form, settings) for form in schema.values()],
        "formAliases": {},
    }


def as_short(settings: ScopeSettings, database: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the scope as an entry of `GET /scopes`."""
    return {
        "apiName": settings.scope,
        "schemaName": (database or {}).get("schemaName", settings.scope),
        "nsfPath": "names.nsf",
        "description": (database or {}).get("description", "Domino Directory"),
        "iconName": "beach",
        "isActive": True,
    }


def holds(formula: Mapping[str, Any] | None) -> bool:
    """Tell whether a formula gives true; the lab knows @True and @False."""
    return (formula or {}).get("formula") == "@True"


def forms_of(database: Mapping[str, Any]) -> dict[str, FormSchema]:
    """Return the configured forms of a stored schema by their name in lower case."""
    return {
        form["formName"].lower(): FormSchema(
            form["formName"],
            {mode["modeName"]: {field["name"]: field for field in mode["fields"]} for mode in form["formModes"]},
            form,
        )
        for form in database["forms"]
    }


def stored(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as it is stored and shown: what a request says, and what the server adds.

    Raises ApiError for a schema that is not as HCL's description says (KeepDatabase), and for formulas that the lab
    cannot compute.
    """
    _check_formula(body.get("dqlFormula", _ALWAYS))
    return {
        "agents": [],
        "views": [],
        "owners": [],
        **{key: value for key, value in body.items() if not key.startswith("@")},
        "forms": [_stored_form(form) for form in body.get("forms") or ()],
    }


def _stored_form(form: Mapping[str, Any]) -> dict[str, Any]:
    if not form.get("formName") or not form.get("formModes"):
        refuse("A form needs formName and formModes")
    return {"alias": [], **form, "formModes": [_stored_mode(mode) for mode in form["formModes"]]}


def _stored_mode(mode: Mapping[str, Any]) -> dict[str, Any]:
    missing = {"modeName", "fields", *_FORMULAS} - set(mode)
    if missing or not re.fullmatch("[a-z0-9]+", mode["modeName"]):
        refuse(f"The mode {mode.get('modeName')} is not valid, or has no {', '.join(sorted(missing))}")
    for key in _FORMULAS:
        _check_formula(mode[key])
    fields = sorted((_stored_field(field) for field in mode["fields"]), key=lambda field: str(field["name"]))
    return {
        "validationRules": [],
        "onLoad": {"formulaType": "domino", "formula": ""},
        "onSave": {"formulaType": "domino", "formula": ""},
        "computeWithForm": False,
        "required": [],
        **mode,
        "fields": fields,
        "readAccessFields": [field for field in fields if field["fieldAccess"] != "WO"],
        "writeAccessFields": [field for field in fields if field["fieldAccess"] != "RO"],
    }


def _stored_field(field: Mapping[str, Any]) -> dict[str, Any]:
    if not field.get("name") or field.get("type") not in _TYPES:
        refuse(f"The field {field.get('name')} has no name or no type that is known")
    items = {"items": {**_OF_ANSWERS, **field.get("items", {"type": "string"})}} if field["type"] == "array" else {}
    return {**_OF_ANSWERS, **field, **items}


def _check_formula(formula: Mapping[str, Any]) -> None:
    if formula.get("formulaType") != "domino":
        refuse("formulaType must be domino")
    if formula.get("formula") not in ("@True", "@False"):
        raise ApiError(501, f"The lab does not compute the formula {formula.get('formula')}")


def shown(field: Mapping[str, Any], value: ItemValue | None) -> ItemValue | None:
    """Return what the API shows of an item; None where there is nothing to show.

    A list in a field declared as a single value shows only its first value (interfaces 1.9).
    """
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not values or field.get("fieldAccess") == "WO":
        return None
    return cast("ItemValue", values if field["type"] == "array" else values[0])


def accepted(field: Mapping[str, Any], value: Any) -> ItemValue:
    """Return the value to store; raise FieldError where the type is not the declared one (refusal: assumed)."""
    name = field["name"]
    if field.get("fieldAccess") == "RO":
        raise FieldError(f"The field {name} is read only")
    if field["type"] == "array":
        if not isinstance(value, list):
            raise FieldError(f"The field {name} takes a list of values")
        kind = field.get("items", {}).get("type", "string")
        return [_scalar(name, kind, entry) for entry in value]
    return cast("ItemValue", _scalar(name, field["type"], value))


def _scalar(name: str, kind: str, value: Any) -> Any:
    expected: tuple[type, ...] = (str,) if kind == "string" else (int, float)
    if isinstance(value, bool) or not isinstance(value, expected):
        raise FieldError(f"The field {name} takes a {kind}")
    return value


def _keep_field(field: Field) -> dict[str, Any]:
    kind = "string" if field.type == "text" else "number"
    declared: dict[str, Any] = {"name": field.name, "type": "array" if field.multiple else kind}
    if field.multiple:
        declared["items"] = {"type": kind}
    if field.names:
        declared["format"] = "names"
    return declared
