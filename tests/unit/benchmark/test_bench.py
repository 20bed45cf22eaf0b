# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks measure what they say, on a small scale; nothing is said about how long anything takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docutils.core
import docutils.utils
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def bench() -> Iterator[Any]:
    """Yield the package, which lies beside its data and is installed nowhere."""
    sys.path.insert(0, str(ROOT / "tests" / "benchmark"))
    import bench.directory
    import bench.figures
    import bench.table

    yield bench
    sys.path.remove(str(ROOT / "tests" / "benchmark"))


def _figure(bench: Any, **more: Any) -> Any:
    given = {"subjects": (2.0, 9.0, 4.0), "peers": (1.0, 3.0, 4.0), "limit": 2.0, **more}
    return bench.measuring.Figure("name", "ours", "theirs", "s", **given)


def test_a_ratio_is_the_median_of_the_rounds(bench: Any) -> None:
    figure = _figure(bench)
    assert figure.ratios == (2.0, 3.0, 1.0)
    assert figure.ratio == 2.0
    assert figure.is_as_wanted
    assert not _figure(bench, limit=1.9).is_as_wanted
    assert _figure(bench, limit=2.1, sense=bench.measuring.AT_LEAST).is_as_wanted is False
    assert _figure(bench, limit=None).is_as_wanted is None


def test_works_are_done_in_turn(bench: Any) -> None:
    done: list[str] = []

    def work(name: str) -> Any:
        def once() -> Any:
            done.append(name)
            return bench.measuring.Sample(float(len(done)))

        return once

    ours, theirs = bench.measuring.in_turn(2, work("ours"), work("theirs"))
    assert done == ["ours", "theirs", "ours", "theirs"]
    assert [sample.seconds for sample in ours + theirs] == [1.0, 3.0, 2.0, 4.0]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_growth_is_the_exponent(bench: Any, power: float) -> None:
    sizes = [10.0, 50.0, 200.0]
    assert bench.measuring.exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_the_page_is_restructuredtext(bench: Any) -> None:
    about = {
        "date": "2026-11-25",
        "cores": 2,
        "load": 0.3,
        "python": "3.12.1",
        "ansible_core": "2.19",
        "forks": 10,
        "rounds": 3,
    }
    cost = {"name": "role : This is so", "action": "ansible.builtin.assert", "role": "role", "per_host": 0.0389}
    more = {"modules": {"role: This is so": 3}, "tasks": [cost]}
    runs = [_figure(bench, more=more).as_json(), _figure(bench, limit=None).as_json()]
    sizes = {"sizes": [1, 2], "seconds": [1.5, 2.5], "processor": [1.0, 2.0], "megabytes": [60.0, 61.0]}
    growth = [_figure(bench, subjects=(1.2,), peers=(1.0,), limit=1.05, more=sizes).as_json()]
    text = bench.table.page(
        {"growth": {"about": about, "figures": growth}, "runs": {"about": about, "figures": runs}},
        list(bench.figures.ALL),
    )
    settings = {"report_level": 2, "halt_level": 2, "file_insertion_enabled": False}
    # What Sphinx adds to reStructuredText is not known to docutils.
    html = docutils.core.publish_string(text.replace(":ref:", ""), writer="html5", settings_overrides=settings)
    assert text.index("A run that changes nothing") < text.index("Growth")
    for shown in (b"2.00 (1.00 to 3.00)", b"at most 2: yes", b"at most 1.05: <strong>no</strong>", b"<td>39</td>"):
        assert shown in html.replace(b"<p>", b"").replace(b"</p>", b"")


def test_documents_are_changed_by_the_module_and_by_its_peer(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.directory, "SERVERS", 2)
    monkeypatch.setattr(bench.directory, "CONFIGURATIONS", 2)
    nothing, changed = bench.directory.measure(12, rounds=1)
    assert all(seconds > 0 for times in (*nothing, *changed) for seconds in times)


def test_a_payload_is_what_ansible_sends(bench: Any) -> None:
    ping = bench.payload.size_of("ansible.builtin.ping")
    ours = bench.payload.size_of("opendomino.mail.server_tasks")
    assert ours.files > ping.files > 1
    assert ours.kilobytes > ping.kilobytes > 1


def test_hosts_share_sites(bench: Any) -> None:
    text = yaml.safe_dump(bench.fleet.topology(7))
    assert text.count("name: site01.example.com") == 6  # five hosts, and SPF
    assert "site02.example.com" in text
    assert "site03.example.com" not in text
