"""A letter that somebody is writing, and as each recipient would get it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from pehra.kernel.markings import Circle, Tlp
from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

RECIPIENTS_MAX = 50
SUBJECT_CHARACTERS_MAX = 200
BODY_CHARACTERS_MAX = 50_000
ANSWER_GAP = "{answer}"


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What somebody typed. It goes into `thread`, or to an organisation, a team, or a name and address outside.

    `template` is a letter of the profile, whose words stand where `subject` or `body` are empty. `team` is in whose
    name it is written; `everybody` writes to all contacts and not to the first alone.
    """

    thread: str = ""
    organisation: str = ""
    to_team: str = ""
    name: str = ""
    email: str = ""
    about: str = ""
    template: str = ""
    subject: str = ""
    body: str = ""
    tlp: Tlp = Tlp.AMBER
    team: str = ""
    everybody: bool = False

    def require_one_receiver(self) -> None:
        """Refuse a letter to nobody, and one to several sides at once."""
        sides = [bool(self.thread), bool(self.organisation), bool(self.to_team), bool(self.email)]
        if sum(sides) != 1:
            raise Invalid(Sentence("say to whom: an organisation, a team, or an address"), field="organisation")

    def require_within_limits(self) -> None:
        """Refuse what is too long."""
        if len(self.subject) > SUBJECT_CHARACTERS_MAX:
            raise Invalid(Sentence("a subject has at most %(n)s characters", n=SUBJECT_CHARACTERS_MAX), field="subject")
        if len(self.body) > BODY_CHARACTERS_MAX:
            raise Invalid(Sentence("a letter has at most %(n)s characters", n=BODY_CHARACTERS_MAX), field="body")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One letter as its recipient would get it; `refusal` says why it cannot go to them."""

    name: str
    email: str
    languages: tuple[str, ...]
    circle: Circle
    subject: str
    body: str
    tlp: Tlp
    refusal: str = ""
    text: str = ""  # the body as it is shown: the answer link is its reader's alone

    @property
    def may_go(self) -> bool:
        """Whether it would be sent."""
        return not self.refusal


@dataclass(frozen=True, kw_only=True)
class Previewed:
    """All letters of one writing. `seen` names exactly this: what is sent is what was looked at, and once."""

    letters: tuple[Preview, ...]
    seen: str

    @property
    def may_go(self) -> bool:
        """Whether one of them would be sent."""
        return self.going > 0

    @property
    def going(self) -> int:
        """How many would be sent."""
        return sum(letter.may_go for letter in self.letters)


def seen(letters: Sequence[Preview], *, matter: str, written_before: int) -> str:
    """Return a digest of letters, of whose matter they are, and of how many were written in their thread before.

    By the matter, since one person may be the contact of two organisations, and get the same words for each.
    """
    said = [[letter.email, letter.subject, letter.body, letter.tlp.value, letter.refusal] for letter in letters]
    return sha256(json.dumps([matter, written_before, said], ensure_ascii=False).encode()).hexdigest()
