#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_resolver
short_description: The DNS servers that a host asks
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - Sets the DNS servers of a host where they are kept there, that is, with systemd-resolved, with NetworkManager, or in
    C(/etc/resolv.conf).
  - After a change, names are resolved through the host's own resolver, in a process of its own. If one does not, the
    former setting is put back and the module fails.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
attributes:
  check_mode:
    support: full
    details:
      - Names are resolved only if nothing has to change.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: linux
options:
  nameservers:
    description:
      - The DNS servers, as IP addresses, in the order in which they are asked. No others are asked then.
      - C(/etc/resolv.conf) takes three at most.
    type: list
    elements: str
    required: true
  search:
    description:
      - The domains that are searched for names without a dot. An empty list means none.
      - By default they stay as they are. NetworkManager has none then, because it leaves those of the connections out
        as well.
    type: list
    elements: str
  method:
    description:
      - Who keeps the DNS servers on the host.
      - V(auto) looks where O(resolv_conf) leads to and what is in it. A file that another program writes, such as
        resolvconf or a DHCP client, is an error.
      - V(systemd_resolved) writes O(systemd_resolved_drop_in) and restarts C(systemd-resolved.service), which starts
        with an empty cache. The servers are used for all names, in preference to those of the interfaces.
      - V(network_manager) writes O(network_manager_drop_in) and reloads C(NetworkManager.service). The servers are
        used instead of those of all connections.
      - V(file) replaces the nameservers in O(resolv_conf), and leaves all other lines. If that is a link, the file that
        it leads to is changed.
    type: str
    choices: [auto, systemd_resolved, network_manager, file]
    default: auto
  verify:
    description:
      - Host names that have to resolve to an address.
      - Without any, the change is made and not tried.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds until all of O(verify) have to resolve.
    type: float
    default: 15
  backup:
    description: Keep a copy of the file, with the time in its name, before it is changed.
    type: bool
    default: false
  unsafe_writes:
    description:
      - Whether a file that cannot be replaced in one step may be written in place, such as C(/etc/resolv.conf) in many
        containers, where it is mounted.
    type: bool
    default: false
  resolv_conf:
    description: The configuration of the C library's resolver.
    type: path
    default: /etc/resolv.conf
  systemd_resolved_drop_in:
    description: The file for systemd-resolved.
    type: path
    default: /etc/systemd/resolved.conf.d/90-opendomino-mail.conf
  network_manager_drop_in:
    description: The file for NetworkManager.
    type: path
    default: /etc/NetworkManager/conf.d/90-opendomino-mail.conf
notes:
  - The module has to run as root.
seealso:
  - module: opendomino.mail.smtp_probe
  - name: resolved.conf(5)
    description: The configuration of systemd-resolved.
    link: https://www.freedesktop.org/software/systemd/man/latest/resolved.conf.html
  - name: NetworkManager.conf(5)
    description: The configuration of NetworkManager.
    link: https://networkmanager.dev/docs/api/latest/NetworkManager.conf.html
"""

EXAMPLES = r"""
- name: DNS | This host asks the DNS servers of its site
  opendomino.mail.host_resolver:
    nameservers: [192.0.2.53, "2001:db8::53"]
    verify: [mx.example.org]
  become: true
  become_user: root

- name: DNS | In a container, whose file is mounted
  opendomino.mail.host_resolver:
    nameservers: [192.0.2.53]
    search: [example.com]
    method: file
    unsafe_writes: true
"""

RETURN = r"""
method:
  description: Who keeps the DNS servers.
  returned: success
  type: str
  sample: systemd_resolved
path:
  description: The file, with symbolic links resolved.
  returned: success
  type: str
  sample: /etc/systemd/resolved.conf.d/90-opendomino-mail.conf
verified:
  description: The names that resolved.
  returned: success
  type: list
  elements: str
  sample: [mx.example.org]
backup_file:
  description: The copy of the file as it was.
  returned: changed, and O(backup=true), not in check mode, if there was a file
  type: str
  sample: /etc/resolv.conf.4711.2026-03-01@10:30:00~
rolled_back:
  description: Whether the former setting was put back.
  returned: failed after the change
  type: bool
  sample: true
