# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure, and write figures as JSON and as the table of the documentation. See README.md in the folder above."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .figures import ALL, Extent
from .fleet import ROOT
from .table import page

SOME = {"rounds": 2, "hosts": 10, "stock_hosts": 5, "sizes": (5, 20), "documents": 400, "people": (1000, 4000)}
FULL = {
    "rounds": 3,
    "hosts": 50,
    "stock_hosts": 10,
    "sizes": (10, 50, 200),
    "documents": 1000,
    "people": (1000, 10_000, 100_000),
}


def main() -> int:
    """Measure what is asked for; the exit status does not depend on how fast it was."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all sizes, which takes an hour")
    parser.add_argument("--only", nargs="+", choices=list(ALL), default=list(ALL), help="these measurements")
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    parser.add_argument("--hosts", type=int, help="hosts of the first measurement, runs")
    parser.add_argument("--peers", type=Path, required=True, help="folder of the programs of the peers' environment")
    parser.add_argument("--forks", type=int, default=10)
    parser.add_argument("--json", type=Path, required=True, help="file of the figures; those not measured now stay")
    parser.add_argument("--rst", type=Path, required=True, help="file of the table")
    options = parser.parse_args()
    given = {name: value for name in ("rounds", "hosts") if (value := getattr(options, name))}
    chosen = {**(FULL if options.full else SOME), **given}
    extent = Extent(**chosen, forks=options.forks, peers=options.peers.absolute())
    kept: dict[str, Any] = json.loads(options.json.read_text(encoding="utf-8")) if options.json.exists() else {}
    for name in options.only:
        began, load = time.monotonic(), os.getloadavg()[0]
        print(f"{name} ...", flush=True)
        figures = [figure.as_json() for figure in ALL[name](extent)]
        for figure in figures:
            print(f"  {figure['subject']} : {figure['peer']} = {figure['ratio']:.2f} ({figure['unit']})", flush=True)
        kept[name] = {"about": {**about(extent), "load": load}, "figures": figures}
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    options.rst.write_text(page(kept, list(ALL)), encoding="utf-8")
    print(f"Figures: {options.json}. Table: {options.rst}.")
    return 0


def about(extent: Extent) -> dict[str, Any]:
    """Return what figures depend on."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "cores": os.cpu_count(),
        "forks": extent.forks,
        "rounds": extent.rounds,
    }


if __name__ == "__main__":
    assert (ROOT / ".collections").exists(), "make sets up .collections"
    sys.exit(main())
