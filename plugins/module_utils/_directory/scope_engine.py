# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schema and scope, planned, checked and applied: reading, then rights, then writes, then a look at what came of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import scope as scopes
from .design import OFF, STRICT
from .errors import DirectoryError, RefusedError, nothing_changed
from .items import PUBLISHED, Catalogue
from .plan import NONE
from .scope_rest import ADMINISTRATOR, DESIGNER, EDITOR, DataAccess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .items import Item
    from .scope import Form, LeftOut, Plan, Wanted
    from .scope_rest import Rights, SetupApi

_MAY_WRITE = ("EDITOR", "DESIGNER", "MANAGER")


@dataclass(frozen=True)
class Outcome:
    """What was, or would be, done; `access` is what the account can do with the data, where it was asked."""

    schema: Plan
    scope: Plan
    left_out: Sequence[LeftOut] = ()
    access: DataAccess | None = None
    done: Sequence[Plan] = field(default_factory=tuple)

    @property
    def changed(self) -> bool:
        """Tell whether there is, or was, anything to do."""
        return self.schema.changed or self.scope.changed


@dataclass(frozen=True)
class Request:
    """What to declare: forms, the catalogue of their items, a site's own items, and where their types come from.

    `excluded` says that names.nsf is still on the exclusion list, which another step lifts before the real run.
    """

    forms: Sequence[str]
    own: Mapping[str, Sequence[Item]]
    design_check: str = STRICT
    excluded: bool = False
    catalogue: Catalogue = PUBLISHED


def run(api: SetupApi, wanted: Wanted, request: Request, *, write: bool) -> Outcome:
    """Bring schema and scope to what is wanted; without `write`, do everything but that, with a dry run of the schema.

    Without `write`, and where it is known that names.nsf is excluded, a refusal to show it means that nothing is there
    yet. Raises DirectoryError.
    """
    with nothing_changed():
        current, readable = _read(api, wanted.schema, excluded=request.excluded and not write)
        if not readable:
            api.warnings.append(
                "names.nsf is still on the exclusion list and cannot be looked at; this is what would be set up where "
                "nothing is there yet. The real run follows the server's own design."
            )
        wanted, left_out = _declared(api, wanted, request, readable=readable)
        schema = scopes.plan_schema(current, wanted)
        scope = scopes.plan_scope(api.scope(wanted.scope), wanted)
        if readable and (schema.changed or scope.changed):
            _require(api.rights(), schema.changed, scope.changed, deletes=False)
        if readable and schema.changed and not write:
            api.write_schema(wanted.schema, schema.body or {}, dry_run=True)
    outcome = Outcome(schema, scope, left_out)
    if not write or not outcome.changed:
        return outcome
    done: list[Plan] = []
    with _after(done):
        if schema.changed:
            api.write_schema(wanted.schema, schema.body or {}, dry_run=False)
            done.append(schema)
        if scope.changed:
            api.write_scope(scope.body or {})
            done.append(scope)
        _verify(api, wanted)
        access = _data_access(api, wanted.scope)
    return replace(outcome, access=access, done=done)


def remove(api: SetupApi, wanted: Wanted, *, write: bool, excluded: bool = False) -> Outcome:
    """Remove scope and schema, where they are ours; without `write`, do everything but that.

    `excluded` says that names.nsf is on the exclusion list (again); a refusal to show it then means that its schema was
    removed before. Raises DirectoryError.
    """
    with nothing_changed():
        current, _readable = _read(api, wanted.schema, excluded=excluded)
        schema, scope, users = scopes.plan_removal(current, api.scopes(), wanted)
        if users:
            api.warnings.append(f'Schema "{wanted.schema}" stays, because other scopes lead to it: {", ".join(users)}.')
        if schema.changed or scope.changed:
            _require(api.rights(), schema.changed, scope.changed, deletes=True)
    outcome = Outcome(schema, scope)
    if not write:
        return outcome
    done: list[Plan] = []
    with _after(done):
        if scope.changed:
            api.delete_scope(wanted.scope)
            done.append(scope)
        if schema.changed:
            api.delete_schema(wanted.schema)
            done.append(schema)
    return replace(outcome, done=done)