"""

from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.opendomino.mail.plugins.module_utils import _host_resolver
from ansible_collections.opendomino.mail.plugins.module_utils._host_resolver import HostResolverError
from ansible_collections.opendomino.mail.plugins.module_utils._whole_file import FileError, WholeFile

if TYPE_CHECKING:
    from ansible_collections.opendomino.mail.plugins.module_utils._host_resolver import Plan

ARGUMENT_SPEC = {
    "nameservers": {"type": "list", "elements": "str", "required": True},
    "search": {"type": "list", "elements": "str"},
    "method": {"type": "str", "choices": ["auto", *_host_resolver.METHODS], "default": "auto"},
    "verify": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 15},
    "backup": {"type": "bool", "default": False},
    "unsafe_writes": {"type": "bool", "default": False},
    "resolv_conf": {"type": "path", "default": "/etc/resolv.conf"},
    "systemd_resolved_drop_in": {"type": "path", "default": "/etc/systemd/resolved.conf.d/90-opendomino-mail.conf"},
    "network_manager_drop_in": {"type": "path", "default": "/etc/NetworkManager/conf.d/90-opendomino-mail.conf"},
}


def tell(module: AnsibleModule, plan: Plan) -> str:
    """Have the keeper read its file again; return what went wrong."""
    if not plan.command:
        return ""
    code, out, err = module.run_command([module.get_bin_path("systemctl", required=True), *plan.command])
    return f"systemctl {' '.join(plan.command)} failed: {(err or out).strip()}" if code else ""


def put_back(file: WholeFile, plan: Plan) -> str:
    """Restore the file; return what went wrong."""
    try:
        if plan.before is None:
            file.path.unlink()
        else:
            file.replace(plan.before)
    except (FileError, OSError) as exc:
        return str(exc)
    return ""


def change(module: AnsibleModule, plan: Plan, file: WholeFile) -> str | None:
    """Make the change, see that names resolve, and return the copy of the file; else restore the setting and fail."""
    names = module.params["verify"]
    if plan.command:
        module.get_bin_path("systemctl", required=True)
    if not file.path.parent.exists():
        file.path.parent.mkdir()
        file.path.parent.chmod(0o755)
    copy = file.replace(plan.after, backup=module.params["backup"])
    problem = tell(module, plan)
    if not problem and names:
        found = _host_resolver.unresolved(names, module.params["timeout"])
        problem = f"Names do not resolve with these DNS servers: {found}." if found else ""
    if problem:
        again = put_back(file, plan) or tell(module, plan)
        module.fail_json(
            msg=f"{problem} The former setting was put back{f', but {again}' if again else ''}. Check nameservers and "
            "verify, and that a firewall lets UDP and TCP port 53 through.",
            method=plan.method,
            path=plan.path,
            rolled_back=True,
        )
    return copy


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    try:
        _host_resolver.check_names(params["verify"])
        wish = _host_resolver.Wish.read(params["nameservers"], params["search"])
        drop_ins = {method: params[f"{method}_drop_in"] for method in ("systemd_resolved", "network_manager")}
        plan = _host_resolver.look(wish, params["method"], params["resolv_conf"], drop_ins)
        # A new one can be read by everybody, as resolvers must.
        file = WholeFile(module, plan.path, in_place=params["unsafe_writes"], mode=0o644)
        file.content = plan.before  # what the plan was made from
        if plan.changed and file.path.parent.exists():
            file.check()
    except (HostResolverError, FileError) as exc:
        module.fail_json(msg=str(exc))
    result = {
        "changed": plan.changed,
        "method": plan.method,
        "path": plan.path,
        "diff": plan.diff(),
        "verified": [] if plan.changed and module.check_mode else params["verify"],
    }
    if plan.changed and not module.check_mode:
        try:
            copy = change(module, plan, file)
        except (FileError, OSError) as exc:
            module.fail_json(msg=str(exc))
        result.update({} if copy is None else {"backup_file": copy})
    elif not plan.changed and params["verify"]:
        found = _host_resolver.unresolved(params["verify"], params["timeout"])
        if found:
            module.fail_json(msg=f"Names do not resolve on this host: {found}. Nothing was changed.", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
