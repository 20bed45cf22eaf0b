# Copyright (c) 2026, opendomino.mail contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way `rest`: the shapes that servers answer with, what the transport says, and the queries it sends."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from openapi_core.exceptions import OpenAPIError

from ansible_collections.opendomino.mail.plugins.module_utils._directory import engine
from ansible_collections.opendomino.mail.plugins.module_utils._directory.definition import define_all
from ansible_collections.opendomino.mail.plugins.module_utils._directory.errors import (
    DefinitionError,
    DirectoryError,
    RefusedError,
    UnreachableError,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory.rest import (
    IDENTITIES_PER_QUERY,
    RestDirectory,
    design_fields,
    dql,
)
from ansible_collections.opendomino.mail.plugins.module_utils._directory.transport import Answer, Transport
from dominolab.dql import parse

from ...._openapi import Exchange, directory, validate
from ...._rest_server import PASSWORD, RestServer, rest_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(server: RestServer, **options: Any) -> Iterator[RestDirectory]:
    """Give a directory over one connection, as the modules do."""
    transport = Transport(server.url, timeout=5)
    try:
        yield RestDirectory(transport, "Lab Admin", PASSWORD, **options)
    finally:
        transport.close()


STAR: list[dict[str, Any]] = [
    {"form": "ServerConfig", "match": {"server_name": "*"}, "settings": {"external_smtp": "enabled"}}
]
STORED = [{"Form": "ServerConfig", "ServerName": "*"}]


def test_one_connection_carries_all_requests(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=STORED) as server, opened(server, setup=True) as rest:
        engine.run(rest, define_all(STAR), write=True, design_check="strict")
        assert rest.warnings == []
        asked = server.exchanges[0].json()
        assert asked["scope"] == "dominodirectory $SETUP"
        query = server.exchanges[1].json()
    assert query == {
        "query": "Form = ?form and ServerName = ?v1",
        "variables": {"form": "ServerConfig", "v1": "*"},
        "mode": "dql",
        "viewRefresh": True,
    }


def test_many_people_are_one_query_for_each_hundred(tmp_path: Path) -> None:
    people = [{"Form": "Person", "Type": "Person", "FullName": [f"CN=P {n}/O=Acme"]} for n in range(250)]
    wanted = [{"form": "Person", "match": {"user_name": f"P {n}/Acme"}, "create": False} for n in range(250)]
    with rest_server(tmp_path, documents=people) as server, opened(server) as rest:
        outcomes = engine.run(rest, define_all(wanted), write=True, design_check="strict")
        assert server.said == ["POST auth"] + ["POST query"] * -(-250 // IDENTITIES_PER_QUERY)
    assert len({outcome.unid for outcome in outcomes}) == 250


def test_an_item_that_a_formula_changes_back_is_noticed(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=STORED) as server, opened(server) as rest:
        unid = server.unid(0)
        lie = {"@meta": {"unid": unid, "revision": "1"}, "ServerName": "*", "MailExternalSMTP": "0", "Form": "x"}
        server.overrides["PATCH", f"/api/v1/document/{unid}"] = (200, json.dumps(lie).encode())
        with pytest.raises(DirectoryError, match=r'\[MailExternalSMTP\]: "1" was written, "0" is there'):
            engine.run(rest, define_all(STAR), write=True, design_check="off")


def test_a_list_that_comes_back_cut_is_noticed_without_a_schema(tmp_path: Path) -> None:
    wanted = [{"form": "Domain", "match": {"global_domain_name": "A"}, "settings": {"members": ["ONE", "TWO"]}}]
    stored = [{"Form": "Domain", "Type": "Domain", "DomainName": "A"}]
    with rest_server(tmp_path, documents=stored) as server, opened(server) as rest:
        unid = server.unid(0)
        lie = {"@unid": unid, "@noteid": 1, "DomainName": "A", "NotesDomainList": "ONE", "Form": "Domain"}
        server.overrides["PATCH", f"/api/v1/document/{unid}"] = (200, json.dumps(lie).encode())
        server.overrides["GET", "/api/v1/scope/form/Domain"] = (403, b'{"message":"no","status":403}')
        with pytest.raises(DirectoryError, match="only the first value: the schema seems to declare"):
            engine.run(rest, define_all(wanted), write=True, design_check="off")


def test_warnings_of_a_write_are_kept_and_absent_items_are_none(tmp_path: Path) -> None:
    with rest_server(tmp_path, documents=STORED) as server, opened(server) as rest:
        unid = server.unid(0)
        answer = {
            "@meta": {"unid": unid, "revision": "1"},
            "MailExternalSMTP": "1",
            "@warnings": ["No values found for item UseAsDefault", "Something else"],
        }
        server.overrides["PATCH", f"/api/v1/document/{unid}"] = (200, json.dumps(answer).encode())
        engine.run(rest, define_all(STAR), write=True, design_check="off")
        assert rest.warnings == ["ServerConfig: Something else"]


def test_an_answer_that_is_not_a_list_of_documents_is_refused(tmp_path: Path) -> None:
    with rest_server(tmp_path) as server, opened(server) as rest:
        for body in (b'{"message":"x"}', b'[{"status":404,"message":"x"}]', b"<html>", b"[null]"):
            server.overrides["POST", "/api/v1/query"] = (200, body)
            with pytest.raises(RefusedError):
                rest.find("Person", [])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": 404, "message": "Not here", "errorId": 1112}, "HTTP 404, errorId 1112: Not here"),
        ({"statusCode": 406, "message": "No", "details": "Why"}, "HTTP 406: No; Why"),
        ({"statusText": "OK"}, "HTTP 400: no message"),
        ("<html>proxy</html>", "HTTP 400, <html>proxy</html>"),
        ("", "HTTP 400"),
    ],
)
def test_errors_in_all_their_shapes(body: Any, message: str) -> None:
    assert Answer(400, body).message == message


