"""A report comes in, or more of one: kept as it came, then one transaction for all that follows from it.

The bytes lie in the vault before anything is understood; then row, submission, files, observables, whose it is, its
ledger entry and the letter to its team are written together or not at all. The same thing again (`once`) is the same
receipt. A secret in the receipt opens the report to whoever reported it, also to somebody nobody knows.
"""

import base64
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake import queries
from pehra.intake.api import grouping, observing, routing, telling
from pehra.intake.api.handing_on import hand_on_added
from pehra.intake.gateways import turns
from pehra.intake.models import Report, ReportFile, Submission
from pehra.intake.rules import saying
from pehra.intake.rules.acts import Act
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.consolidating import consolidated
from pehra.intake.rules.contents import media_type_of
from pehra.intake.rules.saying import Handed, Receipt, Reporter, Said
from pehra.intake.rules.states import State
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id, reference
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.vault import api as vault

NUMBER_PREFIX = "R"
NEWS = "something was added after this decision"


@dataclass(frozen=True, kw_only=True)
class _Coming:
    """A submission that is kept, on its way into the tables."""

    channel: Channel
    raw: vault.Kept
    media_type: str
    said: Said
    files: tuple[tuple[str, str, vault.Kept], ...]
    source: str
    source_ref: str
    once: str
    by: Actor
    at: datetime
    team: str = ""

    @property
    def hashes(self) -> list[tuple[str, str]]:
        return [(kept.sha256, kind) for _name, kind, kept in self.files]


def receive(
    *,
    channel: Channel,
    raw: bytes | vault.Kept,
    media_type: str,
    said: Said,
    reporter: Reporter,
    language: str,
    files: Sequence[Handed] = (),
    once: str = "",
    source: str = "",
    source_ref: str = "",
    problem: str = "",
    team: str = "",
    by: Actor,
    at: datetime,
) -> Receipt:
    """Take in a new report and return its receipt.

    `once` names what makes the same thing the same when it comes again (a draft's secret, a mail's hash): it is told
    apart by road and actor, and the first one's receipt is given. `source` and `source_ref` are what it is called where
    it comes from (a Message-ID, an alert's number): reports that share them are shown as one group. `problem` says why
    its content could not be read. `team` is whose the road is: its matter where nothing says whose it is.
    """
    who = saying.clean_reporter(reporter)
    access.require(by, Permission.INTAKE_REPORT, organisation=who.organisation if by.organisations else "")
    if who.organisation:
        _require_organisation(who.organisation, by=by)
    coming = _kept(
        channel=channel, raw=raw, media_type=media_type, said=said, files=files,
        source=source, source_ref=source_ref, once=once, by=by, at=at,
    )  # fmt: skip
    with transaction.atomic(), access.elevated(part="intake.receiving"):
        return _known(coming) or _received(replace(coming, team=team), who, language=language, problem=problem)


def add(
    *,
    channel: Channel,
    raw: bytes | vault.Kept,
    media_type: str,
    said: Said,
    reference: str = "",
    token: str = "",
    files: Sequence[Handed] = (),
    once: str = "",
    source: str = "",
    source_ref: str = "",
    by: Actor,
    at: datetime,
) -> Receipt:
    """Add a submission to a report: named by its reference to whoever may see it, or opened by its receipt's secret."""
    access.require(by, Permission.INTAKE_REPORT)
    known = queries.named(reference=reference, token=token, by=by).id
    coming = _kept(
        channel=channel, raw=raw, media_type=media_type, said=said, files=files,
        source=source, source_ref=source_ref, once=once, by=by, at=at,
    )  # fmt: skip
    with transaction.atomic(), access.elevated(part="intake.receiving"):
        return _known(coming) or _added(coming, *_locked(known))


def _kept(
    *,
    channel: Channel,
    raw: bytes | vault.Kept,
    media_type: str,
    said: Said,
    files: Sequence[Handed],
    source: str,
    source_ref: str,
    once: str,
    by: Actor,
    at: datetime,
) -> _Coming:
    """Check what costs nothing, then put the bytes into the vault: what is refused half-way leaves no row."""
    clean = saying.clean(said)
    routing.require_known_words(clean)
    if clean.organisation:
        _require_organisation(clean.organisation, by=by)
    saying.require_takeable(files)
    whole = raw if isinstance(raw, vault.Kept) else vault.keep(raw, limit=saying.RAW_BYTES_MAX)
    return _Coming(
        channel=channel,
        raw=whole,
        media_type=media_type_of(b"", claimed=media_type),
        said=clean,
        files=tuple(_kept_file(file) for file in files),
        source=saying.writable(source)[: saying.SOURCE_LENGTH_MAX],
        source_ref=saying.short_key(saying.writable(source_ref)),
        once=sha256("\0".join((channel, by.id, once)).encode()).hexdigest() if once else "",
        by=by,
        at=at,
    )


