# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_domain
short_description: Audit what DNS says about mail domains and their hosts
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Asks DNS for everything that receivers and senders of mail look at, for one or many domains at the same time, and
    returns all that is not as it should be, with the records that mend it.
  - Looks at MX, A, AAAA and PTR records, the names that hosts say in HELO, SPF (RFC 7208), DKIM keys (RFC 6376), DMARC
    with its tree walk (RFC 9989), MTA-STS with its policy (RFC 8461), TLS-RPT (RFC 8460), and DANE (RFC 7672).
  - What cannot be looked up is a finding of its own, V(lookup_failed), and never taken for a missing record.
  - Nothing is changed, neither in DNS nor on hosts.
  - Runs where Ansible runs, as all lookups do. Behind a split DNS give O(nameservers) that say what the Internet sees.
extends_documentation_fragment:
  - opendomino.mail._dns
options:
  _terms:
    description:
      - Domains, each a name or a dictionary. Internationalized domain names may be written in Unicode or in ASCII
        (C(xn--...)).
      - In a dictionary, C(domain) is the name.
      - C(hosts) are its mail hosts, each a name or a dictionary with C(name), C(addresses), C(helo), C(receives) and
        C(sends). C(name) is the host name in the Server document; C(addresses) are those it sends from, by default
        those in DNS; C(helo) is the name it says in HELO, by default C(name); C(receives) says whether the domain's MX
        records name it, and C(sends) whether SPF passes its addresses, both V(true) by default.
      - C(dkim_selectors) takes the place of O(dkim_selectors).
    type: list
    elements: raw
    required: true
  checks:
    description:
      - What to look at.
      - V(mx) looks at the MX records and their hosts; V(hosts) at the addresses of the given hosts, the names of these,
        and the name in HELO.
    type: list
    elements: string
    choices: [mx, hosts, spf, dkim, dmarc, mta_sts, tls_rpt, tlsa]
    default: [mx, hosts, spf, dkim, dmarc, mta_sts, tls_rpt, tlsa]
  dkim_selectors:
    description:
      - The DKIM selectors that mail of the domains is signed with. Without any, DKIM is not looked at, because DNS does
        not tell which selectors there are.
    type: list
    elements: string
    default: []
  probe:
    description:
      - Whether to connect to all addresses of the mail exchangers, to find those where nothing listens. Nothing
        is sent.
      - Many networks do not let port 25 out; every exchanger looks dead from there.
    type: bool
    default: false
  smtp_port:
    description: The port that O(probe) connects to.
    type: integer
    default: 25
  https_port:
    description: The port that MTA-STS policies are fetched from. Senders use 443.
    type: integer
    default: 443
  ca_path:
    description:
      - A file with further certificates to trust, in PEM, when MTA-STS policies are fetched. Senders trust the
        usual ones only.
    type: path
  network_timeout:
    description: Seconds for one connection of O(probe), and for one MTA-STS policy as a whole.
    type: float
    default: 10
seealso:
  - plugin: opendomino.mail.mx
    plugin_type: lookup
  - module: opendomino.mail.smtp_probe
  - name: RFC 7208
    description: SPF.
    link: https://www.rfc-editor.org/rfc/rfc7208
  - name: RFC 6376
    description: DKIM.
    link: https://www.rfc-editor.org/rfc/rfc6376
  - name: RFC 9989
    description: DMARC.
    link: https://www.rfc-editor.org/rfc/rfc9989
  - name: RFC 8461
    description: MTA-STS.
    link: https://www.rfc-editor.org/rfc/rfc8461
  - name: RFC 8460
    description: TLS-RPT.
    link: https://www.rfc-editor.org/rfc/rfc8460
  - name: RFC 7672
    description: DANE for SMTP.
    link: https://www.rfc-editor.org/rfc/rfc7672
"""

EXAMPLES = r"""
- name: What stands in the way of mail for a domain
  ansible.builtin.debug:
    msg: "{{ query('opendomino.mail.mail_domain', 'example.com') | map(attribute='findings') | flatten }}"

- name: The DNS of the domain and its hosts is right
  ansible.builtin.assert:
    that: audit.ok
    fail_msg: "{{ audit.findings | selectattr('severity', 'eq', 'required') | map(attribute='found') | join(' ') }}"
  vars:
    audit: >-
      {{ query('opendomino.mail.mail_domain',
               {'domain': 'example.com',
                'hosts': [{'name': 'mail01.example.com', 'addresses': ['192.0.2.11', '2001:db8::11']}],
                'dkim_selectors': ['mail2026']}) | first }}

- name: All records to publish for a fleet of domains, ready to paste
  ansible.builtin.copy:
    dest: records.txt
    content: |
      {% for finding in query('opendomino.mail.mail_domain', *domains) | map(attribute='findings') | flatten
         if finding.severity != 'info' %}
      ; {{ finding.found }}
      {{ finding.records | join('\n') }}
      {% endfor %}
    mode: "0644"
  delegate_to: localhost

