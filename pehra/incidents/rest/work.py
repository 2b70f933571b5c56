"""The work on an incident for programs: phases and tasks, the timeline, notes, lessons, consent."""

from dataclasses import dataclass

from ninja.params.functions import Path, Query
from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.gateways.markdown import NOTE_BYTES_MAX
from pehra.incidents.rest.bodies import NUMBER_MAX, Code
from pehra.incidents.rest.router import router
from pehra.kernel.bodies import Moment, Reason, Strict

LINES_CHARACTERS_MAX = 60_000
TEXT_MAX = 8_000
SHORT_MAX = 300
Number = Path(..., ge=1, le=NUMBER_MAX, description="Its number within the incident.")


class NewTask(Strict):
    """What is to be done; the checklist is written an item a line."""

    title: str = Field(min_length=1, max_length=SHORT_MAX)
    description: str = Field("", max_length=TEXT_MAX)
    phase: str = Field("", max_length=64)
    assignee: str = Field("", max_length=120, description="The id of somebody of one's own team.")
    due_at: Moment | None = None
    checklist: str = Field("", max_length=16_000)
    is_blocking: bool = Field(False, strict=True)
    touches_organisation: bool = Field(
        False, strict=True, description="It acts on the organisation's systems: consent comes first."
    )


class TaskMove(Strict):
    """Where a task goes. Skipping says why, a decision which way it goes."""

    to: api.TaskState
    reason: str = Field("", max_length=2_000)
    outcome: str = Field("", max_length=SHORT_MAX)


class Tick(Strict):
    """Which item of a checklist, counted from 1."""

    item: int = Field(strict=True, ge=1, le=50)
    done: bool = Field(True, strict=True)


class Phase(Strict):
    """Which phase of the profile is entered; going back says why."""

    phase: Code
    reason: str = Field("", max_length=2_000)


class NewEntries(Strict):
    """What happened, an entry a line, the time in front."""

    text: str = Field(min_length=1, max_length=LINES_CHARACTERS_MAX)


class NewEntry(Strict):
    """What happened at a moment that is given."""

    happened_at: Moment
    text: str = Field(min_length=1, max_length=4_000)
    precision: api.Precision = api.Precision.MINUTE


class Correction(Strict):
    """The line that stands for an entry from now on; without a time it keeps the moment."""

    text: str = Field(min_length=1, max_length=4_000)


class Retraction(Strict):
    """Why an entry is taken back."""

    reason: Reason


class NewNote(Strict):
    """A note in Markdown, for all teams of the incident or one."""

    text: str = Field(min_length=1, max_length=NOTE_BYTES_MAX)
    team: str = Field("", max_length=64)


class NoteChange(Strict):
    """A note's text from now on, and the version that was changed."""

    text: str = Field(min_length=1, max_length=NOTE_BYTES_MAX)
    version: int = Field(strict=True, ge=1, le=NUMBER_MAX)


class NewLesson(Strict):
    """What was learnt, and what it would change."""

    learnt: str = Field(min_length=1, max_length=TEXT_MAX)
    aim: api.Aim = api.Aim.NONE
    subject: str = Field("", max_length=120)
    proposal: str = Field("", max_length=TEXT_MAX)


class LessonAnswer(Strict):
    """What becomes of a proposal; carried out, it says which version carries it."""

    to: api.LessonState
    reason: Reason
    result: str = Field("", max_length=120)


class NewConsent(Strict):
    """The act that an organisation is asked about; `task` is the task that would do it, 0 for none."""

    act: str = Field(min_length=1, max_length=2_000)
    organisation: str = Field("", max_length=64)
    task: int = Field(0, strict=True, ge=0, le=NUMBER_MAX)


