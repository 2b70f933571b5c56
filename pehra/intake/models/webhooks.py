"""The table of webhooks: programs elsewhere that post what they saw, in their own words.

Personal data: who set one up.
"""

from django.db import models

from pehra.intake.models.reports import HASH_CHARACTERS
from pehra.intake.rules.saying import CODE_LENGTH_MAX, NAME_LENGTH_MAX
from pehra.kernel.actors import Actor


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Webhooks, read through the wall."""

    def visible_to(self, actor: Actor) -> "WebhookQuerySet":
        """Only those of the actor's teams."""
        return self.all() if actor.is_system else self.filter(team__in=sorted(actor.teams))


class Webhook(models.Model):
    """One source that posts JSON: its secret (of which only a digest is kept) and where in it each part stands.

    `mapping` says which place of the document is which part of a report.
    """

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    team = models.CharField(max_length=CODE_LENGTH_MAX)
    mapping = models.JSONField()
    secret_sha256 = models.CharField(max_length=HASH_CHARACTERS, unique=True)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="intake_webhook_named_once")]

    def __str__(self) -> str:
        return self.name
