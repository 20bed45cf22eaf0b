# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the report of 500 hosts takes to be made, to be loaded by a browser, and to be searched. See README.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / place) for place in (".collections", "tests/support", "tests/browser")]

from conftest import Browser, started  # noqa: E402
from mail_reports import fleet  # noqa: E402

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import engine  # noqa: E402

LOADED = "const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd"
SEARCHED = """
const field = document.getElementById('search'), began = performance.now(), done = arguments[0];
field.value = 'mail123 listener';
field.dispatchEvent(new Event('input'));
(function look() {
  if (document.querySelectorAll('details.host:not([hidden])').length === 1) { done(performance.now() - began); }
  else { setTimeout(look, 1); }
}());
"""
WANTED = 2000  # milliseconds until the page is loaded


def measure(browser: Browser, page: Path) -> tuple[float, float]:
    """Return milliseconds until the page is loaded, and until a search shows what it found."""
    browser.open(page)
    return float(browser.run(LOADED)), float(browser.driver.execute_async_script(SEARCHED))


def main() -> int:
    """Print the figures; return 0 if the page is loaded in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    results = fleet(given.hosts)
    began = time.monotonic()
    files = engine.render(results).files
    figures = {"hosts": given.hosts, "made_ms": round((time.monotonic() - began) * 1000)}
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "index.html"
        page.write_bytes(files["index.html"])
        with started(Path(scratch) / "profile") as browser:
            measure(browser, page)  # not counted
            rounds = [measure(browser, page) for _round in range(given.rounds)]
    figures |= {
        "page_bytes": len(files["index.html"]),
        "loaded_ms": round(min(loaded for loaded, _searched in rounds)),
        "searched_ms": round(min(searched for _loaded, searched in rounds)),
    }
    print(json.dumps(figures))
    return int(figures["loaded_ms"] >= WANTED)


if __name__ == "__main__":
    sys.exit(main())
