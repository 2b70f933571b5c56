"""Sealed mail as other people's programs write it: opened, judged, and never lost for what was wrong with it."""

import email
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pehra.intake.gateways import gnupg, sealed_mail
from pehra.intake.gateways.sealed_mail import Opened, Verdict
from pehra.kernel.actors import Actor
from pehra.registry import api as registry
from pehra.registry.models import Contact
from tests.intake import other_side
from tests.intake.other_side import Authority, Pgp, pgp_mime_encrypted, pgp_mime_signed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("country", "keys"),
    pytest.mark.skipif(not other_side.installed("gpg", "openssl"), reason="gpg or openssl is not installed"),
]

SENDER = "soc@north.example"
HEAD = f"From: SOC <{SENDER}>\r\nTo: cert@pkcert.example\r\nSubject: ...\r\nMessage-ID: <m1@north.example>\r\n"
TEXT = "ہم نے 198[.]18[.]1[.]7 پر دراندازی دیکھی۔"
ENTITY = (
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    f"Subject: Break-in at our gateway\r\n\r\n{TEXT}  \r\nlast line\r\n"
).encode()
NOW = datetime.now(UTC) + timedelta(hours=1)  # keys are made meanwhile


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pgp]:
    """The sender's GnuPG, which knows the node's public key."""
    pgp = Pgp(tmp_path_factory.mktemp("gpg"))
    pgp.home.chmod(0o700)
    pgp.make(f"SOC <{SENDER}>")
    pgp.make("Node <cert@pkcert.example>")
    pgp.make("Stranger <stranger@else.example>")
    yield pgp
    pgp.end()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority for mail, with certificates of the sender, the node and a stranger."""
    made = Authority(tmp_path_factory.mktemp("smime")).make()
    for name, address in (("soc", SENDER), ("node", "cert@pkcert.example"), ("stranger", "stranger@else.example")):
        made.certify(name, address)
    made.certify("server", SENDER, usage="serverAuth")
    return made


@pytest.fixture
def keys(country: None, data_folder: Path, settings: Any, theirs: Pgp, authority: Authority) -> Iterator[Path]:
    """The node's own keys, and a contact that has the sender's address and no key yet."""
    folder = Path(settings.PEHRA_DATA) / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "node.openpgp.asc").write_bytes(theirs.secret("cert@pkcert.example"))
    (folder / "node.smime.pem").write_bytes(authority.both("node"))
    Contact.objects.create(organisation_id="org-0001", role="security", email=SENDER)
    yield folder
    for path in folder.iterdir():
        path.unlink()


@pytest.fixture
def known(theirs: Pgp, authority: Authority, machine: Actor) -> None:
    """The sender's keys are in the registry."""
    both = theirs.public(SENDER) + authority.pem("soc")
    registry.set_contact_key(holder="org-0001", email=SENDER, key=both, by=machine, at=NOW)


def opened(raw: bytes) -> Opened:
    return sealed_mail.opened(raw, at=NOW)


def text_of(found: Opened) -> str:
    mail = email.message_from_bytes(found.raw)
    assert not mail.is_multipart(), found.raw.decode(errors="replace")
    return mail.get_payload(decode=True).decode()


# OpenPGP


@pytest.mark.parametrize("algorithm", ["default", "rsa3072"])
def test_gpg_s_encrypted_and_signed_mail_is_read_and_its_sender_known(
    theirs: Pgp, known: None, machine: Actor, algorithm: str
) -> None:
    by = SENDER
    if algorithm != "default":
        name = f"SOC {algorithm} <{algorithm}@north.example>"
        by = theirs.make(name, algorithm=algorithm)
        registry.set_contact_key(holder="org-0001", email=SENDER, key="", by=machine, at=NOW)
        theirs.run("--quick-add-key", by, algorithm, "encr", "never")
        registry.set_contact_key(holder="org-0001", email=SENDER, key=theirs.public(by), by=machine, at=NOW)
    found = opened(pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", by=by, head=HEAD))
    assert (found.verdict, found.encrypted, found.unreadable, found.problem) == (Verdict.VALID, True, False, "")
    assert text_of(found) == f"{TEXT}  \r\nlast line\r\n"
    mail = email.message_from_bytes(found.raw)
    assert mail.get_all("Subject") == ["Break-in at our gateway"]
    assert mail["Message-ID"] == "<m1@north.example>"
    assert found.standards == ("openpgp",)


def test_a_signed_mail_is_judged_by_its_bytes(theirs: Pgp, known: None) -> None:
    raw = pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD)
    found = opened(raw)
    assert (found.verdict, found.encrypted) == (Verdict.VALID, False)
    assert found.signer_names == (f"SOC <{SENDER}>",)
    assert text_of(found).startswith(TEXT)
    assert email.message_from_bytes(found.raw)["Subject"] == "..."
    assert opened(raw.replace(b"\r\n", b"\n")).verdict is Verdict.VALID
    for before, after in ((b"last line", b"last lime"), (b"  \r\n", b" \r\n")):
        assert before in raw
        changed = opened(raw.replace(before, after))
        assert (changed.verdict, changed.problem) == (Verdict.BAD, "the text is not what was signed")
        assert "198[.]18" in text_of(changed)


