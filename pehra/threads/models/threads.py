"""Tables of what a team and another side said to each other.

Personal data: names and addresses of those written to and of those who answer, and what they wrote; needed to go on
with the matter, kept as long as the matter. Rows are never deleted. The text that went out is the outbox's row and
stands there alone; what came in by mail lies as received in the vault, under `raw_sha256`.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.threads.rules.answers import Choice, Turn

CODE_LENGTH_MAX = 64
SUBJECT_LENGTH_MAX = 250


class ThreadQuerySet(models.QuerySet["Thread"]):
    """Threads, read through the wall."""

    def visible_to(self, actor: Actor) -> "ThreadQuerySet":
        """Only what the actor may see: threads of its teams, and of its own organisations."""
        if actor.is_system:
            return self
        seen = Q(teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])
        own = sorted(code for code in actor.organisations if code)
        return self.filter(seen | Q(organisation__in=own) if own else seen)


class Thread(models.Model):
    """One team, one other side, one matter. `key` says which, so that a matter has one thread.

    `about` is the reference of an incident, a notice or a report, or empty. The other side is `organisation`, or
    `other_team`, or the address `other_email`. `urgent` is set by a call for help and ends
    with our next letter.
    """

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    key = models.CharField(max_length=200, unique=True)
    reference = models.CharField(max_length=32, unique=True)
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX)
    about = models.CharField(max_length=120, blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams: "ArrayField[list[str], list[str]]" = ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    other_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    other_name = models.CharField(max_length=200, blank=True)
    other_email = models.CharField(max_length=254, blank=True)
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    turn = models.CharField(max_length=8, choices=[(turn.value, turn.value) for turn in Turn])
    urgent = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(turn__in=[turn.value for turn in Turn]), name="threads_turn_known"),
            models.CheckConstraint(condition=Q(tlp__in=[tlp.value for tlp in Tlp]), name="threads_tlp_known"),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[F("lead_team")]), name="threads_lead_may_see"
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="threads_teams"),
            models.Index(fields=["organisation", "-number"], name="threads_organisation"),
            models.Index(fields=["about"], condition=~Q(about=""), name="threads_about"),
            models.Index(fields=["-last_at", "-number"], name="threads_newest"),
            models.Index(fields=["last_at"], condition=Q(urgent=True), name="threads_calling"),
        ]

    def __str__(self) -> str:
        return self.reference


class Letter(models.Model):
    """A message of the outbox that belongs to a thread, and how long one waits for its answer.

    `stands_in_for` is the message that brought nothing and was said again by this one; `step` how often that happened.
    `silent_at` is when silence (or a bounce) lets it go to the next contact; null when nothing is awaited any more, and
    `ended` says why. Personal data: the address it went to.
    """

    number = models.BigAutoField(primary_key=True)
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="letters")
    message = models.UUIDField(unique=True)
    recipient_email = models.CharField(max_length=254, blank=True)
    stands_in_for = models.UUIDField(null=True, blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    silent_at = models.DateTimeField(null=True, blank=True)
    came_back_at = models.DateTimeField(null=True, blank=True)  # a server said for good that it reaches nobody
    ended = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(silent_at__isnull=True) | Q(ended=""), name="threads_ended_waits_not"),
        ]
        indexes = [
            models.Index(fields=["silent_at"], condition=Q(silent_at__isnull=False), name="threads_silent"),
        ]

    def __str__(self) -> str:
        return str(self.message)


class Reply(models.Model):
    """What came back by mail, or was written on its page by the other side's own people.

    `expected` is whether it came from the address that the letter went to. `signed` says what was found of a signature.
    Personal data: the sender and the text.
    """

    number = models.BigAutoField(primary_key=True)
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="replies")
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, null=True, blank=True, related_name="replies")
    sender = models.CharField(max_length=320)
    expected = models.BooleanField()
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX, blank=True)
    text = models.TextField(blank=True)
    raw_sha256 = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=list)
    signed = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "raw_sha256"], condition=~Q(raw_sha256=""), name="threads_reply_once"
            ),
        ]
        indexes = [
            models.Index(fields=["raw_sha256"], condition=~Q(raw_sha256=""), name="threads_reply_mail"),
            GinIndex(fields=["files"], opclasses=["jsonb_path_ops"], name="threads_reply_files"),
        ]

    def __str__(self) -> str:
        return self.sender


class Answer(models.Model):
    """What somebody said by the one-time link of a letter; a correction is a further row, and the newest stands.

    `effects` is what it changed: how many findings, which incidents. Personal data: the note.
    """

    number = models.BigAutoField(primary_key=True)
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveSmallIntegerField()
    choice = models.CharField(max_length=20, choices=[(choice.value, choice.value) for choice in Choice])
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    effects = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["letter", "position"], name="threads_answer_place"),
            models.CheckConstraint(
                condition=Q(choice__in=[choice.value for choice in Choice]), name="threads_choice_known"
            ),
        ]

    def __str__(self) -> str:
        return self.choice
