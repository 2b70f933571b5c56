"""Consent of an organisation, asked and recorded for each act on its systems.

The organisation answers here itself, or a team writes down what it said by telephone or letter, with the name of who
said it. Silence is no consent. What the law of the profile asks of whom is `law.consent_for`.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries as incidents
from pehra.incidents.api import acting, duty_clocks, telling_of_consent
from pehra.incidents.models import Consent, Incident, IncidentOrganisation, Task
from pehra.incidents.queries import consents as queries
from pehra.incidents.queries.consents import ConsentView
from pehra.incidents.rules import consents as rules
from pehra.incidents.rules import working
from pehra.incidents.rules.consents import Answer
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.kernel.sentences import Sentence
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry

PORTAL = "portal"
NAME_LENGTH_MAX = 200


def consents(ref: str, *, by: Actor) -> tuple[ConsentView, ...]:
    """Return what organisations of an incident were asked and said, as far as the actor may read of them."""
    return queries.consents_of(incidents.find(ref, by=by), by=by)


def asked(*, by: Actor) -> tuple[ConsentView, ...]:
    """Return what the actor's own organisations were asked, what waits for an answer first."""
    return queries.asked_of(by=by)


@transaction.atomic
def ask_consent(*, ref: str, organisation: str = "", act: str, task: int = 0, by: Actor, at: datetime) -> ConsentView:
    """Ask an organisation of the incident whether one act may be done; `task` names the task that would do it."""
    # A task of what is merged is worked on there, and so its question is asked there.
    incident = acting.locked(ref, by=by, merged_too=bool(task))
    side = _side(incident, organisation, by=by)
    row = Consent(
        id=new_id(at),
        incident=incident,
        organisation=side.organisation,
        teams=working.wall_of(incident, side),
        number=acting.next_number(Consent.objects.filter(incident=incident)),
        task=_task(incident, task),
        act=acting.words(act, field="act", most=rules.ACT_LENGTH_MAX),
        asked_at=at,
        asked_by=by.id,
        answer=Answer.ASKED,
    )
    told = telling_of_consent.asked(incident, row)
    row.told, row.reminds_at = outbox.queue_many(drafts=told.drafts, by=by, at=at), at + rules.REMINDED_AFTER
    row.save(force_insert=True)
    facts = {"consent": row.number, "organisation": row.organisation, "task": task, "act": row.act} | told.as_facts()
    _record(incident, row, "incidents.consent.asked", facts, by=by, at=at)
    return queries.consent_view(row, incident=incident, by=by)


@transaction.atomic
def answer_consent(
    *,
    ref: str,
    number: int,
    answer: str,
    terms: str = "",
    valid_until: datetime | None = None,
    name: str = "",
    channel: str = PORTAL,
    by: Actor,
    at: datetime,
) -> ConsentView:
    """Write down what an organisation said: itself, or by a team with who said it and by which channel."""
    incident, row = queries.to_answer(ref, number, by=by)
    target = rules.parse_answer(answer)
    rules.require_move(Answer(row.answer), target)
    row.channel, row.answered_name = _spoken_for(incident, row, name, channel, by=by)
    if valid_until is not None and valid_until <= at:
        raise Invalid(_("this consent would have ended already"), field="valid_until")
    before = row.answer
    row.answer, row.answered_at, row.answered_by = target, at, by.id
    row.terms = acting.words(terms, field="terms", most=rules.TERMS_LENGTH_MAX, needed=False)
    row.valid_until = valid_until if target is Answer.GIVEN else None
    row.reminds_at = None
    row.save(
        update_fields=[
            *("answer", "answered_at", "answered_by", "answered_name"),
            *("channel", "terms", "valid_until", "reminds_at"),
        ]
    )
    facts = {
        **{"consent": number, "organisation": row.organisation, "from": before, "to": target, "terms": row.terms},
        **{"channel": row.channel, "until": format_time(row.valid_until) if row.valid_until else None},
    }
    if row.channel == PORTAL:
        # What a team wrote down itself it knows.
        told = telling_of_consent.answered(incident, row, at=at)
        outbox.queue_many(drafts=told.drafts, by=by, at=at)
        facts |= told.as_facts()
    _record(incident, row, "incidents.consent.answered", facts, by=by, at=at)
    return queries.consent_view(row, incident=incident, by=by)


