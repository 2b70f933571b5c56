"""An organisation answers identity controls: open, answer, show evidence, submit.

What was typed is kept at once, whole or not; only submitting asks for all of it. Who answers is the organisation, or
the team that leads for it on its behalf; every act is in the ledger, what was said is not: the ledger's readers are
more than the assessment's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.canonical import canonical
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.registry.models import Assessment, AssessmentAnswer, Evidence, Organisation
from pehra.registry.queries import assessments as queries
from pehra.registry.queries.responsibility import entity
from pehra.registry.rules import assessing, evidence
from pehra.registry.rules.assessing import OPEN_TO_ANSWERS, UNFINISHED, AssessmentState
from pehra.registry.rules.assessment_views import Said

NOTE_CHARACTERS_MAX = 4_000
REFERENCE_CHARACTERS_MAX = 1_000
_TOLD = {
    evidence.EMPTY: gettext_lazy("this file is empty"),
    evidence.TOO_LARGE: gettext_lazy("a file has at most 5 MB"),
    evidence.NOT_TAKEN: gettext_lazy("only PDF, PNG, JPEG and plain text are taken; save it as a PDF"),
}


@transaction.atomic
def open_assessment(organisation: str, *, by: Actor, at: datetime) -> UUID:
    """Open an assessment of an organisation against the control set of the day; return its identifier."""
    reader = access.narrowed(by, Permission.ASSESSMENT_READ)
    row = queries.organisation(organisation, by=reader)
    _require_answering(row, by)
    profile = law.load(settings.PEHRA_PROFILE)
    today = law.day_of(profile, at)
    facts = entity((row.sector_id, row.territory_id, None if row.classes is None else tuple(row.classes)))
    asked = law.control_set(profile, on=today, entity=facts)
    if asked is None or not asked.controls:
        raise Invalid(_("The country's profile holds no control set for this day."), field="controls")
    # Locked, so that two who open at once get one assessment and one refusal.
    Organisation.objects.select_for_update().filter(code=row.code).first()
    if Assessment.objects.filter(organisation=row, state__in=[state.value for state in UNFINISHED]).exists():
        raise Invalid(_("An assessment of this organisation is not finished yet."), field="state")
    made = Assessment.objects.create(
        id=new_id(at),
        organisation=row,
        control_set=asked.code,
        version=asked.version,
        controls_on=today,
        tlp=law.sharing(profile, entity=facts, on=today).tlp.value,
        opened_at=at,
        opened_by=by.id,
        total=len(asked.controls),
    )
    AssessmentAnswer.objects.bulk_create(
        AssessmentAnswer(
            assessment=made,
            position=position,
            control=control.code,
            theme=control.theme,
            weight=control.weight,
            critical=control.critical,
        )
        for position, control in enumerate(asked.controls)
    )
    queries.rescore(made)
    facts_kept = {"control_set": asked.code, "version": asked.version, "controls": len(asked.controls)}
    record("opened", made, by=by, at=at, facts=facts_kept)
    return made.id


@transaction.atomic
def answer_controls(*, assessment_id: UUID, said: Sequence[Said], by: Actor, at: datetime) -> tuple[str, ...]:
    """Keep what somebody says of some controls; return those that another changed meanwhile and that are not kept."""
    row = _writable(assessment_id, by=by)
    rows = {one.control: one for one in queries.answers(row.id)}
    changed, conflicts = [], []
    for one in said:
        kept = rows.get(one.control)
        if kept is None:
            raise NotVisible(f"this assessment has no control {one.control!r}")
        wanted = _checked(one)
        if (kept.reply, kept.note, kept.reference) == wanted:
            continue
        if one.seen is not None and one.seen != kept.version:
            conflicts.append(one.control)
            continue
        kept.reply, kept.note, kept.reference = wanted
        kept.version += 1
        kept.answered_at, kept.answered_by = at, by.id
        kept.verdict = kept.verdict_note = ""  # it was said of another answer
        changed.append(kept)
    if changed:
        fields = ["reply", "note", "reference", "version", "answered_at", "answered_by", "verdict", "verdict_note"]
        AssessmentAnswer.objects.bulk_update(changed, fields)
        queries.rescore(row)
        record("answered", row, by=by, at=at, facts={"controls": sorted(one.control for one in changed)})
    return tuple(conflicts)


def _checked(said: Said) -> tuple[str, str, str]:
    note, reference = said.note.strip(), said.reference.strip()
    if len(note) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("A note has at most %(n)d characters.") % {"n": NOTE_CHARACTERS_MAX}, field=said.control)
    if len(reference) > REFERENCE_CHARACTERS_MAX:
        text = _("A reference has at most %(n)d characters.") % {"n": REFERENCE_CHARACTERS_MAX}
        raise Invalid(text, field=said.control)
    return (said.reply.value if said.reply else ""), note, reference


@transaction.atomic
def add_evidence(*, assessment_id: UUID, control: str, name: str, content: bytes, by: Actor, at: datetime) -> UUID:
    """Put a file beside an answer; return its identifier. What it is, its bytes say and not its name."""
    row = _writable(assessment_id, by=by)
    answer = AssessmentAnswer.objects.filter(assessment=row, control=control).first()
    if answer is None:
        raise NotVisible(f"this assessment has no control {control!r}")
    try:
        file = evidence.check(name, content)
    except Invalid as refused:
        told = _TOLD.get(refused.message, refused.message)
        raise Invalid(f"{evidence.plain_name(name)}: {told}", field=control) from refused
    there = Evidence.objects.filter(answer__assessment=row, removed_at=None).values_list("answer_id", "size", "sha256")
    beside = [digest for answer_id, _size, digest in there if answer_id == answer.id]
    digest = sha256(content).hexdigest()
    if digest in beside:
        raise Invalid(_("%(name)s: this very file is there already") % {"name": file.name}, field=control)
    if len(beside) >= evidence.FILES_AN_ANSWER_MAX:
        raise Invalid(_("An answer has at most %(n)d files.") % {"n": evidence.FILES_AN_ANSWER_MAX}, field=control)
    if sum(size for _answer, size, _digest in there) + len(content) > evidence.FILES_BYTES_MAX:
        most = evidence.FILES_BYTES_MAX // 1024**2
        raise Invalid(_("The files of one assessment have at most %(n)d MB together.") % {"n": most}, field=control)
    made = Evidence.objects.create(
        id=new_id(at),
        answer=answer,
        name=file.name,
        media_type=file.media_type,
        content=file.content,
        sha256=digest,
        size=len(content),
        added_at=at,
        added_by=by.id,
    )
    _changed_beside(answer, by=by, at=at)
    record("evidence.added", row, by=by, at=at, facts={"control": control, "sha256": digest, "bytes": len(content)})
    return made.id


@transaction.atomic
def remove_evidence(*, assessment_id: UUID, evidence_id: UUID, by: Actor, at: datetime) -> None:
    """Take a file away: its bytes are gone, its name and hash stay."""
    row = _writable(assessment_id, by=by)
    file = Evidence.objects.filter(id=evidence_id, answer__assessment=row, removed_at=None).select_related("answer")
    found = file.first()
    if found is None:
        raise NotVisible("there is no such file")
    Evidence.objects.filter(id=found.id).update(content=b"", removed_at=at)
    _changed_beside(found.answer, by=by, at=at)
    facts = {"control": found.answer.control, "sha256": found.sha256}
    record("evidence.removed", row, by=by, at=at, facts=facts)


def _changed_beside(answer: AssessmentAnswer, *, by: Actor, at: datetime) -> None:
    """A file that came or went is part of the answer: a verdict over the old one is none over the new."""
    AssessmentAnswer.objects.filter(id=answer.id).update(answered_at=at, answered_by=by.id, verdict="", verdict_note="")


@transaction.atomic
def submit_assessment(*, assessment_id: UUID, by: Actor, at: datetime) -> None:
    """Hand an assessment to the team that leads; refuse one that lacks an answer, a reason or evidence."""
    row = _writable(assessment_id, by=by)
    said = queries.answered(queries.answers(row.id), queries.shown(row.id))
    lacking = assessing.missing(said)
    if lacking:
        count = len({control for control, _what in lacking})
        told = ngettext("%(n)d answer is not complete yet.", "%(n)d answers are not complete yet.", count)
        raise Invalid(told % {"n": count}, field=lacking[0][0])
    assessing.require_move(AssessmentState(row.state), AssessmentState.SUBMITTED)
    found = queries.rescore(row)
    changes = {"state": AssessmentState.SUBMITTED.value, "submitted_at": at, "submitted_by": by.id, "review_note": ""}
    Assessment.objects.filter(id=row.id).update(**changes)
    facts = {"percent": found.percent, "gaps": list(found.gaps), "answers_sha256": answers_digest(row.id)}
    record("submitted", row, by=by, at=at, facts=facts)


def answers_digest(assessment_id: UUID) -> str:
    """Return a digest of all that was answered, so that what was submitted can be told from what was changed later."""
    files = Evidence.objects.filter(answer__assessment_id=assessment_id, removed_at=None)
    beside: dict[str, list[str]] = {}
    for control, digest in files.order_by("sha256").values_list("answer__control", "sha256"):
        beside.setdefault(control, []).append(digest)
    rows = [
        [row.control, row.reply, row.note, row.reference, beside.get(row.control, [])]
        for row in queries.answers(assessment_id)
    ]
    return sha256(canonical(rows)).hexdigest()


def _writable(assessment_id: UUID, *, by: Actor) -> Assessment:
    """Return an assessment locked for somebody who may answer it, while answers are taken."""
    row = queries.for_change(assessment_id, by=access.narrowed(by, Permission.ASSESSMENT_READ))
    _require_answering(row.organisation, by)
    if AssessmentState(row.state) not in OPEN_TO_ANSWERS:
        raise Invalid(_("This assessment was submitted: its answers stand as they are."), field="state")
    return row


def _require_answering(organisation: Organisation, by: Actor) -> None:
    access.require(by, Permission.ASSESSMENT_ANSWER, teams=[organisation.lead_team], organisation=organisation.code)


def _teams_told(row: Assessment) -> list[str]:
    """Return whose ledger an act on an assessment stands in; what is for their own eyes, the lead team's alone."""
    organisation = row.organisation
    return [organisation.lead_team] if row.tlp == Tlp.RED and organisation.lead_team else organisation.teams


def record(act: str, row: Assessment, *, by: Actor, at: datetime, facts: Mapping[str, object]) -> None:
    """Write an act on an assessment into the ledger of those who may read it."""
    ledger.record(
        f"registry.assessment.{act}",
        subject=f"assessment:{row.id}",
        by=by,
        at=at,
        teams=_teams_told(row),
        facts={"organisation": row.organisation_id, **facts},
    )
