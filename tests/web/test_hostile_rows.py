"""The second wall by itself, asked in SQL: of every walled table everybody sees theirs and changes nobody else's."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from pehra.access import api as access
from pehra.access.rules.second_wall import WALLS, Adding
from tests.web import furnished as furnishing
from tests.web import whose
from tests.web.conftest import CAST

WHO = sorted({*CAST, *furnishing.MORE})
# No tenant ever has a row of these: Pehra itself does, or whoever looks after everybody's access.
NOBODYS = frozenset({"access_onetimelink", "signals_ledgerplace"})


def columns(table: str) -> tuple[str, list[str]]:
    """The name of the key of a table, and of all that can be written."""
    meta = whose.model_of(table)._meta
    return meta.pk.column, [f'"{field.column}"' for field in meta.concrete_fields if not field.generated]


def keys(sql: str, *values: object) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return sorted(str(row[0]) for row in cursor.fetchall())


def changed(sql: str, *values: object) -> int:
    """How many rows a statement changed; a refusal changes none."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.rowcount
    except DatabaseError as refused:
        if "permission denied" in str(refused) or "row-level security" in str(refused):
            return 0
        raise


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def theirs(furnished):
    """The keys of all rows of each table, and of those that are somebody's, as the table's owner counts them."""

    def read(who: str) -> dict[str, tuple[list[str], list[str]]]:
        reader = whose.Reader(furnished.actor(who))
        found = {}
        for table in whose.walled_tables():
            every = whose.rows(table)
            own = sorted(str(row.pk) for row in every if whose.is_theirs(table, row, reader))
            found[table] = (own, sorted({str(row.pk) for row in every} - set(own)))
        return found

    return read


@pytest.mark.parametrize("who", WHO)
def test_of_every_table_they_see_what_is_theirs_and_no_row_more(who, furnished, theirs):
    expected, wrong = theirs(who), {}
    with access.bound(actor=furnished.actor(who)):
        for table, (own, others) in expected.items():
            key, _all = columns(table)
            seen = keys(f"SELECT {key} FROM {table}")
            counted = keys(f"SELECT count(*) FROM {table}")
            if seen != own or counted != [str(len(own))]:
                wrong[table] = {"too much": set(seen) & set(others), "too little": set(own) - set(seen)}
    assert wrong == {}


@pytest.mark.parametrize("who", WHO)
def test_they_change_remove_and_add_nothing_of_others(who, furnished, theirs):
    expected, wrong, tried = theirs(who), [], 0
    copies = {table: copy_of(table, others[0]) for table, (_own, others) in expected.items() if others}
    with undone(), access.bound(actor=furnished.actor(who)):
        for wall in WALLS:
            table, others = wall.table, expected[wall.table][1]
            key, every = columns(table)
            where = f"WHERE {key}::text = ANY(%s)"
            if changed(f"UPDATE {table} SET {every[-1]} = {every[-1]} {where}", others):
                wrong.append((table, "changed"))
            if changed(f"DELETE FROM {table} {where}", others):
                wrong.append((table, "removed"))
            if table in copies and wall.adding is Adding.SEEN:
                # The wall is asked before the key: one that let the row pass would say that it is there already.
                taken = ", ".join(f"(%s::{table}).{column}" for column in every)
                changed(f"INSERT INTO {table} ({', '.join(every)}) SELECT {taken}", *[copies[table]] * len(every))
            tried += len(others)
    assert wrong == []
    assert tried > 60 or who in ("national", "lead", "operator")


def copy_of(table: str, key_of_it: str) -> str:
    """A row as PostgreSQL writes it."""
    key, _all = columns(table)
    return keys(f"SELECT t::text FROM {table} t WHERE {key}::text = %s", key_of_it)[0]


def test_nobody_moves_what_is_theirs_to_others(furnished):
    with undone(), access.bound(actor=furnished.actor("chief")):
        assert changed("UPDATE findings_finding SET evidence = evidence") > 0
        assert changed("UPDATE findings_finding SET teams = '{ntcert}', organisation = 'org-0002'") == 0
        assert changed("UPDATE access_grant SET team = 'ntcert' WHERE person_id::text <> pehra_actor()") == 0


def test_every_walled_table_has_rows_of_several_tenants(furnished):
    """A table whose rows nobody made here would pass every walk without being tried."""
    alone = {}
    for table in whose.walled_tables():
        every = whose.rows(table)
        seen = {
            who: {row.pk for row in every if whose.is_theirs(table, row, reader)} for who, reader in readers(furnished)
        }
        if len({frozenset(own) for own in seen.values()}) < 3 or not all(
            len(own) < len(every) for own in seen.values()
        ):
            alone[table] = {who: len(own) for who, own in seen.items()}
    assert set(alone) == NOBODYS


def readers(furnished):
    return [(who, whose.Reader(furnished.actor(who))) for who in ("telecom", "chief", "admin", "river")]
