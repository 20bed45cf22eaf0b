# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let product text through and nothing else: what a site calls its servers, people, domains and files gets a pseudonym.

Nothing is searched for and taken out. A text is taken apart, and only words of the product (words.py), small numbers
that say nothing about a site, and plain punctuation come through; each other piece becomes a token or `[...]`. So what
nobody thought of is gone as well.

A token stands for a name, the same one wherever the name comes up: it is keyed with a secret of the run, so that the
parts of a recording, read on different machines, agree, and nobody who sees one can try names out. When the parts are
put together, tokens become pseudonyms by their order (`Pseudonyms`), and the key is forgotten.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from typing import TYPE_CHECKING

from .._smtp.names import is_address
from .words import is_product_identifier, is_product_text, is_product_word

if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping, Match

#: Stands for what was there and is not told.
GONE = "[...]"
#: Brackets of a token until it has its pseudonym; no text that is read can hold them, because they do not come through.
_OPEN, _CLOSE = "\u27e6", "\u27e7"
_TOKEN = re.compile(f"{_OPEN}([a-z0-9]+):([0-9a-f]{{24}}){_CLOSE}")
#: Brackets of a slot while a text is taken apart.
_SLOT_OPEN, _SLOT_CLOSE = "\ue000", "\ue001"
_MAX_TEXT = 20_000

_DATE = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?[0-9]{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* "
    r"[0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?: [+-][0-9]{4}\b)?(?: \([A-Z]{2,5}\))?"
)
_IP = r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w)"
_PIECES = re.compile(
    rf"(?P<slot>{_SLOT_OPEN}[a-z_]+{_SLOT_CLOSE})"
    rf"|(?P<date>(?<![\w]){_DATE})"
    r"|(?P<release>(?<=Release )[0-9]{1,2}(?:\.[0-9]{1,2}){0,2}(?:FP[0-9]{1,2})?(?: HF[0-9]{1,4})?(?![\w.]))"
    rf"|(?P<ip>{_IP})"
    r"|(?P<port>Port:[0-9]{1,5}(?![\w.:]))"
    rf"|(?P<blank>[ \t]+)|(?P<chunk>(?:(?!{_IP})[^ \t{_SLOT_OPEN}])+)|(?P<other>.)",
    re.DOTALL,
)
_RUN = re.compile(r"[^\W_]+|_+|[^\w]+")
_CLOCK = re.compile(r"[0-9]{1,4}(?:[-/.:][0-9]{1,4}){1,2}")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,63}")
_PUNCTUATION = frozenset(".,:;()[]<>\"'/-=*#&+@%!?|_\\")
_PAIRS = {"(": ")", "[": "]", "<": ">", '"': '"', "'": "'"}
#: Kinds of tokens, the more telling ones first: where parts of a recording disagree about a name, the first counts.
KINDS = ("server", "person", "org", "host", "domain", "ipv4", "ipv6", "path", "id", "field", "name")


