"""Folding: one row a problem, whatever the order of inputs; never a sighting lost, doubled, or fatal."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.findings import api
from pehra.findings.models import Finding, Reason
from pehra.findings.rules.sightings import KEY, SCHEMA, digest_of_keys, foldable
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden
from pehra.ledger import api as ledger

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_problem_not_known_before_is_a_new_finding_with_its_reason(fold, sighting, at: datetime) -> None:
    outcome = fold(sighting(port=23, times=7))

    (view,) = outcome.new
    assert (outcome.reopened, outcome.seen_again, outcome.new_ids) == ([], 0, {view.id})
    assert (view.subject, view.port, view.times, view.state) == ("198.18.0.7", 23, 7, api.State.OPEN)
    assert (view.taxonomy, view.type, view.malware) == ("malicious-code", "infected-system", "andromeda")
    assert view.because[0]["rule"] == "lead-telecom"
    assert view.first_seen == view.last_seen == view.opened_at == at
    assert (view.id.version, view.id.variant) == (7, new_id(at).variant)


def test_what_a_fold_returns_is_what_the_database_holds(fold, sighting, machine: Actor) -> None:
    outcome = fold(*(sighting(port=port, subject=f"198.18.0.{port}") for port in range(1, 30)))

    kept = {view.id: replace(view, evidence="") for view in api.findings(by=machine)}
    assert {view.id: view for view in outcome.new} == kept


def test_an_input_of_many_statements_is_one_fold(
    fold, sighting, monkeypatch: pytest.MonkeyPatch, machine: Actor, at: datetime
) -> None:
    monkeypatch.setattr("pehra.findings.gateways.folding.ROWS_A_STATEMENT", 3)
    (view,) = fold(sighting(port=4)).new
    api.mark_fixed(finding_id=view.id, reason="mended", by=machine, at=at)
    again = [sighting(port=port, last_seen=at + DAY, because=f'["{port % 3}"]') for port in range(10)]

    outcome = fold(*again, moment=at + DAY)

    assert (len(outcome.new), [row.id for row in outcome.reopened], outcome.seen_again) == (9, [view.id], 0)
    assert fold(*again, moment=at + DAY).seen_again == 10


def test_the_same_problem_again_is_seen_again(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting(times=2))
    outcome = fold(sighting(times=3, last_seen=at + DAY, first_seen=at + DAY, evidence='{"newer": true}'))

    assert (list(outcome.new), outcome.seen_again) == ([], 1)
    (view,) = api.findings(by=machine)
    assert (view.times, view.first_seen, view.last_seen) == (5, at, at + DAY)
    assert view.facts == {"newer": True}


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "198.18.0.8"},
        {"asset": "prefix:198.18.0.0/16"},
        {"organisation": "org-0002"},
        {"malware_name": "mirai"},
        {"port": 80},
    ],
)
def test_whatever_differs_in_the_key_is_another_finding(fold, sighting, other: dict[str, Any]) -> None:
    fold(sighting())

    assert len(fold(sighting(**other)).new) == 1


def test_the_database_itself_holds_one_row_a_problem(fold, sighting) -> None:
    fold(sighting())
    row = Finding.objects.get()
    row.id = new_id(row.opened_at)

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_an_older_day_that_comes_in_later_moves_only_the_first_time(
    fold, sighting, machine: Actor, at: datetime
) -> None:
    fold(sighting(evidence='{"day": 2}', feed_code="new"))
    fold(sighting(evidence='{"day": 1}', feed_code="old", first_seen=at - DAY, last_seen=at - DAY))

    (view,) = api.findings(by=machine)
    assert (view.first_seen, view.last_seen, view.times) == (at - DAY, at, 2)
    assert (view.facts, view.feed_code) == ({"day": 2}, "new")


def test_a_sighting_after_the_repair_opens_it_again(fold, sighting, machine: Actor, at: datetime) -> None:
    (view,) = fold(sighting()).new
    api.mark_fixed(finding_id=view.id, reason="reinstalled", by=machine, at=at + DAY)

    outcome = fold(sighting(first_seen=at + 2 * DAY, last_seen=at + 2 * DAY), moment=at + 3 * DAY)

    (back,) = outcome.reopened
    assert (back.id, back.state, back.reopened, back.reopened_at) == (view.id, api.State.OPEN, 1, at + 3 * DAY)
    assert (list(outcome.new), outcome.seen_again) == ([], 0)
    events = [entry.event for entry in api.history(finding_id=view.id, by=machine)]
    assert events == ["findings.folded", "findings.fixed", "findings.reopened"]


@pytest.mark.parametrize("verified", [False, True])
def test_a_sighting_from_before_the_repair_changes_nothing(
    fold, sighting, machine: Actor, at: datetime, verified: bool
) -> None:
    (view,) = fold(sighting()).new
    api.mark_fixed(finding_id=view.id, reason="reinstalled", by=machine, at=at + DAY)
    if verified:
        api.verify(finding_id=view.id, reason="scanned", by=machine, at=at + DAY)

    outcome = fold(sighting(first_seen=at + DAY / 2, last_seen=at + DAY), moment=at + 3 * DAY)

    assert (outcome.reopened, outcome.seen_again) == ([], 1)
    (now,) = api.findings(by=machine)
    assert now.state is (api.State.VERIFIED if verified else api.State.FIXED)
    assert (now.reopened, now.times) == (0, 2)


def test_a_second_sighting_of_what_is_back_is_only_seen_again(fold, sighting, machine: Actor, at: datetime) -> None:
    (view,) = fold(sighting()).new
    api.mark_fixed(finding_id=view.id, reason="reinstalled", by=machine, at=at)
    later = sighting(first_seen=at + DAY, last_seen=at + DAY)

    assert len(fold(later, moment=at + DAY).reopened) == 1
    assert fold(later, moment=at + DAY).seen_again == 1
    assert api.findings(by=machine)[0].reopened == 1


def test_a_new_designation_moves_the_finding_to_its_new_team(fold, sighting, machine: Actor, at: datetime) -> None:
    fold(sighting())
    moved = {"lead_team": "pkcert", "teams": ["pkcert"], "because": '[{"rule": "new"}]'}
    fold(sighting(first_seen=at - DAY, last_seen=at - DAY, **moved))
    assert api.findings(by=machine)[0].lead_team == "ntcert", "an older sighting says nothing about today"
    fold(sighting(first_seen=at + DAY, last_seen=at + DAY, **moved))

    (view,) = api.findings(by=machine)
    assert (view.lead_team, view.teams, view.because) == ("pkcert", ("pkcert",), [{"rule": "new"}])


def test_a_reason_is_kept_once(fold, sighting) -> None:
    fold(*(sighting(port=port) for port in range(50)))

    assert Reason.objects.count() == 1


def test_two_rows_of_one_key_in_one_input_are_one(fold, sighting, machine: Actor, at: datetime) -> None:
    outcome = fold(sighting(times=2, evidence='{"n": 1}'), sighting(times=3, evidence='{"n": 2}', last_seen=at + DAY))

    assert len(outcome.new) == 1
    (view,) = api.findings(by=machine)
    assert (view.times, view.last_seen, view.facts) == (5, at + DAY, {"n": 2})


def test_nothing_to_fold_leaves_nothing(machine: Actor, at: datetime) -> None:
    outcome = api.fold(sightings=pl.DataFrame(schema=SCHEMA), by=machine, at=at)

    assert (list(outcome.new), outcome.seen_again) == ([], 0)
    assert ledger.recent(by=machine, before=None, limit=10) == []


def test_a_frame_without_a_column_is_our_mistake_and_loud(machine: Actor, at: datetime) -> None:
    with pytest.raises(ValueError, match="evidence"):
        api.fold(sightings=pl.DataFrame({"subject": ["198.18.0.7"]}), by=machine, at=at)


def test_odd_texts_of_a_feed_do_not_keep_it_out(fold, sighting, machine: Actor) -> None:
    odd = {
        "subject": "a\x00b\r\nc," + "x" * 400,
        "evidence": '{"banner": "\\u0000\\ud800 \\\\. \x00 \\n"}',
        "malware_name": 'quote " comma , brace { backslash \\ \t end',
        "teams": ['odd "team"', "back\\slash", "comma,brace{}"],
        "lead_team": "comma,brace{}",
        "protocol": None,
        "classification_identifier": "",
        "port": 2**40,
    }
    outcome = fold(sighting(**odd), sighting(subject="\\."), sighting(subject='""'), sighting(subject="NULL"))

    assert len(outcome.new) == 4
    kept = {view.id: replace(view, evidence="") for view in api.findings(by=machine)}
    assert {view.id: view for view in outcome.new} == kept
    longest = max(kept.values(), key=lambda view: len(view.subject))
    assert len(longest.subject) == 255
    assert longest.teams == ('odd "team"', "back\\slash", "comma,brace{}")
    assert longest.port == 65_535


def test_a_fold_is_one_ledger_entry_with_a_digest_over_the_new_keys(fold, sighting, analyst: Actor) -> None:
    rows = [sighting(port=port) for port in (3, 1, 2)]
    fold(*rows)

    (entry,) = ledger.recent(by=analyst, before=None, limit=10)
    assert entry.event == "findings.folded"
    assert entry.facts["new"] == 3
    frame = foldable(pl.DataFrame(rows[::-1], schema=SCHEMA))
    assert entry.facts["new_keys_sha256"] == digest_of_keys(frame)
    assert digest_of_keys(frame) != digest_of_keys(frame.head(2))


def test_a_fold_that_is_rolled_back_leaves_nothing(fold, sighting, machine: Actor) -> None:
    def act() -> None:
        with transaction.atomic():
            fold(sighting())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()

    assert not Finding.objects.exists()
    assert ledger.recent(by=machine, before=None, limit=10) == []
    assert len(fold(sighting()).new) == 1, "and the next one works"


def test_only_who_may_ingest_folds(sighting, stranger: Actor, at: datetime) -> None:
    frame = pl.DataFrame([sighting()], schema=SCHEMA)

    with pytest.raises(Forbidden):
        api.fold(sightings=frame, by=stranger, at=at)
    api.fold(sightings=frame, by=replace(stranger, permissions=frozenset({"telemetry.ingest"})), at=at)


def test_a_sighting_again_writes_to_no_index(fold, sighting, at: datetime) -> None:
    """HOT updates: the row is rewritten in its page; an index on a column that changes would end this."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'findings_finding'")
        assert cursor.fetchone()[0] == ["fillfactor=70"]
        cursor.execute(
            "SELECT DISTINCT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) "
            "WHERE indrelid = 'findings_finding'::regclass"
        )
        indexed = {row[0] for row in cursor.fetchall()}
    assert indexed.isdisjoint({"times", "first_seen", "last_seen", "evidence", "feed_name", "feed_code", "protocol"})


