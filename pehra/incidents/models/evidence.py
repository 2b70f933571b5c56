"""Tables of evidence: what was handed in, who had it in hand, what an authority said of it, and how it ends.

The bytes lie in the vault under their hash. Who may see a row follows from its incident. Personal data: what people
write into `source`, `about` and the reasons of the custody log, the acting people's ids and names there (the log is
worth nothing without them), and whatever is in the file. Rows stay for good; the custody log only grows.
"""

from django.db import models
from django.db.models import Q

from pehra.incidents.models.incidents import Incident
from pehra.incidents.rules.custody import Act
from pehra.incidents.rules.disposal import Outcome
from pehra.incidents.rules.evidence import NAME_CHARACTERS_MAX
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp

HASH_CHARACTERS = 64


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    """Evidence, read through the wall of its incident."""

    def visible_to(self, actor: Actor) -> "EvidenceQuerySet":
        """Only of incidents that the actor may see."""
        return self.filter(incident__in=Incident.objects.all().visible_to(actor))


class Evidence(models.Model):
    """One file of an incident, known by its number there (`E3`)."""

    id = models.UUIDField(primary_key=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="evidence")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    about = models.TextField(blank=True)
    source = models.TextField()
    collected_at = models.DateTimeField(null=True, blank=True)
    media_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=HASH_CHARACTERS)
    size = models.PositiveBigIntegerField()
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    quarantined = models.BooleanField()
    quarantined_because = models.TextField(blank=True)
    keep_until = models.DateField(null=True, blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)
    destroyed_at = models.DateTimeField(null=True, blank=True)  # two people agreed: nobody is given it any more
    erased_at = models.DateTimeField(null=True, blank=True)  # its bytes left the vault, once nothing else kept them

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incidents_evidence_number"),
            models.UniqueConstraint(
                fields=["incident", "sha256"],
                condition=Q(destroyed_at__isnull=True),
                name="incidents_evidence_once",
            ),
            models.CheckConstraint(condition=Q(tlp__in=list(Tlp)), name="incidents_evidence_tlp"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(destroyed_at__isnull=False), name="incidents_evidence_ends_once"
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="incidents_evidence_sha256"),
            models.Index(
                fields=["keep_until"],
                condition=Q(keep_until__isnull=False, destroyed_at__isnull=True),
                name="incidents_evidence_kept",
            ),
            models.Index(
                fields=["destroyed_at"],
                condition=Q(destroyed_at__isnull=False, erased_at__isnull=True),
                name="incidents_evidence_to_erase",
            ),
        ]

    def __str__(self) -> str:
        return f"E{self.number}"


class CustodyEntry(models.Model):
    """One line of a custody log. Never changed: the database refuses it to everybody, its owner included."""

    id = models.UUIDField(primary_key=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="custody")
    position = models.PositiveIntegerField()
    act = models.CharField(max_length=20, choices=[(act.value, act.value) for act in Act])
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    by_name = models.CharField(max_length=200)
    to = models.CharField(max_length=300, blank=True)
    reason = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=HASH_CHARACTERS, blank=True)
    digest = models.CharField(max_length=HASH_CHARACTERS)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "position"], name="incidents_custody_place"),
            models.CheckConstraint(condition=Q(act__in=list(Act)), name="incidents_custody_act"),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id}/{self.position} {self.act}"


class EvidenceStamp(models.Model):
    """A time stamp (RFC 3161) asked of an authority for the hash of a piece of evidence, and its answer as it came."""

    id = models.UUIDField(primary_key=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="stamps")
    authority = models.CharField(max_length=1_000)
    asked_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    answer = models.BinaryField(null=True)
    stamped_at = models.DateTimeField(null=True, blank=True)
    serial = models.CharField(max_length=100, blank=True)
    signer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "authority"], name="incidents_stamp_once"),
            models.CheckConstraint(
                condition=Q(stamped_at__isnull=True, answer__isnull=True)
                | Q(stamped_at__isnull=False, answer__isnull=False, next_attempt_at__isnull=True),
                name="incidents_stamp_has_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="incidents_stamp_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.authority}"


class EvidenceHold(models.Model):
    """An order that a piece be kept whatever else says: nothing destroys it until the hold is lifted.

    Several may stand at once, as of two courts, and each is lifted alone. Personal data: who placed and lifted it.
    """

    id = models.UUIDField(primary_key=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="holds")
    number = models.PositiveSmallIntegerField()
    reason = models.TextField()
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=120)
    placed_by_name = models.CharField(max_length=200)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=120, blank=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "number"], name="incidents_hold_number"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_hold_says_why"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | (~Q(lifted_by="") & ~Q(lifted_because="")),
                name="incidents_hold_lifted_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.number}"


class EvidenceDisposal(models.Model):
    """That somebody asked for a piece to be destroyed, and what another person said. Personal data: who both are.

    `order` names on whose order it is destroyed before its time.
    """

    id = models.UUIDField(primary_key=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="disposals")
    reason = models.TextField()
    order = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=120)
    asked_by_name = models.CharField(max_length=200)
    ends_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=[(word.value, word.value) for word in Outcome])
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evidence"], condition=Q(outcome=Outcome.ASKED), name="incidents_disposal_one_waits"
            ),
            models.UniqueConstraint(
                fields=["evidence"], condition=Q(outcome=Outcome.CONFIRMED), name="incidents_disposal_once"
            ),
            models.CheckConstraint(condition=Q(outcome__in=list(Outcome)), name="incidents_disposal_outcome"),
            models.CheckConstraint(condition=~Q(reason=""), name="incidents_disposal_says_why"),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.ASKED, decided_at__isnull=True)
                | (~Q(outcome=Outcome.ASKED) & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="incidents_disposal_decided",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.CONFIRMED) | ~Q(asked_by=models.F("decided_by")),
                name="incidents_disposal_needs_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.outcome}"
