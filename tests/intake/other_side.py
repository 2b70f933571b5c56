"""The other side of sealed mail, by other people's programs: `gpg` and `openssl` write, sign, encrypt and read."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

QUIETLY = (
    "--batch",
    "--no-tty",
    "--quiet",
    "--pinentry-mode",
    "loopback",
    "--passphrase",
    "",
    "--trust-model",
    "always",
)


def installed(*programs: str) -> bool:
    """Whether these programs are here."""
    return all(shutil.which(program) for program in programs)


def run(*command: str, content: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    """Run a program of the other side; a failure is a failure of the test."""
    done = subprocess.run(command, input=content, capture_output=True, check=False, env=env)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@dataclass(frozen=True)
class Pgp:
    """Somebody's GnuPG home."""

    home: Path

    def run(self, *arguments: str, content: bytes = b"") -> bytes:
        """Run gpg there."""
        return run("gpg", "--homedir", str(self.home), *QUIETLY, *arguments, content=content)

    def make(self, name: str, *, algorithm: str = "future-default", expires: str = "never", at: str = "") -> str:
        """Make a key and return its fingerprint."""
        faked = ("--faked-system-time", at) if at else ()
        self.run(*faked, "--quick-gen-key", name, algorithm, "default", expires)
        listed = self.run("--with-colons", "--list-keys", f"={name}").decode().splitlines()
        return next(line.split(":")[9] for line in listed if line.startswith("fpr"))

    def public(self, name: str) -> str:
        """Return the public part of a key."""
        return self.run("--armor", "--export", name).decode()

    def secret(self, name: str) -> bytes:
        """Return a key with its secret part."""
        return self.run("--armor", "--export-secret-keys", name)

    def end(self) -> None:
        """End the agent of this home."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)


def pgp_mime_signed(pgp: Pgp, entity: bytes, *, by: str, head: str) -> bytes:
    """Return a mail that is signed by RFC 3156 as gpg's own users do: a detached signature over the wire's bytes."""
    signature = pgp.run("--armor", "--local-user", by, "--detach-sign", content=entity)
    kind = 'multipart/signed; micalg=pgp-sha512;\r\n protocol="application/pgp-signature"; boundary="b1"'
    opening = f"{head}MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\nThis is signed.\r\n--b1\r\n".encode()
    second = b"\r\n--b1\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
    return opening + entity + second + signature + b"\r\n--b1--\r\n"


def pgp_mime_encrypted(pgp: Pgp, entity: bytes, *, to: str, by: str = "", head: str) -> bytes:
    """Return a mail that is encrypted, and signed where somebody is named; compressed, as gpg does by default."""
    signs = ("--local-user", by, "--sign") if by else ()
    sealed = pgp.run("--armor", "--recipient", to, *signs, "--encrypt", content=entity)
    kind = 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b2'
    first = "--b2\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    second = "\r\n--b2\r\nContent-Type: application/octet-stream\r\n\r\n"
    opening = f"{head}MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{first}{second}".encode()
    return opening + sealed + b"\r\n--b2--\r\n"


@dataclass(frozen=True)
class Authority:
    """Certificates for mail, made by `openssl`."""

    folder: Path

    def make(self) -> "Authority":
        """Make the authority itself."""
        (self.folder / "ca.cnf").write_text(
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\n"
            "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        )
        run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=Mail Root"),
            *("-config", str(self.folder / "ca.cnf"), "-extensions", "ca"),
            *("-keyout", str(self.folder / "ca.key"), "-out", str(self.folder / "ca.pem")),
        )
        return self

    @property
    def root(self) -> bytes:
        """The certificate of the authority."""
        return (self.folder / "ca.pem").read_bytes()

    def certify(self, name: str, email: str, *, usage: str = "emailProtection", days: str = "365") -> None:
        """Make a key and a certificate for somebody's mail."""
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName=email:{email}\nextendedKeyUsage={usage}\nkeyUsage=digitalSignature,keyEncipherment\n"
            "basicConstraints=CA:false\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        run(
            *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.csr")),
        )
        run(
            *("openssl", "x509", "-req", "-in", str(self.folder / f"{name}.csr"), "-days", days),
            *("-CA", str(self.folder / "ca.pem"), "-CAkey", str(self.folder / "ca.key"), "-CAcreateserial"),
            *("-extfile", str(extensions), "-out", str(self.folder / f"{name}.pem")),
        )

    def pem(self, name: str) -> str:
        """Return somebody's certificate."""
        return (self.folder / f"{name}.pem").read_text()

    def both(self, name: str) -> bytes:
        """Return somebody's certificate and key, as the node keeps its own."""
        return (self.folder / f"{name}.pem").read_bytes() + (self.folder / f"{name}.key").read_bytes()

    def signed(self, entity: bytes, *, by: str, opaque: bool = False, digest: str = "sha256") -> bytes:
        """Return an entity signed by somebody, as a mail's body with its own header fields."""
        form = ("-nodetach",) if opaque else ()
        signer = ("-signer", str(self.folder / f"{by}.pem"), "-inkey", str(self.folder / f"{by}.key"), "-md", digest)
        return run("openssl", "smime", "-sign", *form, *signer, content=entity)

    def encrypted(self, entity: bytes, *, to: str, cipher: str = "-aes256") -> bytes:
        """Return an entity encrypted for somebody."""
        return run("openssl", "cms", "-encrypt", cipher, str(self.folder / f"{to}.pem"), content=entity)

    def decrypted(self, mail: bytes, *, by: str) -> bytes:
        """Read a mail as somebody."""
        who = ("-recip", str(self.folder / f"{by}.pem"), "-inkey", str(self.folder / f"{by}.key"))
        return run("openssl", "smime", "-decrypt", *who, content=mail)

    def verified(self, mail: bytes, *, root: Path) -> bytes:
        """Judge a signed mail."""
        return run("openssl", "smime", "-verify", "-CAfile", str(root), content=mail)
