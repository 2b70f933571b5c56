"""An organisation's report: made from its duties, filled in over days, handed in in parts, each part as it was."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.intake.models import OrganisationDraft, Report, Submission
from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.vault import api as vault

pytestmark = pytest.mark.usefixtures("country")

NOTIFICATION, DETAILED = "pisf-cii-report/notification", "pta-ctdisr-2025/detailed-report"
FIRST = {
    "what-happened": ("The core router was reached from outside. Customers lost service.",),
    "kind": ("break-in",),
    "noticed": ("2026-11-23T08:10",),
    "aware": ("2026-11-23T09:00",),
    "still-going": ("yes",),
    "systems": ("core router, billing",),
    "cross-border": ("no",),
    "contact": ("NOC, +92 000",),
}


def person(*organisations: str, may: tuple[str, ...] = ("intake.report", "incidents.read")) -> Actor:
    """Somebody who speaks for some organisations."""
    everywhere = {f"{name}@organisation:{code}" for name in may for code in organisations}
    return Actor(
        id="00000000-0000-7000-8000-0000000000aa",
        kind=ActorKind.PERSON,
        name="Chief of the NOC",
        organisations=frozenset(organisations),
        permissions=frozenset(everywhere),
    )


@pytest.fixture
def chief() -> Actor:
    return person("org-0001")


@pytest.fixture
def draft(chief: Actor, at: datetime) -> UUID:
    return intake.begin_own_report(organisation="org-0001", by=chief, at=at)


def test_the_fields_are_those_that_the_stages_demand(draft, chief, at):
    form = intake.own_form(draft=draft, by=chief, at=at)
    names = [stage.name for stage in form.stages]
    assert NOTIFICATION in names
    assert DETAILED in names, "it may apply: how grave the matter is is not known yet"
    assert not any(name.startswith("sbp-") for name in names), "no bank"
    wanted = {code for stage in form.stages for code in (*stage.demands.required, *stage.demands.asked)}
    assert set(form.shape.codes) == wanted
    assert len(form.shape.codes) == len(set(form.shape.codes)), "each asked once"
    by_name = {stage.name: stage for stage in form.stages}
    assert by_name[NOTIFICATION].is_certain
    assert not by_name[DETAILED].is_certain
    assert all(stage.progress.given == 0 for stage in form.stages)


def test_another_profile_makes_another_form(draft, chief, at, settings, tmp_path):
    """Nothing of the form stands in code: what the law's folder says is what is asked."""
    folder = tmp_path / "pk"
    shutil.copytree(Path(law.__file__).parents[2] / "profiles" / "pk", folder)
    duties = folder / "duties.toml"
    text = duties.read_text(encoding="utf-8")
    before = text.count('"cross-border", "contact"]')
    assert before
    duties.write_text(text.replace('"cross-border", "contact"]', '"loss", "contact"]', 1), encoding="utf-8")
    settings.PEHRA_PROFILE = str(folder)
    form = intake.own_form(draft=draft, by=chief, at=at)
    stage = next(stage for stage in form.stages if stage.name == NOTIFICATION)
    assert "loss" in stage.demands.required
    assert "cross-border" not in stage.demands.required


