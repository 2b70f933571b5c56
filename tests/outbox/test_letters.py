"""Letters: whatever the name, the bytes are a mail that any program reads back to the same name."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.kernel.refusals import Invalid
from pehra.outbox.rules import letters

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def letter(**differently: object) -> letters.Letter:
    said: dict[str, object] = {
        "id": UUID(int=7),
        "sender": "Pehra, پہرہ <pehra@cert.example>",
        "to_name": "Dania",
        "to_email": "abuse@operator.example",
        "language": "en",
        "subject": "Two findings",
        "body": "Please look.\n",
        "written_at": AT,
    }
    return letters.Letter(**(said | differently))  # type: ignore[arg-type]


def header(content: bytes, name: str) -> str:
    value = message_from_bytes(content)[name]
    return str(make_header(decode_header(value.replace("\r\n", "").replace("\n", ""))))


def test_what_answers_another_says_so_and_what_answers_none_says_nothing() -> None:
    named = "<" + "a" * 200 + "@works.example>"
    mail = message_from_bytes(letters.compose(letter(in_reply_to=named)))
    assert (mail["In-Reply-To"], mail["References"]) == (named, named)
    assert not {"In-Reply-To", "References"} & set(message_from_bytes(letters.compose(letter())).keys())


@pytest.mark.parametrize(
    "named", ["", "a@b", "<a@b>\r\nBcc: x@y.example", "<a b@c>", "<ä@b>", "<a@b", f"<{'a' * 300}@b>"]
)
def test_a_message_id_that_no_header_can_hold_is_left_out(named: str) -> None:
    assert letters.known_message_id(named) == ""
    assert letters.known_message_id("<a.b=1@works.example>") == "<a.b=1@works.example>"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_is_refused_or_comes_back_the_same(name: str, subject: str) -> None:
    try:
        name = letters.one_line(name, field="name", limit=letters.NAME_CHARACTERS_MAX)
        subject = letters.one_line(subject, field="subject", limit=letters.SUBJECT_CHARACTERS_MAX)
    except Invalid:
        return
    content = letters.compose(letter(to_name=name, subject=subject))

    head = content.split(b"\r\n\r\n")[0]
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert [line.split(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"][:3] == [
        b"From",
        b"To",
        b"Subject",
    ]
    said, address = parseaddr(message_from_bytes(content)["To"].replace("\r\n", ""))
    assert address == "abuse@operator.example"
    assert str(make_header(decode_header(said))) == name
    assert header(content, "Subject") == subject


@pytest.mark.parametrize(
    "name",
    [
        'ڈاکٹر، خان, (Abuse) "x" بہت لمبا نام جو کئی سطروں تک جاتا ہے اور پھر بھی ختم نہیں ہوتا',
        'Khan, Sons & Co. (Pvt.) Ltd. "Abuse"',
        "a\\b",
        "=?utf-8?q?trick?=",
    ],
)
def test_names_with_marks_and_scripts_come_back_the_same(name: str) -> None:
    said, _address = parseaddr(message_from_bytes(letters.compose(letter(to_name=name)))["To"])

    assert str(make_header(decode_header(said))) == name


def test_the_same_letter_gives_the_same_bytes() -> None:
    files = (letters.Attachment(name="فہرست.csv", media_type="text/csv", content=b"a,b\r\n" * 50),)

    assert letters.compose(letter(attachments=files)) == letters.compose(letter(attachments=files))


def test_a_letter_is_seven_bit_and_says_that_a_machine_wrote_it() -> None:
    content = letters.compose(letter(body="ابھی کیا کرنا ہے\n" * 20, subject="دو مسائل"))

    assert content.isascii()
    assert header(content, "Auto-Submitted") == "auto-generated"
    assert header(content, "Subject") == "دو مسائل"
    assert header(content, "From") == "Pehra, پہرہ <pehra@cert.example>"


def test_an_attachment_arrives_under_its_name() -> None:
    files = (letters.Attachment(name="فہرست.csv", media_type="text/csv", content="ا,ب\r\n".encode()),)

    mail = message_from_bytes(letters.compose(letter(attachments=files)))
    _body, attached = mail.get_payload()

    assert attached.get_filename() == "فہرست.csv"
    assert attached.get_payload(decode=True) == "ا,ب\r\n".encode()


def test_an_address_in_another_script_is_spelled_for_the_wire() -> None:
    assert letters.address("abuse@بھارت.example") == "abuse@xn--mgbbh1a71e.example"


def test_an_operator_may_write_the_sender_with_or_without_a_name() -> None:
    assert letters.sender_address("pehra@cert.example").addr_spec == "pehra@cert.example"
    assert letters.sender_address('"Pehra" <pehra@cert.example>').display_name == "Pehra"
    with pytest.raises(Invalid):
        letters.sender_address("Pehra <pehra@cert.example>, x@y.example")
