"""Two incidents become one matter, and become two again, days later, with nothing lost.

A merge is a tie and no move. The merged incident keeps its rows, its state and its clocks as they are; it rests, and is
read as part of the other, which is asked about anew as one matter. What anybody does meanwhile stays where it was done.
Undoing cuts the tie: the parts wake, what was sent for the whole counts as sent for the part that owed it too, and what
the whole owed only because of the part goes back to it. In between every stage that the part owes has its clock on the
whole, so that no duty falls silent by a merge or by its undoing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.api import acting, deriving, drafts, duty_clocks, marking, roles
from pehra.incidents.models import Clock, Incident, Merge
from pehra.incidents.queries.families import family_of, lock_matters
from pehra.incidents.rules import clocks as clock_rules
from pehra.incidents.rules import joining as rules
from pehra.incidents.rules.clocks import ClockState
from pehra.incidents.rules.states import ENDED, State
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.identifiers import new_id
from pehra.ledger import api as ledger

WENT_BACK = "owed by %s again, since the merge was undone: %s"
OPENED_ANEW = "its matter was opened anew after it had ended with %s; the merge was undone: %s"
SENT_WHILE_MERGED = "sent while this was part of %s"
MERGED = "incidents.merged"
UNMERGED = "incidents.unmerged"


@transaction.atomic
def merge(*, ref: str, into: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Make an incident part of another, and return that other. Whoever does it must be able to change both."""
    words = acting.reason(reason)
    part, whole = _two(ref, into, by=by)
    for incident in (part, whole):
        acting.require(incident, Permission.INCIDENTS_CHANGE, by=by)
    family = [*family_of(whole), *family_of(part)]
    rules.require_mergeable(
        incident=part.id,
        into=whole.id,
        incident_ended=part.ended_at is not None,
        into_ended=whole.ended_at is not None,
        incident_merged=part.merged_into_id is not None,
        into_merged=whole.merged_into_id is not None,
        exercises=(part.exercise, whole.exercise),
        family=len(family),
    )
    Merge.objects.create(id=new_id(at), incident=part, into=whole, reason=words, merged_at=at, merged_by=by.id)
    part.merged_into = whole
    part.save(update_fields=["merged_into"])
    with access.elevated(part="incidents.merging"):
        roles.share(_fresh(whole, part))
        marking.share(_fresh(whole, part))
    _record(part, whole, MERGED, {"reason": words}, by=by, at=at)
    deriving.rederive(whole, deriving.locked_clocks(whole), by=by, at=at)
    return queries.views([whole])[0]


@transaction.atomic
def unmerge(*, ref: str, reason: str, by: Actor, at: datetime) -> queries.IncidentView:
    """Make a merged incident one of its own again, however long ago that was, and return it."""
    words = acting.reason(reason)
    lock_matters([queries.find(ref, by=by).id])
    part = queries.for_change(ref, by=by, merged_too=True)
    acting.require(part, Permission.INCIDENTS_CHANGE, by=by)
    if part.merged_into_id is None:
        raise rules.JoiningRefused(_("this incident is merged into none"), field="reference")
    with access.elevated(part="incidents.merging"):
        _part(part, reason=words, by=by, at=at)
    return queries.views([part])[0]


def _part(part: Incident, *, reason: str, by: Actor, at: datetime) -> None:
    """Cut the tie, from both sides: whoever undoes a merge may from then on no longer see the other side of it.

    The caller holds the locks of the whole matter.
    """
    above = Incident.objects.get(parts=part)
    tie = Merge.objects.get(incident=part, undone_at__isnull=True)
    line = _line(above, since=tie.merged_at)
    whole = line[-1][0]
    tie.undone_at, tie.undone_by, tie.undone_reason = at, by.id, reason
    tie.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    part.merged_into = None
    part.save(update_fields=["merged_into"])
    _wake(part, tie)
    for family in (family_of(part), family_of(whole)):
        roles.share(family)
        marking.share(family)
    part.refresh_from_db(fields=["roles", "teams", "state", "ended_at"])
    _record(part, above, UNMERGED, {"reason": reason, "since": format_time(tie.merged_at)}, by=by, at=at)
    if part.ended_at is None:
        _settle(part, line, by=by, at=at)
    else:
        _let_go(part, OPENED_ANEW % (whole.reference, reason), by=by, at=at)
    _give_back(whole, part, reason=reason, by=by, at=at)


def _two(ref: str, into: str, *, by: Actor) -> tuple[Incident, Incident]:
    """Return both incidents, locked with what is merged with them."""
    lock_matters(queries.find(reference, by=by).id for reference in (ref, into))
    part = queries.for_change(ref, by=by, merged_too=True)
    whole = queries.for_change(into, by=by, merged_too=True)
    return part, whole


def _fresh(whole: Incident, part: Incident) -> list[Incident]:
    """Return the family with the two incidents that this act holds, so that what it changes is seen on them."""
    held = {whole.id: whole, part.id: part}
    return [held.get(member.id, member) for member in family_of(whole)]


def _line(above: Incident, *, since: datetime) -> list[tuple[Incident, datetime]]:
    """Return the incidents that a part was one matter with, each since when, up to the whole."""
    line = [(above, since)]
    while above.merged_into_id is not None:
        since = max(since, Merge.objects.get(incident=above, undone_at__isnull=True).merged_at)
        above = Incident.objects.get(id=above.merged_into_id)
        line.append((above, since))
    return line


