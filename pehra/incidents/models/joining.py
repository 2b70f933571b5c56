"""Tables of what ties incidents together and what they are about: merges, links, observables, affected assets, news.

Personal data: an observable or asset may belong to a person (an address, a mailbox); it is kept under the incident's
marking. Acting people stand as ids. Nothing is deleted: what is undone or taken out says when, by whom and why.
"""

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import F, Q

from pehra.incidents.models.incidents import CODE_LENGTH_MAX, Incident, codes
from pehra.incidents.rules.joining import LinkKind
from pehra.incidents.rules.observables import Source, Verdict
from pehra.kernel.actors import Actor
from pehra.kernel.observables import ObservableType

NAME_CHARACTERS_MAX = 300
REFERENCE_CHARACTERS_MAX = 24
_ENDED_TOGETHER = Q(undone_at__isnull=True, undone_by="") | (Q(undone_at__isnull=False) & ~Q(undone_by=""))
_REMOVED_TOGETHER = Q(removed_at__isnull=True, removed_by="") | (Q(removed_at__isnull=False) & ~Q(removed_by=""))


class Merge(models.Model):
    """That one incident is, or was for a time, part of another.

    `added_roles` are the roles that the other took over, so that undoing gives back exactly those; `ended_from` is the
    state in which the merged one was when it ended together with the other.
    """

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="merges")
    into = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="absorbed")
    reason = models.TextField()
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=120)
    added_roles = models.JSONField(default=list)
    ended_from = models.CharField(max_length=16, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=120, blank=True)
    undone_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=Q(undone_at__isnull=True), name="incidents_merged_once"
            ),
            models.CheckConstraint(condition=~Q(incident=F("into")), name="incidents_merge_is_of_two"),
            models.CheckConstraint(condition=_ENDED_TOGETHER, name="incidents_merge_undone_by_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} into {self.into_id}"


class IncidentLink(models.Model):
    """That one incident has to do with another, as somebody judged. It moves nothing."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="linked_from")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in LinkKind])
    note = models.TextField(blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=120, blank=True)
    removed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "other", "kind"], condition=Q(removed_at__isnull=True), name="incidents_linked_once"
            ),
            models.CheckConstraint(condition=~Q(incident=F("other")), name="incidents_link_is_of_two"),
            models.CheckConstraint(condition=Q(kind__in=list(LinkKind)), name="incidents_link_kind"),
            models.CheckConstraint(condition=_REMOVED_TOGETHER, name="incidents_link_removed_by_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.other_id}"


class IncidentObservableQuerySet(models.QuerySet["IncidentObservable"]):
    """Observables, read through the wall of their incident."""

    def visible_to(self, actor: Actor) -> "IncidentObservableQuerySet":
        """Only of incidents of the actor's teams: what a team looks at is not its constituent's to read."""
        if actor.is_system:
            return self.all()
        return self.filter(incident__teams__overlap=sorted(actor.teams)) if actor.teams else self.none()


class IncidentObservable(models.Model):
    """Something seen in an incident, in its one spelling, with what somebody judged of it."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="observables")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ObservableType])
    value = models.TextField()
    verdict = models.CharField(
        max_length=12, choices=[(verdict.value, verdict.value) for verdict in Verdict], default=Verdict.UNKNOWN
    )
    verdict_by = models.CharField(max_length=120, blank=True)
    verdict_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=12, choices=[(source.value, source.value) for source in Source])
    source_ref = models.CharField(max_length=64, blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=120, blank=True)
    removed_reason = models.TextField(blank=True)

    objects = IncidentObservableQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=list(Verdict)), name="incidents_observable_verdict"),
            models.CheckConstraint(condition=Q(kind__in=list(ObservableType)), name="incidents_observable_kind"),
            models.CheckConstraint(condition=Q(source__in=list(Source)), name="incidents_observable_source"),
            models.CheckConstraint(condition=_REMOVED_TOGETHER, name="incidents_observable_removed_by"),
        ]
        indexes = [
            models.Index(fields=["incident", "kind"], name="incidents_observable_of"),
            # By hash: a URL may be longer than a row of an ordinary index.
            HashIndex(fields=["value"], name="incidents_observable_value"),
        ]

    def __str__(self) -> str:
        return self.value


class IncidentAsset(models.Model):
    """Something of an affected organisation that the incident touches: a host, a network, a service, by its name."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="assets")
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    note = models.TextField(blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=120, blank=True)
    removed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "organisation", "name"],
                condition=Q(removed_at__isnull=True),
                name="incidents_asset_once",
            ),
            models.CheckConstraint(condition=_REMOVED_TOGETHER, name="incidents_asset_removed_by_somebody"),
        ]

    def __str__(self) -> str:
        return self.name


class IncidentNewsQuerySet(models.QuerySet["IncidentNews"]):
    """News of incidents, read through the wall of the report that they came with."""

    def visible_to(self, actor: Actor) -> "IncidentNewsQuerySet":
        """Only what teams of the actor can read in full: nobody is sent to a report that is not there for them."""
        if actor.is_system:
            return self.all()
        return self.filter(teams__overlap=sorted(actor.teams)) if actor.teams else self.none()


class IncidentNews(models.Model):
    """That something was added to a report of an incident, until one of the teams that decide about it read it.

    The report is another part's row, named by its reference; `teams` are those that read it.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="news")
    report = models.CharField(max_length=REFERENCE_CHARACTERS_MAX)
    teams = codes()
    since = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    read_by = models.CharField(max_length=120, blank=True)

    objects = IncidentNewsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "report"], name="incidents_news_once"),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True, read_by="") | (Q(read_at__isnull=False) & ~Q(read_by="")),
                name="incidents_news_read_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["report"], condition=Q(read_at__isnull=True), name="incidents_news_unread"),
        ]

    def __str__(self) -> str:
        return self.report
