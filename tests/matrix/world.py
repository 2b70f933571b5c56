"""A small world in which every relation between an actor and a matter occurs once, and every role is held once.

`own` is the actor's team; `child` is a team under its guidance, `parent` the one above it, `sibling` another one under
that parent, and `foreign` a team of no common tree. Rows are written as the parts' tables hold them, not as the law of
some country would route them: each matter is seen by exactly one team.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pehra.access import api as access
from pehra.access.models import Grant
from pehra.access.rules.roles import SCOPES, Role, ScopeKind
from pehra.findings import api as findings
from pehra.findings.models import Finding, Notice
from pehra.incidents.models import Clock, Incident
from pehra.incidents.rules.clocks import ClockState
from pehra.intel import api as intel
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Circle, Tlp
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.registry import api as registry
from pehra.registry.models import AssessmentAnswer, Organisation
from pehra.signals import api as signals
from pehra.signals.models import Leak, LeakedAccount
from pehra.telemetry.models import LakeInput
from tests.findings.conftest import frame, maker
from tests.matrix import intake_rows

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RELATIONS = ("own", "child", "sibling", "parent", "foreign")
TEAMS = {
    "own": "punjab-cert",
    "child": "city-cert",
    "sibling": "sindh-cert",
    "parent": "pkcert",
    "foreign": "island-cert",
}
NEXT = "next"  # another organisation of the actor's own team
REGISTRY = {
    "teams": "team,name,types,parent\ncity-cert,City team,provincial,punjab-cert\nisland-cert,Island team,sectoral,\n"
    "sindh-cert,Sindh team,provincial,pkcert\npunjab-cert,Punjab team,provincial,pkcert\n",
    "organisations": "organisation,name,sector,territory,classes\n"
    + "".join(f"org-{name},Works of {name},power,punjab,private\n" for name in (*TEAMS, NEXT)),
    "assets": "organisation,type,value\n"
    + "".join(f"org-{name},prefix,198.18.{number}.0/24\n" for number, name in enumerate((*TEAMS, NEXT), start=1)),
}


@dataclass(kw_only=True)
class Place:
    """One of each thing that belongs to one team and one organisation."""

    name: str
    team: str
    organisation: str
    asset: str
    finding: UUID | None = None
    fixed: UUID | None = None
    incident: str = ""
    contained: str = ""
    message: UUID | None = None
    entry: UUID | None = None
    person: UUID | None = None
    email: str = ""
    grant: UUID | None = None
    contact: UUID | None = None
    token: UUID | None = None
    question: UUID | None = None
    glass: UUID | None = None
    service: UUID | None = None
    assessment: UUID | None = None
    control: str = ""
    evidence: UUID | None = None
    leak: UUID | None = None
    leaked: UUID | None = None
    client: str = ""
    receiver: UUID | None = None
    stream: UUID | None = None
    report: str = ""
    dismissed: str = ""
    act: UUID | None = None
    webhook: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A role held in one kind of scope, and who holds it."""

    name: str
    scope: ScopeKind
    actor: Actor


@dataclass(kw_only=True)
class World:
    """The places, and everybody who may stand before them."""

    places: dict[str, Place]
    seats: dict[str, Seat]

    def before(self, seat: Seat) -> Iterator[tuple[str, Place | None]]:
        """The place of each relation as this seat has it; None where the relation cannot be."""
        if seat.scope is ScopeKind.ORGANISATION:
            related = {"own": "own", "child": "", "sibling": NEXT, "parent": "parent", "foreign": "foreign"}
        else:
            related = {relation: relation for relation in RELATIONS}
        for relation in RELATIONS:
            yield relation, self.places.get(related[relation])


def seat_names() -> list[str]:
    """Every role in every kind of scope it can be held in."""
    return [f"{role.value}@{kind.value}" for role in Role for kind in sorted(SCOPES[role])]


def build(folder: Path) -> World:
    """Write the world into the tables."""
    machine = system("test")
    registry.load_profile(by=machine, at=AT)
    for kind, text in REGISTRY.items():
        (folder / f"{kind}.csv").write_text(text)
        taken = registry.import_csv(path=folder / f"{kind}.csv", kind=kind, by=machine, at=AT)
        assert not taken.rejected, taken
    names = (*TEAMS, NEXT)
    places = {name: _place(name, number, machine) for number, name in enumerate(names, start=1)}
    for number, place in enumerate(places.values(), start=1):
        intake_rows.furnish(place, number, at=AT)
    _watch(folder, machine)
    relying = _stream(machine)
    for place in places.values():
        place.client, place.receiver, place.stream = relying
    ledger.place_entries(at=AT)
    return World(places=places, seats={name: _seat(name, machine) for name in seat_names()})


