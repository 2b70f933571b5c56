"""Checkpoints: the whole ledger in three lines, signed.

C2SP tlog-checkpoint: origin, size, root; one extension line of ours says when it was signed, because a moment outside
the signature would prove nothing.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from pehra.kernel.clock import format_time, parse_time
from pehra.kernel.refusals import Invalid
from pehra.ledger.rules import notes
from pehra.ledger.rules.merkle import HASH_BYTES

_SIGNED_AT = "signed-at "


@dataclass(frozen=True, kw_only=True)
class TreeHead:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    signed_at: datetime

    def text(self) -> str:
        """Return the text that is signed."""
        encoded = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{encoded}\n{_SIGNED_AT}{format_time(self.signed_at)}\n"

    def signed(self, key: notes.SigningKey) -> str:
        """Return the checkpoint as a signed note."""
        return key.sign(self.text())


def opened(note: str, key: notes.VerifierKey) -> TreeHead:
    """Return what a checkpoint says after checking its signature; refuse it otherwise."""
    return parse(notes.opened(note, key))


def parse(text: str) -> TreeHead:
    """Read a checkpoint's text; refuse what is not exactly one."""
    lines = text.split("\n")
    if len(lines) != 5 or lines[4] or not lines[3].startswith(_SIGNED_AT):
        raise Invalid("this is not a checkpoint of this ledger", field="checkpoint")
    origin, size, encoded, signed_at = lines[:4]
    if not size.isascii() or not size.isdigit() or (size != "0" and size.startswith("0")):
        raise Invalid("the checkpoint's size is not a number", field="checkpoint")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("the checkpoint's root is not base64", field="checkpoint") from error
    if len(root) != HASH_BYTES:
        raise Invalid("the checkpoint's root is not a SHA-256 hash", field="checkpoint")
    moment = parse_time(signed_at.removeprefix(_SIGNED_AT), field="checkpoint")
    return TreeHead(origin=origin, size=int(size), root=root, signed_at=moment)
