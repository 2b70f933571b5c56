"""Time stamps by RFC 3161: the request for a hash, and whether an answer holds, by the authorities that are trusted.

The request carries a hash and a nonce and nothing else: the authority learns neither the file nor whose it is. Refuses
an answer that an unknown authority signed, that was made for another hash or request, or that is not strict DER.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import algos, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from pehra.kernel.refusals import Fault

REQUEST_TYPE = "application/timestamp-query"
ANSWER_TYPE = "application/timestamp-reply"
NONCE_BITS = 64
CERTIFICATES_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request as it is sent, and the nonce that the answer must carry."""

    body: bytes
    nonce: int


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What an authority said: that it saw the hash at this moment, under this number."""

    stamped_at: datetime
    serial: str
    signer: str


def question(sha256: str) -> Question:
    """Return a request for a stamp over a hash that is known already; the authority is asked for its certificate."""
    nonce = secrets.randbits(NONCE_BITS) | 1
    imprint = {
        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "hashed_message": bytes.fromhex(sha256),
    }
    asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    return Question(body=asked.dump(), nonce=nonce)


def trusted(path: str) -> list[x509.Certificate]:
    """Read the certificates (PEM) by which authorities are judged."""
    if not path:
        raise Fault("PEHRA_TSA_CERTIFICATES names no file: without its root no authority's stamp can be judged")
    try:
        content = Path(path).read_bytes()[:CERTIFICATES_BYTES_MAX]
        return x509.load_pem_x509_certificates(content)
    except (OSError, ValueError) as error:
        raise Fault(f"the authorities' certificates cannot be read from {path}: {error}") from error


def judged(answer: bytes, *, sha256: str, nonce: int | None, roots: list[x509.Certificate]) -> Stamp:
    """Return what an answer says, when it holds; `nonce` is None for an answer that was taken in before."""
    try:
        reply = decode_timestamp_response(answer)
    except ValueError as error:
        raise Fault(f"the authority's answer is no time stamp: {_first_line(error)}") from error
    builder = VerifierBuilder(roots=_anchors(roots), intermediates=_between(roots), nonce=nonce)
    try:
        builder.build().verify(reply, bytes.fromhex(sha256))
        said = reply.tst_info
    except (VerificationError, ValueError) as error:
        raise Fault(f"the authority's stamp does not hold: {_first_line(error)}") from error
    signer = _signer(reply.signed_data.certificates)
    return Stamp(stamped_at=said.gen_time, serial=f"{said.serial_number:x}", signer=signer)


def _anchors(roots: list[x509.Certificate]) -> list[x509.Certificate]:
    own = [certificate for certificate in roots if certificate.issuer == certificate.subject]
    return own or roots


def _between(roots: list[x509.Certificate]) -> list[x509.Certificate]:
    return [certificate for certificate in roots if certificate.issuer != certificate.subject]


def _signer(certificates: set[bytes]) -> str:
    """Return the name of the certificate that may stamp, of those that came along."""
    for content in certificates:
        certificate = x509.load_der_x509_certificate(content)
        try:
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            continue
        if ExtendedKeyUsageOID.TIME_STAMPING in usage:
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            return str(names[0].value) if names else certificate.subject.rfc4514_string()
    return ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
