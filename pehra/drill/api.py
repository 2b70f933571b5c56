"""The door of `drill`: a synthetic nation and its feeds, as files or laid out in a node.

Refuses real address space and real names by having none to give.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
from django.conf import settings
from django.db import transaction

from pehra.access import api as access
from pehra.drill.gateways import files
from pehra.drill.rules import attacks, casework, controls, feed, formats, leaks
from pehra.drill.rules.cast import CastMember, cast
from pehra.drill.rules.feed import REPORTS, Expected
from pehra.drill.rules.nation import ContactRow, Country, Nation, make_nation
from pehra.drill.rules.reports import SampleReport, sample_reports
from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.intel import api as intel
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.registry import api as registry
from pehra.signals import api as signals

SAMPLE_ORGANISATIONS = 1_500
SAMPLE_FEEDS: tuple[tuple[str, int], ...] = (("scan_rdp", 4_000), ("scan_smb", 2_500), ("scan_ldap_tcp", 1_500))


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A registry file and how many rows it has."""

    path: Path
    rows: int


@dataclass(frozen=True, kw_only=True)
class SamplePerson:
    """Somebody of the sample, who may be given a sign-in link."""

    person_id: UUID
    member: CastMember


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What was laid out: the feeds still to be ingested, a leak still to be taken in, and the people."""

    feeds: tuple[Path, ...]
    leak: Path
    people: tuple[SamplePerson, ...]
    staged: attacks.Attacks


def country() -> Country:
    """Return the shape of the country that the node's profile describes."""
    profile = law.load(settings.PEHRA_PROFILE)
    return Country(
        sectors=tuple(sector.code for sector in profile.sectors if not sector.parent),
        territories=tuple(territory.code for territory in profile.territories),
        critical_class="cii",
        public_class="public-body",
        licensee_class="licensee",
        private_class="private",
    )


def write_nation(*, seed: int, organisations: int, assets: int | None, folder: Path) -> dict[str, WrittenFile]:
    """Write the registry files of a synthetic nation; return each file by its kind."""
    nation = _with_desks(make_nation(country(), seed=seed, organisations=organisations, assets=assets))
    teams = _team_rows()
    counts = {
        "teams": len(teams),
        "organisations": len(nation.organisations),
        "assets": len(nation.assets),
        "contacts": len(nation.contacts),
    }
    written = files.write_nation(nation, folder=folder, teams=teams)
    return {kind: WrittenFile(path=path, rows=counts[kind]) for kind, path in written.items()}


def write_feed(*, seed: int, rows: int, form: str, report: str, day: date, path: Path) -> Expected:
    """Write a feed about the loaded registry; return what a right reader counts in it."""
    if report not in REPORTS:
        raise Invalid(f"{report!r} is not one of {', '.join(REPORTS)}", field="report")
    kind = REPORTS[report]
    made = feed.make_feed(kind=kind, prefixes=registry.prefixes(on=day), seed=seed, rows=rows, day=day)
    files.write_feed(formats.WRITERS[form](made.rows, kind), path=path)
    return made.expected


def lay_out_sample(*, seed: int, by: Actor, at: datetime) -> Sample:
    """Fill an empty registry with a synthetic nation and its people, and write one day of its feeds."""
    shape = country()
    folder = settings.PEHRA_DATA / "sample"
    nation = _with_desks(make_nation(shape, seed=seed, organisations=SAMPLE_ORGANISATIONS))
    written = files.write_nation(nation, folder=folder, teams=_team_rows())
    for kind in ("organisations", "assets", "contacts"):
        summary = registry.import_csv(path=written[kind], kind=kind, by=by, at=at)
        if summary.rejected:
            first = summary.rejected[0]
            raise Invalid(f"{written[kind]}, line {first.line}: {first.message}", field=first.field)
    staged = attacks.stage_attacks(nation, shape)
    yesterday = at.date() - timedelta(days=1)
    feeds = _sample_feeds(nation, shape, staged, folder=folder / "feeds", seed=seed, day=yesterday)
    intel.import_indicators(path=_indicators(folder), source="Partner indicators", by=by, at=at)
    people = _people(staged, by=by, at=at)
    _assessments(people, nation, own=staged.infections[0].operator.organisation, at=at)
    leak = _leak(nation, staged, people, folder=folder / "leaks", day=yesterday)
    return Sample(feeds=feeds, leak=leak, people=people, staged=staged)


def take_in_leak(sample: Sample, *, by: Actor, at: datetime) -> signals.LeakView:
    """Take in the sample's leak, as whoever handed it in would: after the feeds, since one notice a day goes out."""
    with sample.leak.open("rb") as content:
        return signals.receive_leak(content=content, source=leaks.SOURCE, by=by, at=at)


