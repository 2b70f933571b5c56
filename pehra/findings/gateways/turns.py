"""One bulk writer of findings at a time.

A fold locks rows in the order of their keys, marking what was told in another, an act on many in a third: two at once
would sooner or later wait for each other for ever, and PostgreSQL would end one of them. An act on one finding locks
one row and takes no turn.
"""

from django.db import connection

_LOCK = 0x70656872_66696E64  # "pehr", "find"


def take_turn() -> None:
    """Wait until no other transaction folds, tells or changes many; held until the end of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
