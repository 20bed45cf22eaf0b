# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ways without a server have in common: no design can be asked, and a file holds what nobody shall see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import items

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .definition import Definition


def unproven(definitions: Sequence[Definition]) -> Sequence[str]:
    """Return one warning for each form with items whose names are not documented in public."""
    found: dict[str, dict[str, None]] = {}
    for definition in definitions:
        for want in (*definition.match, *definition.wanted):
            if want.item.evidence not in items.TRUSTED:
                found.setdefault(definition.form.name, {})[f"{want.item.title} (evidence: {want.item.evidence})"] = None
    return [
        f"Form {form}: the names of these items are not documented in public, and without a server no design can be "
        f"asked whether it has them: {'; '.join(names)}. Look at them before the file is used."
        for form, names in found.items()
    ]


def secret_names(definitions: Sequence[Definition]) -> set[str]:
    """Return the names, in lower case, of the items whose values must not be shown."""
    wanted = [want for definition in definitions for want in (*definition.match, *definition.wanted)]
    return {want.name.lower() for want in wanted if want.item.is_secret}


def is_secret(name: str, names: Collection[str] = ()) -> bool:
    """Tell whether what stands in a file under a name must not be shown: one of `names`, or one that says so itself."""
    return name.lower() in names or items.known("", name).is_secret
