"""When something was for one of several organisations: its own fact, which counts for what it owes and nobody else."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pehra.incidents import api
from pehra.incidents.models import Clock, Incident, IncidentOrganisation
from pehra.incidents.rules.clocks import OWN_MOMENT
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
HOUR = timedelta(hours=1)
ONE, OTHER = "org-0001", "org-0006"
Opener = Callable[..., str]


@pytest.fixture
def opened(machine: Actor, at: datetime) -> Opener:
    """Open an incident of some organisations, of which somebody became aware an hour ago."""

    def make(*organisations: str, **moments: datetime) -> str:
        view = api.open_incident(
            title="The same worm",
            organisations=organisations,
            facts=law.IncidentFacts(taxonomy="malicious-code", type="infected-system", severity="high"),
            moments=moments or {"awareness": at - HOUR},
            marking=law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date()),
            by=machine,
            at=at,
        )
        return view.reference

    return make


def by_awareness(ref: str, organisation: str) -> Clock:
    """The stage that an organisation owes from when it became aware and that has a time."""
    clocks = Clock.objects.filter(incident__reference=ref, organisation=organisation, owed_by="entity")
    return clocks.filter(start_event="awareness", duty="pisf-cii-report", stage="notification").get()


def test_what_it_owes_counts_from_its_own_moment_and_what_others_owe_does_not(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened(ONE, OTHER)
    due = by_awareness(ref, ONE).due_at
    assert due is not None
    api.supply_moment(ref=ref, organisation=OTHER, name="awareness", moment=at - 9 * HOUR, by=machine, at=at)
    own = by_awareness(ref, OTHER)
    assert (own.started_at, own.due_at) == (at - 9 * HOUR, due - 8 * HOUR)
    assert own.because["facts"][OWN_MOMENT] == OTHER
    assert by_awareness(ref, ONE).due_at == due
    assert OWN_MOMENT not in by_awareness(ref, ONE).because["facts"]
    # A later moment of the matter is for those who have none of their own.
    api.supply_moment(ref=ref, name="awareness", moment=at - 2 * HOUR, by=machine, at=at)
    assert by_awareness(ref, ONE).due_at == due - HOUR
    assert by_awareness(ref, OTHER).started_at == at - 9 * HOUR
    (side,) = [side for side in api.incident(ref, by=machine).sides if side.organisation == OTHER]
    assert [(moment.name, moment.moment, moment.by) for moment in side.moments] == [
        ("awareness", at - 9 * HOUR, machine.id)
    ]


def test_what_a_team_owes_counts_from_the_moments_of_the_matter(
    opened: Opener, machine: Actor, at: datetime, settings: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "pk"
    shutil.copytree(Path(law.__file__).parents[2] / "profiles" / "pk", folder)
    duties = folder / "duties.toml"
    before = 'code = "detailed-report"\n'
    assert before in duties.read_text(encoding="utf-8")
    by_team = duties.read_text(encoding="utf-8").replace(before, f'{before}owed_by = "@type:national"\n')
    duties.write_text(by_team, encoding="utf-8")
    settings.PEHRA_PROFILE = str(folder)
    ref = opened(ONE, OTHER)
    clocks = Clock.objects.filter(incident__reference=ref, duty="pta-ctdisr-2025", stage="detailed-report")
    assert clocks.get().started_at == at - HOUR
    api.supply_moment(ref=ref, organisation=OTHER, name="awareness", moment=at - timedelta(days=5), by=machine, at=at)
    assert by_awareness(ref, OTHER).started_at == at - timedelta(days=5)
    assert (clocks.get().organisation, clocks.get().started_at) == ("", at - HOUR)
    assert OWN_MOMENT not in clocks.get().because["facts"]


def test_where_the_law_leaves_a_clock_open_it_is_settled_for_the_one_that_owes_it(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened(ONE, "org-0002")
    name = "sbp-breach-report/quarterly-report:due"
    said = {"ref": ref, "name": name, "moment": at + 100 * HOUR, "by": machine, "at": at}
    with pytest.raises(Invalid, match="not a moment"):
        api.supply_moment(organisation=ONE, **said)
    api.supply_moment(organisation=ONE, **said | {"name": "cert-rules-report/report:due"})
    clocks = Clock.objects.filter(incident__reference=ref, duty="cert-rules-report")
    assert dict(clocks.values_list("organisation", "due_at")) == {ONE: at + 100 * HOUR, "org-0002": None}
    assert clocks.get(organisation=ONE).because["facts"][OWN_MOMENT] == ONE


def test_its_own_moment_is_no_doubt_where_the_incidents_is_one(opened: Opener, machine: Actor, at: datetime) -> None:
    ref = opened(ONE, OTHER)
    row = Incident.objects.get(reference=ref)
    row.moments["awareness"]["note"] = "when the team learned of it"
    row.save()
    api.supply_moment(ref=ref, organisation=OTHER, name="awareness", moment=at - 2 * HOUR, by=machine, at=at)
    assert "when the team learned of it" in by_awareness(ref, ONE).notes
    assert "when the team learned of it" not in by_awareness(ref, OTHER).notes


def test_a_stage_that_one_has_sent_starts_what_follows_for_that_one_alone(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    ref = opened(ONE, OTHER)
    api.supply_moment(ref=ref, organisation=OTHER, name="awareness", moment=at - 9 * HOUR, by=machine, at=at)
    clock = by_awareness(ref, OTHER)
    api.record_stage_sent(ref=ref, duty=clock.duty, stage=clock.stage, organisation=OTHER, moment=at, by=machine, at=at)
    assert by_awareness(ref, OTHER).state == "met"
    assert by_awareness(ref, ONE).state == "running"
    api.supply_moment(ref=ref, organisation=OTHER, name="awareness", moment=at - 5 * HOUR, by=machine, at=at)
    assert by_awareness(ref, OTHER).started_at == at - 9 * HOUR, "what has ended stays as it ended"


def test_what_is_no_moment_has_not_come_or_is_nobodys_is_refused(opened: Opener, machine: Actor, at: datetime) -> None:
    ref = opened(ONE, OTHER)
    said = {"ref": ref, "by": machine, "at": at}
    with pytest.raises(Invalid, match="has not come yet"):
        api.supply_moment(organisation=ONE, name="awareness", moment=at + HOUR, **said)
    with pytest.raises(Invalid, match="not a moment"):
        api.supply_moment(organisation=ONE, name="lunch", moment=at, **said)
    with pytest.raises(NotVisible):
        api.supply_moment(organisation="org-0004", name="awareness", moment=at, **said)
    api.unaffect(organisation=OTHER, reason="a mistake", **said)
    with pytest.raises(NotVisible):
        api.supply_moment(organisation=OTHER, name="awareness", moment=at, **said)
    api.move(to="dismissed", reason="a test", **said)
    with pytest.raises(api.MoveRefused):
        api.supply_moment(organisation=ONE, name="awareness", moment=at, **said)


def widespread(ref: str, *, lead: str, informed: str) -> None:
    """Make of an incident a widespread one, led by one team; another is informed, since it leads for one side."""
    roles = [{"team": lead, "role": "lead", "because": {}}, {"team": informed, "role": "inform", "because": {}}]
    Incident.objects.filter(reference=ref).update(
        widespread=True, organisation="", lead_team=lead, teams=[lead, informed], roles=roles
    )
    sides = IncidentOrganisation.objects.filter(incident__reference=ref)
    sides.filter(organisation=ONE).update(lead_team=informed, teams=[informed])
    sides.filter(organisation=OTHER).update(lead_team="punjab-cert", teams=["punjab-cert"])


def test_whoever_leads_for_one_of_a_widespread_incident_says_it_of_that_one_and_of_no_other(
    opened: Opener, analyst: Actor, sector_analyst: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    ref = opened(ONE, OTHER)
    widespread(ref, lead="pkcert", informed="ntcert")
    said = {"ref": ref, "name": "awareness", "moment": at - 3 * HOUR, "at": at}
    with pytest.raises(Forbidden):
        api.supply_moment(by=sector_analyst, **said)
    with pytest.raises(NotVisible):
        api.supply_moment(organisation=OTHER, by=sector_analyst, **said)
    with pytest.raises(NotVisible):
        api.supply_moment(organisation=OTHER, by=provincial_analyst, **said)
    api.supply_moment(organisation=ONE, by=sector_analyst, **said)
    assert by_awareness(ref, ONE).started_at == at - 3 * HOUR
    assert by_awareness(ref, OTHER).started_at == at - HOUR
    (side,) = api.incident(ref, by=sector_analyst).sides
    assert (side.organisation, side.may_say) == (ONE, True)
    api.supply_moment(organisation=OTHER, by=analyst, **said)
    assert by_awareness(ref, OTHER).started_at == at - 3 * HOUR
    entries = [entry for entry in ledger.history(subject=ref, by=analyst) if entry.event == "incidents.moment.supplied"]
    assert [entry.facts["organisation"] for entry in entries] == [ONE, OTHER]
    seen = [entry for entry in ledger.history(subject=ref, by=sector_analyst) if "moment" in entry.event]
    assert [entry.facts["organisation"] for entry in seen] == [ONE], "nothing of another's constituent"
    without = Actor(**{**vars(sector_analyst), "permissions": frozenset({"incidents.read@team:ntcert"})})
    with pytest.raises(Forbidden):
        api.supply_moment(organisation=ONE, by=without, **said)


def test_a_team_that_only_reads_the_incident_and_does_not_lead_for_the_organisation_says_nothing(
    opened: Opener, sector_analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    ref = opened(ONE, OTHER)
    roles = [{"team": "pkcert", "role": "lead", "because": {}}, {"team": "ntcert", "role": "inform", "because": {}}]
    Incident.objects.filter(reference=ref).update(lead_team="pkcert", teams=["pkcert", "ntcert"], roles=roles)
    IncidentOrganisation.objects.filter(incident__reference=ref).update(lead_team="", teams=["ntcert"])
    for nobody in (sector_analyst, organisation_contact):
        with pytest.raises((Forbidden, NotVisible)):
            api.supply_moment(ref=ref, organisation=ONE, name="awareness", moment=at, by=nobody, at=at)
    assert not any(side.may_say for side in api.incident(ref, by=sector_analyst).sides)


def test_it_stays_with_its_part_when_a_merge_is_undone_and_goes_along_with_a_split(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened(ONE), opened(OTHER)
    api.merge(ref=part, into=whole, reason="one worm", by=machine, at=at)
    api.supply_moment(ref=whole, organisation=OTHER, name="awareness", moment=at - 9 * HOUR, by=machine, at=at)
    assert by_awareness(whole, OTHER).started_at == at - 9 * HOUR
    api.unmerge(ref=part, reason="two after all", by=machine, at=at)
    assert by_awareness(part, OTHER).started_at == at - 9 * HOUR
    assert by_awareness(whole, ONE).started_at == at - HOUR
    both = opened(ONE, OTHER)
    api.supply_moment(ref=both, organisation=OTHER, name="awareness", moment=at - 7 * HOUR, by=machine, at=at)
    parting = api.Parting(organisations=[OTHER])
    fresh = api.split(ref=both, title="Cables", parting=parting, reason="another", by=machine, at=at).reference
    assert by_awareness(fresh, OTHER).started_at == at - 7 * HOUR


def test_of_one_that_two_parts_name_the_earliest_of_its_own_counts(
    opened: Opener, machine: Actor, at: datetime
) -> None:
    whole, part = opened(ONE), opened(ONE)
    for ref, hours in ((whole, 2), (part, 5)):
        api.supply_moment(ref=ref, organisation=ONE, name="awareness", moment=at - hours * HOUR, by=machine, at=at)
    api.merge(ref=part, into=whole, reason="one worm", by=machine, at=at)
    assert by_awareness(whole, ONE).started_at == at - 5 * HOUR
