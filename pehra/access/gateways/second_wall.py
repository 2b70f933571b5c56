"""The second wall in PostgreSQL: two roles, their rights, a policy a table, and the settings that say who asks.

`lay` writes what `rules.second_wall` says, again after every migration, and does nothing where nothing has changed.
Two forms were chosen by measuring (decision 0014): a policy stands inside `case … end is not null`, which the planner
counts as nearly every row, so that it goes on choosing by the query's own filter; and PostgreSQL's `&&` and `@>` of
arrays are marked leakproof where the owner may do so, or no index on `teams` would serve under a policy. They answer
yes or no, and their only error is about types.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from pehra.access.rules.second_wall import (
    SYSTEM,
    WALLS,
    WEB,
    Adding,
    Condition,
    LedBy,
    Open,
    Organisation,
    People,
    Person,
    Team,
    Teams,
    TeamsOf,
    Through,
    Wall,
    rights,
)

SETTINGS = ("role", "pehra.actor", "pehra.teams", "pehra.organisations", "pehra.people")
_LOCK = 0x70656872_77616C6C  # "pehr", "wall": one at a time writes the wall of a database
_LEAKPROOF = ("arrayoverlap", "arraycontains")

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION pehra_actor() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('pehra.actor', true), '') $$;
CREATE OR REPLACE FUNCTION pehra_teams() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(current_setting('pehra.teams', true), ''), '{}')::text[] $$;
CREATE OR REPLACE FUNCTION pehra_organisations() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(current_setting('pehra.organisations', true), ''), '{}')::text[] $$;
CREATE OR REPLACE FUNCTION pehra_people() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(current_setting('pehra.people', true) = 'on', false) $$;
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """On which side of the wall statements stand: a role, and who asks."""

    role: str
    actor: str = ""
    teams: Sequence[str] = ()
    organisations: Sequence[str] = ()
    people: bool = False

    def settings(self) -> dict[str, str]:
        """Return every setting with its value."""
        people = "on" if self.people else "off"
        return dict(
            zip(SETTINGS, (self.role, self.actor, _array(self.teams), _array(self.organisations), people), strict=True)
        )


def move(settings: Mapping[str, str]) -> dict[str, str]:
    """Change some settings for the rest of the transaction in one statement; return what they were until now."""
    return _set(dict.fromkeys(settings, "%s"), list(settings.values()))


def open_all() -> dict[str, str]:
    """Become Pehra itself, where a wall stands before this session; return what was changed as it was until now."""
    return _set({"role": f"CASE WHEN current_user = '{WEB}' THEN '{SYSTEM}' ELSE former.s0 END"})


def open_people() -> dict[str, str]:
    """Add the rows of accounts and grants to what is seen; return what was changed as it was until now."""
    return _set({"pehra.people": "'on'"})


def _set(new: Mapping[str, str], values: Sequence[str] = ()) -> dict[str, str]:
    kept = ", ".join(f"coalesce(current_setting('{name}', true), '') AS s{n}" for n, name in enumerate(new))
    made = ", ".join(f"set_config('{name}', {value}, true)" for name, value in new.items())
    # Materialized: what was must be read before it is changed.
    statement = f"WITH former AS MATERIALIZED (SELECT {kept}) SELECT former.*, {made} FROM former"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values) or None)
        row = cursor.fetchone()
    return dict(zip(new, row[: len(new)], strict=True))


def is_broken() -> bool:
    """Whether the transaction takes no more statements: going back to a savepoint takes the settings back as well."""
    from psycopg.pq import TransactionStatus

    made = connection.connection
    lost = (TransactionStatus.INERROR, TransactionStatus.UNKNOWN)
    return connection.needs_rollback or made is None or made.info.transaction_status in lost


def has_roles() -> bool:
    """Whether this session may stand on either side of the wall."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(session_user, oid, 'MEMBER')",
            [[WEB, SYSTEM]],
        )
        return bool(cursor.fetchone()[0] == 2)


def lay() -> list[str]:
    """Write roles, rights and policies as the table of walls says; return what could not be done, for a person."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        problems = _lay_roles(cursor)
        if problems:
            return problems
        tables = _tables(cursor)
        statements = list(_statements(tables))
        digest = hashlib.sha256(repr((sorted(tables.items()), statements)).encode()).hexdigest()
        cursor.execute("SELECT obj_description(to_regprocedure('pehra_people()'), 'pg_proc')")
        if cursor.fetchone()[0] != digest:
            cursor.execute(_FUNCTIONS)
            for statement in statements:
                cursor.execute(statement)
            cursor.execute(f"COMMENT ON FUNCTION pehra_people() IS '{digest}'")
        return _mark_leakproof(cursor)


def flaws() -> list[str]:
    """Return what keeps the second wall from being in force for this session, as sentences; empty when nothing does."""
    if not has_roles():
        return [f"the roles {WEB} and {SYSTEM} are not there, or are not this account's to take"]
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolbypassrls)", [[WEB, SYSTEM]]
        )
        found += [f"{row[0]} may pass every wall" for row in cursor.fetchall()]
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace"
            " AND NOT relrowsecurity ORDER BY relname",
            [[wall.table for wall in WALLS]],
        )
        found += [f"{row[0]} has no wall" for row in cursor.fetchall()]
    return found


def unmarked() -> list[str]:
    """Return the functions that an administrator should mark leakproof: without it small teams' lists are slow."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE proname = ANY(%s) AND pronamespace = 'pg_catalog'::regnamespace"
            " AND NOT proleakproof ORDER BY proname",
            [list(_LEAKPROOF)],
        )
        return [row[0] for row in cursor.fetchall()]


