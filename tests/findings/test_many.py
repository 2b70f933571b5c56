"""Acts on many findings: as many as were seen, each in the ledger, and taken back whole, but for what moved on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pehra.findings import api
from pehra.findings.models import Finding
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

WHY = "swept after the patch day"
pytestmark = pytest.mark.django_db


@pytest.fixture
def four(fold, sighting) -> list[Finding]:
    """Four findings of one organisation."""
    fold(*(sighting(subject=f"198.18.0.{number}") for number in (1, 2, 3, 4)))
    return list(Finding.objects.order_by("subject"))


def watcher(*teams: str) -> Actor:
    names = ("findings.read", "findings.change")
    return Actor(
        id="-".join(teams),
        kind=ActorKind.PERSON,
        name="A",
        teams=frozenset(teams),
        permissions=frozenset(f"{name}@team:{team}" for name in names for team in teams),
    )


def states() -> list[str]:
    return list(Finding.objects.order_by("subject").values_list("state", flat=True))


def test_all_that_a_filter_finds_is_seen_then_changed_then_taken_back(four, machine, at) -> None:
    filters = api.Filters(organisation="org-0001", unfixed=True)
    seen = api.preview_many(act="fixed", filters=filters, by=machine)
    assert (seen.changes, seen.elsewhere, seen.not_yours) == (4, 0, 0)
    assert states() == ["open"] * 4
    done = api.change_many(act="fixed", filters=filters, expected=4, reason=WHY, by=machine, at=at)
    assert done.changed == 4
    assert states() == ["fixed"] * 4
    entries = ledger.history(subject=f"finding:{four[0].id}", by=machine)
    assert [(entry.event, entry.facts["reason"]) for entry in entries] == [("findings.fixed", WHY)]
    undone = api.undo_many(change_id=done.id, by=machine, at=at + timedelta(days=2))
    assert (undone.restored, undone.kept) == (4, 0)
    assert states() == ["open"] * 4
    assert set(Finding.objects.values_list("fixed_at", flat=True)) == {None}
    entries = ledger.history(subject=f"finding:{four[0].id}", by=machine)
    assert entries[-1].event == "findings.undone"


def test_what_moved_on_since_is_not_touched_by_taking_back(four, machine, at, fold, sighting) -> None:
    ids = [row.id for row in four]
    done = api.change_many(act="fixed", ids=ids, expected=4, reason=WHY, by=machine, at=at)
    api.verify(finding_id=ids[0], reason="checked", by=machine, at=at + timedelta(hours=1))
    later = at + timedelta(hours=2)
    fold(sighting(subject="198.18.0.2", first_seen=later, last_seen=later), moment=later)
    before = states()
    assert before == ["verified", "open", "fixed", "fixed"]
    undone = api.undo_many(change_id=done.id, by=machine, at=at + timedelta(hours=3))
    assert (undone.restored, undone.kept) == (2, 2)
    assert states() == ["verified", "open", "open", "open"]
    with pytest.raises(Invalid, match="already"):
        api.undo_many(change_id=done.id, by=machine, at=at + timedelta(hours=4))


def test_what_was_reopened_and_taken_back_was_never_reopened(four, machine, at) -> None:
    ids = [row.id for row in four]
    api.change_many(act="fixed", ids=ids, expected=4, reason=WHY, by=machine, at=at)
    before = list(Finding.objects.order_by("id").values())
    later = at + timedelta(hours=1)
    done = api.change_many(act="reopen", ids=ids, expected=4, reason=WHY, by=machine, at=later)
    assert set(Finding.objects.values_list("state", "reopened", "reopened_at")) == {("open", 1, later)}
    api.undo_many(change_id=done.id, by=machine, at=at + timedelta(hours=2))
    assert list(Finding.objects.order_by("id").values()) == before


def test_nothing_is_done_when_the_list_is_not_what_was_seen(four, machine, at) -> None:
    with pytest.raises(Invalid, match="look at them again"):
        api.change_many(act="fixed", filters=api.Filters(), expected=3, reason=WHY, by=machine, at=at)
    assert states() == ["open"] * 4


def test_what_came_in_since_does_not_fill_the_place_of_what_went(four, machine, at, fold, sighting) -> None:
    filters = api.Filters(unfixed=True)
    seen = api.preview_many(act="fixed", filters=filters, by=machine)
    api.mark_fixed(finding_id=four[0].id, reason="done", by=machine, at=at)
    later = at + timedelta(hours=1)
    fold(sighting(subject="198.18.0.9", first_seen=later, last_seen=later), moment=later)
    said = {"act": "fixed", "filters": filters, "up_to": seen.newest, "reason": WHY, "by": machine, "at": later}
    with pytest.raises(Invalid, match="it would be 3 findings now"):
        api.change_many(**said, expected=seen.changes)
    assert api.change_many(**said, expected=3).changed == 3
    assert states() == ["fixed"] * 4 + ["open"]


def test_what_cannot_be_changed_is_counted_and_left(four, machine, at) -> None:
    api.mark_fixed(finding_id=four[0].id, reason="done", by=machine, at=at)
    seen = api.preview_many(act="fixed", ids=[row.id for row in four], by=machine)
    assert (seen.changes, seen.elsewhere) == (3, 1)
    foreign = watcher("punjab-cert")
    with pytest.raises(NotVisible):
        api.preview_many(act="fixed", ids=[row.id for row in four], by=foreign)
    reads = replace(watcher("ntcert"), permissions=frozenset({"findings.read@team:ntcert"}))
    assert api.preview_many(act="fixed", ids=[row.id for row in four], by=reads).not_yours == 3
    with pytest.raises(Forbidden):
        api.change_many(act="fixed", ids=[row.id for row in four], expected=3, reason=WHY, by=reads, at=at)


def test_another_team_sees_nothing_of_a_change_and_takes_nothing_back(four, machine, at) -> None:
    ours = watcher("ntcert")
    done = api.change_many(act="fixed", filters=api.Filters(), expected=4, reason=WHY, by=ours, at=at)
    assert api.many_change(change_id=done.id, by=ours, at=at).may_undo
    foreign = watcher("punjab-cert")
    with pytest.raises(NotVisible):
        api.many_change(change_id=done.id, by=foreign, at=at)
    with pytest.raises(NotVisible):
        api.undo_many(change_id=done.id, by=foreign, at=at)
    assert not api.many_change(change_id=done.id, by=ours, at=at + timedelta(days=8)).may_undo
    with pytest.raises(Invalid, match="too long ago"):
        api.undo_many(change_id=done.id, by=ours, at=at + timedelta(days=8))


def test_what_touched_others_too_is_not_taken_back_by_half(four, machine, at) -> None:
    Finding.objects.filter(id=four[0].id).update(teams=["pkcert"], lead_team="pkcert")
    ours, both = watcher("ntcert"), watcher("ntcert", "pkcert")
    done = api.change_many(act="fixed", filters=api.Filters(), expected=4, reason=WHY, by=both, at=at)
    with pytest.raises(Forbidden):
        api.undo_many(change_id=done.id, by=ours, at=at)
    assert states() == ["fixed"] * 4
    undone = api.undo_many(change_id=done.id, by=both, at=at)
    assert (undone.restored, undone.kept) == (4, 0)


@pytest.mark.parametrize(
    ("said", "field"), [({"act": "burn"}, "act"), ({"reason": "  "}, "reason"), ({"reason": "x" * 2_001}, "reason")]
)
def test_a_wrong_order_is_refused_at_its_field(four, machine, at, said: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        api.change_many(**{"act": "fixed", "reason": WHY, **said}, expected=4, by=machine, at=at)
    assert refused.value.field == field
