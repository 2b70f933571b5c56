"""Tables of incidents and their clocks, with the rules that the database itself can hold.

Personal data: none of victims. `IncidentOrganisation.organisation` and the free texts `title`, `summary` may name a
person when somebody types one; `Clock.ended_by` and `moments` hold the id of the acting person. Rows are never deleted.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q

from pehra.incidents.rules.clocks import TICKING, ClockState
from pehra.incidents.rules.opening import ORIGIN_KEY_LENGTH_MAX, TITLE_LENGTH_MAX
from pehra.incidents.rules.states import ENDED, State
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Pap, Tlp

CODE_LENGTH_MAX = 64


def codes() -> "ArrayField[list[str], list[str]]":
    """Return a column of codes, such as the teams that read a row."""
    return ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)


def _visible(actor: Actor) -> Q:
    """The wall: rows of the actor's teams, and rows that concern the actor's own organisations alone."""
    if actor.is_system:
        return Q()
    seen = Q(teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])
    return seen | Q(organisation__in=sorted(actor.organisations)) if actor.organisations else seen


class ReferenceCounter(models.Model):
    """The last number given to an incident in a year. Locked by the transaction that takes the next one: no gaps."""

    prefix = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="incidents_counter_once")]


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Incidents, read through the wall."""

    def visible_to(self, actor: Actor) -> "IncidentQuerySet":
        """Only what the actor may see."""
        return self.filter(_visible(actor))


class Incident(models.Model):
    """One incident: who leads, how grave, where it stands, and why each was decided.

    `entity` holds the facts on which the law was asked; in it null is unknown. `attributes` are known to hold,
    `attributes_absent` not to; by neither it is not known, unless `attributes_complete`: a whole list was given.
    `organisation` is filled when the incident concerns one alone; a widespread one names its organisations in their
    own rows, each with its own wall, so that no constituency reads of another. Personal data: none but what people
    type.
    """

    id = models.UUIDField(primary_key=True)
    reference = models.CharField(max_length=24, unique=True)
    title = models.CharField(max_length=TITLE_LENGTH_MAX)
    summary = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in State])
    state_reason = models.TextField(blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams = codes()
    roles = models.JSONField(default=list)
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True, db_index=True)
    sector = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    territory = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    entity = models.JSONField(default=dict)
    severity = models.CharField(max_length=32, blank=True)
    severity_because = models.JSONField(default=dict)
    severity_confirmed = models.BooleanField(default=False)
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    pap = models.CharField(max_length=12, choices=[(pap.value, pap.value) for pap in Pap])
    marking_because = models.JSONField(default=dict)
    taxonomy = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=64, blank=True)
    attributes = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), null=True, blank=True)
    attributes_absent = codes()
    attributes_complete = models.BooleanField(default=False)
    impact = models.JSONField(default=dict)
    moments = models.JSONField(default=dict)
    widespread = models.BooleanField(default=False)
    exercise = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    origin_rule = models.CharField(max_length=120, blank=True)
    origin_key = models.CharField(max_length=ORIGIN_KEY_LENGTH_MAX, blank=True)
    because = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=120)
    ended_at = models.DateTimeField(null=True, blank=True)
    search = models.GeneratedField(
        expression=SearchVector("title", "summary", "organisation", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="incidents_state_known"),
            models.CheckConstraint(condition=Q(tlp__in=list(Tlp)), name="incidents_tlp_known"),
            models.CheckConstraint(condition=Q(pap__in=list(Pap)), name="incidents_pap_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(ENDED), ended_at__isnull=False)
                | (~Q(state__in=sorted(ENDED)) & Q(ended_at__isnull=True)),
                name="incidents_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[models.F("lead_team")]), name="incidents_lead_may_see"
            ),
            # One live incident a key: a re-run joins. What comes back after the end is a new incident.
            models.UniqueConstraint(
                fields=["origin_key"],
                condition=~Q(origin_key="") & Q(ended_at__isnull=True),
                name="incidents_open_once",
            ),
            models.CheckConstraint(
                condition=Q(attributes__isnull=True) | ~Q(attributes__overlap=models.F("attributes_absent")),
                name="incidents_attribute_yes_or_no",
            ),
            models.CheckConstraint(
                condition=Q(attributes__isnull=False) | Q(attributes_absent=[], attributes_complete=False),
                name="incidents_attributes_said",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("id")),
                name="incidents_merged_elsewhere",
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="incidents_teams"),
            GinIndex(fields=["teams"], condition=Q(ended_at__isnull=True), name="incidents_live_teams"),
            GinIndex(fields=["search"], name="incidents_search"),
            models.Index(fields=["severity", "-id"], name="incidents_severity"),
            models.Index(fields=["lead_team", "-id"], name="incidents_lead"),
            models.Index(fields=["state", "-id"], name="incidents_state"),
            models.Index(fields=["-id"], condition=Q(ended_at__isnull=True), name="incidents_live"),
            models.Index(fields=["origin_key"], condition=~Q(origin_key=""), name="incidents_origin"),
            models.Index(fields=["-id"], condition=Q(exercise=True), name="incidents_exercises"),
        ]

    def __str__(self) -> str:
        return self.reference


