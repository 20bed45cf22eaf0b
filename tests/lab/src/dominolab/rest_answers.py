# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all operations of the REST API share: answers that are errors, and bodies of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from aiohttp import web


class ApiError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, error_id: int | None = None, details: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"status": status, "message": message}
        if error_id is not None:
            self.body["errorId"] = error_id
        if details is not None:
            self.body["details"] = details


async def json_object(
    request: web.Request, allowed: set[str] | None = None, required: set[str] | None = None
) -> dict[str, Any]:
    """Return a request's body; raise ApiError where it is no JSON object, or has other keys than it may have."""
    try:
        body = await request.json()
    except ValueError:
        refuse("The body is not JSON")
    if not isinstance(body, dict):
        refuse("The body is not a JSON object")
    unknown = set(body) - allowed if allowed is not None else set()
    missing = (required or set()) - set(body)
    if unknown or missing:
        refuse(f"Missing: {sorted(missing)}, not allowed: {sorted(unknown)}")
    return body


def refuse(message: str) -> NoReturn:
    """Answer that the request is wrong."""
    raise ApiError(400, message)
