#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_probe
short_description: Look at SMTP servers from a host, without sending mail
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Holds one SMTP conversation with each of many servers, all at the same time, from the host that the module runs on.
    The host's own resolver finds the servers.
  - A conversation is greeting, C(EHLO), C(STARTTLS) where asked for, and for each recipient C(MAIL FROM), C(RCPT TO)
    and C(RSET), then C(QUIT). C(DATA) and C(AUTH) are never sent, so that no message can come of it and no account is
    tried.
  - What is wrong with TLS does not end the conversation. Handshake, chain, name and validity of the certificate are
    results of their own; after a handshake that failed, the rest is asked without TLS.
  - A server that does not resolve, does not answer, answers too slowly or answers nonsense is a result like others.
    Each conversation ends after O(timeout) seconds at the latest.
  - Nothing that a server sends reaches results as it is. Control characters, and characters that turn the direction of
    writing, are shown as escapes.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.info_module
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  platform:
    platforms: posix
    support: full
options:
  probes:
    description: The servers to look at, and what to expect of them.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The name or IP address of the server.
        type: str
        required: true
      port:
        description: The port of the server.
        type: int
        default: 25
      families:
        description:
          - The kinds of addresses to try, each in a conversation with a result of its own.
          - By default there is one conversation, with the first address of any kind that answers.
        type: list
        elements: str
        choices: [ipv4, ipv6]
        default: []
      helo:
        description:
          - The name that this host gives in C(EHLO).
          - By default it gives the IP address that it has in this connection, as address literal
            (RFC 5321 section 4.1.4).
        type: str
      sender:
        description:
          - The sender to give in C(MAIL FROM).
          - The default is the null sender, which every server has to accept.
        type: str
        default: ''
      recipients_accepted:
        description: Mail addresses for which the server has to accept mail.
        type: list
        elements: str
        default: []
      recipients_refused:
        description:
          - Mail addresses for which the server has to refuse mail, for example of a domain that is not its own.
          - A temporary refusal (4xx) is a finding with severity V(recommended), because the server has not decided.
        type: list
        elements: str
        default: []
      expect_banner_host:
        description: The host name with which the server has to greet. Case does not matter.
        type: str
      tls:
        description:
          - How the conversation is protected.
          - V(starttls) upgrades it where the server offers STARTTLS.
          - V(implicit) begins with the TLS handshake, as on port 465 (RFC 8314).
          - What is found wrong with TLS has severity V(recommended), unless O(probes[].starttls=valid).
        type: str
        choices: [none, starttls, implicit]
        default: none
      starttls:
        description:
          - V(offered) expects that the server offers STARTTLS.
          - V(valid) expects also that the handshake succeeds, and that the certificate has a trusted chain, the right
            name, and is valid now. It includes O(probes[].tls=starttls); with O(probes[].tls=implicit) it expects the
            same of implicit TLS.
          - V(ignore) expects nothing.
        type: str
        choices: [ignore, offered, valid]
        default: ignore
      server_name:
        description:
          - The name that the certificate has to have, which is also sent in the handshake (SNI).
          - By default it is O(probes[].host); where that is an IP address, O(probes[].expect_banner_host); and without
            one, the IP address.
          - Only subject alternative names count, as RFC 9525 has it; the common name does not.
        type: str
      ca_path:
        description:
          - A file with trusted certificate authorities in PEM form, or a directory of them prepared by C(openssl
            rehash), on the host that the module runs on.
          - By default, those that OpenSSL trusts on that host.
        type: path
      relay_test:
        description:
          - Whether to test for an open relay, in conversations of its own.
          - About 30 pairs of sender and recipient are offered and given up with C(RSET), among them a foreign sender
            and recipient, the null sender, senders of the server's own domain, percent hack, bang path, source route,
            quoted local part, and IP addresses.
          - The verdict is about what the server says to C(RCPT TO). A server that accepts there may refuse the message
            later.
          - A recipient such as C(user%example.net@example.com) has a domain of the server. A server that accepts every
            local part unseen accepts it as well, and may never send it on. Where it accepts a mailbox that cannot exist
            in the same way, the verdict is V(undecided) instead of V(open).
          - Domino lets hosts of its own Internet domain relay, so test from a host that is foreign to it.
        type: bool
        default: false
      relay_sender:
        description: A sender that is foreign to the server, whose domain should be real. Used for
          O(probes[].relay_test).
        type: str
        default: relay-test@example.org
      relay_recipient:
        description:
          - A recipient that is foreign to the server. Used for O(probes[].relay_test).
          - No mail goes to it. Some servers refuse domains that receive no mail, as that of the default does not,
            before they think about relaying. The verdict is then V(undecided); take an address of your own elsewhere.
        type: str
        default: relay-test@example.net
      local_domain:
        description:
          - A domain for which the server takes mail. Used for O(probes[].relay_test).
          - By default, that of the first of O(probes[].recipients_accepted). Without either, cases with the server's
            own domain are left out; those with the host name of its greeting, and with its address, are not.
        type: str
  timeout:
    description:
      - Seconds for one whole conversation, from the name lookup to C(QUIT). Where a server has several addresses, each
        gets an equal share of the time left to connect.
      - After a TLS handshake as many seconds are allowed for judging the certificate's chain, in one or two connections
        that do nothing else.
    type: float
    default: 10
  relay_timeout:
    description: Seconds for the whole relay test of one server. What is not answered by then is undecided.
    type: float
    default: 60
  concurrency:
    description: How many conversations may go on at the same time.
    type: int
    default: 16
  fail:
    description:
      - Whether the module fails when a server is not as it has to be, that is, when there is a finding with severity
        V(required).
      - All servers are looked at first; the message names all findings, and the results are returned as well.
    type: bool
    default: true
