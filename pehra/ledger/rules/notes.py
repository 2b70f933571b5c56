"""Signed notes: text that carries the signatures of those who stand behind it.

C2SP signed-note, as Go's checksum database uses it: a key has a name and a short id; a signature line names both.
Ed25519 (algorithm 1) only. A note without a good signature by the expected key is refused, whatever else it says.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pehra.kernel.refusals import Invalid

ED25519 = 1
NOTE_LENGTH_MAX = 64 * 1024
SIGNATURES_MAX = 100
_SIGNATURE_MARK = "\u2014 "


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a signature line names its key: SHA-256(name, newline, algorithm, key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4]


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name; as text `name+id+base64`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that name it."""
        return key_id(self.name, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_to_base64(bytes([ED25519]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `name+id+base64`; refuse a key whose id is not its own."""
        name, _, rest = text.strip().partition("+")
        short, _, encoded = rest.partition("+")
        raw = _from_base64(encoded, "verifier key")
        _require_name(name)
        if len(raw) != 33 or raw[0] != ED25519:
            raise Invalid("the verifier key is not an Ed25519 key", field="key")
        key = cls(name, raw[1:])
        if key.id.hex() != short:
            raise Invalid("the verifier key's id does not belong to it: mistyped or tampered with", field="key")
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key signed that text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name; as text `PRIVATE+KEY+name+id+base64`. Never printed by accident."""

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the text as a signed note."""
        _require_text(text)
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{text}\n{_SIGNATURE_MARK}{self.name} {_to_base64(self.verifier.id + signature)}\n"

    def encoded(self) -> str:
        """Return the secret text to be kept in a file that only its owner reads."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{_to_base64(bytes([ED25519]) + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read what `encoded` wrote; the refusal never repeats the text."""
        parts = text.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise Invalid("this is not a signing key", field="key")
        raw = _from_base64(parts[4], "signing key")
        if len(raw) != 33 or raw[0] != ED25519:
            raise Invalid("the signing key is not an Ed25519 key", field="key")
        key = cls(parts[2], raw[1:])
        if key.verifier.id.hex() != parts[3]:
            raise Invalid("the signing key's id does not belong to it", field="key")
        return key


def opened(note: str, key: VerifierKey) -> str:
    """Return a note's text after checking that the key signed it; refuse it otherwise."""
    text, signatures = split(note)
    named = [raw for name, raw in signatures if name == key.name and raw[:4] == key.id]
    if not named:
        raise Invalid(f"the note is not signed by {key.name}", field="note")
    if not all(key.verifies(text, raw[4:]) for raw in named):
        raise Invalid(f"the signature by {key.name} does not fit the note", field="note")
    return text


def split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a note's text and its signatures, name and raw bytes, unchecked."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or len(note) > NOTE_LENGTH_MAX:
        raise Invalid("this is not a signed note", field="note")
    signatures = [_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > SIGNATURES_MAX:
        raise Invalid(f"the note has more than {SIGNATURES_MAX} signatures", field="note")
    _require_text(text + "\n")
    return text + "\n", signatures


def _signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    raw = _from_base64(encoded, "signature line")
    if not line.startswith(_SIGNATURE_MARK) or len(raw) < 5:
        raise Invalid("the note has a line that is no signature", field="note")
    _require_name(name)
    return name, raw


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(character) < 0x20 and character != "\n" for character in text):
        raise Invalid("a note's text ends with a newline and has no control characters", field="note")


def _require_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise Invalid("a key's name is not empty and has no space and no plus sign", field="key")


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _from_base64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"the {what} is not base64", field="note") from error
    if _to_base64(raw) != text:
        raise Invalid(f"the {what} is not base64 in its one spelling", field="note")
    return raw
