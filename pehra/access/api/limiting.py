"""Counting what is asked by whose it is, in one place for all processes: what a web process adds up, told in steps."""

import hmac
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from pehra.access.models import RequestCount

WINDOW, DAY = timedelta(minutes=1), timedelta(days=1)
KEPT_AFTER = timedelta(minutes=1)  # clocks of two processes differ a little
_ADD = """
INSERT INTO access_requestcount (key, count, until) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET count = access_requestcount.count + excluded.count
RETURNING count
"""


def whose(kind: str, name: str) -> str:
    """Return under which name an address or an account is counted: a keyed hash, so that nothing can be read back."""
    return hmac.new(settings.SECRET_KEY.encode(), f"requests:{kind}:{name}".encode(), "sha256").hexdigest()


def window_of(at: datetime, window: timedelta = WINDOW) -> int:
    """Return the number of the minute (or of the day, in UTC) in which a moment lies."""
    return int(at.timestamp() // window.total_seconds())


def count_requests(*, key: str, number: int, at: datetime, window: timedelta = WINDOW) -> int:
    """Add so many requests to a key's present minute, and return how many there are with those of other processes.

    `window` is `DAY` where something is counted by the day; a `number` of 0 only asks. What is kept tells the window,
    and no moment within it.
    """
    which = window_of(at, window)
    until = datetime.fromtimestamp((which + 1) * window.total_seconds(), tz=UTC) + KEPT_AFTER
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [f"{key}:{which}", number, until])
        (total,) = cursor.fetchone()
    return int(total)


def forget_requests(*, at: datetime) -> None:
    """Delete the counts of minutes and days that are over."""
    RequestCount.objects.filter(until__lt=at).delete()