@given(st.lists(st.lists(st.text(max_size=10).filter(bool), min_size=1, max_size=2), max_size=4))
def test_values_are_bound_and_never_part_of_a_query(values: list[list[str]]) -> None:
    clean = [[v for v in pair if "\0" not in v and v.isprintable()] or ["x"] for pair in values]
    raw = [
        {"form": "Person", "match": dict(zip(("LastName", "FirstName"), pair, strict=False)), "create": False}
        for pair in {tuple(v.casefold() for v in pair): pair for pair in clean}.values()
    ]
    definitions = define_all(raw)
    query, variables = dql("Person", [definition.match for definition in definitions])
    parse(query, variables)
    assert set(query.split()) <= {"Form", "=", "and", "or", "(", ")", "LastName", "FirstName", "?form"} | {
        f"?{name}" for name in variables
    }
    assert all(len(name) <= 16 for name in variables)


def test_both_shapes_of_a_design() -> None:
    examples = {
        "@name": "A",
        "One": {"allowmultivalues": True, "kind": "editable", "type": "text"},
        "Two": {"type": "number"},
    }
    listed = {
        "name": "A",
        "fields": [{"name": "One", "type": "text", "allowMultiValues": True}, {"name": "Two", "type": "number"}],
    }
    for body in (examples, listed):
        assert [(field.name, field.type, field.many) for field in design_fields(body)] == [
            ("One", "text", True),
            ("Two", "number", None),
        ]


# -- transport --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "mail01:8880", "ftp://mail01", "https://", "http://a:b", "http://a/?x=1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(DefinitionError, match="is not the URL of a Domino REST API"):
        Transport(url)


@pytest.mark.parametrize("option", ["timeout", "max_response_size"])
@pytest.mark.parametrize("value", [0, -1])
def test_bounds_that_allow_nothing_are_refused(option: str, value: int) -> None:
    with pytest.raises(DefinitionError, match=rf"{option} is {value}, and must be more than 0"):
        Transport("https://mail01.example.com", **{option: value})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(DefinitionError) as caught:
        Transport("https://jane:geheim@mail01.example.com")
    assert "geheim" not in str(caught.value)


