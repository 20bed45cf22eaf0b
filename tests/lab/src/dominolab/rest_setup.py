# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up part of the REST API: its configuration, schemas in names.nsf, scopes, and who may write them.

Schemas and scopes are kept over restarts of the task and the server, in one file of the data directory (a real server
keeps schemas in the design of names.nsf and scopes in KeepConfig.nsf). The configuration is read when the task starts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from dominolab import schema
from dominolab.directory import new_unid, timedate
from dominolab.rest_answers import ApiError, json_object, refuse

if TYPE_CHECKING:
    from dominolab.schema import FormSchema, ScopeSettings
    from dominolab.server import DominoServer

SETUP = "/api/setup-v1"
#: Calls under /api/setup-v1 that need no $SETUP (x-keep-scope ANY in openapi.setup.json).
ANY_SCOPE = frozenset((f"{SETUP}/admin/access",))
OVERLAYS = "keepconfig.d"
_STATE = "dominolab-restapi.json"
_NSF = "names.nsf"
_SCOPE_KEYS = {
    "description", "apiName", "schemaName", "nsfPath", "isActive", "createSchema", "icon", "iconName", "server",
    "maximumAccessLevel",
}  # fmt: skip
#: The product's own list (HCL-TECH-SOFTWARE/Domino-rest-api docs/howto/database/excludeddb.md).
_EXCLUSIONS = {
    "mail/": True, "KeepConfig.nsf": True, "KeepConfig.ntf": True, "KeepAgents.nsf": True, "KeepAgents.ntf": True,
    "KeepOAuth.ntf": True, "oauth.nsf": True, "names.nsf": True, "*.ntf": True, "help/": True, "as_": True, "MJ": True,
    "domino/": True,
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """What a scope shows: the topology's settings as its schema and scope change them, and the configured forms."""

    settings: ScopeSettings
    forms: Mapping[str, FormSchema]
    database: Mapping[str, Any]


def configuration(settings: ScopeSettings, data_directory: Path | None) -> dict[str, Any]:
    """Return the configuration: the product's, then each file of keepconfig.d in alphabetical order.

    Objects are merged, everything else is replaced. Raises OSError for a file that is not UTF-8 or not JSON.
    """
    excluded = not settings.provisioned if settings.excluded is None else settings.excluded
    merged: dict[str, Any] = {
        "nsfExclusions": {**_EXCLUSIONS, _NSF: excluded},
        "versions": {"setup": {"active": settings.setup_api}},
    }
    for path in sorted((data_directory / OVERLAYS).glob("*.json")) if data_directory else ():
        try:
            overlay = json.loads(path.read_bytes().decode("utf-8"))
        except ValueError as exc:
            raise OSError(f"{path.name} in {OVERLAYS} is not valid: {exc}") from exc
        merged = _merge(merged, overlay)
    return merged


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{key: _merge(below.get(key), value) for key, value in above.items()}}


