# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests, right and wrong ones, made on the spot."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, and the certificates between it and the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def is_root(self) -> bool:
        """Say whether the certificate is signed by its own key."""
        return self.certificate.issuer == self.certificate.subject

    @property
    def der(self) -> bytes:
        """Return the certificate as it is sent in a handshake."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def write(self, directory: Path, name: str, others: Sequence[x509.Certificate] | None = None) -> tuple[Path, Path]:
        """Write certificate and key as PEM files; return their paths. `others` stand for the intermediates."""
        chain = [self.certificate, *(self.intermediates if others is None else others)]
        certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
        certificate.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key


def issue(
    common_name: str,
    names: Sequence[str] = (),
    issuer: Identity | None = None,
    *,
    authority: bool = False,
    days: tuple[float, float] = (-1, 90),
) -> Identity:
    """Make a certificate for DNS names and IP addresses, valid from and to so many days from now.

    Without an issuer it is signed by its own key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
    if authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    intermediates = (issuer.certificate, *issuer.intermediates) if issuer and not issuer.is_root else ()
    return Identity(builder.sign(signer, hashes.SHA256()), key, intermediates)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
