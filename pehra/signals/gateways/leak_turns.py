"""One intake of a source at a time: the second waits, and finds what the first has written."""

from django.db import connection


def take_turn(source: str) -> None:
    """Wait until no other intake of this source is under way; until the end of the transaction none begins."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"signals.leak:{source}"])
