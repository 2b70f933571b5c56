"""What is known of an incident's attributes: yes, no, or not known yet, one by one."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from pehra.incidents import api
from pehra.incidents.api import IncidentView
from pehra.incidents.commands import commands
from pehra.incidents.models import Clock, Incident
from pehra.incidents.rules import attributes as rules
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
BREACH, ASKED = "breach-established", "incident.attributes.breach-established"
REPORT = ("sbp-breach-report", "quarterly-report")
Said = Callable[..., IncidentView]


@pytest.fixture
def bank(machine: Actor, at: datetime) -> Callable[..., str]:
    """Open an incident of the bank, of which nothing else is known than is said, and return its reference."""

    def make(attributes: law.Attributes | None = None, *, organisation: str = "org-0002") -> str:
        view = api.open_incident(
            title="Bank",
            organisations=[organisation],
            facts=law.IncidentFacts(taxonomy="intrusions", type="system-compromise", attributes=attributes),
            moments={"awareness": at},
            marking=law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date()),
            by=machine,
            at=at,
        )
        return api.move(ref=view.reference, to="open", reason="", by=machine, at=at).reference

    return make


@pytest.fixture
def state(machine: Actor, at: datetime) -> Said:
    """State attributes of an incident."""

    def make(ref: str, attributes: Any) -> IncidentView:
        return api.state_facts(ref=ref, attributes=attributes, reason="the bank says so", by=machine, at=at)

    return make


def report_of(view: IncidentView) -> api.ClockView | None:
    """Return the clock of the bank's report of breaches; None where it is not owed and never was."""
    return next((clock for clock in view.clocks if (clock.duty, clock.stage) == REPORT), None)


def whole(ref: str, by: Actor) -> api.IncidentPage:
    return api.incident(ref, by=by)


WORDS = st.sampled_from(["ransomware", "campaign", "cross-border", BREACH])
KNOWN = st.dictionaries(WORDS, st.booleans())


@given(KNOWN, st.dictionaries(WORDS, st.none() | st.booleans()))
def test_what_is_said_holds_and_what_is_not_named_stays(known: dict[str, bool], said: dict[str, bool | None]) -> None:
    after = rules.told(said, known=law.Attributes.known(known), words={"ransomware"})
    assert after == law.Attributes.known({**known, **said})


@given(KNOWN, KNOWN)
def test_of_incidents_that_are_one_yes_wins_and_a_part_denies_nothing(
    first: dict[str, bool], part: dict[str, bool]
) -> None:
    joined = rules.joined(law.Attributes.known(first), law.Attributes.known(part))
    for code in {*first, *part}:
        either = first.get(code) is True or part.get(code) is True
        assert joined.holds(code).value == ("yes" if either else "no" if first.get(code) is False else "unknown")


def test_a_complete_list_of_the_first_denies_for_the_whole_what_no_part_has() -> None:
    joined = rules.joined(law.Attributes.complete(["ransomware"]), law.Attributes.known({BREACH: True}))
    assert [joined.holds(code).value for code in ("ransomware", BREACH, "campaign")] == ["yes", "yes", "no"]


def test_a_complete_list_denies_the_others_until_one_of_them_is_taken_back() -> None:
    listed = law.Attributes.complete(["ransomware"])
    words = ("ransomware", "campaign", BREACH)
    assert rules.absent(listed, words) == (BREACH, "campaign")
    after = rules.told({BREACH: None}, known=listed, words=words)
    assert after == law.Attributes.known({"ransomware": True, "campaign": False})


def test_what_nobody_said_is_asked_and_each_answer_decides_alone(
    bank: Callable[..., str], state: Said, machine: Actor
) -> None:
    ref = bank()
    page = whole(ref, machine)
    assert (page.attributes, page.attributes_absent, page.unknown_attributes) == (None, (), (BREACH,))
    # That it is ransomware answers nothing about a breach: the duty stays, and is asked about.
    view = state(ref, {"ransomware": True})
    clock = report_of(view)
    assert clock is not None
    assert (clock.state, clock.missing) == ("unknown", (ASKED,))
    page = whole(ref, machine)
    assert (page.attributes, page.attributes_absent, page.unknown_attributes) == (("ransomware",), (), (BREACH,))
    assert (page.as_json()["attributes"], page.as_json()["attributes_absent"]) == (["ransomware"], [])
    heading = api.heading(ref, by=machine)
    assert (heading.next.step.value, heading.next.attribute) == ("say-whether", BREACH)
    # No, and then yes after all.
    denied = report_of(state(ref, {BREACH: False}))
    assert denied is not None
    assert "no longer follows" in " ".join(denied.notes)
    page = whole(ref, machine)
    assert (page.attributes, page.attributes_absent, page.unknown_attributes) == (("ransomware",), (BREACH,), ())
    owed = report_of(state(ref, {BREACH: True}))
    assert owed is not None
    assert "no longer follows" not in " ".join(owed.notes)
    assert whole(ref, machine).attributes == (BREACH, "ransomware")
    # Not known after all: asked again.
    asked = report_of(state(ref, {BREACH: None}))
    assert asked is not None
    assert ASKED in asked.missing


