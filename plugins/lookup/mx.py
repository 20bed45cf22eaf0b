# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mx
short_description: Find the mail exchangers of domains
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Asks DNS which hosts receive mail for one or many domains, all at the same time, and returns one dictionary per
    domain, in the order given.
  - Follows the rules that senders follow. Without an MX record the host of the same name receives the mail
    (implicit MX, RFC 5321 section 5.1); a null MX says that the domain receives none (RFC 7505).
  - Runs where Ansible runs, as all lookups do. What a managed host itself can resolve and reach is shown by
    M(opendomino.mail.smtp_probe).
  - Only DNS is asked, not the hosts file. Names are absolute; search domains are not used.
requirements:
  - dnspython >= 2.4 on the controller
options:
  _terms:
    description:
      - Domains, without C(@). Internationalized domain names may be written in Unicode or in ASCII (C(xn--...)).
      - What is not a domain name is an error whatever O(on_error) says.
    type: list
    elements: string
    required: true
  addresses:
    description:
      - Whether to look up the A and AAAA records of the mail exchangers.
      - When V(false), RV(_list[].addresses) is empty except for an implicit MX, and an MX record that names an alias or
        an unresolvable host is not noticed.
    type: bool
    default: true
  on_error:
    description:
      - What to do when nothing can be said about a domain. It does not exist (NXDOMAIN), it has neither MX nor address
        records, or its nameservers fail (SERVFAIL), refuse (REFUSED), or do not answer in time.
      - V(fail) fails, with one message for all domains concerned.
      - V(return) returns the domain with RV(_list[].status=error), RV(_list[].reason) and RV(_list[].error).
      - A null MX and MX records with a problem are answers, not errors.
    type: string
    choices: [fail, return]
    default: fail
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
seealso:
  - module: opendomino.mail.smtp_probe
  - name: RFC 5321 section 5.1
    description: Locating the target host.
    link: https://www.rfc-editor.org/rfc/rfc5321#section-5.1
  - name: RFC 7505
    description: A null MX for domains that accept no mail.
    link: https://www.rfc-editor.org/rfc/rfc7505
  - name: RFC 2181 section 10.3
    description: An MX record must not name an alias.
    link: https://www.rfc-editor.org/rfc/rfc2181#section-10.3
"""

EXAMPLES = r"""
- name: Show who receives mail for a domain
  ansible.builtin.debug:
    msg: "{{ query('opendomino.mail.mx', 'example.com') | first }}"

- name: Example.com receives its mail at this host
  ansible.builtin.assert:
    that:
      - mx.names | first == 'mail01.example.com'
      - mx.problems == []
    fail_msg: "{{ mx.problems | join(' ') or 'The first mail exchanger is ' ~ (mx.names | first | default('none')) }}"
  vars:
    mx: "{{ query('opendomino.mail.mx', 'example.com') | first }}"

- name: All addresses that receive mail for some domains, asked of two nameservers at once
  ansible.builtin.set_fact:
    exchanger_addresses: >-
      {{ query('opendomino.mail.mx', 'example.com', 'example.org', nameservers=['192.0.2.53', '2001:db8::53'])
         | map(attribute='addresses') | flatten | unique }}

- name: Which of many domains do not receive mail, and why
  ansible.builtin.debug:
    msg: >-
      {{ query('opendomino.mail.mx', *domains, on_error='return')
         | rejectattr('error', 'none') | items2dict(key_name='domain', value_name='error') }}
