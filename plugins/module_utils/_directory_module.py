# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for the Domino Directory share: options, and the way they choose."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.basic import env_fallback

from ._directory.administration import server_document
from ._directory.errors import DefinitionError
from ._directory.items import FORMS
from ._directory.rest import RestDirectory
from ._directory.scope_rest import SetupApi
from ._directory.site_catalogue import TYPES
from ._directory.transport import Transport
from ._printable import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ansible.module_utils.basic import AnsibleModule

    from ._directory.definition import Definition

ARGUMENT_SPEC: dict[str, Any] = {
    "url": {"type": "str", "required": True, "fallback": (env_fallback, ["DOMINO_REST_URL"])},
    "username": {"type": "str", "required": True, "fallback": (env_fallback, ["DOMINO_REST_USERNAME"])},
    "password": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["DOMINO_REST_PASSWORD"]),
    },
    "scope": {"type": "str", "default": "dominodirectory"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "max_response_size": {"type": "int", "default": 64},
}

#: The option of modules that can make sure of the administration server; its documentation is in the same fragment.
ADMINISTRATION_ARGUMENT_SPEC: dict[str, Any] = {"administration_server": {"type": "str"}}

#: One definition of a document, as the modules that write documents take it.
DOCUMENT_SPEC: dict[str, Any] = {
    "form": {
        "type": "str",
        "required": True,
        "choices": ["Server", "ServerConfig", "Domain", "Person", "SMTPInboundSite"],
    },
    "match": {"type": "dict", "required": True},
    "settings": {"type": "dict", "default": {}},
    "items": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "create": {"type": "bool", "default": True},
}

#: The option for a site's own catalogue; its documentation is the fragment _directory_catalogue.
CATALOGUE_ARGUMENT_SPEC: dict[str, Any] = {
    "catalogue": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "form": {"type": "str", "required": True, "choices": list(FORMS)},
            "setting": {"type": "str", "required": True},
            "item": {"type": "str", "required": True},
            "type": {"type": "str", "choices": list(TYPES)},
            "values": {"type": "dict", "default": {}},
            "label": {"type": "str"},
            "source": {"type": "str"},
        },
    },
}

#: Options of a module that can write its documents into a file instead of a directory; they come after ARGUMENT_SPEC.
OUTPUT_ARGUMENT_SPEC: dict[str, Any] = {
    **{name: {**ARGUMENT_SPEC[name], "required": False} for name in ("url", "username", "password")},
    "output": {"type": "str", "choices": ["rest", "dxl"], "default": "rest"},
    "path": {"type": "path"},
}
OUTPUT_REQUIRED_IF = [("output", "rest", ["url", "username", "password"]), ("output", "dxl", ["path"])]


#: What must be given before anything is asked, and where it comes from where the task does not have it.
_REQUIRED = {
    "url": "DOMINO_REST_URL",
    "username": "DOMINO_REST_USERNAME",
    "password": "DOMINO_REST_PASSWORD",
    "scope": "",
}
#: The shortest text that is hidden wherever it occurs; shorter ones would make the output unreadable and hide nothing.
_SHORTEST_SECRET = 4


def require_account(params: Mapping[str, Any]) -> None:
    """Refuse an empty address, account or scope; DefinitionError names the option."""
    for name, variable in _REQUIRED.items():
        if not (params[name] or "").strip():
            hint = f" or the environment variable {variable}, which is empty if it was not exported" if variable else ""
            raise DefinitionError(
                f"{name} is empty. Set this option{hint}. Nothing was asked, and nothing was changed."
            )


def administration(params: Mapping[str, Any]) -> Definition | None:
    """Return the definition of the required Server document, None if the options name no administration server."""
    name = params["administration_server"]
    return None if name is None else server_document(name)


def hide(module: AnsibleModule, secrets: Iterable[str]) -> None:
    """Keep secrets out of whatever a module returns."""
    module.no_log_values.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)


def report_warnings(module: AnsibleModule, warnings: Iterable[str]) -> None:
    """Give warnings to a module, each once; they may repeat what a server sent."""
    for warning in dict.fromkeys(map(harmless, warnings)):
        module.warn(warning)


@contextmanager
def open_directory(params: Mapping[str, Any], *, setup: bool = False) -> Iterator[RestDirectory]:
    """Give the directory that a module's options name; `setup` asks for the right to read designs."""
    with _open_transport(params) as transport:
        yield RestDirectory(transport, params["username"], params["password"], scope=params["scope"], setup=setup)


@contextmanager
def open_setup(params: Mapping[str, Any]) -> Iterator[SetupApi]:
    """Give the schemas and scopes of the server that a module's options name."""
    with _open_transport(params) as transport:
        yield SetupApi(transport, params["username"], params["password"])


@contextmanager
def _open_transport(params: Mapping[str, Any]) -> Iterator[Transport]:
    require_account(params)
    transport = Transport(
        params["url"],
        timeout=params["timeout"],
        max_response_size=params["max_response_size"],
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
    )
    try:
        yield transport
    finally:
        transport.close()


@contextmanager
def session(module: AnsibleModule, *, setup: bool = False) -> Iterator[RestDirectory]:
    """Give the directory that a module's options name; its warnings become the module's, its secrets stay unsaid."""
    with open_directory(module.params, setup=setup) as directory:
        try:
            yield directory
        finally:
            hide(module, directory.secrets)
            report_warnings(module, directory.warnings)


def fail(module: AnsibleModule, exc: Exception, **result: Any) -> NoReturn:
    """End a module with an error of the engine."""
    module.fail_json(msg=harmless(str(exc)), **result)
    raise AssertionError  # fail_json does not return