class ConsentAnswer(Strict):
    """What an organisation said: itself, or written down by a team with who said it and by which channel."""

    answer: api.Answer
    terms: str = Field("", max_length=2_000)
    valid_until: Moment | None = None
    name: str = Field("", max_length=200)
    channel: str = Field("portal", max_length=12)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """A timeline, the latest first."""

    items: list[api.Moment]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Notes, the newest first."""

    items: list[api.NoteView]


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """Lessons, by number."""

    items: list[api.LessonView]


@dataclass(frozen=True, kw_only=True)
class Consents:
    """What organisations were asked, by number."""

    items: list[api.ConsentView]


@router.get("/{reference}/tasks", response=api.WorkPage, operation_id="incidents.work", summary="Phases and tasks")
def work(request: Request, reference: str) -> api.WorkPage:
    """For teams that read the incident, and not for its organisation."""
    _reader(request)
    return api.work(reference, by=request.actor, at=request.at)


@router.post("/{reference}/phase", response=api.WorkPage, operation_id="incidents.phase", summary="Enter a phase")
def phase(request: Request, reference: str, said: Phase) -> api.WorkPage:
    """Forward only past done work; back with a reason."""
    _reader(request)
    api.enter_phase(ref=reference, phase=said.phase, reason=said.reason, by=request.actor, at=request.at)
    return api.work(reference, by=request.actor, at=request.at)


@router.post("/{reference}/tasks", response=api.TaskView, operation_id="incidents.task-add", summary="Add a task")
def add_task(request: Request, reference: str, said: NewTask) -> api.TaskView:
    """A blocking one holds the incident until it is done."""
    _reader(request)
    return api.add_task(ref=reference, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/tasks/{number}/move", response=api.TaskView, operation_id="incidents.task-move", summary="Move a task"
)
def move_task(request: Request, reference: str, said: TaskMove, number: int = Number) -> api.TaskView:
    """Done is refused while its checklist, what comes before it, or consent is missing."""
    _reader(request)
    words = {"to": said.to, "reason": said.reason, "outcome": said.outcome}
    return api.move_task(ref=reference, number=number, by=request.actor, at=request.at, **words)


@router.post(
    "/{reference}/tasks/{number}/tick",
    response=api.TaskView,
    operation_id="incidents.task-tick",
    summary="Tick an item",
)
def tick(request: Request, reference: str, said: Tick, number: int = Number) -> api.TaskView:
    """Or untick it, while the task is unfinished."""
    _reader(request)
    return api.tick(ref=reference, number=number, item=said.item, done=said.done, by=request.actor, at=request.at)


@router.get("/{reference}/timeline", response=Moments, operation_id="incidents.timeline", summary="Its timeline")
def timeline(
    request: Request,
    reference: str,
    shown: str = Query("all", max_length=12, description="`story` (people wrote), `record` (the ledger) or `all`."),
    by_entry: bool = Query(False, description="Ordered by when each was written down."),
) -> Moments:
    """When it happened and when it was written down are two moments."""
    _reader(request)
    return Moments(items=api.timeline(reference, shown=shown, by_entry=by_entry, by=request.actor))


@router.post(
    "/{reference}/timeline", response=Moments, operation_id="incidents.timeline-add", summary="Add lines to it"
)
def add_entries(request: Request, reference: str, said: NewEntries) -> Moments:
    """All of them or, with one that cannot be read, none."""
    _reader(request)
    return Moments(items=api.add_entries(ref=reference, text=said.text, by=request.actor, at=request.at))


@router.post(
    "/{reference}/timeline/entry",
    response=api.Moment,
    operation_id="incidents.timeline-entry",
    summary="Add an entry at a moment",
)
def add_entry(request: Request, reference: str, said: NewEntry) -> api.Moment:
    """For programs that know the moment exactly."""
    _reader(request)
    return api.add_entry(ref=reference, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/timeline/{number}/correct",
    response=api.Moment,
    operation_id="incidents.timeline-correct",
    summary="Correct an entry",
)
def correct(request: Request, reference: str, said: Correction, number: int = Number) -> api.Moment:
    """The old one stays, and says what stands for it."""
    _reader(request)
    return api.correct_entry(ref=reference, number=number, text=said.text, by=request.actor, at=request.at)


@router.post(
    "/{reference}/timeline/{number}/retract",
    response=api.Moment,
    operation_id="incidents.timeline-retract",
    summary="Take an entry back",
)
def retract(request: Request, reference: str, said: Retraction, number: int = Number) -> api.Moment:
    """It stays, struck out, with the reason."""
    _reader(request)
    return api.retract_entry(ref=reference, number=number, reason=said.reason, by=request.actor, at=request.at)


@router.get("/{reference}/notes", response=Notes, operation_id="incidents.notes", summary="Its notes")
def notes(request: Request, reference: str) -> Notes:
    """Those for all its teams, and those of one's own team."""
    _reader(request)
    return Notes(items=list(api.notes(reference, by=request.actor)))


