"""Letters that a team writes from: their words in English and in the country's language, with gaps to be filled.

A letter is the profile's because its tone is: how one addresses a ministry or a bank differs by country.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

GAPS = ("organisation", "reference", "title", "team", "answer")
GAP = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class LetterTemplate:
    """One letter; in its texts `{organisation}` and the other GAPS stand for what is filled in."""

    code: str
    name: str
    name_local: str
    subject: str
    subject_local: str
    body: str
    body_local: str

    def filled(self, gaps: Mapping[str, str], *, local: bool) -> tuple[str, str]:
        """Return subject and text in one language; a gap for which nothing is known stays, and is seen."""
        texts = (self.subject_local, self.body_local) if local else (self.subject, self.body)
        subject, body = (GAP.sub(lambda gap: gaps.get(gap[1]) or gap[0], text) for text in texts)
        return subject, body