"""

RETURN = r"""
_list:
  description: One dictionary per domain, in the order given.
  type: list
  elements: dict
  contains:
    domain:
      description: The domain in the form that DNS has. Lower case, in ASCII, without final dot.
      type: str
      sample: example.com
    status:
      description:
        - V(found) means that the domain has MX records.
        - V(implicit) means that it has none, and that the host of the same name receives its mail.
        - V(null_mx) means that it says that it receives no mail.
        - V(error) occurs only with O(on_error=return).
      type: str
      sample: found
    exchangers:
      description: The mail exchangers, by preference, then by name.
      type: list
      elements: dict
      contains:
        preference:
          description: The preference of the MX record, V(0) for an implicit MX. The lowest is tried first.
          type: int
          sample: 10
        name:
          description: The host name, in lower case and without final dot.
          type: str
          sample: mail01.example.com
        addresses:
          description: Its IPv4, then its IPv6 addresses.
          type: list
          elements: str
          sample: [192.0.2.11, "2001:db8::11"]
        problem:
          description:
            - What is wrong with the MX record, or C(null).
            - V(cname) means that it names an alias, V(address_literal) an IP address, V(unresolvable) a host without
              addresses.
            - V(null) means that a null MX stands beside other MX records.
            - V(incomplete) means that only the A or only the AAAA records could be looked up.
          type: str
          sample: cname
      sample:
        - preference: 10
          name: mail01.example.com
          addresses: [192.0.2.11]
          problem:
    names:
      description: The names of the mail exchangers, in the same order.
      type: list
      elements: str
      sample: [mail01.example.com]
    addresses:
      description: All addresses of all mail exchangers, each once, in the same order.
      type: list
      elements: str
      sample: [192.0.2.11]
    problems:
      description: One sentence or two for each mail exchanger with a problem. They say what is wrong and what to do.
      type: list
      elements: str
      sample:
        - "example.com: MX 10 mail01.example.com is an alias (CNAME) of host.example.com, and must not be one
          (RFC 2181 section 10.3). Name the host itself."
    error:
      description: What went wrong, who said so, and what to do; C(null) where nothing did.
      type: str
      sample: >-
        example.cmo: the domain does not exist (NXDOMAIN, 192.0.2.53 says so). Correct the name, or create it in DNS.
    reason:
      description:
        - The kind of error. One of V(nxdomain), V(nodata), V(servfail), V(refused), V(timeout), V(network),
          V(referral), V(malformed) and V(rcode), or C(null).
      type: str
      sample: nxdomain
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from ansible.errors import AnsibleLookupError, AnsibleOptionsError
from ansible.plugins.lookup import LookupBase

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import MailExchangers, domain_name, find
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import (
    Resolver,
    Settings,
    require_dnspython,
    run,
)


class LookupModule(LookupBase):
    """Finds the mail exchangers of domains."""

    def run(self, terms: Iterable[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return one dictionary per domain."""
        require_dnspython()
        self.set_options(var_options=variables, direct=kwargs)
        domains = _domains(terms)
        settings = self._settings()
        addresses = bool(self.get_option("addresses"))

        async def find_all() -> list[MailExchangers]:
            resolver = await Resolver.create(settings)
            return list(await asyncio.gather(*(find(resolver, domain, addresses=addresses) for domain in domains)))

        found = run(find_all)
        failures = dict.fromkeys(result.failure.text for result in found if result.failure)
        if failures and self.get_option("on_error") == "fail":
            raise AnsibleLookupError("Mail exchangers cannot be found. " + " ".join(failures))
        return [result.as_dict() for result in found]

    def _settings(self) -> Settings:
        settings = Settings(
            nameservers=tuple(self.get_option("nameservers")),
            port=self.get_option("port"),
            tcp=self.get_option("tcp"),
            timeout=self.get_option("timeout"),
            retries=self.get_option("retries"),
        )
        wrong = [
            text
            for is_wrong, text in (
                (not 1 <= settings.port <= 65535, f"port is {settings.port}, and ports are 1 to 65535."),
                (settings.timeout <= 0, f"timeout is {settings.timeout:g}, and must be more than 0 seconds."),
                (settings.retries < 0, f"retries is {settings.retries}, and must not be negative."),
            )
            if is_wrong
        ]
        if wrong:
            raise AnsibleOptionsError(" ".join(wrong))
        return settings


def _domains(terms: Iterable[Any]) -> list[str]:
    """Return the domains of the terms, each a name or a list of names; all that are none in one error."""
    flat = [value for term in terms for value in (term if isinstance(term, (list, tuple)) else [term])]
    read = [_domain(value) for value in flat]
    wrong = [complaint for _name, complaint in read if complaint]
    if wrong:
        raise AnsibleOptionsError(" ".join(wrong))
    return [name for name, _complaint in read]


def _domain(value: object) -> tuple[str, str]:
    """Return a domain, or what is wrong with it."""
    if not isinstance(value, str):
        return "", f"{value!r} is not a domain name, which is text, but of type {type(value).__name__}."
    try:
        return domain_name(value), ""
    except ValueError as exc:
        return "", str(exc)
