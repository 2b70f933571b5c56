"""Keys for mail: what is read from a text, and why one is not used at a moment."""

from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pehra.kernel import mail_keys
from pehra.kernel.mail_keys import KeyKind
from pehra.kernel.refusals import Invalid

NOW = datetime.now(UTC) + timedelta(minutes=1)


def openpgp(name: str = "Dania <Dania@Operator.example>", **said: object) -> pysequoia.Cert:
    return pysequoia.Tsk.generate(name, **said).extract_certificate()


def certificate(*, bits: int = 2048, enciphers: bool | None = True, days: tuple[int, int] = (-1, 30)) -> str:
    key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dania")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW + timedelta(days=days[0]))
    builder = builder.not_valid_after(NOW + timedelta(days=days[1]))
    names = x509.SubjectAlternativeName([x509.RFC822Name("dania@operator.example")])
    builder = builder.add_extension(names, critical=False)
    if enciphers is not None:
        uses = dict.fromkeys(
            ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
        )
        usage = x509.KeyUsage(
            digital_signature=True, key_encipherment=enciphers, encipher_only=False, decipher_only=False, **uses
        )
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_several_keys_are_read_from_one_text_with_words_around_them() -> None:
    one, two = openpgp(), openpgp("Ali <ali@operator.example>")
    keys = mail_keys.read(f"ours:\n{one}\nand\n{certificate()}\n{two}")
    assert [key.kind for key in keys] == [KeyKind.OPENPGP, KeyKind.SMIME, KeyKind.OPENPGP]
    assert keys[0].fingerprint == one.fingerprint.upper()
    assert keys[0].is_of(" DANIA@operator.example")
    assert keys[1].is_of("dania@operator.example")
    assert [key.problem(NOW) for key in keys] == ["", "", ""]


def test_a_fingerprint_and_nothing_hold_no_key() -> None:
    assert mail_keys.read("") == mail_keys.read(openpgp().fingerprint) == ()
    assert mail_keys.read("AAAA BBBB CCCC DDDD EEEE  FFFF 0000 1111 2222 3333".replace("  ", " ")) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "no OpenPGP public key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "secret key"),
        (str(pysequoia.Tsk.generate("A <a@a.example>")), "secret key"),
        ("".join(str(openpgp()) for _ in range(11)), "more than 10"),
        ("x" * 100_001, "at most"),
    ],
)
def test_what_is_no_public_key_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        mail_keys.read(text)
    assert "\n" not in refused.value.message


def test_no_secret_part_hides_in_a_public_block() -> None:
    secret = pysequoia.Tsk.generate("A <a@a.example>")
    armoured = str(pysequoia.armor(bytes(secret), kind=pysequoia.ArmorKind.PublicKey))
    (key,) = mail_keys.read(armoured)
    assert key.material == bytes(secret.extract_certificate())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"bits": 0}, "only RSA"),
        ({"bits": 1024}, "only RSA"),
        ({"enciphers": False}, "its use"),
        ({"enciphers": None}, ""),
        ({"days": (-30, -1)}, "it expired on"),
        ({"days": (1, 30)}, "not valid before"),
    ],
)
def test_a_certificate_that_takes_nothing_says_why(said: dict[str, object], words: str) -> None:
    (key,) = mail_keys.read(certificate(**said))
    assert words in key.problem(NOW)
    assert bool(key.problem(NOW)) is bool(words)


def test_an_openpgp_key_expires() -> None:
    (key,) = mail_keys.read(str(openpgp(validity_seconds=3_600)))
    assert key.problem(NOW) == ""
    assert "expired on" in key.problem(NOW + timedelta(hours=2))


def test_openpgp_comes_before_s_mime_and_what_lasts_before_what_ends() -> None:
    short, long, smime = openpgp(validity_seconds=3_600), openpgp(), certificate()
    keys = mail_keys.readable([smime, "no key", f"{short}{long}"])
    chosen = mail_keys.usable(keys, at=NOW)
    assert chosen is not None
    assert chosen.fingerprint == long.fingerprint.upper()
    assert mail_keys.usable(mail_keys.readable([smime]), at=NOW + timedelta(days=60)) is None
