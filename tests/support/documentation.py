# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation, as data.

The language of a block says what happens to it: `yaml` is checked, `shell` holds commands, everything in `OUTPUT` is
something to look at, and so is a block after the comment `output`. A YAML block that is a file begins with a comment
that names it: `# group_vars/domino.yml`.

A page with the comment `run: lab` is run in the lab: its files are written and its commands carried out, in order. A
block after the comment `not run: <reason>` is left out of that.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "docsite" / "rst"

CHECKED = "yaml"
COMMANDS = "shell"
OUTPUT = ("text", "diff", "console", "python")

_FILE = re.compile(r"# ([\w./-]+\.(?:ya?ml|j2))(?=\s)")
_COMMENT = r"(?:\.\.|<!--) {}(?P<rest>.*?)(?: -->)?$"
_RUN = re.compile(_COMMENT.format("run: lab"))
_NOT_RUN = re.compile(_COMMENT.format("not run: "))
_SHOWN = re.compile(_COMMENT.format("output"))
_DIRECTIVE = re.compile(r"(?P<indent> *)\.\. code-block::(?: (?P<language>\S+))?$")
_FENCE = re.compile(r"```(?P<language>\S*)$")


@dataclass(frozen=True)
class Block:
    """One example."""

    page: Path
    line: int
    language: str
    text: str
    #: why it is left out of a run; empty where it is not
    not_run: str

    @property
    def where(self) -> str:
        """Return page and line, for messages."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """Return the name of the file that this block is, if it says so."""
        found = _FILE.match(self.text) if self.language == CHECKED else None
        return found[1] if found else None


def pages() -> list[Path]:
    """Return all pages with examples: the guides, and the texts at the top of the project and of the lab."""
    return sorted([*GUIDES.glob("*.rst"), *ROOT.glob("*.md"), *(ROOT / "tests" / "lab").glob("*.md")])


def is_run(page: Path) -> bool:
    """Return whether the examples of a page are run in the lab."""
    return any(_RUN.match(line) for line in page.read_text(encoding="utf-8").splitlines())


def blocks(page: Path) -> Iterator[Block]:
    """Yield the examples of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    not_run = ""
    shown = False
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if left_out := _NOT_RUN.match(line):
            not_run = left_out["rest"]
            continue
        if _SHOWN.match(line):
            shown = True
            continue
        opened = _DIRECTIVE.match(line) if page.suffix == ".rst" else _FENCE.match(line)
        if not opened:
            # The comment goes with the block that follows it.
            not_run, shown = (not_run, shown) if not line.strip() else ("", False)
            continue
        start = number
        number = _end(lines, number, opened.groupdict().get("indent"))
        body = lines[start:number]
        while page.suffix == ".rst" and body and re.match(r" *:[a-z-]+:", body[0]):
            body = body[1:]
        text = textwrap.dedent("\n".join(body)).strip("\n") + "\n"
        yield Block(page, start, OUTPUT[0] if shown else opened["language"] or "", text, not_run)
        not_run, shown = "", False
        number += page.suffix == ".md"


def _end(lines: list[str], number: int, indent: str | None) -> int:
    """Return the line after the last one of a block."""
    while number < len(lines):
        line = lines[number]
        inside = line != "```" if indent is None else not line or line.startswith(indent + " ")
        if not inside:
            break
        number += 1
    return number
