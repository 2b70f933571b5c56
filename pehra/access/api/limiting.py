"""Counting requests by whose they are, in one place for all processes: what a web process adds up, told in steps."""

import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from pehra.access.models import RequestCount

WINDOW = timedelta(minutes=1)
_ADD = """
INSERT INTO access_requestcount (key, count, until) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET count = access_requestcount.count + excluded.count
RETURNING count
"""


def whose(kind: str, name: str) -> str:
    """Return under which name an address or an account is counted: a keyed hash, so that nothing can be read back."""
    return hmac.new(settings.SECRET_KEY.encode(), f"requests:{kind}:{name}".encode(), "sha256").hexdigest()


def window_of(at: datetime) -> int:
    """Return the number of the minute in which a moment lies."""
    return int(at.timestamp() // WINDOW.total_seconds())


def count_requests(*, key: str, number: int, at: datetime) -> int:
    """Add so many requests to a key's present minute, and return how many there are with those of other processes."""
    minute = window_of(at)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [f"{key}:{minute}", number, at + 2 * WINDOW])
        (total,) = cursor.fetchone()
    return int(total)


def forget_requests(*, at: datetime) -> None:
    """Delete the counts of minutes that are over."""
    RequestCount.objects.filter(until__lt=at).delete()
