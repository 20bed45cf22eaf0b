#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_round_trip
short_description: Send marked messages and watch for them
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Sends small marked messages by SMTP and watches for each in a mailbox, all at the same time, from the host that the
    module runs on. It is the proof that mail flows, where M(opendomino.mail.smtp_probe) looks at servers only.
  - Reports how long a message took, from host to host by which way, with or without TLS, and the sender that it arrived
    with.
  - A message that does not arrive within O(wait) seconds is a result like others. The module always ends.
  - A mailbox that cannot be looked into is found out first. Then nothing is sent.
  - For mail into a Domino server, the message is given to a mail server outside, which has to find the way by MX, and
    watched for in a mail file that has IMAP or POP3. Where there is none, a Person document whose forwarding address is
    a mailbox outside sends the message back, which proves both directions at once.
  - For mail out of a Domino server, the message is given to the server itself as a client that may relay, after a login
    or from a host that is allowed to, and watched for in a mailbox outside. That proves the way, not what Domino makes
    of the sender, because such a message has its Internet address already.
  - What Domino makes of a Notes name is seen only in a message that a Notes client, an agent or an application sends.
    Give such a message a O(trips[].token) in its subject, and leave out O(trips[].send); the module waits for it.
  - The Router's statistics are not looked at, because no public source tells their names or how the console shows them.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  check_mode:
    support: full
    details:
      - Nothing is sent. Mailboxes are looked into.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed but the messages themselves, which are removed.
  idempotent:
    support: N/A
    details:
      - A message is sent each time. The module reports no change.
  platform:
    platforms: posix
    support: full
