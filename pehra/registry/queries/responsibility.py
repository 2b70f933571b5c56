"""Who answers for whom, by law, on a day: asked once for each distinct set of facts, not once an organisation."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, TypeAlias

from django.conf import settings
from django.db import connection

from pehra.law import api as law
from pehra.registry.rules.answering import Answerable

# Sector, territory and sorted classes; None is unknown.
Facts: TypeAlias = tuple[str | None, str | None, tuple[str, ...] | None]

_DISTINCT = """
    SELECT DISTINCT sector_id, territory_id, classes FROM registry_organisation"""
_WRITE = """
    UPDATE registry_organisation held
    SET lead_team = law.lead_team, teams = law.teams, roles = law.roles
    FROM law_says law
    WHERE held.sector_id IS NOT DISTINCT FROM law.sector AND held.territory_id IS NOT DISTINCT FROM law.territory
      AND held.classes IS NOT DISTINCT FROM law.classes
      AND (held.lead_team, held.teams, held.roles) IS DISTINCT FROM (law.lead_team, law.teams, law.roles)"""


def entity(facts: Facts) -> law.EntityFacts:
    """Return facts as law asks for them."""
    sector, territory, classes = facts
    return law.EntityFacts(
        sector=sector or None, territory=territory or None, classes=None if classes is None else frozenset(classes)
    )


def judge(on: date) -> Callable[[Facts | None], Answerable]:
    """Return what says who answers for an organisation with such facts, or (for None) for space of no known holder."""
    profile = law.load(settings.PEHRA_PROFILE)

    @cache
    def answer(facts: Facts | None) -> Answerable:
        if facts is None:
            return _answerable(law.responsible_for_unowned(profile, on=on))
        return _answerable(law.responsible(profile, entity=entity(facts), on=on))

    return answer


def _answerable(said: law.Responsibility) -> Answerable:
    return Answerable(
        lead_team=said.lead.team if said.lead else "",
        teams=said.teams,
        roles=tuple(role.as_json() for role in said.roles),
    )


def refresh(on: date) -> int:
    """Write what law says on a day beside every organisation, and return how many rows it changed."""
    answer = judge(on)
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT)
        rows = [_said(row, answer) for row in cursor.fetchall()]
        cursor.execute(
            "CREATE TEMP TABLE law_says ON COMMIT DROP AS SELECT sector_id AS sector, territory_id AS territory, "
            "classes, lead_team, teams, roles FROM registry_organisation WITH NO DATA"
        )
        with cursor.copy("COPY law_says (sector, territory, classes, lead_team, teams, roles) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute("ANALYZE law_says")
        cursor.execute(_WRITE)
        changed: int = cursor.rowcount
        cursor.execute("DROP TABLE law_says")
    return changed


def _said(row: Sequence[Any], answer: Callable[[Facts | None], Answerable]) -> tuple[Any, ...]:
    sector, territory, classes = row
    said = answer((sector, territory, None if classes is None else tuple(classes)))
    return sector, territory, classes, said.lead_team, list(said.teams), said.roles_json
