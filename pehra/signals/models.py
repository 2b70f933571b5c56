"""Who is told of signals, what they asked for, and each token on its way.

A relying service belongs to the part `access`; here it is named by its client id alone. Tokens are kept as their claims
and signed when they are handed out: a token that waited for a week is signed with today's key.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from pehra.signals.rules.streams import (
    DESCRIPTION_CHARACTERS_MAX,
    ENDPOINT_CHARACTERS_MAX,
    ERROR_CHARACTERS_MAX,
    EVENT_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    Delivery,
    SetState,
    Status,
)


class Receiver(models.Model):
    """That a service account receives for a relying service. `email_agreed`: it may be told addresses as well."""

    client_id = models.CharField(primary_key=True, max_length=100)
    account_id = models.UUIDField(unique=True)
    email_agreed = models.BooleanField(default=False)
    bound_by = models.CharField(max_length=100)
    bound_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)


class Stream(models.Model):
    """What a receiver asked for and how it stands: one a relying service.

    `authorization` is what the receiver wants to see in the header of each push, encrypted with a key that lies outside
    the database. `reason` is told to the receiver; `problem` is for whoever keeps the node.
    """

    id = models.UUIDField(primary_key=True)
    receiver = models.OneToOneField(Receiver, on_delete=models.PROTECT, related_name="stream")
    delivery = models.CharField(max_length=10)
    endpoint = models.CharField(max_length=ENDPOINT_CHARACTERS_MAX, blank=True, default="")
    authorization = models.BinaryField(default=b"")
    description = models.CharField(max_length=DESCRIPTION_CHARACTERS_MAX, blank=True, default="")
    events_requested = ArrayField(models.CharField(max_length=EVENT_CHARACTERS_MAX), default=list)
    status = models.CharField(max_length=10, default=Status.ENABLED.value)
    reason = models.CharField(max_length=REASON_CHARACTERS_MAX, blank=True, default="")
    status_by = models.CharField(max_length=100, blank=True, default="")
    status_at = models.DateTimeField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    verification_asked_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=ERROR_CHARACTERS_MAX, blank=True, default="")
    next_try_at = models.DateTimeField(null=True, blank=True)
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="signals_stream_status_known", condition=Q(status__in=[status.value for status in Status])
            ),
            models.CheckConstraint(
                name="signals_stream_delivery_known",
                condition=(Q(delivery=Delivery.PUSH.value) & ~Q(endpoint=""))
                | Q(delivery=Delivery.POLL.value, endpoint="", authorization=b""),
            ),
        ]


class ExcludedPerson(models.Model):
    """Somebody of whom a receiver asked not to be told. Personal data: whom."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="excluded")
    person_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="signals_excluded_is_one", fields=["stream", "person_id"])]


class SecurityEvent(models.Model):
    """One security event token for one stream. Personal data: whom it is about, in `claims`.

    The number is the order of delivery. `key` says which entry of the ledger it tells of and how: the same entry makes
    no second one.
    """

    jti = models.UUIDField(unique=True)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=200)
    event = models.CharField(max_length=EVENT_CHARACTERS_MAX)
    claims = models.JSONField()
    state = models.CharField(max_length=10, default=SetState.WAITING.value)
    made_at = models.DateTimeField()
    given_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    refused_since = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=ERROR_CHARACTERS_MAX, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["stream", "id"], condition=Q(state=SetState.WAITING.value), name="signals_waiting"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="signals_ended"),
        ]
        constraints = [
            models.UniqueConstraint(name="signals_event_is_one", fields=["stream", "key"]),
            models.CheckConstraint(
                name="signals_event_state_known", condition=Q(state__in=[state.value for state in SetState])
            ),
            models.CheckConstraint(
                name="signals_event_ended",
                condition=Q(state=SetState.WAITING.value, ended_at__isnull=True)
                | (~Q(state=SetState.WAITING.value) & Q(ended_at__isnull=False)),
            ),
        ]


class LedgerPlace(models.Model):
    """How far this part has read the ledger, by who reads."""

    reader = models.CharField(primary_key=True, max_length=40)
    position = models.BigIntegerField(default=0)
