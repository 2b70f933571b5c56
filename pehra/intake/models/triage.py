"""Tables of what people decided about reports: each act with what was before it, so that it can be taken back.

Personal data: the ids of those who acted.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from pehra.intake.models.reports import Report
from pehra.intake.rules.acts import Act
from pehra.intake.rules.saying import CODE_LENGTH_MAX
from pehra.kernel.actors import Actor


class TriageActQuerySet(models.QuerySet["TriageAct"]):
    """Acts, read through the wall."""

    def visible_to(self, actor: Actor) -> "TriageActQuerySet":
        """Only acts on reports of the actor's teams."""
        if actor.is_system:
            return self.all()
        return self.filter(teams__overlap=sorted(actor.teams)) if actor.teams else self.none()


class TriageAct(models.Model):
    """One decision about one report or about many at once: who, what, how many. Its id is the token of its undoing."""

    id = models.UUIDField(primary_key=True)
    act = models.CharField(max_length=16, choices=[(act.value, act.value) for act in Act])
    reason = models.TextField(blank=True)
    filters = models.JSONField(default=dict)  # of the list, when it was done to all that match
    count = models.PositiveIntegerField()
    teams = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    acted_by = models.CharField(max_length=120)
    acted_at = models.DateTimeField()
    undone_by = models.CharField(max_length=120, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = TriageActQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(act__in=list(Act)), name="intake_act_known"),
            models.CheckConstraint(
                condition=Q(undone_by="", undone_at__isnull=True) | (~Q(undone_by="") & Q(undone_at__isnull=False)),
                name="intake_undone_by_somebody",
            ),
        ]
        indexes = [GinIndex(fields=["teams"], name="intake_act_teams")]

    def __str__(self) -> str:
        return f"{self.act} {self.count}"


class TriageChange(models.Model):
    """What one act changed of one report: `before` and `after` hold the columns that it wrote."""

    act = models.ForeignKey(TriageAct, on_delete=models.PROTECT, related_name="changes")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="changes")
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["act", "report"], name="intake_change_once")]

    def __str__(self) -> str:
        return f"{self.act_id} {self.report_id}"
