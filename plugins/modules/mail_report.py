#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_report
short_description: One page about the mail of all hosts, before a change or after it
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Takes what the roles of this collection have left on all hosts, and writes a folder with C(index.html), one page for
    people that needs no network; C(review.md), for a comment under a pull request; and C(review.json), for programs.
  - The page has the risks first, then the way of the mail as a picture, then every document item, line of C(notes.ini),
    DNS record, DNS server and console command before and after, with the evidence of each, and what DNS says about the
    Internet domains.
  - The same results give the same bytes, so that reviews can be compared. No clock is read; O(time) is what is given.
  - Texts of others (names, greetings, replies, records) never become markup, Markdown or control sequences.
  - The playbooks C(opendomino.mail.review) and C(opendomino.mail.verify) collect the results and call
    it.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
  check_mode:
    support: partial
    details:
      - The files are written in check mode, too, because they are what a check run is made for. Nothing else is ever
        changed.
  diff_mode:
    support: full
    details:
      - The diff is that of C(review.md).
  idempotent:
    support: full
    details:
      - No change is reported where the files have the same bytes.
  platform:
    support: full
    platforms: posix
options:
  directory:
    description:
      - The folder to write into, on the controller. It is made where it is missing.
      - A relative path is relative to the directory in which Ansible was started.
      - Other files in it stay.
    type: path
    required: true
  kind:
    description:
      - V(review) shows what would change, V(verification) what was found.
    type: str
    choices: [review, verification]
    default: review
  results:
    description:
      - What is known of each host. A host may appear once.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: The name of the host in the inventory.
        type: str
        required: true
      send_mail:
        description: C(send_mail) of the fact that P(opendomino.mail.apply_mail_settings#role) leaves.
        type: dict
      receive_mail:
        description: C(receive_mail) of the fact that P(opendomino.mail.apply_mail_settings#role) leaves.
        type: dict
      running_server:
        description: C(running_server) of the fact that P(opendomino.mail.apply_mail_settings#role) leaves.
        type: dict
      verify_mail:
        description: The fact C(verify_mail_result) of the role P(opendomino.mail.verify_mail#role).
        type: dict
      inventory:
        description: What the inventory says of the host, for one whose roles did not get to say it.
        type: dict
        suboptions:
          server_name:
            description: Hierarchical name of its Domino server.
            type: str
          notes_domain:
            description: The Notes domain.
            type: str
          administration_server:
            description: Hierarchical name of the administration server of the Domino Directory.
            type: str
          host_name:
            description: Fully qualified Internet host name.
            type: str
      failure:
        description: Why the host could not be looked at to the end; empty where it could.
        type: dict
        suboptions:
          task:
            description: The task that failed.
            type: str
          reason:
            description: What it said.
            type: str
          unreachable:
            description: Whether the host was not reached at all.
            type: bool
  hosts:
    description:
      - All hosts that the report is about. One without a result is on the page as such, so that none goes missing.
    type: list
    elements: str
    default: []
  title:
    description:
      - The title of the report.
      - The default is C(Review of Internet mail) or C(Verification of Internet mail).
    type: str
  time:
    description:
      - A time, or any other line, to stand under the title. Without it, reports of different days are comparable.
    type: str
seealso:
  - module: opendomino.mail.directory_documents
  - module: opendomino.mail.smtp_probe
"""

EXAMPLES = r"""
- name: Results of all hosts can be read
  opendomino.mail.mail_report:
    directory: review
    hosts: "{{ ansible_play_hosts_all }}"
    results:
      - host: mail01.example.com
        send_mail: "{{ hostvars['mail01.example.com'].apply_mail_settings_result.send_mail }}"
        receive_mail: "{{ hostvars['mail01.example.com'].apply_mail_settings_result.receive_mail }}"
        running_server: "{{ hostvars['mail01.example.com'].apply_mail_settings_result.running_server }}"
      - host: mail02.example.com
        failure:
          reason: No route to host
          unreachable: true
  run_once: true
  delegate_to: localhost
  become: false
"""

RETURN = r"""
directory:
  description: The folder, as an absolute path.
  returned: success
  type: str
  sample: /home/ansible/review
files:
  description: The files, by name.
  returned: success
  type: dict
  sample:
    index.html: /home/ansible/review/index.html
    review.json: /home/ansible/review/review.json
    review.md: /home/ansible/review/review.md
verdict:
  description: What the report comes to, in a sentence or two.
  returned: success
  type: str
  sample: 12 changes on 2 of 2 hosts.
differing:
  description: The hosts on which something would change, or, in a verification, is not as it has to be.
  returned: success
  type: list
  elements: str
  sample: [mail01.example.com]
incomplete:
  description: The hosts of which nothing, or not all, is known.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: The numbers of the report, as in C(review.json).
  returned: success
  type: dict
  sample:
    notes_domains: 1
    hosts: 2
    hosts_by_status: {changes: 2}
    hosts_differing: 2
    hosts_incomplete: 0
    changes: 12
    changes_by_kind: {document: 8, notes_ini: 1, dns: 0, resolver: 0, console: 3}
    risks: {high: 0, medium: 1, low: 1}
    findings: {required: 0, recommended: 0, info: 0}
"""
