# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: directory
short_description: Read the Domino servers of a Notes domain from the Domino Directory
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    Reads the Server documents of the Domino Directory over HCL Domino REST API, with one search, and makes a host of
    each. The variables are those that the roles of this collection read.
  - The file name of the inventory source has to end in C(domino_directory.yml) or C(domino_directory.yaml).
  - >-
    Each host gets C(domino_server_name) (abbreviated), C(domino_host_name) (the fully qualified Internet host name; not
    set where the document has none), C(domino_notes_domain), C(domino_organization), C(domino_organizational_units),
    and C(domino_server_settings), a dictionary of all settings that can be seen in the document, by the names that
    M(opendomino.mail.directory_documents) has for them.
  - >-
    The group O(group) gets C(domino_rest_url), C(domino_rest_username), C(domino_rest_scope),
    C(domino_rest_validate_certs) and C(domino_rest_ca_path) as given here. The password is not among them; set
    C(domino_rest_password) in C(group_vars).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - opendomino.mail._directory
notes:
  - >-
    The administration server of the Domino Directory stands in its access control list, which no interface that is used
    here shows; it is told with O(administration_server).
  - >-
    A cached inventory holds what the Server documents say, and neither password nor token.
  - >-
    What the Server documents say is data. No value is rendered as a template. A server is left out, with a warning
    that names its document, where its host name or its name in the inventory is not the name of another machine.
    Examples are V(-oProxyCommand=...), V(../x), V(localhost), an IP address, and a text with a line break. A server is
    also left out where O(compose) gives a variable C(ansible_*) anything but a name, a number or a path.
    O(strict=true) makes both an error.
  - >-
    Names of groups consist of letters, digits and underscores. Give O(keyed_groups) a prefix, so that no document can
    choose a group of yours.
  - >-
    No name is looked up while the inventory is read. Whether a name leads to the right machine is decided by the host
    key that SSH verifies.
options:
  plugin:
    description: The name of this plugin.
    type: string
    required: true
    choices:
      - opendomino.mail.directory
  url:
    description:
      - Address of HCL Domino REST API on the administration server of the Domino Directory.
    type: string
    required: true
    env:
      - name: DOMINO_REST_URL
  username:
    description:
      - User to log in with. Reading is enough.
    type: string
    required: true
    env:
      - name: DOMINO_REST_USERNAME
  password:
    description:
      - Internet password of O(username). May be a template or a vaulted value.
    type: string
    required: true
    env:
      - name: DOMINO_REST_PASSWORD
  servers:
    description:
      - Patterns of the servers to take, as abbreviated names, where C(*) stands for anything. Case does not matter.
      - All servers when empty.
    type: list
    elements: string
    default: []
  administration_server:
    description:
      - The administration server of the Domino Directory.
      - >-
        When given, all hosts get C(domino_administration_server), and C(domino_is_administration_server) to group by.
    type: string
    default: ''
  hostnames:
    description:
      - What a host is called in the inventory; the first that a server has.
      - V(host_name) is the fully qualified Internet host name, in lower case.
      - V(common_name) is the common name of the server, such as V(Mail01).
      - V(server_name) is the abbreviated name of the server, such as V(Mail01/Acme).
    type: list
    elements: string
    choices: [host_name, common_name, server_name]
    default: [host_name, common_name]
  group:
    description:
      - Group that all hosts are in. The playbooks of this collection run on V(domino).
    type: string
    default: domino
  allow_controller:
    description:
      - >-
        Whether a host may have a name of the machine that Ansible runs on, such as V(localhost), or be given a loopback
        address by O(compose).
      - Needed where Ansible runs on one of the Domino servers. A task for V(localhost) runs on the host of that name.
    type: boolean
    default: false
  catalogue:
    description:
      - A site's own catalogue, as in M(opendomino.mail.directory_documents), so that its settings have names here, too.
    type: list
    elements: dict
    default: []
seealso:
  - module: opendomino.mail.directory_documents_info
"""

EXAMPLES = r"""
# acme.domino_directory.yml; then: ansible-inventory -i acme.domino_directory.yml --graph
---
plugin: opendomino.mail.directory
url: https://mail01.example.com:8880
username: Domino Automation
password: "{{ lookup('ansible.builtin.env', 'DOMINO_REST_PASSWORD') }}"
administration_server: Mail01/Acme
# That is enough. What follows takes some servers only, groups them by what they are and do, and keeps the answer for
# ten minutes.
servers: ["*/Mail/Acme"]
keyed_groups:
  - key: domino_organizational_units
    prefix: unit
  - key: domino_notes_domain
    prefix: notes_domain
