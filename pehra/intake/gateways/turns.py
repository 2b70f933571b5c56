"""One after the other: whoever brings the same thing at the same moment waits until the first is done or gone."""

from hashlib import sha256

from django.db import connection


def take_turn(key: str) -> None:
    """Hold a lock that is this thing's alone until the transaction ends; waits for whoever holds it."""
    number = int.from_bytes(sha256(f"intake:{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])


def next_number() -> int:
    """Return the next number of a report. From a sequence: reports that come at once do not wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("select nextval('intake_report_numbers')")
        (number,) = cursor.fetchone()
    return int(number)