def report_sample(sample: Sample, *, by: Actor, at: datetime) -> tuple[intake.Receipt, ...]:
    """Bring in what people report on the sample day, and let the duty officer begin with the operator's report."""
    told = sample_reports(sample.staged)
    receipts = tuple(_report(one, by=by, at=at - timedelta(hours=one.hours_ago)) for one in told)
    theirs = next(receipt for one, receipt in zip(told, receipts, strict=True) if one.road == "organisation")
    _begin(theirs.reference, sample, by=by, at=at)
    return receipts


def _report(told: SampleReport, *, by: Actor, at: datetime) -> intake.Receipt:
    return intake.receive(
        channel=intake.Channel(told.road),
        raw=told.description.encode(),
        media_type="text/plain",
        said=intake.Said(
            title=told.title,
            description=told.description,
            organisation=told.organisation,
            sector=told.sector,
            territory=told.territory,
            attributes=told.attributes,
            moments={"discovery": at, "awareness": at} if told.organisation else {},
            is_complete=told.complete,
            exercise=told.exercise,
        ),
        reporter=intake.Reporter(
            name=told.reporter,
            email=told.email,
            anonymous=not (told.reporter or told.organisation),
            organisation=told.organisation,
            verified=bool(told.organisation),
        ),
        language=told.language,
        source=told.email,
        source_ref=told.message,
        by=by,
        at=at,
    )


def _begin(reference: str, sample: Sample, *, by: Actor, at: datetime) -> None:
    """Open an incident from a report and begin to work on it, as the people of its lead team would."""
    team = intake.report(reference, by=by).report.lead_team
    here = [one for one in sample.people if one.member.team == team]
    officers = [one for one in here if one.member.role == "duty-officer"]
    leads = [one for one in sample.people if one.member.role == "team-lead"]
    if not officers or not leads:
        return
    officer = access.actor_for(person_id=officers[0].person_id, at=at)
    lead = access.actor_for(person_id=leads[0].person_id, at=at)
    intake.assign(chosen=intake.Chosen(references=(reference,)), assignee=officer.id, by=officer, at=at)
    incident = intake.open_incident(
        reference=reference, taxonomy="availability", type="sabotage", by=officer, at=at
    ).reference
    incidents.move(ref=incident, to="open", reason="", by=officer, at=at)
    kept = incidents.add_playbook(
        document=casework.playbook(), team=leads[0].member.team, for_everybody=True, by=lead, at=at
    )
    incidents.start_playbook(ref=incident, playbook_id=kept.id, by=officer, at=at)
    incidents.state_facts(
        ref=incident, attributes={"ransomware": True}, reason="the operator, by telephone", by=officer, at=at
    )
    incidents.add_entries(ref=incident, text=casework.timeline(sample.staged), by=officer, at=at)
    incidents.add_note(ref=incident, text=casework.note(), by=officer, at=at)


def _with_desks(nation: Nation) -> Nation:
    """Return the nation with a duty desk for each team of the profile: whoever leads an incident can be told of it."""
    desks = tuple(
        ContactRow(
            organisation=team.code,
            role="duty",
            name=f"{team.name}, duty desk",
            email=f"duty@{team.code}.example",
            phone="",
            language="en",
            hours="24x7",
        )
        for team in {team.code: team for team in law.load(settings.PEHRA_PROFILE).teams}.values()
    )
    return replace(nation, contacts=nation.contacts + desks)


def _team_rows() -> list[dict[str, str]]:
    return [
        {
            "team": team.code,
            "name": team.name,
            "name_local": team.name_local,
            "types": ";".join(team.types),
            "parent": team.parent,
            "sectors": ";".join(team.sectors),
            "territories": ";".join(team.territories),
            "valid_from": _day(team.basis.valid_from),
            "valid_to": _day(team.basis.valid_to),
        }
        for team in law.load(settings.PEHRA_PROFILE).teams
    ]


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _sample_feeds(
    nation: Nation, shape: Country, staged: attacks.Attacks, *, folder: Path, seed: int, day: date
) -> tuple[Path, ...]:
    quiet = attacks.quiet_prefixes(nation, shape)
    paths: list[Path] = []
    for report, rows in SAMPLE_FEEDS:
        made = feed.make_feed(kind=REPORTS[report], prefixes=quiet, seed=seed, rows=rows, day=day)
        paths.append(_write_report(folder, report, formats.shadowserver(made.rows, REPORTS[report]), day))
    sinkhole, website = REPORTS["event4_sinkhole"], REPORTS["compromised_website"]
    infected = pl.concat(
        feed.attack_rows(kind=sinkhole, addresses=infection.hosts, tag=infection.malware, day=day, seed=seed)
        for infection in staged.infections
    )
    paths.append(_write_report(folder, sinkhole.name, formats.shadowserver(infected, sinkhole), day))
    broken = feed.attack_rows(kind=website, addresses=staged.broken_into, tag="drill-webshell", day=day, seed=seed)
    paths.append(_write_report(folder, website.name, formats.shadowserver(broken, website), day))
    events = folder / f"{day.isoformat()}-partner-sensors.jsonl"
    files.write_feed(attacks.control_server_events(staged, day=day), path=events)
    return (*paths, events)


