"""The one writer of the lake: an advisory lock of PostgreSQL, held from deduplication to COMMIT.

The lock belongs to the database session. When its client is killed, the server sees the connection close and gives
the lock to the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_WRITER = 0x5065_6872_614C  # "PehraL"


@contextmanager
def the_writer() -> Iterator[None]:
    """Wait until this process is the only writer, and be it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_WRITER])
    try:
        yield
    finally:
        # A connection that was lost has lost its lock already.
        if connection.connection is not None and not connection.connection.closed and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [_WRITER])
