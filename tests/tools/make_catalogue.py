# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the catalogue's data, and their documentation, from the reference's domino-items.yml.

    python3 tests/tools/make_catalogue.py [../shared/reference/domino-items.yml]

Facts are carried over (form, setting, label, tab, item, type, values, default, evidence, sources); remarks are not.
Targets need no YAML library, so the data are plain Python: plugins/module_utils/_directory/catalogue.py. What users see
of them is plugins/doc_fragments/_directory_settings.py.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
REFERENCE = PROJECT.parent / "shared" / "reference" / "domino-items.yml"
TARGET = PROJECT / "plugins" / "module_utils" / "_directory" / "catalogue.py"

DOCUMENTATION = PROJECT / "plugins" / "doc_fragments" / "_directory_settings.py"

DOCUMENTATION_HEAD = '''\
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The friendly settings of the documents of a Domino Directory. Written by make_catalogue.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._directory_settings)."""

    DOCUMENTATION = r"""
options: {}
notes:
  - >-
    Settings are listed for each form, with the item, the values where they are not free, and how well the name of
    the item is known in public. V(documented) is named by HCL or IBM; V(likely) and V(unconfirmed) names are confirmed
    by the design check on your own server.
'''

HEAD = '''\
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of the Domino Directory that govern SMTP: what is known, and how well. Written by make_catalogue.py.

One entry per setting: form, friendly setting, label and tab in the user interface, item (None: not publicly known),
type (text, number, text_list, names), friendly values and what is stored (None: not publicly known; an empty mapping:
free content), evidence of the item's name and of its values, sources.
"""

from __future__ import annotations

from typing import Any

ENTRIES: tuple[dict[str, Any], ...] = (
'''


def entry(row: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of one reference entry, in the catalogue's shape."""
    facts = {key: row.get(key) for key in ("form", "setting", "label", "tab", "item", "type")}
    facts["values"] = dict(row["values"])
    facts["default"] = row.get("default")
    facts["evidence"] = row["evidence"]
    facts["values_evidence"] = row.get("values_evidence", row["evidence"])
    facts["sources"] = tuple(row["source"].split("; ")) if row["source"] else ()
    return facts


def render(value: object, indent: int) -> str:
    """Return a literal; texts too long for a line are folded."""
    pad = " " * indent
    if isinstance(value, str):
        plain = _quoted(value)
        if len(plain) + indent <= 103:
            return plain
        pieces = textwrap.wrap(value, 90, drop_whitespace=False, break_long_words=True)
        return "(\n" + "".join(f"{pad}    {_quoted(piece)}\n" for piece in pieces) + f"{pad})"
    if isinstance(value, dict) and value:
        body = "".join(f"{pad}    {_quoted(key)}: {render(item, indent + 4)},\n" for key, item in value.items())
        return "{\n" + body + pad + "}"
    if isinstance(value, tuple) and value:
        return "(\n" + "".join(f"{pad}    {render(item, indent + 4)},\n" for item in value) + f"{pad})"
    return repr(value)


def note(form: str, rows: list[dict[str, Any]]) -> str:
    """Return the documentation of a form's settings that can be used."""
    listed = [_described(row) for row in rows if row["form"] == form and row["item"] and row["setting"] != "form"]
    text = f"Settings for V({form}). {'; '.join(listed)}."
    return "  - >-\n" + textwrap.fill(text, 116, initial_indent="    ", subsequent_indent="    ") + "\n"


def _described(row: dict[str, Any]) -> str:
    values = [name for name, stored in row["values"].items() if stored is not None]
    facts = [f"C({row['item']})"]
    if values:
        facts.append(", ".join(f"V({name})" for name in values))
    facts.append(row["evidence"])
    if row.get("values_evidence", row["evidence"]) != row["evidence"]:
        facts.append(f"the stored values are {row['values_evidence']}")
    return f"V({row['setting']}) ({'; '.join(facts)})"


def _quoted(text: str) -> str:
    quote = "'" if '"' in text and "'" not in text else '"'
    body = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"


def main() -> None:
    """Read the reference and write the module."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    rows = yaml.safe_load(source.read_text(encoding="utf-8"))
    body = "".join(f"    {render(entry(row), 4)},\n" for row in rows)
    TARGET.write_text(f"{HEAD}{body})\n", encoding="utf-8")
    forms = dict.fromkeys(row["form"] for row in rows)
    notes = "".join(note(form, rows) for form in forms)
    DOCUMENTATION.write_text(f'{DOCUMENTATION_HEAD}{notes}"""\n', encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
