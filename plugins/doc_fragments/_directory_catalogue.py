# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option by which modules take a site's own catalogue of items."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._directory_catalogue); its twin is module_utils/_directory_module.py."""

    DOCUMENTATION = r"""
options:
  catalogue:
    description:
      - >-
        The site's own catalogue: settings whose items, or stored values, are not publicly known, and that a person has
        confirmed in the design of this Domino Directory. M(opendomino.mail.directory_design_info) proposes the rows.
      - >-
        Usually it is a YAML file beside the playbook, read with
        C({{ lookup('ansible.builtin.file', 'catalogue.yml') | from_yaml }}).
      - >-
        A row gives a published setting its item or further stored values, or adds a setting. Rows count as confirmed
        (evidence V(site)); the check against the server's design still holds for them.
      - >-
        A row that contradicts what is documented publicly is an error: another item for a documented setting, another
        stored value for a documented one, or a second setting for a documented item.
    type: list
    elements: dict
    default: []
    suboptions:
      form:
        description: Form of the item.
        type: str
        required: true
        choices:
          - Server
          - ServerConfig
          - Domain
          - Person
          - SMTPInboundSite
      setting:
        description: >-
          Friendly name of the setting, a published one or a new one. Lower-case letters, digits and underscores,
          beginning with a letter.
        type: str
        required: true
      item:
        description: Name of the item.
        type: str
        required: true
      type:
        description: >-
          What the item holds. When not set, what the published setting has, V(text) for a new one. V(names) are Notes
          names, which are stored in canonical form.
        type: str
        choices:
          - text
          - number
          - text_list
          - names
      values:
        description: >-
          Friendly values and what is stored for each, as in C({enabled: '1', disabled: '0'}). They come beside the
          published ones. A setting without any takes free content.
        type: dict
        default: {}
      label:
        description: Label in the user interface, for messages and diffs.
        type: str
      source:
        description: Where it was seen. For the reader of the catalogue.
        type: str
"""