def test_an_unknown_host_a_silent_and_a_strange_server_are_told_apart() -> None:
    with pytest.raises(UnreachableError, match=r'the host name "nosuch\.invalid" is not known'):
        Transport("http://nosuch.invalid:1").request("GET", "/")
    with pytest.raises(UnreachableError, match=r"the host name .* is not known"):
        Transport(f"http://{'x' * 70}.example").request("GET", "/")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnreachableError, match=rf"{url} did not answer within 0.2 seconds"):
            Transport(url, timeout=0.2).request("GET", "/")
    with _speaking(b"220 mail01 ESMTP\r\n") as url, pytest.raises(UnreachableError, match="does not answer in HTTP"):
        Transport(url, timeout=5).request("GET", "/")
    with _speaking(b"") as url, pytest.raises(UnreachableError, match="broke the connection off"):
        Transport(url, timeout=5).request("GET", "/")
    with (
        _speaking(b"220 mail01 ESMTP\r\n") as url,
        pytest.raises(UnreachableError, match="does not speak TLS as expected"),
    ):
        Transport(url.replace("http:", "https:"), timeout=5).request("GET", "/")


def test_certificates_are_checked_unless_told_otherwise(tmp_path: Path) -> None:
    key, certificate = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with _https(context) as url:
        with pytest.raises(UnreachableError, match=r"a certificate that is not trusted .* ca_path"):
            Transport(url, timeout=5).request("GET", "/")
        for options in ({"ca_path": str(certificate)}, {"validate_certs": False}):
            transport = Transport(url, timeout=5, **options)
            assert transport.request("GET", "/").body == {"hello": 1}
            transport.close()
    with pytest.raises(DefinitionError, match="no certificates could be read"):
        Transport(url, ca_path=str(key))


def test_a_password_on_an_open_network_is_warned_about() -> None:
    assert RestDirectory(Transport("http://mail01.example.com"), "u", "p").warnings
    for url in ("https://mail01.example.com", "http://127.0.0.11:8880", "http://localhost", "http://[::1]:8880"):
        assert RestDirectory(Transport(url), "u", "p").warnings == []


@contextmanager
def _speaking(content: bytes) -> Iterator[str]:
    """Run a server that says one thing to one client and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            client, _address = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(content)

        thread = threading.Thread(target=speak)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def _self_signed(path: Path) -> tuple[Path, Path]:
    """Write a key and a certificate for localhost."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key, certificate = path / "key.pem", path / "cert.pem"
    key.write_bytes(private.private_bytes(*form))
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return key, certificate


@contextmanager
def _https(context: ssl.SSLContext) -> Iterator[str]:
    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "11")
            self.end_headers()
            self.wfile.write(b'{"hello":1}')

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of clients that do not trust this certificate."""

    server = Quiet(("127.0.0.1", 0), Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


# -- HCL's description ------------------------------------------------------------------------------------------------

if (directory() / "openapi.basis.json").is_file():
    CAPTURED = sorted(directory().glob("fixtures/DominoDocument*/doc*_response.json"))

    @pytest.mark.parametrize("fixture", CAPTURED, ids=lambda path: path.name)
    def test_captured_answers_are_valid_and_understood(fixture: Path) -> None:
        content = fixture.read_bytes()
        unid = json.loads(content)["@meta"]["unid"]
        target = f"/api/v1/document/{unid}?dataSource=demo&mode=default&revision=0"
        request = b'{"category":["Favorite"],"website":null}'
        validate(Exchange("PATCH", target, request, 200, content, {"Authorization": "Bearer x"}))

    @pytest.mark.parametrize(
        ("target", "status", "answer"),
        [
            ("/api/v1/document/X?dataSource=demo&nonsense=1", 200, b'{"Form":"x"}'),
            ("/api/v1/nonsense/X?dataSource=demo", 200, b"{}"),
            ("/api/v1/document/X", 200, b'{"Form":"x"}'),
            ("/api/v1/document/X?dataSource=demo", 200, b"{}"),
            ("/api/v1/document/X?dataSource=demo", 418, b"{}"),
        ],
    )
    def test_the_validation_can_fail(target: str, status: int, answer: bytes) -> None:
        with pytest.raises((AssertionError, OpenAPIError)):
            validate(Exchange("PATCH", target, b"{}", status, answer, {"Authorization": "Bearer x"}))
