"""S/MIME (RFC 8551): decrypt with our certificates, and judge a signature: over which bytes, by whom, vouched by whom.

`asn1crypto` reads the structure, `cryptography` does the mathematics. Refuses SHA-1 and MD5. What it cannot open it
names: the content must be AES-CBC and the recipient's key RSA; anything else stays as it came.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from pehra.kernel.refusals import Fault, Invalid

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
CHAIN_DEPTH_MAX = 5


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signature that holds: its certificate, those that came along, and the content where it stood inside."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content: bytes | None


def kind_of(der: bytes) -> str:
    """Return what a CMS object is: `signed_data`, `enveloped_data`, or one that is not read here."""
    return str(_content_info(der)["content_type"].native)


def decrypted(der: bytes, *, own: Iterable[Path]) -> bytes:
    """Return what is inside an enveloped object that is for one of our certificates."""
    info = _content_info(der)["content"]
    cipher = str(info["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"].native)
    wanted = {
        _issued(recipient.chosen["rid"].chosen) for recipient in info["recipient_infos"] if recipient.name == "ktri"
    }
    for path in own:
        content = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(content)
        if (certificate.issuer.public_bytes(), certificate.serial_number) not in wanted:
            continue
        key = load_pem_private_key(content, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Fault("only RSA opens S/MIME here")
        try:
            return pkcs7.pkcs7_decrypt_der(der, certificate, key, [])
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Fault(f"it cannot be opened ({cipher}): {error}") from error
    raise Fault("it is encrypted for none of our certificates")


def _issued(identifier: object) -> tuple[bytes, int] | None:
    if isinstance(identifier, cms.IssuerAndSerialNumber):
        return identifier["issuer"].dump(), int(identifier["serial_number"].native)
    return None


def signed(der: bytes, *, content: bytes | None) -> Signed:
    """Return who signed, when the signature holds over `content`, or over what stands inside where that is None."""
    info = _content_info(der)["content"]
    inside = info["encap_content_info"]["content"]
    over = content if content is not None else bytes(inside.native) if inside.native is not None else None
    if over is None:
        raise Fault("the signature is of something that is not here")
    certificates = [
        x509.load_der_x509_certificate(found.chosen.dump())
        for found in info["certificates"] or ()
        if found.name == "certificate"
    ]
    signers = list(info["signer_infos"])
    if len(signers) != 1:
        raise Fault(f"{len(signers)} signers: only one is judged here")
    signer = signers[0]
    certificate = _certificate_of(signer, certificates)
    _require_signature(signer, certificate, over)
    others = tuple(other for other in certificates if other != certificate)
    return Signed(certificate=certificate, others=others, content=over if content is None else None)


def content_inside(der: bytes) -> bytes | None:
    """Return the content that stands inside a signed object, whatever its signature is worth."""
    inside = _content_info(der)["content"]["encap_content_info"]["content"].native
    return bytes(inside) if inside is not None else None


def _content_info(der: bytes) -> cms.ContentInfo:
    try:
        info = cms.ContentInfo.load(der)
        _ = info["content"].native if info["content_type"].native == "signed_data" else None
    except (ValueError, TypeError, KeyError) as error:
        raise Fault("this S/MIME object cannot be read") from error
    return info


def _certificate_of(signer: cms.SignerInfo, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    identifier = signer["sid"].chosen
    issued = _issued(identifier)
    for certificate in certificates:
        if issued is not None and (certificate.issuer.public_bytes(), certificate.serial_number) == issued:
            return certificate
        if issued is None and _key_identifier(certificate) == identifier.native:
            return certificate
    raise Fault("the signer's certificate is not in the mail")


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _require_signature(signer: cms.SignerInfo, certificate: x509.Certificate, content: bytes) -> None:
    """Refuse (`Invalid`) a signature that does not hold; raise `Fault` for one that cannot be judged."""
    name = str(signer["digest_algorithm"]["algorithm"].native)
    if name not in HASHES:
        raise Fault(f"signed with {name}, which proves nothing any more")
    said = content
    attributes = signer["signed_attrs"]
    if attributes.native:
        found = {str(attribute["type"].native): attribute["values"] for attribute in attributes}
        if "message_digest" not in found or found["message_digest"][0].native != hashlib.new(name, content).digest():
            raise Invalid("the text is not what was signed", field="signature")
        said = attributes.untag().dump()
    try:
        _verify(certificate, bytes(signer["signature"].native), said, name, signer)
    except InvalidSignature as error:
        raise Invalid("the signature is not by this certificate over this text", field="signature") from error


def _verify(certificate: x509.Certificate, signature: bytes, said: bytes, name: str, signer: cms.SignerInfo) -> None:
    key, method = certificate.public_key(), HASHES[name]
    if isinstance(key, rsa.RSAPublicKey):
        pss = str(signer["signature_algorithm"]["algorithm"].native) == "rsassa_pss"
        form = padding.PSS(mgf=padding.MGF1(method), salt_length=padding.PSS.AUTO) if pss else padding.PKCS1v15()
        key.verify(signature, said, form, method)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, said, ec.ECDSA(method))
    else:
        raise Fault("signed by a kind of key that is not judged here")


def vouched(found: Signed, *, roots: Sequence[x509.Certificate], at: datetime) -> str:
    """Return why no authority that we trust vouches for a signer's certificate at this moment, or nothing."""
    if not roots:
        return "no authority for S/MIME is trusted on this node"
    leaf = (
        ExtensionPolicy.permit_all()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_mail)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _for_signing)
    )
    above = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    builder = PolicyBuilder().store(Store(list(roots))).time(at).max_chain_depth(CHAIN_DEPTH_MAX)
    judge = builder.extension_policies(ca_policy=above, ee_policy=leaf).build_client_verifier()
    try:
        judge.verify(found.certificate, list(found.others))
    except VerificationError as error:
        return f"no authority that we trust vouches for it: {str(error).partition(chr(10))[0][:200]}"
    return ""


def _for_mail(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and ExtendedKeyUsageOID.EMAIL_PROTECTION not in usage:
        raise ValueError("not for mail")


def _for_signing(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("not for signing")


def _is_authority(_policy: Policy, _certificate: x509.Certificate, said: x509.BasicConstraints) -> None:
    if not said.ca:
        raise ValueError("not an authority")
