"""Tables of the work on an incident: playbooks and their runs, tasks, notes, the timeline, lessons, consents, drafts.

Rows of the work are for the teams of the incident and not for the organisation that it concerns; a note may be one
team's alone. Personal data: free text may name a person when somebody types one; `*_by`, `assignee` and `person_id`
hold ids of acting people. Nothing is deleted but drafts.
"""

from typing import TypeVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from pehra.incidents.models.incidents import CODE_LENGTH_MAX, Incident
from pehra.incidents.rules.consents import Answer
from pehra.incidents.rules.lessons import Aim, LessonState
from pehra.incidents.rules.playbooks import ID_LENGTH_MAX, NAME_LENGTH_MAX
from pehra.incidents.rules.tasks import TITLE_LENGTH_MAX, TaskState
from pehra.incidents.rules.timeline import SOURCE_LENGTH_MAX, Precision, Source
from pehra.kernel.actors import Actor

ACTOR_LENGTH_MAX = 120


def _of_its_teams(actor: Actor) -> Q:
    """The wall of the work: rows of incidents that one of the actor's teams reads."""
    if actor.is_system:
        return Q()
    return Q(incident__teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])


class PlaybookQuerySet(models.QuerySet["Playbook"]):
    """Playbooks, read through the wall."""

    def visible_to(self, actor: Actor) -> "PlaybookQuerySet":
        """Only those of the actor's teams, and those that every team may use."""
        if actor.is_system:
            return self.all()
        own = Q(teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])
        return self.filter(own | Q(reach=Playbook.EVERYBODY))


class Playbook(models.Model):
    """One version of a CACAO 2.0 playbook, kept as it was received, to the letter.

    The same `cacao_id` with another `modified` is another version. `document` never changes: what leaves is what came.
    """

    EVERYBODY = "everybody"
    TEAM = "team"

    id = models.UUIDField(primary_key=True)
    cacao_id = models.CharField(max_length=ID_LENGTH_MAX)
    modified = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    description = models.TextField(blank=True)
    types = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    document = models.TextField()
    sha256 = models.CharField(max_length=64)
    steps = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    reach = models.CharField(max_length=12, choices=[(EVERYBODY, EVERYBODY), (TEAM, TEAM)])
    team = models.CharField(max_length=CODE_LENGTH_MAX)
    teams = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    retired_reason = models.TextField(blank=True)

    objects = PlaybookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "cacao_id", "modified"], name="incidents_playbook_once"),
        ]
        indexes = [GinIndex(fields=["teams"], name="incidents_playbook_teams")]

    def __str__(self) -> str:
        return self.name


AnyRow = TypeVar("AnyRow", bound=models.Model)


class OfItsTeamsQuerySet(models.QuerySet[AnyRow]):
    """Rows of the work on an incident, read through the wall."""

    def visible_to(self, actor: Actor) -> "OfItsTeamsQuerySet[AnyRow]":
        """Only those of incidents that one of the actor's teams reads."""
        return self.filter(_of_its_teams(actor))


