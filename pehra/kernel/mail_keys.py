"""Keys by which mail is sealed to somebody and known as theirs: OpenPGP certificates (RFC 9580) and X.509 (RFC 8551).

One text may hold several, armoured or PEM, as people paste them. Refuses what is no key, a secret key that somebody
pasted by mistake, and more than a named amount. Whether a key may be used now is asked with the moment: a key that has
expired, was revoked or cannot encrypt stays readable and says why it is not used.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pysequoia
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pehra.kernel.refusals import Invalid

KEY_CHARACTERS_MAX = 100_000
KEYS_MAX = 10
RSA_BITS_MIN = 2048

_BLOCK = re.compile(
    r"-----BEGIN (?P<label>PGP PUBLIC KEY BLOCK|CERTIFICATE)-----.*?-----END (?P=label)-----", re.DOTALL
)
_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>|^([^<>\s]+@[^<>\s]+)$")
_FINGERPRINT = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{4}[ :]?){10}(?:(?:[0-9A-Fa-f]{4}[ :]?){6})?")


class KeyKind(StrEnum):
    """By which standard a key works."""

    OPENPGP = "openpgp"
    SMIME = "smime"


@dataclass(frozen=True, kw_only=True)
class MailKey:
    """A key as it was read. `material` is OpenPGP's binary form or X.509's DER; `flaw` says why it never encrypts."""

    kind: KeyKind
    fingerprint: str
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    starts: datetime | None
    expires: datetime | None
    revoked: bool
    flaw: str
    material: bytes

    def problem(self, at: datetime) -> str:
        """Return why nothing is sealed with this key now, or nothing."""
        if self.revoked:
            return "it was revoked"
        if self.expires is not None and self.expires <= at:
            return f"it expired on {self.expires:%Y-%m-%d}"
        if self.starts is not None and self.starts > at:
            return f"it is not valid before {self.starts:%Y-%m-%d}"
        return self.flaw

    def is_of(self, email: str) -> bool:
        """Whether the key itself names an address."""
        return email.strip().lower() in self.addresses


def read(text: str) -> tuple[MailKey, ...]:
    """Read every key in a text; an empty text and a bare fingerprint hold none."""
    if len(text) > KEY_CHARACTERS_MAX:
        raise Invalid(f"a key has at most {KEY_CHARACTERS_MAX} characters", field="key")
    if _SECRET.search(text):
        raise Invalid(
            "this is a secret key: take it back, it must be known to nobody; give its public part", field="key"
        )
    blocks = list(_BLOCK.finditer(text))
    if not blocks:
        if not text.strip() or _FINGERPRINT.fullmatch(text.strip()):
            return ()
        raise Invalid("no OpenPGP public key and no X.509 certificate (PEM) is in this text", field="key")
    keys = [key for block in blocks[: KEYS_MAX + 1] for key in _read_block(block["label"], block[0])]
    if len(keys) > KEYS_MAX:
        raise Invalid(f"more than {KEYS_MAX} keys", field="key")
    return tuple(keys)


def readable(texts: Iterable[str]) -> tuple[MailKey, ...]:
    """Read the keys of texts that others keep; a text that holds none that can be read is passed over."""
    found: dict[str, MailKey] = {}
    for text in texts:
        try:
            found |= {key.fingerprint: key for key in read(text)}
        except Invalid:
            continue
    return tuple(found.values())


def usable(keys: Iterable[MailKey], *, at: datetime) -> MailKey | None:
    """Return the key with which something is sealed now: OpenPGP before S/MIME, what lasts longest first."""
    good = [key for key in keys if not key.problem(at)]
    latest = datetime.max.replace(tzinfo=UTC)
    good.sort(key=lambda key: (key.kind is not KeyKind.OPENPGP, -(key.expires or latest).timestamp()))
    return good[0] if good else None


def _read_block(label: str, block: str) -> list[MailKey]:
    try:
        if label == "CERTIFICATE":
            return [of_certificate(x509.load_pem_x509_certificate(block.encode()))]
        return [of_openpgp(certificate) for certificate in pysequoia.Cert.split_bytes(block.encode())]
    except (ValueError, RuntimeError, OSError) as error:
        raise Invalid(f"this key cannot be read: {first_line(error)}", field="key") from error


def of_openpgp(certificate: pysequoia.Cert) -> MailKey:
    """Return an OpenPGP certificate as a key."""
    names = tuple(str(name) for name in certificate.user_ids)
    expires = certificate.expiration
    return MailKey(
        kind=KeyKind.OPENPGP,
        fingerprint=certificate.fingerprint.upper(),
        addresses=tuple(address for name in names for address in _addresses_in(name)),
        names=names,
        starts=None,
        expires=expires.astimezone(UTC) if expires else None,
        revoked=bool(certificate.is_revoked),
        flaw=_openpgp_flaw(certificate),
        material=bytes(certificate),
    )


def _openpgp_flaw(certificate: pysequoia.Cert) -> str:
    """Return why a certificate takes nothing sealed: found by sealing one byte for it.

    What has expired or was revoked fails here too; `problem` says those first, since they tell more.
    """
    try:
        pysequoia.encrypt(b"?", recipients=[certificate])
    except (ValueError, RuntimeError, OSError) as error:
        return f"nothing can be encrypted for it ({first_line(error)})"
    return ""


def _addresses_in(name: str) -> list[str]:
    return [(match[1] or match[2]).lower() for match in _ADDRESS.finditer(name)]


def of_certificate(certificate: x509.Certificate) -> MailKey:
    """Return an X.509 certificate as a key."""
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return MailKey(
        kind=KeyKind.SMIME,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex().upper(),
        addresses=tuple(dict.fromkeys(address.lower() for address in _certified_addresses(certificate))),
        names=tuple(names),
        starts=certificate.not_valid_before_utc,
        expires=certificate.not_valid_after_utc,
        revoked=False,
        flaw=_certificate_flaw(certificate),
        material=certificate.public_bytes(Encoding.DER),
    )


def _certified_addresses(certificate: x509.Certificate) -> list[str]:
    found = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return found
    return [*names.get_values_for_type(x509.RFC822Name), *found]


def _certificate_flaw(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
        return f"only RSA of {RSA_BITS_MIN} bits or more takes what is sealed by S/MIME here"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if usage.key_encipherment else "its use is not to take what is encrypted"


def first_line(error: Exception) -> str:
    """Return what an engine said, without the trace that it carries along."""
    return (str(error).partition("\n")[0] or type(error).__name__)[:300]
