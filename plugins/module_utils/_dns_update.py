# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary of a zone: read what it has, and change it by dynamic update (RFC 2136), signed with TSIG (RFC 8945).

A change is one message per zone, and such a message takes effect as a whole or not at all. Its prerequisites are the
RRsets as they were read, so that a change that somebody made meanwhile is an error, and nothing of it is lost.
"""

from __future__ import annotations

import base64
import socket
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.opendomino.mail.plugins.module_utils import _dns_records
from ansible_collections.opendomino.mail.plugins.module_utils._dns_records import Plan, RRset, txt_value

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdataset
    import dns.rdatatype
    import dns.tsig
    import dns.update
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

if TYPE_CHECKING:
    from typing import Iterable, Mapping, Sequence

    from ansible_collections.opendomino.mail.plugins.module_utils._dns_records import Change, Key, Wish

ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_EDNS_PAYLOAD = 1232
_PAUSE = 0.2  # seconds between two looks at a server that does not show a change yet

#: What a return code means for the user; RFC 2136 section 2.2, RFC 8945 section 5.2.
_REMEDIES = {
    "NOTAUTH": "It is not the primary of this zone, or does not take updates for it. Name the primary, which the SOA "
    "record of the zone names as a rule.",
    "REFUSED": "Its policy does not allow this, to this key and from this address. Look at allow-update or "
    "update-policy of the zone, and at allow-query. BIND refuses an MX record whose host lies in the zone without "
    "an address, too: publish both together.",
    "SERVFAIL": "It could not do it. Look at its log; a zone file that it cannot write to is a common reason.",
    "NOTIMP": "It does not know dynamic updates. Use a zone snippet instead: leave server out.",
    "FORMERR": "It does not understand the message. Look at its log.",
    "NOTZONE": "A name lies in another zone of this server. Leave zone out, so that it is found for each name.",
    "BADKEY": "It does not know this key, or not with this algorithm. Check key_name and key_algorithm.",
    "BADSIG": "The key has another secret there. Check key_secret.",
    "BADTIME": "The clocks of this host and the server differ by more than the server allows, which is 5 minutes as a "
    "rule. Set them.",
    "BADTRUNC": "It wants a longer signature. Check its policy for TSIG.",
}
_CONFLICTS = ("NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN")


class DnsUpdateError(Exception):
    """The server did not do it; the text is for the user, `reason` is a code, `outcome` says what is changed now."""

    def __init__(self, message: str, reason: str, outcome: str = "Nothing was changed.") -> None:
        super().__init__(message)
        self.message, self.reason, self.outcome = message, reason, outcome

    def __str__(self) -> str:
        return f"{self.message} {self.outcome}"


@dataclass(frozen=True, repr=False)
class TsigKey:
    """A key as the server has it; `secret` is Base64."""

    name: str
    secret: str
    algorithm: str

    def check(self) -> None:
        """Raise DnsUpdateError where this can be no key; the secret is not repeated."""
        try:
            usable = bool(base64.b64decode(self.secret, validate=True))
        except ValueError:
            usable = False
        if not usable:
            raise DnsUpdateError("key_secret is not Base64.", "key")


class Primary:
    """The server that is asked and told, always the same one.

    `server` is an address or a name; `timeout` is seconds for one exchange. Raises DnsUpdateError.
    """

    def __init__(self, server: str, port: int, *, tcp: bool, timeout: float, key: TsigKey | None) -> None:
        self._text = server if port == 53 else f"{server} port {port}"
        self._port, self._tcp, self._timeout = port, tcp, timeout
        self._key = key and dns.tsig.Key(key.name, key.secret, key.algorithm)
        try:
            infos = socket.getaddrinfo(server, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            reason = getattr(exc, "strerror", None) or exc
            text = f"The name does not resolve ({reason}). Give its address, or correct it."
            raise self._error(text, "network") from exc
        self._addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
        self._answers: dict[tuple[str, str], dns.message.Message] = {}
        self._found: dict[Key, dns.rdataset.Rdataset] = {}

    def zone_of(self, name: str, given: str | None) -> str:
        """Return the zone that a name lies in, from the SOA record that the server answers with."""
        asked = dns.name.from_text(given or name)
        while True:
            response = self._ask(asked.to_text(), "SOA")
            if not response.get_rrset(response.answer, asked, dns.rdataclass.IN, dns.rdatatype.CNAME):
                break
            asked = asked.parent()  # the SOA is that of the alias's target
        found = [rrset.name for rrset in [*response.answer, *response.authority] if rrset.rdtype == dns.rdatatype.SOA]
        if not found:
            raise self._error(f"It names no SOA for {asked}. Check zone and names.", "notauth")
        zone = str(found[0].to_text()).lower()
        if given is not None and zone != given:
            raise self._error(f"{given} is not a zone there; it lies in the zone {zone}. Correct zone.", "notauth")
        return zone

    def read(self, wishes: Sequence[Wish], zones: Mapping[str, str]) -> dict[Key, RRset]:
        """Return the RRsets that exist, of those that the wishes are about.

        Raises DnsUpdateError for a name that is an alias, and for an exchanger in one of the zones that is one.
        """
        self._answers.clear()
        for wish in wishes:
            zone = zones[wish.name]
            self._found.pop(wish.key, None)
            alias = self._own(wish.name, "CNAME", zone)
            if alias is not None:
                raise self._error(
                    f"{wish.name} is an alias (CNAME) of {alias[0].target}, and has no other records beside that "
                    "(RFC 1034 section 3.6.2). Remove the CNAME record, or publish at the name that it leads to.",
                    "cname",
                )
            found = self._own(wish.name, wish.rdtype, zone)
            if found is not None:
                self._found[wish.key] = found
            if wish.rdtype == "MX":
                for value in wish.present:
                    self._check_exchanger(value.split(" ", maxsplit=1)[1], zone)
        keys = [wish.key for wish in wishes if wish.key in self._found]
        return {key: _as_rrset(key[1], self._found[key]) for key in keys}

    def apply(self, plan: Plan, wishes: Sequence[Wish], zones: Mapping[str, str], default_ttl: int) -> Plan:
        """Make the changes of a plan, one message for each zone, and look whether they are there.

        Returns what was changed, which is another plan where somebody changed the same records meanwhile.
        """
        done: list[Change] = []
        for zone in dict.fromkeys(zones[change.name] for change in plan.changes):
            changes = [change for change in plan.changes if zones[change.name] == zone]
            try:
                done += self._change(zone, changes, [wish for wish in wishes if zones[wish.name] == zone], default_ttl)
            except DnsUpdateError as exc:
                if done:
                    rest = exc.outcome if exc.reason == "unknown" else "The other zones were not."
                    exc.outcome = f"Already changed: {', '.join(sorted({zones[c.name] for c in done}))} {rest}"
                raise
        self._verify(done, zones)
        order = [wish.key for wish in wishes]
        return Plan(tuple(sorted(done, key=lambda change: order.index((change.name, change.rdtype)))))

    def _change(
        self, zone: str, changes: Sequence[Change], wishes: Sequence[Wish], default_ttl: int
    ) -> Sequence[Change]:
        """Change one zone. Where the records were changed meanwhile, start from what is there now.

        That loses nothing as long as all that is wished for is single records, as of hosts that publish at once. What
        others put beside an RRset that shall be exact is theirs, and for the user to see.
        """
        deadline = time.monotonic() + self._timeout
        while changes:
            try:
                self._update(zone, changes)
            except DnsUpdateError as exc:  # noqa: PERF203 - a conflict is rare, and the reason for the loop
                is_exact = any(wish.exact for wish in wishes)
                if exc.reason != "conflict" or is_exact or time.monotonic() > deadline:
                    raise
                current = self.read(wishes, {wish.name: zone for wish in wishes})
                changes = _dns_records.plan(current, wishes, default_ttl).changes
            else:
                return changes
        return ()

    def _update(self, zone: str, changes: Iterable[Change]) -> None:
        message = dns.update.UpdateMessage(zone)
        for change in changes:
            name, rdtype = dns.name.from_text(change.name), dns.rdatatype.from_text(change.rdtype)
            before = self._found.get((change.name, change.rdtype))
            if before is None:
                message.absent(name, rdtype)
                message.absent(name, dns.rdatatype.CNAME)
            else:
                message.present(name, dns.rdataset.from_rdata_list(0, list(before)))  # RFC 2136 section 2.4.2: TTL 0
                message.delete(name, rdtype)
            if change.after is not None:
                message.add(name, _as_rdataset(change.rdtype, change.after, before))
        rcode = self._send_update(message)
        if rcode in _CONFLICTS:
            raise self._error(
                f"The records in the zone {zone} were changed by somebody else meanwhile ({rcode}). "
                "Run again to work with what is there now.",
                "conflict",
            )
        if rcode != "NOERROR":
            raise self._rcode_error(rcode, f"an update of the zone {zone}")

    def _send_update(self, message: dns.update.UpdateMessage) -> str:
        try:
            response = self._exchange(message, f"an update of the zone {message.zone[0].name}", tcp=True)
        except DnsUpdateError as exc:
            if exc.reason in ("timeout", "closed"):
                exc.reason, exc.outcome = "unknown", "Whether the change was made is not known: run again to see."
            raise
        rcode = dns.rcode.to_text(response.rcode())
        if self._key is not None and rcode == "NOERROR" and not response.had_tsig:
            raise self._error("It answered without a signature, so the answer may be anybody's.", "badsig")
        return rcode

    def _verify(self, changes: Iterable[Change], zones: Mapping[str, str]) -> None:
        """Look until the server shows the changes; some take a moment."""
        deadline = time.monotonic() + self._timeout
        missing = list(changes)
        while missing:
            self._answers.clear()
            missing = [change for change in missing if not self._shows(change, zones[change.name])]
            if missing and time.monotonic() > deadline:
                names = ", ".join(f"{change.name} {change.rdtype}" for change in missing)
                error = self._error(
                    f"It said that the update was made, but does not show it: {names}. Check that it is the primary "
                    "itself and not one of several servers behind one address.",
                    "not_shown",
                )
                error.outcome = ""
                raise error
            if missing:
                time.sleep(_PAUSE)

    def _shows(self, change: Change, zone: str) -> bool:
        """Tell whether what a change adds is there, and what it takes away is not; others may have added meanwhile."""
        own = self._own(change.name, change.rdtype, zone)
        found = set(_as_rrset(change.rdtype, own).values if own else ())
        before, after = (set(rrset.values if rrset else ()) for rrset in (change.before, change.after))
        return after - before <= found and not (before - after) & found

    def _check_exchanger(self, host: str, zone: str) -> None:
        if host != "." and host.endswith("." + zone):
            alias = self._lookup(host, "CNAME")
            if alias is not None:
                raise self._error(
                    f"The exchanger {host} is an alias (CNAME) of {alias[0].target}, and must not be one "
                    "(RFC 2181 section 10.3). Name the host itself.",
                    "cname",
                )

    def _own(self, name: str, rdtype: str, zone: str) -> dns.rdataset.Rdataset | None:
        """Return the records at a name, without those that a wildcard above makes up (RFC 4592)."""
        found = self._lookup(name, rdtype)
        if found is None or name == zone or name.startswith("*."):
            return found
        encloser = name
        while encloser != zone:
            encloser = encloser.split(".", maxsplit=1)[1]
            if self._lookup("*." + encloser, rdtype) == found:
                # Equal by chance, or made up: an update without changes asks whether the name itself has them.
                message = dns.update.UpdateMessage(zone)
                message.present(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))
                rcode = self._send_update(message)
                if rcode not in ("NOERROR", "NXRRSET"):
                    raise self._rcode_error(rcode, f"whether {name} {rdtype} is a wildcard's") from None
                return found if rcode == "NOERROR" else None
        return found

    def _lookup(self, name: str, rdtype: str) -> dns.rdataset.Rdataset | None:
        response = self._ask(name, rdtype)
        for rrset in response.answer:
            if rrset.name == dns.name.from_text(name) and rrset.rdtype == dns.rdatatype.from_text(rdtype):
                return rrset.to_rdataset()
        return None

    def _ask(self, name: str, rdtype: str) -> dns.message.Message:
        """Return what the server has, once for each question; raise DnsUpdateError where it is not its own."""
        if (name, rdtype) not in self._answers:
            query = dns.message.make_query(name, rdtype, use_edns=0, payload=_EDNS_PAYLOAD)
            query.flags &= ~dns.flags.RD
            what = f"{name} {rdtype}"
            response = self._exchange(query, what, tcp=self._tcp)
            rcode = dns.rcode.to_text(response.rcode())
            if rcode not in ("NOERROR", "NXDOMAIN"):
                raise self._rcode_error(rcode, what)
            if not response.flags & dns.flags.AA:
                delegated = [rrset.name for rrset in response.authority if rrset.rdtype == dns.rdatatype.NS]
                hint = f" It refers to the nameservers of {delegated[0]}." if delegated else ""
                raise self._error(f"It is not authoritative for {name}.{hint} Name the primary of the zone.", "notauth")
            self._answers[name, rdtype] = response
        return self._answers[name, rdtype]

    def _exchange(self, message: dns.message.Message, what: str, *, tcp: bool) -> dns.message.Message:
        if self._key is not None:
            message.use_tsig(self._key)
        problem = self._error("It has no address.", "network")
        for address in self._addresses:
            outcome = self._attempt(message, address, what, tcp=tcp)
            if not isinstance(outcome, DnsUpdateError):
                self._addresses = [address]
                return outcome
            problem = outcome
        raise problem

    def _attempt(
        self, message: dns.message.Message, address: str, what: str, *, tcp: bool
    ) -> dns.message.Message | DnsUpdateError:
        """Return the answer of one address, or why it has none; raise DnsUpdateError for an answer that is an error."""
        try:
            return self._send(message, address, tcp=tcp)
        except dns.exception.Timeout:
            return self._error(
                f"It did not answer {what} within {self._timeout:g} seconds. Check that it runs there and that a "
                f"firewall lets {'TCP' if tcp else 'UDP'} through.",
                "timeout",
            )
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return self._error(f"It closed the connection and did not answer {what}. Look at its log.", "closed")
        except OSError as exc:
            return self._error(f"It cannot be reached ({exc.strerror or exc}). Check server and port.", "network")
        except dns.tsig.PeerError as exc:
            raise self._rcode_error(_TSIG_ERRORS.get(type(exc), "BADSIG"), what) from exc
        except dns.exception.TooBig as exc:
            text = "The records are too large for one message. Publish them in parts."
            raise self._error(text, "too_big") from exc
        except (dns.exception.DNSException, ValueError) as exc:
            reason = str(exc) or type(exc).__name__
            text = f"Its answer to {what} cannot be understood or trusted ({reason})."
            raise self._error(text, "malformed") from exc

    def _send(self, message: dns.message.Message, address: str, *, tcp: bool) -> dns.message.Message:
        if tcp:
            return dns.query.tcp(message, address, self._timeout, self._port)
        response, _by_tcp = dns.query.udp_with_fallback(
            message, address, self._timeout, self._port, ignore_unexpected=True
        )
        return response

    def _rcode_error(self, rcode: str, what: str) -> DnsUpdateError:
        remedy = _REMEDIES.get(rcode, "Look at its log.")
        return self._error(f"It answered {what} with {rcode}. {remedy}", rcode.lower())

    def _error(self, text: str, reason: str) -> DnsUpdateError:
        return DnsUpdateError(f"DNS server {self._text}: {text}", reason)


def _as_rrset(rdtype: str, rdataset: dns.rdataset.Rdataset) -> RRset:
    """Return records as the engine compares them: in one spelling, a TXT record by its strings joined."""
    if rdtype == "TXT":
        return RRset.of(rdtype, rdataset.ttl, (txt_value(b"".join(rdata.strings)) for rdata in rdataset))
    return RRset.of(rdtype, rdataset.ttl, (rdata.to_text().lower() for rdata in rdataset))


def _as_rdataset(rdtype: str, rrset: RRset, before: dns.rdataset.Rdataset | None) -> dns.rdataset.Rdataset:
    """Return an RRset for a message; records that stay keep their spelling and the strings of their text."""
    result = dns.rdataset.from_text_list("IN", rdtype, rrset.ttl, [])
    kept = {_as_rrset(rdtype, dns.rdataset.from_rdata(0, rdata)).values[0]: rdata for rdata in before or ()}
    for value in rrset.values:
        if value in kept:
            result.add(kept[value])
        else:
            result.add(dns.rdata.from_text("IN", rdtype, value))
    return result


_TSIG_ERRORS: dict[type, str] = {}
if IMPORT_ERROR is None:
    _TSIG_ERRORS = {
        dns.tsig.PeerBadKey: "BADKEY",
        dns.tsig.PeerBadSignature: "BADSIG",
        dns.tsig.PeerBadTime: "BADTIME",
        dns.tsig.PeerBadTruncation: "BADTRUNC",
    }