seealso:
  - plugin: opendomino.mail.mx
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: This host reaches the mail exchangers of example.org
  opendomino.mail.smtp_probe:
    probes: "{{ dict(exchangers | product([25])) | dict2items(key_name='host', value_name='port') }}"
  vars:
    exchangers: "{{ query('opendomino.mail.mx', 'example.org') | map(attribute='names') | flatten }}"

- name: This host receives mail for its own domain, and for no other
  opendomino.mail.smtp_probe:
    probes:
      - host: mail01.example.com
        expect_banner_host: mail01.example.com
        recipients_accepted: [postmaster@example.com]
        recipients_refused: [someone@example.net]

- name: The server has a certificate that others can verify, over IPv4 and over IPv6, and relays for nobody
  opendomino.mail.smtp_probe:
    probes:
      - host: mail01.example.com
        families: [ipv4, ipv6]
        starttls: valid
        relay_test: true
        local_domain: example.com

- name: Look at many servers, and judge later
  opendomino.mail.smtp_probe:
    probes:
      - host: mail01.example.com
        starttls: offered
      - host: 192.0.2.12
        port: 2525
    timeout: 5
    fail: false
  register: servers

- name: Show what is not as it should be
  ansible.builtin.debug:
    msg: "{{ servers.probes | rejectattr('ok') | map(attribute='findings') | flatten }}"
