"""Messages that are signed and encrypted: other people's programs read them, and sent again they are the same bytes."""

import email
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message as Mail
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.kernel.refusals import Invalid
from pehra.outbox import api
from pehra.outbox.commands import commands
from pehra.outbox.gateways import sealing
from pehra.outbox.models import Message
from pehra.outbox.rules import retries
from pehra.outbox.rules.leaving import must_be_encrypted
from pehra.registry import api as registry
from tests.intake import other_side
from tests.intake.other_side import Authority, Pgp

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not other_side.installed("gpg", "openssl"), reason="gpg or openssl is not installed"),
]

READER = "abuse@operator.example"
BODY = "براہ کرم دیکھیں: 198[.]18[.]0[.]7\nFrom here on, nothing.\n"
FILE = api.Attachment(name="findings.csv", media_type="text/csv", content="ip,when\n198.18.0.7,اب\n".encode() * 40)
NOW = datetime.now(UTC) + timedelta(hours=1)  # keys are made meanwhile
KEYS: dict[str, list[str]] = {}


def keys_for(*, email: str, organisation: str) -> list[str]:
    """Stand in for the registry: what the tests say that it has."""
    assert organisation in ("org-0001", "")
    return KEYS.get(email, [])


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> Iterator[Path]:
    settings.PEHRA_OUTBOX_KEYS_FROM = f"{__name__}.keys_for"
    folder = Path(settings.PEHRA_DATA) / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    KEYS.clear()
    yield folder
    for path in folder.iterdir():
        path.unlink()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pgp]:
    """The reader's GnuPG."""
    pgp = Pgp(tmp_path_factory.mktemp("gpg"))
    pgp.home.chmod(0o700)
    pgp.make(f"Dania <{READER}>")
    yield pgp
    pgp.end()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificates of the reader and of the node."""
    made = Authority(tmp_path_factory.mktemp("smime")).make()
    made.certify("dania", READER)
    made.certify("node", "pehra@localhost")
    return made


def own(name: str, content: bytes, settings: Any) -> Path:
    """Lay one of the node's own keys out as an operator does."""
    path = Path(settings.PEHRA_DATA) / "keys" / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.fixture
def node_key(theirs: Pgp, settings: Any) -> str:
    """The node's own OpenPGP key, known to the reader; its public part."""
    public = sealing.make_openpgp(team="node", name="Pehra", email="pehra@localhost")
    theirs.run("--import", content=public.encode())
    return public


def sent(post: Any, at: datetime = NOW) -> tuple[bytes, Mail]:
    assert api.send_due(at=at) == api.SendSummary(sent=1)
    (_recipient, raw) = post.received[-1]
    return raw, email.message_from_bytes(raw)


def part(raw: bytes, mail: Mail) -> bytes:
    """The slice that was signed, found without our own code."""
    boundary = b"--" + str(mail.get_boundary()).encode()
    return raw.split(boundary + b"\r\n")[1].removesuffix(b"\r\n")


def said(content: bytes) -> str:
    """The text and the file of what was inside."""
    mail = email.message_from_bytes(content)
    body, file = mail.get_payload()
    assert file.get_filename() == "findings.csv"
    assert file.get_payload(decode=True) == FILE.content
    return body.get_payload(decode=True).decode().replace("\r\n", "\n")


# OpenPGP


def test_gpg_reads_what_is_signed_and_encrypted_for_it(theirs: Pgp, node_key: str, queue, post, machine: Actor) -> None:
    KEYS[READER] = [theirs.public(READER)]
    number = queue(body=BODY, subject="دو مسائل", attachments=(FILE,), in_reply_to="<before@works.example>")
    raw, mail = sent(post)
    assert (mail.get_content_type(), mail["In-Reply-To"]) == ("multipart/encrypted", "<before@works.example>")
    assert mail["Subject"] == "[PKN-2026-000001] ..."
    assert b"198" not in raw.replace(b"findings", b"")[: raw.index(b"BEGIN PGP")]
    version, sealed = mail.get_payload()
    assert version.get_payload() == "Version: 1\r\n"
    status = theirs.home / "status"
    plain = theirs.run("--status-file", str(status), "--decrypt", content=sealed.get_payload(decode=True))
    assert said(plain) == BODY
    assert str(email.header.make_header(email.header.decode_header(email.message_from_bytes(plain)["Subject"]))) == (
        "دو مسائل"
    )
    assert b"GOODSIG" in status.read_bytes()
    proof = api.message(message_id=number, by=machine).proof
    assert proof is not None
    assert proof["sealed"] == "signed and encrypted (openpgp)"
    assert proof["signed_by"].encode() in status.read_bytes()
    assert len(proof["encrypted_for"]) == 40