def _place(name: str, number: int, machine: Actor) -> Place:
    team = TEAMS.get(name, TEAMS["own"])
    place = Place(name=name, team=team, organisation=f"org-{name}", asset=f"198.18.{number}.0/24")
    Organisation.objects.filter(code=place.organisation).update(lead_team=team, teams=[team])
    access.learn_scopes(
        teams=[],
        organisations=[access.KnownOrganisation(code=place.organisation, lead_team=team, teams=(team,))],
        at=AT,
    )
    place.finding, place.fixed = (_finding(place, f"198.18.{number}.{host}", machine) for host in (1, 2))
    Finding.objects.filter(id=place.fixed).update(state="fixed", fixed_at=AT)
    place.incident, place.contained = _incident(place, "open"), _incident(place, "contained")
    place.message = _message(place, machine)
    _owed(place)
    _notice(place)
    place.entry = _entry(place, machine)
    place.email = f"member@{name}.example"
    place.person = access.add_person(email=place.email, name=f"Member of {name}", by=machine, at=AT)
    scope = {"organisation": place.organisation} if name == NEXT else {"team": team}
    role = Role.ORGANISATION_CONTACT if name == NEXT else Role.ANALYST
    place.grant = access.grant(person_id=place.person, role=role, reason="member", by=machine, at=AT, **scope)
    Grant.objects.filter(id=place.grant).update(review_due_at=AT)
    place.contact = access.add_person(email=f"desk@{name}.example", name=f"Desk of {name}", by=machine, at=AT)
    whose = {"person_id": place.contact, "organisation": place.organisation}
    access.grant(role="organisation-contact", reason="desk", by=machine, at=AT, **whose)
    _delegate(place, scope, machine)
    _assess(place)
    _leak(place)
    return place


def _delegate(place: Place, scope: dict[str, Any], machine: Actor) -> None:
    """A token, a service account, a question that waits for a second person, and a glass that nobody has judged."""
    member = access.actor_for(person_id=place.person, at=AT)
    access.issue_token(
        holder_id=place.person,
        name="reader",
        permissions=["findings.read"],
        valid=timedelta(days=1),
        by=member,
        at=AT,
    )
    place.token = access.tokens(by=member, at=AT)[0].id
    place.service = access.add_service_account(
        name=f"Feed of {place.name}", email=f"feed@{place.name}.example", by=machine, at=AT
    )
    role = Role.ORGANISATION_CONTACT if place.name == NEXT else Role.ANALYST
    access.grant(person_id=place.service, role=role, reason="feeds", by=machine, at=AT, **scope)
    if place.name == NEXT:
        return
    place.question = access.ask_for_grant(
        person_id=place.person, role=Role.TEAM_LEAD, team=place.team, reason="leads", by=machine, at=AT
    )
    place.glass = access.break_glass(
        role=Role.DUTY_OFFICER, team=place.team, reason="everybody is ill", hours=1, by=member, at=AT
    )


def _finding(place: Place, subject: str, machine: Actor) -> UUID:
    seen = maker(AT)(
        subject=subject,
        asset=f"prefix:{place.asset}",
        organisation=place.organisation,
        lead_team=place.team,
        teams=[place.team],
    )
    return findings.fold(sightings=frame([seen]), by=machine, at=AT).new[0].id


def _incident(place: Place, state: str) -> str:
    number = 900_000 + len(Incident.objects.all())
    row = Incident.objects.create(
        id=new_id(AT + timedelta(milliseconds=number)),
        reference=f"PK-2026-{number:06d}",
        title=f"Matter of {place.name}",
        state=state,
        lead_team=place.team,
        teams=[place.team],
        organisation=place.organisation,
        severity="medium",
        tlp=Tlp.AMBER,
        pap="PAP:AMBER",
        taxonomy="malicious-code",
        type="infected-system",
        entity={"sector": "power", "territory": "punjab", "classes": ["private"], "known": True},
        attributes=[],
        opened_at=AT,
        opened_by=system("test").id,
    )
    return row.reference


def _message(place: Place, machine: Actor) -> UUID:
    to = outbox.Recipient(name="Desk", email=f"desk@{place.name}.example", language="en", circle=Circle.ORGANISATION)
    sent = outbox.queue(
        kind="test.letter",
        recipient=to,
        subject=f"Letter to {place.name}",
        body="Please look.\n",
        tlp=Tlp.AMBER,
        dedupe_key=f"letter-{place.name}",
        attachments=[outbox.Attachment(name="rows.csv", media_type="text/csv", content=place.name.encode())],
        lead_team=place.team,
        teams=(place.team,),
        organisation=place.organisation,
        by=machine,
        at=AT,
    )
    Message.objects.filter(id=sent).update(state="failed", problem="no such box", next_attempt_at=None)
    return sent


