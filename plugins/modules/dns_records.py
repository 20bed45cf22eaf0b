#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_records
short_description: Publish the DNS records of mail hosts and mail domains
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Makes records of the types A, AAAA, MX, PTR, TLSA and TXT present or absent on the primary server of their zone,
    with dynamic updates (RFC 2136) that are signed (TSIG, RFC 8945).
  - All changes of a zone travel in one message, which takes effect as a whole or not at all. It says what the records
    were when they were read, so nothing is lost of a change that somebody made meanwhile. Where records shall be
    V(exact), such a change is an error; else the module starts again from what is there then, so that many hosts can
    publish their own records of a domain at once.
  - The server is asked itself, never a cache, and asked again after the update.
  - Where DNS is kept elsewhere, leave O(server) out. Nothing is asked or changed then; RV(zone_snippet) and
    O(snippet_path) hold the records for review, in the form of a zone file.
  - All input is checked before the first packet is sent.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  check_mode:
    support: full
    details:
      - The server is asked, and nothing is changed. Whether the key may change the records shows when it does.
  diff_mode:
    support: full
    details:
      - The diff holds the records that change, and the snippet if its file changes.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
requirements:
  - dnspython >= 2.4 where the module runs, unless O(server) is left out
options:
  records:
    description:
      - The records. A name and type may appear more than once, to make some values present and others absent.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name that has the records.
          - With O(zone), V(@) is the zone itself, a name that ends in the zone or with a dot is absolute, and any other
            name lies in the zone. Without O(zone), names are absolute, with or without the final dot.
          - The name of a PTR record may be given as the IP address.
        type: str
        required: true
      type:
        description: The type of the records.
        type: str
        choices: [A, AAAA, MX, PTR, TLSA, TXT]
        required: true
      values:
        description:
          - The values, as in a zone file, but names in them are always written in full, with or without the final dot.
          - A TXT value is the text itself, without quotes. It is split into strings of 255 octets, and compared with
            what is there by the strings joined.
          - Required unless O(records[].state=absent).
        type: list
        elements: str
      state:
        description:
          - V(present) means that the values are there, and others may be. An MX record of the same host with another
            preference is replaced, and so is a null MX.
          - V(exact) means that the values are there, and no others of this name and type.
          - V(absent) means that the values are not there; without O(records[].values), nothing of this name and type
            is.
        type: str
        choices: [present, absent, exact]
        default: present
      ttl:
        description:
          - Seconds that caches may keep the records. All records of a name and type share it.
          - The default is what the records have, and O(default_ttl) for new ones.
        type: int
  server:
    description:
      - The primary server of the zones, as address or name.
      - Without it, only the snippet is made.
    type: str
  port:
    description: The port of the server.
    type: int
    default: 53
  tcp:
    description:
      - Whether to ask over TCP. With V(false), UDP is used, and TCP for answers that are too long for it.
      - Updates always travel over TCP.
    type: bool
    default: true
  timeout:
    description: Seconds for one answer of the server.
    type: float
    default: 10
  zone:
    description:
      - The zone that all names lie in.
      - By default the server is asked for the zone of each name, and names of several zones may be given.
    type: str
  key_name:
    description: The name of the TSIG key, as the server has it.
    type: str
  key_secret:
    description: The secret of the TSIG key, in Base64.
    type: str
  key_algorithm:
    description: The algorithm of the TSIG key.
    type: str
    choices: [hmac-sha256, hmac-sha384, hmac-sha512]
    default: hmac-sha256
  default_ttl:
    description: The TTL of records that are new and do not say their own, in seconds.
    type: int
    default: 3600
  snippet_path:
    description: A file to write RV(zone_snippet) to. Its directory has to exist.
    type: path
notes:
  - The module is normally run on the controller, with C(delegate_to=localhost) and C(become=false).
  - A server that shows each client another view of a zone has to show the key the view that is to be changed.
seealso:
  - plugin: opendomino.mail.mx
    plugin_type: lookup
  - name: RFC 2136
    description: Dynamic updates in the domain name system.
    link: https://www.rfc-editor.org/rfc/rfc2136
  - name: RFC 8945
    description: Secret key transaction authentication for DNS (TSIG).
    link: https://www.rfc-editor.org/rfc/rfc8945