def test_a_signature_by_a_key_that_is_not_the_sender_s_is_not_theirs(theirs: Pgp, known: None) -> None:
    found = opened(pgp_mime_signed(theirs, ENTITY, by="stranger@else.example", head=HEAD))
    assert found.verdict is Verdict.UNKNOWN
    assert SENDER in found.problem
    spoofed = HEAD.replace(f"<{SENDER}>", "<river@bank.example>")
    assert opened(pgp_mime_signed(theirs, ENTITY, by=SENDER, head=spoofed)).verdict is Verdict.UNKNOWN


def test_our_own_key_vouches_for_nobody_else(theirs: Pgp, known: None) -> None:
    ours = "cert@pkcert.example"
    found = opened(pgp_mime_encrypted(theirs, ENTITY, to=ours, by=ours, head=HEAD))
    assert found.verdict is Verdict.UNKNOWN
    assert "not by a key of the sender's" in found.problem


def test_a_part_beside_what_was_signed_is_not_signed(theirs: Pgp, known: None) -> None:
    raw = pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD)
    more = raw.replace(b"\r\n--b1--", b"\r\n--b1\r\nContent-Type: text/plain\r\n\r\nPay!\r\n--b1--")
    assert more != raw
    found = opened(more)
    assert (found.verdict, found.raw) == (Verdict.BAD, more)


