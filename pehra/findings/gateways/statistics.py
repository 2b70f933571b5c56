"""What PostgreSQL knows of a table without reading it: about how many rows, and whether anything was written.

Both are estimates that lag by a second; they decide only whether a tally is used and when it is renewed.
"""

from django.db import connection


def rows_estimated() -> int:
    """Return about how many findings there are."""
    return int(_asked("SELECT reltuples FROM pg_class WHERE oid = 'findings_finding'::regclass"))


def changes() -> str:
    """Return a mark that differs when rows of findings were written since."""
    counters = "n_tup_ins || '/' || n_tup_upd || '/' || n_tup_del"
    return str(_asked(f"SELECT {counters} FROM pg_stat_user_tables WHERE relid = 'findings_finding'::regclass"))  # noqa: S608


def _asked(sql: str) -> float | str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        value: float | str = cursor.fetchone()[0]
    return value
