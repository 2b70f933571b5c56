"""Two who act on one matter at the same moment: each act is done whole, and none is ended by a circle of locks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from threading import Barrier, BrokenBarrierError, Event
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from pehra.incidents import api
from pehra.incidents.api import acting, merging
from pehra.incidents.models import Clock, Incident, IncidentLink, Merge
from pehra.incidents.queries import families
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Refusal
from pehra.law import api as law

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("committed_country")]
MEETING_SECONDS = 0.5
EVENT_SECONDS = 10


@pytest.fixture
def opened(machine: Actor, at: datetime) -> Callable[[str], str]:
    """Open an incident of an organisation that owes nothing, and return its reference."""

    def make(organisation: str) -> str:
        marking = law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date())
        view = api.open_incident(
            title=f"At {organisation}",
            organisations=[organisation],
            facts=law.IncidentFacts(),
            moments={},
            marking=marking,
            by=machine,
            at=at,
        )
        for clock in view.clocks:
            api.withdraw_clock(ref=view.reference, duty=clock.duty, stage=clock.stage, reason="no", by=machine, at=at)
        return view.reference

    return make


def meeting(both: Barrier, act: Callable[..., Any]) -> Callable[..., Any]:
    """Wait before an act until the other is as far; who is kept out by a lock does not come, and is not waited for."""

    def together(*given: Any, **named: Any) -> Any:
        with suppress(BrokenBarrierError):
            both.wait(timeout=MEETING_SECONDS)
        return act(*given, **named)

    return together


def at_once(*acts: Callable[[], Any]) -> list[object]:
    """Do all of it at the same moment; return what became of each. An error of the database is raised."""

    def run(act: Callable[[], Any]) -> object:
        try:
            return act()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(run, acts))


def test_a_whole_is_closed_while_its_merge_is_undone(
    opened: Callable[[str], str], machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, part = opened("org-0001"), opened("org-0002")
    api.move(ref=whole, to="open", reason="", by=machine, at=at)
    api.merge(ref=part, into=whole, reason="one matter", by=machine, at=at)
    Clock.objects.update(state="withdrawn", fires_at=None, ended_at=at, ended_by="cast:anna", ended_reason="no")
    both = Barrier(2)
    monkeypatch.setattr(merging, "end_with", meeting(both, merging.end_with))
    monkeypatch.setattr(merging, "_part", meeting(both, merging._part))

    closed, _apart = at_once(
        lambda: api.move(ref=whole, to="closed", reason="done", by=machine, at=at),
        lambda: api.unmerge(ref=part, reason="two after all", by=machine, at=at),
    )

    assert not isinstance(closed, Refusal)
    assert Merge.objects.get().undone_at == at
    assert Incident.objects.get(reference=whole).state == "closed"
    again = Incident.objects.get(reference=part)
    assert (again.merged_into, again.state, again.ended_at) == (None, "new", None)


def test_two_merge_the_same_two_the_other_way_round(
    opened: Callable[[str], str], machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened("org-0001"), opened("org-0002")
    both = Barrier(2)
    monkeypatch.setattr(merging.queries, "for_change", meeting(both, merging.queries.for_change))

    results = at_once(
        lambda: api.merge(ref=one, into=other, reason="one matter", by=machine, at=at),
        lambda: api.merge(ref=other, into=one, reason="one matter", by=machine, at=at),
    )

    assert sum(isinstance(result, Refusal) for result in results) == 1
    assert Merge.objects.count() == 1


def test_what_was_joined_while_one_waited_is_held_too(
    opened: Callable[[str], str], machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, late = opened("org-0001"), opened("org-0002")
    is_joining, has_read = Event(), Event()
    record, matters = merging._record, families._matters

    def joining(*given: Any, **named: Any) -> None:
        is_joining.set()
        assert has_read.wait(timeout=EVENT_SECONDS)
        record(*given, **named)

    def reading(ids: set[UUID]) -> set[UUID]:
        found = matters(ids)
        if is_joining.is_set():
            has_read.set()
        return found

    def hold() -> set[str]:
        assert is_joining.wait(timeout=EVENT_SECONDS)
        with transaction.atomic():
            held = families.lock_matters([Incident.objects.get(reference=whole).id])
            return {row.reference for row in held.values()}

    monkeypatch.setattr(merging, "_record", joining)
    monkeypatch.setattr(families, "_matters", reading)
    _merged, held = at_once(
        lambda: api.merge(ref=late, into=whole, reason="one matter", by=machine, at=at),
        hold,
    )

    assert held == {whole, late}


def test_two_link_the_same_two_from_either_side(
    opened: Callable[[str], str], machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened("org-0001"), opened("org-0002")
    monkeypatch.setattr(acting, "locked", _then(meeting(Barrier(2), lambda: None), acting.locked))

    at_once(
        lambda: api.link(ref=one, other=other, kind="related", note="", by=machine, at=at),
        lambda: api.link(ref=other, other=one, kind="related", note="", by=machine, at=at),
    )

    assert IncidentLink.objects.count() == 1


def _then(wait: Callable[[], Any], act: Callable[..., Any]) -> Callable[..., Any]:
    """Do an act and wait after it."""

    def done(*given: Any, **named: Any) -> Any:
        result = act(*given, **named)
        wait()
        return result

    return done
