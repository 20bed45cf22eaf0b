#!/usr/bin/python
# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: directory_design_info
short_description: Find items of the Domino Directory by the labels that administrators see
version_added: 1.0.0
author:
  - opendomino.mail contributors (@opendomino)
description:
  - >-
    About half of the labels on the forms of a Domino Directory have no publicly known item name. The directory itself
    knows them: its design holds each label beside its field, with the choices that the field offers and what is stored
    for each of them.
  - >-
    This module reads the design as DXL, from HCL Domino REST API or from a file that was exported by hand, and proposes
    a field for each setting of the catalogue whose item or stored values are not documented publicly.
  - >-
    A person reviews the proposals. The reviewed rows are the site's own catalogue, which
    O(opendomino.mail.directory_documents#module:catalogue) takes.
  - The module reads the design only, never documents, and changes nothing.
extends_documentation_fragment:
  - opendomino.mail._attributes
  - opendomino.mail._attributes.actiongroup_domino
  - opendomino.mail._attributes.info_module
  - opendomino.mail._directory
  - opendomino.mail._directory.account_optional
attributes:
  platform:
    support: full
    platforms: all
options:
  url:
    description:
      - Address of HCL Domino REST API.
      - One of O(url) and O(path) is needed.
      - If not set, the value of the environment variable E(DOMINO_REST_URL) is used.
    type: str
  username:
    description:
      - User to log in with. Needed with O(url).
      - The user needs the right to read the design of the database.
      - If not set, the value of the environment variable E(DOMINO_REST_USERNAME) is used.
    type: str
  password:
    description:
      - Internet password of O(username). Needed with O(url).
      - If not set, the value of the environment variable E(DOMINO_REST_PASSWORD) is used.
    type: str
  scope:
    description:
      - >-
        Not used: the design is asked for by the file of the database, so that it can be read before there is a scope.
        The option is here so that C(module_defaults) can be the same for all modules of the group.
    type: str
    default: dominodirectory
  nsf_path:
    description:
      - File of the Domino Directory, relative to the data directory of the server.
    type: str
    default: names.nsf
  path:
    description:
      - >-
        A file on the host with the design as DXL, as C(DXL Utilities) of Domino Designer export it: all forms, subforms
        and shared fields, not in note format. When set, no server is asked.
      - The file is in UTF-8 and has at most 256 MiB. Entities and a document type of its own are refused.
    type: path
  forms:
    description:
      - The forms to look at.
    type: list
    elements: str
    choices:
      - Server
      - ServerConfig
      - Domain
      - Person
      - SMTPInboundSite
    default:
      - Server
      - ServerConfig
      - Domain
      - Person
      - SMTPInboundSite
  labels:
    description:
      - >-
        Texts of the forms, where these are not in English, and the label, choice or tab that the catalogue has for
        each. Upper and lower case, blanks and punctuation do not count.
      - It also helps where a release words a label differently.
    type: dict
    default: {}
  minimum_confidence:
    description:
      - What a proposal needs to come into RV(catalogue).
      - >-
        V(exact): one field stands with the label, word for word, and what it takes fits the setting.
      - >-
        V(likely): as V(exact), but the label differs in what does not matter (V(SSL) for V(TLS), a plural), stands
        after the field or under one of several tabs, or something cannot be checked, such as choices that a formula
        computes. RV(proposals[].why) says what.
    type: str
    choices:
      - exact
      - likely
    default: exact
notes:
  - >-
    Fields that are hidden or computed, and those of subforms that a formula may choose, are V(likely) at best. A field
    that is computed for display is never proposed, and neither is one that is documented as another setting's.
  - V(Yes) and V(No) among the choices of a field count as V(enabled) and V(disabled).
seealso:
  - module: opendomino.mail.directory_documents
  - name: The catalogue of items
    description: All settings, with what is known of each.
    link: https://github.com/opendomino/mail/blob/main/docs/docsite/rst/item_catalogue.rst
"""

EXAMPLES = r"""
- name: Design | Items behind the labels of the Configuration document
  opendomino.mail.directory_design_info:
    url: https://mail01.example.com:8880
    username: Domino Automation
    password: "{{ domino_rest_password }}"
    forms: [ServerConfig]
  register: design

- name: Design | The proposals become a file, which a person reviews
  ansible.builtin.copy:
    content: "{{ design.catalogue | to_nice_yaml }}"
    dest: catalogue.yml
    mode: "0644"
  delegate_to: localhost

- name: Design | What could not be told
  ansible.builtin.debug:
    msg: "{{ design.proposals | rejectattr('confidence', 'eq', 'exact') | list }}"

- name: Design | A German directory, exported by hand
  opendomino.mail.directory_design_info:
    path: /tmp/names-design.dxl
    labels:
      Relaishost für Nachrichten, die die lokale Internetdomäne verlassen: >-
        Relay host for messages leaving the local internet domain
      Aktiviert: Enabled
      Deaktiviert: Disabled
"""

RETURN = r"""
proposals:
  description: One entry for each setting whose item or stored values are not documented publicly.
  returned: success
  type: list
  elements: dict
  contains:
    form:
      description: Form of the setting.
      type: str
      sample: ServerConfig
    setting:
      description: The friendly setting.
      type: str
      sample: exhaustive_lookup
    label:
      description: Its label in the user interface; V(null) where it is not known.
      type: str
      sample: Exhaustive lookup
    known_item:
      description: Item that the catalogue has for it; V(null) where it has none.
      type: str
      sample: null
    evidence:
      description: How well that item is known in public.
      type: str
      sample: unknown
    confidence:
      description: >-
        V(exact) and V(likely) as in O(minimum_confidence). V(ambiguous): several fields may be meant, and all are in
        RV(proposals[].candidates). V(contradicted): a field stands with the label, and its type or choices do not fit.
        V(missing): no field stands with the label.
      type: str
      choices:
        - exact
        - likely
        - ambiguous
        - contradicted
        - missing
      sample: exact
    why:
      description: Why, in words.
      type: str
      sample: the same label stands in the cell to its left
    item:
      description: The item that is proposed; V(null) unless the confidence is V(exact) or V(likely).
      type: str
      sample: NameSeenOnOurServer
    type:
      description: What the item holds, as the design has it.
      type: str
      sample: text
    stored_values:
      description: Friendly values and what is stored for each; V(null) where that is not known.
      type: dict
      sample:
        enabled: '1'
        disabled: '0'
    place:
      description: Where the field stands.
      type: list
      elements: str
      sample:
        - form ServerConfig
        - tab "Router/SMTP"
        - tab "Basics"
        - table row 4
    candidates:
      description: >-
        Fields whose labels are near, best first, each with C(item), C(score) (0 to 1), C(labels), C(place) and
        C(against) (what does not fit or cannot be checked).
      type: list
      elements: dict
fields:
  description: >-
    All fields of the forms and their subforms, for a person to look for what was not found. A field is listed once for
    each place where it stands.
  returned: success
  type: list
  elements: dict
  contains:
    form:
      description: Form.
      type: str
      sample: ServerConfig
    item:
      description: Name of the field, which is the name of the item.
      type: str
      sample: NameSeenOnOurServer
    type:
      description: Type of the field in the design; empty for a shared field whose definition is not in the DXL.
      type: str
      sample: keyword
    kind:
      description: Whether the field is editable or computed.
      type: str
      sample: editable
    several_values:
      description: Whether the field takes several values; V(null) where it is not known.
      type: bool
      sample: false
    label:
      description: The nearest text; V(null) where there is none.
      type: str
      sample: 'Exhaustive lookup:'
    labels:
      description: All texts that may belong to the field, nearest first, each with C(text) and C(where).
      type: list
      elements: dict
    choices:
      description: Choices as C(text) and C(stored); V(null) where the field has none or a formula computes them.
      type: list
      elements: dict
      sample:
        - text: Enabled
          stored: '1'
    place:
      description: Where the field stands.
      type: list
      elements: str
      sample:
        - form ServerConfig
        - tab "Router/SMTP"
    hidden:
      description: Whether the field is hidden while a document is edited in the Notes client.
      type: bool
      sample: false
catalogue:
  description: >-
    The proposals of at least O(minimum_confidence) as rows for
    O(opendomino.mail.directory_documents#module:catalogue), ready to be written as YAML and reviewed.
  returned: success
  type: list
  elements: dict
  sample:
    - form: ServerConfig
      setting: exhaustive_lookup
      item: NameSeenOnOurServer
      type: text
      values:
        enabled: '1'
        disabled: '0'
      source: design of Example's Directory, form ServerConfig > tab "Router/SMTP" > tab "Basics" > table row 4
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._directory import design_dxl, layout
from ..module_utils._directory.discovery import EXACT, LIKELY, Proposal, as_result, as_row, discover, field_result
from ..module_utils._directory.errors import DefinitionError, DirectoryError
from ..module_utils._directory.items import FORMS, PUBLISHED
from ..module_utils._directory_module import ARGUMENT_SPEC, fail, open_directory, report_warnings

_CONNECTION = ("url", "username", "password")


def main() -> None:
    """Read the design, look for each label, report."""
    module = AnsibleModule(
        argument_spec={
            **ARGUMENT_SPEC,
            **{name: {**ARGUMENT_SPEC[name], "required": False} for name in _CONNECTION},
            "nsf_path": {"type": "str", "default": "names.nsf"},
            "path": {"type": "path"},
            "forms": {"type": "list", "elements": "str", "choices": list(FORMS), "default": list(FORMS)},
            "labels": {"type": "dict", "default": {}},
            "minimum_confidence": {"type": "str", "choices": [EXACT, LIKELY], "default": EXACT},
        },
        required_one_of=[("path", "url")],
        supports_check_mode=True,
    )
    wanted = (EXACT,) if module.params["minimum_confidence"] == EXACT else (EXACT, LIKELY)
    proposals: list[Proposal] = []
    fields: list[dict[str, Any]] = []
    try:
        labels = _texts(module.params["labels"])
        database = _file(module.params["path"]) if module.params["path"] else _served(module)
        for name in dict.fromkeys(module.params["forms"]):
            form = layout.form(database, name) or layout.FormDesign(name, (), (f"it has no form {name}",))
            for gap in form.gaps:
                module.warn(f"The design could not be read completely, so that fields may be missing: {gap}.")
            proposals += discover(form, PUBLISHED.rows(name), labels)
            fields += [field_result(name, placed) for placed in (*form.fields, *form.possible)]
    except DirectoryError as exc:
        fail(module, exc)
    source = f"design of {database.title or 'the Domino Directory'}"
    rows = [as_row(proposal, source) for proposal in proposals if proposal.confidence in wanted]
    module.exit_json(
        changed=False,
        proposals=[as_result(proposal) for proposal in proposals],
        fields=fields,
        catalogue=[row for row in rows if row],
    )


def _texts(labels: dict[str, Any]) -> dict[str, str]:
    wrong = next((text for text, label in labels.items() if not isinstance(label, str)), None)
    if wrong is not None:
        raise DefinitionError(f'labels: "{wrong}" is given no text. Put quotes around what looks like something else.')
    return labels


def _file(path: str) -> design_dxl.DatabaseDesign:
    try:
        with Path(path).open("rb") as file:
            content = file.read(design_dxl.MAX_BYTES + 1)
    except OSError as exc:
        raise DefinitionError(f"path: {path} cannot be read ({exc.strerror}).") from None
    try:
        return design_dxl.read(content)
    except design_dxl.DxlError as exc:
        raise DefinitionError(f"path: {path}: {exc}") from None


def _served(module: AnsibleModule) -> design_dxl.DatabaseDesign:
    # No scope of the directory's own is needed to read its design by file.
    with open_directory({**module.params, "scope": "$DATA"}, setup=True) as directory:
        try:
            return directory.design_dxl({"nsfPath": module.params["nsf_path"]})
        finally:
            report_warnings(module, directory.warnings)


if __name__ == "__main__":
    main()
