"""What waits to be told: open findings of organisations that were not told of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pehra.findings.models import Finding, FindingQuerySet
from pehra.findings.queries.making import IN_ORDER
from pehra.findings.rules.states import State


class Untold(NamedTuple):
    """An open finding of which its organisation was not told: what a notice needs to know, and no more."""

    id: UUID
    organisation: str
    subject: str
    port: int
    protocol: str
    kind: str
    taxonomy: str
    type: str
    identifier: str
    malware: str
    first_seen: datetime
    last_seen: datetime
    times: int
    asset: str
    lead_team: str
    teams: list[str]
    feed_name: str
    evidence: str
    reopened: int


def organisations_untold(*, version: str, organisations: Iterable[str] | None = None) -> list[str]:
    """Return the organisations with open findings that the law of this version has not yet been asked about."""
    rows = _untold(version)
    if organisations is not None:
        rows = rows.filter(organisation__in=list(organisations))
    return list(rows.order_by("organisation").values_list("organisation", flat=True).distinct())


def untold(*, version: str, organisations: Sequence[str]) -> list[Untold]:
    """Return those findings, by organisation, the same ones in the same order whatever happened on the way."""
    rows = _untold(version).filter(organisation__in=list(organisations)).order_by(*IN_ORDER)
    return [Untold(*row) for row in rows.values_list(*Untold._fields)]


def _untold(version: str) -> FindingQuerySet:
    return Finding.objects.filter(state=State.OPEN.value).exclude(organisation="").exclude(examined=version)
