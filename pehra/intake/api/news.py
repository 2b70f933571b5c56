"""Reading what was added to a report after somebody had decided about it: it is news until then, and no longer."""

from datetime import datetime

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake import queries
from pehra.intake.api.handing_on import end_news
from pehra.intake.models import Report
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger


@transaction.atomic
def read_news(*, reference: str, by: Actor, at: datetime) -> bool:
    """Say that somebody who decides about a report has read what was added to it; return whether there was news."""
    known = queries.find(reference, by=by)
    access.require(by, Permission.INTAKE_TRIAGE, teams=known.working_teams or known.teams)
    row = Report.objects.select_for_update(of=("self",)).get(id=known.id)
    if not row.has_news:
        return False
    row.has_news = False
    row.save(update_fields=["has_news"])
    ledger.record("intake.news.read", subject=row.reference, by=by, at=at, teams=row.teams, facts={})
    end_news([row], by=by, at=at)
    return True
