# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEAD = """\
..
  Copyright (c) 2026, opendomino.mail contributors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Made by make bench or make bench-full; do not edit.

.. _ansible_collections.opendomino.mail.docsite.figures:

Figures
=======

What was measured last, and against what. Each ratio is of two things that the same machine did one after the other, so
that it means something on another machine, too; the median of the rounds stands first, the lowest and the highest of
them in brackets. :ref:`Large fleets <ansible_collections.opendomino.mail.docsite.guide_scale>` says what they mean.

.. contents::
   :local:
   :depth: 1
"""
TITLES = {
    "runs": "A run that changes nothing, and the first one",
    "stock": "The usual way",
    "growth": "Growth",
    "modules": "One module",
    "payloads": "What is sent to start a module",
    "documents": "Directory",
    "dns": "DNS",
    "addresses": "Internet addresses",
}


def page(measured: Mapping[str, Any], order: Sequence[str]) -> str:
    """Return the page about all that was measured."""
    parts = [HEAD]
    for name in order:
        if name in measured:
            figures, about = measured[name]["figures"], measured[name]["about"]
            parts.append("\n".join(_section(TITLES[name], figures, about)))
    return "\n".join(parts)


def _section(title: str, figures: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> Iterator[str]:
    yield from (title, "-" * len(title), "")
    yield (
        f"{about['date']}, {about['cores']} cores, load {about['load']:.1f} at the start, Python {about['python']}, "
        f"ansible-core {about['ansible_core']}, {about['forks']} forks, {about['rounds']} rounds."
    )
    yield ""
    yield from _table(("Subject", "Peer", "Unit", "Subject", "Peer", "Ratio", "Wanted"), [_row(one) for one in figures])
    for one in figures[:1]:
        yield from _modules(one)
        yield from _sizes(one)


def _row(figure: Mapping[str, Any]) -> tuple[str, ...]:
    ratio = f"{figure['ratio']:.2f}"
    if len(figure["subjects"]) > 1:
        ratio += f" ({figure['ratio_lowest']:.2f} to {figure['ratio_highest']:.2f})"
    wanted = ""
    if figure["limit"] is not None:
        wanted = f"{figure['sense']} {figure['limit']:g}: {'yes' if figure['as_wanted'] else '**no**'}"
    median = (f"{figure['subject_median']:.3g}", f"{figure['peer_median']:.3g}")
    return (figure["subject"], figure["peer"], figure["unit"], *median, ratio, wanted)


def _modules(figure: Mapping[str, Any]) -> Iterator[str]:
    if "modules" in figure:
        if figure["modules"]:
            yield "Tasks of that run that start a module, and on how many hosts:"
            yield ""
            yield from _table(("Task", "Hosts"), [(task, str(count)) for task, count in figure["modules"].items()])
        else:
            yield from ("No task of that run starts a module.", "")
        yield "The tasks that take most of the controller's processor time:"
        yield ""
        tasks = sorted(figure["tasks"], key=lambda task: -task["per_host"])[:12]
        rows = [(_task(task), task["action"], f"{task['per_host'] * 1000:.0f}") for task in tasks]
        yield from _table(("Task", "Action", "ms a host"), rows)


def _task(task: Mapping[str, Any]) -> str:
    """Return the name of a task with that of its role, both short."""
    return ": ".join(part for part in (task["role"].rpartition(".")[2], task["name"].rpartition(" : ")[2]) if part)


def _sizes(figure: Mapping[str, Any]) -> Iterator[str]:
    if "sizes" in figure:
        columns = zip(figure["sizes"], figure["seconds"], figure["processor"], figure["megabytes"], strict=True)
        rows = [(str(size), f"{wall:.0f}", f"{cpu:.0f}", f"{mb:.0f}") for size, wall, cpu, mb in columns]
        yield from _table(("Hosts", "Seconds", "Seconds of the processor", "MB of the largest process"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a simple table of reStructuredText."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    rule = "  ".join("=" * width for width in widths)
    yield rule
    yield "  ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True)).rstrip()
    yield rule
    for row in rows:
        # An empty first cell would continue the row before; there is none.
        yield "  ".join((cell or "\\").ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from (rule, "")
