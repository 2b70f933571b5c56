"""Tasks by mail: somebody is told that a task was given to them, and whoever does one that it is nearly due or overdue.

A letter says the reference, the task and where it stands. Its title goes along only where the marking lets it into a
mailbox. A task that nobody does, or whose person reads it no more, is its lead team's.
"""

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents.api.telling import AddressBook, Told, Wall, address, bare, letter
from pehra.incidents.models import Incident, Task
from pehra.incidents.rules.clocks import ClockState
from pehra.kernel.actors import Actor, system
from pehra.kernel.clock import format_time
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import NotVisible
from pehra.outbox import api as outbox

KIND_GIVEN = "task-given"
PEHRA = system("incidents")


def given(incident: Incident, row: Task, *, by: Actor, at: datetime) -> Told:
    """Tell whom a task was given to; who took it themselves knows it."""
    told = Told()
    person = _person(row.assignee, incident, at=at) if row.assignee != by.id else None
    if person is None:
        return told
    told.teams.append(row.assignee)
    with translation.override(person.language):
        subject = _("%(reference)s: task %(number)d is yours") % _words(row, incident)
        body = _body(incident, row, first=_("%(name)s gave it to you.") % {"name": by.name})
    # The same task may be given again, after somebody else had it.
    key = f"{KIND_GIVEN}:{row.id}:{row.assignee}:{format_time(at)}"
    told.drafts.append(
        letter(incident, person, kind=KIND_GIVEN, subject=subject, body=body, key=key, wall=_wall(incident))
    )
    return told


def due(row: Task, state: ClockState, book: AddressBook, *, at: datetime) -> Told:
    """Tell whoever does a task that it is nearly due, or overdue."""
    told, incident = Told(), row.incident
    person = _person(row.assignee, incident, at=at)
    teams = [incident.lead_team] if incident.lead_team else incident.teams
    receivers = {row.assignee: (person,)} if person else {team: book.of(team) for team in teams}
    for who, recipients in receivers.items():
        (told.teams if any(one.email for one in recipients) else told.no_address).append(who)
        for recipient in recipients:
            with translation.override(recipient.language):
                subject, body = _due_text(incident, row, state, is_theirs=person is not None)
            key = f"task-{state}:{row.id}:{format_time(row.due_at) if row.due_at else ''}:{who}:{recipient.email}"
            told.drafts.append(
                letter(
                    incident,
                    recipient,
                    kind=f"task-{state}",
                    subject=subject,
                    body=body,
                    key=key,
                    wall=_wall(incident),
                )
            )
    return told


def _due_text(incident: Incident, row: Task, state: ClockState, *, is_theirs: bool) -> tuple[str, str]:
    words = _words(row, incident)
    if state is ClockState.OVERDUE:
        subject = _("%(reference)s: task %(number)d is overdue") % words
    else:
        subject = _("%(reference)s: task %(number)d is nearly due") % words
    first = _("It is yours.") if is_theirs else _("Nobody who reads this incident does it: give it to somebody.")
    return subject, _body(incident, row, first=first)


def _body(incident: Incident, row: Task, *, first: str) -> str:
    lines = [first]
    if may_say_title(incident):
        lines.append(_("What is to be done: %(title)s") % {"title": row.title})
    if row.due_at:
        lines.append(_("Due: %(time)s") % {"time": format_time(row.due_at)})
    lines += [_("Read it here:"), address(incident, f"#task-{row.number}")]
    return "\n".join(lines) + "\n"


def may_say_title(incident: Incident) -> bool:
    """Whether a task's title may go into a mail: what is for named people alone is read behind the wall."""
    return Tlp(incident.tlp) == bare(incident)


def _words(row: Task, incident: Incident) -> dict[str, object]:
    return {"reference": incident.reference, "number": row.number}


def _wall(incident: Incident) -> Wall:
    return Wall(tlp=bare(incident), teams=tuple(incident.teams))


def _person(assignee: str, incident: Incident, *, at: datetime) -> outbox.Recipient | None:
    """Return the address of somebody's account; None for nobody, for a program, and for who reads it no more."""
    try:
        with access.elevated(part="incidents.task-people", only_people=True):
            reader = access.actor_for(person_id=UUID(assignee), at=at)
            person = access.person(person_id=UUID(assignee), by=PEHRA, at=at)
    except (ValueError, NotVisible):
        return None
    if person.service or not access.may(reader, Permission.INCIDENTS_READ, teams=incident.teams):
        return None
    return outbox.Recipient(name=person.name, email=person.email, language=person.language, circle=outbox.Circle.NAMED)
