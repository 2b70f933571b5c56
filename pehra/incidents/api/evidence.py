"""What people do with evidence: take it in, give it out sealed, hand it over, keep it apart, check it.

Every act adds one line to the custody log of the piece and one entry to the ledger with that line's digest, in one
transaction: whoever rewrote the log would have to rewrite the ledger as well. The bytes go into the vault before that
transaction, and leave it only inside an encrypted zip.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.models import CustodyEntry, Evidence, EvidenceStamp, Incident
from pehra.incidents.queries import evidence as reading
from pehra.incidents.queries.evidence import EvidenceView
from pehra.incidents.rules import custody
from pehra.incidents.rules import evidence as rules
from pehra.incidents.rules.custody import Act
from pehra.incidents.rules.working import working_teams
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Fault, Gone, Invalid
from pehra.ledger import api as ledger
from pehra.vault import api as vault

TO_CHARACTERS_MAX = 300


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """Evidence as it leaves: a zip under a password, and what it is called."""

    name: str
    content: bytes


def add_evidence(
    *,
    ref: str,
    name: str,
    content: bytes | Iterable[bytes],
    source: str,
    about: str = "",
    collected_at: datetime | None = None,
    tlp: Tlp | str | None = None,
    limit: int = rules.EVIDENCE_BYTES_MAX,
    by: Actor,
    at: datetime,
) -> EvidenceView:
    """Take a file in as evidence of an incident: kept and hashed first, then written down with whom it came from.

    The same bytes a second time are refused while they are there: they would have two custody logs.
    """
    incident = queries.find(ref, by=by)
    reading.require_working(incident, Permission.INCIDENTS_CHANGE, by=by)
    plain = rules.plain_name(name)
    origin = rules.words(source, field="source", needed=True, message=_("Say from whom or from where it came."))
    words = rules.words(about, field="about", needed=False, message="")
    if collected_at is not None and collected_at > at:
        raise Invalid(_("This moment has not come yet."), field="collected_at")
    marking = Tlp(tlp) if tlp else Tlp(incident.tlp)
    head, chunks = _with_head([content] if isinstance(content, bytes) else content)
    if not head:
        raise Invalid(_("This file is empty."), field="file")
    kept = vault.keep_stream(chunks, limit=limit)
    row = Evidence(
        id=new_id(at),
        name=plain,
        about=words,
        source=origin,
        collected_at=collected_at,
        sha256=kept.sha256,
        size=kept.size,
        tlp=marking,
        added_at=at,
        added_by=by.id,
    )
    return _write(row, ref=ref, kind=rules.kind_of(head), by=by, at=at)


def _with_head(chunks: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """Return the first bytes of a stream, and the whole of it."""
    source, first, size = iter(chunks), [], 0
    for chunk in source:
        first.append(chunk)
        size += len(chunk)
        if size >= rules.HEAD_BYTES:
            break
    return b"".join(first)[: rules.HEAD_BYTES], chain(first, source)


@transaction.atomic
def _write(row: Evidence, *, ref: str, kind: rules.Kind, by: Actor, at: datetime) -> EvidenceView:
    incident = queries.for_change(ref, by=by)
    reading.require_working(incident, Permission.INCIDENTS_CHANGE, by=by)
    there = Evidence.objects.filter(incident=incident)
    same = there.filter(sha256=row.sha256, destroyed_at=None).first()
    if same is not None:
        raise Invalid(_("These bytes are here already, as %(label)s.") % {"label": str(same)}, field="file")
    last = there.order_by("-number").values_list("number", flat=True).first() or 0
    if last >= rules.EVIDENCE_AN_INCIDENT_MAX:
        raise Invalid(_("This incident holds as many files as one may."), field="file")
    row.incident, row.number = incident, last + 1
    row.media_type, row.quarantined, row.quarantined_because = kind.media_type, kind.hostile, kind.why
    row.save(force_insert=True)
    facts = {"sha256": row.sha256, "size": row.size, "name": row.name, "media_type": row.media_type}
    write_down(row, Act.RECEIVED, by=by, at=at, reason=row.source, facts=facts | {"quarantined": row.quarantined})
    _ask_for_stamp(row, at=at)
    return reading.view(row, incident)


def give_out_evidence(
    *,
    ref: str,
    number: int,
    password: str,
    reason: str,
    knows_hostile: bool = False,
    limit: int = rules.EVIDENCE_BYTES_MAX,
    by: Actor,
    at: datetime,
) -> Sealed:
    """Give a piece out as an encrypted zip, the only form in which one leaves; the log says to whom and why first.

    It is packed before the act's transaction: a large one would keep the incident from everybody meanwhile.
    """
    why = rules.words(reason, field="reason", needed=True, message=_("Say what the file is needed for."))
    if not rules.PASSWORD_CHARACTERS_MIN <= len(password) <= rules.PASSWORD_CHARACTERS_MAX:
        raise Invalid(
            _("The password of the zip has at least %(n)d characters.") % {"n": rules.PASSWORD_CHARACTERS_MIN},
            field="password",
        )
    incident = queries.find(ref, by=by)
    reading.require_working(incident, Permission.INCIDENTS_CHANGE, by=by)
    row = reading.found(incident, number)
    _require_may_leave(row, knows_hostile=knows_hostile)
    if row.size > limit:
        raise Invalid(_("This file is too large to be given out here: take it by the command."), field="file")
    entry = rules.sealed_name(row.name, hostile=row.quarantined)
    sealed = vault.sealed(_content_of(row), name=entry, password=password)
    _write_given_out(ref, number, why, knows_hostile=knows_hostile, by=by, at=at)
    return Sealed(name=f"{incident.reference}-E{row.number}.zip", content=sealed)


@transaction.atomic
def _write_given_out(ref: str, number: int, why: str, *, knows_hostile: bool, by: Actor, at: datetime) -> None:
    """Write down that a piece leaves, unless it may not any more."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CHANGE, by=by)
    _require_may_leave(row, knows_hostile=knows_hostile)
    write_down(row, Act.GIVEN_OUT, by=by, at=at, reason=why, to=by.name, facts={"sha256": row.sha256})


