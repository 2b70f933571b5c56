"""Who is told of signals, what they asked for, and each token on its way; and the leaks that gave rise to some.

A relying service belongs to the part `access`; here it is named by its client id alone. Tokens are kept as their claims
and signed when they are handed out: a token that waited for a week is signed with today's key. Of a leaked secret only
a salted check is kept (`rules.leak_secrets`), and no column could hold the secret itself.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from pehra.kernel.actors import Actor, ActorKind
from pehra.kernel.markings import Pap, Tlp
from pehra.signals.rules.leaks import (
    ADDRESS_CHARACTERS_MAX,
    SERVICE_CHARACTERS_MAX,
    SOURCE_CHARACTERS_MAX,
    SecretKind,
)
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


_CODE_CHARACTERS_MAX = 64


class LeakQuerySet(models.QuerySet["Leak"]):
    """Leaks, read through the wall: those with an account one may see, and those one handed in."""

    def visible_to(self, actor: Actor) -> "LeakQuerySet":
        """Only what the actor may see."""
        if actor.is_system:
            return self
        seen = LeakedAccount.objects.all().visible_to(actor).values("leak_id")
        return self.filter(Q(received_by=actor.id) | Q(id__in=seen))


class Leak(models.Model):
    """One intake: what somebody handed in at a moment. Personal data: who handed it in.

    Numbers are of rows: those whose address belongs to nobody known are counted as `strangers` and not kept, and
    `set_aside` names rows that were none by line and field. `salt` is drawn anew for each leak.
    """

    id = models.UUIDField(primary_key=True)
    source = models.CharField(max_length=SOURCE_CHARACTERS_MAX)
    tlp = models.CharField(max_length=20)
    pap = models.CharField(max_length=20)
    salt = models.BinaryField()
    received_by = models.CharField(max_length=100)
    received_at = models.DateTimeField()
    rows_read = models.PositiveIntegerField()
    duplicates = models.PositiveIntegerField()
    known = models.PositiveIntegerField()
    strangers = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    set_aside_count = models.PositiveIntegerField()
    set_aside = models.JSONField(default=list)

    objects = LeakQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["-received_at", "-id"], name="signals_leak_newest")]
        constraints = [
            models.CheckConstraint(
                name="signals_leak_loses_no_row",
                condition=Q(
                    rows_read=models.F("duplicates")
                    + models.F("known")
                    + models.F("strangers")
                    + models.F("kept")
                    + models.F("set_aside_count")
                ),
            ),
            models.CheckConstraint(name="signals_leak_tlp_known", condition=Q(tlp__in=[tlp.value for tlp in Tlp])),
            models.CheckConstraint(name="signals_leak_pap_known", condition=Q(pap__in=[pap.value for pap in Pap])),
        ]

    def __str__(self) -> str:
        return self.source


class LeakedAccountQuerySet(models.QuerySet["LeakedAccount"]):
    """Leaked accounts, read through the wall."""

    def visible_to(self, actor: Actor) -> "LeakedAccountQuerySet":
        """Rows of the actor's teams and organisations, and those about the actor's own account."""
        if actor.is_system:
            return self
        seen = Q(person_id__in=[actor.id]) if actor.kind is ActorKind.PERSON else Q(pk__in=[])
        if actor.teams:
            seen |= Q(teams__overlap=sorted(actor.teams))
        own = sorted(code for code in actor.organisations if code)
        return self.filter(seen | Q(organisation__in=own) if own else seen)


class LeakedAccount(models.Model):
    """An address that stood in a leak, and where. Personal data: the address, and that its owner used the service.

    `check_value` is the salted check of the secret beside it, empty where there was none or nobody is there to ask.
    `in_use`: of a person of this node, whether it was their password at that moment; null where that was not compared.
    `repeated`: the same secret of the same address stood in an earlier leak.
    """

    id = models.UUIDField(primary_key=True)
    leak = models.ForeignKey(Leak, on_delete=models.PROTECT, related_name="accounts")
    source = models.CharField(max_length=SOURCE_CHARACTERS_MAX)
    address = models.CharField(max_length=ADDRESS_CHARACTERS_MAX, db_collation="C")
    service = models.CharField(max_length=SERVICE_CHARACTERS_MAX, blank=True)
    leaked_at = models.DateTimeField(null=True, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    organisation = models.CharField(max_length=_CODE_CHARACTERS_MAX, blank=True)
    lead_team = models.CharField(max_length=_CODE_CHARACTERS_MAX, blank=True)
    teams = ArrayField(models.CharField(max_length=_CODE_CHARACTERS_MAX), default=list)
    by_service = models.BooleanField(default=False)
    person_id = models.UUIDField(null=True, blank=True)
    secret_kind = models.CharField(max_length=10, blank=True)
    check_value = models.BinaryField(default=b"")
    in_use = models.BooleanField(null=True)
    repeated = models.BooleanField(default=False)
    tried_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    objects = LeakedAccountQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["address"], name="signals_leaked_address"),
            models.Index(fields=["organisation", "-id"], name="signals_leaked_whose"),
            models.Index(fields=["person_id"], condition=Q(person_id__isnull=False), name="signals_leaked_person"),
            models.Index(fields=["leak", "id"], name="signals_leaked_of"),
        ]
        constraints = [
            models.CheckConstraint(
                name="signals_leaked_secret_known", condition=Q(secret_kind__in=[kind.value for kind in SecretKind])
            ),
            models.CheckConstraint(
                name="signals_leaked_lead_may_see",
                condition=Q(lead_team="") | Q(teams__contains=[models.F("lead_team")]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
