# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas and scopes over the setup part of Domino REST API (contract: HCL's openapi.setup.json 1.1.4).

Reading and writing them needs the scope `$SETUP` in the token; a schema needs Designer access to its database, a scope
membership in LocalKeepAdmins (HCL documentation, references/accesscontrol.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from . import design_dxl, layout
from .design import Design, design_of
from .errors import DirectoryError, RefusedError
from .rest import design_fields
from .scope import NSF
from .session import BASIS, SETUP, Account, Session, remedy
from .transport import objects, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .design_dxl import DatabaseDesign
    from .transport import Answer, Transport

#: HCL's numbers for errors, from the examples in openapi.setup.json.
NO_SUCH_SCHEMA, DESIGNER_NEEDED = 1037, 1033
DESIGNER = "access level Designer in names.nsf, for the schema"
ADMINISTRATOR = (
    "membership in the group LocalKeepAdmins (or Author with the role [KeepAdmin] in KeepConfig.nsf), for the scope"
)
EDITOR = "access level Editor and the roles for the documents in names.nsf, for the data"

_WITHOUT_SCOPE, _REQUIRED = "$DATA $SETUP", frozenset({"$SETUP"})


@dataclass(frozen=True)
class Rights:
    """What the account may do, as far as the server tells (None: it does not)."""

    write_schema: bool | None = None
    create_scope: bool | None = None
    delete_scope: bool | None = None


@dataclass(frozen=True)
class DataAccess:
    """The account's access to the data behind a scope, as the server has it."""

    user: str
    level: str
    roles: tuple[str, ...] = ()


class SetupApi:
    """Schemas of names.nsf and scopes of the server, over a session with the scope `$SETUP`."""

    def __init__(self, transport: Transport, username: str, password: str) -> None:
        """Take what is needed to log in at the first request."""
        self.warnings: list[str] = []
        if transport.is_plain:
            self.warnings.append(f"{transport.url} is not protected by TLS: the password can be read on its way there.")
        self._transport = transport
        self._username = username
        self._password = password
        self._session = Session(transport, Account(username, password, _WITHOUT_SCOPE, _REQUIRED))
        self._dxl: DatabaseDesign | None = None
        #: what must not be shown: the password, and each token
        self.secrets = self._session.secrets

    def schema(self, name: str) -> dict[str, Any] | None:
        """Return a schema of names.nsf, None where there is none of that name. Raises RefusedError."""
        answer = self._call("GET", "/schema", _of(name))
        if answer.ok and isinstance(answer.body, dict):
            if not _is_schema(answer.body):
                text = f"{self._transport.url} gave something that is not a schema: {str(answer.body)[:200]}"
                raise RefusedError(text, answer.status)
            return answer.body
        if answer.status == 404 and (answer.error_id == NO_SUCH_SCHEMA or self._is_listed(name) is False):
            return None
        raise self._refused(answer, f'reading the schema "{name}"', self._database_hint(answer))

    def scope(self, name: str) -> dict[str, Any] | None:
        """Return a scope, None where there is none of that name. Raises RefusedError."""
        answer = self._call("GET", "/admin/scope", {"scopeName": name})
        if answer.ok and isinstance(answer.body, dict):
            return answer.body
        if answer.status == 404:
            return None
        raise self._refused(answer, f'reading the scope "{name}"', _administrator(answer))

    def scopes(self) -> Sequence[dict[str, Any]]:
        """Return all scopes of the server. Raises RefusedError."""
        answer = self._call("GET", "/admin/scopes")
        if answer.ok and isinstance(answer.body, list):
            return objects(answer.body)
        raise self._refused(answer, "reading the scopes", _administrator(answer))

    def design(self, form: str) -> Design:
        """Return the design of a form of names.nsf; one that cannot be read has no fields and says why."""
        answer = self._call("GET", f"/design/forms/{quote(form, safe='')}", {"nsfPath": NSF})
        if not answer.ok or not isinstance(answer.body, dict):
            return Design(form, None, answer.message)
        listed = design_of(form, design_fields(answer.body))
        return replace(listed, wider=lambda: self._widened(listed))

    def _widened(self, listed: Design) -> Design:
        """Look at the subforms too, in the design's DXL, which is asked for once."""
        try:
            if self._dxl is None:
                answer = self._call("GET", "/dxl", {"nsfPath": NSF}, accept="text/xml")
                if not answer.ok or not isinstance(answer.body, str):
                    return replace(listed, wider=None, gap=f"the design was not given as DXL, {answer.message}")
                self._dxl = design_dxl.read(answer.body.encode("utf-8"))
            return layout.widened(listed, self._dxl)
        except DirectoryError as exc:
            return replace(listed, wider=None, gap=str(exc))

    def rights(self) -> Rights:
        """Return what the account may do, as far as the server tells."""
        scopes = self._call("GET", "/admin/access")
        may = scopes.body if scopes.ok and isinstance(scopes.body, dict) else {}
        database = self._database()
        return Rights(
            _flag(database, "createDeleteKeepConfig"), _flag(may, "CreateDbMapping"), _flag(may, "DeleteDbMapping")
        )

    def data_access(self, scope: str) -> DataAccess:
        """Log in once more, naming the scope, and return the account's access through it. Raises RefusedError."""
        session = Session(self._transport, Account(self._username, self._password, scope))
        try:
            answer = session.call("GET", f"{BASIS}/scope/access", {"dataSource": scope})
        finally:
            self.secrets |= session.secrets
        if not answer.ok or not isinstance(answer.body, dict):
            hint = " It was set up and does not answer; look at the console of the server (Tell restapi refresh cache)."
            hint = remedy(answer) or hint
            raise self._refused(answer, f'asking the scope "{scope}"', hint)
        roles = tuple(texts(answer.body.get("Roles")))
        return DataAccess(str(answer.body.get("User")), str(answer.body.get("Level", "")).upper(), roles)

    def write_schema(self, name: str, body: Mapping[str, Any], *, dry_run: bool) -> None:
        """Create or replace a schema; with `dry_run` only ask whether the server would take it. Raises RefusedError."""
        query = {**_of(name), **({"dryRun": "true"} if dry_run else {})}
        answer = self._call("POST", "/schema", query, dict(body))
        if not answer.ok:
            raise self._refused(
                answer, f'{"the dry run of " if dry_run else ""}writing the schema "{name}"', _designer(answer)
            )
        said = answer.body.get("@warnings") if isinstance(answer.body, dict) else None
        self.warnings += [f'Schema "{name}": {text}' for text in texts(said)]

    def delete_schema(self, name: str) -> None:
        """Remove a schema. Raises RefusedError."""
        answer = self._call("DELETE", "/schema", _of(name))
        if not answer.ok:
            raise self._refused(answer, f'removing the schema "{name}"', _designer(answer))

    def write_scope(self, body: Mapping[str, Any]) -> None:
        """Create or change a scope. Raises RefusedError."""
        answer = self._call("POST", "/admin/scope", None, dict(body))
        if not answer.ok:
            raise self._refused(answer, f'writing the scope "{body["apiName"]}"', _administrator(answer))

    def delete_scope(self, name: str) -> None:
        """Remove a scope. Raises RefusedError."""
        answer = self._call("DELETE", "/admin/scope", {"scopeName": name})
        if not answer.ok:
            raise self._refused(answer, f'removing the scope "{name}"', _administrator(answer))

    # -- what a refusal means -----------------------------------------------------------------------------------------

    def _is_listed(self, name: str) -> bool | None:
        """Tell whether the database lists a schema of that name; None where the list cannot be had."""
        answer = self._call("GET", "/schemas", {"nsfPath": NSF})
        if not answer.ok or not isinstance(answer.body, list):
            return None
        return any(entry.get("apiName") == name for entry in objects(answer.body))

    def _database(self) -> Mapping[str, Any] | None:
        """Return what /admin/access says of names.nsf, {} where it is not listed, None where it says nothing."""
        wanted = {"checkAllNsf": False, "onlyConfigured": False, "databases": [NSF]}
        answer = self._call("POST", "/admin/access", None, wanted)
        if not answer.ok or not isinstance(answer.body, list):
            return None
        return next((entry for entry in objects(answer.body) if str(entry.get("path", "")).lower() == NSF), {})

    def _database_hint(self, answer: Answer) -> str:
        """Say why nothing of names.nsf can be read: switched off, excluded, or no right."""
        if answer.status not in (403, 404):
            return ""
        database = self._database()
        if database is None:
            return (
                " Nothing of the setup API answers: is it switched off on this server (versions, setup, active in "
                "keepconfig.d)? Then schema and scope have to be made by hand, or it has to be switched on meanwhile."
            )
        if not database:
            return (
                " Step 1 of 4 is missing: Domino REST API does not list names.nsf, so it is still on the exclusion "
                "list (nsfExclusions in keepconfig.d), or the task restapi was not restarted since it was lifted. The "
                "role opendomino.mail.directory_access does both."
            )
        if database.get("readKeepConfig") is False:
            return f" {self._username} may not read schemas in names.nsf; Reader access to names.nsf is needed."
        return ""

    def _refused(self, answer: Answer, what: str, hint: str) -> RefusedError:
        hint = hint or remedy(answer)
        text = f"{self._transport.url}, {self._username}: {what} was refused ({answer.message}).{hint}"
        return RefusedError(text, answer.status, answer.error_id)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
    ) -> Answer:
        return self._session.call(method, SETUP + path, query, body, accept)


def _is_schema(body: Mapping[str, Any]) -> bool:
    """Return whether a schema is made of lists and objects where HCL's description has them."""
    lists = [body.get(key) or [] for key in ("forms", "views", "agents")]
    for form in objects(lists[0]):
        modes = form.get("formModes") or []
        lists += [modes, *(mode.get("fields") or [] for mode in objects(modes))]
        if len(objects(modes)) != len(modes):
            return False
    return all(isinstance(entry, list) for entry in lists) and len(objects(lists[0])) == len(lists[0])


def _of(schema: str) -> dict[str, str]:
    return {"nsfPath": NSF, "configName": schema}


def _designer(answer: Answer) -> str:
    needed = answer.error_id == DESIGNER_NEEDED or answer.status == 403
    return f" The account needs {DESIGNER}." if needed else ""


def _administrator(answer: Answer) -> str:
    return f" The account needs {ADMINISTRATOR}." if answer.status == 403 else ""


def _flag(body: Mapping[str, Any] | None, name: str) -> bool | None:
    value = (body or {}).get(name)
    return value if isinstance(value, bool) else None