options:
  trips:
    description: The messages, and where to watch for them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What to call the trip in messages.
        type: str
      token:
        description:
          - The mark, 16 to 64 ASCII letters and digits, which nothing else has.
          - By default a random one. Needed where O(trips[].send) is left out.
        type: str
      send:
        description: Who gives which message to which server. Without it, somebody else sends it.
        type: dict
        suboptions:
          host:
            description: The server that the message is given to.
            type: str
            required: true
          port:
            description: The port of the server.
            type: int
            default: 25
          tls:
            description:
              - V(starttls) sends nothing to a server that does not offer STARTTLS; V(implicit) begins with TLS, as on
                port 465. In both cases the certificate is verified.
            type: str
            choices: [none, starttls, implicit]
            default: none
          server_name:
            description: The name that the certificate has to have. By default O(trips[].send.host).
            type: str
          ca_path:
            description: A file or directory with the certificate authorities to trust. By default those of the host.
            type: path
          validate_certs:
            description: Whether the certificate is verified. Leave this on where a password is sent.
            type: bool
            default: true
          helo:
            description: The name that this host gives in C(EHLO). By default its address.
            type: str
          username:
            description: Who logs in. Passwords are sent under TLS only.
            type: str
          password:
            description: The password.
            type: str
          sender:
            description: The sender of the envelope. Failure reports go there.
            type: str
            required: true
          header_from:
            description: The address in the From header. By default O(trips[].send.sender).
            type: str
          recipient:
            description: The recipient.
            type: str
            required: true
          subject:
            description: What stands before the token in the subject.
            type: str
            default: Mail round trip
      watch:
        description: Where the message has to arrive.
        type: dict
        required: true
        suboptions:
          type:
            description:
              - V(imap) and V(pop3) log in under TLS.
              - V(http) reads O(trips[].watch.url) and looks at every text in the JSON that it gets; the one that is the
                header, or the whole, of the marked message counts. An answer that is no JSON is looked at as it is.
              - V(maildir) reads a directory on the host that the module runs on.
            type: str
            choices: [imap, pop3, http, maildir]
            required: true
          host:
            description: The server, for V(imap) and V(pop3).
            type: str
          port:
            description: The port. By default 993, 995, 143 or 110, as O(trips[].watch.type) and
              O(trips[].watch.tls) say.
            type: int
          tls:
            description: Whether TLS begins at once or by STARTTLS. The certificate is verified.
            type: str
            choices: [implicit, starttls]
            default: implicit
          server_name:
            description: The name that the certificate has to have. By default that of the server.
            type: str
          username:
            description: Who logs in.
            type: str
          password:
            description: The password.
            type: str
          folder:
            description: The folder, for V(imap).
            type: str
            default: INBOX
          url:
            description: The address of the page, for V(http). C({token}) in it stands for the token.
            type: str
          headers:
            description: Headers of the request, for V(http), such as a key of an interface. They are secret.
            type: dict
          path:
            description: The directory, with C(new) and C(cur) in it, for V(maildir).
            type: path
          ca_path:
            description: A file or directory with the certificate authorities to trust. By default those of the host.
            type: path
          validate_certs:
            description: Whether the certificate is verified.
            type: bool
            default: true
          remove:
            description:
              - Whether the message is removed when it has arrived. No other message is touched.
              - Nothing is removed over V(http). An IMAP server without UIDPLUS leaves it marked as deleted.
            type: bool
            default: true
      expect_from:
        description:
          - The address that the message has to arrive with as sender, for example what the filter
            P(opendomino.mail.domino_internet_address#filter) makes of the Global Domain document. Case does not matter.
        type: str
      expect_tls:
        description: Whether a hop without TLS is a finding. A hop that does not tell is none.
        type: bool
        default: false
  wait:
    description: Seconds to wait for each message after it was taken.
    type: float
    default: 120
  timeout:
    description: Seconds for each conversation with a server.
    type: float
    default: 20
  concurrency:
    description: How many trips may go on at the same time.
    type: int
    default: 16
  fail:
    description:
      - Whether the module fails when there is a finding with severity V(required). All trips are made first, and the
        results are returned as well.
    type: bool
    default: true
seealso:
  - module: opendomino.mail.smtp_probe
  - plugin: opendomino.mail.mx
    plugin_type: lookup
  - plugin: opendomino.mail.domino_internet_address
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Mail from outside arrives in the mail file of the probe
  opendomino.mail.mail_round_trip:
    trips:
      - name: in
        send:
          host: mx.example.org
          port: 587
          tls: starttls
          username: probe@example.org
          password: "{{ outside_password }}"
          sender: probe@example.org
          recipient: mail.probe@example.com
        watch:
          type: imap
          host: mail01.example.com
          username: Mail Probe/Acme
          password: "{{ probe_password }}"
  delegate_to: localhost

- name: Mail of this host arrives outside, from host to host under TLS
  opendomino.mail.mail_round_trip:
    trips:
      - name: out
        send:
          host: mail01.example.com
          tls: starttls
          username: Mail Probe/Acme
          password: "{{ probe_password }}"
          sender: mail.probe@example.com
          recipient: probe@example.org
        watch:
          type: imap
          host: imap.example.org
          username: probe@example.org
          password: "{{ outside_password }}"
        expect_from: mail.probe@example.com
        expect_tls: true

- name: A message that Jane Doe sent from Notes arrives with the address that the Global Domain document promises
  opendomino.mail.mail_round_trip:
    trips:
      - name: sent from Notes
        token: 4f1d0a7c9b2e4c6f8a3b  # she put it into the subject
        watch:
          type: maildir
          path: /var/mail/probe
        expect_from: jane.doe@example.com
    wait: 600
"""

RETURN = r"""
trips:
  description: One result per trip, in the order of O(trips). Also returned when the module fails because of findings.
  returned: when the input is valid
  type: list
  elements: dict
  contains:
    name:
      description: The name of the trip.
      type: str
      sample: out
    token:
      description: The mark of the message.
      type: str
      sample: 4f1d0a7c9b2e4c6f8a3b4f1d0a7c9b2e
    ok:
      description: Whether there is no finding with severity V(required).
      type: bool
      sample: true
    sent:
      description: Whether a server took the message from this module.
      type: bool
      sample: true
    server:
      description: That server, C(null) where somebody else sends.
      type: str
      sample: mail01.example.com:25
    reply:
      description: What it said when it took the message.
      type: str
      sample: 250 Message accepted for delivery
    tls:
      description: The version of TLS by which the message was given to it.
      type: str
      sample: TLSv1.3
    watched:
      description: The mailbox.
      type: str
      sample: imap imap.example.org:993
    arrived:
      description: Whether the message arrived.
      type: bool
      sample: true
    seconds:
      description: How long that took, to the next look into the mailbox. C(null) where it did not arrive.
      type: float
      sample: 3.2
    hops:
      description: >-
        The Received lines, the first hop first. C(tls) is C(null) where the line does not tell; that of a Domino server
        does not, because it is not known what it writes. C(time) is by the clock of the host that received, and
        C(seconds) the difference to the hop before.
      type: list
      elements: dict
      sample:
        - from: "[192.0.2.7]"
          by: mail01.example.com
          with: ESMTP
          time: 1772442000.0
          seconds: null
          tls: null
          received: from [192.0.2.7] ([192.0.2.7]) by mail01.example.com (HCL Domino Release 14.0) with ESMTP id
            2026030210000012-1 ; Mon, 2 Mar 2026 10:00:00 +0100
    from:
      description: The From C(header) with which the message arrived, the C(address) in it, and that C(expected).
      type: dict
      sample: {header: mail.probe@example.com, address: mail.probe@example.com, expected: mail.probe@example.com}
    removed:
      description: Whether the message was removed, C(null) where that was not tried.
      type: bool
      sample: true
    error:
      description: What went wrong at last.
      type: str
      sample: null
    findings:
      description: Everything that is not as expected, in the form of M(opendomino.mail.smtp_probe).
      type: list
      elements: dict
      contains:
        id:
          description: V(trip_mailbox), V(trip_send), V(trip_arrival), V(trip_from) or V(trip_tls).
          type: str
        severity:
          description: V(required) or V(recommended).
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
      sample: []
"""

import secrets

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils._round_trip.travelling import travel_all
from ansible_collections.opendomino.mail.plugins.module_utils._round_trip.trip import read_trips
from ansible_collections.opendomino.mail.plugins.module_utils._smtp.probe import InputError

SEND_SPEC = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 25},
    "tls": {"type": "str", "choices": ["none", "starttls", "implicit"], "default": "none"},
    "server_name": {"type": "str"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "helo": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "sender": {"type": "str", "required": True},
    "header_from": {"type": "str"},
    "recipient": {"type": "str", "required": True},
    "subject": {"type": "str", "default": "Mail round trip"},
}
WATCH_SPEC = {
    "type": {"type": "str", "choices": ["imap", "pop3", "http", "maildir"], "required": True},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "tls": {"type": "str", "choices": ["implicit", "starttls"], "default": "implicit"},
    "server_name": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "folder": {"type": "str", "default": "INBOX"},
    "url": {"type": "str"},
    "headers": {"type": "dict", "no_log": True},
    "path": {"type": "path"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "remove": {"type": "bool", "default": True},
}
TRIP_SPEC = {
    "name": {"type": "str"},
    "token": {"type": "str", "no_log": False},
    "send": {
        "type": "dict",
        "options": SEND_SPEC,
        "required_together": [("username", "password")],
    },
    "watch": {
        "type": "dict",
        "required": True,
        "options": WATCH_SPEC,
        "required_together": [("username", "password")],
        "required_if": [
            ("type", "imap", ("host", "username", "password")),
            ("type", "pop3", ("host", "username", "password")),
            ("type", "http", ("url",)),
            ("type", "maildir", ("path",)),
        ],
    },
    "expect_from": {"type": "str"},
    "expect_tls": {"type": "bool", "default": False},
}
ARGUMENT_SPEC = {
    "trips": {"type": "list", "elements": "dict", "required": True, "options": TRIP_SPEC},
    "wait": {"type": "float", "default": 120},
    "timeout": {"type": "float", "default": 20},
    "concurrency": {"type": "int", "default": 16},
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    """Send, watch, report, and fail where asked to."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    limits = {name: module.params[name] for name in ("wait", "timeout", "concurrency")}
    if min(limits["wait"], limits["timeout"]) <= 0 or limits["concurrency"] < 1:
        given = ", ".join(f"{name} is {value:g}" for name, value in limits.items())
        module.fail_json(
            msg=f"{given}; wait and timeout have to be more than 0 seconds, and concurrency at least 1. "
            "Nothing was sent."
        )
    try:
        trips = read_trips(module.params["trips"], lambda: secrets.token_hex(16))
    except InputError as exc:
        module.fail_json(msg=str(exc))
    journeys = travel_all(trips, **limits, send=not module.check_mode)
    found = [f"{journey.trip.name}: {finding}" for journey in journeys for finding in journey.required]
    if found and module.params["fail"]:
        module.fail_json(msg=" ".join(found), trips=[journey.as_dict() for journey in journeys])
    module.exit_json(changed=False, trips=[journey.as_dict() for journey in journeys])


if __name__ == "__main__":
    main()
