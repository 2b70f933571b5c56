"""How long the checks of leaked secrets are kept: while anybody may still ask, and not for ever."""

from datetime import datetime, timedelta

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.ledger import api as ledger
from pehra.signals.models import LeakedAccount

CHECKS_KEPT = timedelta(days=400)  # a year and a month: a secret that comes up again in yearly lists is still known


@transaction.atomic
def forget_leaked_secrets(*, by: Actor, at: datetime) -> int:
    """Forget the checks of leaks handed in long ago; return how many. That there was a secret stays known."""
    access.require(by, Permission.SIGNALS_MANAGE)
    with access.elevated(part="signals.leaks"):
        old = LeakedAccount.objects.filter(leak__received_at__lt=at - CHECKS_KEPT).exclude(check_value=b"")
        forgotten = old.update(check_value=b"")
    if forgotten:
        ledger.record("signals.leak.forgotten", subject="leaks", by=by, at=at, facts={"checks": forgotten})
    return forgotten
