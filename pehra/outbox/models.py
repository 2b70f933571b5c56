"""Tables of what was said to whom: a message is a queue entry first and a proof ever after.

Personal data: `Message.recipient_name` and `recipient_email` (a contact of an organisation or a member of a team,
needed to reach them and to prove that they were told), and whatever the writer put into `subject`, `body` and
attachments. Kept as long as the act they prove; nothing here is overwritten once sent.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp
from pehra.outbox.rules.letters import ATTACHMENTS_BYTES_MAX, MESSAGE_ID_CHARACTERS_MAX
from pehra.outbox.rules.states import State

CODE_LENGTH_MAX = 64
_MOVING = [State.QUEUED.value, State.SENDING.value]
_STOPPED = [State.HELD.value, State.FAILED.value]


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, read through the wall."""

    def visible_to(self, actor: Actor) -> "MessageQuerySet":
        """Only what the actor may see."""
        if actor.is_system:
            return self
        return self.filter(
            Q(teams__overlap=sorted(actor.teams)) | Q(organisation__in=sorted(actor.organisations) or [None])
        )


class Message(models.Model):
    """One message to one recipient. Personal data: the recipient's name and address.

    `next_attempt_at` of a queued message is when it is due; of one being sent, when its lease ends and its sender
    counts as lost. `bounced_at` is when a server said that it could not be delivered after all, `bounce` what it said.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=64)
    dedupe_key = models.CharField(max_length=200, unique=True)
    recipient_name = models.CharField(max_length=200, blank=True)
    recipient_email = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=35, blank=True)
    subject = models.CharField(max_length=250)
    body = models.TextField()
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    circle = models.CharField(max_length=40, choices=[(circle.value, circle.value) for circle in Circle])
    about = models.CharField(max_length=120, blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams: "ArrayField[list[str], list[str]]" = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in State])
    sender = models.CharField(max_length=320)
    message_id = models.CharField(max_length=320, unique=True)
    in_reply_to = models.CharField(max_length=MESSAGE_ID_CHARACTERS_MAX, blank=True, default="")
    queued_at = models.DateTimeField()
    queued_by = models.CharField(max_length=120)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    proof = models.JSONField(null=True, blank=True)
    seal = models.JSONField(null=True, blank=True)  # where its signature or ciphertext is kept, and of what it was made
    answer_until = models.DateTimeField(null=True, blank=True)  # how long its one-time link takes an answer
    bounced_at = models.DateTimeField(null=True, blank=True)
    bounce = models.JSONField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.value for state in State]), name="outbox_state_known"),
            models.CheckConstraint(condition=Q(tlp__in=[tlp.value for tlp in Tlp]), name="outbox_tlp_known"),
            models.CheckConstraint(
                condition=Q(circle__in=[circle.value for circle in Circle]), name="outbox_circle_known"
            ),
            models.CheckConstraint(
                condition=Q(state=State.SENT.value, sent_at__isnull=False, proof__isnull=False)
                | (~Q(state=State.SENT.value) & Q(sent_at__isnull=True, proof__isnull=True)),
                name="outbox_sent_has_proof",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_MOVING, next_attempt_at__isnull=False)
                | (~Q(state__in=_MOVING) & Q(next_attempt_at__isnull=True)),
                name="outbox_moving_has_time",
            ),
            models.CheckConstraint(condition=~Q(state__in=_STOPPED) | ~Q(problem=""), name="outbox_stopped_has_reason"),
            models.CheckConstraint(
                condition=Q(state=State.HELD.value) | ~Q(recipient_email=""), name="outbox_nobody_is_not_sent_to"
            ),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[models.F("lead_team")]), name="outbox_lead_may_see"
            ),
            models.CheckConstraint(
                condition=Q(bounced_at__isnull=True, bounce__isnull=True)
                | Q(bounced_at__isnull=False, bounce__isnull=False),
                name="outbox_bounce_says_why",
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="outbox_teams"),
            models.Index(fields=["organisation", "-id"], condition=~Q(organisation=""), name="outbox_organisation"),
            models.Index(fields=["about"], condition=~Q(about=""), name="outbox_about"),
            models.Index(fields=["next_attempt_at"], condition=Q(state__in=_MOVING), name="outbox_due"),
            models.Index(fields=["-id"], condition=Q(state__in=_STOPPED), name="outbox_stopped"),
            models.Index(fields=["id"], condition=Q(answer_until__isnull=False), name="outbox_answerable"),
            models.Index(fields=["-id"], condition=Q(bounced_at__isnull=False), name="outbox_bounced"),
            models.Index(KeyTextTransform("sha256", "seal"), condition=Q(seal__isnull=False), name="outbox_seal_file"),
        ]

    def __str__(self) -> str:
        return self.message_id


class Attachment(models.Model):
    """A file that goes along with a message. Personal data: what the writer put into it."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attachments")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=120)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="outbox_attachment_place"),
            models.CheckConstraint(condition=Q(size__lte=ATTACHMENTS_BYTES_MAX), name="outbox_attachment_size"),
        ]

    def __str__(self) -> str:
        return self.name
