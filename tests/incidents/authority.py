"""A time-stamping authority of our own: certificates and stamps by the `openssl` command, behind a plain web server."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/stamper.pem
signer_key = {folder}/stamper.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


def openssl(*arguments: str, **differently: object) -> bytes:
    """Run the command; a failure is a failure of the test."""
    done = subprocess.run(
        ["openssl", *arguments],
        check=True,
        capture_output=True,
        **differently,  # type: ignore[call-overload]
    )
    return bytes(done.stdout)


@dataclass
class Authority:
    """A running authority: its address, its root, and how it answers."""

    folder: Path
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    status: int = 200
    answers_with: bytes | None = None

    @property
    def root(self) -> Path:
        """The file with its root certificate."""
        return self.folder / "root.pem"

    def stamp(self, query: bytes) -> bytes:
        """Answer a request as the authority does."""
        asked = self.folder / "query.tsq"
        asked.write_bytes(query)
        return openssl(
            "ts",
            "-reply",
            "-config",
            str(self.folder / "openssl.cnf"),
            "-section",
            "authority",
            "-queryfile",
            str(asked),
        )


def make_certificates(folder: Path) -> None:
    """Make a root and a certificate that may stamp."""
    configuration = folder / "openssl.cnf"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01\n")
    for name in ("root", "stamper"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(folder / f"{name}.key"))
    openssl(
        *("req", "-x509", "-new", "-key", str(folder / "root.key"), "-days", "3650", "-subj", "/CN=Test Root"),
        *("-config", str(configuration), "-extensions", "root", "-out", str(folder / "root.pem")),
    )
    openssl(
        *("req", "-new", "-key", str(folder / "stamper.key"), "-subj", "/CN=Test Time Stamping"),
        *("-config", str(configuration), "-out", str(folder / "stamper.csr")),
    )
    openssl(
        *("x509", "-req", "-in", str(folder / "stamper.csr"), "-CA", str(folder / "root.pem"), "-days", "3650"),
        *("-CAkey", str(folder / "root.key"), "-CAcreateserial", "-extfile", str(configuration)),
        *("-extensions", "stamper", "-out", str(folder / "stamper.pem")),
    )


@contextmanager
def running(folder: Path) -> Iterator[Authority]:
    """Run an authority on a port of this machine."""
    make_certificates(folder)
    authority = Authority(folder=folder)

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(query)
            answer = authority.answers_with if authority.answers_with is not None else authority.stamp(query)
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *said: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Asked)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