def _content_of(row: Evidence) -> bytes:
    try:
        return vault.read(row.sha256)
    except vault.Broken:
        row.refresh_from_db(fields=["destroyed_at"])  # it may have been destroyed since the row was read
        require_there(row)
        raise


def _require_may_leave(row: Evidence, *, knows_hostile: bool) -> None:
    require_there(row)
    if row.quarantined and not knows_hostile:
        raise Invalid(_("This file may do harm: say that you know, and open it where it can do none."), field="hostile")


@transaction.atomic
def hand_over_evidence(*, ref: str, number: int, to: str, reason: str, by: Actor, at: datetime) -> EvidenceView:
    """Write down that a piece, or a carrier of it, was handed to somebody outside Pehra."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CHANGE, by=by)
    require_there(row)
    whom = rules.words(to, field="to", needed=True, message=_("Say to whom it was handed."))
    if len(whom) > TO_CHARACTERS_MAX:
        raise Invalid(_("At most %(n)d characters.") % {"n": TO_CHARACTERS_MAX}, field="to")
    why = rules.words(reason, field="reason", needed=True, message=_("Say why."))
    write_down(row, Act.HANDED_OVER, by=by, at=at, to=whom, reason=why)
    return reading.view(row, row.incident)


@transaction.atomic
def quarantine_evidence(
    *, ref: str, number: int, quarantined: bool, reason: str, by: Actor, at: datetime
) -> EvidenceView:
    """Put a piece into quarantine, or let it out of it, by a person's judgement."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CHANGE, by=by)
    require_there(row)
    why = rules.words(reason, field="reason", needed=True, message=_("Say why."))
    if row.quarantined == quarantined:
        raise Invalid(_("It is so already."), field="quarantined")
    row.quarantined, row.quarantined_because = quarantined, why if quarantined else ""
    row.save(update_fields=["quarantined", "quarantined_because"])
    write_down(row, Act.QUARANTINED if quarantined else Act.RELEASED, by=by, at=at, reason=why)
    return reading.view(row, row.incident)