def test_an_incident_opens_with_what_is_known_and_only_that(bank: Callable[..., str], machine: Actor) -> None:
    denied = whole(bank(law.Attributes.known({BREACH: False})), machine)
    assert report_of(denied.incident) is None
    assert (denied.attributes, denied.attributes_absent) == ((), (BREACH,))
    owed = whole(bank(law.Attributes.known({BREACH: True})), machine)
    clock = report_of(owed.incident)
    assert clock is not None
    assert ASKED not in clock.missing
    with pytest.raises(Invalid, match="ransomwear"):
        bank(law.Attributes.known({"ransomwear": False}))


def test_a_complete_list_is_still_complete(bank: Callable[..., str], state: Said, machine: Actor) -> None:
    ref = bank()
    state(ref, ["ransomware"])
    page = whole(ref, machine)
    assert page.attributes == ("ransomware",)
    assert page.attributes_absent == (BREACH, "campaign", "cross-border", "widespread")
    assert page.unknown_attributes == ()
    # One of them is known otherwise: the rest stays denied.
    state(ref, {BREACH: True})
    assert whole(ref, machine).attributes_absent == ("campaign", "cross-border", "widespread")


def test_the_ledger_says_what_was_known_before_and_after(bank: Callable[..., str], state: Said, machine: Actor) -> None:
    ref = bank()
    state(ref, {"ransomware": True, BREACH: False})
    state(ref, ["campaign"])
    first, second = [
        entry.facts for entry in ledger.history(subject=ref, by=machine) if entry.event == "incidents.facts.stated"
    ]
    assert first["before"]["attributes"] == {}
    assert first["attributes"] == second["before"]["attributes"] == {BREACH: False, "ransomware": True}
    assert second["attributes"] == ["campaign"]


def test_a_word_that_the_profile_does_not_know_is_refused_in_both_forms(bank: Callable[..., str], state: Said) -> None:
    ref = bank()
    for said in (["ransomwear"], {"ransomwear": True}, {"ransomwear": None}):
        with pytest.raises(Invalid, match="ransomwear"):
            state(ref, said)


def test_what_was_counted_is_known_and_nobody_denies_it(
    of_side: Any, sighting: Any, fold: Any, state: Said, machine: Actor, at: datetime
) -> None:
    spread = [sighting(organisation="org-0002", sector="banking-finance"), *map(of_side, range(22))]
    (opened,) = api.open_from_findings(outcome=fold(spread), by=machine, at=at)
    ref = opened.reference
    assert opened.widespread
    state(ref, {"ransomware": True})
    assert whole(ref, machine).attributes == ("ransomware", "widespread")
    for denied in ({"widespread": False}, {"widespread": None}):
        with pytest.raises(Invalid, match="was counted"):
            state(ref, denied)
    state(ref, {"widespread": True})
    state(ref, [])
    assert whole(ref, machine).attributes == ("widespread",)
    # True of the whole, and of none of its organisations: who joins keeps the team of its own sector.
    api.affect(ref=ref, organisation="org-0001", reason="hit too", by=machine, at=at)
    sides = {side.organisation: side.lead_team for side in whole(ref, machine).sides}
    assert sides["org-0001"] == "ntcert"
    fresh = api.split(
        ref=ref,
        title="At the bank",
        parting=api.Parting(organisations=["org-0002"]),
        reason="another matter",
        by=machine,
        at=at,
    )
    assert whole(fresh.reference, machine).attributes == ()
    assert whole(fresh.reference, machine).incident.lead_team == "pkcert"


