# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the program is that Ansible sends to a host to start a module (AnsiballZ)."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from .fleet import ROOT

#: The modules that the roles start on a host, and those for which something was done.
MODULES = (
    "opendomino.mail.notes_ini",
    "opendomino.mail.server_tasks",
    "opendomino.mail.console",
    "opendomino.mail.smtp_probe",
    "opendomino.mail.directory_documents",
)


class Payload(NamedTuple):
    """What is sent."""

    kilobytes: float
    files: int


def size_of(module: str) -> Payload:
    """Return what Ansible sends for a module; it is told to leave it there, and it is not started with success."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as made:
        command = [str(Path(sys.executable).parent / "ansible"), "all", "-i", "host,", "-c", "local", "-m", module]
        variables = f"ansible_remote_tmp={made} ansible_python_interpreter={sys.executable}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
            "ANSIBLE_KEEP_REMOTE_FILES": "true",
        }
        done = subprocess.run(
            [*command, "-e", variables, "-e", "running=stopped"], env=environment, capture_output=True, check=False
        )
        sent = list(Path(made).rglob("AnsiballZ_*.py"))
        assert len(sent) == 1, done.stdout + done.stderr
        content = sent[0].read_bytes()
    archives = [
        zipfile.ZipFile(io.BytesIO(base64.b64decode(found)))
        for found in re.findall(rb"[\"'](UEsD[A-Za-z0-9+/=\s\\]{100,})[\"']", content)
    ]
    assert len(archives) == 1, f"{module}: {len(archives)} archives"
    return Payload(len(content) / 1024, len(archives[0].namelist()))
