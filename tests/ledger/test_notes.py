"""Signed notes and checkpoints: Go's published example, and what is refused."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.refusals import Invalid
from pehra.ledger.rules import checkpoints, notes
from pehra.ledger.rules.checkpoints import TreeHead
from pehra.ledger.rules.notes import SigningKey, VerifierKey

# The example in the documentation of Go's golang.org/x/mod/sumdb/note.
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNED = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

KEY = SigningKey("pehra/test", bytes(range(32)))
OTHER = SigningKey("pehra/test", bytes(range(1, 33)))
HEAD = TreeHead(origin="pehra/test", size=3, root=bytes(32), signed_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


def test_gos_example_opens_and_is_made_again() -> None:
    assert notes.opened(GO_SIGNED, VerifierKey.parse(GO_VERIFIER)) == GO_TEXT
    key = SigningKey.parse(GO_SECRET)
    assert key.sign(GO_TEXT) == GO_SIGNED
    assert key.encoded() == GO_SECRET
    assert str(key.verifier) == GO_VERIFIER


def test_a_secret_key_is_never_printed_by_accident() -> None:
    secret = base64.b64encode(KEY.seed).decode()
    assert secret not in repr(KEY)
    assert secret not in str(KEY)
    with pytest.raises(Invalid) as refused:
        SigningKey.parse(KEY.encoded().replace("+AQ", "+Ag"))
    assert secret[8:] not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
        GO_VERIFIER.replace("Peter", "Pete r"),
        GO_VERIFIER.replace("PeterNeumann", ""),
        GO_VERIFIER[:-4],
        GO_VERIFIER.replace("+ARpc", "+ERpc"),
        GO_VERIFIER + "!",
    ],
)
def test_a_key_that_is_not_itself_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        VerifierKey.parse(text)


@given(st.integers(0, len(GO_SIGNED) - 1), st.characters(codec="utf-8"))
def test_any_changed_character_is_found(place: int, character: str) -> None:
    changed = GO_SIGNED[:place] + character + GO_SIGNED[place + 1 :]
    if changed == GO_SIGNED:
        return
    with pytest.raises(Invalid):
        notes.opened(changed, VerifierKey.parse(GO_VERIFIER))


def test_a_signature_has_one_spelling() -> None:
    changed = GO_SIGNED.replace("nAM=", "nAN=")  # the two bits that base64 leaves over
    assert changed != GO_SIGNED
    with pytest.raises(Invalid):
        notes.opened(changed, VerifierKey.parse(GO_VERIFIER))


def test_another_key_of_the_same_name_does_not_open_a_note() -> None:
    with pytest.raises(Invalid, match="not signed by"):
        notes.opened(KEY.sign("a\n"), OTHER.verifier)


def test_a_second_signature_by_another_does_not_disturb() -> None:
    cosigned = KEY.sign("a\n") + SigningKey("witness", bytes(32)).sign("a\n").split("\n\n")[1]
    assert notes.opened(cosigned, KEY.verifier) == "a\n"


@pytest.mark.parametrize("text", ["a", "", "a\x00\n", "a\tb\n"])
def test_text_that_no_note_may_carry_is_not_signed(text: str) -> None:
    with pytest.raises(Invalid):
        KEY.sign(text)


def test_a_checkpoint_is_three_lines_and_its_moment() -> None:
    encoded = base64.b64encode(bytes(32)).decode()
    assert HEAD.text() == f"pehra/test\n3\n{encoded}\nsigned-at 2026-11-24T09:30:00Z\n"
    assert checkpoints.opened(HEAD.signed(KEY), KEY.verifier) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        ("\n3\n", "\n03\n"),
        ("\n3\n", "\n-3\n"),
        ("\n3\n", "\n٣\n"),
        ("signed-at ", "signed at "),
        ("AAAA", "AAA"),
        ("AAAA", ""),
        ("Z\n", "\n"),
        ("Z\n", "Z\nmore\n"),
    ],
)
def test_text_that_is_not_exactly_a_checkpoint_is_refused(change: tuple[str, str]) -> None:
    changed = HEAD.text().replace(*change, 1)
    assert changed != HEAD.text()
    with pytest.raises(Invalid):
        checkpoints.opened(KEY.sign(changed), KEY.verifier)