def test_without_a_key_in_the_registry_nobody_vouches(theirs: Pgp) -> None:
    found = opened(pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", by=SENDER, head=HEAD))
    assert (found.verdict, found.encrypted) == (Verdict.UNKNOWN, True)
    assert text_of(found).startswith(TEXT)


def test_a_mail_only_encrypted_has_no_signature(theirs: Pgp) -> None:
    found = opened(pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", head=HEAD))
    assert (found.verdict, found.encrypted, found.signed) == (Verdict.NONE, True, False)
    assert text_of(found).startswith(TEXT)


def test_signed_inside_encrypted_is_two_layers(theirs: Pgp, known: None) -> None:
    inner = pgp_mime_signed(theirs, ENTITY, by=SENDER, head="")
    found = opened(pgp_mime_encrypted(theirs, inner, to="cert@pkcert.example", head=HEAD))
    assert (found.verdict, found.encrypted) == (Verdict.VALID, True)
    assert text_of(found).startswith(TEXT)


def test_armour_in_a_plain_text_is_read_where_it_is_the_whole_text(theirs: Pgp, known: None) -> None:
    plain = "first line\nTEXT: 198.18.1.7\n"
    sealed = theirs.run(
        "--armor", "-r", "cert@pkcert.example", "-u", SENDER, "--sign", "--encrypt", content=plain.encode()
    )
    found = opened(f"{HEAD}Content-Type: text/plain\r\n\r\n".encode() + sealed)
    assert (found.verdict, found.encrypted) == (Verdict.VALID, True)
    assert text_of(found) == plain
    clear = theirs.run("--armor", "-u", SENDER, "--clear-sign", content=plain.encode())
    raw = f"{HEAD}Content-Type: text/plain\r\n\r\n".encode() + clear
    found = opened(raw)
    assert (found.verdict, found.encrypted) == (Verdict.VALID, False)
    assert text_of(found).replace("\r\n", "\n") == plain
    assert opened(raw.replace(b"198.18.1.7", b"198.18.1.8")).verdict is Verdict.BAD


@pytest.mark.parametrize("kind", ["not ours", "cut short", "no armour", "one part", "signed, one part"])
def test_what_cannot_be_opened_stays_as_it_came_with_the_reason(theirs: Pgp, kind: str) -> None:
    to = "stranger@else.example" if kind == "not ours" else "cert@pkcert.example"
    raw = pgp_mime_encrypted(theirs, ENTITY, to=to, head=HEAD)
    if kind == "cut short":
        raw = raw.replace(raw[-200:-120], b"")
    if kind == "no armour":
        raw = raw.replace(b"BEGIN PGP", b"BEGIN PRETTY GOOD")
    if kind == "one part":
        raw = raw.replace(
            b"\r\n--b2\r\nContent-Type: application/octet-stream", b"\r\nContent-Type: application/octet-stream"
        )
    if kind == "signed, one part":
        raw = raw.replace(b"multipart/encrypted", b"multipart/signed").replace(b"--b2\r\n", b"--b3\r\n")
    found = opened(raw)
    assert found.raw == raw
    assert found.problem
    assert found.unreadable is (kind != "signed, one part")


def test_a_decompression_bomb_ends_at_the_limit(theirs: Pgp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gnupg, "PLAIN_BYTES_MAX", 1_000_000)
    raw = pgp_mime_encrypted(theirs, b"\r\n" + bytes(50_000_000), to="cert@pkcert.example", head=HEAD)
    assert len(raw) < 200_000
    found = opened(raw)
    assert found.unreadable or len(found.raw) < 1_100_000


def test_where_gpg_is_missing_the_mail_waits_and_says_so(theirs: Pgp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gnupg.shutil, "which", lambda _name: None)
    raw = pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", head=HEAD)
    found = opened(raw)
    assert (found.raw, found.unreadable) == (raw, True)
    assert "GnuPG is not installed" in found.problem


def test_an_expired_and_a_revoked_key_are_told_from_a_good_one(theirs: Pgp, machine: Actor, tmp_path: Path) -> None:
    old = theirs.make("Old <old@north.example>", expires="1y", at="20200101T000000")
    signature = theirs.run(
        *("--faked-system-time", "20200601T000000", "--armor", "--local-user", old, "--detach-sign"), content=ENTITY
    )
    gone = theirs.make("Gone <gone@north.example>")
    raw_gone = pgp_mime_signed(theirs, ENTITY, by=gone, head=HEAD)
    revocation = (theirs.home / f"openpgp-revocs.d/{gone}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    theirs.run("--import", content=revocation.encode())
    Contact.objects.filter(email=SENDER).update(key=theirs.public(old) + theirs.public(gone))
    raw_old = pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD)
    start = raw_old.index(b"-----BEGIN PGP SIGNATURE")
    raw_old = raw_old[:start] + signature + b"\r\n--b1--\r\n"
    assert opened(raw_old).verdict is Verdict.EXPIRED
    assert opened(raw_gone).verdict is Verdict.REVOKED


def test_nothing_of_a_home_stays(theirs: Pgp, known: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path("/tmp") / f"pehra-{tmp_path.name[-8:]}"
    short.mkdir(exist_ok=True)
    monkeypatch.setattr(gnupg.tempfile, "tempdir", str(short))
    assert opened(pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", by=SENDER, head=HEAD)).signed
    assert list(short.iterdir()) == []
    short.rmdir()


# S/MIME


@pytest.mark.parametrize("opaque", [False, True])
def test_openssl_s_signature_is_judged_by_a_pinned_certificate(authority: Authority, known: None, opaque: bool) -> None:
    raw = HEAD.encode() + authority.signed(ENTITY, by="soc", opaque=opaque)
    found = opened(raw)
    assert (found.verdict, found.problem, found.standards) == (Verdict.VALID, "", ("smime",))
    assert found.signer_names == ("soc",)
    assert "198[.]18" in text_of(found)


def test_a_changed_text_is_not_what_was_signed(authority: Authority, known: None) -> None:
    raw = HEAD.encode() + authority.signed(ENTITY, by="soc")
    changed = opened(raw.replace(b"last line", b"last lime"))
    assert (changed.verdict, changed.problem) == (Verdict.BAD, "the text is not what was signed")


def test_an_authority_vouches_only_for_the_address_and_use_it_certified(authority: Authority, keys: Path) -> None:
    raw = HEAD.encode() + authority.signed(ENTITY, by="soc")
    assert opened(raw).verdict is Verdict.UNKNOWN
    (keys / "smime-roots.pem").write_bytes(authority.root)
    assert opened(raw).verdict is Verdict.VALID
    for by, words in (("stranger", "not the sender"), ("server", "vouches")):
        found = opened(HEAD.encode() + authority.signed(ENTITY, by=by))
        assert found.verdict is Verdict.UNKNOWN
        assert words in found.problem
    later = sealed_mail.opened(raw, at=NOW + timedelta(days=400))
    assert later.verdict is Verdict.EXPIRED


def test_another_authority_is_not_ours(authority: Authority, keys: Path, tmp_path: Path) -> None:
    (keys / "smime-roots.pem").write_bytes(Authority(tmp_path).make().root)
    assert opened(HEAD.encode() + authority.signed(ENTITY, by="soc")).verdict is Verdict.UNKNOWN


def test_a_signature_by_sha1_proves_nothing(authority: Authority, known: None) -> None:
    found = opened(HEAD.encode() + authority.signed(ENTITY, by="soc", digest="sha1"))
    assert found.verdict is Verdict.UNKNOWN
    assert "proves nothing" in found.problem
    assert "198[.]18" in text_of(found)


@pytest.mark.parametrize("cipher", ["-aes128", "-aes256"])
def test_openssl_s_encrypted_and_signed_mail_is_read(authority: Authority, known: None, cipher: str) -> None:
    sealed = authority.encrypted(authority.signed(ENTITY, by="soc"), to="node", cipher=cipher)
    found = opened(HEAD.encode() + sealed)
    assert (found.verdict, found.encrypted, found.problem) == (Verdict.VALID, True, "")
    assert "198[.]18" in text_of(found)


@pytest.mark.parametrize(("to", "cipher"), [("stranger", "-aes256"), ("node", "-des3"), ("node", "-aes-256-gcm")])
def test_what_is_not_for_us_or_not_readable_here_is_kept_with_the_reason(
    authority: Authority, to: str, cipher: str
) -> None:
    raw = HEAD.encode() + authority.encrypted(ENTITY, to=to, cipher=cipher)
    found = opened(raw)
    assert (found.raw, found.unreadable, found.encrypted) == (raw, True, True)
    assert found.problem


# Any mail


def test_what_is_not_sealed_is_the_same(known: None) -> None:
    for raw in (HEAD.encode() + ENTITY, b"", b"\r\n", b"no header", HEAD.encode()):
        assert opened(raw) == Opened(raw=raw)


def test_what_is_too_large_is_not_opened(theirs: Pgp, known: None, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = pgp_mime_encrypted(theirs, ENTITY, to="cert@pkcert.example", head=HEAD)
    monkeypatch.setattr(sealed_mail, "SEALED_BYTES_MAX", len(raw) - 1)
    found = opened(raw)
    assert (found.raw, found.unreadable, found.problem) == (raw, True, "it is too large to be opened")


@pytest.mark.parametrize("odd", [b"x" * 2_000_000, b":" * 2_000_000, b"a:\r\n " * 300_000, b"\r\n--b1" * 200_000])
def test_odd_mail_is_taken_apart_in_the_time_of_its_length(theirs: Pgp, known: None, odd: bytes) -> None:
    raw = pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD)
    before = time.process_time()
    opened(odd + b"\r\n" + raw)
    opened(raw.replace(b"last line", odd))
    opened(HEAD.encode() + b"Content-Type: text/plain\r\n\r\n" + odd)
    assert time.process_time() - before < 5


def test_a_sealed_part_inside_a_mail_proves_nothing_of_the_rest(theirs: Pgp, known: None) -> None:
    signed = pgp_mime_signed(theirs, ENTITY, by=SENDER, head="")
    raw = (
        (HEAD + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n").encode()
        + signed
        + b"\r\n--x\r\n\r\nPay!\r\n--x--\r\n"
    )
    assert opened(raw) == Opened(raw=raw)


def test_no_mutant_of_a_sealed_mail_breaks_it(theirs: Pgp, authority: Authority, known: None) -> None:
    mails = [
        pgp_mime_signed(theirs, ENTITY, by=SENDER, head=HEAD),
        HEAD.encode() + authority.signed(ENTITY, by="soc"),
        HEAD.encode() + authority.signed(ENTITY, by="soc", opaque=True),
        HEAD.encode() + authority.encrypted(ENTITY, to="node"),
    ]
    for raw in mails:
        good = opened(raw)
        for place in range(0, len(raw), max(1, len(raw) // 7)):
            for mutant in (raw[:place], raw[:place] + b"\x00" + raw[place + 1 :], raw[:place] + raw[place + 40 :]):
                found = opened(mutant)
                changed_text = found.raw != good.raw and not found.problem and found.verdict is Verdict.VALID
                assert not changed_text or b"last line" in found.raw
