# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HCL Domino REST API, as far as configuration of the directory needs it.

Paths, parameters and bodies follow HCL's OpenAPI files, answers the captured ones; what neither tells is marked
`assumed` in the lab's README. Nothing that is not understood is answered with OK.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from dominolab import design_dxl, dql, schema
from dominolab.design import as_design_form
from dominolab.directory import Note, merged
from dominolab.notes_names import same
from dominolab.rest_answers import ApiError, json_object, refuse
from dominolab.rest_setup import ANY_SCOPE, RestSetup, View
from dominolab.schema import FieldError, FormSchema, ScopeSettings, read_settings

if TYPE_CHECKING:
    from dominolab.contract import ItemValue, Server
    from dominolab.server import DominoServer

_DEFAULT_SCOPES = "MAIL $DATA"
_QUERY_KEYS = {
    "query", "variables", "maxScanDocs", "maxScanEntries", "timeoutSecs", "viewRefresh", "noViews", "mode", "forms",
    "includeFormAlias", "ftRefresh",
}  # fmt: skip
#: what the scope shows that the current request names
_VIEW: ContextVar[View | None] = ContextVar("view", default=None)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class _Token:
    ends: float
    scopes: frozenset[str]


class RestTask:
    """`Load restapi`."""

    name = "restapi"

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._server: Server | None = None

    async def start(self, server: Server, arguments: str = "") -> None:
        """Listen on the server's REST port."""
        self._server = server
        api = RestApi(cast("DominoServer", server))
        self._runner = web.AppRunner(api.application(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        around = server.surroundings
        await web.TCPSite(self._runner, around.address, around.rest_port).start()
        server.log("REST API: Started")

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def tell(self, command: str) -> bool:
        """`reload` reads the configuration and makes a new key, so that all tokens end; `refresh` does nothing here."""
        if command.lower() == "reload" and self._server is not None:
            await self.stop()
            await self.start(self._server)
            return True
        return command.lower() in ("refresh", "refresh cache")

    def show(self) -> Sequence[str]:
        """Return the line of `Show Tasks`."""
        return [f"{'REST API':<20} Idle"]


class RestApi:
    """The operations; one method each, named by HCL's operationId."""

    def __init__(self, server: DominoServer) -> None:
        self._server = server
        self._setup = RestSetup(server, read_settings(server.lab.get("rest", {})))
        self._tokens: dict[str, _Token] = {}
        self._failures: dict[str, int] = {}

    @property
    def _settings(self) -> ScopeSettings:
        view = _VIEW.get()
        return self._setup.settings if view is None else view.settings

    @property
    def _schema(self) -> Mapping[str, FormSchema]:
        view = _VIEW.get()
        return {} if view is None else view.forms

    def forget_tokens(self) -> None:
        """End all tokens."""
        self._tokens.clear()

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[self._answer], client_max_size=64 * 1024 * 1024)
        data, setup = "/api/v1", "/api/setup-v1"
        app.add_routes(
            [
                web.post(f"{data}/auth", self._auth_login),
                web.post(f"{data}/auth/logout", self._auth_logout),
                web.get(f"{data}/scopes", self._fetch_scopes, allow_head=False),
                web.get(f"{data}/scope", self._get_scope, allow_head=False),
                web.get(f"{data}/scope/access", self._get_scope_access, allow_head=False),
                web.get(f"{data}/scope/form/{{form}}", self._get_scope_form, allow_head=False),
                web.post(f"{data}/query", self._query),
                web.post(f"{data}/document", self._create_document),
                web.get(f"{data}/document/{{unid}}", self._get_document, allow_head=False),
                web.patch(f"{data}/document/{{unid}}", self._patch_document),
                web.put(f"{data}/document/{{unid}}", self._update_document),
                web.delete(f"{data}/document/{{unid}}", self._delete_document),
                web.post(f"{data}/bulk/create", self._bulk_create_documents),
                web.post(f"{data}/bulk/unid", self._bulk_get_documents_by_unid),
            ]
        )
        app.add_routes(self._setup.routes())
        if self._setup.settings.setup_api:
            app.add_routes(
                [
                    web.get(f"{setup}/designlist/{{type}}", self._fetch_design_type_list, allow_head=False),
                    web.get(f"{setup}/design/{{type}}/{{name}}", self._get_design, allow_head=False),
                    web.get(f"{setup}/dxl", design_dxl.handler(self._server.design, self._require_database)),
                ]
            )
        return app

    # -- around every request ---------------------------------------------------------------------------------------

    @web.middleware
    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        _VIEW.set(None)
        faults = self._server.faults
        if (slow := faults.take("slow", request.method)) is not None:
            await asyncio.sleep(slow.seconds)
        if faults.take("drop", request.method) is not None:
            return _cut(request)
        try:
            self._fail_if_told(request)
            if faults.take("expire_token", request.method) is not None:
                self.forget_tokens()
            if request.path != "/api/v1/auth" and request.match_info.http_exception is None:
                self._authenticate(request)
            answer = await handler(request)
            return _cut(request) if faults.take("drop_after", request.method) is not None else answer
        except ApiError as exc:
            return web.json_response(exc.body, status=exc.status)
        except web.HTTPNotFound:
            body = {"status": 404, "message": "This is not the URL you seek!", "errorId": 0}
            return web.json_response(body, status=404)
        except web.HTTPMethodNotAllowed:
            return web.json_response({"status": 405, "message": "Method not allowed"}, status=405)

    def _fail_if_told(self, request: web.Request) -> None:
        if (error := self._server.faults.take("error", request.method)) is not None:
            raise ApiError(error.status, "This server has a fault switched on")

    def _authenticate(self, request: web.Request) -> None:
        token = self._token(request)
        if token is None:
            raise ApiError(401, "Invalid credentials or account locked", 1008)
        if request.path.startswith("/api/setup-v1/"):
            required = self._settings.setup_scope_required and request.path not in ANY_SCOPE
            if required and "$SETUP" not in token.scopes:
                raise ApiError(403, "The scope $SETUP is required")
        elif (view := self._setup.view(request.query.get("dataSource", ""))) is not None:
            needed = "$DATA" if view.settings.open_access else view.settings.scope
            if not token.scopes & {needed, view.settings.scope}:
                raise ApiError(403, f"The scope {needed} is required")

    def _token(self, request: web.Request) -> _Token | None:
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(bearer) if kind.lower() == "bearer" else None
        return token if token is not None and token.ends > time.monotonic() else None

    # -- login ------------------------------------------------------------------------------------------------------

    async def _auth_login(self, request: web.Request) -> web.Response:
        body = await json_object(request, {"username", "password", "scope"}, {"username", "password"})
        username, password = str(body["username"]), str(body["password"])
        known = username.casefold() == self._settings.username.casefold() or same(username, self._settings.user_name)
        locked = self._failures.get(username.casefold(), 0) >= self._settings.lockout_after
        if not known or locked or not secrets.compare_digest(password.encode(), self._settings.password.encode()):
            self._failures[username.casefold()] = self._failures.get(username.casefold(), 0) + 1
            raise ApiError(401, "Invalid credentials or account locked", 1008)
        self._failures.pop(username.casefold(), None)
        scopes = str(body.get("scope") or _DEFAULT_SCOPES)
        issued = datetime.now(timezone.utc)
        claims = {"iss": "dominolab", "sub": self._settings.user_name, "scopes": scopes}
        seconds = self._settings.token_seconds
        bearer = _jwt({**claims, "iat": int(issued.timestamp()), "exp": int(issued.timestamp()) + seconds})
        self._tokens[bearer] = _Token(time.monotonic() + seconds, frozenset(scopes.split()))
        return web.json_response(
            {
                "bearer": bearer,
                "claims": claims,
                "leeway": 5,
                "expSeconds": seconds,
                "issueDate": issued.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )

    async def _auth_logout(self, request: web.Request) -> web.Response:
        body = await json_object(request, {"logout"}, {"logout"})
        if body["logout"] != "Yes":
            raise ApiError(400, "logout must be Yes")
        self._tokens.pop(request.headers["Authorization"].partition(" ")[2], None)
        return web.json_response({"status": "OK", "statusCode": 200, "message": "logged out"})

    # -- scope ------------------------------------------------------------------------------------------------------

    async def _fetch_scopes(self, _request: web.Request) -> web.Response:
        return web.json_response(self._setup.listed())

    async def _get_scope(self, request: web.Request) -> web.Response:
        return web.json_response(self._require_scope(request).database)

    async def _get_scope_access(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        level = self._settings.level.upper()
        return web.json_response({"User": self._settings.user_name, "Level": level, "Roles": [], "Flags": []})

    async def _get_scope_form(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        form = self._schema.get(request.match_info["form"].lower())
        if form is None:
            raise ApiError(404, f"The form {request.match_info['form']} is not configured for this database")
        return web.json_response(form.body)

    def _require_scope(self, request: web.Request) -> View:
        name = request.query.get("dataSource")
        if not name:
            raise ApiError(400, "The parameter dataSource is missing")
        view = self._setup.view(name)
        if view is None:
            raise ApiError(404, f"A scope definition with that name cannot be found: {name}", 1112)
        _VIEW.set(view)
        return view

    # -- documents --------------------------------------------------------------------------------------------------

    async def _query(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Reader")
        action = request.query.get("action")
        body = await json_object(request, _QUERY_KEYS, {"query"})
        if not self._settings.dql_access:
            raise ApiError(403, "DQL access is not allowed for this scope")
        variables = body.get("variables", {})
        if not isinstance(variables, dict) or not isinstance(body["query"], str):
            raise ApiError(400, "query must be text and variables an object")
        try:
            found = dql.parse(body["query"], variables)
        except dql.DqlError as exc:
            raise ApiError(400, str(exc)) from exc
        if action == "parse":
            return web.json_response([{"parseResult": body["query"]}])
        if action == "explain":
            raise ApiError(501, "The lab does not explain queries")
        if action != "execute":
            raise ApiError(400, "The parameter action must be execute, explain or parse")
        mode = str(body.get("mode") or "dql")
        forms = {str(form).lower() for form in body.get("forms") or self._schema}
        start, count = _number(request, "start", 0), _number(request, "count", sys.maxsize)
        notes = self._found(found, lambda form: form.lower() in forms and self._fields(form, mode) is not None)
        page = notes(start, count)
        return web.json_response([self._as_json(note, self._require_mode(note.form, mode)) for note in page])

    def _found(self, query: dql.Query, is_shown: Callable[[str], bool]) -> Callable[[int, int], Sequence[Note]]:
        """Return what gives some of the documents that a query finds, in the order of their note ids."""
        directory = self._server.directory
        form = dql.only_form(query)
        if form is not None:
            return lambda start, count: directory.page(form, start, count) if is_shown(form) else []
        matching = [n for n in directory.documents(conflicts=True) if is_shown(n.form) and query.matches(n)]
        return lambda start, count: matching[start : start + count]

    async def _create_document(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Author")
        note, fields = self._created(await json_object(request))
        return web.json_response(self._as_json(note, fields))

    async def _bulk_create_documents(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Author")
        body = await json_object(request, {"documents"}, {"documents"})
        if not isinstance(body["documents"], list) or not all(isinstance(entry, dict) for entry in body["documents"]):
            raise ApiError(400, "documents must be a list of objects")
        return web.json_response([self._created_one(entry) for entry in body["documents"]])

    def _created_one(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            note, fields = self._created(body)
        except ApiError as exc:
            return exc.body
        meta = self._meta(note, len(json.dumps(note.items)))
        # the example in HCL's description has its meta data beside the items, and no revision
        shown = {f"@{name}": meta[name] for name in ("unid", "noteid", "created", "lastmodified", "lastaccessed")}
        return {**shown, **self._as_json(note, fields, meta=False)}

    def _created(self, body: dict[str, Any]) -> tuple[Note, Mapping[str, Mapping[str, Any]]]:
        form = self._schema.get(str(body.get("Form", "")).lower())
        if form is None:
            raise ApiError(400, f"The form {body.get('Form')!r} is not configured for this database")
        fields = self._require_mode(form.name, "default")
        items = {name: value for name, value in _checked(fields, body).items() if value is not None}
        return self._server.directory.create({**items, "Form": form.name}), fields

    async def _get_document(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Reader")
        note = self._note(request.match_info["unid"])
        fields = self._require_mode(note.form, request.query.get("mode") or "default")
        return web.json_response(self._as_json(note, fields, meta=request.query.get("meta") != "false"))

    async def _patch_document(self, request: web.Request) -> web.Response:
        return await self._write(request, replace=False)

    async def _update_document(self, request: web.Request) -> web.Response:
        return await self._write(request, replace=True)

    async def _write(self, request: web.Request, *, replace: bool) -> web.Response:
        self._require_scope(request)
        self._require_level("Editor")
        body = await json_object(request, required={"Form"} if replace else set())
        note = self._note(request.match_info["unid"])
        mode = request.query.get("mode") or "default"
        fields = self._require_mode(note.form, mode)
        if not self._schema[note.form.lower()].permits(mode, "writeAccessFormula"):
            raise ApiError(403, f"The mode {mode} does not allow to write this document")
        if str(body.get("Form", note.form)).lower() != note.form.lower():
            raise ApiError(400, f"The document is of the form {note.form}")
        changes = _checked(fields, body)
        if replace:
            changes = {**{name: None for name in fields if name != "Form"}, **changes}
        if self._server.faults.take("conflict", request.method) is not None:
            note = self._server.directory.update(note.unid, note.items)
        if self._settings.require_revision:
            given = request.query.get("revision")
            if given is None:
                raise ApiError(400, "A revision is required to update a document")
            if given.upper() != note.revision:
                status = self._settings.revision_conflict_status
                raise ApiError(status, "The revision given is not the document's current revision")
        note = self._server.directory.update(note.unid, merged(note.items, changes))
        return web.json_response(self._as_json(note, fields))

    async def _delete_document(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Editor")
        note = self._note(request.match_info["unid"])
        mode = request.query.get("mode") or "default"
        self._require_mode(note.form, mode)
        if not self._schema[note.form.lower()].permits(mode, "deleteAccessFormula"):
            raise ApiError(403, "Deletion is not allowed for this document")
        self._server.directory.delete(note.unid)
        message = {"status": "OK", "statusCode": 200, "message": "deletion complete", "unid": note.unid}
        return web.json_response(message)

    async def _bulk_get_documents_by_unid(self, request: web.Request) -> web.Response:
        self._require_scope(request)
        self._require_level("Reader")
        body = await json_object(request, {"unids", "mode", "markRead", "markUnread"}, {"unids"})
        if not isinstance(body["unids"], list):
            raise ApiError(400, "unids must be a list")
        mode, meta = str(body.get("mode") or "default"), request.query.get("meta") != "false"
        return web.json_response([self._one_of_many(str(unid), mode, meta=meta) for unid in body["unids"]])

    def _one_of_many(self, unid: str, mode: str, *, meta: bool) -> dict[str, Any]:
        try:
            note = self._note(unid)
            return self._as_json(note, self._require_mode(note.form, mode), meta=meta)
        except ApiError as exc:
            return {**exc.body, "details": unid}

    # -- design -----------------------------------------------------------------------------------------------------

    async def _fetch_design_type_list(self, request: web.Request) -> web.Response:
        self._require_database(request)
        kind = request.match_info["type"]
        if kind != "forms":
            raise ApiError(406, f"The lab has no design elements of type {kind}")
        forms = [{"@name": form.name, "@alias": [], "@unid": form.unid} for form in self._server.design.values()]
        return web.json_response({"forms": forms})

    async def _get_design(self, request: web.Request) -> web.Response:
        self._require_database(request)
        kind, name = request.match_info["type"], request.match_info["name"]
        wanted = name.lower() if kind == "forms" else None
        form = next((form for form in self._server.design.values() if form.name.lower() == wanted), None)
        if form is None:
            raise ApiError(404, f"{name} has no design element of type {kind}", 0)
        return web.json_response(as_design_form(form))

    def _require_database(self, request: web.Request) -> None:
        if "dataSource" in request.query:
            self._require_scope(request)
        elif "nsfPath" in request.query:
            self._setup.require_database(request.query["nsfPath"])
        else:
            raise ApiError(400, "The parameter dataSource or nsfPath is missing")

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _require_level(self, level: str) -> None:
        if not self._settings.allows(level):
            raise ApiError(403, f"Access {level} is required, {self._settings.level} is what you have")

    def _note(self, unid: str) -> Note:
        note = self._server.directory.get(unid)
        if note is None or note.form.lower() not in self._schema:
            raise ApiError(404, f"No document you can access found for {unid}", 1029)
        return note

    def _fields(self, form: str, mode: str) -> Mapping[str, Mapping[str, Any]] | None:
        configured: FormSchema | None = self._schema.get(form.lower())
        return configured.modes.get(mode) if configured is not None else None

    def _require_mode(self, form: str, mode: str) -> Mapping[str, Mapping[str, Any]]:
        fields = self._fields(form, mode)
        if fields is None:
            raise ApiError(403, f"The mode {mode} is not configured for the form {form}")
        return fields

    def _as_json(self, note: Note, fields: Mapping[str, Mapping[str, Any]], *, meta: bool = True) -> dict[str, Any]:
        shown: dict[str, ItemValue] = {}
        missing = []
        stored = {name.lower(): value for name, value in note.items.items()}
        for name, field in fields.items():
            if name == "Form":
                continue
            value = schema.shown(field, stored.get(name.lower()))
            if value is not None:
                shown[name] = value
            elif field.get("fieldAccess") != "WO":
                missing.append(name)
        size = len(json.dumps(note.items))
        answer: dict[str, Any] = {"@meta": self._meta(note, size)} if meta else {}
        answer.update(shown)
        answer["Form"] = self._schema[note.form.lower()].name
        if missing:
            answer["@warnings"] = [f"No values found for item {name}" for name in missing]
        return answer

    def _meta(self, note: Note, size: int) -> dict[str, Any]:
        return {
            "noteid": note.noteid,
            "unid": note.unid,
            "created": note.created,
            "lastmodified": note.modified,
            "lastaccessed": note.modified,
            "lastmodifiedinfile": note.modified,
            "addedtofile": note.added,
            "noteclass": ["DATA", "DOCUMENT"],
            "unread": True,
            "editable": self._settings.allows("Editor"),
            "revision": note.revision,
            "size": size,
        }


def _checked(fields: Mapping[str, Mapping[str, Any]], body: Mapping[str, Any]) -> dict[str, ItemValue | None]:
    """Return the items to write; names compare with case, undeclared fields are refused (interfaces 1.3, 1.9)."""
    changes: dict[str, ItemValue | None] = {}
    for name, value in body.items():
        if name == "Form":
            continue
        field = fields.get(name)
        if field is None:
            raise ApiError(400, f"The field {name} is not configured for this form and mode")
        try:
            changes[name] = None if value is None else schema.accepted(field, value)
        except FieldError as exc:
            raise ApiError(400, str(exc)) from exc
    return changes


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _number(request: web.Request, name: str, default: int) -> int:
    given = request.query.get(name, str(default))
    if not given.isdecimal():
        refuse(f"The parameter {name} must be a number, and not below 0")
    return int(given)


def _jwt(claims: Mapping[str, Any]) -> str:
    parts = [json.dumps({"alg": "none", "typ": "JWT"}).encode(), json.dumps(claims).encode(), secrets.token_bytes(32)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