def check_evidence(*, ref: str, number: int, by: Actor, at: datetime) -> bool:
    """Read a piece again and compare it with its hash; whether it is whole stands in the log either way.

    As when one is given out, it is read before the act's transaction.
    """
    incident = queries.find(ref, by=by)
    reading.require_working(incident, Permission.INCIDENTS_CHANGE, by=by)
    row = reading.found(incident, number)
    require_there(row)
    try:
        vault.read(row.sha256)
        problem = ""
    except Fault as fault:
        problem = str(fault)
    _write_checked(ref, number, problem, by=by, at=at)
    return not problem


@transaction.atomic
def _write_checked(ref: str, number: int, problem: str, *, by: Actor, at: datetime) -> None:
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CHANGE, by=by)
    require_there(row)
    write_down(row, Act.CHECKED, by=by, at=at, reason=problem, facts={"whole": not problem, "sha256": row.sha256})


@transaction.atomic
def keep_evidence_until(
    *, ref: str, number: int, until: date | None, reason: str, by: Actor, at: datetime
) -> EvidenceView:
    """Say how long a piece is kept; None: until somebody says otherwise, as under a court's order."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CLOSE, by=by)
    require_there(row)
    why = rules.words(reason, field="reason", needed=True, message=_("Say by which rule or order."))
    if until is not None and until < at.date():
        raise Invalid(_("This day is past."), field="until")
    facts = {"until": until.isoformat() if until else None, "before": row.keep_until and row.keep_until.isoformat()}
    row.keep_until = until
    row.save(update_fields=["keep_until"])
    write_down(row, Act.RETENTION_SET, by=by, at=at, reason=why, facts=facts)
    return reading.view(row, row.incident)


@transaction.atomic
def ask_for_stamp(*, ref: str, number: int, by: Actor, at: datetime) -> EvidenceView:
    """Ask the node's time-stamping authority for a stamp, or once more after it failed."""
    row = reading.for_evidence_change(ref, number, permission=Permission.INCIDENTS_CHANGE, by=by)
    require_there(row)
    if not settings.PEHRA_TSA_URL:
        raise Invalid(_("No time-stamping authority is set up on this node."), field="stamp")
    _ask_for_stamp(row, at=at)
    row.stamps.filter(authority=settings.PEHRA_TSA_URL, stamped_at=None).update(attempts=0, next_attempt_at=at)
    return reading.one_evidence(ref, number, by=by)


def _ask_for_stamp(row: Evidence, *, at: datetime) -> None:
    if settings.PEHRA_TSA_URL:
        EvidenceStamp.objects.get_or_create(
            evidence=row,
            authority=settings.PEHRA_TSA_URL,
            defaults={"id": new_id(at), "asked_at": at, "next_attempt_at": at},
        )


def require_there(row: Evidence) -> None:
    """Refuse what was destroyed: it is gone for good."""
    if row.destroyed_at is not None:
        raise Gone(_("This file was destroyed; its log is kept."), field="file")


def write_down(
    row: Evidence,
    act: Act,
    *,
    by: Actor,
    at: datetime,
    to: str = "",
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the custody log of a piece whose row is locked, and the ledger's entry with the line's digest."""
    last = CustodyEntry.objects.filter(evidence=row).order_by("-position").first()
    entry = CustodyEntry(
        id=new_id(at),
        evidence=row,
        position=last.position + 1 if last else 1,
        act=act,
        at=at,
        by=by.id,
        by_name=by.name,
        to=to,
        reason=reason,
        facts=dict(facts or {}),
        previous=last.digest if last else custody.BEGINNING,
    )
    entry.digest = custody.digest(reading.custody_view(entry).as_json())
    entry.save(force_insert=True)
    told = {"evidence": str(row), "sha256": row.sha256, "custody": entry.digest}
    ledger.record(
        f"incidents.evidence.{act.value.replace('-', '_')}",
        subject=row.incident.reference,
        by=by,
        at=at,
        teams=_told(row.incident),
        facts=told,
    )


def _told(incident: Incident) -> list[str]:
    """Return the teams that may read what happened to evidence: those that work on the incident."""
    return working_teams(incident.roles, otherwise=incident.teams)