"""

EXAMPLES = r"""
- name: DNS | This host has its address, and mail for the domain is led to it
  opendomino.mail.dns_records:
    server: ns1.example.com
    key_name: mail-update
    key_secret: "{{ mail_update_secret }}"
    records:
      - name: mail01.example.com
        type: A
        values: [192.0.2.11]
      - name: 192.0.2.11
        type: PTR
        values: [mail01.example.com]
        state: exact
      - name: example.com
        type: MX
        values: [10 mail01.example.com]
  delegate_to: localhost
  become: false

- name: DNS | The policies of the domain are exactly these
  opendomino.mail.dns_records:
    server: 192.0.2.53
    zone: example.com
    key_name: mail-update
    key_secret: "{{ mail_update_secret }}"
    key_algorithm: hmac-sha512
    records:
      - name: _dmarc
        type: TXT
        values: [v=DMARC1; p=reject]
        state: exact
      - name: mail2020._domainkey
        type: TXT
        state: absent
  delegate_to: localhost
  become: false

- name: DNS | The records for those who keep the zone elsewhere
  opendomino.mail.dns_records:
    snippet_path: /tmp/example.com.zone
    records:
      - name: example.com
        type: MX
        values: [10 mail01.example.com, 20 mail02.example.com]
        state: exact
  delegate_to: localhost
  become: false
"""

RETURN = r"""
zone_snippet:
  description: The records as asked for, in the form of a zone file. What is to be absent is a comment.
  returned: success
  type: str
  sample: |
    ; zone example.com.
    example.com. 3600 IN MX 10 mail01.example.com.
changes:
  description: The records that change, by name and type. Empty without O(server).
  returned: success
  type: list
  elements: dict
  contains:
    zone:
      description: The zone.
      type: str
      sample: example.com.
    name:
      description: The name.
      type: str
      sample: example.com.
    type:
      description: The type.
      type: str
      sample: MX
    before:
      description: The values before.
      type: list
      elements: str
      sample: []
    after:
      description: The values after. In check mode, as they would be.
      type: list
      elements: str
      sample: [10 mail01.example.com.]
    ttl_before:
      description: The TTL before; C(null) if there were no records.
      type: int
      sample:
    ttl_after:
      description: The TTL after; C(null) if there are no records.
      type: int
      sample: 3600
zones:
  description: The zones of the names. Empty without O(server).
  returned: success
  type: list
  elements: str
  sample: [example.com.]
reason:
  description:
    - What kind of error. V(conflict) when the records were changed meanwhile, V(unknown) when the server did not answer
      the update, V(not_shown) when it does not show it, V(cname), V(timeout), V(network), V(closed), V(malformed),
      V(too_big), V(key), or the server's return code in lower case, such as V(notauth), V(refused), V(servfail),
      V(badkey), V(badsig), V(badtime).
  returned: failed because of the server
  type: str
  sample: refused
