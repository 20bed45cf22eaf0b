# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one loader for what the lab reads from YAML and JSON: a mapping becomes a dataclass, and nothing is ignored."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

Entry = TypeVar("Entry")
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


class EntryError(ValueError):
    """A mapping that does not describe what it should; the text says where and why."""


def read(kind: type[Entry], entry: object, where: str) -> Entry:
    """Return the dataclass that a mapping describes, with the dataclasses in it.

    Raises EntryError for an unknown or missing key and for a value of the wrong type. `where` names the mapping.
    """
    if not isinstance(entry, Mapping):
        raise EntryError(f"{where} is {entry!r} and must be a mapping")
    known = {field.name: field for field in fields(kind) if field.init}  # type: ignore[arg-type]
    unknown = [str(key) for key in entry if key not in known]
    if unknown:
        raise EntryError(f"{where}: unknown keys: {', '.join(unknown)} (known are: {', '.join(known)})")
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in entry]
    if needed:
        raise EntryError(f"{where}: missing keys: {', '.join(needed)}")
    hints = typing.get_type_hints(kind)
    return kind(**{key: _value(hints[key], value, f"{where}: {key}") for key, value in entry.items()})


def _value(hint: Any, value: object, where: str) -> Any:
    """Return a value as its type hint says; EntryError where it is of another type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if is_dataclass(hint):
        return read(typing.cast("type[Any]", hint), value, where)
    if origin in (typing.Union, types.UnionType):
        return _one_of(arguments, value, where)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if origin is tuple and arguments[-1] is not ... and isinstance(value, list) and len(value) == len(arguments):
        return tuple(_value(one, entry, where) for one, entry in zip(arguments, value, strict=True))
    if origin is tuple and arguments[-1] is ... and isinstance(value, (list, tuple)):
        return tuple(_value(arguments[0], entry, f"{where}, entry {n}") for n, entry in enumerate(value, start=1))
    if origin is Mapping and isinstance(value, Mapping):
        return {
            _value(arguments[0], key, where): _value(arguments[1], v, f"{where}: {key}") for key, v in value.items()
        }
    if hint in _WORDS and _is(hint, value):
        return value
    raise EntryError(f"{where} is {value!r} and must be {_described(hint)}")


def _one_of(hints: Sequence[Any], value: object, where: str) -> Any:
    fitting = [hint for hint in hints if _shape(hint, value)]
    if not fitting:
        raise EntryError(f"{where} is {value!r} and must be {' or '.join(map(_described, hints))}")
    return _value(fitting[0], value, where)


def _shape(hint: Any, value: object) -> bool:
    """Return whether a value is of a hint's kind, whatever is in it."""
    if hint in _WORDS:
        return _is(hint, value)
    if is_dataclass(hint) or typing.get_origin(hint) is Mapping:
        return isinstance(value, Mapping)
    return hint is Any or isinstance(value, (list, tuple))


def _is(hint: type, value: object) -> bool:
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _described(hint: Any) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    if hint is Path:
        return "a path"
    return "a mapping" if is_dataclass(hint) or typing.get_origin(hint) is Mapping else "a list"
