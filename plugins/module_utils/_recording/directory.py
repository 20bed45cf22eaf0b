# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording holds of a Domino Directory: the design of the forms, what documents hold, and how the API answers.

People's documents are not read. Of the other documents no content comes through but the codes that a form offers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._directory import layout
from .._directory.discovery import CLOSE, discover
from .._directory.items import FORMS, PUBLISHED
from .anonymise import GONE
from .words import NUMBERS, is_product_identifier, is_product_text, is_product_value

if TYPE_CHECKING:
    from typing import Iterable, Mapping, Sequence

    from .._directory.design_dxl import DatabaseDesign
    from .._directory.discovery import Proposal
    from .._directory.document import Document
    from .._directory.layout import Placed
    from .._directory.transport import Answer
    from .anonymise import Anonymiser

#: Forms whose documents are looked at; Person documents are people's.
READ_FORMS = ("Server", "ServerConfig", "Domain", "SMTPInboundSite")
ABSENT_SCOPE, ABSENT_MODE, ABSENT_FORM = "opendominonosuchscope", "opendominonosuchmode", "OpenDominoNoSuchForm"
_BASIS, _SETUP = "/api/v1", "/api/setup-v1"

_TYPES_TEXT = """
    text number keyword names authors readers datetime richtext richtextlite password formula timezone color
"""
_TYPES = frozenset(_TYPES_TEXT.split())
_KINDS_TEXT = """
    editable computed computedfordisplay computedwhencomposed
"""
_KINDS = frozenset(_KINDS_TEXT.split())
#: Keys of JSON objects that the published contract and captured answers have, beside the product's own identifiers.
_KEYS_TEXT = """
    status statuscode statustext message errorid details bearer claims iss sub aud scopes leeway expseconds
    issuedate user level roles flags apiname schemaname nsfpath isactive server createschema maximumaccesslevel
    icon iconname description meta noteid unid created lastmodified lastaccessed lastmodifiedinfile addedtofile
    noteclass unread editable revision form type hide conflictaction alias name allowmultivalues kind fields
    formname formmodes modename readaccessformula writeaccessformula deleteaccessformula computewithform formula
    formulatype required items format fieldaccess fieldgroup externalname itemflags summaryfield protectedfield
    continueonerror onload onsave sign validationrules strictinput requirerevisiontoupdate openaccess allowcode
    allowdecryption dqlaccess dqlformula excludedviews views agents forms formaliases keepproperties version title
    active warnings paths info openapi
"""
_KEYS = frozenset(_KEYS_TEXT.split())
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Look:
    """One reading request: its name, path and query; `token` to send instead of the valid one ("" for none)."""

    name: str
    path: str
    query: Mapping[str, str]
    token: str | None = None


def looks(scope: str) -> Sequence[Look]:
    """Return the requests whose answers are recorded. Each is a GET; no account is tried, nothing is written."""
    here = {"dataSource": scope}
    nobody = f"{_BASIS}/document/{'0' * 32}"
    return (
        Look("api", "/api", {}),
        Look("info", f"{_BASIS}/info", {}),
        Look("without_token", f"{_BASIS}/scopes", {}, ""),
        Look("wrong_token", f"{_BASIS}/scopes", {}, "opendomino.no.token"),
        Look("scope", f"{_BASIS}/scope", here),
        Look("access", f"{_BASIS}/scope/access", here),
        Look("form", f"{_BASIS}/scope/form/ServerConfig", here),
        Look("unknown_form", f"{_BASIS}/scope/form/{ABSENT_FORM}", here),
        Look("unknown_scope", f"{_BASIS}/scope", {"dataSource": ABSENT_SCOPE}),
        Look("unknown_document", nobody, here),
        Look("unknown_mode", nobody, {**here, "mode": ABSENT_MODE}),
        Look("invalid_unid", f"{_BASIS}/document/opendomino", here),
        Look("unknown_design", f"{_SETUP}/design/forms/{ABSENT_FORM}", here),
        Look("contract", f"{_BASIS}/schema/openapi.basis.json", {}),
    )


