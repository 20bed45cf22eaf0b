# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built, and installed from the tarball into an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Installation:
    """A directory of collections with this one only, and nothing of this checkout."""

    tarball: Path
    collections: Path
    home: Path

    @property
    def collection(self) -> Path:
        """Return where the collection is."""
        return self.collections / "ansible_collections" / "opendomino" / "mail"

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment in which Ansible finds this installation and no settings of anybody."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
        }

    def run(
        self, command: Sequence[str], cwd: Path, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, which has to go well; standard output and error come as one text."""
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Build the tarball and install it."""
    base = tmp_path_factory.mktemp("installation")
    subprocess.run([str(ROOT / "tests" / "tools" / "build.sh"), str(base)], check=True, stdout=subprocess.DEVNULL)
    (tarball,) = base.glob("*.tar.gz")
    made = Installation(tarball, base / "collections", base / "home")
    made.home.mkdir()
    install = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(made.collections), str(tarball)]
    made.run(install, base)
    return made