def test_three_days_saved_handed_in_in_part_completed(draft, chief, at):
    """Day one: a few words, saved. Day two: the notification, handed in. Day three: the rest, on the same report."""
    seen = intake.own_form(draft=draft, by=chief, at=at).seen
    one = dict(list(FIRST.items())[:3])
    assert not intake.save_own_report(draft=draft, typed=one, seen=seen, by=chief, at=at).meanwhile
    assert not Report.objects.exists(), "a draft is no report"

    day_two = at + timedelta(days=1)
    form = intake.own_form(draft=draft, by=chief, at=day_two)
    assert form.filled.typed == one
    second = intake.hand_in_own_report(
        draft=draft, typed=FIRST, seen=form.seen, stages=[NOTIFICATION], by=chief, at=day_two
    )
    assert second.receipt is not None
    report = Report.objects.get()
    assert (report.reporter_organisation, report.about_organisation, report.reporter_verified) == (
        *("org-0001", "org-0001"),
        True,
    )
    assert report.channel == "organisation"
    assert report.answers["handed-in-as"] == NOTIFICATION
    assert report.moments["awareness"] == "2026-11-23T04:00:00Z"
    first_bytes = vault.read(Submission.objects.get().raw_sha256)

    day_three = at + timedelta(days=2)
    form = intake.own_form(draft=draft, by=chief, at=day_three)
    by_name = {stage.name: stage for stage in form.stages}
    assert by_name[NOTIFICATION].is_handed_in
    lacking = by_name[DETAILED].progress.lacking
    rest = {"began": "2026-11-22T22:00", "people": "12000", "hours-down": "5", "personal-information": "no"}
    typed = FIRST | {code: (rest.get(code, "known now"),) for code in lacking}
    third = intake.hand_in_own_report(
        draft=draft, typed=typed, seen=form.seen, stages=[DETAILED], by=chief, at=day_three
    )
    assert third.receipt is not None
    assert (third.receipt.reference, third.receipt.number) == (second.receipt.reference, 2)
    report.refresh_from_db()
    assert report.answers["handed-in-as"].split(",") == [NOTIFICATION, DETAILED]
    assert report.impact == {"users-affected": 12000.0, "downtime-hours": 5.0}
    rows = list(Submission.objects.order_by("number"))
    assert [row.received_at for row in rows] == [day_two, day_three]
    assert vault.read(rows[0].raw_sha256) == first_bytes, "the first part stays as it was"
    kept = json.loads(vault.read(rows[1].raw_sha256))
    assert (kept["stages"], kept["by"], kept["organisation"]) == ([DETAILED], chief.id, "org-0001")
    view = intake.own_form(draft=draft, by=chief, at=day_three)
    assert view.receipt is not None
    assert [one.number for one in view.receipt.submissions] == [1, 2]
    assert not view.has_changes


def test_a_stage_that_lacks_an_answer_is_not_handed_in_as_one(draft, chief, at):
    form = intake.own_form(draft=draft, by=chief, at=at)
    typed = {name: words for name, words in FIRST.items() if name != "aware"}
    with pytest.raises(Invalid, match="aware"):
        intake.hand_in_own_report(draft=draft, typed=typed, seen=form.seen, stages=[NOTIFICATION], by=chief, at=at)
    with pytest.raises(Invalid, match="no stage"):
        intake.hand_in_own_report(draft=draft, typed=FIRST, seen=form.seen, stages=["a/b"], by=chief, at=at)
    assert not Report.objects.exists()
    assert intake.hand_in_own_report(draft=draft, typed=typed, seen=form.seen, by=chief, at=at).receipt


def test_a_part_is_a_report_too_and_nothing_at_all_is_not(draft, chief, at):
    form = intake.own_form(draft=draft, by=chief, at=at)
    with pytest.raises(Invalid):
        intake.hand_in_own_report(draft=draft, typed={}, seen=form.seen, by=chief, at=at)
    part = {"what-happened": ("Something is wrong.",)}
    assert intake.hand_in_own_report(draft=draft, typed=part, seen=form.seen, by=chief, at=at).receipt
    assert not Report.objects.get().is_complete


def test_the_same_again_is_the_same_receipt(draft, chief, at):
    form = intake.own_form(draft=draft, by=chief, at=at)
    first, second = (
        intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", by=chief, at=at + timedelta(seconds=n))
        for n in (0, 2)
    )
    assert form
    assert first.receipt
    assert second.receipt
    assert (first.receipt.number, second.receipt.number) == (1, 1)
    assert Submission.objects.count() == 1


def test_a_wrong_answer_is_saved_as_typed_and_not_handed_in(draft, chief, at):
    seen = intake.own_form(draft=draft, by=chief, at=at).seen
    typed = FIRST | {"people": ("thousands",)}
    outcome = intake.hand_in_own_report(draft=draft, typed=typed, seen=seen, by=chief, at=at)
    assert [problem.question for problem in outcome.filled.problems] == ["people"]
    assert outcome.receipt is None
    assert intake.own_form(draft=draft, by=chief, at=at).filled.typed["people"] == ("thousands",)
    assert not Report.objects.exists()


