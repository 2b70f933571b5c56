"""An organisation's report: its fields made from what each stage of its duties demands, completed over days.

What its people type is theirs until they hand it in: no team reads a draft. Each handing in is a submission that never
changes; the report grows by them. Who hands in says as which stages, and only a stage that is whole can be one: its
clock, where the matter is an incident already, is met with that very moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import api as incidents
from pehra.intake import queries
from pehra.intake.api import receiving
from pehra.intake.api.forms import duties
from pehra.intake.api.forms import stages as met
from pehra.intake.api.forms.duties import StageView
from pehra.intake.api.forms.stages import AS_STAGES
from pehra.intake.models import OrganisationDraft
from pehra.intake.queries.receipts import ReceiptView, receipt_view
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.forms import answers as answer_rules
from pehra.intake.rules.forms import telling
from pehra.intake.rules.forms.answers import Filled
from pehra.intake.rules.forms.shapes import Shape
from pehra.intake.rules.saying import Handed, Receipt, Reporter
from pehra.kernel.actors import Actor
from pehra.kernel.canonical import canonical
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.registry import api as registry

DRAFT_DAYS = timedelta(days=180)
DRAFTS_MAX = 200  # of one organisation
DRAFTS_SHOWN_MAX = 100
ANSWERS_BYTES_MAX = 512 * 1024
ABOUT_INCIDENT = "about-incident"
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, kw_only=True)
class DraftRow:
    """One report of an organisation in its own list."""

    id: UUID
    organisation: str
    organisation_name: str
    organisation_local: str
    report: str
    incident: str
    title: str
    has_changes: bool
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnForm:
    """A report as its organisation fills it in. `seen` is what tells this state of it from a later one."""

    id: UUID
    organisation: str
    organisation_name: str
    organisation_local: str
    report: str
    incident: str
    shape: Shape
    filled: Filled
    stages: tuple[StageView, ...]
    receipt: ReceiptView | None
    has_changes: bool
    changed_at: datetime
    changed_by: str

    @property
    def seen(self) -> str:
        """What a page says it was made from."""
        return self.changed_at.isoformat()


@dataclass(frozen=True, kw_only=True)
class OwnOutcome:
    """What came of saving or handing in: a receipt, problems, or what a colleague saved meanwhile."""

    filled: Filled
    receipt: Receipt | None = None
    meanwhile: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: str = ""


@transaction.atomic
def begin_own_report(*, organisation: str, incident: str = "", by: Actor, at: datetime) -> UUID:
    """Begin a report for an organisation; nothing leaves it until it is handed in."""
    _require(organisation, by=by)
    access.require_known_organisation(organisation, by=by)
    if incident:
        incidents.incident(incident, by=by)
    if OrganisationDraft.objects.filter(organisation=organisation).count() >= DRAFTS_MAX:
        raise Invalid(
            _("%(n)s reports are open already: hand some in, or throw them away") % {"n": DRAFTS_MAX},
            field="organisation",
        )
    row = OrganisationDraft.objects.create(
        id=new_id(at),
        organisation=organisation,
        incident=incident,
        started_at=at,
        changed_at=at,
        changed_by=by.id,
        ends_at=at + DRAFT_DAYS,
    )
    return row.id


def own_reports(*, by: Actor, at: datetime) -> tuple[DraftRow, ...]:
    """Return what the actor's organisations have begun and handed in, the newest change first."""
    rows = list(_visible(by).filter(ends_at__gt=at).order_by("-changed_at")[:DRAFTS_SHOWN_MAX])
    names = registry.local_names({row.organisation for row in rows})
    asked = duties.whole_shape(at=at).asked
    return tuple(
        DraftRow(
            id=row.id,
            organisation=row.organisation,
            organisation_name=_name(names.get(row.organisation), row.organisation),
            organisation_local=_name(names.get(row.organisation), "", local=True),
            report=row.report,
            incident=row.incident,
            title=telling.said(asked, _read(_kept(row), at=at).answers).title,
            has_changes=row.has_changes,
            changed_at=row.changed_at,
        )
        for row in rows
    )


