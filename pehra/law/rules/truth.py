"""Three-valued truth: yes, no, and unknown (Kleene's strong logic).

A fact that nobody has stated is neither true nor false. A rule that needs it has an unknown answer, and the answer
names the fact, so that a person can be asked. The price of guessing is a missed legal duty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Truth(StrEnum):
    """Whether something holds."""

    TRUE = "yes"
    FALSE = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a condition holds, the facts that it used, and the facts that are missing to say so."""

    truth: Truth
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


YES = Verdict(truth=Truth.TRUE)


def of(value: bool) -> Truth:
    """Return the truth of something known."""
    return Truth.TRUE if value else Truth.FALSE


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether all hold: one `no` decides, else one `unknown` does. Nothing at all holds."""
    return _join(tuple(verdicts), decisive=Truth.FALSE, otherwise=Truth.TRUE)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether any holds: one `yes` decides, else one `unknown` does."""
    return _join(tuple(verdicts), decisive=Truth.TRUE, otherwise=Truth.FALSE)


def none_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether none of them holds."""
    joined = any_of(verdicts)
    opposite = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
    return Verdict(truth=opposite[joined.truth], facts=joined.facts, missing=joined.missing)


def _join(verdicts: tuple[Verdict, ...], *, decisive: Truth, otherwise: Truth) -> Verdict:
    """Join verdicts, keeping only the facts of those that decided, so that a reason says what mattered."""
    for truth in (decisive, Truth.UNKNOWN):
        deciding = tuple(verdict for verdict in verdicts if verdict.truth is truth)
        if deciding:
            # An unknown answer keeps what is known too: a person who supplies the rest sees what was settled.
            shown = deciding if truth is decisive else verdicts
            missing = tuple(dict.fromkeys(name for verdict in deciding for name in verdict.missing))
            return Verdict(truth=truth, facts=_merged(shown), missing=() if truth is decisive else missing)
    return Verdict(truth=otherwise, facts=_merged(verdicts))


def _merged(verdicts: tuple[Verdict, ...]) -> dict[str, Any]:
    return {name: value for verdict in verdicts for name, value in verdict.facts.items()}