@router.post("/{reference}/notes", response=api.NoteView, operation_id="incidents.note-add", summary="Write a note")
def add_note(request: Request, reference: str, said: NewNote) -> api.NoteView:
    """At most 64 KiB."""
    _reader(request)
    return api.add_note(ref=reference, text=said.text, team=said.team, by=request.actor, at=request.at)


@router.post(
    "/{reference}/notes/{number}", response=api.NoteView, operation_id="incidents.note-change", summary="Change a note"
)
def change_note(request: Request, reference: str, said: NoteChange, number: int = Number) -> api.NoteView:
    """Refused when somebody else changed it in the meantime."""
    _reader(request)
    return api.change_note(
        ref=reference, number=number, text=said.text, version=said.version, by=request.actor, at=request.at
    )


@router.get("/{reference}/lessons", response=Lessons, operation_id="incidents.lessons", summary="Its lessons")
def lessons(request: Request, reference: str) -> Lessons:
    """With what they propose, and how that was answered."""
    _reader(request)
    return Lessons(items=list(api.lessons(reference, by=request.actor)))


@router.post(
    "/{reference}/lessons", response=api.LessonView, operation_id="incidents.lesson-add", summary="Write a lesson"
)
def add_lesson(request: Request, reference: str, said: NewLesson) -> api.LessonView:
    """Also after the end."""
    _reader(request)
    return api.add_lesson(ref=reference, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/lessons/{number}/answer",
    response=api.LessonView,
    operation_id="incidents.lesson-answer",
    summary="Answer a proposal",
)
def answer_lesson(request: Request, reference: str, said: LessonAnswer, number: int = Number) -> api.LessonView:
    """By who keeps the team's playbooks."""
    _reader(request)
    return api.answer_lesson(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


@router.get(
    "/{reference}/consents", response=Consents, operation_id="incidents.consents", summary="What was consented to"
)
def consents(request: Request, reference: str) -> Consents:
    """For its teams, and for the organisation that was asked."""
    _reader(request)
    return Consents(items=list(api.consents(reference, by=request.actor)))


@router.post(
    "/{reference}/consents", response=api.ConsentView, operation_id="incidents.consent-ask", summary="Ask for consent"
)
def ask_consent(request: Request, reference: str, said: NewConsent) -> api.ConsentView:
    """For one act; silence is no consent."""
    _reader(request)
    return api.ask_consent(ref=reference, by=request.actor, at=request.at, **said.model_dump())


@router.post(
    "/{reference}/consents/{number}/answer",
    response=api.ConsentView,
    operation_id="incidents.consent-answer",
    summary="Answer for the organisation",
)
def answer_consent(request: Request, reference: str, said: ConsentAnswer, number: int = Number) -> api.ConsentView:
    """By the organisation itself, or written down by a team."""
    _reader(request)
    return api.answer_consent(ref=reference, number=number, by=request.actor, at=request.at, **said.model_dump())


def _reader(request: Request) -> None:
    """The answer shows the matter, so that whoever acts on it must be one who may read it."""
    access.require(request.actor, Permission.INCIDENTS_READ)
