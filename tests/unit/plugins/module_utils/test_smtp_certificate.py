# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are read as cryptography wrote them, and nothing that a server may send instead breaks the reader."""

from __future__ import annotations

import datetime
import ipaddress

import pytest
from certificates import NOW, issue
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.opendomino.mail.plugins.module_utils._smtp.certificate import Certificate, read_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
GOOD = issue("mail01.example.com", ["mail01.example.com", "192.0.2.11"])

labels = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
domains = st.lists(labels, min_size=2, max_size=4).map(".".join)
texts = st.text(st.characters(exclude_categories=["C", "Z"], codec="utf-8"), min_size=1, max_size=40)
times = st.datetimes(datetime.datetime(1951, 1, 1), datetime.datetime(9998, 1, 1)).map(
    lambda time: time.replace(microsecond=0, tzinfo=datetime.timezone.utc)
)


def signed(
    subject: list[x509.NameAttribute], names: list[x509.GeneralName], times: list[datetime.datetime], serial: int
) -> bytes:
    """Return a certificate in DER."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]))
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(min(times))
        .not_valid_after(max(times))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=serial % 2 == 0)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@given(
    texts,
    st.lists(domains, max_size=4),
    st.lists(st.ip_addresses(), max_size=3),
    st.lists(times, min_size=2, max_size=2),
    st.integers(1, 2**159 - 1),
)
def test_facts(
    organization: str,
    names: list[str],
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address],
    validity: list[datetime.datetime],
    serial: int,
) -> None:
    general = [*(x509.DNSName(name) for name in names), *(x509.IPAddress(address) for address in addresses)]
    subject = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        x509.NameAttribute(NameOID.COMMON_NAME, "mail01"),
    ]
    der = signed(subject, [x509.RFC822Name("postmaster@example.com"), *general], validity, serial)
    read = read_certificate(der)
    assert read.subject == f"CN=mail01, O={organization}"
    assert read.issuer == "CN=CA"
    assert read.names == (*names, *(str(address) for address in addresses))
    assert (read.not_before, read.not_after) == (min(validity).timestamp(), max(validity).timestamp())
    assert int(read.serial, 16) == serial
    assert read.sha256 == x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()


def test_certificate_without_names() -> None:
    der = signed([], [], [NOW, NOW], 7)
    assert (read_certificate(der).subject, read_certificate(der).names) == ("", ())


@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.BMPString])
def test_hostile_names_are_shown_harmlessly(kind: _ASN1Type) -> None:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[2Jgone\u202e", kind)]
    der = signed(subject, [x509.DNSName("\x1b]0;mail\x07.example.com")], [NOW, NOW], 1)
    read = read_certificate(der)
    assert read.subject == r"CN=\x1b[2Jgone\u202e"
    assert read.names == (r"\x1b]0;mail\x07.example.com",)


@given(st.binary(max_size=80))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_certificate(data)


@given(st.data())
def test_damaged_certificates_are_read_or_refused(data: st.DataObject) -> None:
    der = bytearray(GOOD.der)
    for _unused in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(der[: data.draw(st.integers(0, len(der)))])
    for damaged in (bytes(der), cut):
        try:
            read = read_certificate(damaged)
        except ValueError:
            continue
        assert all(text.isprintable() for text in (read.subject, read.issuer, *read.names))


@pytest.mark.parametrize(
    ("names", "name", "matches"),
    [
        (["mail01.example.com"], "MAIL01.Example.Com.", True),
        (["mail01.example.com"], "mail02.example.com", False),
        (["*.example.com"], "mail01.example.com", True),
        (["*.example.com"], "example.com", False),
        (["*.example.com"], "a.b.example.com", False),
        (["*.com"], "example.com", False),
        (["mail*.example.com"], "mail01.example.com", False),
        (["*"], "com", False),
        (["192.0.2.11"], "192.0.2.11", True),
        (["2001:db8::11"], "2001:0DB8:0::11", True),
        (["*.0.2.11"], "192.0.2.11", False),
        ([], "mail01.example.com", False),
    ],
)
def test_names(names: list[str], name: str, matches: bool) -> None:
    certificate = Certificate("CN=mail01.example.com", "", tuple(names), 0, 0, "", "")
    assert certificate.is_for(name) is matches
