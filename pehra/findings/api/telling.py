"""Notices: an organisation is told of its open findings, in one message, as often as the law's profile says.

Which findings need a notice, how they are marked, how often one writes and in which languages: all is the law's answer.
Who cannot be reached is shown as a held message and tried again; what the law lets nobody be told stays open.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from pehra.access import api as access
from pehra.findings import queries
from pehra.findings.gateways.turns import take_turn
from pehra.findings.models import Correspondence, Finding, Notice
from pehra.findings.queries import Untold
from pehra.findings.rules import extracts, recipients, wording
from pehra.findings.rules.recipients import Addressee, Known, Road
from pehra.findings.rules.states import State
from pehra.findings.rules.wording import Group, Name, Telling
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import reference
from pehra.kernel.markings import Circle, Tlp, may_share, strictest
from pehra.kernel.reasons import Because
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry

FINDINGS_A_NOTICE_MAX = 20_000
ORGANISATIONS_A_BATCH = 200
UNREACHABLE_AGAIN = timedelta(hours=1)
MESSAGE_KIND = "findings.notice"
NO_CONTACT_KIND = "findings.no-contact"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the law says of a problem at an entity: the reason for a notice, or None, and how it is marked."""

    because: Because | None
    tlp: Tlp

    def marked(self, said: Tlp | None) -> "Judged":
        """Return the same, marked as strictly as the source of the finding marked it."""
        return self if said is None or said <= self.tlp else replace(self, tlp=said)


@dataclass
class Judge:
    """The law of a day, asked once for each distinct set of facts."""

    profile: law.Profile
    on: date
    known: dict[tuple[law.EntityFacts, law.FindingFacts], Judged] = field(default_factory=dict)

    def of(self, entity: law.EntityFacts, finding: Untold) -> Judged:
        """Return what the law says of a finding."""
        facts = law.FindingFacts(
            taxonomy=finding.taxonomy, type=finding.type, identifier=finding.identifier, malware=finding.malware
        )
        key = (entity, facts)
        if key not in self.known:
            duties = law.obligations(self.profile, entity=entity, finding=facts, on=self.on)
            because = next((duty.because for duty in duties if duty.kind == "notice"), None)
            marking = law.sharing(self.profile, entity=entity, finding=facts, on=self.on)
            self.known[key] = Judged(because=because, tlp=marking.tlp)
        return self.known[key]


@dataclass(frozen=True, kw_only=True)
class Packet:
    """What one organisation is to be told, before it has a number."""

    organisation: str
    told: tuple[Untold, ...]
    withheld: tuple[Untold, ...]
    waiting: int
    tlp: Tlp
    because: tuple[Because, ...]
    to: Addressee
    name: Name
    team: Name

    @property
    def findings(self) -> tuple[Untold, ...]:
        """Everything that counts as told: what is in the mail, and what the mail says is not in it."""
        return (*self.told, *self.withheld)

    @property
    def lead_team(self) -> str:
        """The team that leads for the organisation's newest finding."""
        return self.findings[-1].lead_team

    @property
    def teams(self) -> tuple[str, ...]:
        """Every team that may see one of the findings."""
        return tuple(sorted({team for finding in self.findings for team in finding.teams}))


@transaction.atomic
def queue_notices(*, at: datetime, by: Actor, organisations: Iterable[str] | None = None) -> int:
    """Queue a notice for each organisation that has open findings it was not told of and may be written to now.

    Returns how many. What an organisation may not yet be told, since it was written to a short while ago, waits for the
    next call; nothing is told twice, however often and by however many this is called.
    """
    access.require(by, access.Permission.FINDINGS_CHANGE)
    profile = law.load(settings.PEHRA_PROFILE)
    today = law.day_of(profile, at)
    policy = law.notice_policy(profile, on=today)
    judge = Judge(profile=profile, on=today)
    take_turn()
    waiting = queries.organisations_untold(version=profile.version, organisations=organisations)
    queued = 0
    for start in range(0, len(waiting), ORGANISATIONS_A_BATCH):
        codes = _held(waiting[start : start + ORGANISATIONS_A_BATCH], policy=policy, at=at)
        queued += _tell(codes, judge, policy, by=by, at=at)
    return queued