def _require_organisation(code: str, *, by: Actor) -> None:
    """Refuse an organisation that the actor does not know; what a road of Pehra's own says is asked of all of them."""
    with access.elevated(part="intake.receiving") if by.is_system else nullcontext():
        access.require_known_organisation(code, by=by)


def _kept_file(file: Handed) -> tuple[str, str, vault.Kept]:
    if file.sha256:
        kept = vault.Kept(sha256=file.sha256, size=file.size)
    else:
        kept = vault.keep(file.content, limit=saying.FILE_BYTES_MAX)
    return saying.file_name(file.name), media_type_of(file.content, claimed=file.media_type), kept


def _known(coming: _Coming) -> Receipt | None:
    """Return the receipt of the same submission, if it came before; of two at once the second waits for the first."""
    if not coming.once:
        return None
    turns.take_turn(coming.once)
    if not Submission.objects.filter(once=coming.once).exists():
        return None
    return _receipt(Submission.objects.select_related("report").get(once=coming.once), is_new=False)


def _received(coming: _Coming, who: Reporter, *, language: str, problem: str) -> Receipt:
    at, profile = coming.at, law.load(settings.PEHRA_PROFILE)
    today = law.day_of(profile, at)
    seen = observing.seen_in(coming.said, on=today, at=at)
    routed = routing.route(coming.said, owners={one.owner for one in seen} - {""}, team=coming.team, at=at)
    id = new_id(at)
    report = Report(
        id=id,
        reference=reference(
            prefix=f"{profile.identity.reference_prefix}{NUMBER_PREFIX}", year=today.year, number=turns.next_number()
        ),
        channel=coming.channel,
        state=State.RECEIVED,
        **consolidated(coming.said),
        tlp=coming.said.tlp or routed.tlp,
        problem=saying.writable(problem),
        language=saying.writable(language)[: saying.LANGUAGE_LENGTH_MAX],
        anonymous=who.anonymous,
        reporter_name=who.name,
        reporter_email=who.email,
        reporter_phone=who.phone,
        reporter_organisation=who.organisation,
        reporter_verified=who.verified,
        reported_by=coming.by.id,
        secret_sha256=queries.digest_of_token(token_of(id)),
        lead_team=routed.lead_team,
        teams=list(routed.teams),
        working_teams=list(routed.working),
        routed_because=routed.because,
        group=id,
        received_at=at,
        changed_at=at,
    )
    _grouped(report, coming, seen)
    report.save(force_insert=True)
    submission = _submitted(report, coming, number=1)
    observing.add_observables(report, seen, number=1, at=at)
    _record("intake.received", report, coming, submission, seen)
    telling.tell_of(report, by=coming.by, at=at)
    return _receipt(submission)


def _grouped(report: Report, coming: _Coming, seen: Sequence[observing.Seen]) -> None:
    group, shared = grouping.find_group(
        report,
        raw_sha256=coming.raw.sha256,
        source=coming.source,
        source_ref=coming.source_ref,
        files=coming.hashes,
        seen=seen,
        at=coming.at,
    )
    if group:
        report.group = UUID(group)
        report.group_because = [{"sign": one.sign.value, "value": one.value, "with": one.report} for one in shared]


def _locked(id: UUID) -> tuple[Report, Report | None]:
    """Return a report and the one behind which it stands, if any, both locked: in the one order of all locks."""
    head = Report.objects.filter(id=id).values("merged_into")
    rows = Report.objects.filter(Q(id=id) | Q(id__in=head)).order_by("id").select_for_update(of=("self",))
    found = {row.id: row for row in rows}
    report = found[id]
    # One that was merged or taken out while we waited: its head is not ours to lock any more, and reading it will do.
    head_id = report.merged_into_id
    return report, found.get(head_id) or Report.objects.filter(id=head_id).first() if head_id else None


def _added(coming: _Coming, report: Report, head: Report | None) -> Receipt:
    at = coming.at
    last = report.submissions.order_by("-number").values_list("number", flat=True)[0]
    seen = observing.seen_in(coming.said, on=law.day_of(law.load(settings.PEHRA_PROFILE), at), at=at)
    before = {name: getattr(report, name) for name in consolidated(Said())}
    values = consolidated(coming.said, before) | {"changed_at": at}
    if coming.said.tlp:
        is_source = coming.by.id == report.reported_by
        values["tlp"] = coming.said.tlp if is_source else max(coming.said.tlp, Tlp(report.tlp))
    values |= _rerouted(report, values, coming, seen)
    if report.state == State.DISMISSED:
        values |= {"state": State.RECEIVED, "state_reason": NEWS, "told_at": None}
    elif report.state != State.RECEIVED:
        # Unread already: its team was told.
        values |= {} if report.has_news else {"has_news": True, "told_at": None}
    for name, value in values.items():
        setattr(report, name, value)
    report.save(update_fields=list(values))
    submission = _submitted(report, coming, number=last + 1)
    observing.add_observables(report, seen, number=last + 1, at=at)
    _record("intake.added", report, coming, submission, seen)
    hand_on_added(report, head=head, number=last + 1, at=at)
    return _receipt(submission)


