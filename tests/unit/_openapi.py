# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers against HCL's OpenAPI files, where these are at hand.

They lie beside the project in `../shared/reference/openapi`, or where the environment variable DOMINO_OPENAPI_DIR says.
"""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.testing import MockRequest, MockResponse

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "openapi"
_MOUNTS = {"/api/v1": "openapi.basis.json", "/api/setup-v1": "openapi.setup.json"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; bodies as bytes."""

    method: str
    target: str
    request: bytes
    status: int
    answer: bytes
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def path(self) -> str:
        """Return the path without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """Return the parameters of the query."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def json(self) -> Any:
        """Return the request's body."""
        return json.loads(self.request)


def directory() -> Path:
    """Return where the OpenAPI files are expected."""
    return Path(os.environ.get("DOMINO_OPENAPI_DIR", _BESIDE))


def validate(exchange: Exchange) -> None:
    """Raise an exception where request or answer are not as HCL's description says; nothing where it is not at hand.

    An error status that the description leaves out (401 of a data call, say) needs the general error body.
    """
    mount = next(mount for mount in _MOUNTS if exchange.path.startswith(f"{mount}/"))
    if not (directory() / _MOUNTS[mount]).is_file():
        return
    spec = _spec(directory() / _MOUNTS[mount])
    parts = urlsplit(exchange.target)
    request = MockRequest(
        "http://domino.test",
        exchange.method.lower(),
        parts.path,
        args=exchange.query,
        headers=exchange.headers,
        data=exchange.request or None,
        content_type="application/json",
    )
    content_type = "text/xml" if exchange.path.endswith("/dxl") and exchange.status == 200 else "application/json"
    response = MockResponse(exchange.answer, status_code=exchange.status, content_type=content_type)
    try:
        spec.validate_request(request)
    except PathError as exc:
        raise AssertionError(f"{exchange.method} {exchange.path} is not described: {exc}") from exc
    _only_described_parameters(spec, exchange, mount)
    if exchange.path.endswith("/query") and exchange.status == 200:
        # The description leaves open what a search finds; it is documents.
        for document in json.loads(exchange.answer):
            target = f"{mount}/document/{document['@meta']['unid']}?dataSource=x"
            validate(Exchange("GET", target, b"", 200, json.dumps(document).encode(), exchange.headers))
    try:
        spec.validate_response(request, response)
    except ResponseNotFound:
        body = json.loads(exchange.answer)
        assert exchange.status >= 400, exchange
        assert isinstance(body.get("message"), str), exchange
        assert body.get("status") == exchange.status, exchange


def _only_described_parameters(spec: OpenAPI, exchange: Exchange, mount: str) -> None:
    segments = exchange.path[len(mount) :].split("/")
    for template, path in spec.spec.read_value()["paths"].items():
        names = template.split("/")
        fits = len(names) == len(segments) and all(a == b or a[:1] == "{" for a, b in zip(names, segments, strict=True))
        if fits and exchange.method.lower() in path:
            described = [*path.get("parameters", ()), *path[exchange.method.lower()].get("parameters", ())]
            unknown = set(exchange.query) - {parameter["name"] for parameter in described}
            assert not unknown, f"{exchange.method} {template} has no parameters {unknown}"


@functools.cache
def _spec(path: Path) -> OpenAPI:
    content = json.loads(path.read_text(encoding="utf-8"))
    # HCL's own captured answers contradict HCL's schema here: real meta data hold no form.
    content["components"]["schemas"].get("DocumentMeta", {}).pop("required", None)
    config = Config(extra_media_type_deserializers={"text/xml": lambda body, **_parameters: body.decode("utf-8")})
    return OpenAPI.from_dict(content, config=config)