def _held(codes: Sequence[str], *, policy: law.NoticePolicy, at: datetime) -> list[str]:
    """Return the organisations that may be written to now, each locked until the end of the transaction.

    Rows and not advisory locks, since those fill a table of fixed size; in one order, so that two callers never
    dead-lock; the condition is read again after waiting, so that the second finds the first one's notice.
    """
    Correspondence.objects.bulk_create([Correspondence(organisation=code) for code in codes], ignore_conflicts=True)
    rows = Correspondence.objects.filter(organisation__in=codes).filter(
        Q(last_notice_at__isnull=True) | Q(last_notice_at__lte=at - policy.rate_per_organisation),
        Q(unreachable_at__isnull=True) | Q(unreachable_at__lte=at - UNREACHABLE_AGAIN),
    )
    return list(rows.order_by("organisation").select_for_update().values_list("organisation", flat=True))


def _tell(codes: Sequence[str], judge: Judge, policy: law.NoticePolicy, *, by: Actor, at: datetime) -> int:
    """Ask the law about the untold findings of locked organisations and queue their notices."""
    if not codes:
        return 0
    version = judge.profile.version
    entities = registry.entity_facts(codes)
    needless: list[UUID] = []
    wanted: dict[str, list[tuple[Untold, Judged]]] = {}
    for code, rows in groupby(queries.untold(version=version, organisations=codes), key=lambda row: row.organisation):
        for row in rows:
            entity = entities.get(code) or law.EntityFacts()
            judged = judge.of(entity.without_name(), row)
            if judged.because is None:
                needless.append(row.id)
            else:
                wanted.setdefault(code, []).append((row, judged.marked(_source_marking(row.evidence))))
    Finding.objects.filter(id__in=needless, state=State.OPEN.value).update(examined=version)
    packets = _packets(wanted, policy)
    reachable = [packet for packet in packets if packet.to.road is not Road.NOBODY]
    _write([packet for packet in packets if packet.to.road is Road.NOBODY], by=by, at=at, reachable=False)
    _write(reachable, by=by, at=at, reachable=True)
    return len(reachable)


def _packets(wanted: dict[str, list[tuple[Untold, Judged]]], policy: law.NoticePolicy) -> list[Packet]:
    contacts = registry.contacts_of(wanted)
    leads = {rows[-1][0].lead_team for rows in wanted.values()} - {""}
    names = registry.local_names([*wanted, *leads])
    stand_ins = {team: _known(registry.team_contacts(team)) for team in sorted(leads)}
    packets = []
    for code, rows in wanted.items():
        now, later = rows[:FINDINGS_A_NOTICE_MAX], rows[FINDINGS_A_NOTICE_MAX:]
        mailable = [pair for pair in now if may_share(pair[1].tlp, Circle.ORGANISATION)]
        withheld = [pair for pair in now if not may_share(pair[1].tlp, Circle.ORGANISATION)]
        lead = now[-1][0].lead_team
        name, team = _name(names, code), _name(names, lead)
        to = recipients.addressee(
            contacts=_known(contacts.get(code, [])),
            team_contacts=stand_ins.get(lead, []),
            name=name.en,
            team=team.en,
            offered=policy.languages,
        )
        reasons = {judged.because.rule: judged.because for _row, judged in now if judged.because is not None}
        packets.append(
            Packet(
                organisation=code,
                told=tuple(row for row, _judged in mailable),
                withheld=tuple(row for row, _judged in withheld),
                waiting=len(later),
                # A mail that only says that there is something marked for a named person is not for others either.
                tlp=strictest(Tlp.AMBER_STRICT if withheld else Tlp.CLEAR, *(judged.tlp for _row, judged in mailable)),
                because=(*reasons.values(), policy.because),
                to=to,
                name=name,
                team=team,
            )
        )
    return packets