def _assess(place: Place) -> None:
    """An assessment that the organisation's contact began, with one answer and a file beside it."""
    contact = access.actor_for(person_id=place.contact, at=AT)
    place.assessment = registry.open_assessment(place.organisation, by=contact, at=AT)
    answer = AssessmentAnswer.objects.filter(assessment_id=place.assessment).order_by("position").first()
    place.control = answer.control
    said = registry.Said(control=place.control, reply=None, note="begun")
    registry.answer_controls(assessment_id=place.assessment, said=[said], by=contact, at=AT)
    place.evidence = registry.add_evidence(
        assessment_id=place.assessment, control=place.control, name="b.txt", content=b"begun\n", by=contact, at=AT
    )


def _leak(place: Place) -> None:
    """An address of the organisation that stood in a leak."""
    counts = {"rows_read": 1, "known": 0, "duplicates": 0, "strangers": 0, "set_aside_count": 0, "kept": 1}
    leak = Leak.objects.create(
        id=new_id(AT), source=place.name, tlp=Tlp.AMBER, pap="PAP:AMBER", salt=b"salt", received_by="somebody",
        received_at=AT, **counts,
    )  # fmt: skip
    place.leak = leak.id
    account = LeakedAccount.objects.create(
        id=new_id(AT), leak=leak, source=place.name, address=f"desk@{place.name}.example", secret_kind="password",
        organisation=place.organisation, lead_team=place.team, teams=[place.team], check_value=b"check",
    )  # fmt: skip
    place.leaked = account.id


def _watch(folder: Path, machine: Actor) -> None:
    """An indicator, and an input that came in: nobody's matters, and not for everybody's eyes."""
    (folder / "known.csv").write_text("192.0.2.7\n")
    intel.import_indicators(path=folder / "known.csv", source="world", by=machine, at=AT)
    LakeInput.objects.create(
        sha256="0" * 64, name="feed.csv", raw_name="feed.csv", bytes=1, rows_read=0, rows_stored=0, rows_duplicate=0,
        rows_rejected=0, attributed=0, matched=0, by=machine.id, at=AT,
    )  # fmt: skip


def _stream(machine: Actor) -> tuple[str, UUID, UUID]:
    """The stream of one receiver, for a service that relies on the node's sign-in."""
    made = access.add_service(name="Portal", redirect_uris=["https://portal.example/back"], by=machine, at=AT)
    account = access.add_service_account(name="Portal", email="portal@node.example", by=machine, at=AT)
    access.grant(person_id=account, role=Role.SIGNAL_RECEIVER, national=True, reason="receives", by=machine, at=AT)
    signals.bind_receiver(client_id=made.client_id, account_id=account, by=machine, at=AT)
    stream = signals.create_stream(said={}, by=access.actor_for(person_id=account, at=AT), at=AT)
    return made.client_id, account, UUID(stream["stream_id"])


def _owed(place: Place) -> None:
    """One duty of the place's incident that is owed."""
    Clock.objects.create(
        id=new_id(AT),
        incident=Incident.objects.get(reference=place.incident),
        duty="tried-duty",
        stage="report",
        order=1,
        owed_by="organisation",
        owed_to=["pkcert"],
        due_at=AT + timedelta(hours=72),
        fires_at=AT + timedelta(hours=72),
        state=ClockState.RUNNING,
        lead_team=place.team,
        teams=[place.team],
        organisation=place.organisation,
    )


def _notice(place: Place) -> None:
    """That the organisation was told of its finding."""
    Notice.objects.create(
        reference=f"N-{place.name}",
        organisation=place.organisation,
        lead_team=place.team,
        teams=[place.team],
        recipient=f"desk@{place.name}.example",
        road="mail",
        tlp=Tlp.AMBER,
        findings=[place.finding],
        message=place.message,
        at=AT,
    )


def _entry(place: Place, machine: Actor) -> UUID:
    from django.db import transaction

    with transaction.atomic():
        return ledger.record("test.happened", subject=place.incident, by=machine, at=AT, teams=[place.team])


def _seat(name: str, machine: Actor) -> Seat:
    held, _at, reach = name.partition("@")
    role, kind = Role(held), ScopeKind(reach)
    scope: dict[str, Any] = {
        ScopeKind.TEAM: {"team": TEAMS["own"]},
        ScopeKind.GUIDED: {"team": TEAMS["own"], "guided": True},
        ScopeKind.ORGANISATION: {"organisation": "org-own"},
        ScopeKind.NATIONAL: {"national": True},
        ScopeKind.COUNCIL: {"council": True},
    }[kind]
    person = access.add_person(email=f"{name.replace('@', '.')}@seat.example", name=name, by=machine, at=AT)
    access.grant(person_id=person, role=role, reason="seat", by=machine, at=AT, **scope)
    return Seat(name=name, scope=kind, actor=access.actor_for(person_id=person, at=AT))
