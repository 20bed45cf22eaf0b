# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples are found wherever they stand, with what is said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from documentation import blocks, is_run

if TYPE_CHECKING:
    from pathlib import Path

RST = """\
Title
=====

.. run: lab

.. code-block:: yaml
   :caption: one

   # group_vars/all.yml
   a: 1

   b: 2

Text.

.. not run: it cannot

.. code-block:: shell

   true

.. output

.. code-block:: yaml

   seen: here

* An item::

     literal

  .. code-block:: yaml

     c: 3
.. code-block:: text

   last
"""

MARKDOWN = """\
# Title

<!-- run: lab -->
```yaml
# templates/own.yml.j2
a: 1
```

<!-- not run: it cannot -->
```shell
true
```
<!-- output -->
```yaml
seen: here
```
```
nothing said
```
"""

FOUND = {
    "page.rst": [
        (6, "yaml", "# group_vars/all.yml\na: 1\n\nb: 2\n", "", "group_vars/all.yml"),
        (18, "shell", "true\n", "it cannot", None),
        (24, "text", "seen: here\n", "", None),
        (32, "yaml", "c: 3\n", "", None),
        (35, "text", "last\n", "", None),
    ],
    "page.md": [
        (4, "yaml", "# templates/own.yml.j2\na: 1\n", "", "templates/own.yml.j2"),
        (10, "shell", "true\n", "it cannot", None),
        (14, "text", "seen: here\n", "", None),
        (17, "", "nothing said\n", "", None),
    ],
}


@pytest.mark.parametrize(("name", "text"), [("page.rst", RST), ("page.md", MARKDOWN)])
def test_examples_are_found(name: str, text: str, tmp_path: Path) -> None:
    page = tmp_path / name
    page.write_text(text, encoding="utf-8")
    found = [(b.line, b.language, b.text, b.not_run, b.file_name) for b in blocks(page)]
    assert found == FOUND[name]
    assert is_run(page)
    page.write_text(text.replace("run: lab", "walk: lab"), encoding="utf-8")
    assert not is_run(page)
