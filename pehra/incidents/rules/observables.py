"""What a person may say of an observable of an incident: one scale of verdicts, where it comes from, and its limits."""

from enum import StrEnum

from pehra.kernel.refusals import Invalid

OBSERVABLES_MAX = 5_000
OBSERVABLES_AT_ONCE_MAX = 500
NOTE_CHARACTERS_MAX = 2_000
VALUE_CHARACTERS_MAX = 8_192


class Verdict(StrEnum):
    """How bad it is, as somebody judged; `unknown` until somebody did."""

    UNKNOWN = "unknown"
    BENIGN = "benign"
    SUSPICIOUS = "suspicious"
    MALICIOUS = "malicious"


class Source(StrEnum):
    """How an observable came to the incident."""

    HAND = "hand"
    TEXT = "text"
    REPORT = "report"
    SPLIT = "split"


def parse_verdict(text: str) -> Verdict:
    """Read a verdict by its name; refuse another word."""
    try:
        return Verdict(text.strip().lower())
    except ValueError as error:
        raise Invalid(f"{text!r} is no verdict; one of: {', '.join(Verdict)}", field="verdict") from error
