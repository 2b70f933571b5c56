"""Teams are told that reports wait: at once, and then not again for a while however many come.

The letter names a few references and how many wait; what they say stays behind the wall. What came while nobody was
told is told by the next letter: a job looks every minute.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.models import Report, TeamTold
from pehra.intake.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox
from pehra.registry import api as registry

KIND = "intake.waiting"
QUIET = timedelta(minutes=10)
NAMED_MAX = 10
TEAMS_A_TICK_MAX = 500
LANGUAGE_DEFAULT = "en"


def tell_of(report: Report, *, by: Actor, at: datetime) -> None:
    """Tell the lead team of a new report, unless it was told of others a short while ago: then the job does."""
    if report.lead_team and _take_turn(report.lead_team, at=at):
        _write(report.lead_team, [report.reference], 1, by=by, at=at)
        report.told_at = at
        Report.objects.filter(id=report.id).update(told_at=at)


@transaction.atomic
def tell_teams(*, by: Actor, at: datetime) -> int:
    """Tell every team of the reports it was not told of yet, where it was not told of any a short while ago."""
    access.require(by, Permission.INTAKE_TRIAGE)
    untold = Report.objects.filter(told_at__isnull=True, state=State.RECEIVED).exclude(lead_team="")
    waiting = dict(untold.values_list("lead_team").annotate(count=Count("id")).order_by("lead_team")[:TEAMS_A_TICK_MAX])
    told = 0
    for team, count in waiting.items():
        if not _take_turn(team, at=at):
            continue
        ids = list(untold.filter(lead_team=team).order_by("id").values_list("id", "reference"))
        _write(team, [reference for _id, reference in ids[:NAMED_MAX]], len(ids) or count, by=by, at=at)
        Report.objects.filter(id__in=[number for number, _reference in ids]).update(told_at=at)
        told += 1
    return told


def _take_turn(team: str, *, at: datetime) -> bool:
    """Whether this caller is the one that tells the team now; of several at once one is."""
    if TeamTold.objects.filter(team=team, at__gt=at - QUIET).exists():
        return False
    # A team's first letter: its row is there for both of two callers, and one of them finds it old.
    TeamTold.objects.bulk_create([TeamTold(team=team, at=at - 2 * QUIET)], ignore_conflicts=True)
    return bool(TeamTold.objects.filter(team=team, at__lte=at - QUIET).update(at=at))


def _write(team: str, references: Sequence[str], count: int, *, by: Actor, at: datetime) -> None:
    drafts = []
    for recipient in _recipients(team):
        with translation.override(recipient.language):
            subject, body = _words(references, count)
        drafts.append(
            outbox.Draft(
                kind=KIND,
                recipient=recipient,
                subject=subject,
                body=body,
                tlp=Tlp.AMBER_STRICT,
                about=references[0],
                lead_team=team,
                teams=(team,),
                dedupe_key=f"{KIND}:{team}:{format_time(at)}:{recipient.email}"[: outbox.DEDUPE_KEY_CHARACTERS_MAX],
            )
        )
    outbox.queue_many(drafts=drafts, by=by, at=at)


def _recipients(team: str) -> list[outbox.Recipient]:
    """Return a team's addresses; one without any stands in the outbox as a held message."""
    return [
        outbox.Recipient(
            name=contact.name, email=contact.email, language=contact.language or LANGUAGE_DEFAULT, circle=Circle.NAMED
        )
        for contact in registry.team_contacts(team)
        if outbox.is_address(contact.email)
    ] or [outbox.Recipient(name=team, email="", language=LANGUAGE_DEFAULT, circle=Circle.NAMED)]


def _words(references: Sequence[str], count: int) -> tuple[str, str]:
    subject = ngettext("%(count)d report waits for your team", "%(count)d reports wait for your team", count) % {
        "count": count
    }
    lines = [subject + ": " + ", ".join(references)]
    if count > len(references):
        lines.append(_("and %(count)d more") % {"count": count - len(references)})
    lines.append(_("Sign in and open the queue to decide what becomes of them."))
    return subject, "\n".join(lines) + "\n"