class IncidentPhase(models.Model):
    """That an incident entered a phase of the profile; the newest row says where it stands."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="phases")
    phase = models.CharField(max_length=CODE_LENGTH_MAX)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.phase


class PlaybookRun(models.Model):
    """That a playbook was started on an incident. Its name stays readable where the playbook itself is not.

    `ways` says of each step what may come next, by what leads there; `decisions` which way a person took at a step.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="runs")
    playbook = models.UUIDField()
    cacao_id = models.CharField(max_length=ID_LENGTH_MAX)
    modified = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    sha256 = models.CharField(max_length=64)
    start = models.CharField(max_length=ID_LENGTH_MAX, blank=True)
    ways = models.JSONField(default=dict)
    decisions = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=ACTOR_LENGTH_MAX)

    objects = OfItsTeamsQuerySet["PlaybookRun"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "cacao_id", "modified"], name="incidents_run_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    """One piece of work. `phase` names a phase of the profile; a blocking one holds the incident in it.

    `after` names steps of the same run that come first; `checklist` is a list of `{text, done, by, at}`. `fires_at` is
    when whoever does it is told next that it is due; null once nothing is left to say.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="tasks")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    description = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=[(state.value, state.value) for state in TaskState])
    phase = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    is_blocking = models.BooleanField(default=False)
    touches_organisation = models.BooleanField(default=False)
    assignee = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    fires_at = models.DateTimeField(null=True, blank=True)
    checklist = models.JSONField(default=list)
    run = models.ForeignKey(PlaybookRun, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")
    step = models.CharField(max_length=ID_LENGTH_MAX, blank=True)
    after = ArrayField(models.CharField(max_length=ID_LENGTH_MAX), default=list)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    ended_reason = models.TextField(blank=True)

    objects = OfItsTeamsQuerySet["Task"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_task_number_once"),
            models.CheckConstraint(condition=Q(state__in=list(TaskState)), name="incidents_task_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["done", "skipped"], ended_at__isnull=False)
                | Q(state__in=["open", "doing"], ended_at__isnull=True),
                name="incidents_task_ended_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["incident"], condition=Q(ended_at__isnull=True, is_blocking=True), name="incidents_task_blocks"
            ),
            models.Index(fields=["assignee"], condition=Q(ended_at__isnull=True), name="incidents_task_assignee"),
            models.Index(
                fields=["fires_at"],
                condition=Q(fires_at__isnull=False, ended_at__isnull=True),
                name="incidents_task_fires",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoteQuerySet(models.QuerySet["Note"]):
    """Notes, read through the wall."""

    def visible_to(self, actor: Actor) -> "NoteQuerySet":
        """Only those for all teams of incidents that the actor's teams read, and those of the actor's own team."""
        if actor.is_system:
            return self.all()
        teams = sorted(actor.teams)
        return self.filter(Q(audience__teams__overlap=teams) | Q(teams__overlap=teams)) if teams else self.none()


class Note(models.Model):
    """A note in Markdown. `audience` is its incident, or null when the note is for the team in `teams` alone."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notes")
    audience = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    teams = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    number = models.PositiveIntegerField()
    text = models.TextField()
    version = models.PositiveIntegerField(default=1)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=ACTOR_LENGTH_MAX)

    objects = NoteQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="incidents_note_number_once")]
        indexes = [GinIndex(fields=["teams"], name="incidents_note_teams")]

    def __str__(self) -> str:
        return f"note {self.number}"


class NoteVersion(models.Model):
    """What a note said before it was changed."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    text = models.TextField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=ACTOR_LENGTH_MAX)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "version"], name="incidents_note_version_once")]

    def __str__(self) -> str:
        return f"{self.note_id} {self.version}"


class TimelineEntry(models.Model):
    """What happened, when it happened, and when somebody wrote it down: two moments that are never one.

    An entry is not changed: `corrects` names the one that it stands for, and a retracted one stays, struck out.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField()
    happened_at = models.DateTimeField()
    precision = models.CharField(max_length=8, choices=[(value.value, value.value) for value in Precision])
    text = models.TextField()
    source = models.CharField(max_length=12, choices=[(value.value, value.value) for value in Source])
    source_ref = models.CharField(max_length=SOURCE_LENGTH_MAX, blank=True)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrected_by"
    )
    retracted_at = models.DateTimeField(null=True, blank=True)
    retracted_by = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    retracted_reason = models.TextField(blank=True)

    objects = OfItsTeamsQuerySet["TimelineEntry"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_entry_number_once"),
            # A pin is put once; what was retracted may be pinned again.
            models.UniqueConstraint(
                fields=["incident", "source", "source_ref"],
                condition=~Q(source_ref="") & Q(retracted_at__isnull=True, corrects__isnull=True),
                name="incidents_entry_pinned_once",
            ),
        ]
        indexes = [models.Index(fields=["incident", "happened_at"], name="incidents_entry_happened")]

    def __str__(self) -> str:
        return self.text[:60]


class Lesson(models.Model):
    """What was learnt, and the change to a playbook or a rule that it proposes; somebody answers it, with a reason."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="lessons")
    number = models.PositiveIntegerField()
    learnt = models.TextField()
    aim = models.CharField(max_length=12, choices=[(aim.value, aim.value) for aim in Aim])
    subject = models.CharField(max_length=ID_LENGTH_MAX, blank=True)
    proposal = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=[(state.value, state.value) for state in LessonState])
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    decided_reason = models.TextField(blank=True)
    result = models.CharField(max_length=ID_LENGTH_MAX, blank=True)

    objects = OfItsTeamsQuerySet["Lesson"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="incidents_lesson_number_once")]
        indexes = [models.Index(fields=["state", "-id"], name="incidents_lesson_state")]

    def __str__(self) -> str:
        return self.learnt[:60]


class ConsentQuerySet(models.QuerySet["Consent"]):
    """Consents, read through the wall that organisations of an incident have."""

    def visible_to(self, actor: Actor) -> "ConsentQuerySet":
        """Only those of the actor's matter: its own organisation, its teams' constituents, and incidents it leads."""
        if actor.is_system:
            return self.all()
        teams = sorted(actor.teams)
        seen = Q(organisation__in=sorted(actor.organisations))
        return self.filter(seen | Q(teams__overlap=teams) | Q(incident__lead_team__in=teams) if teams else seen)


class Consent(models.Model):
    """That an organisation was asked whether one act may be done on its systems, and what it said.

    Silence is no consent: an open question has no answer. `told` are the outbox's messages that asked; `reminds_at` is
    when the silent are asked once more. Personal data: `answered_name`, who said so for the organisation when the
    answer came by telephone or letter.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="consents")
    organisation = models.CharField(max_length=CODE_LENGTH_MAX)
    teams = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    number = models.PositiveIntegerField()
    task = models.ForeignKey(Task, null=True, blank=True, on_delete=models.PROTECT, related_name="consents")
    act = models.TextField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=ACTOR_LENGTH_MAX)
    answer = models.CharField(max_length=10, choices=[(answer.value, answer.value) for answer in Answer])
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=ACTOR_LENGTH_MAX, blank=True)
    answered_name = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=12, blank=True)
    terms = models.TextField(blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    told: "ArrayField[list[UUID], list[UUID]]" = ArrayField(models.UUIDField(), default=list)
    reminds_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_consent_number_once"),
            models.CheckConstraint(
                condition=Q(answer="asked", answered_at__isnull=True)
                | (~Q(answer="asked") & Q(answered_at__isnull=False)),
                name="incidents_consent_answered_has_time",
            ),
            models.CheckConstraint(
                condition=Q(reminds_at__isnull=True) | Q(answer="asked"), name="incidents_consent_reminds_asked"
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="incidents_consent_teams"),
            models.Index(fields=["organisation"], name="incidents_consent_by_org"),
            models.Index(
                fields=["reminds_at"], condition=Q(reminds_at__isnull=False), name="incidents_consent_reminds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.answer}"


class UnsavedText(models.Model):
    """What somebody typed and has not written down yet: theirs alone, kept so that a lost line loses no word."""

    person_id = models.UUIDField()
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=48)
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person_id", "incident", "place"], name="incidents_unsaved_once"),
        ]

    def __str__(self) -> str:
        return self.place
