"""What some organisations of the sample said of their identity controls over two years: the same each time.

Pure. Each story is a share of controls that are there, year by year, and which critical ones are not.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

HALF_YEAR = timedelta(days=182)
REFERENCE = "Drill register, entry {number}"


@dataclass(frozen=True, kw_only=True)
class Round:
    """One assessment of a story: how long ago it was opened, how much is there, and what critical is not."""

    ago: timedelta
    there_percent: int
    missing: tuple[str, ...] = ()
    ends: str = "reviewed"  # or "submitted", "draft", "returned"


@dataclass(frozen=True, kw_only=True)
class Story:
    """How one organisation went on."""

    rounds: tuple[Round, ...]


def _reviewed(*shares: tuple[int, tuple[str, ...]]) -> tuple[Round, ...]:
    count = len(shares)
    return tuple(
        Round(ago=HALF_YEAR * (count - number) - timedelta(days=40), there_percent=share, missing=missing)
        for number, (share, missing) in enumerate(shares)
    )


BETTER = Story(
    rounds=(
        *_reviewed((25, ("leaver-same-day", "remote-mfa")), (45, ("remote-mfa",)), (70, ()), (90, ())),
        Round(ago=timedelta(days=6), there_percent=95, ends="draft"),
    )
)
WORSE = Story(rounds=_reviewed((85, ()), (75, ("privileged-mfa",)), (60, ("privileged-mfa", "log-sign-ins"))))
WAITS = Story(
    rounds=(
        *_reviewed((40, ("mfa-internet",)), (55, ("mfa-internet",)), (65, ())),
        Round(ago=timedelta(days=45), there_percent=80, ends="submitted"),
    )
)
LATE = Story(
    rounds=(
        Round(ago=timedelta(days=720), there_percent=50, missing=("privileged-apart",)),
        Round(ago=timedelta(days=500), there_percent=60),
    )
)
GIVEN_BACK = Story(rounds=(Round(ago=timedelta(days=20), there_percent=98, ends="returned"),))
STORIES = (BETTER, WAITS, WORSE, LATE, GIVEN_BACK)


def reply(code: str, *, organisation: str, critical: bool, of: Round) -> str:
    """Return what an organisation says of a control in one round; a control once there stays, as its share grows."""
    if code in of.missing:
        return "no"
    drawn = int.from_bytes(sha256(f"{organisation}/{code}".encode()).digest()[:2]) % 100
    if drawn < of.there_percent or critical:
        return "yes"
    return "partly" if drawn < of.there_percent + 25 else "no"
