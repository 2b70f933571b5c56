"""A command's time with the database: Django set up, the embedded server held, everything let go at the end.

Refuses a database that `pehra init` never laid out, instead of failing later at some table.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pehra.kernel.refusals import Fault, Refusal

_NOT_YET = "This node has not been set up yet: run `pehra init` first, or `pehra init --sample`."


def embedded_database() -> "contextlib.AbstractContextManager[str]":
    """Return the embedded server of this node's data folder, started while it is held."""
    from pehra.node import settings
    from pehra.node.database import Database

    return Database(Path(settings.PEHRA_DATA), programs=settings.PEHRA_PG_BIN, account=settings.PEHRA_DB_USER)


@contextlib.contextmanager
def database_held() -> Iterator[str]:
    """Hold the database, the embedded or the named one; yield its address and point the settings at it."""
    from pehra.node import settings

    if settings.DATABASE_URL:
        yield settings.DATABASE_URL
        return
    with embedded_database() as url:
        settings.DATABASES["default"].update(settings.database(url))
        yield url


def set_up_django() -> None:
    """Load the parts; the settings are this node's, whatever the environment says."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "pehra.node.settings"
    django.setup()


@contextlib.contextmanager
def node_session(*, laid_out: bool = True) -> Iterator[None]:
    """Give a command the database and the parts; `laid_out` says that the tables must be there."""
    if laid_out:
        _refuse_bare_folder()
    with database_held():
        set_up_django()
        from django.db import OperationalError, connections

        try:
            try:
                connections["default"].ensure_connection()
            except OperationalError as error:
                raise Fault(
                    f"The database does not answer: {_reason(error)}. Check DATABASE_URL and that its server runs."
                ) from error
            if laid_out:
                refuse_bare_database()
            yield
            _seal()
        finally:
            connections.close_all()


def _seal() -> None:
    """Give what a command did its place in the ledger: no worker may be running that would do it within seconds."""
    import click
    from django.db import connection

    from pehra.kernel.clock import now
    from pehra.ledger import api as ledger

    if "ledger_waiting" not in connection.introspection.table_names():
        return
    try:
        ledger.place_entries(at=now())
    except (Refusal, Fault) as refusal:
        # The command itself is done; entries wait, and `doctor` and `ledger verify` say the same until it is mended.
        click.echo(f"pehra: what was done is not sealed yet: {refusal}", err=True)


def _refuse_bare_folder() -> None:
    """Refuse a data folder without a database, before a slip in `PEHRA_DATA` makes one there."""
    from pehra.node import settings
    from pehra.node.database.place import known_place

    data = Path(settings.PEHRA_DATA)
    try:
        if settings.DATABASE_URL or (data.exists() and not data.is_dir()) or known_place(data).cluster.exists():
            return
    except PermissionError:
        return  # not ours to look into: the server's own start says so, and what to do
    raise Refusal(f"{_NOT_YET} The data folder is {data}; PEHRA_DATA names another.")


def refuse_bare_database() -> None:
    """Refuse a database without Pehra's tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('django_migrations')")
        if cursor.fetchone()[0] is None:
            raise Refusal(_NOT_YET)


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
