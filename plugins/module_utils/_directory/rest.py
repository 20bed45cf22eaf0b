# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way `rest`: HCL Domino REST API (contract: HCL's openapi.basis.json 1.3.7 and openapi.setup.json 1.1.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from . import design_dxl, layout, paging
from . import schema as schemas
from .design import Design, Field, design_of
from .document import Document
from .errors import ConflictError, DirectoryError, RefusedError
from .plan import Change
from .session import BASIS, SETUP, Account, Session, remedy
from .transport import Answer, objects, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .definition import Wanted
    from .design_dxl import DatabaseDesign
    from .transport import Transport

#: Identities per query. A query's length is not limited in the documentation; this keeps it readable in a server's log.
IDENTITIES_PER_QUERY = 100
#: errorId of the 404 for a scope that does not exist, in captured answers
NO_SUCH_SCOPE = 1112
MAKING = "making the document"

_LEVELS = ("NOACCESS", "DEPOSITOR", "READER", "AUTHOR", "EDITOR", "DESIGNER", "MANAGER")
_ABSENT = "No values found for item "
_STEPS = (
    "A scope needs four steps: (1) names.nsf lifted from nsfExclusions in keepconfig.d, (2) a schema in names.nsf, "
    "(3) a scope that names it, (4) rights for the user."
)


class Body(NamedTuple):
    """A document of which there are very many: `items` are as they were answered, with what begins with @."""

    unid: str
    revision: str
    items: Mapping[str, Any]


