"""The second wall's foundations: no table without one, and two roles that cannot climb over it."""

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from pehra.access import api as access
from pehra.access.rules.second_wall import EXCEPTIONS, SYSTEM, WALLS, WEB, rights
from pehra.kernel.actors import Actor

PEHRA = Path(__file__).resolve().parents[2] / "pehra"
ELEVATED = Path(__file__).resolve().parents[1] / "golden" / "elevated.txt"
ROLES = [WEB, SYSTEM]
pytestmark = pytest.mark.django_db


def rows(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall()


def refused(sql: str) -> str:
    """What the database says no with."""
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return str(refusal.value)


def test_every_table_has_a_wall_or_a_reason_for_none():
    tables = {
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
    }
    walled = {wall.table for wall in WALLS}
    assert tables - walled - EXCEPTIONS.keys() == set(), "new tables: a wall, or a reason"
    assert (walled | EXCEPTIONS.keys()) - tables == set(), "walls of tables that are gone"
    assert walled & EXCEPTIONS.keys() == set()
    assert all(reason.strip() for reason in EXCEPTIONS.values())


def test_every_wall_stands_in_the_database_as_it_is_written_here():
    walled = {
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
        )
    }
    assert walled == {wall.table for wall in WALLS}
    policies = rows("SELECT tablename, count(*) FROM pg_policies WHERE schemaname = 'public' GROUP BY tablename")
    assert dict(policies) == dict.fromkeys(walled, 5)
    permissive = rows("SELECT DISTINCT roles::text FROM pg_policies WHERE schemaname = 'public'")
    assert {row[0] for row in permissive} == {f"{{{WEB}}}", f"{{{SYSTEM}}}"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_nobody_s_owner_and_nothing_special(role):
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit"
        " FROM pg_roles WHERE rolname = %s",
        role,
    ) == [(False, False, False, False, False, False)]
    owned = "SELECT count(*) FROM {} WHERE {} = (SELECT oid FROM pg_roles WHERE rolname = %s)"
    for catalogue, column in (("pg_class", "relowner"), ("pg_proc", "proowner"), ("pg_namespace", "nspowner")):
        assert rows(owned.format(catalogue, column), role) == [(0,)]
    # What a role is member of it may become: of the two, the web's may become Pehra itself, and neither the owner.
    found = rows(
        "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
        " WHERE m.member = (SELECT oid FROM pg_roles WHERE rolname = %s)",
        role,
    )
    assert found == ([(SYSTEM,)] if role == WEB else [])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_makes_nothing_and_has_rows_alone(role):
    assert rows(
        "SELECT has_schema_privilege(%s, 'public', 'CREATE'), has_database_privilege(%s, current_database(), 'CREATE')",
        role,
        role,
    ) == [(False, False)]
    for (table,) in rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"):
        held = {
            right
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
            if rows("SELECT has_table_privilege(%s, %s, %s)", role, f"public.{table}", right) == [(True,)]
        }
        assert held == rights(str(table), role), table


def test_no_view_and_no_function_reads_with_more_than_its_caller_has():
    views = rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')"
        " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
    )
    assert views == []
    definers = rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")
    assert definers == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE findings_finding DISABLE ROW LEVEL SECURITY",
        "DROP POLICY second_wall_see ON findings_finding",
        "CREATE POLICY wide ON findings_finding USING (true)",
        "TRUNCATE findings_finding",
        "CREATE TABLE mine (a int)",
        "CREATE VIEW public.wide AS SELECT * FROM findings_finding",
        "CREATE FUNCTION public.pehra_teams() RETURNS text[] LANGUAGE sql AS 'SELECT ''{pkcert}''::text[]'",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "COPY findings_finding TO PROGRAM 'cat'",
        "COPY findings_finding TO '/tmp/pehra-rows'",
        "SELECT pg_read_file('/etc/hostname')",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_entry SET subject = 'x'",
    ],
)
def test_a_role_cannot_take_the_wall_down(role, statement):
    said = refused(f"SET LOCAL ROLE {role}; {statement}")
    assert re.search(r"permission denied|must be owner|must be able|only roles with|not allowed", said), said


def test_the_web_cannot_become_the_owner(settings):
    owner = rows("SELECT current_user")[0][0]
    assert rows("SELECT pg_has_role(%s, %s, 'MEMBER')", WEB, owner) == [(False,)]
    assert rows("SELECT pg_has_role(%s, %s, 'MEMBER')", SYSTEM, owner) == [(False,)]
    for given in ("pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_read_server_files"):
        assert rows("SELECT pg_has_role(%s, %s, 'MEMBER')", WEB, given) == [(False,)]


def test_without_anybody_bound_the_web_sees_no_row_of_anybody(machine: Actor, at):
    access.add_person(email="a@team.example", name="A", by=machine, at=at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {WEB}")
        for wall in WALLS:
            cursor.execute(f"SELECT count(*) FROM {wall.table}")
            assert cursor.fetchone() == (0,), wall.table
        transaction.set_rollback(True)


def test_a_copy_is_cut_to_what_is_seen(machine: Actor, at):
    access.add_person(email="a@team.example", name="A", by=machine, at=at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {WEB}")
        with cursor.copy("COPY access_person TO STDOUT") as copied:
            assert b"".join(bytes(part) for part in copied) == b""
        transaction.set_rollback(True)


def test_who_is_bound_is_forgotten_with_the_transaction(analyst: Actor):
    with transaction.atomic(), access.bound(actor=analyst):
        assert rows("SELECT current_user, pehra_teams()") == [(WEB, ["pkcert"])]
        with access.elevated(part="tests.more"):
            assert rows("SELECT current_user")[0] == (SYSTEM,)
        assert rows("SELECT current_user")[0] == (WEB,)
    assert rows("SELECT current_user")[0][0] not in ROLES


def test_a_use_within_a_use_says_nothing_twice_and_whoever_is_bound_within_is_held(
    analyst: Actor, sector_analyst: Actor, django_assert_num_queries
):
    with transaction.atomic(), access.bound(actor=analyst), access.elevated(part="tests.more"):
        with django_assert_num_queries(1), access.elevated(part="tests.again"):
            assert rows("SELECT current_user")[0] == (SYSTEM,)
        assert rows("SELECT current_user")[0] == (SYSTEM,)
        with access.bound(actor=sector_analyst):
            assert rows("SELECT current_user, pehra_teams()") == [(WEB, ["ntcert"])]
            with access.elevated(part="tests.again"):
                assert rows("SELECT current_user")[0] == (SYSTEM,)
            assert rows("SELECT current_user, pehra_teams()") == [(WEB, ["ntcert"])]
        with pytest.raises(DatabaseError), transaction.atomic(), access.elevated(part="tests.again"):
            rows("SELECT no_such_column")
        assert rows("SELECT current_user")[0] == (SYSTEM,)
    assert rows("SELECT current_user")[0][0] not in ROLES


def test_every_use_of_more_than_the_actor_may_see_is_on_the_reviewed_list():
    found = set()
    for path in sorted(PEHRA.rglob("*.py")):
        for part, only in re.findall(r'elevated\(\s*part="([^"]+)"(, only_people=True)?', path.read_text()):
            found.add(f"{path.relative_to(PEHRA.parent)} {part} {'accounts' if only else 'every row'}")
    assert sorted(found) == ELEVATED.read_text().splitlines()
