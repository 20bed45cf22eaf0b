# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends requests that were written down, with the token and the revisions of now: the least that it can cost."""

from __future__ import annotations

import http.client
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Client:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        """Connect to a server."""
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)

    def send(self, request: dict[str, Any], token: str) -> Any:
        """Send a request and return what the answer says."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        self._connection.request(request["method"], request["target"], request["body"], headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)


def main() -> None:
    """Send what is read one after the other, and what writes over several connections."""
    given = json.load(sys.stdin)
    requests = json.loads(Path(given["requests"]).read_text(encoding="utf-8"))
    reading = [request for request in requests if request["method"] != "PATCH"]
    writing = [request for request in requests if request["method"] == "PATCH"]
    first, token, revisions = Client(given["url"]), "", {}
    for request in reading:
        answer = first.send(request, token)
        if "bearer" in answer:
            token = answer["bearer"]
        elif isinstance(answer, list):
            revisions.update((entry["@meta"]["unid"], entry["@meta"]["revision"]) for entry in answer)

    def some(begin: int) -> None:
        client = Client(given["url"])
        for request in writing[begin :: given["connections"]]:
            unid = request["target"].split("/document/")[1].split("?")[0]
            target = re.sub(r"(revision=)\w+", rf"\g<1>{revisions[unid]}", request["target"])
            client.send({**request, "target": target}, token)

    with ThreadPoolExecutor(given["connections"]) as pool:
        list(pool.map(some, range(given["connections"])))


if __name__ == "__main__":
    main()