"""

RETURN = r"""
probes:
  description:
    - One result per probe, in the order of O(probes); where O(probes[].families) are given, one per probe and family.
    - Also returned when the module fails because of findings.
  returned: when the input is valid
  type: list
  elements: dict
  contains:
    host:
      description: The server as given.
      type: str
      sample: mail01.example.com
    port:
      description: The port as given.
      type: int
      sample: 25
    family:
      description: V(ipv4) or V(ipv6) as asked for, or V(any).
      type: str
      sample: any
    ok:
      description: Whether there is no finding with severity V(required).
      type: bool
      sample: false
    addresses:
      description: The addresses that the name has on this host, in the order in which they were tried.
      type: list
      elements: str
      sample: ["2001:db8::11", 192.0.2.11]
    address:
      description: The address that was reached, C(null) if none was.
      type: str
      sample: 192.0.2.11
    connected:
      description: Whether an address was reached.
      type: bool
      sample: true
    not_reached:
      description: The addresses that were tried and not reached, with the reason.
      type: dict
      sample: {"2001:db8::11": Network is unreachable}
    banner:
      description: The greeting, C(null) if there was none.
      type: dict
      contains:
        code:
          description: The reply code.
          type: int
        text:
          description: Everything behind the code.
          type: str
        host:
          description: The host name in the greeting, which is its first word. Empty where the greeting has none.
          type: str
      sample:
        code: 220
        text: mail01.example.com ESMTP Service (HCL Domino Release 14.0) ready at Mon, 2 Mar 2026 10:00:00 +0100
        host: mail01.example.com
    esmtp:
      description: Whether the server accepted C(EHLO).
      type: bool
      sample: true
    extensions:
      description: The extensions that the server offers, by keyword in upper case, with their parameters.
      type: dict
      sample: {SIZE: "52428800", PIPELINING: ""}
    extensions_tls:
      description: The extensions that the server offers under TLS. Empty where there was none.
      type: dict
      sample: {SIZE: "52428800", PIPELINING: "", AUTH: PLAIN LOGIN}
    auth:
      description: The authentication mechanisms that are offered. None is tried.
      type: dict
      contains:
        plain:
          description: Those offered without TLS.
          type: list
          elements: str
        tls:
          description: Those offered under TLS.
          type: list
          elements: str
      sample: {plain: [], tls: [PLAIN, LOGIN]}
    capabilities:
      description: The extensions that matter most, offered without or under TLS.
      type: dict
      contains:
        size:
          description: The size in bytes of the largest message taken, 0 for no limit, C(null) where it is not told.
          type: int
        eightbitmime:
          description: Whether 8BITMIME is offered. V(chunking), V(dsn), V(expn), V(pipelining), V(smtputf8),
            V(starttls) and V(vrfy) likewise.
          type: bool
      sample:
        size: 52428800
        eightbitmime: false
        chunking: false
        dsn: false
        expn: false
        pipelining: true
        smtputf8: false
        starttls: true
        vrfy: false
    tls:
      description: >-
        What was seen of TLS, C(null) where there was none to see. RV(probes[].tls.handshake), RV(probes[].tls.chain),
        RV(probes[].tls.name) and RV(probes[].tls.expiry) have C(ok), which is C(null) where nobody could look, and
        C(text), which says what is wrong.
      type: dict
      contains:
        mode:
          description: V(starttls) or V(implicit).
          type: str
        handshake:
          description: Whether the handshake succeeded, in whatever version of TLS the server speaks.
          type: dict
        version:
          description: The version of TLS, C(null) if the handshake failed.
          type: str
        cipher:
          description: The name of the cipher suite, C(null) if the handshake failed.
          type: str
        chain:
          description: >-
            Whether the certificate leads to a trusted authority. Its name does not count here, nor does its
            validity; that of its intermediate certificates does. Revocation is not looked at.
          type: dict
        name:
          description: Whether the certificate is for the name in C(expected).
          type: dict
        expiry:
          description: Whether the certificate is valid now, by the clock of the host that the module runs on.
          type: dict
        certificate:
          description: The facts of the server's certificate, trusted or not. C(null) if the handshake failed.
          type: dict
      sample:
        mode: starttls
        handshake: {ok: true, text: ""}
        version: TLSv1.3
        cipher: TLS_AES_256_GCM_SHA384
        chain: {ok: true, text: ""}
        name: {ok: true, text: "", expected: mail01.example.com}
        expiry: {ok: false, text: "it expired on 2026-02-28T12:00:00Z"}
        certificate:
          subject: CN=mail01.example.com, O=Acme
          issuer: CN=Acme CA, O=Acme
          names: [mail01.example.com]
          not_before: "2025-02-28T12:00:00Z"
          not_after: "2026-02-28T12:00:00Z"
          days_left: -2
          serial: 1f3a
          sha256: 9d1f2f7a0f6f8ad9c0ea4b1c2c2b3cfe6e0f6f1a0c7d5f4b3a291807f6e5d4c3
    recipients:
      description: What the server said to each recipient.
      type: list
      elements: dict
      contains:
        address:
          description: The mail address.
          type: str
        expected:
          description: V(accepted) or V(refused).
          type: str
        accepted:
          description: >-
            V(true) when the server accepted (2xx), V(false) when it refused for good (5xx), C(null) when it refused for
            now (4xx) or the conversation ended before.
          type: bool
        code:
          description: The reply code, C(null) if the conversation ended before.
          type: int
        reply:
          description: The text of the reply, C(null) if the conversation ended before.
          type: str
      sample:
        - address: someone@example.net
          expected: refused
          accepted: false
          code: 554
          reply: Relay rejected for policy reasons.
    relay:
      description: The result of the relay test, C(null) where it was not asked for.
      type: dict
      contains:
        verdict:
          description: >-
            V(open) when the server accepted a stranger's mail for a stranger; V(closed) when it refused all of it;
            V(undecided) when its replies prove neither.
          type: str
        reason:
          description: Why the verdict is V(undecided), otherwise empty.
          type: str
        plain_is_refused:
          description: >-
            Whether the server refused to relay to each recipient that is plainly foreign. If so, V(undecided) is about
            foreign addresses that are hidden in a local part, and about nothing else.
          type: bool
        client:
          description: >-
            The address that the test came from, and its name by the resolver of the host that the module runs on; empty
            where it has none. A Domino server may let hosts of its own Internet domain relay.
          type: dict
          contains:
            address:
              description: The address.
              type: str
            name:
              description: The name.
              type: str
        connections:
          description: How many connections it took.
          type: int
        cases:
          description: >-
            What was offered, and the reply. C(proves) says whether an acceptance alone proves a relay. C(outcome) is
            V(accepted), V(refused), V(sender_refused) at MAIL, V(deferred) (4xx), or V(unknown).
          type: list
          elements: dict
        controls:
          description: Mailboxes that cannot exist, offered where a foreign address in a local part was accepted.
          type: list
          elements: dict
      sample:
        verdict: closed
        reason: ""
        plain_is_refused: true
        client: {address: 198.51.100.7, name: probe.example.org}
        connections: 6
        cases:
          - id: foreign
            sender: relay-test@example.org
            recipient: relay-test@example.net
            proves: true
            outcome: refused
            code: 554
            reply: Relay rejected for policy reasons.
        controls: []
    timings:
      description: Milliseconds for each step that was reached, and in total.
      type: dict
      sample: {resolve: 1, connect: 0, banner: 12, ehlo: 1, quit: 1, total: 15}
    error:
      description: Where and why the conversation ended early, C(null) if it did not.
      type: dict
      contains:
        step:
          description: >-
            V(resolve), V(connect), V(banner), V(ehlo), V(starttls), V(tls), V(mail), V(rcpt), V(rset) or V(quit).
          type: str
        kind:
          description: >-
            V(resolve), V(connect), V(timeout), V(closed) by the server, V(closing) with code 421, V(tls) when an
            implicit handshake failed, or V(protocol), which means that what was received is no SMTP.
          type: str
        text:
          description: What happened.
          type: str
      sample: {step: banner, kind: timeout, text: no reply in time}
    findings:
      description: Everything that is not as expected.
      type: list
      elements: dict
      contains:
        id:
          description: >-
            V(resolves), V(connects), V(conversation), V(greeting), V(banner_host), V(banner_version), V(ehlo),
            V(esmtp), V(starttls), V(auth_without_tls), V(address_disclosure), V(tls_handshake), V(tls_version),
            V(certificate_chain), V(certificate_name), V(certificate_expiry), V(certificate_renewal),
            V(sender_accepted), V(recipient_accepted), V(recipient_refused), V(relay_open) or V(relay_undecided).
          type: str
        severity:
          description: V(required), V(recommended) or V(info).
          type: str
        expected:
          description: What was expected.
          type: str
        found:
          description: What was found.
          type: str
        remedy:
          description: What to do about it.
          type: str
      sample:
        - id: banner_host
          severity: required
          expected: the host name mail01.example.com in the greeting
          found: no host name
          remedy: Correct the fully qualified Internet host name in the Server document, or whose address this is.
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probing import answer