def test_gpg_verifies_what_is_only_signed(theirs: Pgp, node_key: str, queue, post, tmp_path: Path) -> None:
    queue(body=BODY + "trailing \n-- \nsignature\n", attachments=(FILE,))
    raw, mail = sent(post)
    assert mail.get_content_type() == "multipart/signed"
    assert mail.get_param("micalg") == "pgp-sha512"
    assert mail["Subject"] == "Two findings"
    signature = tmp_path / "signature.asc"
    signature.write_bytes(mail.get_payload()[1].get_payload(decode=True))
    theirs.run("--verify", str(signature), "-", content=part(raw, mail))
    assert said(part(raw, mail)).startswith(BODY)
    with pytest.raises(AssertionError, match="BAD signature"):
        theirs.run("--verify", str(signature), "-", content=part(raw, mail).replace(b"findings", b"findlings"))


def test_a_team_signs_with_its_own_key(theirs: Pgp, node_key: str, queue, post, machine: Actor) -> None:
    sealing.make_openpgp(team="ntcert", name="NTCERT", email="pehra@localhost")
    number, other = queue(), queue(lead_team="pkcert", teams=())
    api.send_due(at=NOW)
    proofs = [api.message(message_id=name, by=machine).proof or {} for name in (number, other)]
    assert proofs[0]["signed_by"] != proofs[1]["signed_by"]
    assert node_key.replace(" ", "").count(proofs[1]["signed_by"]) == 1


# S/MIME


@pytest.mark.parametrize("signs", [True, False])
def test_openssl_reads_what_is_encrypted_for_it(
    authority: Authority, queue, post, settings: Any, machine: Actor, signs: bool
) -> None:
    KEYS[READER] = [authority.pem("dania")]
    if signs:
        own("node.smime.pem", authority.both("node"), settings)
    number = queue(body=BODY, attachments=(FILE,))
    raw, mail = sent(post)
    assert mail.get_content_type() == "application/pkcs7-mime"
    plain = authority.decrypted(raw, by="dania")
    content = authority.verified(plain, root=authority.folder / "ca.pem") if signs else plain
    assert said(content) == BODY
    proof = api.message(message_id=number, by=machine).proof or {}
    assert proof["sealed"] == ("signed and encrypted (smime)" if signs else "encrypted (smime)")


def test_openssl_verifies_what_is_only_signed(authority: Authority, queue, post, settings: Any) -> None:
    own("node.smime.pem", authority.both("node"), settings)
    queue(body=BODY, attachments=(FILE,))
    raw, mail = sent(post)
    assert mail.get_content_type() == "multipart/signed"
    assert said(authority.verified(raw, root=authority.folder / "ca.pem")) == BODY
    with pytest.raises(AssertionError, match="digest failure"):
        authority.verified(raw.replace(b"findings.csv", b"findlings.csv"), root=authority.folder / "ca.pem")


def test_where_both_are_known_openpgp_is_taken(theirs: Pgp, authority: Authority, queue, post) -> None:
    KEYS[READER] = [authority.pem("dania"), theirs.public(READER)]
    queue()
    assert sent(post)[1].get_content_type() == "multipart/encrypted"


# Without a key


def test_without_any_key_a_message_leaves_as_it_always_did(queue, post, machine: Actor) -> None:
    number = queue(body=BODY)
    mail = sent(post)[1]
    assert mail.get_content_type() == "text/plain"
    assert "sealed" not in (api.message(message_id=number, by=machine).proof or {})


def test_what_must_be_encrypted_never_leaves_in_the_clear(
    theirs: Pgp, node_key: str, queue, post, machine: Actor
) -> None:
    number = queue(tlp=Tlp.RED, circle=Circle.NAMED)
    assert api.send_due(at=NOW) == api.SendSummary(failed=1)
    assert post.received == []
    problem = api.message(message_id=number, by=machine).problem
    assert "only encrypted" in problem
    assert "no key of theirs is known" in problem

    KEYS[READER] = [theirs.public(READER)]
    api.queue_again(message_id=number, reason="the key is there now", by=machine, at=NOW)
    assert sent(post)[1].get_content_type() == "multipart/encrypted"


