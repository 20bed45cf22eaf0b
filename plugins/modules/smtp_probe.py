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
  - A conversation is greeting, C(EHLO), and for each recipient C(MAIL FROM), C(RCPT TO) and C(RSET), then C(QUIT).
    C(DATA) is never sent, so that no message can come of it.
  - A server that does not resolve, does not answer, answers too slowly or answers nonsense is a result like others.
    Each conversation ends after O(timeout) seconds at the latest.
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
      starttls:
        description:
          - V(offered) expects that the server offers STARTTLS.
          - V(ignore) expects nothing.
        type: str
        choices: [ignore, offered]
        default: ignore
  timeout:
    description:
      - Seconds for one whole conversation, from the name lookup to C(QUIT). Where a server has several addresses, each
        gets an equal share of the time left to connect.
    type: float
    default: 10
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
  description: One result per probe, in the order of O(probes). Also returned when the module fails because of findings.
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
    timings:
      description: Milliseconds for each step that was reached, and in total.
      type: dict
      sample: {resolve: 1, connect: 0, banner: 12, ehlo: 1, quit: 1, total: 15}
    error:
      description: Where and why the conversation ended early, C(null) if it did not.
      type: dict
      contains:
        step:
          description: V(resolve), V(connect), V(banner), V(ehlo), V(mail), V(rcpt) or V(rset).
          type: str
        kind:
          description: >-
            V(resolve), V(connect), V(timeout), V(closed) by the server, V(closing) with code 421, or V(protocol), which
            means that what was received is no SMTP.
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
            V(resolves), V(connects), V(conversation), V(greeting), V(banner_host), V(ehlo), V(esmtp), V(starttls),
            V(sender_accepted), V(recipient_accepted) or V(recipient_refused).
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._smtp import InputError, probe_all, read_probes

PROBE_SPEC = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 25},
    "helo": {"type": "str"},
    "sender": {"type": "str", "default": ""},
    "recipients_accepted": {"type": "list", "elements": "str", "default": []},
    "recipients_refused": {"type": "list", "elements": "str", "default": []},
    "expect_banner_host": {"type": "str"},
    "starttls": {"type": "str", "choices": ["ignore", "offered"], "default": "ignore"},
}
ARGUMENT_SPEC = {
    "probes": {"type": "list", "elements": "dict", "required": True, "options": PROBE_SPEC},
    "timeout": {"type": "float", "default": 10},
    "concurrency": {"type": "int", "default": 16},
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    """Look, report, and fail where asked to."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    timeout, concurrency = module.params["timeout"], module.params["concurrency"]
    if timeout <= 0 or concurrency < 1:
        module.fail_json(
            msg=f"timeout is {timeout:g} and concurrency is {concurrency}; timeout has to be more than 0 seconds, and "
            "concurrency at least 1. Nothing was sent."
        )
    try:
        probes = read_probes(module.params["probes"])
    except InputError as exc:
        module.fail_json(msg=str(exc))
    results = probe_all(probes, timeout, concurrency)
    found = [f"{result.probe.target}: {finding}" for result in results for finding in result.required]
    if found and module.params["fail"]:
        module.fail_json(msg=" ".join(found), probes=[result.as_dict() for result in results])
    module.exit_json(changed=False, probes=[result.as_dict() for result in results])


if __name__ == "__main__":
    main()