def _write_report(folder: Path, report: str, content: bytes, day: date) -> Path:
    path = folder / f"{day.isoformat()}-{report}-nation.csv"
    files.write_feed(content, path=path)
    return path


def _leak(nation: Nation, staged: attacks.Attacks, people: Sequence[SamplePerson], *, folder: Path, day: date) -> Path:
    hit = [staged.infections[0].operator.organisation]
    person = next(one.member.email for one in people if one.member.organisation == "" and one.member.team)
    path = folder / f"{day.isoformat()}-combo-list.csv"
    files.write_feed(leaks.leak_lines(nation, first=hit, person=person, day=day), path=path)
    return path


def _indicators(folder: Path) -> Path:
    path = folder / "indicators.txt"
    lines: Sequence[str] = ("# sinkholes of the drill", *(f"192.0.2.{last}" for last in range(1, 9)))
    files.write_feed("\n".join(lines).encode() + b"\n", path=path)
    return path


@transaction.atomic
def _people(staged: attacks.Attacks, *, by: Actor, at: datetime) -> tuple[SamplePerson, ...]:
    profile = law.load(settings.PEHRA_PROFILE)
    members = cast(
        national_team=_team_of_type(profile, "national"),
        sector_team=_team_of_type(profile, "sectoral"),
        provincial_team=_team_of_type(profile, "provincial"),
        organisation=staged.infections[0].operator.organisation,
    )
    people = []
    for member in members:
        person = access.add_person(
            email=member.email,
            name=member.name,
            name_local=member.name_local,
            language=member.language,
            by=by,
            at=at,
        )
        access.grant(
            person_id=person,
            role=member.role,
            team=member.team,
            organisation=member.organisation,
            guided=member.guided,
            national=member.national,
            council=member.council,
            reason="sample cast",
            by=by,
            at=at,
        )
        people.append(SamplePerson(person_id=person, member=member))
    return tuple(people)


@transaction.atomic
def _assessments(people: tuple[SamplePerson, ...], nation: Nation, *, own: str, at: datetime) -> None:
    """Let some organisations have assessed themselves over two years: one by its admin, others by the lead's calls.

    Two leads of the national team guide every team: one writes, the other reviews.
    """
    if law.control_set(law.load(settings.PEHRA_PROFILE), on=at.date()) is None:
        return
    leads = [access.actor_for(person_id=one.person_id, at=at) for one in people if one.member.role == "team-lead"]
    admins = [one for one in people if one.member.role == "organisation-admin"]
    led = [own, *(row.organisation for row in nation.organisations if row.organisation != own)]
    for story, organisation in zip(controls.STORIES, led, strict=False):
        writer = access.actor_for(person_id=admins[0].person_id, at=at) if organisation == own else leads[0]
        for turn in story.rounds:
            _assess(organisation, turn, writer=writer, reviewer=leads[1], at=at - turn.ago)


def _assess(organisation: str, turn: controls.Round, *, writer: Actor, reviewer: Actor, at: datetime) -> None:
    made = registry.open_assessment(organisation, by=writer, at=at)
    rows = registry.assessment(made, by=writer).answers
    answered = rows[: len(rows) // 2] if turn.ends == "draft" else rows
    said = [
        registry.Said(
            control=row.control,
            reply=registry.Reply(
                controls.reply(row.control, organisation=organisation, critical=row.critical, of=turn)
            ),
            reference=controls.REFERENCE.format(number=number),
        )
        for number, row in enumerate(answered, start=1)
    ]
    registry.answer_controls(assessment_id=made, said=said, by=writer, at=at)
    if turn.ends == "draft":
        return
    registry.submit_assessment(assessment_id=made, by=writer, at=at + timedelta(days=2))
    if turn.ends == "submitted":
        return
    decision, note = ("return", "Send the list of who is excepted.") if turn.ends == "returned" else ("agree", "")
    read_at = at + timedelta(days=9)
    registry.review_assessment(assessment_id=made, decision=decision, note=note, by=reviewer, at=read_at)


def _team_of_type(profile: law.Profile, wanted: str) -> str:
    for team in profile.teams:
        if wanted in team.types:
            return team.code
    raise Invalid(f"the profile names no {wanted} team", field="teams")
