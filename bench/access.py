"""What the wall costs: 2,000 people, 300 teams in a tree, 20,000 grants.

`may` is asked of every row of a list of 1,000 matters, as a page asks it: for a plain analyst, and for the actors who
make it hardest (the nation, one whose scope is guided over all 300 teams, one with 40 grants in as many scopes, one
whose every answer is no). Floor: one look-up in a frozenset per row. `actor_for` is what every request pays before it
sees anything, `visible_to` what the list of people pays; both are measured against an embedded PostgreSQL.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pehra.node.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import django

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PEOPLE, TEAMS, GRANTS, ORGANISATIONS, ROWS = 2_000, 300, 20_000, 3_000, 1_000
TEAM_ROLES = ("analyst", "soc-analyst", "incident-handler", "duty-officer", "team-lead", "registry-editor")


def main() -> None:
    """Measure, and print one JSON document or a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pehra-bench-") as folder:
        result = _measured(arguments.rounds, Path(folder))
    if arguments.json:
        print(json.dumps(result))
        return
    for group in ("figures", "ratios"):
        for name, value in result[group].items():
            print(f"{name:36} {value}")


def _measured(rounds: int, folder: Path) -> dict[str, Any]:
    django.setup()
    from pehra.access import api
    from pehra.access.api import Permission
    from pehra.node.database import Database

    folder.chmod(0o711)
    with Database(folder / "node", fast=True) as url:
        _use(url)
        who = _fill()
        actors = {name: api.actor_for(person_id=person, at=AT) for name, person in who.items()}
        rows = _rows()
        costs = {
            name: _microseconds(lambda by=by: _ask(by, rows, Permission.FINDINGS_READ), rounds) / ROWS
            for name, by in actors.items()
        }
        refused = _microseconds(lambda: _ask(actors["forty"], rows, Permission.SIGNALS_MANAGE), rounds) / ROWS
        at_all = _microseconds(lambda: _at_all(actors["forty"], Permission.FINDINGS_READ), rounds) / ROWS
        held = frozenset(f"team-{number}" for number in range(TEAMS))
        floor = _microseconds(lambda: [row[0][0] in held for row in rows], rounds) / ROWS
        becoming = {
            name: _microseconds(lambda person=person: api.actor_for(person_id=person, at=AT), rounds)
            for name, person in who.items()
        }
        from pehra.access.queries import people_visible_to

        seen = {
            name: _microseconds(lambda by=by: list(people_visible_to(by).order_by("email")[:50]), rounds)
            for name, by in actors.items()
        }
        shown = len(people_visible_to(actors["guided"]))
        from django.db import connection

        connection.close()
    figures = {
        "people": PEOPLE, "teams": TEAMS, "grants": GRANTS, "rows": ROWS, "people_seen_guided": shown,
        **{f"may_{name}_us": round(cost, 3) for name, cost in costs.items()},
        "may_refused_us": round(refused, 3), "may_at_all_us": round(at_all, 3), "floor_us": round(floor, 3),
        **{f"actor_for_{name}_us": round(cost) for name, cost in becoming.items()},
        **{f"visible_to_{name}_us": round(cost) for name, cost in seen.items()},
        **{f"permissions_{name}": len(by.permissions) for name, by in actors.items()},
    }  # fmt: skip
    worst = max(*costs.values(), refused, at_all)
    ratios = {"may_worst_over_limit_50us": round(worst / 50, 4), "may_worst_over_floor": round(worst / floor, 1)}
    return {"name": "access", "figures": figures, "ratios": ratios}


def _ask(by: Any, rows: list[tuple[list[str], str]], permission: Any) -> int:
    """Ask of every row, as a page does; the list of who may see a row is that row's own."""
    from pehra.access import api

    return sum(api.may(by, permission, teams=teams, organisation=organisation) for teams, organisation in rows)


def _at_all(by: Any, permission: Any) -> int:
    from pehra.access import api

    return sum(api.may(by, permission) for _row in range(ROWS))


def _rows() -> list[tuple[list[str], str]]:
    chance = random.Random(5)
    return [
        ([f"team-{chance.randrange(TEAMS)}" for _ in range(3)], f"org-{chance.randrange(ORGANISATIONS)}")
        for _ in range(ROWS)
    ]


def _microseconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of one run, the first left out: it takes the permissions apart."""
    work()
    spent = []
    for _ in range(rounds):
        before = time.perf_counter()
        work()
        spent.append((time.perf_counter() - before) * 1e6)
    return statistics.median(spent)


def _fill() -> dict[str, UUID]:
    """Write a tree of teams, organisations, people and grants; return the people who are measured."""
    from django.db import connection

    from pehra.access import api
    from pehra.access.models import Grant, Person
    from pehra.kernel.identifiers import new_id

    chance = random.Random(4)
    teams = [
        api.KnownTeam(code=f"team-{number}", parent="" if not number else f"team-{(number - 1) // 4}")
        for number in range(TEAMS)
    ]
    organisations = [
        api.KnownOrganisation(code=f"org-{number}", lead_team=f"team-{number % TEAMS}")
        for number in range(ORGANISATIONS)
    ]
    api.learn_scopes(teams=teams, organisations=organisations, at=AT)
    people = [
        Person(id=new_id(AT), email=f"p{number}@cast.example", name=f"P {number}", created_at=AT)
        for number in range(PEOPLE)
    ]
    Person.objects.bulk_create(people)
    plain, nation, guided, forty = (person.id for person in people[:4])
    given: list[tuple[UUID, dict[str, Any]]] = [
        (plain, {"role": "analyst", "team": "team-7"}),
        (nation, {"role": "auditor", "national": True}),
        (nation, {"role": "duty-officer", "team": "team-3"}),
        (guided, {"role": "team-lead", "team": "team-0", "guided": True}),
        (guided, {"role": "organisation-contact", "organisation": "org-1"}),
        *((forty, _scope(chance, number)) for number in range(40)),
    ]
    while len(given) < GRANTS:
        given.append((people[4 + chance.randrange(PEOPLE - 4)].id, _scope(chance, chance.randrange(3))))
    Grant.objects.bulk_create(
        (
            Grant(
                id=new_id(AT), person_id=person, valid_from=AT - timedelta(days=1), reason="bench", granted_by="bench",
                **scope,
            )
            for person, scope in given
        ),
        batch_size=2_000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"plain": plain, "national": nation, "guided": guided, "forty": forty}


def _scope(chance: random.Random, number: int) -> dict[str, Any]:
    if number % 3 == 0:
        return {"role": "organisation-contact", "organisation": f"org-{chance.randrange(ORGANISATIONS)}"}
    return {
        "role": chance.choice(TEAM_ROLES),
        "team": f"team-{chance.randrange(1, TEAMS)}",
        "guided": number % 3 == 2,
    }


def _use(url: str) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from pehra.node.settings import database

    settings.DATABASES["default"].update(database(url))
    connections["default"].settings_dict.update(database(url))
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