class IncidentOrganisationQuerySet(models.QuerySet["IncidentOrganisation"]):
    """Organisations of incidents, read through their own wall."""

    def visible_to(self, actor: Actor) -> "IncidentOrganisationQuerySet":
        """Only organisations that are the actor's matter: an informed team does not read of another's constituents."""
        return self.filter(_visible(actor))


class IncidentOrganisation(models.Model):
    """An organisation that an incident concerns, with the facts on which law was asked (as they were then).

    `classes` is null when the registry does not know them: unknown is not none. `moments` are those of this one alone:
    when it noticed, what it was told. One that was taken out stays, and says when, by whom and why.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="organisations")
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    name = models.CharField(max_length=300, blank=True)
    sector = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    territory = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    classes = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), null=True, blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams = codes()
    moments = models.JSONField(default=dict)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=120, blank=True)
    removed_reason = models.TextField(blank=True)

    objects = IncidentOrganisationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "organisation"], name="incidents_organisation_once"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by="")),
                name="incidents_organisation_removed_by",
            ),
        ]
        indexes = [models.Index(fields=["organisation"], name="incidents_by_organisation")]

    def __str__(self) -> str:
        return self.organisation


class IncidentFinding(models.Model):
    """A finding that belongs to an incident; the finding itself is another part's row, named by its id.

    One that a split took along stays here too, and says where it went: its origin key has not forgotten it.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="findings")
    finding = models.UUIDField()
    added_at = models.DateTimeField()
    moved_to = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "finding"], name="incidents_finding_once")]
        indexes = [models.Index(fields=["finding"], name="incidents_by_finding")]

    def __str__(self) -> str:
        return str(self.finding)


class ClockQuerySet(models.QuerySet["Clock"]):
    """Clocks, read through the wall."""

    def visible_to(self, actor: Actor) -> "ClockQuerySet":
        """Only what the actor may see."""
        return self.filter(_visible(actor))


class Clock(models.Model):
    """One stage of one duty that the law lays on somebody because of an incident.

    What each of several organisations owes has a clock for each, with `organisation` and its teams' wall; what a team
    owes has one. `gained_from` is the incident through whose merge it came.
    `fires_at` is the next moment at which time alone changes the state; the database holds that exactly the ticking
    states have one, so a clock cannot fall asleep. Personal data: the id of the person who said that a stage was
    sent.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="clocks")
    duty = models.CharField(max_length=120)
    stage = models.CharField(max_length=120)
    order = models.PositiveSmallIntegerField()
    owed_by = models.CharField(max_length=120)
    owed_to = codes()
    copy_to = codes()
    start_event = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)
    fires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in ClockState])
    because = models.JSONField(default=dict)
    forward_to = codes()
    provisional = models.BooleanField(default=False)
    notes = ArrayField(models.TextField(), default=list)
    missing = ArrayField(models.CharField(max_length=300), default=list)
    due_soon_at = models.DateTimeField(null=True, blank=True)
    overdue_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True)
    ended_reason = models.TextField(blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams = codes()
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    gained_from = models.ForeignKey(
        Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="lent_clocks"
    )

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "duty", "stage", "organisation"], name="incidents_clock_once"),
            models.CheckConstraint(condition=Q(state__in=list(ClockState)), name="incidents_clock_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(TICKING), fires_at__isnull=False, due_at__isnull=False)
                | (~Q(state__in=sorted(TICKING)) & Q(fires_at__isnull=True)),
                name="incidents_clock_ticks",
            ),
        ]
        indexes = [
            models.Index(fields=["fires_at"], condition=Q(fires_at__isnull=False), name="incidents_clock_fires"),
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="incidents_clock_due"),
            GinIndex(fields=["teams"], condition=Q(ended_at__isnull=True), name="incidents_clock_teams"),
        ]

    def __str__(self) -> str:
        return f"{self.duty}/{self.stage}"
