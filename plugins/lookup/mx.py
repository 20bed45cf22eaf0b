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
extends_documentation_fragment:
  - opendomino.mail._dns
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
  full:
    description:
      - Whether to return RV(_list[].dns) as well, with everything that was asked for a domain, and what was answered.
    type: bool
    default: false
  search:
    description:
      - Domains to put behind names of one label, such as V(mail), as the C(search) line of a resolver configuration
        does. They are tried in this order, then the name alone; the first that exists is the one.
      - Names with a dot in them, a final one included, are never completed.
    type: list
    elements: string
    default: []
    env:
      - name: OPENDOMINO_MAIL_DNS_SEARCH
    ini:
      - section: opendomino_mail
        key: dns_search
    vars:
      - name: opendomino_mail_dns_search
seealso:
  - plugin: opendomino.mail.mail_domain
    plugin_type: lookup
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

- name: Does DNSSEC prove who receives mail for a domain
  ansible.builtin.debug:
    msg: "{{ mx.dns | selectattr('type', 'eq', 'MX') | map(attribute='authenticated') | first }}"
  vars:
    mx: "{{ query('opendomino.mail.mx', 'example.com', full=true) | first }}"

- name: What a primary nameserver says that was changed a moment ago
  ansible.builtin.debug:
    msg: "{{ query('opendomino.mail.mx', 'example.com', nameservers=['192.0.2.53'], cache=false) | first }}"

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
      description:
        - The domain in the form that DNS has. Lower case, in ASCII, without final dot, and with the domain that
          O(search) added.
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
    dns:
      description: The questions asked for the domain, MX first, and their answers.
      returned: when O(full=true)
      type: list
      elements: dict
      contains:
        name:
          description: The name asked for.
          type: str
          sample: example.com
        type:
          description: The record type asked for.
          type: str
          sample: MX
        status:
          description: V(answer), or one of the values of RV(_list[].reason).
          type: str
          sample: answer
        rcode:
          description: The return code of the last reply, or C(null) where none came.
          type: str
          sample: NOERROR
        authenticated:
          description:
            - Whether the nameserver says that DNSSEC proves the answer (the AD flag). This is worth as much as the
              nameserver and the way to it; ask a validating resolver on the same machine or network.
          type: bool
          sample: true
        ttl:
          description:
            - For how many more seconds the answer holds, C(null) where there is none. For a negative answer this comes
              from the SOA record (RFC 2308), and is V(0) without one.
          type: int
          sample: 3600
        server:
          description: The nameserver that answered, or was asked last.
          type: str
          sample: 192.0.2.53
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.opendomino.mail.plugins.plugin_utils._answer_cache import cache_of_run
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import MailExchangers, find_first
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Resolver, require_dnspython, run
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver_options import (
    flattened,
    read_all,
    read_domain,
    resolver_settings,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._untrusted import untrusted


class LookupModule(LookupBase):
    """Finds the mail exchangers of domains."""

    def run(self, terms: Iterable[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return one dictionary per domain."""
        require_dnspython()
        self.set_options(var_options=variables, direct=kwargs)
        suffixes = read_all(read_domain, self.get_option("search"))
        names = read_all(lambda term: _candidates(term, suffixes), flattened(terms))
        settings = resolver_settings(self.get_option)
        addresses = bool(self.get_option("addresses"))
        cached = bool(self.get_option("cache"))

        async def find_all() -> list[MailExchangers]:
            with cache_of_run(settings, use=cached) as cache:
                resolver = await Resolver.create(settings, cache)
                return list(await asyncio.gather(*(find_first(resolver.ask, n, addresses=addresses) for n in names)))

        found = run(find_all)
        failures = dict.fromkeys(result.failure.text for result in found if result.failure)
        if failures and self.get_option("on_error") == "fail":
            raise AnsibleLookupError("Mail exchangers cannot be found. " + " ".join(failures))
        return [untrusted(result.as_dict(full=bool(self.get_option("full")))) for result in found]


def _candidates(term: object, suffixes: list[str]) -> list[str]:
    """Return the domains that a term may mean; raises ValueError."""
    domain = read_domain(term)
    is_complete = "." in domain or str(term).endswith(".")
    return [domain] if is_complete else [*(f"{domain}.{suffix}" for suffix in suffixes), domain]
