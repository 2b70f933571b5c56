"""Merge and un-merge: whatever happens in between, in whatever order, nothing is lost and no duty falls silent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pehra.incidents import api
from pehra.incidents.models import Clock, Incident, IncidentFinding, IncidentOrganisation, Merge
from pehra.incidents.queries.families import family_ids, root_of
from pehra.incidents.rules import clocks as clock_rules
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.law import api as law
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
Opener = Callable[..., str]
HOUR = timedelta(hours=1)


@pytest.fixture
def opened(at: datetime) -> Opener:
    """Open an incident by hand, and return its reference."""

    def make(organisation: str, *, by: Actor, aware: datetime | None = None, **facts: Any) -> str:
        profile = law.load("pk")
        said = law.IncidentFacts(taxonomy="malicious-code", type="infected-system", **facts)
        view = api.open_incident(
            title=f"At {organisation}",
            organisations=[organisation] if organisation else [],
            facts=said,
            moments={"awareness": aware} if aware else {},
            marking=law.sharing(profile, entity=law.EntityFacts(), on=at.date()),
            by=by,
            at=at,
        )
        return view.reference

    return make


def row(reference: str) -> Incident:
    return Incident.objects.get(reference=reference)


def owed(reference: str) -> dict[tuple[str, str, str], Clock]:
    clocks = Clock.objects.filter(incident__reference=reference)
    return {(c.duty, c.stage, c.organisation): c for c in clocks if c.state in clock_rules.OWED}


def kept(reference: str) -> dict[str, list[dict[str, Any]]]:
    """Everything that belongs to one incident, row by row, as the tables hold it."""
    incident = row(reference)
    found: dict[str, list[dict[str, Any]]] = {"incident": list(Incident.objects.filter(id=incident.id).values())}
    for relation in Incident._meta.related_objects:
        model, name = relation.related_model, relation.field.name
        if model not in {Incident, Merge} and name == "incident":
            found[model._meta.db_table] = list(model._base_manager.filter(incident=incident).order_by("pk").values())
    return found


def test_merged_and_undone_two_days_later_both_are_as_they_were(opened: Opener, machine: Actor, at: datetime) -> None:
    whole, part = opened("org-0001", by=machine, aware=at - HOUR), opened("org-0002", by=machine, aware=at - 2 * HOUR)
    before = {reference: kept(reference) for reference in (whole, part)}
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    assert kept(part)["incidents_clock"] == [
        {**clock, "teams": row(part).teams} for clock in before[part]["incidents_clock"]
    ]
    api.unmerge(ref=part, reason="two after all", by=machine, at=at + timedelta(days=2))
    assert kept(part) == before[part]
    after = kept(whole)
    went_back = [clock for clock in after["incidents_clock"] if clock["gained_from_id"] == row(part).id]
    assert {clock["state"] for clock in went_back} == {"withdrawn"}
    after["incidents_clock"] = [clock for clock in after["incidents_clock"] if clock not in went_back]
    assert after == before[whole]


def test_while_merged_the_whole_owes_what_the_part_owes_and_the_part_rests(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened("org-0001", by=machine, aware=at), opened("org-0002", by=machine, aware=at)
    wanted = owed(part)
    assert wanted
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    there = owed(whole)
    assert wanted.keys() <= there.keys()
    assert {there[key].due_at for key in wanted} == {clock.due_at for clock in wanted.values()}
    assert api.incidents(by=machine, state="live").rows[0].reference == whole
    assert part not in {view.reference for view in api.incidents(by=machine).rows}
    assert [view.reference for view in api.incidents(by=machine, state="merged").rows] == [part]
    later = at + timedelta(days=60)
    while api.advance_clocks(at=later):
        pass
    assert {clock.state for clock in owed(part).values()} <= {"running", "unknown", "waiting"}
    assert "overdue" in {clock.state for clock in owed(whole).values()}
    with pytest.raises(Refusal, match=whole):
        api.set_severity(ref=part, severity="high", reason="grave", by=machine, at=later)


def test_what_was_sent_for_the_whole_was_sent_for_the_part_too(opened: Opener, machine: Actor, at: datetime) -> None:
    whole, part = opened("org-0001", by=machine, aware=at), opened("org-0001", by=machine, aware=at - HOUR)
    api.merge(ref=part, into=whole, reason="reported twice", by=machine, at=at)
    first = next(clock for clock in owed(whole).values() if clock.due_at)
    api.record_stage_sent(ref=whole, duty=first.duty, stage=first.stage, by=machine, at=at + HOUR)
    api.unmerge(ref=part, reason="two after all", by=machine, at=at + timedelta(days=2))
    clock = Clock.objects.get(incident__reference=part, duty=first.duty, stage=first.stage)
    assert (clock.state, clock.ended_at) == ("met", at + HOUR)
    assert whole in clock.ended_reason


def test_the_earliest_moment_of_the_matter_counts_until_the_merge_is_undone(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened("org-0001", by=machine, aware=at), opened("org-0001", by=machine, aware=at - 5 * HOUR)
    due = {key: clock.due_at for key, clock in owed(whole).items()}
    api.merge(ref=part, into=whole, reason="reported twice", by=machine, at=at)
    moved = {key: clock.due_at for key, clock in owed(whole).items()}
    assert all(earlier <= later for key, later in due.items() if later and (earlier := moved[key]))
    assert moved != due
    api.unmerge(ref=part, reason="two after all", by=machine, at=at + HOUR)
    assert {key: clock.due_at for key, clock in owed(whole).items()} == due


def test_what_went_back_is_owed_again_when_it_is_merged_again_or_owed_for_another_reason(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened("org-0001", by=machine, aware=at), opened("org-0002", by=machine, aware=at)
    wanted = owed(part)
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    rows = {key: owed(whole)[key].id for key in wanted}
    api.unmerge(ref=part, reason="two after all", by=machine, at=at + HOUR)
    assert not owed(whole).keys() & wanted.keys()
    with transaction.atomic():
        api.affect(ref=whole, organisation="org-0002", reason="hit too", by=machine, at=at + 2 * HOUR)
        own = {key for key, clock in wanted.items() if clock.owed_by == "entity"}
        assert own
        assert own <= owed(whole).keys()
        assert {owed(whole)[key].gained_from_id for key in own} == {None}
        transaction.set_rollback(True)
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at + 2 * HOUR)
    again = {key: clock for key, clock in owed(whole).items() if key in wanted}
    assert {key: clock.id for key, clock in again.items()} == rows
    assert {key: clock.due_at for key, clock in again.items()} == {key: clock.due_at for key, clock in wanted.items()}
    assert {(clock.ended_at, clock.ended_reason) for clock in again.values()} == {(None, "")}


def test_what_a_person_withdrew_on_the_whole_stays_withdrawn(opened: Opener, machine: Actor, at: datetime) -> None:
    whole, part = opened("org-0001", by=machine, aware=at), opened("org-0002", by=machine, aware=at)
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    key = next(key for key in owed(part) if key in owed(whole))
    said = dict(zip(("duty", "stage", "organisation"), key, strict=True))
    api.withdraw_clock(ref=whole, reason="no licensee", by=machine, at=at + HOUR, **said)
    api.set_severity(ref=whole, severity="critical", reason="grave", by=machine, at=at + HOUR)
    assert key not in owed(whole)


def test_what_two_parts_owe_is_owed_until_both_are_gone(opened: Opener, machine: Actor, at: datetime) -> None:
    whole = opened("org-0001", by=machine, aware=at)
    one, other = (opened("org-0002", by=machine, aware=at) for _ in range(2))
    wanted = owed(one).keys()
    for part in (one, other):
        api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    assert wanted <= owed(whole).keys()
    api.unmerge(ref=one, reason="two after all", by=machine, at=at + HOUR)
    assert wanted <= owed(whole).keys()
    api.unmerge(ref=other, reason="three after all", by=machine, at=at + 2 * HOUR)
    assert not wanted & owed(whole).keys()


@pytest.mark.parametrize("sender", ["middle", "top"])
def test_only_what_was_sent_while_it_was_one_matter_was_sent_for_the_part(
    sender: str, opened: Opener, machine: Actor, at: datetime
) -> None:
    part, middle, top = (opened("org-0001", by=machine, aware=at) for _ in range(3))
    first = next(clock for clock in owed(part).values() if clock.due_at)
    key = (first.duty, first.stage, first.organisation)
    api.merge(ref=part, into=middle, reason="one", by=machine, at=at)
    sent = {"duty": first.duty, "stage": first.stage, "by": machine, "at": at + HOUR}
    api.record_stage_sent(ref={"middle": middle, "top": top}[sender], **sent)
    api.merge(ref=middle, into=top, reason="one", by=machine, at=at + 2 * HOUR)
    api.unmerge(ref=part, reason="two", by=machine, at=at + 3 * HOUR)
    assert (key in owed(part)) == (sender == "top")


def test_marks_come_back_in_whichever_order_merges_are_undone(opened: Opener, machine: Actor, at: datetime) -> None:
    part, middle, top = (opened("org-0001", by=machine, aware=at) for _ in range(3))
    before = {ref: (row(ref).tlp, row(ref).marking_because) for ref in (middle, top)}
    api.change_marking(ref=part, tlp="TLP:RED", pap="PAP:RED", reason="secret", by=machine, at=at)
    api.merge(ref=part, into=middle, reason="one", by=machine, at=at)
    api.merge(ref=middle, into=top, reason="one", by=machine, at=at)
    api.unmerge(ref=part, reason="two", by=machine, at=at)
    api.unmerge(ref=middle, reason="two", by=machine, at=at)
    assert {ref: (row(ref).tlp, row(ref).marking_because) for ref in (middle, top)} == before


def test_a_part_whose_matter_was_opened_anew_stays_ended_and_owes_nothing_twice(
    finding: Any, outcome: Any, machine: Actor, at: datetime
) -> None:
    (whole,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    api.merge(ref=part.reference, into=whole.reference, reason="one campaign", by=machine, at=at)
    api.move(ref=whole.reference, to="dismissed", reason="a test of ours", by=machine, at=at)
    (anew,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at + HOUR)
    api.unmerge(ref=part.reference, reason="two after all", by=machine, at=at + 2 * HOUR)
    assert row(part.reference).ended_at is not None
    assert owed(part.reference) == {}
    ended = Clock.objects.filter(incident=row(part.reference)).first()
    assert ended is not None
    assert "opened anew" in ended.ended_reason
    assert "two after all" in ended.ended_reason
    assert owed(anew.reference)


def test_what_ended_with_the_whole_wakes_as_it_was(opened: Opener, machine: Actor, at: datetime) -> None:
    whole, part = opened("org-0004", by=machine), opened("org-0004", by=machine)
    api.move(ref=part, to="open", reason="", by=machine, at=at)
    api.merge(ref=part, into=whole, reason="the same", by=machine, at=at)
    api.move(ref=whole, to="dismissed", reason="nothing there", by=machine, at=at)
    assert row(part).state == "dismissed"
    view = api.unmerge(ref=part, reason="this one is real", by=machine, at=at + timedelta(days=2))
    assert (view.state, view.ended_at) == ("open", None)
    assert row(whole).state == "dismissed"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda a, b, do: do(a, a), "itself"),
        (lambda a, b, do: (do(a, b), do(a, b)), "already"),
        (lambda a, b, do: (do(a, b), do(b, a)), "itself merged"),
    ],
)
def test_what_makes_no_sense_is_refused(
    make: Callable[..., Any], words: str, opened: Opener, machine: Actor, at: datetime
) -> None:
    one, other = opened("org-0001", by=machine), opened("org-0002", by=machine)

    def do(ref: str, into: str) -> None:
        api.merge(ref=ref, into=into, reason="tried", by=machine, at=at)

    with pytest.raises(Refusal, match=words):
        make(one, other, do)


def test_an_ended_incident_an_exercise_and_one_without_reason_are_not_merged(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    one, other = opened("org-0001", by=machine), opened("org-0002", by=machine)
    with pytest.raises(Refusal, match="why"):
        api.merge(ref=one, into=other, reason=" ", by=machine, at=at)
    api.mark_exercise(ref=one, exercise=True, reason="a drill", by=machine, at=at)
    with pytest.raises(Refusal, match="exercise"):
        api.merge(ref=one, into=other, reason="tried", by=machine, at=at)
    api.mark_exercise(ref=one, exercise=False, reason="it is real", by=machine, at=at)
    api.move(ref=one, to="dismissed", reason="nothing", by=machine, at=at)
    with pytest.raises(Refusal, match="not ended"):
        api.merge(ref=one, into=other, reason="tried", by=machine, at=at)


def test_who_cannot_change_both_cannot_merge_and_undoing_takes_the_sight_back(
    opened: Opener, machine: Actor, sector_analyst: Actor, stranger: Actor, at: datetime
) -> None:
    theirs, hidden = opened("org-0001", by=machine), opened("org-0003", by=machine)
    with pytest.raises((NotVisible, Forbidden)):
        api.merge(ref=theirs, into=hidden, reason="tried", by=sector_analyst, at=at)
    assert api.incident(theirs, by=sector_analyst)
    api.merge(ref=hidden, into=theirs, reason="one matter", by=machine, at=at)
    assert api.incident(hidden, by=sector_analyst).incident.merged_into == theirs
    api.unmerge(ref=hidden, reason="two", by=machine, at=at)
    with pytest.raises(NotVisible):
        api.incident(hidden, by=sector_analyst)
    with pytest.raises(NotVisible):
        api.merge(ref=hidden, into=theirs, reason="tried", by=stranger, at=at)


def test_both_records_tell_of_it(opened: Opener, machine: Actor, at: datetime) -> None:
    whole, part = opened("org-0001", by=machine), opened("org-0002", by=machine)
    api.merge(ref=part, into=whole, reason="one campaign", by=machine, at=at)
    api.unmerge(ref=part, reason="two after all", by=machine, at=at + HOUR)
    for reference in (whole, part):
        events = [entry.event for entry in ledger.history(subject=reference, by=machine)]
        assert [event for event in events if "merged" in event] == ["incidents.merged", "incidents.unmerged"]
    page = api.incident(whole, by=machine)
    assert [(past.part, past.reason, past.undone_reason) for past in page.merges] == [
        (part, "one campaign", "two after all")
    ]


ORGANISATIONS = ("org-0001", "org-0002", "org-0003", "org-0004", "org-0006")


@dataclass
class Between:
    """Three incidents that are merged and parted again and again while people work on them."""

    references: list[str]
    by: Actor
    now: datetime
    seen: dict[str, set[Any]] = field(default_factory=dict)
    went_through: int = 0

    def act(self, number: int, which: int, other: int) -> None:
        ref, second = self.references[which], self.references[other]
        said: dict[str, Any] = {"ref": ref, "by": self.by, "at": self.now}
        acts: tuple[Callable[[], object], ...] = (
            lambda: api.merge(into=second, reason="one", **said),
            lambda: api.unmerge(reason="two", **said),
            lambda: api.set_severity(severity=("low", "critical")[other % 2], reason="seen", **said),
            lambda: api.supply_moment(name="awareness", moment=self.now - other * HOUR, **said),
            lambda: api.state_facts(attributes=["ransomware"] if other else [], reason="seen", **said),
            lambda: self.send(ref, other),
            lambda: api.affect(organisation=ORGANISATIONS[(number + other) % 5], reason="hit too", **said),
            lambda: api.add_observables(text=f"198.51.100.{number} seen at n{other}.example", **said),
            lambda: api.add_asset(organisation="", name=f"server {number}", note="", **said),
            lambda: api.link(other=second, kind="related", note="", **said),
            lambda: api.move(to=("open", "contained", "dismissed")[other], reason="so it is", **said),
            lambda: api.change_marking(tlp="TLP:RED", pap="PAP:RED", reason="secret", **said),
            lambda: self.withdraw(ref, other),
        )
        try:
            with transaction.atomic():
                acts[number % len(acts)]()
                self.went_through += 1
        except Refusal:
            return

    def send(self, ref: str, other: int) -> None:
        clocks = sorted(owed(ref).values(), key=lambda clock: str(clock.id))
        if clocks:
            clock = clocks[other % len(clocks)]
            said = {"duty": clock.duty, "stage": clock.stage, "organisation": clock.organisation}
            api.record_stage_sent(ref=ref, by=self.by, at=self.now, **said)

    def withdraw(self, ref: str, other: int) -> None:
        clocks = sorted(owed(ref).values(), key=lambda clock: str(clock.id))
        if clocks:
            clock = clocks[other % len(clocks)]
            said = {"duty": clock.duty, "stage": clock.stage, "organisation": clock.organisation}
            api.withdraw_clock(ref=ref, reason="not owed", by=self.by, at=self.now, **said)

    def hold(self) -> None:
        """What must hold after every act."""
        for reference in self.references:
            incident = row(reference)
            for table, rows in kept(reference).items():
                known = {one.get("id") for one in rows}
                before = self.seen.setdefault(f"{reference} {table}", set())
                assert before <= known, f"{reference} lost rows of {table}"
                before |= known
            root = root_of(incident)
            if incident.merged_into_id is None or root.ended_at is not None:
                continue
            clocks = Clock.objects.filter(incident=root).exclude(ended_reason__contains="since the merge was undone")
            said = {(c.duty, c.stage, c.organisation) for c in clocks}
            assert owed(reference).keys() <= said, "a duty of a part fell silent"
            assert set(incident.teams) == set(root.teams), "one matter is read by all its teams"
            assert incident.id in family_ids(root)


ACTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=14)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_any_acts_in_any_order_between_merge_and_undoing_lose_nothing(
    acts: list[tuple[int, int, int]], opened: Opener, machine: Actor, at: datetime
) -> None:
    with transaction.atomic():
        references = [opened(organisation, by=machine, aware=at) for organisation in ORGANISATIONS[:3]]
        for number, reference in enumerate(references):
            IncidentFinding.objects.create(incident=row(reference), finding=UUID(int=number + 1), added_at=at)
        between = Between(references, machine, at)
        state = {reference: row(reference).state for reference in references}
        duties = {reference: owed(reference) for reference in references}
        api.merge(ref=references[1], into=references[0], reason="one", by=machine, at=at)
        between.hold()
        for number, which, other in acts:
            between.now += HOUR
            between.act(number, which, other)
            between.hold()
        later = between.now + timedelta(days=2)
        for reference in references:
            if row(reference).merged_into_id is not None:
                api.unmerge(ref=reference, reason="two after all", by=machine, at=later)
                between.hold()
        assert not Incident.objects.filter(merged_into__isnull=False).exists()
        for reference in references:
            clocks = {(c.duty, c.stage, c.organisation): c for c in Clock.objects.filter(incident__reference=reference)}
            assert duties[reference].keys() <= clocks.keys(), "a clock disappeared"
            incident = row(reference)
            if incident.ended_at is None:
                assert all(clocks[key].state in clock_rules.OWED or clocks[key].ended_by for key in duties[reference])
            moved = [e for e in ledger.history(subject=reference, by=machine) if e.event == "incidents.moved"]
            if not moved:
                assert incident.state == state[reference], "an untouched incident came back in another state"
            assert all(one <= two for one, two in pairwise(e.at for e in ledger.history(subject=reference, by=machine)))
        assert IncidentOrganisation.objects.filter(incident__reference__in=references).count() >= 3
        transaction.set_rollback(True)
