"""Signing and encrypting a message with the node's own keys and those of its recipient.

The node's keys are files in `keys/` of its data folder: `<team>.openpgp.asc` and `<team>.smime.pem` (certificate and
key), or `node.…` for teams that have none of their own; nobody but the node's account may read them. Refuses to send in
the clear what must be encrypted. `pysequoia` and `cryptography` do the work; what they say is one line here.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pysequoia
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from django.conf import settings

from pehra.kernel import mail_keys
from pehra.kernel.mail_keys import KeyKind, MailKey, first_line
from pehra.outbox.gateways.transport import PermanentFault, TemporaryFault
from pehra.outbox.rules import sealed_letters
from pehra.outbox.rules.letters import Letter
from pehra.outbox.rules.sealed_letters import Sealed, Standard

NODE = "node"
OPENPGP, SMIME = "openpgp.asc", "smime.pem"
_ENGINE_FAULTS = (ValueError, RuntimeError, OSError, TypeError)


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What was made: the sealed content, by which of our keys, and for which of theirs."""

    sealed: Sealed
    signed_by: str
    encrypted_for: str


def own_key(team: str, ending: str) -> Path | None:
    """Return the file of a team's own key, or of the node's, or nothing."""
    folder = Path(settings.PEHRA_DATA) / "keys"
    names = [name for name in (team, NODE) if name and "/" not in name and not name.startswith(".")]
    return next((path for name in names if (path := folder / f"{name}.{ending}").is_file()), None)


def seal(letter: Letter, *, team: str, keys: Sequence[MailKey], at: datetime, needed: bool) -> Seal | None:
    """Sign a letter with our key and encrypt it for its reader, as far as there are keys; None: it leaves plain.

    `needed` says that it may leave only encrypted.
    """
    key = mail_keys.usable(keys, at=at)
    if key is None and needed:
        raise PermanentFault(_why_not(keys, letter.to_email, at=at))
    try:
        if key is None:
            return _signed(letter, team=team)
        return _openpgp(letter, key, team) if key.kind is KeyKind.OPENPGP else _smime(letter, key, team)
    except _ENGINE_FAULTS as error:
        raise TemporaryFault(f"the message could not be sealed: {first_line(error)}") from error


def _why_not(keys: Sequence[MailKey], email: str, *, at: datetime) -> str:
    said = "; ".join(f"{key.fingerprint}: {key.problem(at)}" for key in keys) or "no key of theirs is known"
    return f"its marking lets it leave only encrypted, and nothing can be encrypted for {email}: {said}"


def _signed(letter: Letter, *, team: str) -> Seal | None:
    content = sealed_letters.entity(letter, with_subject=False)
    openpgp, smime = own_key(team, OPENPGP), own_key(team, SMIME)
    if openpgp is not None:
        secret = _secret(openpgp)
        signature = pysequoia.sign(secret.signer(), content, mode=pysequoia.SignatureMode.DETACHED)
        digest = str(pysequoia.Sig.from_bytes(signature).hash_algorithm).rpartition(".")[2].lower()
        sealed = Sealed(standard=Standard.OPENPGP, encrypted=False, content=signature, digest=digest)
        return Seal(sealed=sealed, signed_by=_fingerprint(secret), encrypted_for="")
    if smime is not None:
        signature, signed_by = _smime_signature(content, smime)
        sealed = Sealed(standard=Standard.SMIME, encrypted=False, content=signature)
        return Seal(sealed=sealed, signed_by=signed_by, encrypted_for="")
    return None


def _openpgp(letter: Letter, key: MailKey, team: str) -> Seal:
    """Encrypt and, where there is a key of ours, sign in one go (RFC 3156, section 6.2)."""
    path = own_key(team, OPENPGP)
    secret = _secret(path) if path is not None else None
    content = pysequoia.encrypt(
        sealed_letters.entity(letter, with_subject=True),
        recipients=[pysequoia.Cert.from_bytes(key.material)],
        signer=secret.signer() if secret is not None else None,
    )
    sealed = Sealed(standard=Standard.OPENPGP, encrypted=True, content=content)
    signed_by = _fingerprint(secret) if secret is not None else ""
    return Seal(sealed=sealed, signed_by=signed_by, encrypted_for=key.fingerprint)


def _smime(letter: Letter, key: MailKey, team: str) -> Seal:
    """Sign where there is a certificate of ours, then encrypt the whole."""
    content, signed_by = sealed_letters.entity(letter, with_subject=True), ""
    path = own_key(team, SMIME)
    if path is not None:
        signature, signed_by = _smime_signature(content, path)
        signed = Sealed(standard=Standard.SMIME, encrypted=False, content=signature)
        content = sealed_letters.signed_entity(letter, content, signed)
    envelope = pkcs7.PKCS7EnvelopeBuilder().set_data(content)
    envelope = envelope.add_recipient(x509.load_der_x509_certificate(key.material))
    envelope = envelope.set_content_encryption_algorithm(AES256)
    der = envelope.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    sealed = Sealed(standard=Standard.SMIME, encrypted=True, content=der)
    return Seal(sealed=sealed, signed_by=signed_by, encrypted_for=key.fingerprint)


def _smime_signature(content: bytes, path: Path) -> tuple[bytes, str]:
    written = _own(path)
    certificates = x509.load_pem_x509_certificates(written)
    key = load_pem_private_key(written, password=None)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise TemporaryFault(f"{path.name}: only RSA and elliptic curves sign by S/MIME")
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificates[0], key, hashes.SHA256())
    for certificate in certificates[1:]:
        builder = builder.add_certificate(certificate)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(Encoding.DER, options), mail_keys.of_certificate(certificates[0]).fingerprint


def _secret(path: Path) -> pysequoia.Tsk:
    return pysequoia.Tsk.from_bytes(_own(path))


def _fingerprint(secret: pysequoia.Tsk) -> str:
    return str(secret.extract_certificate().fingerprint).upper()


def _own(path: Path) -> bytes:
    """Return one of our key files; one that others on this machine may read is not used."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TemporaryFault(f"{path.name} may be read by others on this machine: chmod 600 it, and make a new key")
    return path.read_bytes()


def make_openpgp(*, team: str, name: str, email: str) -> str:
    """Make an OpenPGP key for a team, or the node, and return its public part; one that is there stays."""
    folder = Path(settings.PEHRA_DATA) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{team}.{OPENPGP}"
    secret = pysequoia.Tsk.generate(f"{name} <{email}>")
    with open(path, "xb", opener=_for_us_alone) as file:
        file.write(str(secret).encode())
    return str(secret.extract_certificate())


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def public_part(team: str) -> str:
    """Return the public part of a team's OpenPGP key, or the node's; empty where there is none."""
    path = own_key(team, OPENPGP)
    return str(_secret(path).extract_certificate()) if path is not None else ""
