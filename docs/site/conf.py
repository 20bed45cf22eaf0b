# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the documentation; `make docs` calls it. Nothing is fetched while it builds."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path

#: The labels of Ansible's own documentation that the generated pages link to.
ANSIBLE_DOCS = "https://docs.ansible.com/projects/ansible/devel/"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _inventory() -> str:
    """Write these labels as an inventory of Sphinx, and return its path."""
    lines = [
        f"{label} std:label -1 {page}#{label.replace('_', '-')} {label.replace('_', ' ').capitalize()}"
        for label, page in ANSIBLE_LABELS.items()
    ]
    head = (
        "# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    path = Path(tempfile.mkdtemp(prefix="ansible-docs-")) / "objects.inv"
    path.write_bytes(head.encode() + zlib.compress("\n".join([*lines, ""]).encode()))
    return str(path)


project = "opendomino.mail"
copyright = "opendomino.mail contributors"  # noqa: A001 - Sphinx wants this name
html_title = "opendomino.mail: HCL Domino and Internet mail"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {"ansible": (ANSIBLE_DOCS, _inventory())}
highlight_language = "YAML+Jinja"
default_role = "any"
nitpicky = False

# `make links`: addresses of examples are nobody's, and a site that is slow is there.
linkcheck_ignore = [r"https?://([^/]*\.)?(example\.(com|org|net)|localhost|127\.0\.0\.\d+)(:\d+)?(/.*)?$"]
linkcheck_anchors = False
linkcheck_timeout = 20
linkcheck_workers = 4

html_theme = "sphinx_ansible_theme"
pygments_style = "ansible"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