def test_what_a_colleague_saved_meanwhile_is_not_overwritten(draft, chief, at):
    seen = intake.own_form(draft=draft, by=chief, at=at).seen
    colleague = replace(chief, id="00000000-0000-7000-8000-0000000000bb", name="Colleague")
    theirs = {"what-happened": ("Theirs",)}
    intake.save_own_report(draft=draft, typed=theirs, seen=seen, by=colleague, at=at + timedelta(minutes=1))
    later = at + timedelta(minutes=2)
    mine = {"what-happened": ("Mine",)}
    outcome = intake.save_own_report(draft=draft, typed=mine, seen=seen, by=chief, at=later)
    assert outcome.meanwhile == {"what-happened": ("Theirs",)}
    assert outcome.by == colleague.id
    now = intake.own_form(draft=draft, by=chief, at=later)
    assert now.filled.typed == theirs
    intake.save_own_report(draft=draft, typed=mine, seen=now.seen, by=chief, at=later)
    assert intake.own_form(draft=draft, by=chief, at=later).filled.typed == mine


def test_a_draft_is_the_organisations_alone(draft, chief, at):
    stranger = person("org-0002")
    team = replace(
        chief,
        teams=frozenset({"ntcert", "pkcert"}),
        organisations=frozenset(),
        permissions=frozenset({"intake.report@team:ntcert", "intake.read@team:ntcert"}),
    )
    for other in (stranger, team):
        with pytest.raises(NotVisible):
            intake.own_form(draft=draft, by=other, at=at)
        with pytest.raises(NotVisible):
            intake.save_own_report(draft=draft, typed=FIRST, seen="", by=other, at=at)
        with pytest.raises(NotVisible):
            intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", by=other, at=at)
        with pytest.raises(NotVisible):
            intake.throw_away_own_report(draft=draft, by=other, at=at)
        assert intake.own_reports(by=other, at=at) == ()
    assert [row.id for row in intake.own_reports(by=chief, at=at)] == [draft]


def test_the_list_stands_whatever_was_typed(draft, chief, at):
    typed = {"what-happened": ("Lights out. More.",), "people": ("1,200 or so",), "noticed": ("soon",)}
    intake.save_own_report(draft=draft, typed=typed, seen="", by=chief, at=at)
    assert [row.title for row in intake.own_reports(by=chief, at=at)] == ["Lights out"]


def test_nobody_begins_for_another_or_without_the_right(chief, at):
    with pytest.raises(NotVisible):
        intake.begin_own_report(organisation="org-0002", by=chief, at=at)
    with pytest.raises(Forbidden):
        intake.begin_own_report(organisation="org-0001", by=person("org-0001", may=("incidents.read",)), at=at)


def test_a_draft_can_be_thrown_away_until_it_was_handed_in(draft, chief, at):
    intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", by=chief, at=at)
    with pytest.raises(Invalid, match="handed in"):
        intake.throw_away_own_report(draft=draft, by=chief, at=at)
    other = intake.begin_own_report(organisation="org-0001", by=chief, at=at)
    intake.throw_away_own_report(draft=other, by=chief, at=at)
    assert [row.id for row in OrganisationDraft.objects.all()] == [draft]


def test_a_draft_that_nobody_touches_ends_and_the_report_stays(draft, chief, at):
    intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", by=chief, at=at)
    assert intake.forget_old_reports(at=at + timedelta(days=179)) == 0
    assert intake.forget_old_reports(at=at + timedelta(days=181)) == 1
    assert Report.objects.count() == 1


def test_a_duty_whose_fact_was_not_asked_yet_is_never_dropped(at):
    """A bank answers one question about attributes: the duty that hangs on another attribute still may apply."""
    bank = person("org-0002")
    draft = intake.begin_own_report(organisation="org-0002", by=bank, at=at)
    intake.save_own_report(draft=draft, typed={"ransom": ("yes",)}, seen="", by=bank, at=at)
    names = {stage.name for stage in intake.own_form(draft=draft, by=bank, at=at).stages}
    assert "sbp-breach-report/quarterly-report" in names
    typed = {"ransom": ("no",), "cross-border": ("no",), "breach-established": ("no",)}
    intake.save_own_report(draft=draft, typed=typed, seen="", by=bank, at=at)
    names = {stage.name for stage in intake.own_form(draft=draft, by=bank, at=at).stages}
    assert "sbp-breach-report/quarterly-report" not in names, "all of them answered: now it is known"


