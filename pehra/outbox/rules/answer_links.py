"""The one-time answer link of a letter: who has it may answer that letter, and nothing else.

The token is the message's id, until when it holds, and a keyed hash of both: nothing is looked up to know a forged one,
and no list of tokens can be stolen. A letter's text carries a mark where its link stands; the link itself is written
only into the bytes that leave, so that no page here shows it to anybody but its reader. Pure: the key is handed in.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pehra.kernel.refusals import Invalid

ANSWER_HERE = "<<answer-link>>"  # what a letter's text says where its own link is to stand
ANSWER_SHOWN = "[…/answer/…]"  # what is shown in its place to everybody but its reader
ANSWER_PATH = "/answer/"
ANSWER_VALID = timedelta(days=60)
TOKEN_CHARACTERS_MAX = 80
_EXPIRY_BYTES = 5
_SIGNATURE_BYTES = 16
_TOKEN_BYTES = 16 + _EXPIRY_BYTES + _SIGNATURE_BYTES


@dataclass(frozen=True, kw_only=True)
class AnswerLink:
    """What a token says: which message may be answered, and until when."""

    message: UUID
    until: datetime


def token(link: AnswerLink, *, key: bytes) -> str:
    """Return the token of a link."""
    said = link.message.bytes + int(link.until.timestamp()).to_bytes(_EXPIRY_BYTES, "big")
    return base64.urlsafe_b64encode(said + _signature(said, key)).decode().rstrip("=")


def read(text: str, *, key: bytes) -> AnswerLink:
    """Read a token; one that is not ours, to the last letter, is refused."""
    refused = Invalid("this is no answer link of ours", field="token")
    if len(text) > TOKEN_CHARACTERS_MAX or not text.isascii():
        raise refused
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused from error
    said, signature = content[:-_SIGNATURE_BYTES], content[-_SIGNATURE_BYTES:]
    if len(content) != _TOKEN_BYTES or not hmac.compare_digest(signature, _signature(said, key)):
        raise refused
    link = AnswerLink(
        message=UUID(bytes=said[:16]), until=datetime.fromtimestamp(int.from_bytes(said[16:], "big"), tz=UTC)
    )
    # The last letter of base64 has bits that say nothing: another spelling of a good token is not the token.
    if token(link, key=key) != text:
        raise refused
    return link


def _signature(said: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"pehra.outbox.answer:" + said, "sha256")[:_SIGNATURE_BYTES]
