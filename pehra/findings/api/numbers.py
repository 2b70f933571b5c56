"""Keeping the numbers of the pages: a tally, so that a nation's findings are not counted at every look."""

from datetime import datetime

from django.db import transaction

from pehra.access import api as access
from pehra.findings import queries
from pehra.kernel.actors import Actor


@transaction.atomic
def renew_counts(*, by: Actor, at: datetime) -> bool:
    """Count findings anew, if anything was written since the last time; say whether. Derived: no act, no entry."""
    access.require(by, access.Permission.FINDINGS_READ)
    return queries.renew_tally(at=at)
