# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that reach a Domino Directory over HCL Domino REST API."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(opendomino.mail._directory); its twin is module_utils/_directory_module.py."""

    DOCUMENTATION = r"""
options:
  scope:
    description:
      - Scope of HCL Domino REST API that names the Domino Directory.
      - >-
        A scope needs four steps, all made by an administrator: C(names.nsf) is lifted from C(nsfExclusions) in
        C(keepconfig.d); a schema in C(names.nsf) declares the forms, each with the modes V(default) and V(dql), and
        their items; a scope names this schema; the user has rights. When one is missing, the error says which, as
        far as the server tells.
      - Items that hold several values have to be declared as arrays in the schema.
    type: str
    default: dominodirectory
  validate_certs:
    description:
      - Whether the server's certificate is checked when O(url) is an C(https) address.
    type: bool
    default: true
  ca_path:
    description:
      - File or directory with certificates of authorities to trust, instead of the system's only.
    type: path
  timeout:
    description:
      - Seconds that a request may take, from connecting to the last byte of its answer.
    type: int
    default: 30
  max_response_size:
    description:
      - The largest answer that is read, in MiB.
      - Documents are read in pages, so that 64 MiB are enough for large directories. The design of a database comes in
        one answer.
    type: int
    default: 64
notes:
  - No proxy is used, and redirects are not followed.
  - A login that is refused is not tried again. A token that expires is renewed, as often as that happens.
requirements:
  - HCL Domino REST API on the server
"""

    # The account of modules that always talk to the REST API.
    ACCOUNT = r"""
options:
  url:
    description:
      - Address of HCL Domino REST API on the administration server of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_URL) is used.
    type: str
    required: true
  username:
    description:
      - User to log in with.
      - The user needs the rights for the documents in the access control list of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_USERNAME) is used.
    type: str
    required: true
  password:
    description:
      - Internet password of O(username).
      - If not set, the value of the environment variable E(DOMINO_REST_PASSWORD) is used.
    type: str
    required: true
"""

    # The same for modules that can do without it.
    ACCOUNT_OPTIONAL = r"""
options:
  url:
    description:
      - Address of HCL Domino REST API on the administration server of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_URL) is used.
    type: str
  username:
    description:
      - User to log in with.
      - The user needs the rights for the documents in the access control list of the Domino Directory.
      - If not set, the value of the environment variable E(DOMINO_REST_USERNAME) is used.
    type: str
  password:
    description:
      - Internet password of O(username).
      - If not set, the value of the environment variable E(DOMINO_REST_PASSWORD) is used.
    type: str
"""

    # How modules make sure that the right server was named as the administration server.
    ADMINISTRATION = r"""
options:
  administration_server:
    description:
      - Name of the administration server of the Domino Directory, abbreviated or canonical.
      - >-
        If set, the directory must have a Server document of this name. Otherwise the module fails, in check mode too,
        before anything is written, and names the Server documents that are there.
      - >-
        Whether this server is the administration server cannot be checked, because HCL Domino REST API, as published,
        does not show it.
    type: str
"""
