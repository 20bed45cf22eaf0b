# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failure reports, in Domino's shape [11.2], and the Router's texts [11.3]."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import formatdate

NO_SUCH_USER = "User {} not listed in Domino Directory"
NOT_UNIQUE = "Recipient user name {} not unique.  Several matches found in Domino Directory."
NO_MAIL_FILE = "Recipient's Domino Directory entry does not specify a valid Notes mail file"
NO_ROUTE = (
    "No route found to domain {} from server {}.  Check Server, Connection and Domain documents"
    " in the Domino Directory."
)
NO_ROUTE_DNS = "No route found to domain {} from server {}.  Check DNS configuration."
DNS_UNAVAILABLE = "DNS is unavailable, message will be requeued."
ROUTE_TO_SELF = "Attempt made to transfer message to self via SMTP. Possible DNS configuration error."
CONNECT_FAILED = "Router: Failed to connect to SMTP host {} because {}"
TRANSFER = "Error transferring to {}; {}"
SMTP_PERMANENT = "SMTP Protocol Returned a Permanent Error {}"
SMTP_TRANSIENT = "SMTP Protocol Returned a Transient Error {}"
ROUTING_LOOP = "Maximum hop count exceeded.  Message probably in a routing loop."
DELIVER_LOOP = (
    "Maximum forwarding loop count exceeded.  Message probably in a forwarding loop."
    " Examine Forwarding Address of intended recipient in Domino Directory."
)


@dataclass(frozen=True)
class Failure:
    """Why a recipient does not get a message."""

    reason: str
    remote_host: str = ""  # the SMTP host that refused it


def failure_report(original: bytes, to: str, recipient: str, failure: Failure, host_name: str, domain: str) -> bytes:
    """Return the report about one recipient, with CRLF line ends."""
    reason = " ".join(failure.reason.splitlines())
    header, _blank, _body = original.partition(b"\r\n\r\n")
    subject = " ".join(str(BytesHeaderParser().parsebytes(header).get("Subject", "")).split())
    boundary = uuid.uuid4().hex
    status = [
        f"Reporting-MTA: dns;{host_name}",
        "",
        f"Final-Recipient: rfc822;{recipient}",
        "Action: failed",
        "Status: 5.0.0",
        *([f"Remote-MTA: smtp;{failure.remote_host}"] if failure.remote_host else []),
        f"Diagnostic-Code: X-Notes; {reason}",
    ]
    lines = [
        f"From: {f'Postmaster@{domain}' if domain else 'Postmaster'}",
        f"To: {to}",
        f"Subject: DELIVERY FAILURE: {reason}",
        f"Date: {formatdate(localtime=True)}",
        f"Message-ID: <{uuid.uuid4().hex}@{host_name or 'lab.invalid'}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Your message",
        "",
        f"  Subject: {subject}",
        "",
        "was not delivered to:",
        "",
        f"  {recipient}",
        "",
        "because:",
        "",
        f"  {reason}",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        *status,
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
    ]
    return "\r\n".join([*lines, ""]).encode() + header + f"\r\n\r\n--{boundary}--\r\n".encode()
