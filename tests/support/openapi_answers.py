# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the REST API against HCL's OpenAPI files, where these are at hand (beside the checkout, or as told)."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "openapi"
_SPECS = Path(os.environ.get("DOMINO_OPENAPI_DIR", _BESIDE))
_FILES = {"/api/v1": "openapi.basis.json", "/api/setup-v1": "openapi.setup.json"}
#: what HCL's files say of the answer with an error, for statuses that an operation does not list
_ERROR = {"$ref": "urn:spec#/components/schemas/ErrorMessage"}


def check(method: str, path: str, status: int, body: Any) -> None:
    """Raise ValidationError where an answer is not what the specification says; nothing without the reference."""
    base = next((base for base in _FILES if path.startswith(f"{base}/")), None)
    if base is None or not _SPECS.is_dir():
        return
    spec, registry = _load(_FILES[base])
    schema = _schema(spec, method, path.removeprefix(base), status)
    OAS30Validator(schema, registry=registry).validate(body)


def _schema(spec: dict[str, Any], method: str, path: str, status: int) -> dict[str, Any]:
    for template, operations in spec["paths"].items():
        if method.lower() in operations and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            answer = operations[method.lower()]["responses"].get(str(status), {})
            if "$ref" in answer:
                answer = spec["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if schema is not None:
                return dict(_absolute(schema))
            assert status >= 400, f"{method} {path} does not answer {status}"
    return _ERROR


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {k: f"urn:spec{v}" if k == "$ref" else _absolute(v) for k, v in schema.items()}
    return [_absolute(entry) for entry in schema] if isinstance(schema, list) else schema


@cache
def _load(name: str) -> tuple[dict[str, Any], Registry[Any]]:
    spec = json.loads((_SPECS / name).read_text(encoding="utf-8"))
    # HCL's own examples and captured answers have no Form among the meta data, although the schema requires it.
    spec["components"]["schemas"].get("DocumentMeta", {}).pop("required", None)
    return spec, Registry().with_resource("urn:spec", Resource.from_contents(spec, DRAFT4))