class Anonymiser:
    """Takes texts apart, with the names that are known beforehand.

    `key`: a secret of the run. `names`: what the site calls things; it only serves to tell kinds apart, and to look for
    names inside of identifiers.
    """

    def __init__(self, key: str, names: Mapping[str, str] | Iterable[str] = ()) -> None:
        if len(key) < 16:
            raise ValueError("the key of a recording has at least 16 characters")
        self._key = key.encode("utf-8")
        self._kinds: dict[str, str] = {}
        self._parts: set[str] = set()
        self.release = ""
        given = names.items() if hasattr(names, "items") else ((name, "") for name in names)
        for name, kind in given:
            self.know(name, kind)

    def know(self, name: str, kind: str = "") -> None:
        """Take a name of the site into account: a Notes name, an address, a host, a domain, an IP address, a word."""
        folded = _folded(name)
        if not folded or is_product_text(folded):
            return
        parts = [part for part in re.split(r"[/@\s]+", re.sub(r"(?:^|(?<=/))(?:cn|ou|o|c)=", "", folded)) if part]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            if "/" in folded:
                self._is(part, "org" if last else kind or "name")
            elif kind and len(parts) == 1:
                self._is(part, kind)
            labels = part.split(".")
            for label in labels[: max(len(labels) - 1, 1)]:
                for word in re.findall(r"[^\W_]+", label):
                    if len(word) > 2 and not is_product_word(word):
                        self._parts.add(word)
                        self._is(word, "name")

    def _is(self, name: str, kind: str) -> None:
        """Remember what a name is called by; what tells more counts."""
        self._kinds[name] = min(kind, self._kinds.get(name, kind), key=KINDS.index)

    # -- what comes through ------------------------------------------------------------------------------------------

    def text(self, text: str, slots: Mapping[str, str] | None = None) -> str:
        """Return a line of text with nothing but product words, pseudonyms and slots.

        `slots`: texts that the recorder itself knows (the name it gave in EHLO, say), and what to show for each; they
        count where they stand alone, the longest first, in any case.
        """
        marked = re.sub(f"[{_SLOT_OPEN}-\uf8ff]", "?", text[:_MAX_TEXT])
        marked = re.sub(r"[^\S \t]|[\x00-\x08\x0a-\x1f\x7f]", " ", marked)
        for known in sorted(filter(None, slots or {}), key=len, reverse=True):
            slot = f"{_SLOT_OPEN}{(slots or {})[known]}{_SLOT_CLOSE}"
            marked = re.sub(rf"(?<![\w{_SLOT_OPEN}]){re.escape(known)}(?!\w)", slot, marked, flags=re.IGNORECASE)
        out = "".join(self._piece(match) for match in _PIECES.finditer(marked))
        gone = re.escape(GONE)
        return re.sub(rf"{gone}(?:[\s.,:;'\"/_-]*{gone})+", GONE, out).rstrip()

    def identifier(self, name: str) -> str | None:
        """Return the name of an item or variable if it is the product's, None where that is not sure."""
        return name if _IDENTIFIER.fullmatch(name) and is_product_identifier(name) else None

    def beside_a_label(self, name: str) -> str:
        """Return the name of a field that stands with a label of the product; a token where the site is in it."""
        return name if self.identifier(name) or not self._has_a_name(name) else self.token("field", name)

    def _has_a_name(self, name: str) -> bool:
        """Tell whether a name of the site stands in an identifier, with letters only and in any case."""
        plain = re.sub(r"[^a-z0-9]", "", name.casefold())
        return not _IDENTIFIER.fullmatch(name) or any(part in plain for part in self._parts)

    def token(self, kind: str, value: str) -> str:
        """Return the token of a value; case does not count."""
        digest = hmac.new(self._key, _folded(value).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"{_OPEN}{self._kinds.get(_folded(value), kind)}:{digest[:24]}{_CLOSE}"

    # -- taking apart ------------------------------------------------------------------------------------------------

    def _piece(self, match: Match[str]) -> str:
        kind, found = match.lastgroup, match.group()
        if kind == "slot":
            return "{" + found[1:-1] + "}"
        if kind == "date":
            return "{date}"
        if kind == "release":
            self.release = self.release or found
            return "{release}"
        if kind == "ip":
            return self._address(found) or GONE
        if kind == "port":
            return found if is_product_word(found[5:]) else "Port:{port}"
        if kind == "blank":
            return found
        return self._chunk(found) if kind == "chunk" else GONE

    def _chunk(self, chunk: str, *, several: bool = False) -> str:
        """Return what shows of a piece without blanks: punctuation around it is looked through."""
        before, core, after = _unwrapped(chunk)
        return before + (self._core(core, several=several) if core else "") + after

    def _core(self, core: str, *, several: bool) -> str:
        if is_product_text(core):
            return self._words(core, several=several)
        if "=" in core and not re.match(r"(?:cn|ou|o|c)=", core, re.IGNORECASE):
            return "=".join(self._chunk(part) if part else "" for part in core.split("=", 1))
        for way in (self._clock, self._id, self._address, self._mail, self._place, self._host):
            found = way(core)
            if found is not None:
                return found
        if _folded(core) in self._kinds:
            return self.token("name", core)
        parts = re.split("([,;:])", core)
        if parts[1:]:
            several = len(re.findall("[0-9]+", core)) > 1
            return "".join(part if part in ",;:" else self._chunk(part, several=several) for part in parts)
        return self._words(core, several=several)

    def _words(self, core: str, *, several: bool = False) -> str:
        """Return what consists of words of the product and numbers; if anything else is in it, nothing of it.

        Of several numbers none is told: together they are a time, an address or a telephone number.
        """
        runs = _RUN.findall(core)
        several = several or sum(run.isdecimal() for run in runs) > 1
        shown = [self._word(run, alone=not several) for run in runs]
        return GONE if GONE in shown else "".join(shown)

    def _address(self, core: str) -> str | None:
        try:
            address = ipaddress.ip_address(core.partition("%")[0])
        except ValueError:
            bracketed = re.fullmatch(r"([^\]]+)\]:[0-9]{1,5}", core)
            if bracketed and is_address(bracketed.group(1)):
                return f"{self._address(bracketed.group(1))}]:9999"
            return GONE if core.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.%\]]+", core) else None
        return self.token(f"ipv{address.version}", address.compressed)

    def _mail(self, core: str) -> str | None:
        local, at, domain = core.rpartition("@")
        if not at or not local or not domain:
            return None
        who = local if local.casefold() == "postmaster" else self.token("person", local)
        return f"{who}@{self._host(domain) or self._address(domain.strip('[]')) or self.token('domain', domain)}"

    def _place(self, core: str) -> str | None:
        """Return what shows of a path, a URL or a hierarchical name."""
        if "/" not in core and "\\" not in core:
            return None
        if _CLOCK.fullmatch(core):
            return re.sub("[0-9]", "9", core)
        suffix = re.search(r"\.(nsf|ntf|ini|id|box|log)\Z", core, re.IGNORECASE)
        if core[0] in "/\\" or "\\" in core or "://" in core or suffix:
            return self.token("path", core) + (suffix.group().lower() if suffix else "")
        parts = core.split("/")
        if all(is_product_text(part) or re.fullmatch("[0-9]{1,2}", part) for part in parts):
            return self._words(core)
        shown = []
        for number, part in enumerate(parts):
            label, value = re.fullmatch(r"((?:cn|ou|o|c)=)?(.*)", part, re.IGNORECASE | re.DOTALL).groups("")  # type: ignore[union-attr]
            kind = "org" if number == len(parts) - 1 else "name"
            shown.append(label.upper() + (value if value in ("", "*") else self.token(kind, value)))
        return "/".join(shown)

    def _id(self, core: str) -> str | None:
        """Return what shows of a UNID, a replica id, or something else that is a number in hexadecimal."""
        plain = core.replace(":", "").replace("-", "")
        return self.token("id", plain) if re.fullmatch(r"[0-9A-Fa-f]{16,64}", plain) else None

    def _clock(self, core: str) -> str | None:
        return re.sub("[0-9]", "9", core) if _CLOCK.fullmatch(core) else None

    def _host(self, core: str) -> str | None:
        if not _HOST.fullmatch(core) or not re.search(r"[^\W\d_]", core):
            return None
        name = core.rstrip(".")
        _first, _dot, rest = name.partition(".")
        if "." in rest and self._kinds.get(_folded(name)) != "domain":
            return f"{self.token('host', name)}.{self.token('domain', rest)}"
        return self.token("domain", name)

    def _word(self, run: str, *, alone: bool) -> str:
        if run.isdecimal() and run.isascii():
            return run if alone and is_product_word(run) else "9" * min(len(run), 4)
        if is_product_word(run):
            return run
        if not re.search(r"[^\W_]", run):
            return _plain(run)
        return self.token("name", run) if _folded(run) in self._kinds else GONE


