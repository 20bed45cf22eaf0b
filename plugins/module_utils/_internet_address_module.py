# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the module internet_addresses, and the files that it writes."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ._directory.errors import nothing_changed
from ._directory.items import READ_FORMS
from ._internet_address.bulk import Request
from ._internet_address.errors import InternetAddressError
from ._internet_address.progress import Progress
from ._internet_address.results import check_format
from ._internet_address.rules import (
    ADDRESS_LOOKUPS,
    DEFAULT_PATTERNS,
    LETTER_CASES,
    OPTIONS,
    WORD_SEPARATORS,
    read_rules,
)
from ._internet_address.selection import read_limit, read_selection
from ._internet_address.transliteration import LANGUAGES, METHODS
from ._whole_file import WholeFile, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ansible.module_utils.basic import AnsibleModule

Content = TypeVar("Content")
_TEXTS: dict[str, Any] = {"type": "list", "elements": "str", "default": []}

ADDRESS_ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["assigned", "reported"], "default": "assigned"},
    "people": {
        "type": "dict",
        "default": {},
        "options": {"names": _TEXTS, "mail_servers": _TEXTS, "notes_domains": _TEXTS},
    },
    "patterns": {"type": "list", "elements": "str", "default": list(DEFAULT_PATTERNS)},
    "internet_domain": {"type": "str"},
    "internet_domains": {
        "type": "list",
        "elements": "dict",
        "options": {
            "internet_domain": {"type": "str", "required": True},
            "name": {"type": "str"},
            "mail_server": {"type": "str"},
            "notes_domain": {"type": "str"},
            "languages": {"type": "list", "elements": "str"},
        },
    },
    "letter_case": {"type": "str", "choices": list(LETTER_CASES), "default": LETTER_CASES[0]},
    "word_separator": {"type": "str", "choices": list(WORD_SEPARATORS), "default": WORD_SEPARATORS[0]},
    "transliteration": {"type": "str", "choices": list(METHODS), "default": METHODS[0]},
    "languages": {**_TEXTS, "choices": sorted(LANGUAGES)},
    "replacements": {"type": "dict", "default": {}},
    "reserved": _TEXTS,
    "overwrite": {"type": "bool", "default": False},
    "address_lookup": {"type": "str", "choices": list(ADDRESS_LOOKUPS), "default": ADDRESS_LOOKUPS[1]},
    "global_domains": {
        "type": "list",
        "elements": "dict",
        "options": {"primary_internet_domain": {"type": "str", "required": True}, "internet_domain_aliases": _TEXTS},
    },
    "recipient_forms": {
        "type": "list",
        "elements": "str",
        "choices": list(READ_FORMS),
        "default": list(READ_FORMS),
    },
    "limit_changes": {"type": "str", "default": "100"},
    "confirm_changes": {"type": "int", "default": 0},
    "plan_file": {"type": "path"},
    "report_file": {"type": "path"},
    "shown": {"type": "int", "default": 100},
    "progress_file": {"type": "path"},
    "progress_seconds": {"type": "int", "default": 5},
    "page_size": {"type": "int", "default": 2000},
    "concurrency": {"type": "int", "default": 4},
    "design_check": {"type": "str", "choices": ["strict", "evidence", "off"], "default": "strict"},
}
_AT_LEAST = {"confirm_changes": 0, "shown": 0, "progress_seconds": 0, "page_size": 2, "concurrency": 1}


def request(params: Mapping[str, Any]) -> Request:
    """Return what options ask for; raises InternetAddressError."""
    for option, least in _AT_LEAST.items():
        if params[option] < least:
            raise InternetAddressError(f"{option} is {params[option]} and has to be {least} at least.")
    options = {option: params[option] for option in OPTIONS}
    with nothing_changed(InternetAddressError):
        read_rules(options, needs_domain=False)  # what is wrong whatever the directory holds is said before it is asked
    return Request(
        options=options,
        selection=read_selection(params["people"]),
        forms=list(dict.fromkeys(params["recipient_forms"])),
        limit=read_limit(params["limit_changes"]),
        confirmed=params["confirm_changes"],
        assigns=params["state"] == "assigned",
        page_size=params["page_size"],
        concurrency=params["concurrency"],
        design_check=params["design_check"],
    )


class Files:
    """The files for a review, where they are wanted."""

    def __init__(self, module: AnsibleModule) -> None:
        """Look at the files. Raises FileError or InternetAddressError where they could not be written later."""
        self._files: dict[str, WholeFile] = {}
        for option in ("plan_file", "report_file"):
            path = module.params[option]
            if path:
                check_format(option, path)
                self._files[option] = WholeFile(module, path)
                self._files[option].check()

    def write(self, option: str, render: Callable[[Content, str], bytes], content: Content) -> None:
        """Write one of them, if it is wanted and holds something else."""
        file = self._files.get(option)
        if file is not None:
            after = render(content, str(file.path))
            if file.content != after:
                file.replace(after)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the collector of cycles rest: it would look at a million objects again and again, and none is in a cycle.

    Afterwards it leaves alone what there is by then. Writing needs it, since each answer over HTTP leaves a cycle.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def progress(params: Mapping[str, Any]) -> Iterator[Progress]:
    """Give what says how far a run is, in a file where one is wanted."""
    path = params["progress_file"]
    if not path:
        yield Progress(lambda _line: None, 0)
        return
    with lines_of("progress_file", path) as file:
        yield Progress(lambda line: file.write(f"{line}\n"), params["progress_seconds"])
