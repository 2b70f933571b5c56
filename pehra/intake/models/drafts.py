"""Tables of forms that are being filled in: what somebody has typed and not handed in yet.

Personal data: an open draft holds whatever its writer typed, sealed under a key that only the writer's link carries:
whoever reads the table, or a copy of it, learns nothing but when it was last kept. A draft of an organisation holds
what its people typed and the id of who did last; only that organisation's people read it. Both are deleted when their
time ends.
"""

from django.db import models
from django.db.models import Q

from pehra.intake.models.reports import HASH_CHARACTERS, REFERENCE_LENGTH_MAX
from pehra.intake.rules.saying import CODE_LENGTH_MAX
from pehra.kernel.actors import Actor


class OpenDraft(models.Model):
    """A form of somebody without an account, found by a digest of the secret that seals it.

    Handed in, it keeps for a while which receipt its writer got: who presses twice on a slow line gets that one again.
    """

    key = models.CharField(primary_key=True, max_length=HASH_CHARACTERS)
    sealed = models.BinaryField()
    is_handed_in = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key[:12]


class OrganisationDraftQuerySet(models.QuerySet["OrganisationDraft"]):
    """Drafts of organisations, read through the wall."""

    def visible_to(self, actor: Actor) -> "OrganisationDraftQuerySet":
        """Only those of the actor's own organisations: a team reads what is handed in, and nothing before."""
        if actor.is_system:
            return self.all()
        return self.filter(organisation__in=sorted(code for code in actor.organisations if code))


class OrganisationDraft(models.Model):
    """An organisation's report as it stands on its own side: filled in over days, handed in as often as it likes.

    `answers` are as typed; `report` is empty until something was handed in, and `incident` unless it is about one.
    """

    id = models.UUIDField(primary_key=True)
    organisation = models.CharField(max_length=CODE_LENGTH_MAX)
    report = models.CharField(max_length=REFERENCE_LENGTH_MAX, blank=True)
    incident = models.CharField(max_length=REFERENCE_LENGTH_MAX, blank=True)
    answers = models.JSONField(default=dict)
    has_changes = models.BooleanField(default=True)  # since it was last handed in
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)
    ends_at = models.DateTimeField(db_index=True)

    objects = OrganisationDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report"], condition=~Q(report=""), name="intake_draft_of_a_report_once"),
        ]
        indexes = [models.Index(fields=["organisation", "-changed_at"], name="intake_drafts")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.report}".strip()
