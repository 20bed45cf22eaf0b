# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a message of a Maildir, waiting for it: mail_read.py --person ADDRESS --subject TEXT; exit code 1: not there."""

from __future__ import annotations

import argparse
import mailbox
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--person", required=True)
parser.add_argument("--subject", required=True)
parser.add_argument("--wait", type=float, default=60.0)
given = parser.parse_args()
maildir = Path("/home") / given.person.partition("@")[0] / "Maildir"
deadline = time.monotonic() + given.wait
while True:
    found = list(mailbox.Maildir(maildir, create=False)) if maildir.exists() else []
    for message in found:
        if message["Subject"] == given.subject:
            print(message.as_string())
            sys.exit(0)
    if time.monotonic() > deadline:
        sys.exit(f"{given.person} has {len(found)} messages, and none with the subject {given.subject}")
    time.sleep(0.2)