def _read(api: SetupApi, schema: str, *, excluded: bool) -> tuple[dict[str, Any] | None, bool]:
    """Return the schema, and whether names.nsf can be looked at; a refusal is an error unless it was to be expected."""
    try:
        return api.schema(schema), True
    except RefusedError as exc:
        if not excluded or exc.status not in (403, 404):
            raise
        return None, False


def _declared(api: SetupApi, wanted: Wanted, request: Request, *, readable: bool) -> tuple[Wanted, Sequence[LeftOut]]:
    """Return what is wanted with the fields to declare, and the items that are left out."""
    forms: list[Form] = []
    left_out: list[LeftOut] = []
    for name in request.forms:
        design = api.design(name) if request.design_check == STRICT and readable else None
        if design is not None and design.fields is None:
            api.warnings.append(
                f"The design of form {name} could not be read ({design.reason}); only documented items are declared."
            )
        trust_all = request.design_check == OFF or not readable
        own = request.own.get(name, ())
        form, left = scopes.declare(name, design, own, catalogue=request.catalogue, trust_all=trust_all)
        forms.append(form)
        left_out += left
    return replace(wanted, forms=tuple(forms)), left_out


def _require(rights: Rights, schema: bool, scope: bool, *, deletes: bool) -> None:
    """Refuse, naming every right that the server says is missing."""
    missing = [DESIGNER] if schema and rights.write_schema is False else []
    may = rights.delete_scope if deletes else rights.create_scope
    missing += [ADMINISTRATOR] if scope and may is False else []
    if missing:
        raise DirectoryError(
            f"Step 4 of 4 is missing, rights: the account lacks {'; and '.join(missing)}. Have them granted, or let "
            "those who have them do this once."
        )


def _verify(api: SetupApi, wanted: Wanted) -> None:
    """Refuse to call it done where the server does not show what was written."""
    plans = (
        scopes.plan_schema(api.schema(wanted.schema), wanted),
        scopes.plan_scope(api.scope(wanted.scope), wanted),
    )
    for plan in plans:
        if plan.changed:
            shown = "; ".join(f"{what} is {before}, not {after}" for what, before, after in scopes.lines(plan)[:10])
            raise DirectoryError(f"{plan.thing} was written, and the server does not show all of it: {shown}.")


def _data_access(api: SetupApi, scope: str) -> DataAccess:
    access = api.data_access(scope)
    if access.level not in _MAY_WRITE:
        api.warnings.append(
            f'Scope "{scope}" answers; {access.user} has the access level {access.level or "(unknown)"} through it. '
            f"Who writes documents needs {EDITOR}."
        )
    return access


def results(outcome: Outcome, wanted: Wanted) -> dict[str, Any]:
    """Return a module's result: changed, schema, scope, left_out, access, diff."""
    plans = (outcome.schema, outcome.scope)
    access = outcome.access
    return {
        "changed": outcome.changed,
        "schema": scopes.result(outcome.schema, wanted.schema),
        "scope": scopes.result(outcome.scope, wanted.scope),
        "left_out": [{"form": left.form, "item": left.item, "reason": left.reason} for left in outcome.left_out],
        "access": {"user": access.user, "level": access.level, "roles": list(access.roles)} if access else None,
        "diff": [scopes.diff(plan) for plan in plans if plan.action != NONE],
    }


@contextmanager
def _after(done: Sequence[Plan]) -> Iterator[None]:
    """Let an error of a write say what was written before."""
    try:
        yield
    except DirectoryError as exc:
        before = "; ".join(f"{plan.thing} was {plan.action}" for plan in done) or "nothing was changed"
        exc.args = (f"{exc} Before that: {before}.", *exc.args[1:])
        raise
