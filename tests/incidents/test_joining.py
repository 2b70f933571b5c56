"""What ties incidents, what they touch, how they are marked, what was seen in them: by the doors."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

from pehra.access import api as access
from pehra.incidents import api
from pehra.incidents.commands import commands
from pehra.incidents.models import Clock, Incident, IncidentFinding
from pehra.incidents.rules import clocks as clock_rules
from pehra.intel import api as intel
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
Opener = Callable[..., str]
HOUR = timedelta(hours=1)


@pytest.fixture
def opened(at: datetime) -> Opener:
    """Open an incident by hand, and return its reference."""

    def make(*organisations: str, by: Actor, **more: Any) -> str:
        profile = law.load("pk")
        view = api.open_incident(
            title="At " + " ".join(organisations),
            organisations=organisations,
            facts=law.IncidentFacts(taxonomy="malicious-code", type="infected-system"),
            moments={"awareness": at},
            marking=law.sharing(profile, entity=law.EntityFacts(), on=at.date()),
            by=by,
            at=at,
            **more,
        )
        return view.reference

    return make


def owed(reference: str) -> list[Clock]:
    return [c for c in Clock.objects.filter(incident__reference=reference) if c.state in clock_rules.OWED]


def test_one_on_which_the_law_cannot_be_asked_is_refused(opened: Opener, machine: Actor, at: datetime) -> None:
    gone = access.KnownOrganisation(code="gone-1", lead_team="pkcert", teams=("pkcert",))
    access.learn_scopes(teams=[], organisations=[gone], at=at)
    with pytest.raises(Invalid, match="There is no organisation gone-1"):
        opened("org-0001", "gone-1", by=machine)
    ref = opened("org-0001", by=machine)
    with pytest.raises(Invalid, match="There is no organisation gone-1"):
        api.affect(ref=ref, organisation="gone-1", reason="hit too", by=machine, at=at)


def test_each_of_several_organisations_has_its_own_clock(opened: Opener, machine: Actor, at: datetime) -> None:
    ref = opened("org-0001", "org-0006", by=machine)
    by_stage: dict[tuple[str, str], set[str]] = {}
    for clock in owed(ref):
        by_stage.setdefault((clock.duty, clock.stage), set()).add(clock.organisation)
    both = next(stage for stage, whose in by_stage.items() if whose == {"org-0001", "org-0006"})
    with pytest.raises(Invalid, match="say which"):
        api.record_stage_sent(ref=ref, duty=both[0], stage=both[1], by=machine, at=at + HOUR)
    api.record_stage_sent(ref=ref, duty=both[0], stage=both[1], organisation="org-0006", by=machine, at=at + HOUR)
    left = {(c.duty, c.stage, c.organisation) for c in owed(ref)}
    assert (*both, "org-0001") in left
    assert (*both, "org-0006") not in left


def test_an_organisation_that_is_hit_too_owes_for_itself_and_one_that_is_not_leaves_its_clocks(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    before = {c.id for c in owed(ref)}
    api.affect(ref=ref, organisation="org-0006", reason="the same worm", by=machine, at=at)
    assert {c.organisation for c in owed(ref) if c.id not in before} == {"org-0006"}
    assert Incident.objects.get(reference=ref).organisation == "org-0001"
    with pytest.raises(Invalid, match="already"):
        api.affect(ref=ref, organisation="org-0006", reason="again", by=machine, at=at)
    api.unaffect(ref=ref, organisation="org-0001", reason="a mistake", by=machine, at=at)
    assert Incident.objects.get(reference=ref).organisation == "org-0006"
    left = [c for c in owed(ref) if c.organisation == "org-0001" and c.owed_by == "entity"]
    assert left
    assert all("no longer follows" in " ".join(c.notes) for c in left)
    assert [side.organisation for side in api.incident(ref, by=machine).sides] == ["org-0006"]


def test_one_that_is_hit_after_all_owes_again_what_was_withdrawn_while_it_was_out(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", "org-0006", by=machine)
    change = {"ref": ref, "organisation": "org-0006", "by": machine}
    first, *others = [c for c in owed(ref) if c.organisation == "org-0006"]
    api.withdraw_clock(duty=first.duty, stage=first.stage, reason="not a licensee", at=at, **change)
    api.unaffect(reason="a mistake", at=at + HOUR, **change)
    for clock in others:
        api.withdraw_clock(duty=clock.duty, stage=clock.stage, reason="not hit", at=at + 2 * HOUR, **change)
    api.affect(reason="hit after all", at=at + 3 * HOUR, **change)
    left = {c.id: c for c in owed(ref) if c.organisation == "org-0006"}
    assert left.keys() == {c.id for c in others}, "what was withdrawn before for another reason stays so"
    assert all(c.ended_by == c.ended_reason == "" for c in left.values())
    assert {c.id: c.due_at for c in left.values()} == {c.id: c.due_at for c in others}


def test_when_the_only_one_is_not_hit_after_all_nobody_owes_the_same_anew(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    before = {c.id for c in owed(ref)}
    api.unaffect(ref=ref, organisation="org-0001", reason="a mistake", by=machine, at=at)
    assert {c.id for c in owed(ref)} == before
    assert all("no longer follows" in " ".join(c.notes) for c in owed(ref))
    api.affect(ref=ref, organisation="org-0001", reason="no mistake", by=machine, at=at)
    assert {c.id for c in owed(ref)} == before
    assert not any("no longer follows" in " ".join(c.notes) for c in owed(ref))


def test_what_was_owed_while_nobody_was_named_is_owed_by_the_first_who_is(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened(by=machine, entity=law.EntityFacts())
    before = {c.id: (c.duty, c.stage) for c in owed(ref)}
    sent, *_others = before.values()
    api.record_stage_sent(ref=ref, duty=sent[0], stage=sent[1], by=machine, at=at)
    api.affect(ref=ref, organisation="org-0001", reason="the clerk works there", by=machine, at=at + HOUR)
    whose = {(c.duty, c.stage): c.organisation for c in Clock.objects.filter(incident__reference=ref)}
    assert len(whose) == Clock.objects.filter(incident__reference=ref).count(), "one clock a stage, and no second one"
    assert {whose[stage] for stage in before.values()} == {"org-0001"}
    assert sent not in {(c.duty, c.stage) for c in owed(ref)}, "what was sent before stays sent"
    api.affect(ref=ref, organisation="org-0006", reason="the same worm", by=machine, at=at + HOUR)
    assert {c.organisation for c in owed(ref) if c.id in before} == {"org-0001"}


def test_what_stands_beside_a_named_organisation_and_names_nobody_is_said_with_a_dash(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    first = owed(ref)[0]
    beside = Clock.objects.get(id=first.id)
    beside.id, beside.organisation = new_id(at), ""
    beside.save(force_insert=True)
    change = {"ref": ref, "duty": first.duty, "stage": first.stage, "reason": "nobody owes it", "by": machine, "at": at}
    with pytest.raises(Invalid, match="say which"):
        api.withdraw_clock(**change)
    api.withdraw_clock(organisation="-", **change)
    assert beside.id not in {c.id for c in owed(ref)}
    assert first.id in {c.id for c in owed(ref)}


def test_an_exercise_is_in_no_other_list_and_no_number_and_its_letters_say_so(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    real = opened("org-0001", by=machine)
    before, due = api.counts(by=machine), len(api.next_clocks(by=machine, limit=200))
    drill = opened("org-0001", by=machine, exercise=True)
    assert api.counts(by=machine) == before
    assert len(api.next_clocks(by=machine, limit=200)) == due
    assert [row.reference for row in api.incidents(by=machine).rows] == [real]
    assert [row.reference for row in api.incidents(by=machine, kind="exercise").rows] == [drill]
    assert [row.reference for row in api.incidents(by=machine, search=drill).rows] == [drill]
    letters = {message.about: message.subject for message in outbox.messages(by=machine, limit=50)}
    assert "EXERCISE" in letters[drill] or "مشق" in letters[drill]
    assert "EXERCISE" not in letters[real]
    assert "مشق" not in letters[real]
    with pytest.raises(Invalid, match="kind"):
        api.incidents(by=machine, kind="drill")
    api.mark_exercise(ref=real, exercise=True, reason="it was a drill", by=machine, at=at)
    assert api.incidents(by=machine).rows == ()


def test_who_works_on_it_makes_a_mark_stricter_and_who_leads_looser(
    opened: Opener, machine: Actor, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    incident = Incident.objects.get(reference=ref)
    marks = {"ref": ref, "reason": "as it is", "at": at}
    api.change_marking(tlp="TLP:RED", pap="PAP:RED", by=machine, **marks)
    lead, other = (analyst, sector_analyst) if incident.lead_team in analyst.teams else (sector_analyst, analyst)
    for looser in ({"tlp": "TLP:GREEN", "pap": "PAP:RED"}, {"tlp": "TLP:RED", "pap": "PAP:GREEN"}):
        with pytest.raises((Forbidden, NotVisible)):
            api.change_marking(by=other, **looser, **marks)
    view = api.change_marking(tlp="TLP:GREEN", pap="PAP:GREEN", by=lead, **marks)
    assert (view.tlp, view.pap) == ("TLP:GREEN", "PAP:GREEN")
    with pytest.raises(Invalid):
        api.change_marking(tlp="TLP:PURPLE", pap="PAP:RED", by=lead, **marks)


def test_one_matter_is_marked_as_its_strictest_part_until_the_merge_is_undone(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened("org-0001", by=machine), opened("org-0002", by=machine)
    before = Incident.objects.get(reference=whole)
    api.change_marking(ref=part, tlp="TLP:RED", pap="PAP:RED", reason="a source", by=machine, at=at)
    assert api.merge(ref=part, into=whole, reason="one", by=machine, at=at).tlp == "TLP:RED"
    api.unmerge(ref=part, reason="two", by=machine, at=at)
    after = Incident.objects.get(reference=whole)
    assert (after.tlp, after.pap, after.marking_because) == (before.tlp, before.pap, before.marking_because)


def test_a_link_reads_from_both_sides_and_is_taken_back_from_either(
    opened: Opener, machine: Actor, stranger: Actor, at: datetime
) -> None:
    one, other = opened("org-0001", by=machine), opened("org-0002", by=machine)
    api.link(ref=one, other=other, kind="caused-by", note="the same key", by=machine, at=at)
    assert [(seen.other, seen.reads) for seen in api.links(ref=one, by=machine)] == [(other, "caused-by")]
    assert [(seen.other, seen.reads) for seen in api.links(ref=other, by=machine)] == [(one, "caused")]
    refused = (("caused-by", other, "already"), ("related", one, "itself"), ("split-from", other, "split off"))
    for kind, target, words in refused:
        with pytest.raises(Refusal, match=words):
            api.link(ref=one, other=target, kind=kind, note="", by=machine, at=at)
    with pytest.raises(NotVisible):
        api.links(ref=one, by=stranger)
    told = {ref: ledger.history(subject=ref, by=machine)[-1].facts for ref in (one, other)}
    assert told[one] == {"kind": "caused-by", "note": "the same key", "other": other}
    assert told[other] == {"kind": "caused-by", "from": one}, "the other's teams learn the reference, and no more"
    api.unlink(ref=other, other=one, kind="caused-by", reason="it was not", by=machine, at=at)
    assert api.links(ref=one, by=machine) == ()


def test_that_two_are_related_is_said_once_from_whichever_side(opened: Opener, machine: Actor, at: datetime) -> None:
    one, other = opened("org-0001", by=machine), opened("org-0002", by=machine)
    said = {"note": "", "by": machine, "at": at}
    api.link(ref=one, other=other, kind="related", **said)
    with pytest.raises(Invalid, match="already"):
        api.link(ref=other, other=one, kind="related", **said)
    api.link(ref=one, other=other, kind="caused-by", **said)
    api.link(ref=other, other=one, kind="caused-by", **said)


def test_what_is_split_off_goes_into_a_new_incident_and_stays_in_the_record(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", "org-0006", by=machine)
    incident = Incident.objects.get(reference=ref)
    for number in (1, 2):
        IncidentFinding.objects.create(incident=incident, finding=UUID(int=number), added_at=at)
    api.add_observables(ref=ref, text="198.51.100.9 and 203.0.113.7", by=machine, at=at)
    seen = next(one for one in api.observables(ref=ref, by=machine, at=at) if one.value == "198.51.100.9")
    parting = api.Parting(findings=[UUID(int=2)], organisations=["org-0006"], observables=[seen.id])
    view = api.split(ref=ref, title="The other one", parting=parting, reason="another gang", by=machine, at=at)
    assert (view.organisation, view.findings, view.tlp) == ("org-0006", 1, incident.tlp)
    assert api.incident(view.reference, by=machine).finding_ids == (UUID(int=2),)
    assert api.incident(ref, by=machine).finding_ids == (UUID(int=1),)
    assert [one.value for one in api.observables(ref=view.reference, by=machine, at=at)] == ["198.51.100.9"]
    assert [one.value for one in api.observables(ref=ref, by=machine, at=at)] == ["203.0.113.7"]
    assert [(link.other, link.reads) for link in api.links(ref=ref, by=machine)] == [(view.reference, "split-into")]
    assert incident.findings.count() == 2
    assert incident.observables.get(value="198.51.100.9").removed_reason.startswith(view.reference)
    with pytest.raises(NotVisible):
        api.split(ref=ref, title="Again", parting=parting, reason="again", by=machine, at=at)
    with pytest.raises(Invalid, match="goes along"):
        api.split(ref=ref, title="Nothing", parting=api.Parting(), reason="none", by=machine, at=at)


def test_the_reach_of_an_incident_is_said_in_the_words_of_the_profile(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    said: dict[str, Any] = {"ref": ref, "reason": "seen", "by": machine, "at": at}
    api.state_impact(services=["Billing", " "], regions=["sindh"], countries=["ae", "AE"], **said)
    page = api.incident(ref, by=machine)
    assert page.impact == {"services": ["Billing"], "regions": ["sindh"], "countries": ["AE"]}
    for wrong in ({"regions": ["mars"]}, {"countries": ["UAE"]}, {"services": ["x" * 201]}):
        with pytest.raises(Invalid):
            api.state_impact(**{"services": [], "regions": [], "countries": [], **wrong}, **said)


def test_the_worksheet_says_which_rule_decides_and_what_is_missing(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened("org-0001", by=machine)
    sheet = api.worksheet(ref=ref, by=machine)
    assert sheet.by_rule == sheet.level
    assert sum(line.decides for line in sheet.lines) == 1
    assert sheet.missing == ("incident.attributes.widespread", "incident.attributes.ransomware")
    api.state_facts(ref=ref, attributes=["ransomware"], reason="a note was found", by=machine, at=at)
    assert api.worksheet(ref=ref, by=machine).by_rule == "critical"
    api.set_severity(ref=ref, severity="low", reason="a test machine", by=machine, at=at)
    by_hand = api.worksheet(ref=ref, by=machine)
    assert (by_hand.level, by_hand.by_rule, by_hand.is_by_hand) == ("low", "critical", True)


def test_assets_are_named_once_and_of_affected_organisations_only(opened: Opener, machine: Actor, at: datetime) -> None:
    ref = opened("org-0001", by=machine)
    said: dict[str, Any] = {"ref": ref, "name": "billing-1", "by": machine, "at": at}
    api.add_asset(organisation="org-0001", note="", **said)
    for organisation, words in (("org-0001", "already"), ("org-0002", "affects")):
        with pytest.raises(Invalid, match=words):
            api.add_asset(organisation=organisation, note="", **said)
    api.remove_asset(organisation="org-0001", reason="decommissioned", **said)
    assert api.assets(ref=ref, by=machine) == ()


def test_what_a_text_shows_is_added_once_and_judged_by_a_person(opened: Opener, machine: Actor, at: datetime) -> None:
    ref = opened("org-0001", by=machine)
    said: dict[str, Any] = {"ref": ref, "by": machine, "at": at}
    assert api.add_observables(text="hxxp://evil[.]example/x from 198[.]51[.]100[.]9", **said) == 2
    assert api.add_observables(text="http://evil.example/x again", **said) == 0
    with pytest.raises(Invalid, match="in this text"):
        api.add_observables(text="nothing to see", **said)
    first = api.observables(**said)[0]
    api.judge_observable(observable_id=first.id, verdict="malicious", note="a loader", **said)
    assert api.observables(**said)[0].verdict == "malicious"
    with pytest.raises(Invalid):
        api.judge_observable(observable_id=first.id, verdict="evil", note="", **said)
    api.remove_observable(observable_id=first.id, reason="our own scanner", **said)
    assert first.id not in {one.id for one in api.observables(**said)}
    with pytest.raises(NotVisible):
        api.remove_observable(observable_id=first.id, reason="again", **said)


def test_what_is_known_elsewhere_is_said_and_not_whose(
    opened: Opener, machine: Actor, sector_analyst: Actor, at: datetime, tmp_path: Path
) -> None:
    mine, hidden, drill = (
        opened("org-0001", by=machine),
        opened("org-0003", by=machine),
        opened("org-0003", by=machine, exercise=True),
    )
    red = opened("org-0003", by=machine)
    api.change_marking(ref=red, tlp="TLP:RED", pap="PAP:RED", reason="a source", by=machine, at=at)
    for ref, text in ((mine, "198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4"), (hidden, "198.51.100.1")):
        api.add_observables(ref=ref, text=text, by=machine, at=at)
    api.add_observables(ref=red, text="198.51.100.2", by=machine, at=at)
    api.add_observables(ref=drill, text="198.51.100.3", by=machine, at=at)
    file = tmp_path / "list.txt"
    file.write_text("198.51.100.4\n")
    intel.import_indicators(path=file, source="feed", by=machine, at=at)
    seen = {one.value[-1]: one for one in api.observables(ref=mine, by=sector_analyst, at=at)}
    assert [seen[key].known_elsewhere for key in "1234"] == [True, False, False, False]
    assert all(one.elsewhere == () for one in seen.values())
    assert seen["4"].known is not None
    assert hidden not in str([one.as_json() for one in seen.values()])
    whole = {one.value[-1]: one for one in api.observables(ref=mine, by=machine, at=at)}
    assert [whole[key].elsewhere for key in "123"] == [(hidden,), (red,), ()]
    assert not whole["1"].known_elsewhere


def test_the_commands_merge_part_link_and_observe(
    opened: Opener, machine: Actor, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = opened("org-0001", by=machine), opened("org-0002", by=machine)
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: at)

    def run(*words: str) -> str:
        answer = CliRunner().invoke(commands, words)
        assert answer.exit_code == 0, answer.output + str(answer.exception)
        return answer.output

    assert run("merge", other, one, "--reason", "one") == f"{one} now holds {other}\n"
    assert other in run("list", "--state", "merged")
    assert run("unmerge", other, "--reason", "two").startswith(f"{other} is new, with ")
    assert "caused-by" in run("link", one, "caused-by", other)
    assert run("observables", one) == "Nothing was seen.\n"
    assert run("observe", one, "hxxp://evil[.]example/x") == "1 added\n"
    assert "http://evil.example/x" in run("observables", one)
    (seen,) = json.loads(run("observables", one, "--json"))
    assert (seen["type"], seen["verdict"]) == ("url", "unknown")
    assert run("list", "--kind", "exercise") == "No incidents.\n"