def _known(contacts: Iterable[registry.ContactView]) -> list[Known]:
    return [
        Known(name=contact.name, email=contact.email, language=contact.language, role=contact.role)
        for contact in contacts
        if outbox.is_address(contact.email)
    ]


def _name(names: dict[str, registry.Named], code: str) -> Name:
    named = names.get(code)
    return Name(en=named.name or code, local=named.name_local) if named else Name(en=code)


def _write(packets: Sequence[Packet], *, by: Actor, at: datetime, reachable: bool) -> None:
    """Queue the messages of some packets; those that reach somebody become notices and their findings are told."""
    if not packets:
        return
    codes = [packet.organisation for packet in packets]
    if not reachable:
        outbox.queue_many(drafts=[_flag(packet) for packet in packets], by=by, at=at)
        Correspondence.objects.filter(organisation__in=codes).update(unreachable_at=at)
        return
    numbers = _numbers(len(packets))
    profile = law.load(settings.PEHRA_PROFILE)
    prefix, year = f"{profile.identity.reference_prefix}N", law.day_of(profile, at).year
    references = [reference(prefix=prefix, year=year, number=number) for number in numbers]
    drafts = [_draft(packet, name, at=at) for packet, name in zip(packets, references, strict=True)]
    messages = outbox.queue_many(drafts=drafts, by=by, at=at)
    rows = [
        _row(packet, draft, number=number, name=name, message=message, at=at)
        for packet, draft, number, name, message in zip(packets, drafts, numbers, references, messages, strict=True)
    ]
    Notice.objects.bulk_create(rows)
    ledger.record_many([_entry(row, packet, by=by, at=at) for row, packet in zip(rows, packets, strict=True)])
    ids = [finding.id for packet in packets for finding in packet.findings]
    Finding.objects.filter(id__in=ids, state=State.OPEN.value).update(state=State.NOTIFIED.value, notified_at=at)
    Correspondence.objects.filter(organisation__in=codes).update(last_notice_at=at, unreachable_at=None)


def _numbers(count: int) -> list[int]:
    """Take numbers for notices. A number that is not used after all leaves a gap, and holds nobody up."""
    sequence = "SELECT nextval(pg_get_serial_sequence('findings_notice', 'number')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(sequence, [count])
        return [row[0] for row in cursor.fetchall()]


def _draft(packet: Packet, name: str, *, at: datetime) -> outbox.Draft:
    extract = _extract(packet, name, at=at)
    telling = _telling(packet, name, extract.name if extract else "")
    return outbox.Draft(
        kind=MESSAGE_KIND,
        recipient=outbox.Recipient(
            name=packet.to.name,
            email=packet.to.email,
            language=", ".join(packet.to.languages),
            circle=Circle.ORGANISATION,
        ),
        subject=wording.subject(telling, packet.to.languages),
        body=wording.body(telling, packet.to.languages),
        tlp=packet.tlp,
        dedupe_key=f"{MESSAGE_KIND}:{packet.organisation}:{_digest(packet)}",
        about=name,
        lead_team=packet.lead_team,
        teams=packet.teams,
        organisation=packet.organisation,
        attachments=(extract,) if extract else (),
        answer_until=at + outbox.ANSWER_VALID,
    )


def _flag(packet: Packet) -> outbox.Draft:
    """Return the message that stands in the outbox, held, for as long as nobody knows an address."""
    return outbox.Draft(
        kind=NO_CONTACT_KIND,
        recipient=outbox.Recipient(name=packet.name.en, email="", language="", circle=Circle.ORGANISATION),
        subject=f"No contact is known for {packet.name.en}: findings wait to be told"[: wording.SUBJECT_CHARACTERS_MAX],
        body=f"Open findings of {packet.name.en} ({packet.organisation}) cannot be told to anybody: neither it nor its "
        f"lead team ({packet.lead_team or 'nobody'}) has an address in the registry.\n\n"
        "Import a contact (role security). The notice then goes out within the hour.\n",
        tlp=packet.tlp,
        dedupe_key=f"{NO_CONTACT_KIND}:{packet.organisation}",
        about=packet.organisation,
        lead_team=packet.lead_team,
        teams=packet.teams,
        organisation=packet.organisation,
    )


