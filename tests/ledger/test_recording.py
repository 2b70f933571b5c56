"""Recording: in the act's transaction, seen by whom it concerns, sealed within seconds."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api

pytestmark = pytest.mark.django_db


def test_an_entry_is_read_back_as_it_was_written(analyst: Actor, at: datetime) -> None:
    facts = {"tlp": Tlp.AMBER, "due": at, "reason": "مسئلہ حل", "times": 3, "teams": {"b", "a"}}
    made = api.record("incidents.opened", subject="PK-2026-000001", by=analyst, at=at, teams=["pkcert"], facts=facts)
    (seen,) = api.history(subject="PK-2026-000001", by=analyst)
    assert seen.id == made
    assert (seen.event, seen.subject, seen.by, seen.at) == ("incidents.opened", "PK-2026-000001", analyst.id, at)
    assert seen.facts == {
        "tlp": "TLP:AMBER",
        "due": "2026-11-24T09:30:00Z",
        "reason": "مسئلہ حل",
        "times": 3,
        "teams": ["a", "b"],
    }
    assert seen.position is None
    assert not seen.sealed


def test_an_entry_is_sealed_in_the_order_of_arrival(machine: Actor, at: datetime) -> None:
    for number in range(5):
        api.record("incidents.opened", subject=f"PK-2026-00000{number}", by=machine, at=at)
    made = api.place_entries(at=at)
    assert made is not None
    assert made.size == 5
    assert [entry.subject[-1] for entry in api.recent(by=machine, before=None, limit=9)] == ["4", "3", "2", "1", "0"]
    assert [entry.position for entry in api.recent(by=machine, before=None, limit=9)] == [4, 3, 2, 1, 0]
    assert api.place_entries(at=at) is None
    assert api.latest_checkpoint() == made


def test_nobody_sees_another_constituency(
    analyst: Actor, sector_analyst: Actor, stranger: Actor, machine: Actor, at: datetime
) -> None:
    made = api.record("incidents.opened", subject="PK-2026-000001", by=analyst, at=at, teams=["pkcert"])
    api.place_entries(at=at)
    for actor in (analyst, machine):
        assert [entry.id for entry in api.history(subject="PK-2026-000001", by=actor)] == [made]
        assert api.prove(made, by=actor)["position"] == 0
    for actor in (sector_analyst, stranger):
        assert api.history(subject="PK-2026-000001", by=actor) == []
        assert api.recent(by=actor, before=None, limit=9) == []
        for read in (api.view, api.prove):
            with pytest.raises(NotVisible):
                read(made, by=actor)


def test_pages_follow_one_another_without_loss(machine: Actor, at: datetime) -> None:
    api.record_many(
        [api.Entry(event="findings.opened", subject=f"f-{number}", by=machine, at=at) for number in range(25)]
    )
    seen: list[str] = []
    before: UUID | None = None
    while page := api.recent(by=machine, before=before, limit=10):
        seen += [entry.subject for entry in page]
        before = page[-1].id
    assert seen == [f"f-{number}" for number in reversed(range(25))]


def test_many_entries_are_written_like_one(machine: Actor, at: datetime) -> None:
    act = api.Entry(event="findings.opened", subject="f-1", by=machine, at=at, teams=("b", "a"), facts={"port": 23})
    alone = api.record(act.event, subject=act.subject, by=act.by, at=act.at, teams=act.teams, facts=act.facts)
    (together,) = api.record_many([act])
    first, second = (api.view(identifier, by=machine).as_json() for identifier in (alone, together))
    assert first | {"id": ""} == second | {"id": ""}
    assert api.record_many([]) == []


def test_what_is_rolled_back_leaves_no_entry(machine: Actor, at: datetime) -> None:
    with transaction.atomic():
        api.record("incidents.opened", subject="PK-2026-000001", by=machine, at=at)
        transaction.set_rollback(True)
    assert api.history(subject="PK-2026-000001", by=machine) == []
    assert api.waiting_count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_our_bug(machine: Actor, at: datetime) -> None:
    with pytest.raises(RuntimeError):
        api.record("incidents.opened", subject="PK-2026-000001", by=machine, at=at)


@pytest.mark.parametrize(
    ("event", "subject", "facts"),
    [
        ("opened", "s", {}),
        ("Incidents.opened", "s", {}),
        ("incidents.opened\n", "s", {}),
        ("incidents.opened", "", {}),
        ("incidents.opened", "s", {"x": object()}),
        ("incidents.opened", "s", {"x": float("nan")}),
        ("incidents.opened", "s", {"x": "y" * 300_000}),
        ("incidents.opened", "s", {"x": "\ud800"}),
    ],
)
def test_an_entry_that_is_not_well_formed_is_refused(
    event: str, subject: str, facts: dict[str, object], machine: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid):
        api.record(event, subject=subject, by=machine, at=at, facts=facts)
    with pytest.raises(Invalid):
        api.record_many([api.Entry(event=event, subject=subject, by=machine, at=at, facts=facts)])


def test_text_that_postgres_cannot_hold_is_kept_in_the_bytes(machine: Actor, at: datetime) -> None:
    made = api.record("intake.received", subject="m-1", by=machine, at=at, facts={"header": "a\x00b"})
    assert api.view(made, by=machine).facts == {"header": "a\x00b"}
    with pytest.raises(Invalid):
        api.record("intake.received", subject="m\x00", by=machine, at=at)


def test_an_unknown_entry_is_not_there(machine: Actor) -> None:
    with pytest.raises(NotVisible):
        api.view(uuid4(), by=machine)


def test_an_entry_without_a_place_cannot_be_proven_yet(machine: Actor, at: datetime) -> None:
    made = api.record("incidents.opened", subject="PK-2026-000001", by=machine, at=at)
    with pytest.raises(Invalid, match="not yet sealed"):
        api.prove(made, by=machine)
    early = api.place_entries(at=at)
    assert early is not None
    later = api.record("incidents.closed", subject="PK-2026-000001", by=machine, at=at + timedelta(hours=1))
    api.place_entries(at=at)
    with pytest.raises(Invalid, match="older than the entry"):
        api.prove(later, by=machine, size=early.size)
    with pytest.raises(NotVisible):
        api.prove(later, by=machine, size=77)