class RestSetup:
    """Schemas and scopes of one server; one method for each operation, named by HCL's operationId."""

    def __init__(self, server: DominoServer, settings: ScopeSettings) -> None:
        data = server.lab.get("data_directory")
        config = configuration(settings, Path(data) if data else None)
        self.excluded = config["nsfExclusions"][_NSF] is not False
        self.settings = replace(settings, setup_api=config["versions"]["setup"]["active"] is not False)
        self._server = server
        self._file = Path(data) / _STATE if data else None
        self._schemas: dict[str, dict[str, Any]] = {}
        self._scopes: dict[str, dict[str, Any]] = {}
        self._views: dict[str, View] = {}
        self._load()

    def routes(self) -> list[web.RouteDef]:
        """Return the operations, none where the set-up part is switched off."""
        if not self.settings.setup_api:
            return []
        return [
            web.get(f"{SETUP}/schemas", self._fetch_schemas, allow_head=False),
            web.get(f"{SETUP}/schema", self._get_schema, allow_head=False),
            web.post(f"{SETUP}/schema", self._create_update_schema),
            web.delete(f"{SETUP}/schema", self._delete_schema),
            web.get(f"{SETUP}/admin/scopes", self._fetch_scope_mappings, allow_head=False),
            web.get(f"{SETUP}/admin/scope", self._get_scope_mapping, allow_head=False),
            web.post(f"{SETUP}/admin/scope", self._create_update_scope_mapping),
            web.delete(f"{SETUP}/admin/scope", self._delete_scope_mapping),
            web.get(f"{SETUP}/admin/access", self._get_keep_access, allow_head=False),
            web.post(f"{SETUP}/admin/access", self._query_keep_access),
        ]

    # -- what the other operations ask ------------------------------------------------------------------------------

    def view(self, scope: str) -> View | None:
        """Return what a scope shows; None where there is no such scope, or none that is active or may be seen."""
        return None if self.excluded else self._views.get(scope)

    def listed(self) -> list[dict[str, Any]]:
        """Return the scopes as `GET /scopes` lists them."""
        return [] if self.excluded else [schema.as_short(view.settings, view.database) for view in self._views.values()]

    def require_database(self, nsf_path: str) -> None:
        """Refuse another database than names.nsf, and names.nsf while it is excluded."""
        if nsf_path.replace("\\", "/").lower() != _NSF or self.excluded:
            raise ApiError(404, f"The database {nsf_path} cannot be found")

    # -- schemas ----------------------------------------------------------------------------------------------------

    async def _fetch_schemas(self, request: web.Request) -> web.Response:
        self.require_database(_parameter(request, "nsfPath"))
        listed = [
            {"apiName": name, "comment": str(body.get("description", "")), "prohibitRefresh": body["prohibitRefresh"]}
            for name, body in self._schemas.items()
        ]
        return web.json_response(listed)

    async def _get_schema(self, request: web.Request) -> web.Response:
        return web.json_response(self._schemas[self._schema_name(request)])

    async def _create_update_schema(self, request: web.Request) -> web.Response:
        self.require_database(_parameter(request, "nsfPath"))
        name = _parameter(request, "configName")
        self._require_designer()
        body = await json_object(request, required={"nsfPath", "formulaEngine", "isActive"})
        if body.get("schemaName", name) != name:
            refuse("configName and schemaName differ")
        stored = schema.stored(body)
        stored.update(schemaName=name, prohibitRefresh=request.query.get("prohibitRefresh") != "false")
        if request.query.get("dryRun") != "true":
            self._schemas[name] = stored
            self._save()
        known = {form.name.lower() for form in self._server.design.values()}
        missing = [form["formName"] for form in stored["forms"] if form["formName"].lower() not in known]
        warnings = [f"Form {form} is not in the database" for form in missing]
        return web.json_response({**stored, **({"@warnings": warnings} if warnings else {})})

    async def _delete_schema(self, request: web.Request) -> web.Response:
        self.require_database(_parameter(request, "nsfPath"))
        self._require_designer()
        name = self._schema_name(request)
        del self._schemas[name]
        self._save()
        return web.json_response({"status": "OK", "statusCode": 200, "message": f"Deleted {name} from {_NSF}"})

    def _schema_name(self, request: web.Request) -> str:
        self.require_database(_parameter(request, "nsfPath"))
        name = _parameter(request, "configName")
        if name not in self._schemas:
            raise ApiError(404, f"Config not found: REST/{name}.json", 1037)
        return name

    def _require_designer(self) -> None:
        if not self.settings.has("Designer"):
            raise ApiError(403, "You need Designer access for this operation", 1033)

    # -- scopes -----------------------------------------------------------------------------------------------------

    async def _fetch_scope_mappings(self, _request: web.Request) -> web.Response:
        return web.json_response([_answer(scope) for scope in self._scopes.values()])

    async def _get_scope_mapping(self, request: web.Request) -> web.Response:
        return web.json_response(_answer(self._scopes[self._scope_name(request)]))

    async def _create_update_scope_mapping(self, request: web.Request) -> web.Response:
        self._require_keep_admin()
        body = await json_object(request, _SCOPE_KEYS, {"apiName", "schemaName", "nsfPath"})
        if body.get("createSchema") or request.query.get("createSchema") == "true":
            raise ApiError(501, "The lab does not make a schema with a scope")
        name = str(body["apiName"])
        if not re.search("[a-z0-9]", name) or not body["schemaName"] or not body["nsfPath"]:
            refuse("apiName, schemaName or nsfPath is not valid")
        if body.get("maximumAccessLevel", "Editor") not in schema.LEVELS:
            refuse("maximumAccessLevel is not valid")
        before = self._scopes.get(name, {})
        self._scopes[name] = {**_scope_document(before), **before, **body, "createSchema": 0}
        self._scopes[name].setdefault("isActive", True)
        self._save()
        return web.json_response(_answer(self._scopes[name]))

    async def _delete_scope_mapping(self, request: web.Request) -> web.Response:
        self._require_keep_admin()
        removed = self._scopes.pop(self._scope_name(request))
        self._save()
        return web.json_response(_answer(removed))

    def _scope_name(self, request: web.Request) -> str:
        name = _parameter(request, "scopeName")
        if name not in self._scopes:
            raise ApiError(404, f"A scope definition with that name cannot be found: {name}", 1112)
        return name

    def _require_keep_admin(self) -> None:
        if not self.settings.keep_admin:
            raise ApiError(403, "You need to be a member of LocalKeepAdmins for this operation")

    # -- rights -----------------------------------------------------------------------------------------------------

    async def _get_keep_access(self, _request: web.Request) -> web.Response:
        may = self.settings.keep_admin
        return web.json_response({"CreateDbMapping": may, "DeleteDbMapping": may})

    async def _query_keep_access(self, request: web.Request) -> web.Response:
        allowed, required = {"databases", "checkAllNsf", "onlyConfigured"}, {"checkAllNsf", "onlyConfigured"}
        body = await json_object(request, allowed, required)
        asked = body["checkAllNsf"] or _NSF in [str(path).lower() for path in body.get("databases", [])]
        if not asked or self.excluded or (body["onlyConfigured"] and not self._schemas):
            return web.json_response([])
        detail = {
            "path": _NSF,
            "readKeepConfig": self.settings.has("Reader"),
            "createDeleteKeepConfig": self.settings.has("Designer"),
            "configurations": [],
            "activeConfigurations": [{scope: body["schemaName"]} for scope, body in self._scopes.items()],
        }
        return web.json_response([detail])

    # -- kept -------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if self._file is not None and self._file.exists():
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._schemas, self._scopes = kept["schemas"], kept["scopes"]
        elif self.settings.provisioned:
            name = self.settings.scope
            database = schema.as_keep_database(schema.build(self._server.design, self.settings), self.settings)
            self._schemas[name] = {**schema.stored(database), "schemaName": name, "prohibitRefresh": True}
            self._scopes[name] = {
                **_scope_document({}),
                "apiName": name,
                "schemaName": name,
                "nsfPath": _NSF,
                "description": "Domino Directory",
                "isActive": True,
                "server": "*",
                "maximumAccessLevel": self.settings.maximum_access_level,
            }
        self._look()

    def _save(self) -> None:
        if self._file is not None:
            kept = {"schemas": self._schemas, "scopes": self._scopes}
            self._file.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        self._look()

    def _look(self) -> None:
        """Make what the scopes show anew; a scope whose schema is not there, or not active, shows nothing."""
        self._views = {
            name: _view(scope, self._schemas[scope["schemaName"]], self.settings)
            for name, scope in self._scopes.items()
            if scope["isActive"] and self._schemas.get(scope["schemaName"], {}).get("isActive")
        }


