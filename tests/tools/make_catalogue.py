# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the catalogue's data, and their documentation, from the reference's domino-items.yml.

    python3 tests/tools/make_catalogue.py [../shared/reference/domino-items.yml]

Facts are carried over (form, setting, label, tab, item, type, values, default, evidence, sources); remarks are not.
What free content may be (plugins/module_utils/_directory/contents.py) follows from the label and the type; CONTENTS has
what the type alone does not say.
Targets need no YAML library, so the data are plain Python: plugins/module_utils/_directory/catalogue.py. What users see
of them is plugins/doc_fragments/_directory_settings.py, for ansible-doc, and docs/docsite/rst/item_catalogue.rst.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = Path(__file__).resolve().parents[2]
REFERENCE = PROJECT.parent / "shared" / "reference" / "domino-items.yml"
TARGET = PROJECT / "plugins" / "module_utils" / "_directory" / "catalogue.py"

DOCUMENTATION = PROJECT / "plugins" / "doc_fragments" / "_directory_settings.py"
PAGE = PROJECT / "docs" / "docsite" / "rst" / "item_catalogue.rst"
PAGE_HEAD = Path(__file__).with_name("item_catalogue_head.rst")
SETTING_COLUMNS = ("Setting", "Label (tab)", "Item", "Type", "Values: what is stored", "Default", "Evidence", "Source")
UNKNOWN_COLUMNS = ("Setting", "Label (tab)", "Type", "Values", "Default", "Source of the label")

CONTENTS = {
    ("Server", "fully_qualified_host_name"): "host_name",
    ("Server", "inbound_tcp_port_number"): "port",
    ("Server", "inbound_tls_port_number"): "port",
    ("Server", "outbound_tcp_port_number"): "port",
    ("Server", "outbound_tls_port_number"): "port",
    ("SMTPInboundSite", "addresses"): "host",
    ("ServerConfig", "number_of_mailboxes"): "positive",
    ("ServerConfig", "relay_host"): "target",
    ("ServerConfig", "smart_host"): "target",
    ("ServerConfig", "dns_whitelist_sites"): "internet_domain",
    ("ServerConfig", "dns_blacklist_sites"): "internet_domain",
    ("Domain", "alias_separator"): "character",
    ("Domain", "primary_internet_domain"): "internet_domain",
    ("Domain", "internet_domain_aliases"): "internet_domain",
    ("Domain", "notes_domain_separator"): "character",
    ("Person", "internet_address"): "internet_address",
}

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
    Settings are listed for each form, with the item, its type, the values where they are not free, the default where
    it is known, and how well the name of the item is known in public. V(documented) is named by HCL or IBM; V(likely)
    and V(unconfirmed) names are confirmed by the design check on your own server. Labels and sources are on the page
    C(item_catalogue) of the collection's documentation.
'''

HEAD = '''\
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of the Domino Directory that govern SMTP: what is known, and how well. Written by make_catalogue.py.

One entry per setting: form, friendly setting, label and tab in the user interface, item (None: not publicly known),
type (text, number, text_list, names), friendly values and what is stored (None: not publicly known; an empty mapping:
free content), what free content may be (a name in contents.py; None: no free content), evidence of the item's name and
of its values, sources.
"""

from __future__ import annotations

from typing import Any

ENTRIES: tuple[dict[str, Any], ...] = (
'''


def entry(row: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of one reference entry, in the catalogue's shape."""
    facts = {key: row.get(key) for key in ("form", "setting", "label", "tab", "item", "type")}
    facts["values"] = dict(row["values"])
    facts["content"] = content(row)
    facts["default"] = row.get("default")
    facts["evidence"] = row["evidence"]
    facts["values_evidence"] = row.get("values_evidence", row["evidence"])
    facts["sources"] = tuple(row["source"].split("; ")) if row["source"] else ()
    return facts


def content(row: Mapping[str, Any]) -> str | None:
    """Return the name of what free content of a row may be."""
    if row["values"] and row["type"] != "names":
        return None
    return CONTENTS.get((row["form"], row["setting"])) or ("whole" if row["type"] == "number" else "line")


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


