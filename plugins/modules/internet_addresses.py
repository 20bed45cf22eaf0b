#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: internet_addresses
short_description: Internet addresses of the people of a Domino Directory
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Gives an Internet address to each person who has none, made from the name by patterns, unique in the whole
    directory. An address that is set is kept unless O(overwrite) says otherwise.
  - >-
    Reports what is wrong with the addresses that are there: people without one, duplicates, ambiguous ones, domains
    that are not local.
  - >-
    The whole directory is read over HCL Domino REST API, page by page, also where only some people are meant:
    otherwise nobody could know which addresses are free. What can be seen, and is sent, is what the schema of the scope
    declares in the mode V(dql).
  - >-
    Every write carries the revision that was read. Where somebody else has changed a Person document meanwhile, it is
    looked at again: an address that was set stays, who was renamed is planned anew, and everything else is no obstacle.
  - >-
    A run that was cut, by whatever, is simply started again. It ends where the run would have ended that was not cut.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._directory
  - opendomino.mail._directory.account
  - opendomino.mail._internet_address
attributes:
  check_mode:
    support: full
    details:
      - Everything but the writes to the directory is done. The files for a review are written.
  diff_mode:
    support: full
    details:
      - One line for each of the first O(shown) people, and how many there are more.
  idempotent:
    support: full
  platform:
    support: full
    platforms: all
  async:
    support: full
    description: Supports being used with the C(async) keyword.
    details:
      - Progress is not shown then; look at O(progress_file).
options:
  state:
    description:
      - V(assigned) gives addresses. V(reported) only looks.
    type: str
    choices:
      - assigned
      - reported
    default: assigned
  people:
    description:
      - Who is meant. Everybody, where nothing is given. Of several conditions, all have to hold.
      - All others count when it is looked which addresses are taken, and stay as they are.
    type: dict
    default: {}
    suboptions:
      names:
        description:
          - User names, such as V(Jane Doe/Acme), or ends of them, such as V(*/Sales/Acme).
          - A user name that no Person document has is an error.
        type: list
        elements: str
        default: []
      mail_servers:
        description:
          - Hierarchical names of mail servers.
        type: list
        elements: str
        default: []
      notes_domains:
        description:
          - Notes domains of mail servers.
        type: list
        elements: str
        default: []
  internet_domain:
    description:
      - The Internet domain of the addresses, of all who fit none of O(internet_domains).
      - >-
        If neither is given, the primary Internet domain of the only Global Domain document, or of the default one among
        several.
    type: str
  global_domains:
    description:
      - >-
        The Global Domains, as V(primary_internet_domain) and V(internet_domain_aliases). Their domains are local, and
        an alias counts as its primary domain.
      - >-
        If not given, they are read from the Domain documents. An empty list says that it is not known which domains are
        local.
    type: list
    elements: dict
    suboptions:
      primary_internet_domain:
        description:
          - Local primary Internet domain.
        type: str
        required: true
      internet_domain_aliases:
        description:
          - Alternate Internet domain aliases.
        type: list
        elements: str
        default: []
  recipient_forms:
    description:
      - >-
        Which documents, beside those of people, are read because mail can be addressed to them: groups, mail-in
        databases. The schema of the scope has to declare these forms, as M(opendomino.mail.directory_scope) does.
      - Of a form that is left out, names and addresses count as free.
    type: list
    elements: str
    choices:
      - Group
      - Database
    default:
      - Group
      - Database
  limit_changes:
    description:
      - >-
        How many people may be given an address, or another one, without confirmation: a number, or a percentage of
        those that are meant, such as V(5%). Where more would be, nothing is changed. An empty text is no limit.
      - In check mode it is a warning.
    type: str
    default: '100'
  confirm_changes:
    description:
      - So many changes are right although O(limit_changes) allows less.
    type: int
    default: 0
  plan_file:
    description:
      - >-
        File for the whole plan: who is given which address and why, and for whom none could be made. A name that ends
        with C(.csv) or C(.json). It is written where the module runs, before anything is changed, in check mode too.
    type: path
  report_file:
    description:
      - File for all findings of the report, in the same way.
    type: path
  shown:
    description:
      - How many changes, findings and people of each kind the result shows at most.
    type: int
    default: 100
  progress_file:
    description:
      - >-
        File that gets a line every O(progress_seconds) seconds: what was read or written, how fast, and about how long
        it will take. It is begun anew by each run.
      - >-
        Where the module runs on the controller (a connection of the type V(local), without
        C(become)), the lines are shown as well, with this option or without.
    type: path
  progress_seconds:
    description:
      - Seconds from line to line. With V(0) there is none.
    type: int
    default: 5
  page_size:
    description:
      - How many documents are read with one request. With fewer a slow server answers within O(timeout).
    type: int
    default: 2000
  concurrency:
    description:
      - How many documents are changed at a time, each over a connection of its own.
    type: int
    default: 4
  design_check:
    description:
      - What has to be known of the item C(InternetAddress) before it is written.
      - >-
        V(strict): the server's own design of the form Person is read and has to have it. Where the design cannot be
        read, there is a warning.
      - 'V(evidence), V(off): the design is not read.'
    type: str
    choices:
      - strict
      - evidence
      - 'off'
    default: strict
notes:
  - >-
    Between reading and writing somebody else may give a person the address that is planned for another one. The report
    of the next run finds that.
