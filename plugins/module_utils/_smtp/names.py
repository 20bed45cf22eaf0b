# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses of hosts, as SMTP and TLS write them."""

from __future__ import annotations

import ipaddress
import re

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")


def is_address(text: str) -> bool:
    """Say whether a host is given by its IP address."""
    try:
        ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    return True


def is_domain(text: str) -> bool:
    """Say whether a text is a host or domain name in ASCII, without a final dot."""
    return _DOMAIN.fullmatch(text) is not None and not is_address(text)


def address_literal(address: str) -> str:
    """Return an IP address as SMTP writes it in place of a host name (RFC 5321 section 4.1.3)."""
    plain = address.split("%", 1)[0]
    return f"[IPv6:{plain}]" if ipaddress.ip_address(plain).version == 6 else f"[{plain}]"
