# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a browser: it is seen, it can be used by all, it asks for nothing, and nothing in it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from mail_reports import HOSTILE, finding, fleet, host, hostile, unreachable, verified

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report import engine
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_report.model import REVIEW, VERIFICATION

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Browser

RELAY = finding(2, "relay_open", "required", "The server relays for strangers.", remedy="Close it now.")
PAGES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "review": ([host(1, administration=True), host(2), host(3), unreachable(4)], REVIEW),
    "verification": ([verified(1), verified(2, RELAY), unreachable(3)], VERIFICATION),
    "fleet": (fleet(60), REVIEW),
    "large": (fleet(500), REVIEW),
    "hostile": (hostile(), REVIEW),
    "nothing": ([], REVIEW),
}
DEADLINE = 60.0


def write(directory: Path, name: str) -> Path:
    """Write the page of one of PAGES."""
    results, kind = PAGES[name]
    page = directory / f"{name}.html"
    page.write_bytes(engine.render(results, kind=kind, time=HOSTILE if name == "hostile" else "").files["index.html"])
    return page


def shown(browser: Browser) -> int:
    """Return how many hosts are to be seen."""
    return int(browser.run("return document.querySelectorAll('details.host:not([hidden])').length"))


def wait(browser: Browser, hosts: int) -> None:
    """Wait until so many hosts are to be seen, and the page says so."""
    deadline = time.monotonic() + DEADLINE
    while shown(browser) != hosts and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shown(browser) == hosts
    assert browser.run("return document.getElementById('count').textContent").startswith(f"{hosts} of ")


def look_for(browser: Browser, words: str) -> None:
    """Type something into the search field."""
    field = browser.driver.find_element("id", "search")
    field.clear()
    field.send_keys(words or " ")


# axe-core needs minutes for five hundred hosts, and sixty are made of the same.
@pytest.mark.parametrize("name", [name for name in PAGES if name != "large"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_seen_and_accessible_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, name: str, dark: bool
) -> None:
    page = write(tmp_path, name)
    browser.open(page, dark=dark)
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []
    browser.keep(f"{name}-{'dark' if dark else 'light'}")
    found = browser.violations()
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
    if name != "nothing":
        box = browser.run(
            "const b = document.querySelector('.flow svg').getBoundingClientRect(); return [b.width, b.height]"
        )
        assert box[0] > 700
        assert box[1] > 100


@pytest.mark.parametrize("name", ["review", "verification"])
def test_the_page_fits_a_narrow_window_and_paper(browser: Browser, tmp_path: Path, name: str) -> None:
    page = write(tmp_path, name)
    browser.open(page, width=390, height=800)
    assert browser.run("return document.documentElement.scrollWidth") <= 390
    browser.keep(f"{name}-narrow")
    assert browser.violations() == []
    browser.open(page, medium="print")
    browser.keep(f"{name}-print")
    hidden = "return [...document.querySelectorAll('.tools, .skip')].every(e => getComputedStyle(e).display === 'none')"
    assert browser.run(hidden)
    # What is folded is printed all the same.
    folded = "[...document.querySelectorAll('details:not([open]) > ul')]"
    assert browser.run(f"return {folded}.every(e => e.getBoundingClientRect().height > 0)")


def test_nothing_hostile_runs(browser: Browser, tmp_path: Path) -> None:
    page = write(tmp_path, "hostile")
    browser.open(page)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.run("return window.hacked === undefined && document.images.length === 0")
    assert browser.run("return document.scripts.length") == 1
    assert browser.requests() == [page.as_uri()]
    # The policy is in force: what is put into the page later does not run either.
    browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.late = 1'; document.body.append(s)"
    )
    assert browser.run("return window.late === undefined")


def test_five_hundred_hosts_can_be_searched_and_filtered(browser: Browser, tmp_path: Path) -> None:
    browser.open(write(tmp_path, "large"))
    wait(browser, 500)
    look_for(browser, "MAIL123 listener")
    wait(browser, 1)
    look_for(browser, "nothing has this")
    wait(browser, 0)
    look_for(browser, "")
    wait(browser, 500)
    browser.driver.find_element("css selector", "#state option[value=unreachable]").click()
    wait(browser, 5)
    browser.driver.find_element("css selector", "#state option[value='']").click()
    browser.driver.find_element("css selector", "#kind option[value=console]").click()
    wait(browser, 495)
    browser.driver.find_element("id", "unfold").click()
    assert browser.run("return document.querySelectorAll('details.host[open]').length") == 495
    browser.driver.find_element("id", "fold").click()
    assert browser.run("return document.querySelectorAll('details.host[open]').length") == 0


def test_the_keyboard_is_enough(browser: Browser, tmp_path: Path) -> None:
    browser.open(write(tmp_path, "review"))
    keys = "\ue004"  # Tab
    browser.driver.find_element("tag name", "body").send_keys(keys)
    assert browser.run("return document.activeElement.className") == "skip"
    summary = browser.driver.find_element("css selector", "details.host > summary")
    before = browser.run("return document.querySelector('details.host').open")
    summary.send_keys("\ue007")  # Enter
    assert browser.run("return document.querySelector('details.host').open") is not before
    assert browser.run("return document.querySelectorAll('a[href^=\"#evidence-\"]').length") > 0
    assert browser.run(
        "return [...document.querySelectorAll('a')].every("
        "a => document.getElementById(a.getAttribute('href').slice(1)) !== null)"
    )