def _telling(packet: Packet, name: str, extract: str) -> Telling:
    by_type = sorted(packet.told, key=lambda finding: finding.type)
    groups = [_group(kind, list(rows)) for kind, rows in groupby(by_type, key=lambda finding: finding.type)]
    return Telling(
        reference=name,
        organisation=packet.name,
        team=packet.team if packet.lead_team else Name(en=""),
        groups=tuple(sorted(groups, key=lambda group: (-group.count, group.type))),
        feeds=tuple(sorted({finding.feed_name for finding in packet.told if finding.feed_name})),
        tlp=packet.tlp,
        extract=extract,
        road=packet.to.road,
        withheld=len(packet.withheld),
        waiting=packet.waiting,
        answer=outbox.ANSWER_HERE,
    )


def _group(kind: str, rows: list[Untold]) -> Group:
    return Group(
        type=kind,
        count=len(rows),
        names=tuple(sorted({row.malware or row.identifier for row in rows} - {""})),
        first_seen=min(row.first_seen for row in rows),
        last_seen=max(row.last_seen for row in rows),
    )


def _extract(packet: Packet, name: str, *, at: datetime) -> outbox.Attachment | None:
    if not packet.told:
        return None
    rows = [
        (
            row.id, row.subject, row.port or "", row.protocol, row.kind, row.malware, extracts.moment(row.first_seen),
            extracts.moment(row.last_seen), row.times, row.asset, row.lead_team, row.feed_name,
            extracts.details(_facts(row.evidence)),
        )
        for row in packet.told
    ]  # fmt: skip
    content = extracts.written(rows, tlp=packet.tlp, reference=name, at=at)
    plain = f"{name}_{packet.tlp.replace(':', '-').replace('+', '-')}.csv"
    file_name, media_type, content = extracts.packed(content, name=plain)
    return outbox.Attachment(name=file_name, media_type=media_type, content=content)


def _facts(evidence: str) -> dict[str, Any]:
    try:
        said = json.loads(evidence)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _source_marking(evidence: str) -> Tlp | None:
    """Return the marking that whoever reported a finding gave it; most give none, and the law's own stands."""
    said = _facts(evidence).get("tlp") if '"tlp"' in evidence else None
    try:
        return Tlp(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _digest(packet: Packet) -> str:
    """Return a digest of what is told: a finding that came back is told again, anything else never."""
    lines = sorted(f"{finding.id}:{finding.reopened}" for finding in packet.findings)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _row(packet: Packet, draft: outbox.Draft, *, number: int, name: str, message: UUID, at: datetime) -> Notice:
    return Notice(
        number=number,
        reference=name,
        organisation=packet.organisation,
        lead_team=packet.lead_team,
        teams=list(packet.teams),
        recipient=draft.recipient.email,
        road=packet.to.road.value,
        tlp=packet.tlp.value,
        findings=[finding.id for finding in packet.findings],
        message=message,
        at=at,
        because=[because.as_json() for because in packet.because],
    )


def _entry(row: Notice, packet: Packet, *, by: Actor, at: datetime) -> ledger.Entry:
    facts = {
        "organisation": row.organisation,
        "findings": len(packet.findings),
        "findings_sha256": _digest(packet),
        "message": str(row.message),
        "tlp": row.tlp,
        "road": row.road,
        "because": [because.rule for because in packet.because],
    }
    return ledger.Entry(
        event="findings.notified",
        subject=queries.notice_subject(row.reference),
        by=by,
        at=at,
        teams=packet.teams,
        facts=facts,
    )