seealso:
  - module: opendomino.mail.directory_scope
  - plugin: opendomino.mail.domino_assign_internet_addresses
    plugin_type: filter
  - plugin: opendomino.mail.domino_internet_address
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Directory | Everybody has an Internet address
  opendomino.mail.internet_addresses:
    url: https://mail01.example.com:8880
    username: Mail Admin
    password: "{{ domino_rest_password }}"
    internet_domain: example.com
    languages: [de]
    limit_changes: 5%
    plan_file: /var/tmp/addresses.csv
  delegate_to: localhost

- name: Directory | People in Sales have addresses of their own domain
  opendomino.mail.internet_addresses:
    url: https://mail01.example.com:8880
    username: Mail Admin
    password: "{{ domino_rest_password }}"
    people:
      names: ["*/Sales/Acme"]
    internet_domain: sales.example.com
    patterns: ["{f}{last}", "{first}.{last}", "{first}.{last}{number}"]
  delegate_to: localhost

- name: Directory | What is wrong with the addresses
  opendomino.mail.internet_addresses:
    url: https://mail01.example.com:8880
    username: Mail Admin
    password: "{{ domino_rest_password }}"
    state: reported
    report_file: /var/tmp/findings.json
  delegate_to: localhost
  register: addresses
"""

RETURN = r"""
counts:
  description: >-
    Numbers of people in the directory (C(people)), of other documents read (C(documents_group), C(documents_database)),
    of people that are meant (C(meant)), changed (C(changes)), left with what they have (C(kept)), without a usable
    address (C(unassignable)); of addresses that several documents share already (C(conflicts)); and of changes that
    were planned and not carried out (C(not_written)).
  returned: when the directory could be read
  type: dict
  sample:
    people: 812
    documents_group: 77
    documents_database: 12
    meant: 812
    changes: 3
    kept: 808
    unassignable: 1
    conflicts: 0
    not_written: 0
changes:
  description: The first O(shown) of what was changed, or in check mode would be.
  returned: when the directory could be read
  type: list
  elements: dict
  sample:
    - user_name: Jürgen Groß/Acme
      unid: 48CAD0599A85856D00258A04004CACFA
      before: ''
      after: juergen.gross@example.com
      reason: pattern 1, {first}.{last}
unassignable:
  description: The first O(shown) people for whom no address could be made, and why each pattern was no good.
  returned: when the directory could be read
  type: list
  elements: dict
  sample:
    - user_name: Ὀδυσσεύς/Acme
      reasons: ['{first}.{last}: last name: no ASCII form is known for Ὀ']
not_written:
  description: The first O(shown) changes that were planned and not carried out, because others failed.
  returned: when the directory could be read
  type: list
  elements: dict
  sample: []
over_limit:
  description: Whether more changes are planned than O(limit_changes) and O(confirm_changes) allow.
  returned: when the directory could be read
  type: bool
  sample: false
report:
  description: >-
    What is wrong with the addresses of the directory as they are when the module ends; in check mode as they are now.
  returned: when the directory could be read
  type: dict
  contains:
    people:
      description: Number of people in the directory.
      type: int
      sample: 812
    counts:
      description: Number of findings of each kind.
      type: dict
      sample:
        missing: 1
        duplicate: 1
        ambiguous: 0
        outside: 0
        not_ascii: 0
        invalid: 0
    findings:
      description: >-
        The first O(shown) findings. C(kind) is one of those in RV(report.counts); C(statements) are the numbers of the
        statements about Domino, in the guide to addresses, that it rests on, C(evidence) says how well they are known.
      type: list
      elements: dict
      sample:
        - kind: missing
          user_name: Jane Doe/Acme
          address: ''
          message: There is no Internet address.
          statements: '6.5'
          evidence: documented
    left_out:
      description: Number of findings that are not shown.
      type: int
      sample: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory.design import STRICT
from ..module_utils._directory.errors import DirectoryError
from ..module_utils._directory_module import ARGUMENT_SPEC, fail, report_warnings, session
from ..module_utils._internet_address import bulk, results
from ..module_utils._internet_address.errors import InternetAddressError
from ..module_utils._internet_address_module import ADDRESS_ARGUMENT_SPEC, Files, progress, request, uncollected
from ..module_utils._printable import harmless
from ..module_utils._whole_file import FileError


def main() -> None:
    """Read, plan, write, report."""
    module = AnsibleModule(argument_spec={**ARGUMENT_SPEC, **ADDRESS_ARGUMENT_SPEC}, supports_check_mode=True)
    params, write = module.params, not module.check_mode
    try:
        wanted, files = request(params), Files(module)
        with progress(params) as counted, session(module, setup=params["design_check"] == STRICT) as directory:
            with uncollected():
                run = bulk.prepare(directory, wanted, counted)
            files.write("plan_file", results.plan_file, run.plan)
            if write:
                bulk.carry_out(directory, run, counted)
        with uncollected():
            found = run.report()
        files.write("report_file", results.report_file, found)
    except (DirectoryError, FileError, InternetAddressError) as exc:
        fail(module, exc)
    report_warnings(module, results.warnings(run, refused=not write))
    changes = run.written if write else run.plan.assignments
    result = results.result(run, found, changes, params["shown"])
    if run.error:
        module.fail_json(msg=harmless(run.error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
