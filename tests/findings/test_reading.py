"""Reading findings: through the wall, by filter and page; the situation in numbers; how far a problem has spread."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pehra.findings import api
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible

pytestmark = pytest.mark.django_db


@pytest.fixture
def several(fold, sighting) -> dict[str, api.FindingView]:
    """Four findings of four constituencies."""
    outcome = fold(
        sighting(subject="198.18.0.1"),
        sighting(subject="198.18.0.2", organisation="org-0002", sector="power", lead_team="pkcert", teams=["pkcert"]),
        sighting(
            subject="198.18.0.3", organisation="org-0003", sector="", territory="sindh", lead_team="sindh-cert",
            teams=["sindh-cert", "pkcert"],
        ),
        sighting(subject="198.18.0.4", organisation="", port=23),
    )  # fmt: skip
    return {view.subject[-1]: view for view in outcome.new}


def seen(by: Actor, **filters: object) -> set[str]:
    return {view.subject[-1] for view in api.findings(by=by, filters=api.Filters(**filters))}  # type: ignore[arg-type]


def test_each_sees_their_constituency_and_nobody_elses(
    several, machine: Actor, analyst: Actor, sector_analyst: Actor, organisation_contact: Actor, stranger: Actor
) -> None:
    assert seen(machine) == seen(analyst) == {"1", "2", "3", "4"}
    assert seen(sector_analyst) == {"1", "4"}
    assert seen(organisation_contact) == {"1"}
    assert seen(stranger) == set()
    assert seen(replace(organisation_contact, organisations=frozenset({""}))) == set(), "no organisation is nobody's"


def test_what_one_may_not_see_is_not_there(several, sector_analyst: Actor, stranger: Actor, at: datetime) -> None:
    hidden = several["2"].id

    for identifier in (hidden, uuid4()):
        with pytest.raises(NotVisible):
            api.finding(finding_id=identifier, by=sector_analyst)
        with pytest.raises(NotVisible):
            api.history(finding_id=identifier, by=sector_analyst)
        with pytest.raises(NotVisible):
            api.mark_fixed(finding_id=identifier, reason="x", by=sector_analyst, at=at)
    with pytest.raises(NotVisible):
        api.finding(finding_id=several["1"].id, by=stranger)


def test_a_role_that_reads_no_findings_sees_none(several, sector_analyst: Actor) -> None:
    blind = replace(sector_analyst, permissions=frozenset({"registry.read"}))

    assert seen(blind) == set()
    assert api.totals(by=blind) == api.Totals()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"1", "2", "3", "4"}),
        ({"team": "sindh-cert"}, {"3"}),
        ({"organisation": "org-0002"}, {"2"}),
        ({"organisation": "-"}, {"4"}),
        ({"sector": "telecom"}, {"1", "4"}),
        ({"sector": "-"}, {"3"}),
        ({"territory": "sindh"}, {"3"}),
        ({"kind": "infected-system/sinkhole/andromeda"}, {"1", "2", "3", "4"}),
        ({"kind": "infected-system"}, set()),
        ({"search": "198.18.0.2"}, {"2"}),
        ({"search": "198.18."}, {"1", "2", "3", "4"}),
        ({"search": "infected-system/sink"}, {"1", "2", "3", "4"}),
        ({"search": "org-0003"}, {"3"}),
        ({"search": "100%"}, set()),
        ({"sector": "telecom", "search": "198.18.0.4"}, {"4"}),
    ],
)
def test_filters(several, machine: Actor, filters: dict[str, str], expected: set[str]) -> None:
    assert seen(machine, **filters) == expected


def test_a_search_has_a_limit(several, machine: Actor) -> None:
    with pytest.raises(Invalid):
        api.findings(by=machine, filters=api.Filters(search="x" * 256))


def test_pages_hold_everything_once(fold, sighting, machine: Actor) -> None:
    fold(*(sighting(port=port) for port in range(7)))

    pages, before = [], None
    while page := api.findings(by=machine, before=before, limit=3):
        pages.append(page)
        before = page[-1].id

    ids = [view.id for page in pages for view in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert ids == sorted(set(ids), reverse=True)
    assert ids == [view.id for view in api.every_finding(by=machine, limit=100)]
    assert ids[:4] == [view.id for view in api.every_finding(by=machine, limit=4)]


def test_a_page_costs_two_queries_however_long(fold, sighting, machine: Actor) -> None:
    fold(*(sighting(port=port, because=f'[{{"rule": "{port % 5}"}}]') for port in range(40)))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        api.findings(by=machine, limit=40)

    assert len(queries) == 2


def test_states_are_filtered_and_counted(several, machine: Actor, at: datetime) -> None:
    api.mark_fixed(finding_id=several["1"].id, reason="mended", by=machine, at=at)
    api.mark_fixed(finding_id=several["2"].id, reason="mended", by=machine, at=at)
    api.verify(finding_id=several["2"].id, reason="scanned", by=machine, at=at)

    assert seen(machine, unfixed=True) == {"3", "4"}
    assert seen(machine, state=api.State.FIXED) == {"1"}
    assert seen(machine, state=api.State.VERIFIED) == {"2"}
    totals = api.totals(by=machine)
    assert (totals.open, totals.untold, totals.fixed, totals.unowned) == (2, 2, 1, 1)
    assert totals.by_sector == (api.Place(code="", count=1), api.Place(code="telecom", count=1))
    assert totals.by_territory == (api.Place(code="punjab", count=1), api.Place(code="sindh", count=1))


def test_numbers_from_the_tally_are_the_numbers_counted_live(
    several, monkeypatch: pytest.MonkeyPatch, machine: Actor, sector_analyst: Actor, organisation_contact: Actor,
    analyst: Actor, stranger: Actor, at: datetime,
) -> None:  # fmt: skip
    both = replace(sector_analyst, organisations=frozenset({"org-0001", "org-0002"}))
    everybody = (machine, analyst, sector_analyst, organisation_contact, both, stranger)
    api.mark_fixed(finding_id=several["3"].id, reason="mended", by=machine, at=at)
    live = [api.totals(by=actor) for actor in everybody]

    assert api.renew_counts(by=machine, at=at) is True
    monkeypatch.setattr("pehra.findings.queries.counting.COUNTED_LIVE_MAX", -2)
    tallied = [api.totals(by=actor) for actor in everybody]

    assert live[0].open == 3
    assert [replace(numbers, counted_at=None) for numbers in tallied] == live
    assert {numbers.counted_at for numbers in tallied} == {at}


def test_nothing_new_is_not_counted_again(
    several, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    monkeypatch.setattr("pehra.findings.gateways.statistics.changes", lambda: "7/0/0")

    assert api.renew_counts(by=machine, at=at) is True
    assert api.renew_counts(by=machine, at=at) is False
    monkeypatch.setattr("pehra.findings.gateways.statistics.changes", lambda: "8/0/0")
    assert api.renew_counts(by=machine, at=at) is True


def test_a_search_with_many_hits_finds_the_newest(
    fold, sighting, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    monkeypatch.setattr("pehra.findings.queries.reading.SEARCH_SPARSE_MAX", 3)
    fold(*(sighting(port=port) for port in range(6)))
    fold(sighting(subject="198.18.0.8"), moment=at + timedelta(hours=1))

    (newest,) = api.findings(by=machine, filters=api.Filters(search="198.18.0."), limit=1)
    assert newest.subject == "198.18.0.8"


def test_numbers_are_of_what_one_may_see(several, sector_analyst: Actor) -> None:
    assert api.totals(by=sector_analyst).open == 2
    assert api.counts_by("sector", by=sector_analyst) == [api.Place(code="telecom", count=2)]
    with pytest.raises(ValueError, match="lead_team"):
        api.counts_by("lead_team", by=sector_analyst)


def test_how_far_a_kind_has_spread_counts_what_is_unfixed_owned_and_recent(
    fold, sighting, machine: Actor, at: datetime
) -> None:
    kind = "infected-system/sinkhole/andromeda"
    outcome = fold(
        sighting(organisation="org-1", subject="198.18.1.1"),
        sighting(organisation="org-1", subject="198.18.1.2"),
        sighting(organisation="org-2", sector="power", territory="sindh"),
        sighting(
            organisation="org-3", sector="", last_seen=at - timedelta(hours=30), first_seen=at - timedelta(days=2)
        ),
        sighting(organisation=""),
        sighting(organisation="org-4", malware_name="mirai"),
        sighting(organisation="org-5"),
        sighting(organisation="org-6", first_seen=at + timedelta(hours=1), last_seen=at + timedelta(hours=2)),
    )
    (mended,) = (view.id for view in outcome.new if view.organisation == "org-5")
    api.mark_fixed(finding_id=mended, reason="mended", by=machine, at=at)

    spread = api.recent_by_kind(kind=kind, since=at - timedelta(hours=24), until=at)

    assert spread.organisations == {"org-1", "org-2"}
    assert spread.sectors == {"telecom", "power"}
    assert spread.territories == {"punjab", "sindh"}
    assert len(spread.findings) == 3


def test_an_organisation_says_fixed_and_its_team_verifies(
    several, organisation_contact: Actor, sector_analyst: Actor, at: datetime
) -> None:
    number = several["1"].id
    contact = replace(organisation_contact, permissions=organisation_contact.permissions | {"findings.change"})
    verifier = replace(sector_analyst, permissions=sector_analyst.permissions | {"findings.verify"})

    with pytest.raises(api.MoveRefused):
        api.verify(finding_id=number, reason="scanned", by=verifier, at=at)
    assert api.mark_fixed(finding_id=number, reason="mended", by=contact, at=at).state is api.State.FIXED
    with pytest.raises(Forbidden):
        api.verify(finding_id=number, reason="we say so", by=contact, at=at)
    with pytest.raises(Invalid):
        api.verify(finding_id=number, reason="  ", by=verifier, at=at)
    view = api.verify(finding_id=number, reason="scanned, closed", by=verifier, at=at)

    assert (view.state, view.verified_at) == (api.State.VERIFIED, at)
    history = api.history(finding_id=number, by=sector_analyst)
    assert [(entry.event, entry.facts.get("reason")) for entry in history[1:]] == [
        ("findings.fixed", "mended"),
        ("findings.verified", "scanned, closed"),
    ]


def test_who_only_reads_changes_nothing(several, organisation_contact: Actor, at: datetime) -> None:
    reader = replace(organisation_contact, permissions=frozenset({"findings.read"}))

    with pytest.raises(Forbidden):
        api.mark_fixed(finding_id=several["1"].id, reason="mended", by=reader, at=at)


def test_a_person_opens_it_again(several, machine: Actor, at: datetime) -> None:
    number = several["1"].id
    api.mark_fixed(finding_id=number, reason="mended", by=machine, at=at)
    view = api.reopen(finding_id=number, reason="still answers", by=machine, at=at + timedelta(hours=1))

    assert (view.state, view.reopened, view.reopened_at) == (api.State.OPEN, 1, at + timedelta(hours=1))
    with pytest.raises(api.MoveRefused):
        api.reopen(finding_id=number, reason="again", by=machine, at=at)
