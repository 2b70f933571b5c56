"""A mail as it can be read: decrypted with the node's keys, its signature judged, whatever was wrong said in words.

`opened` never fails: what cannot be opened is handed back as it came, with the reason. The keys of contacts come from
the registry, the node's own from `keys/` in its data folder. A signature is *valid* only if it is by a key that the
registry has for the sender, or that a trusted authority certifies for the sender's address: everything else intact is
*unknown*, and says by whom.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from django.conf import settings

from pehra.intake.gateways import gnupg, smime
from pehra.intake.gateways.gnupg import Said
from pehra.intake.rules import sealed_parts
from pehra.intake.rules.sealed_parts import Entity
from pehra.kernel import mail_keys
from pehra.kernel.mail_keys import KeyKind, MailKey
from pehra.kernel.refusals import Fault, Invalid
from pehra.registry import api as registry

SMIME_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SMIME_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
SEALED_BYTES_MAX = 64 * 1024 * 1024
TOO_LARGE = "it is too large to be opened"
NOT_OURS = "it is encrypted for none of our keys"


class Verdict(StrEnum):
    """What a signature is worth."""

    NONE = "none"  # there is none
    VALID = "valid"  # intact, and by the sender as we know them
    UNKNOWN = "unknown"  # intact or not to be judged: nobody vouches that it is the sender's
    EXPIRED = "expired"
    REVOKED = "revoked"
    BAD = "bad"  # the text is not what was signed


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A mail after opening. `raw` is a mail again: the same where nothing was sealed."""

    raw: bytes
    encrypted: bool = False
    unreadable: bool = False
    verdict: Verdict = Verdict.NONE
    signer: str = ""  # the fingerprint of the key or certificate
    signer_names: tuple[str, ...] = ()
    problem: str = ""
    standards: tuple[str, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether there was a signature at all."""
        return self.verdict is not Verdict.NONE


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """What came of one layer: the mail without it, or why it stays."""

    raw: bytes | None = None
    encrypted: bool = False
    verdict: Verdict = Verdict.NONE
    signer: str = ""
    names: tuple[str, ...] = ()
    problem: str = ""
    standard: str = ""


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The keys that the registry has for the sender, and the moment at which they are judged."""

    sender: str
    at: datetime
    keys: tuple[MailKey, ...] = field(default=())

    def certificates(self) -> list[bytes]:
        """Return the sender's OpenPGP certificates."""
        return [key.material for key in self.keys if key.kind is KeyKind.OPENPGP]

    def has(self, fingerprint: str) -> bool:
        """Whether this key is one of the sender's."""
        return any(key.fingerprint == fingerprint.upper() for key in self.keys)


def opened(raw: bytes, *, at: datetime) -> Opened:
    """Return a mail as it can be read, and what its signature is worth."""
    outer = sealed_parts.entity(raw)
    found = Opened(raw=raw)
    known: _Known | None = None
    for _layer in range(sealed_parts.LAYERS_MAX):
        whole = sealed_parts.entity(found.raw)
        if not _is_sealed(whole):
            break
        if len(found.raw) > SEALED_BYTES_MAX:
            return replace(found, problem=found.problem or TOO_LARGE, unreadable=whole.media_type != "multipart/signed")
        known = known or _known(outer, at=at)
        layer = _without(whole, known)
        found = _added(found, layer)
        if layer.raw is None:
            break
    return found


def _known(outer: Entity, *, at: datetime) -> _Known:
    sender = parseaddr(str(outer.fields.get("From", "")))[1].lower()
    texts = registry.known_mail_keys(email=sender) if sender else ()
    return _Known(sender=sender, at=at, keys=mail_keys.readable(texts))


def _is_sealed(whole: Entity) -> bool:
    kind = whole.media_type
    if kind in ("multipart/encrypted", "multipart/signed"):
        return True
    return kind in SMIME_TYPES or bool(sealed_parts.armored(whole))


def _added(found: Opened, layer: _Layer) -> Opened:
    """Return what is known so far with one more layer: the innermost signature counts, the first problem stays."""
    judged = layer.verdict is not Verdict.NONE
    return replace(
        found,
        raw=layer.raw if layer.raw is not None else found.raw,
        encrypted=found.encrypted or layer.encrypted,
        unreadable=found.unreadable or (layer.encrypted and layer.raw is None),
        verdict=layer.verdict if judged else found.verdict,
        signer=layer.signer if judged else found.signer,
        signer_names=layer.names if judged else found.signer_names,
        problem=found.problem or layer.problem,
        standards=tuple(dict.fromkeys([*found.standards, *([layer.standard] if layer.standard else [])])),
    )


def _without(whole: Entity, known: _Known) -> _Layer:
    """Take one layer off; what others' software did wrong is a problem in words."""
    kind = whole.media_type
    encrypts = kind == "multipart/encrypted" or sealed_parts.armored(whole) == "message"
    try:
        if kind == "multipart/signed":
            return _signed(whole, known)
        if kind in SMIME_TYPES:
            return _smime_object(whole, known)
        return _openpgp_message(whole, known)
    except Fault as fault:
        return _Layer(encrypted=encrypts, problem=str(fault))
    except (ValueError, TypeError, KeyError, OSError) as error:
        return _Layer(encrypted=encrypts, problem=f"it cannot be read: {mail_keys.first_line(error)}")


def _signed(whole: Entity, known: _Known) -> _Layer:
    found = sealed_parts.parts(whole)
    if len(found) != 2:
        return _Layer(problem="a signed mail has two parts, and this one has not", verdict=Verdict.BAD)
    inside = sealed_parts.put_in(whole, found[0], hides_subject=False)
    wire, signature = sealed_parts.on_the_wire(found[0]), sealed_parts.entity(found[1])
    if signature.media_type in SMIME_SIGNATURES:
        return replace(_smime_verdict(signature.content, wire, known)[0], raw=inside)
    try:
        said = gnupg.verified(wire, signature.content, certificates=known.certificates())
    except Fault as fault:
        return _Layer(raw=inside, verdict=Verdict.UNKNOWN, problem=str(fault), standard="openpgp")
    return replace(_openpgp_verdict(said, known), raw=inside)


def _openpgp_message(whole: Entity, known: _Known) -> _Layer:
    """Decrypt PGP/MIME, or an armoured text that is the whole body."""
    inline = sealed_parts.armored(whole)
    if inline:
        content = whole.content
    else:
        found = sealed_parts.parts(whole)
        if len(found) != 2:
            return _Layer(encrypted=True, problem="an encrypted mail has two parts, and this one has not")
        content = sealed_parts.entity(found[1]).content
    said = gnupg.decrypted(content, secrets=own_keys("openpgp.asc"), certificates=known.certificates())
    encrypted = inline != "signed message"
    if said.plain is None or (encrypted and not said.has("DECRYPTION_OKAY")):
        problem = NOT_OURS if said.has("NO_SECKEY") else "it was damaged on its way, or was not encrypted rightly"
        return _Layer(encrypted=encrypted, problem=problem, standard="openpgp")
    judged = replace(_openpgp_verdict(said, known), encrypted=encrypted)
    if inline:
        return replace(judged, raw=sealed_parts.with_text(whole, said.plain))
    return replace(judged, raw=sealed_parts.put_in(whole, said.plain, hides_subject=True))


def _openpgp_verdict(said: Said, known: _Known) -> _Layer:
    """Return what GnuPG's status says of the signature."""
    layer = _Layer(standard="openpgp")
    if said.has("BADSIG"):
        return replace(
            layer, verdict=Verdict.BAD, signer=said.words("BADSIG")[0], problem="the text is not what was signed"
        )
    for status, verdict, problem in (
        ("REVKEYSIG", Verdict.REVOKED, "signed by a key that was revoked"),
        ("EXPKEYSIG", Verdict.EXPIRED, "signed by a key that has expired"),
        ("EXPSIG", Verdict.EXPIRED, "the signature has expired"),
    ):
        if said.has(status):
            return replace(layer, verdict=verdict, signer=_primary(said) or said.words(status)[0], problem=problem)
    if said.has("VALIDSIG") and said.has("GOODSIG"):
        signer = _primary(said)
        names = tuple(name for key in known.keys if key.fingerprint == signer for name in key.names)
        if known.has(signer):
            return replace(layer, verdict=Verdict.VALID, signer=signer, names=names)
        return replace(layer, verdict=Verdict.UNKNOWN, signer=signer, problem="signed, not by a key of the sender's")
    if said.has("ERRSIG"):
        key = said.words("ERRSIG")[-1] if said.words("ERRSIG") else ""
        whose = known.sender or "the sender"
        return replace(
            layer, verdict=Verdict.UNKNOWN, signer=key, problem=f"signed by a key that is not known as one of {whose}"
        )
    return layer


def _primary(said: Said) -> str:
    """Return the fingerprint of the primary key: the last word of VALIDSIG."""
    words = said.words("VALIDSIG")
    return words[-1].upper() if words else ""


def _smime_object(whole: Entity, known: _Known) -> _Layer:
    der = whole.content
    kind = smime.kind_of(der)
    if kind == "signed_data":
        layer, content = _smime_verdict(der, None, known)
        return replace(layer, raw=sealed_parts.put_in(whole, content, hides_subject=False) if content else None)
    if kind != "enveloped_data":
        problem = f"this S/MIME object is {kind}, which is not read here"
        return _Layer(encrypted="enveloped" in kind, problem=problem, standard="smime")
    try:
        plain = smime.decrypted(der, own=own_keys("smime.pem"))
    except Fault as fault:
        return _Layer(encrypted=True, problem=str(fault), standard="smime")
    return _Layer(raw=sealed_parts.put_in(whole, plain, hides_subject=True), encrypted=True, standard="smime")


def _smime_verdict(der: bytes, content: bytes | None, known: _Known) -> tuple[_Layer, bytes | None]:
    """Return what an S/MIME signature is worth, and the content that stood inside it."""
    layer = _Layer(standard="smime")
    try:
        found = smime.signed(der, content=content)
    except Invalid as refused:
        return replace(layer, verdict=Verdict.BAD, problem=refused.message), smime.content_inside(der)
    except Fault as fault:
        return replace(layer, verdict=Verdict.UNKNOWN, problem=str(fault)), smime.content_inside(der)
    key = mail_keys.of_certificate(found.certificate)
    layer = replace(layer, signer=key.fingerprint, names=key.names)
    if found.certificate.not_valid_after_utc < known.at:
        verdict, problem = Verdict.EXPIRED, "signed with a certificate that has expired"
    elif known.has(key.fingerprint):
        verdict, problem = Verdict.VALID, ""
    else:
        problem = smime.vouched(found, roots=_roots(), at=known.at)
        if not problem and not key.is_of(known.sender):
            problem = f"signed by {', '.join(key.addresses) or 'nobody'}, who is not the sender"
        verdict = Verdict.UNKNOWN if problem else Verdict.VALID
    return replace(layer, verdict=verdict, problem=problem), found.content


def own_keys(ending: str) -> list[Path]:
    """Return the node's own key files with this ending, in the order of their names."""
    return sorted((Path(settings.PEHRA_DATA) / "keys").glob(f"*.{ending}"))


def _roots() -> list[x509.Certificate]:
    """Return the authorities whose word on certificates of persons is taken."""
    try:
        return x509.load_pem_x509_certificates((Path(settings.PEHRA_DATA) / "keys/smime-roots.pem").read_bytes())
    except OSError:
        return []