def test_a_key_that_expired_was_revoked_or_only_signs_takes_nothing(
    theirs: Pgp, node_key: str, queue, post, machine: Actor
) -> None:
    theirs.make("Old <old@operator.example>", expires="1y", at="20200101T000000")
    gone = theirs.make("Gone <gone@operator.example>")
    revocation = (theirs.home / f"openpgp-revocs.d/{gone}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    theirs.run("--import", content=revocation.encode())
    theirs.run("--quick-gen-key", "Signs <signs@operator.example>", "ed25519", "sign", "never")
    for who, words in (("old", "expired on 2020"), ("gone", "was revoked"), ("signs", "nothing can be encrypted")):
        KEYS[READER] = [theirs.public(f"{who}@operator.example")]
        number = queue(tlp=Tlp.RED, circle=Circle.NAMED)
        assert api.send_due(at=NOW) == api.SendSummary(failed=1), who
        assert words in api.message(message_id=number, by=machine).problem
        queue(tlp=Tlp.AMBER)
        assert sent(post)[1].get_content_type() == "multipart/signed"


def test_which_marking_must_be_encrypted_is_the_operator_s_to_say() -> None:
    assert must_be_encrypted(Tlp.RED, least="TLP:RED")
    assert not must_be_encrypted(Tlp.AMBER_STRICT, least="TLP:RED")
    assert must_be_encrypted(Tlp.AMBER_STRICT, least="TLP:AMBER+STRICT")
    assert not must_be_encrypted(Tlp.RED, least="never")
    with pytest.raises(Invalid, match="PEHRA_OUTBOX_ENCRYPT_FROM"):
        must_be_encrypted(Tlp.RED, least="RED")


# The same bytes again


@pytest.mark.parametrize("encrypts", [True, False])
def test_what_is_sent_again_is_the_same_byte_for_byte(
    theirs: Pgp, node_key: str, queue, post, machine: Actor, encrypts: bool
) -> None:
    if encrypts:
        KEYS[READER] = [theirs.public(READER)]
    number = queue(body=BODY, attachments=(FILE,))
    post.data_answer = "451 4.3.0 come back later"
    kept: list[bytes] = []
    post.after_data = None
    assert api.send_due(at=NOW) == api.SendSummary(delayed=1)
    first = Message.objects.get(id=number).seal
    post.data_answer = ""
    kept.append(sent(post, at=NOW + retries.FIRST_WAIT)[0])
    row = Message.objects.get(id=number)
    assert row.seal == first
    # As after a sender that died between handing over and writing down.
    Message.objects.filter(id=number).update(
        state="sending", sent_at=None, proof=None, next_attempt_at=NOW + retries.FIRST_WAIT
    )
    kept.append(sent(post, at=NOW + retries.FIRST_WAIT * 2)[0])
    assert kept[0] == kept[1]


def test_for_another_address_it_is_sealed_anew(theirs: Pgp, node_key: str, queue, post, machine: Actor) -> None:
    theirs.make("Other <other@operator.example>")
    KEYS[READER], KEYS["other@operator.example"] = [theirs.public(READER)], [theirs.public("other@operator.example")]
    number = queue()
    post.answers[READER] = "550 5.1.1 nobody of that name"
    assert api.send_due(at=NOW) == api.SendSummary(failed=1)
    first = Message.objects.get(id=number).seal
    api.queue_again(message_id=number, reason="moved", email="other@operator.example", by=machine, at=NOW)
    sent(post)
    second = Message.objects.get(id=number).seal
    assert first["encrypted_for"] != second["encrypted_for"]


# The node's own keys


def test_a_key_that_others_may_read_signs_nothing(node_key: str, queue, post, machine: Actor, settings: Any) -> None:
    path = Path(settings.PEHRA_DATA) / "keys/node.openpgp.asc"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    number = queue()
    assert api.send_due(at=NOW) == api.SendSummary(delayed=1)
    assert "may be read by others" in api.message(message_id=number, by=machine).problem


def test_a_broken_key_is_said_in_one_line(queue, post, machine: Actor, settings: Any) -> None:
    own("node.openpgp.asc", b"no key at all", settings)
    number = queue()
    assert api.send_due(at=NOW) == api.SendSummary(delayed=1)
    problem = api.message(message_id=number, by=machine).problem
    assert problem.startswith("the message could not be sealed")
    assert "\n" not in problem


def test_commands_make_a_key_once_and_show_its_public_part(theirs: Pgp, machine: Actor) -> None:
    registry.load_profile(by=machine, at=NOW)
    run = CliRunner().invoke
    made = run(commands, ["key", "make", "--team", "ntcert", "--name", "NTCERT"])
    assert made.output.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert run(commands, ["key", "show", "--team", "ntcert"]).output == made.output
    again = run(commands, ["key", "make", "--team", "ntcert", "--name", "NTCERT"])
    assert again.exit_code == 1
    assert "there is one already" in again.output
    assert "PRIVATE" not in made.output + again.output
    assert run(commands, ["key", "show", "--team", "pkcert"]).exit_code == 1
    theirs.run("--import", content=made.output.encode())
    for wrong in (["--team", "ntcrt", "--name", "NTCERT"], ["--team", "../ntcert", "--name", "N"], ["--name", " "]):
        refused = run(commands, ["key", "make", *wrong])
        assert isinstance(refused.exception, Invalid), wrong
    assert isinstance(run(commands, ["key", "show", "--team", "ntcrt"]).exception, Invalid)