def rest(answers: Sequence[tuple[Look, Answer]], scope: str, user: str, anonymiser: Anonymiser) -> dict[str, Any]:
    """Return the part `rest`: what each request was answered, as status, number, text and shape."""
    slots = {scope: "scope", user: "user", ABSENT_SCOPE: "no_scope", ABSENT_FORM: "no_form", ABSENT_MODE: "no_mode"}
    return {
        look.name: {
            "status": answer.status,
            "error_id": answer.error_id,
            "message": _said(answer, slots, anonymiser),
            "shape": _contract(answer.body) if look.name == "contract" else _shape(answer.body),
        }
        for look, answer in answers
    }


def _said(answer: Answer, slots: Mapping[str, str], anonymiser: Anonymiser) -> str:
    said = answer.body.get("message") if isinstance(answer.body, dict) else None
    return anonymiser.text(said, slots) if isinstance(said, str) and not answer.ok else ""


def _contract(body: Any) -> Any:
    """Return of the server's own description which version it has, and how many operations."""
    info = body.get("info") if isinstance(body, dict) else None
    paths = body.get("paths") if isinstance(body, dict) else None
    version = info.get("version") if isinstance(info, dict) else None
    plain = isinstance(version, str) and re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}", version)
    return {"version": version if plain else None, "paths": len(paths) if isinstance(paths, dict) else None}


def _shape(value: Any, depth: int = 0) -> Any:
    """Return keys and types of JSON; of a list, those of its first entry. Keys that are not the product's go."""
    if isinstance(value, dict):
        if depth == _MAX_DEPTH:
            return "object"
        known = {key: _shape(item, depth + 1) for key, item in value.items() if _is_key(key)}
        return {**known, GONE: "others"} if len(known) < len(value) else known
    if isinstance(value, list):
        return [_shape(item, depth + 1) for item in value[:1]]
    return _type(value)


def _is_key(key: Any) -> bool:
    plain = str(key).lstrip("@$").replace(" ", "").replace("-", "").casefold()
    return plain.isascii() and (plain in _KEYS or is_product_identifier(str(key).lstrip("@$")))


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "object"


# -- the design -------------------------------------------------------------------------------------------------------


def design(
    database: DatabaseDesign | None, listed: Mapping[str, Answer], anonymiser: Anonymiser
) -> tuple[dict[str, Any], Mapping[str, Mapping[str, bool]]]:
    """Return the part `design`, and the items of each form that may be named, with whether they offer choices."""
    forms: dict[str, Any] = {}
    named: dict[str, Mapping[str, bool]] = {}
    for name in FORMS:
        found = layout.form(database, name) if database else None
        answer = listed.get(name)
        described = _described(answer) if answer is not None else None
        if found is None:
            forms[name] = {"fields": [], "other_fields": 0, "gaps": 0, "proposals": [], "description": described}
            named[name] = {}
            continue
        proposals = discover(found, PUBLISHED.rows(name), {})
        beside = {c.name.lower() for proposal in proposals for c in _near(proposal)}
        placed = _once((*found.fields, *found.possible))
        fields = [field for each in placed for field in [_field(each, beside, anonymiser)] if field]
        forms[name] = {
            "fields": fields,
            "other_fields": len(placed) - len(fields),
            "gaps": len(found.gaps),
            "proposals": [_proposal(proposal, anonymiser) for proposal in proposals],
            "description": described,
        }
        named[name] = {
            each.field.name.lower(): bool(each.choices)
            for each in placed
            if anonymiser.identifier(each.field.name) or each.field.name.lower() in beside
        }
    return {"readable": database is not None, "forms": forms}, named


def _near(proposal: Proposal) -> Iterable[Any]:
    chosen = (proposal.chosen,) if proposal.chosen else ()
    return (*chosen, *(candidate for candidate in proposal.candidates if candidate.score >= CLOSE))


def _once(placed: Sequence[Placed]) -> list[Placed]:
    """Return each field once, at its first place."""
    return list({each.field.name.lower(): each for each in reversed(placed)}.values())[::-1]


def _field(placed: Placed, beside: Iterable[str], anonymiser: Anonymiser) -> dict[str, Any] | None:
    name = placed.field.name
    known = anonymiser.identifier(name)
    if not known and name.lower() not in beside:
        return None
    choices = None
    if placed.choices is not None:
        choices = [_choice(text, stored) for text, stored in placed.choices]
    shown = known or anonymiser.beside_a_label(name)
    return {
        "item": shown,
        "look": not known and shown == name,
        "type": placed.field.type if placed.field.type in _TYPES else "other" if placed.field.type else "",
        "kind": placed.field.kind if placed.field.kind in _KINDS else "other",
        "several_values": placed.field.many,
        "label": anonymiser.text(placed.labels[0].text) if placed.labels else None,
        "tabs": [anonymiser.text(title) for title in placed.titles],
        "choices": choices,
        "computed_choices": placed.computed_choices,
        "hidden": placed.hidden,
    }


