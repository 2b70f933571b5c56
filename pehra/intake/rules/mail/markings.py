"""How a mail is marked by its sender: the TLP label in its subject, as FIRST's TLP 2.0 asks of mail."""

import re

from pehra.kernel.markings import Tlp, parse_tlp
from pehra.kernel.refusals import Invalid

_LABEL = re.compile(r"(?i)\bTLP\s?:\s?(RED|AMBER(?:\s?\+\s?STRICT)?|GREEN|CLEAR|WHITE)\b")


def marking_of(subject: str) -> Tlp | None:
    """Return the label in a subject, the strictest where there are several; None where there is none."""
    found = [label for word in _LABEL.findall(subject) if (label := _read(word))]
    order = list(Tlp)
    return max(found, key=order.index) if found else None


def _read(word: str) -> Tlp | None:
    try:
        return parse_tlp(word)
    except Invalid:
        return None
