"""A part of Pehra reads on from where it stood: each sealed entry once, none before its checkpoint."""

from datetime import datetime

import pytest
from django.db import transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api

pytestmark = pytest.mark.django_db


def write(*events: str, by: Actor, at: datetime) -> None:
    with transaction.atomic():
        for event in events:
            api.record(event, subject="person:1", by=by, at=at, teams=["pkcert"], facts={"event": event})


def read(position: int, machine: Actor, *, limit: int = 10) -> api.SealedPage:
    return api.sealed_from(position=position, prefixes=("access.", "signals.credential."), limit=limit, by=machine)


def test_only_what_is_sealed_and_wanted_is_read_in_order(machine: Actor, at: datetime) -> None:
    write("access.granted", "findings.folded", "signals.credential.leaked", "accessory.bought", by=machine, at=at)
    assert read(0, machine) == api.SealedPage(entries=(), next=0)

    api.place_entries(at=at)
    page = read(0, machine)

    assert [entry.event for entry in page.entries] == ["access.granted", "signals.credential.leaked"]
    assert [entry.position for entry in page.entries] == [0, 2]
    assert page.next == 4
    assert page.entries[0].teams == ("pkcert",)
    assert page.entries[0].facts == {"event": "access.granted"}
    assert read(page.next, machine) == api.SealedPage(entries=(), next=4)


def test_a_page_is_bounded_and_the_next_one_goes_on(machine: Actor, at: datetime) -> None:
    write(*["findings.folded"] * 5, *["access.granted"] * 5, by=machine, at=at)
    api.place_entries(at=at)

    seen, position = [], 0
    while (page := read(position, machine, limit=3)).next != position:
        assert page.next - position <= 3
        seen += [entry.position for entry in page.entries]
        position = page.next

    assert seen == [5, 6, 7, 8, 9]


def test_people_do_not_read_the_ledger_this_way(analyst: Actor, machine: Actor) -> None:
    with pytest.raises(NotVisible):
        read(0, analyst)
    with pytest.raises(Invalid):
        read(0, machine, limit=api.SEALED_AT_ONCE_MAX + 1)
