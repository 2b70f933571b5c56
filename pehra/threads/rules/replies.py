"""What comes back by mail, as it is kept: text without what no screen should run into, within named limits. Pure."""

import re
from dataclasses import dataclass
from typing import Any

TEXT_CHARACTERS_MAX = 200_000
SUBJECT_CHARACTERS_MAX = 250
SENDER_CHARACTERS_MAX = 320
SIGNED_CHARACTERS_MAX = 400
FILES_MAX = 100
REPLIES_A_THREAD_MAX = 2_000
CUT = "\n[…]"
# What PostgreSQL cannot hold, what turns the reading direction of a whole page, and other controls but line ends.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class ReplyFile:
    """A file that came with a reply; its content lies in the vault under its hash."""

    name: str
    media_type: str
    size: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """Return the file as JSON values."""
        return {
            "name": line(self.name, limit=200),
            "media_type": line(self.media_type, limit=120),
            "size": self.size,
            "sha256": self.sha256,
        }


def text(said: str) -> str:
    """Return a text as it is kept; what is longer than the limit is cut, and says so."""
    clean = _UNWANTED.sub("", said.replace("\r\n", "\n").replace("\r", "\n"))
    return clean if len(clean) <= TEXT_CHARACTERS_MAX else clean[: TEXT_CHARACTERS_MAX - len(CUT)] + CUT


def line(said: str, *, limit: int) -> str:
    """Return a text as one line of at most so many letters."""
    return " ".join(_UNWANTED.sub("", said).split())[:limit]


def mailbox(sender: str) -> str:
    """Return the bare address of a sender, lower case, to compare with whom a letter went to."""
    found = re.search(r"<([^<>]+)>\s*$", sender)
    return (found[1] if found else sender).strip().lower()