def _record(part: Incident, whole: Incident, event: str, facts: dict[str, Any], *, by: Actor, at: datetime) -> None:
    """Write the act into both records, each for its own teams."""
    acting.record(part, event, {**facts, "into": whole.reference}, by=by, at=at)
    acting.record(whole, event, {**facts, "part": part.reference}, by=by, at=at)


def _wake(part: Incident, tie: Merge) -> None:
    """Give a part that ended together with its whole the state back that it had; unless its matter opened anew."""
    if not tie.ended_from:
        return
    if part.origin_key and Incident.objects.filter(origin_key=part.origin_key, ended_at__isnull=True).exists():
        return
    part.state, part.ended_at = State(tie.ended_from), None
    part.save(update_fields=["state", "ended_at"])
    for merge in (
        Merge.objects.filter(into=part, undone_at__isnull=True).exclude(ended_from="").select_related("incident")
    ):
        _wake(merge.incident, merge)
        merge.ended_from = ""
        merge.save(update_fields=["ended_from"])


def end_with(whole: Incident, *, state: State, at: datetime) -> None:
    """End what is part of an incident together with it, and keep from which state, for the day a merge is undone."""
    ties = Merge.objects.filter(into=whole, undone_at__isnull=True).select_related("incident")
    for tie in ties:
        part = tie.incident
        if State(part.state) not in ENDED:
            tie.ended_from = part.state
            tie.save(update_fields=["ended_from"])
            part.state, part.ended_at = state, at
            part.save(update_fields=["state", "ended_at"])
        end_with(part, state=state, at=at)


def _settle(part: Incident, line: Sequence[tuple[Incident, datetime]], *, by: Actor, at: datetime) -> None:
    """Ask the law about the part alone; what was sent for the whole in the meantime was sent for the part too."""
    deriving.rederive(part, deriving.locked_clocks(part), by=by, at=at)
    sent = {
        duty_clocks.key_of(clock): (clock, incident.reference)
        for incident, since in reversed(line)
        for clock in Clock.objects.filter(incident=incident, ended_at__gte=since)
        if clock.state in {ClockState.MET, ClockState.MET_LATE}
    }
    clocks = deriving.locked_clocks(part)
    entries = []
    for clock in clocks:
        counterpart, where = sent.get(duty_clocks.key_of(clock), (None, ""))
        if counterpart is None or clock.state not in clock_rules.OWED or counterpart.ended_at is None:
            continue
        clock.state = clock_rules.sent(state=ClockState(clock.state), due=clock.due_at, at=counterpart.ended_at)
        clock.fires_at, clock.ended_at, clock.ended_by = None, counterpart.ended_at, counterpart.ended_by
        clock.ended_reason = SENT_WHILE_MERGED % where
        clock.save(update_fields=["state", "fires_at", "ended_at", "ended_by", "ended_reason"])
        facts = duty_clocks.told(clock) | {"sent": format_time(counterpart.ended_at), "with": where}
        entries.append(drafts.entry_of(clock, event="incidents.stage.sent", by=by, at=at, facts=facts))
    ledger.record_many(entries)
    if entries:
        deriving.rederive(part, clocks, by=by, at=at)


def _let_go(part: Incident, reason: str, *, by: Actor, at: datetime) -> None:
    """End what a part owes that stays ended: its clocks rested, and would run on in an incident that is over."""
    owed = [clock for clock in deriving.locked_clocks(part) if clock.state in clock_rules.OWED]
    ledger.record_many([_withdrawn(clock, reason, by=by, at=at) for clock in owed])


def _withdrawn(clock: Clock, reason: str, *, by: Actor, at: datetime) -> ledger.Entry:
    before = clock.state
    clock.state, clock.fires_at = ClockState.WITHDRAWN, None
    clock.ended_at, clock.ended_by, clock.ended_reason = at, by.id, reason
    clock.save(update_fields=["state", "fires_at", "ended_at", "ended_by", "ended_reason"])
    facts = duty_clocks.told(clock) | {"before": before, "reason": reason}
    return drafts.entry_of(clock, event="incidents.clock.withdrawn", by=by, at=at, facts=facts)


def _give_back(whole: Incident, part: Incident, *, reason: str, by: Actor, at: datetime) -> None:
    """End, with the reason of the undoing, what the whole owes only because of the part; ask the law about the rest."""
    if whole.ended_at is not None:
        return
    givers = {member.id for member in family_of(part)}
    clocks = deriving.locked_clocks(whole)
    matter = deriving.matter_of(family_of(whole))
    own = {debt.key for debt in deriving.debts_of(deriving.matter_of([whole]))}
    still = {debt.key for debt in deriving.debts_of(matter)}
    still |= {duty_clocks.key_of(clock) for clock in deriving.owed_by_parts(matter)}
    entries = []
    for clock in clocks:
        if clock.gained_from_id not in givers or clock.state not in clock_rules.OWED:
            continue
        if duty_clocks.key_of(clock) in still:
            # There is another cause; what it owes for that, it keeps: as its own, or until that part goes too.
            is_own = duty_clocks.key_of(clock) in own or len(matter.family) == 1
            clock.gained_from = None if is_own else deriving.giver(clock, matter)
            clock.save(update_fields=["gained_from"])
            continue
        entries.append(_withdrawn(clock, WENT_BACK % (part.reference, reason), by=by, at=at))
    ledger.record_many(entries)
    deriving.rederive(whole, clocks, by=by, at=at)
