# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others are measured by: documents read and changed over HTTP with nothing around it. Prints seconds as JSON."""

from __future__ import annotations

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

QUERY = "/api/v1/query?dataSource=dominodirectory&action=execute"


class Client:
    """One kept connection."""

    def __init__(self, url: str, token: str = "") -> None:
        """Connect to a server."""
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def ask(self, method: str, target: str, body: dict[str, Any]) -> Any:
        """Send one request and return what the answer says."""
        self._connection.request(method, target, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)


def read(client: Client, page_size: int) -> tuple[int, dict[str, str]]:
    """Read all documents that the module reads; return how many there are, and the revisions of people."""
    documents, revisions = 0, {}
    for form in ("Person", "Group", "Database"):
        start = 0
        while True:
            body = {"query": "Form = ?form", "variables": {"form": form}, "mode": "dql", "viewRefresh": True}
            page = client.ask("POST", f"{QUERY}&start={start}&count={page_size}", body)
            documents += len(page)
            if form == "Person":
                revisions.update((entry["@meta"]["unid"], entry["@meta"]["revision"]) for entry in page)
            if len(page) < page_size:
                break
            start += page_size
    return documents, revisions


def write(url: str, token: str, revisions: dict[str, str], connections: int) -> None:
    """Change an item of each document, with its revision."""
    unids = list(revisions)

    def some(first: int) -> None:
        client = Client(url, token)
        for unid in unids[first::connections]:
            target = f"/api/v1/document/{unid}?dataSource=dominodirectory&mode=default&revision={revisions[unid]}"
            client.ask("PATCH", target, {"InternetAddress": f"{unid}@example.com"})

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(some, range(connections)))


def main() -> None:
    """Read, and write where that is wanted; the account comes in on standard input."""
    given = json.load(sys.stdin)
    login = {"username": given["username"], "password": given["password"], "scope": "dominodirectory"}
    token = Client(given["url"]).ask("POST", "/api/v1/auth", login)["bearer"]
    began = time.monotonic()
    documents, revisions = read(Client(given["url"], token), given["page_size"])
    result = {"documents": documents, "read": time.monotonic() - began}
    if given["write"]:
        began = time.monotonic()
        write(given["url"], token, revisions, given["connections"])
        result["write"] = time.monotonic() - began
    print(json.dumps(result))


if __name__ == "__main__":
    main()
