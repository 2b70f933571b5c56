"""Calling a service outside: to the address that was judged, over a certificate that is trusted, and not for long."""

import datetime
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pehra.access import api as access
from pehra.access.gateways import outward as gateway
from pehra.kernel import outward
from pehra.kernel.refusals import Fault, Invalid

pytestmark = pytest.mark.enable_socket
LOOPBACK = outward.networks(["127.0.0.0/8"])


class Handling(http.server.BaseHTTPRequestHandler):
    """Says which host it was asked for."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.headers["Host"].encode()
        self.send_response(400)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """An HTTPS server for tickets.example, with its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tickets.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("tickets.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "cert.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = tmp_path / "key.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.server_port, pem
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def named(monkeypatch):
    """Lets names lead to addresses of the test's own."""

    def lead(**hosts: str) -> None:
        real = socket.getaddrinfo

        def look_up(host: str, port: int, *more: int, **options: int) -> list[object]:
            address = hosts.get(host.replace(".", "_"))
            if address is None:
                return list(real(host, port, *more, **options))
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(gateway.socket, "getaddrinfo", look_up)

    return lead


def call(url: str, **options: object) -> gateway.Answer:
    place = outward.place(url, known=LOOPBACK)
    return gateway.post(place, body=b"a", headers={"Content-Type": "text/plain"}, known=LOOPBACK, **options)


def test_a_call_goes_to_the_address_under_the_name(secure, named, monkeypatch):
    port, pem = secure
    named(tickets_example="127.0.0.1", other_example="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    answer = call(f"https://tickets.example:{port}/events")
    assert (answer.status, answer.media_type, answer.body) == (400, "text/plain", f"tickets.example:{port}".encode())
    with pytest.raises(Fault, match="no certificate that we trust"):
        call(f"https://other.example:{port}/events")


def test_a_certificate_of_an_unknown_authority_is_refused(secure, named):
    port, _pem = secure
    named(tickets_example="127.0.0.1")
    with pytest.raises(Fault, match="no certificate that we trust"):
        call(f"https://tickets.example:{port}/events")


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"])
def test_a_name_that_leads_inside_is_not_called(named, address):
    named(tickets_example=address)
    with pytest.raises(Fault, match="not to be called"):
        call("https://tickets.example/events")


def test_who_never_finishes_the_handshake_is_cut_off():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        place = outward.Place(secure=True, host="127.0.0.1", port=listening.getsockname()[1], target="/")
        with pytest.raises(Fault):
            gateway.post(place, body=b"", headers={}, known=LOOPBACK, seconds=0.3)


def test_a_name_that_leads_nowhere_is_a_fault(monkeypatch):
    def nowhere(*arguments: object, **options: object) -> None:
        raise socket.gaierror("nothing")

    monkeypatch.setattr(gateway.socket, "getaddrinfo", nowhere)
    with pytest.raises(Fault, match="leads nowhere"):
        call("https://tickets.example/events")


def test_the_operator_says_which_networks_are_called(settings):
    with pytest.raises(Invalid):
        access.outside_place("https://10.20.1.1/")
    settings.PEHRA_SERVICE_NETWORKS = ["10.20.0.0/16"]
    assert access.outside_place("https://10.20.1.1/").host == "10.20.1.1"
    assert ipaddress.ip_address("10.20.1.1") in outward.networks(settings.PEHRA_SERVICE_NETWORKS)[0]
