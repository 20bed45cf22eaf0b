# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Propose what recordings of real servers prove about the item catalogue, as a difference to be reviewed.

    python3 tests/tools/raise_evidence.py RECORDING... [--reference domino-items.yml] [--output proposed.yml]

Prints a unified difference of the catalogue's rows as they are and as they would be. Nothing is overwritten: with
--output, the proposed rows go into a new file, which make_catalogue.py reads after a person has reviewed it. Without
--reference the rows are those of the collection (plugins/module_utils/_directory/catalogue.py).

A row rises to `observed`, never higher, and only if all recordings that tell something agree. Where they contradict
what the row says, or each other, that is reported, and the row stays as it is.
"""

from __future__ import annotations

import argparse
import difflib
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PROJECT = Path(__file__).resolve().parents[2]
CATALOGUE = PROJECT / "plugins" / "module_utils" / "_directory" / "catalogue.py"
FORMAT, VERSION = "opendomino-mail-recording", 1
#: What rises; the others are as good as `observed`, or better.
WEAK = ("unknown", "unconfirmed", "likely")
OBSERVED = "observed"


def raised(
    rows: Sequence[Mapping[str, Any]], recordings: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Any], list[str]]:
    """Return the rows as recordings would have them, and what a person has to decide."""
    remarks: list[str] = []
    proposed = []
    for row in rows:
        found = {name: _found(row, recording) for name, recording in recordings.items()}
        proposed.append(_raised(row, {name: said for name, said in found.items() if said}, recordings, remarks))
    return proposed, remarks


def _found(row: Mapping[str, Any], recording: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a recording's design says of a row with certainty: one field stands with the label, word for word."""
    form = recording["parts"].get("design", {"forms": {}})["forms"].get(row["form"], {"proposals": ()})
    for proposal in form["proposals"]:
        if proposal["setting"] == row["setting"] and proposal["confidence"] == "exact" and proposal["item"]:
            return proposal
    return None


def _raised(
    row: Mapping[str, Any],
    found: Mapping[str, Mapping[str, Any]],
    recordings: Mapping[str, Mapping[str, Any]],
    remarks: list[str],
) -> Mapping[str, Any]:
    title = f"{row['form']}.{row['setting']}"
    items = {said["item"] for said in found.values()}
    if not found:
        return row
    if len(items) > 1:
        remarks.append(f"{title}: recordings disagree about the item ({', '.join(sorted(items))}).")
        return row
    (item,) = items
    if row["item"] and row["item"] != item:
        remarks.append(f"{title}: recorded as {item}, the catalogue says {row['item']} ({row['evidence']}).")
        return row
    values = dict(row["values"])
    for friendly, known in row["values"].items():
        stored = {said["values"].get(friendly) for said in found.values()} - {None}
        if len(stored) > 1 or (known is not None and stored - {str(known)}):
            remarks.append(f"{title}: the stored value of {friendly} is {', '.join(sorted(stored))}, not {known}.")
            return row
        values[friendly] = next(iter(stored), known)
    releases = sorted({recordings[name]["release"] or "of a release not seen" for name in found})
    source = f"recording, Domino {', '.join(releases)}"
    after = {**row, "item": item, "values": values}
    if row["evidence"] in WEAK:
        after["evidence"] = OBSERVED
    seen = bool(values) and all(_seen(friendly, found) for friendly in values)
    if seen and row.get("values_evidence") in WEAK:
        after.pop("values_evidence")
        if after["evidence"] not in (OBSERVED,):
            after["values_evidence"] = OBSERVED
    elif values and not seen and row["evidence"] in WEAK and "values_evidence" not in row:
        after["values_evidence"] = row["evidence"]
    if after != row:
        after["source"] = f"{row['source']}; {source}" if row["source"] else source
    return after


def _seen(friendly: str, found: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(said["values"].get(friendly) is not None for said in found.values())


def own_rows() -> list[dict[str, Any]]:
    """Return the collection's rows in the shape of the reference."""
    rows = []
    for entry in runpy.run_path(str(CATALOGUE))["ENTRIES"]:
        row = {**entry, "source": "; ".join(entry["sources"]) or None}
        del row["sources"]
        if row["default"] is None:
            del row["default"]
        if row["values_evidence"] == row["evidence"]:
            del row["values_evidence"]
        rows.append(row)
    return rows


def as_yaml(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as the reference writes them, one block each."""
    return "\n".join(yaml.safe_dump([dict(row)], sort_keys=False, allow_unicode=True, width=120) for row in rows)


def read(path: Path) -> Mapping[str, Any]:
    """Return a recording; ends the program where the file is none."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    except (OSError, yaml.YAMLError) as exc:
        sys.exit(f"{path} cannot be read: {exc}")
    if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
        sys.exit(f"{path} is no recording of version {VERSION}.")
    return data


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the difference; write the proposed rows where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING")
    parser.add_argument("--reference", type=Path, help="domino-items.yml to compare with")
    parser.add_argument("--output", type=Path, help="new file for the proposed rows; it must not exist")
    options = parser.parse_args(arguments)
    if options.output and options.output.exists():
        sys.exit(f"{options.output} exists. Nothing is overwritten; name a new file.")
    rows = yaml.safe_load(options.reference.read_text(encoding="utf-8")) if options.reference else own_rows()
    proposed, remarks = raised(rows, {str(path): read(path) for path in options.recordings})
    before, after = as_yaml(rows), as_yaml(proposed)
    name = str(options.reference or "catalogue")
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name}, proposed", lineterm="")
    print("\n".join(difference) or "Nothing to raise.")
    for remark in remarks:
        print(f"To be decided: {remark}", file=sys.stderr)
    if options.output:
        with options.output.open("x", encoding="utf-8") as file:
            file.write(after)


if __name__ == "__main__":
    main()
