# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the DNS lookups are given, read and checked; all that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ansible.errors import AnsibleOptionsError

from ansible_collections.opendomino.mail.plugins.plugin_utils._mail_exchangers import domain_name
from ansible_collections.opendomino.mail.plugins.plugin_utils._resolver import Settings

T = TypeVar("T")


def resolver_settings(get_option: Callable[[str], Any]) -> Settings:
    """Return the options of the fragment `_dns`; raises AnsibleOptionsError."""
    settings = Settings(
        nameservers=tuple(get_option("nameservers")),
        port=get_option("port"),
        tcp=get_option("tcp"),
        timeout=get_option("timeout"),
        retries=get_option("retries"),
        concurrency=get_option("concurrency"),
    )
    wrong = [
        text
        for is_wrong, text in (
            (not 1 <= settings.port <= 65535, f"port is {settings.port}, and ports are 1 to 65535."),
            (settings.timeout <= 0, f"timeout is {settings.timeout:g}, and must be more than 0 seconds."),
            (settings.retries < 0, f"retries is {settings.retries}, and must not be negative."),
            (settings.concurrency < 1, f"concurrency is {settings.concurrency}, and must be at least 1."),
        )
        if is_wrong
    ]
    if wrong:
        raise AnsibleOptionsError(" ".join(wrong))
    return settings


def flattened(terms: Iterable[Any]) -> list[Any]:
    """Return the terms of a lookup, each a value or a list of values."""
    return [value for term in terms for value in (term if isinstance(term, (list, tuple)) else [term])]


def read_all(read: Callable[[Any], T], values: Iterable[Any]) -> list[T]:
    """Read each value; raises AnsibleOptionsError with the sentences of all ValueErrors."""
    results: list[T] = []
    wrong: list[str] = []
    for value in values:
        _read(read, value, results, wrong)
    if wrong:
        raise AnsibleOptionsError(" ".join(wrong))
    return results


def _read(read: Callable[[Any], T], value: Any, results: list[T], wrong: list[str]) -> None:
    try:
        results.append(read(value))
    except ValueError as exc:
        wrong.append(str(exc))


def read_domain(value: object) -> str:
    """Return a domain in the form that DNS has; raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a domain name, which is text, but of type {type(value).__name__}.")  # noqa: TRY004
    return domain_name(value)