PROBE_SPEC = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 25},
    "families": {"type": "list", "elements": "str", "choices": ["ipv4", "ipv6"], "default": []},
    "helo": {"type": "str"},
    "sender": {"type": "str", "default": ""},
    "recipients_accepted": {"type": "list", "elements": "str", "default": []},
    "recipients_refused": {"type": "list", "elements": "str", "default": []},
    "expect_banner_host": {"type": "str"},
    "tls": {"type": "str", "choices": ["none", "starttls", "implicit"], "default": "none"},
    "starttls": {"type": "str", "choices": ["ignore", "offered", "valid"], "default": "ignore"},
    "server_name": {"type": "str"},
    "ca_path": {"type": "path"},
    "relay_test": {"type": "bool", "default": False},
    "relay_sender": {"type": "str", "default": "relay-test@example.org"},
    "relay_recipient": {"type": "str", "default": "relay-test@example.net"},
    "local_domain": {"type": "str"},
}
ARGUMENT_SPEC = {
    "probes": {"type": "list", "elements": "dict", "required": True, "options": PROBE_SPEC},
    "timeout": {"type": "float", "default": 10},
    "relay_timeout": {"type": "float", "default": 60},
    "concurrency": {"type": "int", "default": 16},
    "fail": {"type": "bool", "default": True},
}


#: What the options are; the action plugin of the same name reads them by it, too.
SPEC: dict[str, Any] = {"argument_spec": ARGUMENT_SPEC}


def main() -> None:
    """Look, report, and fail where asked to."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    found = answer(module.params)
    (module.fail_json if found["failed"] else module.exit_json)(**found)


if __name__ == "__main__":
    main()
