"""Taking in a leak of credentials: findings for the owners, a notice to each, and a signal about each person of ours.

A secret is a check or a comparison before anything is written, and is then gone: no row, entry, message, log or error
holds it. What belongs to nobody known is counted and not kept: Pehra is no collection of the world's leaks.
"""

from dataclasses import asdict
from datetime import datetime
from typing import IO

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.findings import api as findings
from pehra.kernel import markings
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger
from pehra.signals.api import leak_matching, leak_people
from pehra.signals.api.leak_matching import Matched
from pehra.signals.gateways.leak_lines import lines_of
from pehra.signals.gateways.leak_turns import take_turn
from pehra.signals.models import Leak, LeakedAccount
from pehra.signals.queries import leaks as queries
from pehra.signals.queries.leaks import LeakView
from pehra.signals.rules import leak_owners, leak_secrets
from pehra.signals.rules import leaks as rules
from pehra.signals.rules.leak_owners import Intake

PEHRA = system("signals")
ROWS_A_STATEMENT = 2_000


def receive_leak(
    *,
    content: IO[bytes],
    source: str,
    tlp: str = markings.Tlp.AMBER.value,
    pap: str = markings.Pap.AMBER.value,
    limits: rules.Limits = rules.OF_A_FILE,
    by: Actor,
    at: datetime,
) -> LeakView:
    """Take in a leak, line by line as it is read, and return what may be said of it to whoever handed it in.

    The same leak of the same source again adds nothing. Rows that are none are set aside, and a leak without any good
    row is taken all the same: that is what was handed in.
    """
    access.require(by, Permission.SIGNALS_REPORT)
    marking, action = rules.settled_marks(tlp, pap)
    intake = Intake(
        id=new_id(at),
        source=rules.settled_source(source),
        tlp=marking,
        pap=action,
        salt=leak_secrets.new_salt(),
        at=at,
    )
    reading = rules.read(lines_of(content, limits), at=at, limits=limits)
    # Whose an address is, and whether it signs in here, is for Pehra to know and not for whoever hands a leak in.
    with access.elevated(part="signals.leaks"), transaction.atomic():
        take_turn(intake.source)
        matched = leak_matching.matched(reading.rows, intake, by=PEHRA)
        row = _written(reading, intake, matched, by=by)
        leak_people.follow(matched.accounts, intake, by=by)
        _findings_follow(matched, intake)
    return queries.views([row], by=by)[0]


def _written(reading: rules.Reading, intake: Intake, matched: Matched, *, by: Actor) -> Leak:
    """Write the leak and its accounts, with the entry."""
    numbers = {
        "rows_read": reading.rows_read,
        "duplicates": reading.duplicates,
        "known": matched.known,
        "strangers": matched.strangers,
        "kept": len(matched.accounts),
        "set_aside_count": reading.set_aside_count,
    }
    leak = Leak.objects.create(
        id=intake.id,
        source=intake.source,
        tlp=intake.tlp.value,
        pap=intake.pap.value,
        salt=intake.salt,
        received_by=by.id,
        received_at=intake.at,
        set_aside=[asdict(one) for one in reading.set_aside],
        **numbers,
    )
    rows = [_row(account, leak, intake) for account in matched.accounts]
    LeakedAccount.objects.bulk_create(rows, batch_size=ROWS_A_STATEMENT)
    ledger.record(
        "signals.leak.taken",
        subject=f"leak:{leak.id}",
        by=by,
        at=intake.at,
        teams=sorted({team for row in rows for team in row.teams}),
        # How many rows were of somebody known stays out: whoever handed them in may read this.
        facts={
            "source": leak.source,
            "tlp": leak.tlp,
            "pap": leak.pap,
            "rows_read": leak.rows_read,
            "duplicates": leak.duplicates,
            "set_aside": leak.set_aside_count,
        },
    )
    return leak


def _row(account: leak_owners.Account, leak: Leak, intake: Intake) -> LeakedAccount:
    owner = account.owner
    return LeakedAccount(
        id=new_id(intake.at),
        leak=leak,
        source=leak.source,
        address=account.row.address,
        service=account.row.service,
        leaked_at=account.row.leaked_at,
        first_seen=account.row.first_seen,
        organisation=owner.organisation if owner else "",
        lead_team=owner.lead_team if owner else "",
        teams=list(owner.teams) if owner else [],
        by_service=account.by_service,
        person_id=account.person,
        secret_kind=account.row.kind.value,
        check_value=account.check,
        in_use=account.in_use,
        repeated=account.repeated,
    )


def _folded(matched: Matched, intake: Intake) -> findings.FoldOutcome:
    """Fold what is seen by the same teams together: the entry of a fold counts nothing that its reader may not see."""
    by_teams: dict[tuple[str, ...], list[leak_owners.Account]] = {}
    for account in matched.accounts:
        if account.owner is not None:
            by_teams.setdefault(tuple(sorted(account.owner.teams)), []).append(account)
    parts = [
        findings.fold(sightings=leak_owners.sightings(accounts, intake), by=PEHRA, at=intake.at)
        for _teams, accounts in sorted(by_teams.items())
    ]
    return findings.FoldOutcome(
        new=[view for part in parts for view in part.new],
        reopened=[view for part in parts for view in part.reopened],
        seen_again=sum(part.seen_again for part in parts),
    )


def _findings_follow(matched: Matched, intake: Intake) -> None:
    """Fold the accounts into findings, let what follows from findings follow, and queue the owners' notices."""
    outcome = _folded(matched, intake)
    # Incidents lie above this part: the node names what takes findings further, as its own road does for feeds.
    for name in settings.PEHRA_LEAKS_GO_ON_TO:
        import_string(name)(outcome=outcome, by=PEHRA, at=intake.at)
    owners = {account.owner.organisation for account in matched.accounts if account.owner is not None} - {""}
    if owners:
        findings.queue_notices(at=intake.at, by=PEHRA, organisations=sorted(owners))
