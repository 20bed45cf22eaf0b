# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the server that is named as the administration server can be it: the directory has its Server document.

Which server it is stands in the access control list of names.nsf. HCL's published description of the REST API shows of
an access control list names, types, levels, roles and flags (openapi.admin.json 1.1.2, aclEntry), and not that. So a
name that belongs to another server of the domain cannot be found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._notes_name import abbreviated
from .definition import Definition, define
from .document import text
from .errors import DefinitionError, DirectoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .api import DirectoryApi
    from .document import Document

#: Server documents that a message names.
SHOWN = 10


def server_document(name: str) -> Definition:
    """Return the Server document that must be there; DefinitionError where the name is empty."""
    if not name.strip():
        raise DefinitionError(
            "administration_server is empty. Name the administration server of the Domino Directory, such as "
            "Mail01/Acme; in the roles it is domino_administration_server. Nothing was changed."
        )
    return define({"form": "Server", "match": {"server_name": name.strip()}})


def require(api: DirectoryApi, wanted: Definition, found: Sequence[Document]) -> None:
    """Refuse to go on where the directory has no Server document of the administration server (DirectoryError)."""
    if found:
        return
    # Before saying that a document is missing: could it have been seen at all?
    api.accept("Server", (), wanted.match)
    (match,) = wanted.match
    names = sorted(
        abbreviated(text(value)) for document in api.find("Server", []) for value in document.get(match.name) or ()
    )
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    expected = abbreviated(text((match.values or ("",))[0]))
    raise DirectoryError(
        f'administration_server is "{expected}", and the Domino Directory has no Server document of that name. It has '
        f"{', '.join(names[:SHOWN]) or 'none that can be seen'}{more}. Correct the name; in the roles it is "
        "domino_administration_server."
    )
