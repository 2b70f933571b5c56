"""Tables of mail that came in: each mail with what it was sorted as and why, feeds in it, and how the mailboxes stand.

Personal data: `Mail.sender_name`, `sender_address` and `subject` (needed to answer, to count how often one address
writes and to find a mail again); the mail itself lies in the vault. Kept as long as the report or thread it became;
nothing here is deleted.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from pehra.intake.models.reports import HASH_CHARACTERS, REFERENCE_LENGTH_MAX
from pehra.intake.rules.mail.sorting import Sort
from pehra.intake.rules.mail.states import FeedState, MailState
from pehra.intake.rules.saying import CODE_LENGTH_MAX
from pehra.kernel.actors import Actor

MESSAGE_ID_LENGTH_MAX = 322
ADDRESS_LENGTH_MAX = 254
NAME_LENGTH_MAX = 200
SUBJECT_LENGTH_MAX = 500
WORD_LENGTH_MAX = 32
DETAIL_LENGTH_MAX = 500
FILE_NAME_LENGTH_MAX = 255


def _teams() -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)


class MailQuerySet(models.QuerySet["Mail"]):
    """Mails, read through the wall."""

    def visible_to(self, actor: Actor) -> "MailQuerySet":
        """Only those of the mailboxes of the actor's teams."""
        if actor.is_system:
            return self.all()
        return self.filter(teams__overlap=sorted(actor.teams)) if actor.teams else self.none()


class Mail(models.Model):
    """One mail as it came, and what became of it.

    `sha256` is of what was kept; where `is_whole` is false that is the beginning alone, and the whole lies on the mail
    server still. `content_key` tells the same letter from another whatever way it took here. `turn` is how many mails
    of the same sender came before it within the hour: the first of everybody is sorted before the second of anybody.
    `due_at` of a waiting mail is when it may be taken; while somebody has it, when their lease ends.
    """

    id = models.UUIDField(primary_key=True)
    mailbox = models.CharField(max_length=CODE_LENGTH_MAX)
    team = models.CharField(max_length=CODE_LENGTH_MAX)
    teams = _teams()
    sha256 = models.CharField(max_length=HASH_CHARACTERS)
    size = models.BigIntegerField()
    is_whole = models.BooleanField(default=True)
    content_key = models.CharField(max_length=HASH_CHARACTERS, blank=True)
    message_id = models.CharField(max_length=MESSAGE_ID_LENGTH_MAX, blank=True)
    sender_address = models.CharField(max_length=ADDRESS_LENGTH_MAX, blank=True)
    sender_name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    turn = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=WORD_LENGTH_MAX, choices=[(state.value, state.value) for state in MailState])
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    wanted = models.CharField(max_length=WORD_LENGTH_MAX, blank=True)  # the sort that a person said it is
    sort = models.CharField(max_length=WORD_LENGTH_MAX, blank=True, choices=[(sort.value, sort.value) for sort in Sort])
    why = models.CharField(max_length=WORD_LENGTH_MAX, blank=True)  # a word of `Why`
    detail = models.CharField(max_length=DETAIL_LENGTH_MAX, blank=True)
    problem = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    is_believed = models.BooleanField(default=False)
    signer = models.CharField(max_length=DETAIL_LENGTH_MAX, blank=True)
    verdict = models.CharField(max_length=WORD_LENGTH_MAX, blank=True)
    files = models.JSONField(default=list)  # name, media type, size: what came along
    facts = models.JSONField(default=dict)  # what a machine's report says, in numbers
    report = models.CharField(max_length=REFERENCE_LENGTH_MAX, blank=True)
    thread = models.UUIDField(null=True, blank=True)
    same_as = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="again")
    silent = models.CharField(max_length=WORD_LENGTH_MAX, blank=True)  # a word of `Silent`
    receipt_id = models.CharField(max_length=MESSAGE_ID_LENGTH_MAX, blank=True)  # the Message-ID of our receipt

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "sha256"], name="intake_mail_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in MailState]), name="intake_mail_state_known"
            ),
            models.CheckConstraint(
                condition=Q(sort="") | Q(sort__in=[sort.value for sort in Sort]), name="intake_mail_sort_known"
            ),
            models.CheckConstraint(
                condition=Q(state=MailState.WAITING.value, due_at__isnull=False)
                | (~Q(state=MailState.WAITING.value) & Q(due_at__isnull=True)),
                name="intake_mail_waits_for_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=MailState.SET_ASIDE.value) | ~Q(problem=""), name="intake_mail_aside_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=MailState.DONE.value) | ~Q(sort=""), name="intake_mail_done_is_sorted"
            ),
            models.CheckConstraint(
                condition=Q(team="") | Q(teams__contains=[F("team")]), name="intake_mail_team_may_see"
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="intake_mail_teams"),
            models.Index(fields=["turn", "id"], condition=Q(state=MailState.WAITING.value), name="intake_mail_waiting"),
            models.Index(fields=["-id"], condition=Q(state=MailState.SET_ASIDE.value), name="intake_mail_aside"),
            models.Index(fields=["sender_address", "-received_at"], name="intake_mail_sender"),
            models.Index(fields=["content_key"], condition=~Q(content_key=""), name="intake_mail_content"),
            models.Index(fields=["message_id"], condition=~Q(message_id=""), name="intake_mail_message_id"),
            models.Index(fields=["receipt_id"], condition=~Q(receipt_id=""), name="intake_mail_receipt"),
            models.Index(fields=["report"], condition=~Q(report=""), name="intake_mail_report"),
            models.Index(fields=["sha256"], name="intake_mail_file"),
            models.Index(fields=["sort", "-id"], name="intake_mail_sort"),
        ]

    def __str__(self) -> str:
        return self.message_id or str(self.id)