def test_merged_yes_wins_and_a_duty_of_which_nobody_said_no_stays(
    bank: Callable[..., str], state: Said, machine: Actor, at: datetime
) -> None:
    known, unknown = bank(law.Attributes.known({BREACH: False})), bank()
    api.merge(ref=unknown, into=known, reason="one matter", by=machine, at=at)
    kept = report_of(whole(known, machine).incident)
    assert kept is not None, "the part may owe it, and nobody has said that it does not"
    assert (kept.is_owed, kept.missing) == (True, ())
    assert whole(known, machine).unknown_attributes == (), "of the whole it is denied"
    api.unmerge(ref=unknown, reason="two after all", by=machine, at=at)
    first, said = bank(), bank(law.Attributes.known({BREACH: True}))
    api.merge(ref=said, into=first, reason="one matter", by=machine, at=at)
    owed = report_of(whole(first, machine).incident)
    assert owed is not None
    assert ASKED not in owed.missing


def test_a_part_that_denies_says_nothing_of_the_whole(bank: Callable[..., str], machine: Actor, at: datetime) -> None:
    first, part = bank(), bank(law.Attributes.known({BREACH: False}))
    api.merge(ref=part, into=first, reason="one matter", by=machine, at=at)
    clock = report_of(whole(first, machine).incident)
    assert clock is not None
    assert clock.missing == (ASKED,)
    denied = report_of(api.state_facts(ref=first, attributes={BREACH: False}, reason="neither", by=machine, at=at))
    assert denied is not None
    assert "no longer follows" in " ".join(denied.notes), "who answers for the whole settles it"


def test_a_clock_from_before_asks_for_all_that_is_not_counted(bank: Callable[..., str], machine: Actor) -> None:
    ref = bank()
    Clock.objects.filter(incident__reference=ref, duty=REPORT[0]).update(missing=["incident.attributes"])
    assert whole(ref, machine).unknown_attributes == ("ransomware", "campaign", "cross-border", BREACH)


def test_the_table_holds_no_attribute_that_is_both_and_denies_none_that_nobody_named(bank: Callable[..., str]) -> None:
    row = Incident.objects.filter(reference=bank())
    for wrong in (
        {"attributes": ["ransomware"], "attributes_absent": ["ransomware"]},
        {"attributes": None, "attributes_absent": ["ransomware"]},
        {"attributes": None, "attributes_complete": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**wrong)
    assert row.update(attributes=["ransomware"], attributes_absent=[BREACH])


def test_the_migration_keeps_what_stood(bank: Callable[..., str], machine: Actor) -> None:
    migration = import_module("pehra.incidents.migrations.0008_attributes_one_by_one")
    listed, nothing, counted, partial = (bank() for _ in range(4))
    rows = Incident.objects.all()
    rows.filter(reference=listed).update(attributes=["ransomware"])
    rows.filter(reference=counted).update(widespread=True)
    with connection.cursor() as cursor:
        cursor.execute(migration.KEEP)
    assert whole(listed, machine).attributes_absent == (BREACH, "campaign", "cross-border", "widespread")
    assert whole(nothing, machine).attributes is None
    assert (whole(counted, machine).attributes, whole(counted, machine).attributes_absent) == (("widespread",), ())
    rows.filter(reference=partial).update(attributes=["ransomware"], attributes_absent=["campaign"])
    with connection.cursor() as cursor:
        cursor.execute(migration.FORGET)
    assert rows.get(reference=listed).attributes == ["ransomware"]
    assert rows.get(reference=partial).attributes is None, "read as a complete list it would deny the rest"


def test_the_command_takes_both_forms(
    bank: Callable[..., str], machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = bank()
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: at)

    def run(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(commands, ["facts", ref, *words, "--reason", "seen"])
        return answer.exit_code, answer.output

    code, said = run("--has", "ransomware", "--has-not", BREACH)
    assert (code, said.splitlines()[0]) == (0, f"{ref}  ransomware: yes, {BREACH}: no")
    page = whole(ref, machine)
    assert (page.attributes, page.attributes_absent) == (("ransomware",), (BREACH,))
    assert run("--attribute", "campaign")[0] == 0
    assert whole(ref, machine).attributes == ("campaign",)
    code, said = run("--kind", "intrusions/system-compromise")
    assert (code, said.splitlines()[0]) == (0, f"{ref}  intrusions/system-compromise")
    page = whole(ref, machine)
    assert (page.incident.type, page.attributes) == ("system-compromise", ("campaign",))
    assert run("--kind", "nothing")[0] == 1
    for wrong in ((), ("--none", "--has", "campaign"), ("--has", "campaign", "--has-not", "campaign")):
        code, said = run(*wrong)
        assert (code, "give --has and --has-not" in said) == (2, True)