def remind_silent(*, by: Actor, at: datetime, limit: int) -> int:
    """Ask organisations that have not answered for a while once more, and return how many; in the caller's transaction.

    Where the incident or the task has ended nobody needs the answer.
    """
    needed = Q(task__isnull=True) | Q(task__ended_at__isnull=True)
    rows = Consent.objects.filter(needed, reminds_at__lte=at, incident__ended_at__isnull=True)
    silent = rows.order_by("reminds_at", "id").select_for_update(skip_locked=True, of=("self",))
    found = list(silent.select_related("incident")[:limit])
    for row in found:
        told = telling_of_consent.reminded(row.incident, row)
        row.told = [*row.told, *outbox.queue_many(drafts=told.drafts, by=by, at=at)]
        row.reminds_at, row.reminded_at = None, at
        row.save(update_fields=["reminds_at", "reminded_at", "told"])
        facts = {"consent": row.number, "organisation": row.organisation} | told.as_facts()
        _record(row.incident, row, "incidents.consent.reminded", facts, by=by, at=at)
    return len(found)


def _record(
    incident: Incident, row: Consent, event: str, facts: Mapping[str, object], *, by: Actor, at: datetime
) -> None:
    """Write it into the ledger behind the wall of the organisation: others of a widespread incident read none of it."""
    teams = row.teams if incident.widespread else incident.teams
    ledger.record(event, subject=incident.reference, by=by, at=at, teams=teams, facts=dict(facts))


def consent_rule(incident: Incident, *, at: datetime) -> law.ConsentAnswer | None:
    """Return why organisations of an incident are asked before an act on their systems; None where they are not."""
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, at)
    asked = (law.consent_for(profile, entity=entity, on=on) for entity in duty_clocks.entities_of(incident))
    return next((answer for answer in asked if answer is not None and answer.needed), None)


@access.elevated(part="incidents.consents-of-a-task")
def require_consent(incident: Incident, task: Task, *, at: datetime) -> None:
    """Refuse a task that acts on an organisation's systems, until all who were asked about it have said yes.

    All of them count, also those of whom the acting person may not read: those of a widespread incident are not named.
    """
    if not task.touches_organisation or consent_rule(incident, at=at) is None:
        return
    latest: dict[str, Consent] = {}
    for row in Consent.objects.filter(task=task).order_by("number"):
        latest[row.organisation] = row
    if not latest:
        raise rules.ConsentRefused(
            _("this acts on an organisation's systems: ask for its consent first"), field="state"
        )
    for row in latest.values():
        if not rules.holds(Answer(row.answer), valid_until=row.valid_until, at=at):
            raise rules.ConsentRefused(_not_agreed(row, names_it=not incident.widespread), field="state")


def _not_agreed(row: Consent, *, names_it: bool) -> Sentence:
    """Return that an organisation has not agreed, by its name where that may be said."""
    stands = {"number": row.number, "consent_word": row.answer}
    if not names_it:
        return Sentence("one who was asked has not agreed to this (consent %(number)s is %(consent_word)s)", **stands)
    named = registry.local_names([row.organisation]).get(row.organisation)
    return Sentence(
        "%(who)s has not agreed to this (consent %(number)s is %(consent_word)s)",
        who=named.name if named else row.organisation,
        who_local=named.name_local if named else "",
        **stands,
    )


def _side(incident: Incident, organisation: str, *, by: Actor) -> IncidentOrganisation:
    """Return the side that is asked; a side that the actor may not read of is refused as one that is none."""
    sides = incident.organisations.filter(removed_at__isnull=True)
    if incident.lead_team not in by.teams and not by.is_system:
        sides = sides.filter(pk__in=IncidentOrganisation.objects.all().visible_to(by).values("pk"))
    code = organisation or incident.organisation
    found = sides.filter(organisation=code).first() if code else None
    if found is None:
        raise Invalid(_("name an organisation that this incident concerns"), field="organisation")
    return found


def _task(incident: Incident, number: int) -> Task | None:
    if not number:
        return None
    row = Task.objects.filter(incident=incident, number=number).first()
    if row is None:
        raise NotVisible(f"{incident.reference} has no task {number}")
    return row


def _spoken_for(incident: Incident, row: Consent, name: str, channel: str, *, by: Actor) -> tuple[str, str]:
    """Return the channel and the name of who said it; refuse who may neither speak for it nor write it down."""
    speaks = row.organisation in by.organisations and not by.is_system
    if speaks and access.may(by, Permission.INCIDENTS_CONSENT, organisation=row.organisation):
        return PORTAL, by.name[:NAME_LENGTH_MAX]
    acting.require(incident, Permission.INCIDENTS_CHANGE, by=by)
    if channel == PORTAL:
        raise Forbidden(
            _("only the organisation itself answers here; say by which channel it told you"), field="channel"
        )
    if channel not in rules.CHANNELS:
        raise Invalid(f"{channel!r} is no channel; one of: {', '.join(rules.CHANNELS[1:])}", field="channel")
    return channel, acting.words(name, field="name", most=NAME_LENGTH_MAX)