def test_the_clock_of_an_incident_is_met_by_the_stage_that_is_handed_in(chief, machine, at):
    marking = law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date())
    opened = incidents.open_incident(
        title="Core router",
        organisations=["org-0001"],
        facts=law.IncidentFacts(taxonomy="intrusions", severity="high"),
        moments={"awareness": at - timedelta(hours=3)},
        marking=marking,
        by=machine,
        at=at,
    )
    draft = intake.begin_own_report(organisation="org-0001", incident=opened.reference, by=chief, at=at)
    form = intake.own_form(draft=draft, by=chief, at=at)
    stage = next(stage for stage in form.stages if stage.name == NOTIFICATION)
    assert stage.due_at == at - timedelta(hours=3) + timedelta(hours=72)
    assert stage.clock_state == "running"
    later = at + timedelta(hours=5)
    typed = FIRST | {
        "noticed": ((at - timedelta(hours=9)).isoformat(),),
        "aware": ((at - timedelta(hours=3)).isoformat(),),
    }
    intake.hand_in_own_report(draft=draft, typed=typed, seen=form.seen, stages=[NOTIFICATION], by=chief, at=later)
    clock = next(
        clock
        for clock in incidents.incident(opened.reference, by=machine).incident.clocks
        if f"{clock.duty}/{clock.stage}" == NOTIFICATION
    )
    assert (clock.state.value, clock.ended_at) == ("met", later)
    assert Report.objects.get().answers["about-incident"] == opened.reference


def test_an_incident_that_one_does_not_see_is_not_there(chief, at):
    with pytest.raises(NotVisible):
        intake.begin_own_report(organisation="org-0001", incident="PK-2026-999999", by=chief, at=at)


def test_a_stage_handed_in_before_its_incident_opened_is_met_with_the_moment_it_came(draft, chief, machine, at):
    intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", stages=[NOTIFICATION], by=chief, at=at)
    later = at + timedelta(hours=30)
    opened = intake.open_incident(reference=Report.objects.get().reference, by=machine, at=later)
    clock = next(
        clock
        for clock in incidents.incident(opened.reference, by=machine).incident.clocks
        if f"{clock.duty}/{clock.stage}" == NOTIFICATION
    )
    assert (clock.state.value, clock.ended_at) == ("met", at)
    form = intake.own_form(draft=draft, by=chief, at=later)
    assert form.incident == opened.reference
    assert next(stage for stage in form.stages if stage.name == NOTIFICATION).is_handed_in


def test_a_stage_that_a_program_claims_is_met_by_nothing(draft, chief, machine, at):
    """Only the form looks whether a stage is whole; an answer of that name may come by any road."""
    intake.hand_in_own_report(draft=draft, typed=FIRST, seen="", by=chief, at=at)
    reference = Report.objects.get().reference
    claimed = intake.Said(answers={"handed-in-as": NOTIFICATION})
    intake.add(
        channel=intake.Channel.REST, raw=b"{}", media_type="application/json", said=claimed, reference=reference,
        by=chief, at=at,
    )  # fmt: skip
    form = intake.own_form(draft=draft, by=chief, at=at)
    assert not any(stage.is_handed_in for stage in form.stages)
    more = FIRST | {"systems": ("core router, billing, and the shop",)}
    intake.hand_in_own_report(draft=draft, typed=more, seen=form.seen, by=chief, at=at)
    opened = intake.open_incident(reference=reference, by=machine, at=at + timedelta(hours=1))
    clocks = incidents.incident(opened.reference, by=machine).incident.clocks
    (clock,) = [clock for clock in clocks if f"{clock.duty}/{clock.stage}" == NOTIFICATION]
    assert clock.state.value == "running"