class MailFeed(models.Model):
    """Something out of a mail on its way to the machine road: a feed's file, or lines made of an abuse report.

    `sha256` is of the file in the vault; `outcome` is what the road said that it did.
    """

    id = models.UUIDField(primary_key=True)
    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, related_name="feeds")
    name = models.CharField(max_length=FILE_NAME_LENGTH_MAX)
    form = models.CharField(max_length=WORD_LENGTH_MAX)
    source = models.CharField(max_length=NAME_LENGTH_MAX)
    sha256 = models.CharField(max_length=HASH_CHARACTERS)
    state = models.CharField(max_length=WORD_LENGTH_MAX, choices=[(state.value, state.value) for state in FeedState])
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    outcome = models.JSONField(default=dict)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mail", "sha256"], name="intake_mailfeed_once"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in FeedState]), name="intake_mailfeed_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=FeedState.WAITING.value, due_at__isnull=False)
                | (~Q(state=FeedState.WAITING.value) & Q(due_at__isnull=True)),
                name="intake_mailfeed_waits_for_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=FeedState.WAITING.value), name="intake_mailfeed_due"),
            models.Index(fields=["sha256"], name="intake_mailfeed_file"),
        ]

    def __str__(self) -> str:
        return self.name


class MailboxStandQuerySet(models.QuerySet["MailboxStand"]):
    """How mailboxes stand, read through the wall."""

    def visible_to(self, actor: Actor) -> "MailboxStandQuerySet":
        """Only the mailboxes of the actor's teams."""
        if actor.is_system:
            return self.all()
        return self.filter(team__in=sorted(actor.teams))


class MailboxStand(models.Model):
    """When a mailbox was last looked into, and with what success: a mailbox that nobody reads must not look empty."""

    name = models.CharField(primary_key=True, max_length=CODE_LENGTH_MAX)
    team = models.CharField(max_length=CODE_LENGTH_MAX)
    looked_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)
    waiting = models.PositiveIntegerField(default=0)  # on the server still, when it was last looked into
    problem = models.TextField(blank=True)

    objects = MailboxStandQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
