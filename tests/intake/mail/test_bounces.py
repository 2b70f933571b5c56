"""Letters that came back, as carriers say it: by the standard, and in the forms that are met beside it."""

import pytest

from pehra.intake.rules.mail import bounces, letters
from tests.intake.mail.letters import OUR_ID, bounce, letter

OURS = OUR_ID.format(7)
DAEMON = {"sender": "MAILER-DAEMON@mx.works.example", "return_path": "<>"}


def read(raw: bytes) -> bounces.Bounce:
    """The one bounce in a mail."""
    (found,) = bounces.bounces(letters.parsed(raw))
    return found


def test_by_the_standard():
    raw = bounce(OURS)
    found = read(raw)
    assert (found.recipient, found.status, found.permanent) == ("desk@works.example", "5.1.1", True)
    assert "no such user" in found.diagnostic
    assert bounces.original_ids(letters.parsed(raw)) == (OURS,)


def test_a_full_mailbox_and_a_delay_are_not_for_good():
    full = read(bounce(OURS).replace(b"Status: 5.1.1", b"Status: 5.2.2"))
    late = read(bounce(OURS).replace(b"Action: failed", b"Action: delayed"))
    assert (full.permanent, full.delayed) == (False, False)
    assert (late.permanent, late.delayed) == (False, True)


def test_a_letter_that_arrived_is_no_bounce():
    assert bounces.bounces(letters.parsed(bounce(OURS).replace(b"Action: failed", b"Action: delivered"))) == ()


QMAIL = f"""Hi. This is the qmail-send program at mx.works.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<desk@works.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <pehra@cert.example>
Message-ID: {OURS}
Subject: Notice
"""
EXIM = f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  desk@works.example
    host mx.works.example [198.18.1.2]
    SMTP error from remote mail server after RCPT TO:<desk@works.example>:
    550 5.7.1 relaying denied

------ This is a copy of the message's headers. ------
Message-ID: {OURS}
"""


@pytest.mark.parametrize(
    ("text", "headers", "status"),
    [
        (QMAIL, {"subject": "failure notice"}, "5.1.1"),
        (EXIM, {"subject": "Mail delivery failed: returning message to sender",
                "x_failed_recipients": "desk@works.example"}, "5.7.1"),
    ],
)  # fmt: skip
def test_in_the_words_of_carriers(text, headers, status):
    raw = letter(text, **DAEMON, **headers)
    found = read(raw)
    assert (found.recipient, found.status, found.permanent) == ("desk@works.example", status, True)
    assert OURS in bounces.original_ids(letters.parsed(raw))


def test_words_without_a_number_decide_only_in_a_carriers_letter():
    raw = letter("desk@works.example: user unknown", **DAEMON, subject="Undeliverable: Notice")
    assert (read(raw).recipient, read(raw).permanent) == ("desk@works.example", True)
    person = letter("desk@works.example: user unknown", subject="Undeliverable: Notice")
    assert bounces.bounces(letters.parsed(person)) == ()


def test_a_report_of_many_recipients_names_each_up_to_a_limit():
    block = b"\nFinal-Recipient: rfc822; a%d@works.example\nAction: failed\nStatus: 5.1.1\n"
    many = b"".join(block % number for number in range(200))
    raw = bounce(OURS).replace(
        b"\nFinal-Recipient: rfc822; desk@works.example", many + b"\nFinal-Recipient: rfc822; z@z.example"
    )
    found = bounces.bounces(letters.parsed(raw))
    assert len(found) == bounces.RECIPIENTS_MAX
    assert found[0].recipient == "a0@works.example"