groups:
  smtp_listeners: domino_server_settings.smtp_listener_task | default('') == 'enabled'
  administration_servers: domino_is_administration_server
compose:
  ansible_host: domino_host_name
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
cache_timeout: 600
"""

import socket
from collections.abc import Collection, Mapping
from typing import Any, cast

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.opendomino.mail.plugins.module_utils._directory import engine, report
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import selections
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import DirectoryError
from ansible_collections.opendomino.mail.plugins.module_utils._directory.site_catalogue import merged
from ansible_collections.opendomino.mail.plugins.module_utils._directory_module import open_directory
from ansible_collections.opendomino.mail.plugins.module_utils._printable import harmless
from ansible_collections.opendomino.mail.plugins.plugin_utils._directory_fleet import FleetError, fleet
from ansible_collections.opendomino.mail.plugins.plugin_utils._inventory_names import connection_problem
from ansible_collections.opendomino.mail.plugins.plugin_utils._txt import shown
from ansible_collections.opendomino.mail.plugins.plugin_utils._untrusted import untrusted

_SUFFIXES = ("domino_directory.yml", "domino_directory.yaml")
_ACCOUNT = ("url", "username", "password", "scope", "validate_certs", "ca_path", "timeout", "max_response_size")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin; what it makes of documents is plugin_utils/_directory_fleet.py."""

    NAME = "opendomino.mail.directory"

    def verify_file(self, path: str) -> bool:
        """Tell whether a file is meant for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(_SUFFIXES)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Put the hosts into the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        account = {name: self.templar.template(self.get_option(name)) for name in _ACCOUNT}
        controller = frozenset() if self.get_option("allow_controller") else _names_of_this_machine()
        try:
            servers = fleet(
                self._documents(account, self.get_cache_key(path), cache),
                naming=self.get_option("hostnames"),
                servers=self.get_option("servers"),
                administration_server=self.get_option("administration_server"),
                controller=controller,
            )
        except (DirectoryError, FleetError) as exc:
            raise AnsibleParserError(f"{path}: {exc}") from None
        for warning in servers.warnings:
            self.display.warning(f"{path}: {warning}")
        for refusal in servers.refused:
            self._refuse(path, refusal)
        group = self.inventory.add_group(self.get_option("group"))
        for name in ("url", "username", "scope", "validate_certs", "ca_path"):
            self.inventory.set_variable(
                group, f"domino_rest_{name}", account[name] if account[name] is not None else ""
            )
        for host, variables in servers.hosts.items():
            self._add_server(path, host, variables, group, controller)

    def _add_server(
        self, path: str, host: str, variables: Mapping[str, Any], group: str, controller: Collection[str]
    ) -> None:
        """Put a host with its variables and groups into the inventory."""
        strict = self.get_option("strict")
        self.inventory.add_host(host, group=group)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, untrusted(value))
        added = self.inventory.get_host(host)
        composed = self.get_option("compose")
        self._set_composite_vars(composed, added.get_vars(), host, strict=strict)
        known = added.get_vars()
        for name in sorted(set(composed) & set(known)):
            self.inventory.set_variable(host, name, untrusted(known[name]))
            wrong = connection_problem(name, known[name], controller) if name.startswith("ansible_") else ""
            if wrong:
                self.inventory.remove_host(added)
                server, value = variables["domino_server_name"], shown(str(known[name]))
                self._refuse(path, f"{server} is left out: compose gives it {name} {value!r}, which {wrong}.")
                return
        self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)

    def _refuse(self, path: str, refusal: str) -> None:
        """Warn of a server that is left out because of what its document says; fail with `strict`."""
        if self.get_option("strict"):
            raise AnsibleParserError(f"{path}: {refusal}")
        self.display.warning(f"{path}: {refusal}")

    def _documents(self, account: dict[str, Any], key: str, cache: bool) -> list[dict[str, Any]]:
        """Return the Server documents, from the cache where it is wanted and has them."""
        wanted = self.get_option("cache")
        if wanted and cache and key in self._cache:
            return cast("list[dict[str, Any]]", self._cache[key])
        catalogue = merged(self.get_option("catalogue"))
        with open_directory(account) as directory:
            selected = engine.read(directory, selections([{"form": "Server"}], catalogue))
        for warning in dict.fromkeys(map(harmless, directory.warnings)):
            self.display.warning(warning)
        documents = [report.read(document, (), catalogue) for _selection, document in selected]
        if wanted:
            self._cache[key] = documents
        return documents


def _names_of_this_machine() -> frozenset[str]:
    return frozenset({"localhost", socket.gethostname().lower(), socket.getfqdn().lower()})
