"""Tables of reports and their submissions, with the rules that the database itself can hold.

A report is what its submissions say together, and where it stands; a submission is kept as it came and never changes
(the database refuses it). Its bytes lie in the vault under their hash. Rows are never deleted.

Personal data: who reports (`reporter_*`), nothing of it for somebody anonymous; `assignee` and `reported_by` are ids of
people; the free texts and files may name anybody.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast

from pehra.intake.rules.channels import Channel
from pehra.intake.rules.saying import (
    CODE_LENGTH_MAX,
    EMAIL_LENGTH_MAX,
    FILE_NAME_LENGTH_MAX,
    KEY_LENGTH_MAX,
    LANGUAGE_LENGTH_MAX,
    NAME_LENGTH_MAX,
    OBSERVABLE_LENGTH_MAX,
    PHONE_LENGTH_MAX,
    SOURCE_LENGTH_MAX,
    TITLE_LENGTH_MAX,
)
from pehra.intake.rules.states import OF_AN_INCIDENT, State
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import ObservableType

HASH_CHARACTERS = 64
REFERENCE_LENGTH_MAX = 24
MEDIA_TYPE_LENGTH_MAX = 127


def _codes() -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)


def _code() -> "models.CharField[str, str]":
    return models.CharField(max_length=CODE_LENGTH_MAX, blank=True)


class ReportQuerySet(models.QuerySet["Report"]):
    """Reports, read through the wall."""

    def visible_to(self, actor: Actor) -> "ReportQuerySet":
        """Only what the actor may see: what is its teams' to triage, and what its own organisation reported.

        An organisation that somebody else reported about does not read that report.
        """
        if actor.is_system:
            return self.all()
        own = sorted(code for code in actor.organisations if code)
        seen = Q(teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])
        return self.filter(seen | Q(reporter_organisation__in=own) if own else seen)


class Report(models.Model):
    """What somebody told us, all its submissions together, and what became of it.

    `group` is the id of the first report of a group of like ones, its own when it is alone; `group_because` says what
    they share. `secret_sha256` opens the report to whoever holds the link of its receipt. `routed_because` is why the
    lead team is the lead.
    """

    id = models.UUIDField(primary_key=True)
    reference = models.CharField(max_length=REFERENCE_LENGTH_MAX, unique=True)
    # At the reference's end: some programs know a report by it alone. A column, since no index of an expression serves
    # a reader behind the wall.
    number = models.GeneratedField(
        expression=Cast(Func(F("reference"), Value("-"), Value(-1), function="split_part"), models.IntegerField()),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    channel = models.CharField(max_length=16, choices=[(channel.value, channel.value) for channel in Channel])
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in State])
    state_reason = models.TextField(blank=True)
    title = models.CharField(max_length=TITLE_LENGTH_MAX, blank=True)
    description = models.TextField(blank=True)
    taxonomy = _code()
    type = _code()
    about_organisation = _code()  # whose matter it is, as the reporter says: it opens nothing to that organisation
    about_name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    sector = _code()
    territory = _code()
    moments = models.JSONField(default=dict)
    impact = models.JSONField(default=dict)
    attributes = _codes()
    answers = models.JSONField(default=dict)
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    is_complete = models.BooleanField()
    exercise = models.BooleanField(default=False)
    problem = models.TextField(blank=True)  # why its content could not be read, if so
    language = models.CharField(max_length=LANGUAGE_LENGTH_MAX, blank=True)
    anonymous = models.BooleanField(default=False)
    reporter_name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    reporter_email = models.CharField(max_length=EMAIL_LENGTH_MAX, blank=True)
    reporter_phone = models.CharField(max_length=PHONE_LENGTH_MAX, blank=True)
    reporter_organisation = _code()
    reporter_verified = models.BooleanField(default=False)
    reported_by = models.CharField(max_length=120)
    secret_sha256 = models.CharField(max_length=HASH_CHARACTERS, unique=True)
    lead_team = _code()
    teams = _codes()
    working_teams = _codes()  # of those, the ones that decide about it; the others are informed
    routed_because = models.JSONField(default=dict)
    assignee = models.CharField(max_length=120, blank=True)
    has_news = models.BooleanField(default=False)  # something was added since somebody decided
    incident = models.CharField(max_length=REFERENCE_LENGTH_MAX, blank=True, db_index=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    group = models.UUIDField()
    group_because = models.JSONField(default=list)
    received_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)  # when its team was told that it waits, or that it has news
    search = models.GeneratedField(
        expression=SearchVector("title", "about_name", "about_organisation", "description", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="intake_state_known"),
            models.CheckConstraint(condition=Q(channel__in=list(Channel)), name="intake_channel_known"),
            models.CheckConstraint(condition=Q(tlp__in=list(Tlp)), name="intake_tlp_known"),
            models.CheckConstraint(
                condition=Q(state__in=sorted(OF_AN_INCIDENT)) ^ Q(incident=""), name="intake_names_its_incident"
            ),
            models.CheckConstraint(
                condition=Q(state=State.MERGED, merged_into__isnull=False)
                | (~Q(state=State.MERGED) & Q(merged_into__isnull=True)),
                name="intake_merged_into_something",
            ),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[F("lead_team")]), name="intake_lead_may_see"
            ),
            models.CheckConstraint(
                condition=Q(anonymous=False) | Q(reporter_name="", reporter_email="", reporter_phone=""),
                name="intake_anonymous_is_nobody",
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="intake_teams"),
            GinIndex(fields=["working_teams"], name="intake_working_teams"),
            GinIndex(fields=["search"], name="intake_search"),
            models.Index(fields=["number"], name="intake_number"),
            models.Index(fields=["state", "-id"], name="intake_state"),
            models.Index(fields=["lead_team", "-id"], name="intake_lead"),
            models.Index(fields=["group"], name="intake_group"),
            models.Index(fields=["assignee", "-id"], condition=~Q(assignee=""), name="intake_assignee"),
            models.Index(fields=["reporter_organisation", "-id"], name="intake_reporter"),
            models.Index(
                fields=["lead_team"],
                condition=Q(told_at__isnull=True) & (Q(state=State.RECEIVED) | Q(has_news=True)),
                name="intake_untold",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Submission(models.Model):
    """One thing that came in, as it came: never changed, never deleted.

    `once` is a digest of what makes it the same thing when it comes again; `said` is how it was understood.
    """

    id = models.UUIDField(primary_key=True)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    channel = models.CharField(max_length=16, choices=[(channel.value, channel.value) for channel in Channel])
    raw_sha256 = models.CharField(max_length=HASH_CHARACTERS)
    raw_size = models.BigIntegerField()
    media_type = models.CharField(max_length=MEDIA_TYPE_LENGTH_MAX)
    said = models.JSONField(default=dict)
    source = models.CharField(max_length=SOURCE_LENGTH_MAX, blank=True)
    source_ref = models.CharField(max_length=KEY_LENGTH_MAX, blank=True)
    once = models.CharField(max_length=HASH_CHARACTERS, blank=True)
    submitted_by = models.CharField(max_length=120)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="intake_submission_in_order"),
            models.UniqueConstraint(fields=["once"], condition=~Q(once=""), name="intake_submission_once"),
        ]
        indexes = [
            models.Index(fields=["raw_sha256", "-received_at"], name="intake_same_bytes"),
            models.Index(
                fields=["source", "source_ref", "-received_at"], condition=~Q(source_ref=""), name="intake_same_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.number}"


class ReportFile(models.Model):
    """A file that came with a submission. It lies in the vault; nothing here renders or opens it."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="files")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="files")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=FILE_NAME_LENGTH_MAX)
    media_type = models.CharField(max_length=MEDIA_TYPE_LENGTH_MAX, blank=True)  # as its bytes say, else as claimed
    sha256 = models.CharField(max_length=HASH_CHARACTERS)
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "position"], name="intake_file_in_order")]
        indexes = [models.Index(fields=["sha256", "-id"], name="intake_same_file")]

    def __str__(self) -> str:
        return self.name


class ReportObservable(models.Model):
    """Something to be seen of the matter: named by the reporter, or found in what they wrote.

    `owner` is the organisation that held it on that day and `owner_team` that one's lead, by the registry; `known`
    whether intelligence knew it already.
    """

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="observables")
    type = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in ObservableType])
    value = models.CharField(max_length=OBSERVABLE_LENGTH_MAX)
    value_sha256 = models.CharField(max_length=HASH_CHARACTERS)  # a URL is longer than an index takes
    written = models.CharField(max_length=OBSERVABLE_LENGTH_MAX, blank=True)
    stated = models.BooleanField()  # by the reporter as such; else found in a text
    owner = _code()
    owner_team = _code()
    known = models.BooleanField(default=False)
    number = models.PositiveIntegerField()  # of the submission it came with first
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "type", "value_sha256"], name="intake_observable_once"),
        ]
        indexes = [models.Index(fields=["value_sha256", "-seen_at"], name="intake_observable")]

    def __str__(self) -> str:
        return self.value


class TeamTold(models.Model):
    """When a team was last told that reports wait: a flood of them is one letter, and then another."""

    team = models.CharField(primary_key=True, max_length=CODE_LENGTH_MAX)
    at = models.DateTimeField()
