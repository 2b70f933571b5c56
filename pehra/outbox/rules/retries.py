"""When to try again, and when to stop.

RFC 5321, section 4.5.4.1 asks for a give-up time of four to five days; the waits below add up to just under four.
"""

from datetime import datetime, timedelta

ATTEMPTS_MAX = 30
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=4)

# Must exceed the time one message can take: connect, TLS, sign-in and data, each with the gateway's time-out.
LEASE = timedelta(minutes=10)


def next_attempt(*, attempts: int, at: datetime) -> datetime | None:
    """Return when a message that was tried `attempts` times in vain is tried again, or None when it has failed."""
    if attempts >= ATTEMPTS_MAX:
        return None
    doublings = min(attempts - 1, 20)
    return at + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
