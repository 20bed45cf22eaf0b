# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lookups ask DNS."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._dns)."""

    DOCUMENTATION = r"""
requirements:
  - dnspython >= 2.4 on the controller
notes:
  - Only DNS is asked, not the hosts file, and by the machine that Ansible runs on.
options:
  nameservers:
    description:
      - Nameservers to ask, as IPv4 address, IPv6 address or name. A name is resolved by the system, and all of its
        addresses are used.
      - The default is those of the system's resolver configuration.
    type: list
    elements: string
    default: []
    env:
      - name: OPENDOMINO_MAIL_DNS_NAMESERVERS
    ini:
      - section: opendomino_mail
        key: dns_nameservers
    vars:
      - name: opendomino_mail_dns_nameservers
  port:
    description: The port of the nameservers.
    type: integer
    default: 53
    env:
      - name: OPENDOMINO_MAIL_DNS_PORT
    ini:
      - section: opendomino_mail
        key: dns_port
    vars:
      - name: opendomino_mail_dns_port
  tcp:
    description:
      - Whether to ask over TCP from the start.
      - When V(false), UDP is used, and TCP for answers that are too long for it.
    type: bool
    default: false
    env:
      - name: OPENDOMINO_MAIL_DNS_TCP
    ini:
      - section: opendomino_mail
        key: dns_tcp
    vars:
      - name: opendomino_mail_dns_tcp
  timeout:
    description: Seconds to wait for one answer of one nameserver.
    type: float
    default: 3
    env:
      - name: OPENDOMINO_MAIL_DNS_TIMEOUT
    ini:
      - section: opendomino_mail
        key: dns_timeout
    vars:
      - name: opendomino_mail_dns_timeout
  retries:
    description:
      - How often to ask again when a nameserver gave no answer that settles the question, each time the next one.
      - Every nameserver is asked at least once, whatever this number is.
    type: integer
    default: 2
    env:
      - name: OPENDOMINO_MAIL_DNS_RETRIES
    ini:
      - section: opendomino_mail
        key: dns_retries
    vars:
      - name: opendomino_mail_dns_retries
  concurrency:
    description: How many questions may be under way at a time.
    type: integer
    default: 200
    env:
      - name: OPENDOMINO_MAIL_DNS_CONCURRENCY
    ini:
      - section: opendomino_mail
        key: dns_concurrency
    vars:
      - name: opendomino_mail_dns_concurrency
  cache:
    description:
      - Whether an answer may come from earlier in the same Ansible run, and is kept for later, as long as its TTL
        allows. The answers are kept in the temporary directory of the run, for all hosts and tasks.
      - Failures are never kept. What is asked twice within one lookup is asked once, whatever this option says.
      - Set it to V(false) to see what the same run has just published.
    type: bool
    default: true
    env:
      - name: OPENDOMINO_MAIL_DNS_CACHE
    ini:
      - section: opendomino_mail
        key: dns_cache
    vars:
      - name: opendomino_mail_dns_cache
"""