def _rerouted(
    report: Report, values: dict[str, Any], coming: _Coming, seen: Sequence[observing.Seen]
) -> dict[str, Any]:
    """Return who leads after a submission said whose matter it is; who read the report before reads it still.

    Once somebody decided, the report stays where it is: the decision stands in that team's name.
    """
    said = Said(
        organisation=values["about_organisation"],
        sector=values["sector"],
        territory=values["territory"],
        taxonomy=values["taxonomy"],
        type=values["type"],
    )
    whose = ("about_organisation", "sector", "territory", "taxonomy", "type")
    nobody_said = not (said.organisation or said.sector or said.territory)
    unchanged = all(values[name] == getattr(report, name) for name in whose)
    if report.state not in (State.RECEIVED, State.DISMISSED) or (unchanged and not (nobody_said and seen)):
        return {}
    if report.changes.filter(act__act=Act.HAND_OVER, act__undone_at__isnull=True).exists():
        return {}
    owners = {one.owner for one in seen} | set(report.observables.values_list("owner", flat=True))
    by_road = report.lead_team if report.routed_because.get("basis") == routing.BY_ROAD else ""
    routed = routing.route(said, owners=owners - {""}, team=by_road, at=coming.at)
    teams = list(dict.fromkeys([*routed.teams, *report.teams]))
    if routed.lead_team == report.lead_team and teams == report.teams:
        return {}
    return {
        "lead_team": routed.lead_team,
        "teams": teams,
        "working_teams": list(dict.fromkeys([*routed.working, *report.working_teams])),
        "routed_because": routed.because,
        "told_at": report.told_at if routed.lead_team == report.lead_team else None,
    }


def _submitted(report: Report, coming: _Coming, *, number: int) -> Submission:
    submission = Submission.objects.create(
        id=new_id(coming.at),
        report=report,
        number=number,
        channel=coming.channel,
        raw_sha256=coming.raw.sha256,
        raw_size=coming.raw.size,
        media_type=coming.media_type,
        said=saying.as_json(coming.said),
        source=coming.source,
        source_ref=coming.source_ref,
        once=coming.once,
        submitted_by=coming.by.id,
        received_at=coming.at,
    )
    ReportFile.objects.bulk_create(
        [
            ReportFile(
                submission=submission, report=report, position=place, name=name, media_type=kind,
                sha256=kept.sha256, size=kept.size,
            )
            for place, (name, kind, kept) in enumerate(coming.files)
        ]
    )  # fmt: skip
    return submission


def _record(
    event: str, report: Report, coming: _Coming, submission: Submission, seen: Sequence[observing.Seen]
) -> None:
    """Write it into the ledger: hashes and counts, and nothing of what was said or of who said it."""
    facts = {
        "number": submission.number,
        "channel": coming.channel.value,
        "sha256": coming.raw.sha256,
        "size": coming.raw.size,
        "files": [sha256 for sha256, _kind in coming.hashes],
        "observables": len(seen),
        "complete": report.is_complete,
        "lead": report.lead_team,
        "rule": report.routed_because.get("rule", ""),
        "state": str(report.state),
    }
    ledger.record(event, subject=report.reference, by=coming.by, at=coming.at, teams=report.teams, facts=facts)


def token_of(report: UUID) -> str:
    """Return the secret that opens a report: it follows from the node's key, so that the same receipt can be given
    again; what lets it in is its digest beside the report, so that a new key closes no door."""
    mac = salted_hmac("pehra.intake.receipt", str(report), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def _receipt(row: Submission, *, is_new: bool = True) -> Receipt:
    token = token_of(row.report.id)
    return Receipt(
        report=row.report.id,
        reference=row.report.reference,
        number=row.number,
        at=row.received_at,
        sha256=row.raw_sha256,
        token=token if queries.digest_of_token(token) == row.report.secret_sha256 else "",
        is_new=is_new,
    )


def require_something(said: Said, files: Sequence[Handed]) -> None:
    """Refuse a report that says nothing at all: for the roads on which a person can be asked again."""
    if not (said.title.strip() or said.description.strip() or said.observables or said.answers or files):
        raise Invalid(_("say what happened, in a few words at least"), field="description")