START = datetime(2026, 11, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 6).map(lambda hours: START + timedelta(hours=hours))
ROWS = st.builds(
    lambda subject, port, times, moments, evidence, team: {
        "subject": f"198.18.0.{subject}",
        "port": port,
        "times": times,
        "first_seen": min(moments),
        "last_seen": max(moments),
        "evidence": json.dumps({"n": evidence}),
        "lead_team": team,
        "teams": [team, "pkcert"],
        "because": f'[{{"rule": "{team}"}}]',
    },
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(1, 5),
    st.tuples(MOMENTS, MOMENTS),
    st.integers(0, 99),
    st.sampled_from(["ntcert", "defcert"]),
)
BATCHES = st.lists(st.lists(ROWS, min_size=1, max_size=5), min_size=1, max_size=4)
REST = {
    "subject_type": "ipv4", "asset": "prefix:198.18.0.0/24", "organisation": "org-0001", "sector": "telecom",
    "territory": "punjab", "kind": "infected-system", "classification_taxonomy": "malicious-code",
    "classification_type": "infected-system", "classification_identifier": "", "malware_name": "", "protocol": "tcp",
    "feed_name": "f", "feed_code": "f",
}  # fmt: skip


def naive(batches: Sequence[Sequence[dict[str, Any]]]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Fold as a child would: row after row, in a dictionary."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for row in (row for batch in batches for row in batch):
        seen = found.setdefault((row["subject"], row["port"]), {**row, "times": 0})
        newer = (row["last_seen"], row["evidence"]) > (seen["last_seen"], seen["evidence"])
        speaks = row if newer else seen
        seen |= {
            "times": seen["times"] + row["times"],
            "first_seen": min(seen["first_seen"], row["first_seen"]),
            "last_seen": max(seen["last_seen"], row["last_seen"]),
            "evidence": speaks["evidence"],
        }
    names = ("times", "first_seen", "last_seen", "evidence")
    return {key: tuple(row[name] for name in names) for key, row in found.items()}


@settings(max_examples=15, deadline=None)
@given(BATCHES, st.randoms(use_true_random=False))
def test_batches_in_any_order_give_the_findings_of_a_naive_fold(batches: Any, random: Any) -> None:
    expected = naive(batches)
    assert _folded(batches) == expected
    shuffled = [random.sample(batch, len(batch)) for batch in random.sample(batches, len(batches))]
    assert _folded(shuffled) == expected
    assert _folded([[row] for batch in shuffled for row in batch]) == expected
    assert _folded([[row for batch in shuffled for row in batch]]) == expected


def _folded(batches: Sequence[Sequence[dict[str, Any]]]) -> dict[tuple[str, int], tuple[Any, ...]]:
    by, new, again = system("test"), 0, 0
    with transaction.atomic():
        for batch in batches:
            frame = pl.DataFrame([{**REST, **row} for row in batch], schema=SCHEMA)
            outcome = api.fold(sightings=frame, by=by, at=START)
            new += len(outcome.new)
            again += outcome.seen_again
            assert len(outcome.new) + outcome.seen_again == frame.select(KEY).n_unique()
        rows = Finding.objects.values_list(
            "subject", "port", "times", "first_seen", "last_seen", "evidence", "lead_team", "reason__because"
        )
        held = list(rows)
        transaction.set_rollback(True)
    assert new == len(held)
    assert all(because[0]["rule"] == lead for *_rest, lead, because in held), "a team stands there with its own reason"
    return {(row[0], row[1]): row[2:6] for row in held}
