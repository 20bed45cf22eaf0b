# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release script, in a clone that nobody needs: what it refuses, and what it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
VERSION = "1.0.0"


class Clone:
    """A repository of its own with the project's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        subprocess.run([str(ROOT / "tests" / "tools" / "copy-files.sh"), str(path)], check=True)
        (path / ".venv").symlink_to(Path(sys.executable).parents[1])
        (path / ".git").unlink(missing_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write("galaxy.yml", self.read("galaxy.yml").replace(f"version: {self.version}", f"version: {VERSION}"))
        self.write("changelogs/changelog.yaml", yaml.safe_dump({"ancestor": None, "releases": {VERSION: {}}}))
        self.write("CHANGELOG.md", f"# Release Notes\n\n## v{VERSION}\n")
        for fragment in (path / "changelogs" / "fragments").iterdir():
            fragment.unlink()
        self.commit()

    @property
    def version(self) -> str:
        """Return the version in galaxy.yml."""
        return str(yaml.safe_load(self.read("galaxy.yml"))["version"])

    def git(self, *arguments: str) -> None:
        """Run git."""
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *who, *arguments], cwd=self.path, check=True)  # noqa: S607 - the git of the path

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return (self.path / name).read_text(encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        """Write the text of a file."""
        (self.path / name).write_text(text, encoding="utf-8")

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Release")

    def release(self, tests: str = "true") -> subprocess.CompletedProcess[str]:
        """Run the release script with another command than `make test`."""
        return subprocess.run(
            [str(self.path / "tests" / "tools" / "release.sh")],
            env={**os.environ, "RELEASE_TESTS": tests},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone from which a release can be made."""
    return Clone(tmp_path / "mail")


def no_release_version(clone: Clone) -> None:
    clone.write("galaxy.yml", clone.read("galaxy.yml").replace(f"version: {VERSION}", f"version: {VERSION}-dev0"))
    clone.commit()


def dirty(clone: Clone) -> None:
    clone.write("README.md", "changed")


def unknown_file(clone: Clone) -> None:
    clone.write("notes.txt", "mine")


def tagged(clone: Clone) -> None:
    clone.git("tag", VERSION)


def not_in_the_changelog(clone: Clone) -> None:
    clone.write("changelogs/changelog.yaml", yaml.safe_dump({"ancestor": None, "releases": {"0.9.0": {}}}))
    clone.commit()


def not_in_the_notes(clone: Clone) -> None:
    clone.write("CHANGELOG.md", "# Release Notes\n\n## v1.0.01\n")
    clone.commit()


def fragments(clone: Clone) -> None:
    clone.write("changelogs/fragments/new.yml", "minor_changes: [Something new.]\n")
    clone.commit()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (no_release_version, "version 1.0.0-dev0 in galaxy.yml is none of a release"),
        (dirty, "the tree is not clean"),
        (unknown_file, "the tree is not clean"),
        (tagged, "there is a tag 1.0.0 already"),
        (not_in_the_changelog, "version 1.0.0 is not in changelogs/changelog.yaml"),
        (not_in_the_notes, "version 1.0.0 is not in CHANGELOG.md"),
        (fragments, "changelog fragments that belong to no release"),
    ],
)
def test_it_refuses(clone: Clone, spoil: Callable[[Clone], None], says: str) -> None:
    spoil(clone)
    done = clone.release()
    assert done.returncode == 1
    assert done.stderr.startswith("No release: "), done.stderr
    assert says in done.stderr
    assert not (clone.path / "build").exists()


def test_it_refuses_when_the_tests_fail(clone: Clone) -> None:
    done = clone.release(tests="false")
    assert (done.returncode, done.stderr) == (1, "No release: the tests fail.\n")
    assert not (clone.path / "build").exists()


def test_it_refuses_when_the_tests_change_the_tree(clone: Clone) -> None:
    done = clone.release(tests="touch new.txt")
    assert (done.returncode, done.stderr) == (1, "No release: the tree changed while the tests ran.\n")


def test_it_builds_and_publishes_nothing(clone: Clone) -> None:
    done = clone.release()
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (clone.path / "build").iterdir()] == [f"opendomino-mail-{VERSION}.tar.gz"]
    assert "Nothing was published." in done.stdout
    tags = subprocess.run(["git", "tag"], cwd=clone.path, capture_output=True, text=True, check=True)  # noqa: S607
    assert tags.stdout == ""