class RestDirectory:
    """A Domino Directory behind a scope of Domino REST API.

    Documents may be read, changed and removed by several threads at a time; they share the session.
    """

    def __init__(
        self, transport: Transport, username: str, password: str, *, scope: str = "dominodirectory", setup: bool = False
    ) -> None:
        """Take what is needed to log in at the first request; `setup` asks for the right to read the design."""
        self.warnings: list[str] = []
        if transport.is_plain:
            self.warnings.append(f"{transport.url} is not protected by TLS: the password can be read on its way there.")
        self._transport = transport
        self._scope = scope
        self._username = username
        self._session = Session(transport, Account(username, password, f"{scope} $SETUP" if setup else scope))
        self._database: DatabaseDesign | None = None
        self._schemas: dict[str, schemas.Schema | None] = {}
        self._revision_asked = False
        self._remedies: dict[tuple[str, str], str] = {}

    @property
    def secrets(self) -> set[str]:
        """Return what must not be shown: the password, and each token."""
        return self._session.secrets

    def find(self, form: str, matches: Sequence[Sequence[Wanted]]) -> Sequence[Document]:
        """Return the documents of a form that may match; see DirectoryApi."""
        found: dict[str, Document] = {}
        for first in range(0, max(len(matches), 1), IDENTITIES_PER_QUERY):
            for body in self._search(form, matches[first : first + IDENTITIES_PER_QUERY], {}):
                document = self._document(body, form)
                found[document.unid] = document
        return list(found.values())

    def pages(self, form: str, size: int) -> Iterator[Sequence[Body]]:
        """Yield all documents of a form, some at a time. Raises ShiftedError where they came or went meanwhile."""

        def fetch(start: int, count: int) -> Sequence[Body]:
            found = self._search(form, (), {"start": str(start), "count": str(count)})
            metas = map(self._meta, found)
            return [Body(meta["unid"], meta.get("revision") or "", body) for meta, body in zip(metas, found)]

        return paging.pages(fetch, lambda body: body.unid, size)

    def _search(
        self, form: str, matches: Sequence[Sequence[Wanted]], part: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        query, variables = dql(form, matches)
        answer = self._session.call(
            "POST",
            f"{BASIS}/query",
            {"dataSource": self._scope, "action": "execute", **part},
            {"query": query, "variables": variables, "mode": schemas.READ, "viewRefresh": True},
        )
        if not answer.ok:
            raise self._refused(answer, f"the search for documents of the form {form}", form=form)
        return self._list(answer)

    def require_readable(self, form: str, names: Mapping[str, bool]) -> None:
        """Refuse to go on where the schema does not show these items; DirectoryError says what to declare.

        `names` tells of each whether it holds several values. Where the schema may not be looked at, nothing is said.
        """
        schema = self._schema(form)
        if schema is not None:
            schema.require_readable(names)

    def design(self, form: str) -> Design:
        """Return the form's design; see DirectoryApi."""
        path = f"{SETUP}/design/forms/{quote(form, safe='')}"
        answer = self._session.call("GET", path, {"dataSource": self._scope})
        if not answer.ok or not isinstance(answer.body, dict):
            return Design(form, None, answer.message)
        listed = design_of(form, design_fields(answer.body))
        return replace(listed, wider=lambda: self._widened(listed))

    def design_dxl(self, query: Mapping[str, str]) -> DatabaseDesign:
        """Return the design of the database that the query names (dataSource or nsfPath); RefusedError, DxlError."""
        answer = self._session.call("GET", f"{SETUP}/dxl", query, accept="text/xml")
        if not answer.ok or not isinstance(answer.body, str):
            text = f"{self._transport.url} did not give the design as DXL ({answer.message})."
            raise RefusedError(text, answer.status, answer.error_id)
        return design_dxl.read(answer.body.encode("utf-8"))

    def look(self, path: str, query: Mapping[str, str], token: str | None = None) -> Answer:
        """Return the answer to a GET as it is, a refusal too; with `token`, this one is sent ("": none)."""
        if token is None:
            return self._session.call("GET", path, query)
        return self._transport.request("GET", path, query, None, token or None)

    def _widened(self, listed: Design) -> Design:
        """Look at the subforms too. The form's own description does not tell its subforms, the design's DXL does."""
        try:
            if self._database is None:
                self._database = self.design_dxl({"dataSource": self._scope})
            found = layout.widened(listed, self._database)
        except DirectoryError as exc:
            found = replace(listed, wider=None, gap=str(exc))
        if found.gap:
            self.warnings.append(
                f"The design of form {listed.form} does not list all items that are to be written, and its subforms "
                f"could not all be looked at ({found.gap}); of the items not found only documented ones go."
            )
        return found

    def accept(
        self, form: str, written: Sequence[Change], identity: Sequence[Wanted], design: Design | None = None
    ) -> Sequence[Change]:
        """Refuse what the scope's schema does not carry; see DirectoryApi."""
        schema = self._schema(form)
        if written:
            self._ask_for_revisions()
        return schema.check(written, identity, design) if schema is not None else written

    def read(self, form: str, unid: str) -> Document | None:
        """Return a document by its UNID; see DirectoryApi."""
        answer = self._session.call("GET", _path(unid), {"dataSource": self._scope, "mode": schemas.READ})
        if answer.status == 404 and answer.error_id != NO_SUCH_SCOPE:
            return None
        if not answer.ok:
            raise self._refused(answer, f"reading the document {unid}", form=form)
        return self._document(answer.body, form)

    def create(self, form_changes: Sequence[tuple[str, Sequence[Change]]]) -> Sequence[Document | DirectoryError]:
        """Make documents with one request; see DirectoryApi."""
        bodies = [{"Form": form, **self._items(form, changes)} for form, changes in form_changes]
        forms = [form for form, _changes in form_changes]
        query = {"dataSource": self._scope}
        if len(bodies) == 1:
            return [self._written(self._session.call("POST", f"{BASIS}/document", query, bodies[0]), forms[0], MAKING)]
        answer = self._session.call("POST", f"{BASIS}/bulk/create", query, {"documents": bodies})
        if not answer.ok or not isinstance(answer.body, list) or len(answer.body) != len(bodies):
            raise self._refused(answer, f"making {len(bodies)} documents", form=forms[0], level="EDITOR")
        return [self._made(body, form) for form, body in zip(forms, answer.body)]

    def _made(self, body: Any, form: str) -> Document | DirectoryError:
        """Return one document of many that were to be made: the request succeeds although single ones failed."""
        failed = isinstance(body, dict) and not ("@meta" in body or "@unid" in body)
        number = body.get("status", body.get("statusCode")) if failed else 200
        try:
            return self._written(Answer(number if isinstance(number, int) else 500, body), form, MAKING)
        except DirectoryError as exc:
            return exc

    def update(self, document: Document, changes: Sequence[Change]) -> Document:
        """Write changed items with the revision that was read; see DirectoryApi."""
        query = {"dataSource": self._scope, "mode": schemas.WRITE}
        if document.revision:
            query["revision"] = document.revision
        answer = self._session.call("PATCH", _path(document.unid), query, self._items(document.form, changes))
        if 400 <= answer.status < 500 and document.revision:
            # The status of a wrong revision is not published, so every refusal is looked into.
            current = self.read(document.form, document.unid)
            if current is None or current.revision != document.revision:
                raise ConflictError(answer.message, current)
        return self._written(answer, document.form, "the change of the document")

    def delete(self, document: Document, identity: Wanted) -> None:
        """Remove a document; see DirectoryApi.

        A removal takes no revision (HCL's description of DELETE has no such parameter), a change does. So the document
        is changed first, to what it is already, with the revision that was read. Who has read it before is refused from
        then on, and a change made before is found out here.
        """
        as_it_is = document.get(identity.name)
        claimed = self.update(document, [Change(identity.item, as_it_is, as_it_is)])
        answer = self._session.call("DELETE", _path(claimed.unid), {"dataSource": self._scope, "mode": schemas.WRITE})
        if not answer.ok:
            raise self._refused(answer, "the removal of the document", form=document.form, level="EDITOR")

    def _ask_for_revisions(self) -> None:
        """Warn, once and before anything is written, where the schema lets changes go by without a revision."""
        if self._revision_asked:
            return
        self._revision_asked = True
        answer = self._session.call("GET", f"{BASIS}/scope", {"dataSource": self._scope})
        if answer.ok and isinstance(answer.body, dict) and not answer.body.get("requireRevisionToUpdate"):
            self.warnings.append(
                f'The schema of the scope "{self._scope}" does not have requireRevisionToUpdate: true. What somebody '
                "else changes in a document between its reading and its writing may be lost unnoticed."
            )

    def _items(self, form: str, changes: Sequence[Change]) -> dict[str, Any]:
        schema = self._schemas.get(form) or schemas.Schema(self._scope, form, {})
        return dict(schema.encode(change) for change in changes)

    def _written(self, answer: Answer, form: str, what: str) -> Document:
        if not answer.ok:
            raise self._refused(answer, what, form=form, level="EDITOR")
        return self._document(answer.body, form)

    def _document(self, body: Any, form: str) -> Document:
        """Return the document of an answer."""
        meta = self._meta(body)
        items = {name: value for name, value in body.items() if name[:1] != "@"}
        remarks = [f"{form}: {text}" for text in texts(body.get("@warnings")) if not text.startswith(_ABSENT)]
        created = str(meta.get("created") or "")
        return Document(str(meta["unid"]), form, items, meta.get("revision"), created, tuple(remarks))

    def _meta(self, body: Any) -> Mapping[str, Any]:
        """Return what is told about a document; it stands under @meta, in older answers beside the items."""
        meta = body.get("@meta") if isinstance(body, dict) else None
        if not isinstance(meta, dict):
            meta = {key[1:]: value for key, value in body.items() if key[:1] == "@"} if isinstance(body, dict) else {}
        if not meta.get("unid"):
            raise RefusedError(f"{self._transport.url} gave something that is not a document: {str(body)[:200]}")
        return meta

    def _list(self, answer: Answer) -> Sequence[Any]:
        if not isinstance(answer.body, list):
            raise RefusedError(f"{self._transport.url} did not answer a search with a list: {str(answer.body)[:200]}")
        return answer.body

    def _schema(self, form: str) -> schemas.Schema | None:
        """Return what the scope's schema says of a form; None where it may not be asked."""
        if form not in self._schemas:
            path = f"{BASIS}/scope/form/{quote(form, safe='')}"
            answer = self._session.call("GET", path, {"dataSource": self._scope})
            if answer.status == 404:
                raise self._refused(answer, f"the schema of the form {form}", form=form)
            readable = answer.ok and isinstance(answer.body, dict)
            self._schemas[form] = schemas.parse(self._scope, form, answer.body) if readable else None
        return self._schemas[form]

    # -- what a refusal means -------------------------------------------------------------------------------------

    def _refused(self, answer: Answer, what: str, *, form: str, level: str = "READER") -> RefusedError:
        """Return the error for an answer, with what is missing as far as the server tells."""
        hint = remedy(answer)
        if answer.status in (403, 404):
            hint = self._remedies[form, level] = self._remedies.get((form, level)) or self._remedy(form, level)
        text = f'{self._transport.url}, scope "{self._scope}": {what} was refused ({answer.message}).{hint}'
        return RefusedError(text, answer.status, answer.error_id)

    def _remedy(self, form: str, level: str) -> str:
        """Say which of the four steps to a usable scope is missing, by asking for each."""
        scopes = self._session.call("GET", f"{BASIS}/scopes", {"includeAll": "true", "skipIcon": "true"})
        if scopes.ok and isinstance(scopes.body, list):
            listed = objects(scopes.body)
            mine = next((entry for entry in listed if entry.get("apiName") == self._scope), None)
            if mine is None:
                others = [str(entry.get("apiName")) for entry in listed if _is_directory(entry)]
                hint = f" Scopes on names.nsf are: {', '.join(others)}." if others else ""
                return (
                    f' Step 3 of 4 is missing, or step 1 if it was made: no scope "{self._scope}" can be seen.{hint} '
                    f"{_STEPS}"
                )
            if mine.get("isActive") is False:
                return f' Step 3 of 4 is missing: the scope "{self._scope}" is there and not active. {_STEPS}'
        access = self._session.call("GET", f"{BASIS}/scope/access", {"dataSource": self._scope})
        if access.ok and isinstance(access.body, dict):
            has = str(access.body.get("Level", "")).upper()
            if has in _LEVELS and _LEVELS.index(has) < _LEVELS.index(level):
                who = access.body.get("User", self._username)
                return f" Step 4 of 4 is missing: {who} has the access level {has} and needs {level}. {_STEPS}"
        answer = self._session.call("GET", f"{BASIS}/scope/form/{quote(form, safe='')}", {"dataSource": self._scope})
        if answer.status == 404 and access.ok:
            return f" Step 2 of 4 is missing: the schema of the scope does not have the form {form}. {_STEPS}"
        if answer.ok and isinstance(answer.body, dict):
            modes = schemas.parse(self._scope, form, answer.body).modes
            missing = [mode for mode in (schemas.READ, schemas.WRITE) if mode not in modes]
            if missing:
                return f" Step 2 of 4 is missing: the form {form} has no mode {' and '.join(missing)}. {_STEPS}"
            return f" The scope is there, and its schema has the form: look at steps 1 and 4. {_STEPS}"
        return f" Which step is missing could not be found out. {_STEPS}"


def dql(form: str, matches: Sequence[Sequence[Wanted]]) -> tuple[str, dict[str, Any]]:
    """Return a query for the documents of a form that match any of the identities, and its variables.

    Values are bound, names of items are checked where definitions are made. DQL wants blanks around its words, and
    names of variables of at most 16 bytes (HCL Domino Designer help, DQL syntax and SetNamedVariable).
    """
    variables: dict[str, Any] = {"form": form}
    identities = []
    for match in matches:
        terms = []
        for wanted in match:
            names = []
            for value in wanted.spellings():
                names.append(f"v{len(variables)}")
                variables[names[-1]] = value
            terms.append(_any(f"{wanted.name} = ?{name}" for name in names))
        identities.append(terms[0] if len(terms) == 1 else f"( {' and '.join(terms)} )")
    return " and ".join(["Form = ?form"] + ([_any(identities)] if identities else [])), variables


def _any(terms: Iterable[str]) -> str:
    listed = list(dict.fromkeys(terms))
    return listed[0] if len(listed) == 1 else f"( {' or '.join(listed)} )"


def design_fields(body: Mapping[str, Any]) -> Sequence[Field]:
    """Return the fields of a form's design, from the shape of the examples (name: field) or of the schema (fields)."""
    listed = body.get("fields")
    pairs = (
        [(field.get("name"), field) for field in listed]
        if isinstance(listed, list)
        else [(name, field) for name, field in body.items() if name[:1] != "@" and isinstance(field, dict)]
    )
    return [_design_field(str(name), field) for name, field in pairs if isinstance(field, dict)]


def _design_field(name: str, body: Mapping[str, Any]) -> Field:
    many = body.get("allowmultivalues", body.get("allowMultiValues"))
    kind = str(body.get("kind", "editable")).lower()
    return Field(name, str(body.get("type", "text")).lower(), many if isinstance(many, bool) else None, kind)


def _is_directory(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("nsfPath", "")).lower() == "names.nsf"


def _path(unid: str) -> str:
    return f"{BASIS}/document/{quote(unid, safe='')}"