def _choice(text: str, stored: str) -> dict[str, Any]:
    return {
        "text": text if is_product_text(text) else GONE,
        "stored": stored if is_product_value(stored) else None,
    }


def _proposal(proposal: Proposal, anonymiser: Anonymiser) -> dict[str, Any]:
    """Return what the design says of a setting that public sources are not sure of."""
    chosen = proposal.chosen
    name = chosen.name if chosen else ""
    values = {friendly: _stored(value) for friendly, value in (chosen.values if chosen else {}).items()}
    return {
        "setting": proposal.item.setting,
        "confidence": proposal.confidence,
        "item": name if name and name == anonymiser.beside_a_label(name) else None,
        "type": chosen.placed.field.type if chosen and chosen.placed.field.type in _TYPES else None,
        "several_values": chosen.placed.field.many if chosen else None,
        "values": values,
    }


def _stored(value: Any) -> str | None:
    return None if value is None or not is_product_value(str(value)) else str(value)


def _described(answer: Answer) -> dict[str, Any]:
    """Return how the API describes a form: which keys stand beside the fields, and which a field has."""
    if not answer.ok or not isinstance(answer.body, dict):
        return {"status": answer.status, "error_id": answer.error_id}
    listed = answer.body.get("fields")
    entries = (
        [entry for entry in listed if isinstance(entry, dict)]
        if isinstance(listed, list)
        else [entry for key, entry in answer.body.items() if key[:1] != "@" and isinstance(entry, dict)]
    )
    keys: dict[str, str] = {}
    for entry in entries:
        keys.update({key: _type(value) for key, value in entry.items() if _is_key(key)})
    return {
        "status": answer.status,
        "error_id": None,
        "fields_are": "a list" if isinstance(listed, list) else "by name",
        "beside": [key for key in answer.body if key[:1] == "@" and _is_key(key)],
        "keys_of_a_field": keys,
        "fields": len(entries),
    }


# -- documents --------------------------------------------------------------------------------------------------------


def documents(
    found: Mapping[str, Sequence[Document]], named: Mapping[str, Mapping[str, bool]], anonymiser: Anonymiser
) -> dict[str, Any]:
    """Return the part `documents`: of each item that may be named, in which types it was seen, and which codes."""
    return {form: _items(form, found.get(form, ()), named.get(form, {}), anonymiser) for form in found}


def names_in(found: Mapping[str, Sequence[Document]]) -> Iterable[str]:
    """Return what documents call things, for the anonymiser to know."""
    for held in found.values():
        for document in held:
            for value in document.items.values():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, str) and not is_product_value(one):
                        yield one[:200]


def _items(form: str, held: Sequence[Document], named: Mapping[str, bool], anonymiser: Anonymiser) -> dict[str, Any]:
    coded = {str(row.name).lower() for row in PUBLISHED.rows(form) if row.name and row.values}
    items: dict[str, dict[str, Any]] = {}
    others = set()
    for document in held:
        for name, value in document.items.items():
            if not anonymiser.identifier(name) and name.lower() not in named:
                others.add(name.lower())
                continue
            shown = anonymiser.beside_a_label(name)
            entry = items.setdefault(shown, {"types": set(), "values": set()})
            entry["types"].add(_kind(value))
            is_code = name.lower() in coded or named.get(name.lower(), False)
            for one in value if isinstance(value, list) else [value]:
                if _is_shown(one, is_code):
                    entry["values"].add(str(one))
    return {
        "any": bool(held),
        "items": {name: {key: sorted(seen) for key, seen in entry.items()} for name, entry in items.items()},
        "other_items": len(others),
    }


def _is_shown(value: Any, is_code: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    text = str(value)
    if text in ("", "*"):
        return True
    return (is_code and len(text) < 30 and is_product_value(text)) or (not isinstance(value, str) and text in NUMBERS)


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {_type(value[0])}" if value else "empty list"
    return "empty text" if value == "" else _type(value)
