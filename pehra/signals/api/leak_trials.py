"""Whether a secret is the one that leaked: asked by those whose account it is, so many times an hour.

The candidate is compared with its check and is gone; that somebody asked stands in the ledger, and what the answer was.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.signals.api.leak_matching import check_key
from pehra.signals.models import LeakedAccount
from pehra.signals.queries import leaks as queries
from pehra.signals.rules import leak_secrets
from pehra.signals.rules.leak_secrets import Secret
from pehra.signals.rules.leaks import SECRET_CHARACTERS_MAX, SecretKind

TRIES_MAX = 5
TRIES_WINDOW = timedelta(hours=1)


@transaction.atomic
def is_leaked_secret(*, account_id: UUID, candidate: Secret, by: Actor, at: datetime) -> bool:
    """Whether this is the secret that leaked beside an account: for who may act on its finding, or whose own it is."""
    row = queries.account_for_change(account_id, by=by)
    if not (row.person_id is not None and str(row.person_id) == by.id):
        access.require(by, Permission.FINDINGS_CHANGE, teams=row.teams, organisation=row.organisation)
    if row.secret_kind != SecretKind.PASSWORD.value or not row.check_value:
        raise Invalid(_("There is no password of this account to compare with."), field="candidate")
    if not 0 < len(candidate.reveal()) <= SECRET_CHARACTERS_MAX:
        raise Invalid(
            _("A password has 1 to %(number)d characters.") % {"number": SECRET_CHARACTERS_MAX}, field="candidate"
        )
    _count_try(row, by=by, at=at)
    check = leak_secrets.check_of(candidate, address=row.address, salt=bytes(row.leak.salt), key=check_key())
    is_it = leak_secrets.same(bytes(row.check_value), check)
    facts = {"leak": str(row.leak_id), "was_it": is_it}
    ledger.record("signals.leak.tried", subject=f"leaked-account:{row.id}", by=by, at=at, teams=row.teams, facts=facts)
    return is_it


def _count_try(row: LeakedAccount, *, by: Actor, at: datetime) -> None:
    """Count a try of a person's; the machine's own command line is not held to the number."""
    if by.is_system:
        return
    is_old = row.tried_at is None or row.tried_at <= at - TRIES_WINDOW
    if not is_old and row.tries >= TRIES_MAX:
        raise Forbidden(_("This was tried too often within the hour. Wait, and try again."))
    changes = {"tries": 1, "tried_at": at} if is_old else {"tries": F("tries") + 1}
    LeakedAccount.objects.filter(id=row.id).update(**changes)