class Pseudonyms:
    """Gives tokens their pseudonyms, in the order in which they come up."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def rename(self, value: Any) -> Any:
        """Return JSON data with pseudonyms instead of tokens."""
        _each(value, self._learn)
        return self._renamed(value)

    def _learn(self, text: str) -> None:
        for kind, digest in _TOKEN.findall(text):
            known = self._kinds.get(digest)
            if known is None or KINDS.index(kind) < KINDS.index(known):
                self._kinds[digest] = kind

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._renamed(key): self._renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        return _TOKEN.sub(lambda match: self._show(match.group(2)), value) if isinstance(value, str) else value

    def _show(self, digest: str) -> str:
        if digest not in self._shown:
            kind = self._kinds[digest]
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            self._shown[digest] = _SHAPES[kind](number)
        return self._shown[digest]


_SHAPES: Mapping[str, Callable[[int], str]] = {
    "server": "Server{}".format,
    "person": "Person{}".format,
    "org": "Org{}".format,
    "host": "host{}".format,
    "domain": "domain{}.example".format,
    # the networks for documentation, RFC 5737 and RFC 3849
    "ipv4": lambda number: (
        f"{('192.0.2', '198.51.100', '203.0.113')[(number - 1) // 254 % 3]}.{(number - 1) % 254 + 1}"
    ),
    "ipv6": "2001:db8::{:x}".format,
    "path": "/path{}".format,
    "id": "ID{}".format,
    "field": "Field{}".format,
    "name": "Name{}".format,
}


def _each(value: Any, look: Callable[[str], None]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            look(key)
            _each(item, look)
    elif isinstance(value, list):
        for item in value:
            _each(item, look)
    elif isinstance(value, str):
        look(value)


def _unwrapped(chunk: str) -> tuple[str, str, str]:
    """Return a chunk with its punctuation before and after taken off, as far as it is plain."""
    start, end = 0, len(chunk)
    while start < end and chunk[start] in "([<\"'`":
        start += 1
    while end > start and chunk[end - 1] in ")]>\"'`,;:.!?":
        end -= 1
    return _plain(chunk[:start]), chunk[start:end], _plain(chunk[end:])


def _plain(text: str) -> str:
    """Return punctuation that can hold nothing: known signs, at most three in a row unless they are all the same."""

    def shown(match: Match[str]) -> str:
        run = match.group()
        known = all(char in _PUNCTUATION for char in run)
        return run if known and (len(run) <= 3 or len(set(run)) == 1) else GONE

    return re.sub(r"[^\w\s]+|[^\x00-\x7f]+", shown, text)


def _folded(value: str) -> str:
    return value.strip().casefold()