"""

import os
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.opendomino.mail.plugins.module_utils import _dns_records
from ansible_collections.opendomino.mail.plugins.module_utils._dns_records import DnsRecordsError
from ansible_collections.opendomino.mail.plugins.module_utils._dns_update import (
    ALGORITHMS,
    IMPORT_ERROR,
    DnsUpdateError,
    Primary,
    TsigKey,
)
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import FileError, WholeFile

if TYPE_CHECKING:
    from typing import Any

    from ansible_collections.opendomino.mail.plugins.module_utils._dns_records import Change, Wish

RECORD_SPEC = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True, "choices": list(_dns_records.RECORD_TYPES)},
    "values": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": list(_dns_records.STATES), "default": "present"},
    "ttl": {"type": "int"},
}
ARGUMENT_SPEC = {
    "records": {"type": "list", "elements": "dict", "required": True, "options": RECORD_SPEC},
    "server": {"type": "str"},
    "port": {"type": "int", "default": 53},
    "tcp": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 10},
    "zone": {"type": "str"},
    "key_name": {"type": "str"},
    "key_secret": {"type": "str", "no_log": True},
    "key_algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": "hmac-sha256"},
    "default_ttl": {"type": "int", "default": _dns_records.DEFAULT_TTL},
    "snippet_path": {"type": "path"},
}


def publish(module: AnsibleModule, wishes: tuple[Wish, ...], zone: str | None) -> dict[str, Any]:
    """Change what has to be changed on the server, unless in check mode; return the result."""
    params = module.params
    key = None
    if params["key_name"]:
        key = TsigKey(_dns_records.zone_name(params["key_name"]), params["key_secret"], params["key_algorithm"])
        key.check()
    primary = Primary(params["server"], params["port"], tcp=params["tcp"], timeout=params["timeout"], key=key)
    zones = {wish.name: primary.zone_of(wish.name, zone) for wish in wishes}
    plan = _dns_records.plan(primary.read(wishes, zones), wishes, params["default_ttl"])
    if plan.changed and not module.check_mode:
        plan = primary.apply(plan, wishes, zones, params["default_ttl"])
    return {
        "changed": plan.changed,
        "changes": [as_result(change, zones[change.name]) for change in plan.changes],
        "diff": [plan.diff(f"DNS server {params['server']}")] if plan.changed else [],
        "zones": list(dict.fromkeys(zones.values())),
        "zone_snippet": _dns_records.render(wishes, params["default_ttl"], zones),
    }


def as_result(change: Change, zone: str) -> dict[str, Any]:
    """Return a change as the module's result has it."""
    return {
        "zone": zone,
        "name": change.name,
        "type": change.rdtype,
        "before": list(change.before.values) if change.before else [],
        "after": list(change.after.values) if change.after else [],
        "ttl_before": change.before.ttl if change.before else None,
        "ttl_after": change.after.ttl if change.after else None,
    }


def write_snippet(module: AnsibleModule, file: WholeFile, result: dict[str, Any]) -> None:
    """Write the snippet where it differs from the file, unless in check mode, and add that to the result."""
    try:
        before = (file.content or b"").decode("ascii")
        if before == result["zone_snippet"]:
            return
        file.check()
        result["diff"].append(
            {
                "before": before,
                "after": result["zone_snippet"],
                "before_header": str(file.path),
                "after_header": str(file.path),
            }
        )
        result["changed"] = True
        if not module.check_mode:
            file.replace(result["zone_snippet"].encode("ascii"))
    except (FileError, UnicodeError) as exc:
        module.fail_json(msg=f"{file.path}: the zone snippet cannot be written: {exc}", **result)


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_together=[("key_name", "key_secret")],
        supports_check_mode=True,
    )
    params = module.params
    if not 1 <= params["port"] <= 65535 or params["timeout"] <= 0:
        module.fail_json(msg="port is 1 to 65535, and timeout more than 0 seconds. Nothing was changed.")
    try:
        path = params["snippet_path"]
        snippet = WholeFile(module, path, mode=0o666 & ~_umask()) if path else None
        zone = _dns_records.zone_name(params["zone"]) if params["zone"] else None
        _dns_records.check_default_ttl(params["default_ttl"])
        wishes = _dns_records.read_wishes(params["records"], zone)
        if params["server"] and IMPORT_ERROR:
            module.fail_json(
                msg=missing_required_lib("dnspython >= 2.4")
                + " Only to see what is to be published, leave server out.",
                exception=IMPORT_ERROR,
            )
        result = (
            publish(module, wishes, zone)
            if params["server"]
            else {
                "changed": False,
                "changes": [],
                "diff": [],
                "zones": [],
                "zone_snippet": _dns_records.render(
                    wishes, params["default_ttl"], {wish.name: zone for wish in wishes} if zone else None
                ),
            }
        )
    except (DnsRecordsError, FileError) as exc:
        module.fail_json(msg=str(exc))
    except DnsUpdateError as exc:
        module.fail_json(msg=str(exc), reason=exc.reason)
    if snippet is not None:
        write_snippet(module, snippet, result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
