# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium that opens reports, and says what it asked for and complained about."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / ".cache" / "browser"
AXE = ROOT / ".cache" / "axe" / "axe_playwright_python" / "axe.min.js"
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


class Browser:
    """One window. `open` shows a folder's page; afterwards `requests` and `complaints` tell what it did."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False, medium: str = "") -> None:
        """Open a page in a window of a size, in a colour scheme."""
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", media=medium, features=[scheme])
        self.driver.get(page.as_uri())

    def cdp(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command of the Chrome DevTools Protocol."""
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(command, arguments)
        return answer

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the page was opened."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Return what the console says: errors of scripts, and what the page's policy did not let in."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def keep(self, name: str) -> Path:
        """Keep a picture of the whole page as an artifact of the test run."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        height = min(int(size["height"]), 4000)
        area = {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=area)
        path = SCREENSHOTS / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def violations(self) -> list[Mapping[str, Any]]:
        """Return what axe-core finds not accessible."""
        # The page's policy lets no script in; the protocol of the browser does.
        self.cdp("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        answer = self.cdp(
            "Runtime.evaluate",
            expression="axe.run().then(found => JSON.stringify(found.violations))",
            awaitPromise=True,
            returnByValue=True,
        )
        found: list[Mapping[str, Any]] = json.loads(answer["result"]["value"])
        return found


@contextmanager
def started(profile: Path) -> Iterator[Browser]:
    """Give a browser with a profile of its own, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Yield one browser for all tests."""
    with started(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
