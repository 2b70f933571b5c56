"""Teams are told that reports wait, and that more came in to one they had decided about: at once, and then not again
for a while however many come.

The letter names a few references and how many there are; what they say stays behind the wall. What came while nobody
was told is told by the next letter: a job looks every minute.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
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
UNTOLD = Q(told_at__isnull=True) & (Q(state=State.RECEIVED) | Q(has_news=True))


def tell_of(report: Report, *, by: Actor, at: datetime) -> None:
    """Tell the lead team of a new report, unless it was told of others a short while ago: then the job does."""
    if report.lead_team and _take_turn(report.lead_team, at=at):
        _write(report.lead_team, [report.reference], [], by=by, at=at)
        report.told_at = at
        Report.objects.filter(id=report.id).update(told_at=at)


@transaction.atomic
def tell_teams(*, by: Actor, at: datetime) -> int:
    """Tell every team of the reports it was not told of yet, where it was not told of any a short while ago."""
    access.require(by, Permission.INTAKE_TRIAGE)
    untold = Report.objects.filter(UNTOLD).exclude(lead_team="")
    teams = list(untold.order_by("lead_team").values_list("lead_team", flat=True).distinct()[:TEAMS_A_TICK_MAX])
    told = 0
    for team in teams:
        if not _take_turn(team, at=at):
            continue
        found = list(untold.filter(lead_team=team).order_by("id").values_list("id", "reference", "state"))
        waits = [reference for _id, reference, state in found if state == State.RECEIVED]
        grown = [reference for _id, reference, state in found if state != State.RECEIVED]
        if found:
            _write(team, waits, grown, by=by, at=at)
        Report.objects.filter(id__in=[number for number, _reference, _state in found]).update(told_at=at)
        told += 1
    return told


def _take_turn(team: str, *, at: datetime) -> bool:
    """Whether this caller is the one that tells the team now; of several at once one is."""
    if TeamTold.objects.filter(team=team, at__gt=at - QUIET).exists():
        return False
    # A team's first letter: its row is there for both of two callers, and one of them finds it old.
    TeamTold.objects.bulk_create([TeamTold(team=team, at=at - 2 * QUIET)], ignore_conflicts=True)
    return bool(TeamTold.objects.filter(team=team, at__lte=at - QUIET).update(at=at))


def _write(team: str, waits: Sequence[str], grown: Sequence[str], *, by: Actor, at: datetime) -> None:
    """Write to a team of reports that wait, and of others to which something was added since they were decided."""
    drafts = []
    for recipient in _recipients(team):
        with translation.override(recipient.language):
            subject, body = _words(waits, grown)
        drafts.append(
            outbox.Draft(
                kind=KIND,
                recipient=recipient,
                subject=subject,
                body=body,
                tlp=Tlp.AMBER_STRICT,
                about=[*waits, *grown][0],
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


def _words(waits: Sequence[str], grown: Sequence[str]) -> tuple[str, str]:
    lines = []
    if waits:
        lines.append(
            ngettext("%(count)d report waits for your team", "%(count)d reports wait for your team", len(waits))
            % {"count": len(waits)}
        )
    if grown:
        lines.append(
            ngettext(
                "more came in to %(count)d report that your team has decided about",
                "more came in to %(count)d reports that your team has decided about",
                len(grown),
            )
            % {"count": len(grown)}
        )
    subject = lines[0]
    lines = [f"{line}: {_named(some)}" for line, some in zip(lines, filter(None, (waits, grown)), strict=True)]
    if waits:
        lines.append(_("Sign in and open the queue to decide what becomes of them."))
    if grown:
        lines.append(_("Sign in and read what was added; the page of its incident says so too."))
    return subject, "\n".join(lines) + "\n"


def _named(references: Sequence[str]) -> str:
    """Name a few, and say how many more there are."""
    named = ", ".join(references[:NAMED_MAX])
    more = len(references) - NAMED_MAX
    return named if more <= 0 else ", ".join([named, _("and %(count)d more") % {"count": more}])