def _view(scope: Mapping[str, Any], database: Mapping[str, Any], settings: ScopeSettings) -> View:
    shown = replace(
        settings,
        scope=scope["apiName"],
        open_access=database.get("openAccess") is True,
        dql_access=database.get("dqlAccess") is True and schema.holds(database.get("dqlFormula")),
        require_revision=database.get("requireRevisionToUpdate") is True,
        maximum_access_level=scope.get("maximumAccessLevel", "Editor"),
    )
    return View(shown, schema.forms_of(database), {**database, "apiName": scope["apiName"]})


def _answer(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scope as it is shown: HCL's description of answers has no icons (captured answers have)."""
    return {key: value for key, value in scope.items() if key not in ("icon", "iconName")}


def _scope_document(before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a scope's document has beside what a request says."""
    now = datetime.now(timezone.utc)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    meta = before.get("@meta") or {"noteid": 2394, "unid": new_unid(now), "created": stamp}
    number = int(meta.get("revision", "0" * 8)[:8], 16) + 1
    return {
        "@meta": {**meta, "lastmodified": stamp, "editable": True, "revision": f"{number:08X}{timedate(now)}"},
        "Form": "KeepDatabase",
        "Type": "KeepDatabase",
    }


def _parameter(request: web.Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        refuse(f"The parameter {name} is missing")
    return value
