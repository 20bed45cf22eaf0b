# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give Postfix a message: mail_send.py --from ADDRESS --to ADDRESS --subject TEXT."""

from __future__ import annotations

import argparse
import subprocess
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--from", required=True, dest="sender")
parser.add_argument("--to", required=True)
parser.add_argument("--subject", required=True)
given = parser.parse_args()
message = EmailMessage()
message["From"], message["To"], message["Subject"] = given.sender, given.to, given.subject
message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="mx.invalid")
message.set_content("Hello!\n")
subprocess.run(["/usr/sbin/sendmail", "-i", "-f", given.sender, "--", given.to], input=message.as_bytes(), check=True)