def note(form: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the documentation of a form's settings, and of those whose item is not known."""
    mine = _rows(form, rows)
    text = f"Settings for V({form}). {'; '.join(_described(row) for row in mine if row['item'])}."
    unknown = ", ".join(f"V({row['setting']})" for row in mine if not row["item"])
    if unknown:
        text += f" Settings whose item is not publicly known: {unknown}."
    return "  - >-\n" + textwrap.fill(text, 116, initial_indent="    ", subsequent_indent="    ") + "\n"


def _described(row: Mapping[str, Any]) -> str:
    values = [name for name, stored in row["values"].items() if stored is not None]
    facts = [f"C({row['item']})", _type(row)]
    if values:
        facts.append(", ".join(f"V({name})" for name in values))
    if row["default"] is not None:
        facts.append(f"default V({row['default']})")
    return f"V({row['setting']}) ({'; '.join([*facts, _evidence(row)])})"


def documentation(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the documentation fragment."""
    notes = "".join(note(form, rows) for form in _forms(rows))
    return f'{DOCUMENTATION_HEAD}{notes}"""\n'


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of the documentation site."""
    parts = [PAGE_HEAD.read_text(encoding="utf-8")]
    for form in _forms(rows):
        mine = _rows(form, rows)
        parts += [f"\n{form}\n{'-' * len(form)}\n\n"]
        parts += _table("Settings", SETTING_COLUMNS, [_setting_cells(row) for row in mine if row["item"]])
        unknown = [_unknown_cells(row) for row in mine if not row["item"]]
        if unknown:
            parts += ["\n", *_table("Known label, unknown item", UNKNOWN_COLUMNS, unknown)]
    return "".join(parts)


def _setting_cells(row: Mapping[str, Any]) -> Sequence[str]:
    stored = ", ".join(
        f"{_code(name)}: {'not publicly known' if value is None else _code(value)}"
        for name, value in row["values"].items()
    )
    known = (_code(row["item"]), _type(row), stored or "free", _default(row))
    return (_code(row["setting"]), _label(row), *known, _evidence(row), _source(row))


def _unknown_cells(row: Mapping[str, Any]) -> Sequence[str]:
    values = ", ".join(_code(name) for name in row["values"]) or "free"
    return (_code(row["setting"]), _label(row), _type(row), values, _default(row), _source(row))


def _type(row: Mapping[str, Any]) -> str:
    """Return the type, with what free content may be where the type does not say it."""
    kind = str(row["type"]).replace("_", " ")
    return kind if row["content"] in (None, "line") else f"{kind} ({row['content'].replace('_', ' ')})"


def _evidence(row: Mapping[str, Any]) -> str:
    if row["values_evidence"] == row["evidence"]:
        return str(row["evidence"])
    return f"{row['evidence']}; the stored values are {row['values_evidence']}"


def _label(row: Mapping[str, Any]) -> str:
    label = _plain(row["label"]) if row["label"] else "not known"
    return f"{label} ({_plain(row['tab'])})" if row["tab"] else label


def _default(row: Mapping[str, Any]) -> str:
    return "" if row["default"] is None else _code(row["default"])


def _source(row: Mapping[str, Any]) -> str:
    return "; ".join(_plain(source) for source in row["sources"]) or "none that can be named"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Sequence[str]:
    lines = [f".. list-table:: {title}", "   :header-rows: 1", ""]
    for cells in [columns, *rows]:
        lines += [f"   {' ' if number else '*'} - {cell}".rstrip() for number, cell in enumerate(cells)]
    return [f"{line}\n" for line in lines]


def _code(text: object) -> str:
    return f"``{text}``"


def _plain(text: str) -> str:
    """Return a text in which nothing means anything to reStructuredText."""
    return "".join(f"\\{char}" if char in "\\`*_|" else char for char in text)


def _forms(rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    return list(dict.fromkeys(row["form"] for row in rows))


def _rows(form: str, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [row for row in rows if row["form"] == form and row["setting"] != "form"]


def _quoted(text: str) -> str:
    quote = "'" if '"' in text and "'" not in text else '"'
    body = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"


def main() -> None:
    """Read the reference and write the module."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    entries = [entry(row) for row in yaml.safe_load(source.read_text(encoding="utf-8"))]
    body = "".join(f"    {render(row, 4)},\n" for row in entries)
    TARGET.write_text(f"{HEAD}{body})\n", encoding="utf-8")
    DOCUMENTATION.write_text(documentation(entries), encoding="utf-8")
    PAGE.write_text(page(entries), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
