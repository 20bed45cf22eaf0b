# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS towards a server: one handshake that only looks, and one that judges the chain.

The handshake that looks verifies nothing, so that a conversation goes on and the certificate's facts are known
whatever is wrong with it. Name and validity are judged from these facts. The chain is judged by OpenSSL in a handshake
of its own, which leaves out the name, and the times where the server's certificate alone is out of its time.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

from .._tcp import reason
from .certificate import read_certificate
from .names import is_address
from .transcript import TLS, Check
from .wire import Connection

#: X509_V_FLAG_NO_CHECK_TIME of OpenSSL 1.1.0 and later (x509_vfy.h), which Python has no name for.
_NO_CHECK_TIME = 0x200000

#: X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (x509_vfy.h).
OUT_OF_TIME = (9, 10)


def check_authorities(ca_path: str) -> None:
    """Raise OSError where a file or directory holds no certificate authorities that can be loaded."""
    path = Path(ca_path)
    if path.is_dir():
        if not any(path.iterdir()):
            raise OSError("the directory is empty")
        return
    verifying_context(ca_path, times=True)


def looking_context() -> ssl.SSLContext:
    """Return a context that verifies nothing and speaks what the server speaks, weak as it may be: it only looks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with suppress(ssl.SSLError):  # where the library knows no security levels, its defaults have to do
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def verifying_context(ca_path: str, times: bool) -> ssl.SSLContext:
    """Return a context that verifies the chain up to the authorities given, or the host's own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if not ca_path:
        context.load_default_certs()
    elif Path(ca_path).is_dir():
        context.load_verify_locations(capath=ca_path)
    else:
        context.load_verify_locations(cafile=ca_path)
    if not times:
        context.verify_flags |= _NO_CHECK_TIME
    return context


def trusting_context(ca_path: str, validate_certs: bool = True) -> ssl.SSLContext:
    """Return a context for those who have something to tell: chain, times and name of the certificate must be right."""
    if not validate_certs:
        return looking_context()
    context = verifying_context(ca_path, times=True)
    context.check_hostname = True
    return context


def distrust(exc: OSError) -> str:
    """Return what is wrong with a certificate, where that is what an error says; otherwise an empty text."""
    return (
        f"the certificate is not trusted ({exc.verify_message})"
        if isinstance(exc, ssl.SSLCertVerificationError)
        else ""
    )


def look(connection: Connection, name: str, seen: TLS) -> None:
    """Carry out the handshake that only looks, and note what it shows."""
    seen.seen_at = time.time()
    try:
        secured = connection.wrap(lambda sock: _wrap(looking_context(), sock, name))
    except OSError as exc:
        seen.handshake = Check(False, explain(exc))
        return
    seen.handshake = Check(True)
    seen.version = secured.version() or ""
    cipher = secured.cipher()
    seen.cipher = cipher[0] if cipher else ""
    der = secured.getpeercert(binary_form=True)
    try:
        seen.certificate = read_certificate(der or b"")
    except ValueError as exc:
        seen.unreadable = f"the certificate cannot be read ({exc})" if der else "the server shows no certificate"


def judge(connection: Connection, name: str, ca_path: str, times: bool) -> ssl.SSLCertVerificationError | None:
    """Carry out a handshake that judges the chain; return the error of verification. Raises OSError for others."""
    try:
        connection.wrap(lambda sock: _wrap(verifying_context(ca_path, times), sock, name))
    except ssl.SSLCertVerificationError as exc:
        return exc
    return None


def explain(exc: OSError) -> str:
    """Return why a handshake failed."""
    if isinstance(exc, socket.timeout):
        return "no answer in time"
    if isinstance(exc, (ssl.SSLEOFError, ConnectionError)):
        return "the server closed the connection"
    if isinstance(exc, ssl.SSLError) and exc.reason:
        return exc.reason.replace("_", " ").lower()
    return reason(exc)


def _wrap(context: ssl.SSLContext, sock: socket.socket, name: str) -> ssl.SSLSocket:
    # An address is no server name (RFC 6066 section 3).
    return context.wrap_socket(sock, server_hostname=None if is_address(name) else name)