- name: Nothing is called missing that could not be looked up
  ansible.builtin.assert:
    that: unanswered == []
  vars:
    unanswered: >-
      {{ query('opendomino.mail.mail_domain', 'example.com', 'example.org') | map(attribute='findings') | flatten
         | selectattr('id', 'eq', 'lookup_failed') }}
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
    ok:
      description: Whether there is no finding with the severity V(required).
      type: bool
      sample: false
    findings:
      description: All that is not as it should be, the gravest first.
      type: list
      elements: dict
      contains:
        id:
          description: The kind of finding; it does not change between releases.
          type: str
          sample: mx_alias
        check:
          description: The one of O(checks) that found it.
          type: str
          sample: mx
        severity:
          description:
            - V(required) means that mail is lost or refused, or that nobody can say; V(recommended) that it is worse
              off; V(info) that there is more to have.
          type: str
          sample: required
        domain:
          description: The domain.
          type: str
          sample: example.com
        host:
          description: The host concerned, or C(null).
          type: str
          sample: mail.example.com
        found:
          description: What was found.
          type: str
          sample: "example.com: MX 10 mail.example.com is an alias (CNAME) of mail01.example.com, and must not be one
            (RFC 2181 section 10.3)."
        wanted:
          description: What is wanted.
          type: str
          sample: An MX record that names a host with an address of its own.
        remedy:
          description: What to do.
          type: str
          sample: Name the host itself.
        records:
          description: The records to publish, as lines of a zone file. Long TXT records are split already.
          type: list
          elements: str
          sample: ["example.com. 3600 IN MX 10 mail01.example.com."]
        reason:
          description:
            - Of V(lookup_failed), what became of the question. One of V(servfail), V(refused), V(timeout), V(network),
              V(referral), V(malformed) and V(rcode). Otherwise C(null).
          type: str
          sample: servfail
    records:
      description: What was found in DNS, where it was looked for and is there.
      type: dict
      contains:
        mx:
          description: The MX records, each with C(preference), C(name) and C(addresses).
          type: list
          elements: dict
          sample: [{preference: 10, name: mail01.example.com, addresses: [192.0.2.11]}]
        hosts:
          description: The given hosts, each with C(name), C(addresses), and C(ptr) with the names of each address.
          type: list
          elements: dict
          sample: [{name: mail01.example.com, addresses: [192.0.2.11], ptr: {192.0.2.11: [mail01.example.com]}}]
        spf:
          description: The SPF record.
          type: str
          sample: v=spf1 mx -all
        spf_lookups:
          description: How many of the ten lookups it needs at most.
          type: int
          sample: 1
        spf_results:
          description: What it says about each address of the given hosts.
          type: dict
          sample: {192.0.2.11: pass}
        dkim:
          description: The key record of each selector, C(null) where there is not exactly one.
          type: dict
          sample: {mail2026: "v=DKIM1; k=rsa; p=MIIBIjANBg..."}
        dmarc:
          description: The name that the policy was found at (C(domain)), the C(record), and the C(policy) that follows.
          type: dict
          sample: {domain: example.com, record: v=DMARC1; p=reject, policy: reject}
        mta_sts:
          description: The C(record), and C(mode), C(max_age) and C(mx) of the policy.
          type: dict
          sample: {record: v=STSv1; id=1, mode: enforce, max_age: 604800, mx: [mail01.example.com]}
        tls_rpt:
          description: The TLS-RPT record.
          type: str
          sample: v=TLSRPTv1; rua=mailto:tls@example.com
        tlsa:
          description: The TLSA records of each mail exchanger that has some.
          type: dict
          sample: {mail01.example.com: [3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855]}
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from ansible.errors import AnsibleOptionsError
from ansible.plugins.lookup import LookupBase

from ansible_collections.opendomino.mail.plugins.plugin_utils._answer_cache import cache_of_run
from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_domain import Plan, audit, read_domain
from ansible_collections.opendomino.mail.plugins.plugin_utils._network import Network, NetworkSettings
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Resolver, require_dnspython, run
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver_options import (
    flattened,
    read_all,
    resolver_settings,
)
from ansible_collections.opendomino.mail.plugins.plugin_utils._untrusted import untrusted


class LookupModule(LookupBase):
    """Audits mail domains."""

    def run(self, terms: Iterable[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return one dictionary per domain."""
        require_dnspython()
        self.set_options(var_options=variables, direct=kwargs)
        selectors = self.get_option("dkim_selectors")
        domains = read_all(lambda term: read_domain(term, selectors), flattened(terms))
        settings = resolver_settings(self.get_option)
        network_settings = self._network_settings()
        plan = Plan(frozenset(self.get_option("checks")), bool(self.get_option("probe")))
        cached = bool(self.get_option("cache"))

        async def audit_all() -> list[dict[str, Any]]:
            with cache_of_run(settings, use=cached) as cache:
                resolver = await Resolver.create(settings, cache)
                network = Network(network_settings)
                return list(await asyncio.gather(*(audit(resolver.ask, network, d, plan) for d in domains)))

        return [untrusted(result) for result in run(audit_all)]

    def _network_settings(self) -> NetworkSettings:
        settings = NetworkSettings(
            https_port=self.get_option("https_port"),
            ca_path=self.get_option("ca_path") or "",
            smtp_port=self.get_option("smtp_port"),
            timeout=self.get_option("network_timeout"),
        )
        wrong = [
            f"{name} is {port}, and ports are 1 to 65535."
            for name, port in (("https_port", settings.https_port), ("smtp_port", settings.smtp_port))
            if not 1 <= port <= 65535
        ]
        if settings.timeout <= 0:
            wrong.append(f"network_timeout is {settings.timeout:g}, and must be more than 0 seconds.")
        try:
            if settings.ca_path:
                settings.context()
        except OSError as exc:
            wrong.append(f"ca_path {settings.ca_path!r} cannot be used ({exc.strerror or exc}).")
        if wrong:
            raise AnsibleOptionsError(" ".join(wrong))
        return settings