def _lay_roles(cursor: Any) -> list[str]:
    """Make the roles and let the owner take them; without the right to, say what an administrator must do."""
    cursor.execute("SELECT rolname, rolsuper, rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    owner, is_super, may_make = cursor.fetchone()
    if not has_roles() and not may_make:
        return [
            f"the second wall needs an administrator: CREATE ROLE {SYSTEM} NOLOGIN; CREATE ROLE {WEB} LOGIN NOINHERIT;"
            f" GRANT {SYSTEM} TO {WEB}; GRANT {WEB}, {SYSTEM} TO <the owner of the tables>"
        ]
    if not may_make:
        return []
    for role, login in ((SYSTEM, "NOLOGIN"), (WEB, "LOGIN")):
        # Roles belong to the whole server: another database's node may be making them now.
        cursor.execute(
            f"DO $$ BEGIN CREATE ROLE {role} {login} NOINHERIT;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    for role, member in ((SYSTEM, WEB), (SYSTEM, owner), (WEB, owner)):
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_auth_members WHERE roleid = %s::regrole AND member = %s::regrole)",
            [role, f'"{member}"'],
        )
        if not cursor.fetchone()[0] and not (is_super and member == owner):
            cursor.execute(f'GRANT {role} TO "{member}"')
    return []


def _mark_leakproof(cursor: Any) -> list[str]:
    """Mark the operators of `teams`, as far as this account may; where it may not, lists are right and slower."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    waiting = unmarked()
    if not cursor.fetchone()[0]:
        return [f"slower until an administrator runs: {leakproof_statement(name)}" for name in waiting]
    for name in waiting:
        cursor.execute(leakproof_statement(name))
    return []


def leakproof_statement(name: str) -> str:
    """Return the statement by which an administrator marks a function of arrays."""
    return f"ALTER FUNCTION pg_catalog.{name}(anyarray, anyarray) LEAKPROOF"


def _tables(cursor: Any) -> dict[str, int]:
    cursor.execute(
        "SELECT relname, oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return dict(cursor.fetchall())


def _statements(tables: Iterable[str]) -> Iterable[str]:
    there = sorted(tables)
    yield f"GRANT USAGE ON SCHEMA public TO {WEB}, {SYSTEM}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {WEB}, {SYSTEM}"
    for table in there:
        yield f'REVOKE ALL ON "{table}" FROM {WEB}, {SYSTEM}'
        for role in (WEB, SYSTEM):
            yield f'GRANT {", ".join(sorted(rights(table, role)))} ON "{table}" TO {role}'
    for wall in WALLS:
        if wall.table in there:
            yield from _policies(wall)


def _policies(wall: Wall) -> Iterable[str]:
    """Write a table's policies anew: one for each thing that may be done, so that each can say its own."""
    table = wall.table
    seen = condition_sql(wall)
    added = "true" if wall.adding is Adding.ANY else seen
    parts = {
        "see": f"FOR SELECT TO {WEB} USING ({seen})",
        "add": f"FOR INSERT TO {WEB} WITH CHECK ({added})",
        "change": f"FOR UPDATE TO {WEB} USING ({seen}) WITH CHECK ({seen})",
        "remove": f"FOR DELETE TO {WEB} USING ({seen})",
        "system": f"FOR ALL TO {SYSTEM} USING (true) WITH CHECK (true)",
    }
    for name, rest in parts.items():
        yield f"DROP POLICY IF EXISTS second_wall_{name} ON {table}"
        yield f"CREATE POLICY second_wall_{name} ON {table} {rest}"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"


def condition_sql(wall: Wall) -> str:
    """Return when a row is seen, as SQL; a wall without a condition shows nothing."""
    terms = " OR ".join(_term(condition, wall.table) for condition in wall.seen) or "false"
    return f"(CASE WHEN {terms} THEN true END) IS NOT NULL"


def _term(condition: Condition, table: str) -> str:
    match condition:
        case Teams(column=column):
            return f"{table}.{column}::text[] && (SELECT pehra_teams())"
        case Team(column=column, within=within):
            return f"{_value(table, column, within)} = ANY ((SELECT pehra_teams())::text[])"
        case Organisation(column=column, within=within):
            return f"{_value(table, column, within)} = ANY ((SELECT pehra_organisations())::text[])"
        case Person(column=column):
            return f"{table}.{column}::text = (SELECT pehra_actor())"
        case People():
            return "(SELECT pehra_people())"
        case Through(column=column, table=other, key=key):
            return f"EXISTS (SELECT FROM {other} WHERE {other}.{key} = {table}.{column})"
        case LedBy(column=column, table=other, key=key, lead=lead):
            led = f"{other}.{lead} = ANY ((SELECT pehra_teams())::text[])"
            return f"EXISTS (SELECT FROM {other} WHERE {other}.{key} = {table}.{column} AND {led})"
        case TeamsOf(column=column, table=other, key=key, teams=teams):
            theirs = f"{other}.{teams}::text[] && (SELECT pehra_teams())"
            return f"EXISTS (SELECT FROM {other} WHERE {other}.{key} = {table}.{column} AND {theirs})"
        case Open(column=column, value=None):
            return f"{table}.{column} IS NULL"
        case Open(column=column, value=value):
            return f"{table}.{column} = '{value}'"


def _value(table: str, column: str, within: str) -> str:
    return f"({table}.{column} ->> '{within}')" if within else f"{table}.{column}"


def _array(codes: Iterable[str]) -> str:
    """Write codes as PostgreSQL reads an array: every element quoted, quotes and backslashes escaped."""
    quoted = (code.replace("\\", "\\\\").replace('"', '\\"') for code in sorted(codes) if code)
    inner = ",".join(f'"{code}"' for code in quoted)
    return "{" + inner + "}"