def own_form(*, draft: UUID, typed: Mapping[str, tuple[str, ...]] | None = None, by: Actor, at: datetime) -> OwnForm:
    """Return a report to be filled in, with the stages it is or may be owed for; `typed` instead of what is kept."""
    row = _one(draft, by=by)
    return _form(row, _kept(row) if typed is None else typed, by=by, at=at)


@transaction.atomic
def save_own_report(
    *, draft: UUID, typed: Mapping[str, tuple[str, ...]], seen: str, by: Actor, at: datetime
) -> OwnOutcome:
    """Keep what was typed, wrong answers too: it is a draft. What a colleague saved meanwhile is never overwritten."""
    row = _one(draft, by=by, for_change=True)
    asked = duties.whole_shape(at=at).codes
    answers = {name: list(words) for name, words in typed.items() if name in asked}
    if len(canonical(answers)) > ANSWERS_BYTES_MAX:
        raise Invalid(
            _("all answers together are at most %(n)s KiB: send the rest as a file") % {"n": ANSWERS_BYTES_MAX // 1024}
        )
    filled = _read(typed, at=at)
    if seen and row.changed_at.isoformat() != seen:
        differ = {name for name in {*row.answers, *answers} if row.answers.get(name) != answers.get(name)}
        if differ:
            meanwhile = {name: tuple(row.answers.get(name, ())) for name in differ}
            return OwnOutcome(filled=filled, meanwhile=meanwhile, by=row.changed_by)
    if answers != row.answers:
        row.answers, row.has_changes = answers, True
        row.changed_at, row.changed_by, row.ends_at = at, by.id, at + DRAFT_DAYS
        row.save(update_fields=["answers", "has_changes", "changed_at", "changed_by", "ends_at"])
    return OwnOutcome(filled=filled)


@transaction.atomic
def hand_in_own_report(
    *,
    draft: UUID,
    typed: Mapping[str, tuple[str, ...]],
    seen: str,
    stages: Sequence[str] = (),
    files: Sequence[Handed] = (),
    by: Actor,
    at: datetime,
) -> OwnOutcome:
    """Hand in what is answered, however little, and as which stages. The same again is the same receipt."""
    outcome = save_own_report(draft=draft, typed=typed, seen=seen, by=by, at=at)
    if outcome.meanwhile or outcome.filled.problems:
        return outcome
    row = _one(draft, by=by, for_change=True)
    form = _form(row, typed, by=by, at=at)
    _require_whole(form, stages)
    receipt = _receive(row, form, stages, files, by=by, at=at)
    row.report, row.has_changes = receipt.reference, False
    row.save(update_fields=["report", "has_changes"])
    handed_in = dict.fromkeys(stages, at)
    met.meet(incident=form.incident, organisation=form.organisation, handed_in=handed_in, at=at)
    return OwnOutcome(filled=outcome.filled, receipt=receipt)


@transaction.atomic
def throw_away_own_report(*, draft: UUID, by: Actor, at: datetime) -> None:
    """Delete what was never handed in."""
    row = _one(draft, by=by, for_change=True)
    if row.report:
        raise Invalid(_("this report was handed in: it can be added to, and no longer be thrown away"), field="draft")
    row.delete()


@transaction.atomic
def forget_old_reports(*, at: datetime) -> int:
    """Delete drafts that nobody touched for half a year; what was handed in is in the report. Return how many."""
    return OrganisationDraft.objects.filter(ends_at__lte=at).delete()[0]


def _require(organisation: str, *, by: Actor) -> None:
    if organisation not in by.organisations:
        raise NotVisible("there is no such organisation among yours")
    access.require(by, Permission.INTAKE_REPORT, organisation=organisation)


def _visible(by: Actor) -> Any:
    return OrganisationDraft.objects.all().visible_to(queries.reader(by, Permission.INTAKE_REPORT))


def _one(draft: UUID, *, by: Actor, for_change: bool = False) -> OrganisationDraft:
    rows = _visible(by).filter(id=draft)
    row: OrganisationDraft | None = (rows.select_for_update() if for_change else rows).first()
    if row is None:
        raise NotVisible("there is no such report")
    return row


def _form(row: OrganisationDraft, typed: Mapping[str, tuple[str, ...]], *, by: Actor, at: datetime) -> OwnForm:
    report = queries.named(reference=row.report, by=by) if row.report else None
    incident = report.incident if report and report.incident else row.incident
    filled = _read(typed, at=at)
    handed_in = list(met.handed_in_of(report)) if report else []
    stages = duties.stages_of(
        organisation=row.organisation, incident=incident, answers=filled.answers, handed_in=handed_in, by=by, at=at
    )
    named = registry.local_names({row.organisation}).get(row.organisation)
    return OwnForm(
        id=row.id,
        organisation=row.organisation,
        organisation_name=_name(named, row.organisation),
        organisation_local=_name(named, "", local=True),
        report=row.report,
        incident=incident,
        shape=duties.shape_for(stages, at=at),
        filled=filled,
        stages=stages,
        receipt=receipt_view(report) if report else None,
        has_changes=row.has_changes,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _read(typed: Mapping[str, tuple[str, ...]], *, at: datetime) -> Filled:
    shape = duties.whole_shape(at=at)
    zone = ZoneInfo(law.load(settings.PEHRA_PROFILE).identity.timezone)
    return answer_rules.read(shape.asked, typed, choices=shape.choices, zone=zone, at=at)


def _name(named: registry.Named | None, otherwise: str, *, local: bool = False) -> str:
    if named is None:
        return otherwise
    return named.name_local if local else named.name


def _kept(row: OrganisationDraft) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in row.answers.items()}


def _require_whole(form: OwnForm, stages: Sequence[str]) -> None:
    known = {stage.name: stage for stage in form.stages}
    for name in stages:
        if name not in known:
            raise Invalid(f"{name} is no stage of this report", field="stages")
        if not known[name].progress.is_whole:
            lacking = ", ".join(known[name].progress.lacking) or "what it demands is not known"
            raise Invalid(
                _("%(name)s is not whole yet: %(lacking)s") % {"name": name, "lacking": lacking}, field="stages"
            )


def _receive(
    row: OrganisationDraft, form: OwnForm, stages: Sequence[str], files: Sequence[Handed], *, by: Actor, at: datetime
) -> Receipt:
    asked = duties.whole_shape(at=at).asked
    before = [stage.name for stage in form.stages if stage.is_handed_in]
    answers = dict(form.filled.answers)
    as_stages = list(dict.fromkeys([*before, *stages]))
    if as_stages:
        answers[AS_STAGES] = ",".join(as_stages)
    if row.incident:
        answers[ABOUT_INCIDENT] = row.incident
    said = telling.said(asked, form.filled.answers, organisation=row.organisation, is_complete=_is_complete(form))
    said = telling.with_answers(said, answers)
    if not form.filled.answers:
        receiving.require_something(said, files)
    document = _document(row, form, stages, files, by=by)
    coming: dict[str, Any] = {
        "channel": Channel.ORGANISATION,
        "raw": document,
        "media_type": MEDIA_TYPE,
        "said": said,
        "files": files,
        "once": f"{row.id}:{sha256(document).hexdigest()}",
        "by": by,
        "at": at,
    }
    if row.report:
        return receiving.add(reference=row.report, **coming)
    reporter = Reporter(name=by.name, organisation=row.organisation, verified=True)
    return receiving.receive(reporter=reporter, language="", **coming)


def _is_complete(form: OwnForm) -> bool:
    """Whether nothing that is certainly owed is lacking; where nothing is certain, whether some stage is whole."""
    certain = [stage for stage in form.stages if stage.is_certain and stage.progress.is_known]
    if certain:
        return all(stage.progress.is_whole for stage in certain)
    return any(stage.progress.is_whole for stage in form.stages)


def _document(
    row: OrganisationDraft, form: OwnForm, stages: Sequence[str], files: Sequence[Handed], *, by: Actor
) -> bytes:
    profile = law.load(settings.PEHRA_PROFILE)
    return canonical(
        {
            "form": "organisation",
            "profile": profile.name,
            "version": profile.version,
            "organisation": row.organisation,
            "incident": row.incident,
            "by": by.id,
            "answers": {name: list(words) for name, words in form.filled.typed.items()},
            "stages": list(stages),
            "files": [
                {"name": file.name, "size": len(file.content), "sha256": sha256(file.content).hexdigest()}
                for file in files
            ],
        }
    )
