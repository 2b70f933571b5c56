"""Tables of what is wrong with whose asset, once, until it is fixed and checked.

Personal data: `Finding.subject` (a network address or name that may belong to a person's line) and `evidence` (one
sample row of a feed about it); kept as long as the finding, needed to mend it. `Notice.recipient` is a contact's
address.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from pehra.findings.rules.sightings import CODE_LENGTH_MAX, KIND_LENGTH_MAX, NAME_LENGTH_MAX, SUBJECT_LENGTH_MAX
from pehra.findings.rules.states import UNFIXED, State
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp

_MENDED = sorted({state.value for state in State} - {state.value for state in UNFIXED})


def _codes() -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=CODE_LENGTH_MAX), default=list)


def visible(actor: Actor) -> Q:
    """The wall: rows of the actor's teams, and rows of the actor's own organisations."""
    if actor.is_system:
        return Q()
    own = sorted(code for code in actor.organisations if code)
    seen = Q(teams__overlap=sorted(actor.teams)) if actor.teams else Q(pk__in=[])
    return seen | Q(organisation__in=own) if own else seen


class Reason(models.Model):
    """Why a finding is whose: kept once for all findings that it decides. `id` is a digest of `because`."""

    id = models.UUIDField(primary_key=True)
    because = models.JSONField()


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings, read through the wall."""

    def visible_to(self, actor: Actor) -> "FindingQuerySet":
        """Only what the actor may see."""
        return self.filter(visible(actor))

    def unfixed(self) -> "FindingQuerySet":
        """Only what nobody says is fixed."""
        return self.filter(state__in=sorted(UNFIXED))


class Finding(models.Model):
    """One problem of one kind on one asset. Personal data: a network address that may be a person's line.

    Written by `gateways.folding` in bulk. No index holds a column that every sighting changes (`times`, `last_seen`,
    `evidence`), and pages are left a third empty: a sighting then writes to no index at all.
    `examined` is the version of the law that said that this finding needs no notice.
    """

    id = models.UUIDField(primary_key=True)
    # Bytewise order, whatever the database's own: then an index finds what starts with a text.
    subject = models.CharField(max_length=SUBJECT_LENGTH_MAX, db_collation="C")
    subject_type = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    asset = models.CharField(max_length=SUBJECT_LENGTH_MAX, db_collation="C")
    organisation = models.CharField(max_length=CODE_LENGTH_MAX, blank=True, db_collation="C")
    sector = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    territory = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams = _codes()
    reason = models.ForeignKey(Reason, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    kind = models.CharField(max_length=KIND_LENGTH_MAX, db_collation="C")
    taxonomy = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    type = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    identifier = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    malware = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    port = models.PositiveIntegerField(default=0)
    protocol = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    feed_name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    feed_code = models.CharField(max_length=NAME_LENGTH_MAX, blank=True)
    evidence = models.TextField(blank=True)
    times = models.BigIntegerField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in State])
    opened_at = models.DateTimeField()
    opened_fold = models.UUIDField()
    reopened = models.PositiveIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_fold = models.UUIDField(null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    fixed_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    examined = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "asset", "organisation", "kind", "port"], name="findings_one_a_problem"
            ),
            # Few and cheap: each is asked of every row of every fold.
            models.CheckConstraint(
                condition=Q(state=State.OPEN.value)
                | Q(state=State.NOTIFIED.value, notified_at__isnull=False)
                | Q(state=State.FIXED.value, fixed_at__isnull=False)
                | Q(state=State.VERIFIED.value, fixed_at__isnull=False, verified_at__isnull=False),
                name="findings_state_has_its_time",
            ),
            models.CheckConstraint(condition=Q(first_seen__lte=F("last_seen"), times__gt=0), name="findings_seen"),
            models.CheckConstraint(
                condition=Q(lead_team="") | Q(teams__contains=[F("lead_team")]), name="findings_lead_may_see"
            ),
        ]
        indexes = [
            GinIndex(fields=["teams"], name="findings_teams"),
            models.Index(fields=["organisation", "-id"], name="findings_organisation"),
            models.Index(fields=["kind", "-id"], name="findings_kind"),
            models.Index(fields=["sector", "-id"], name="findings_sector"),
            models.Index(fields=["territory", "-id"], name="findings_territory"),
            models.Index(fields=["-id"], condition=Q(state__in=_MENDED), name="findings_mended"),
            models.Index(fields=["organisation"], condition=Q(state=State.OPEN.value), name="findings_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.subject}"


class Tally(models.Model):
    """How many findings one set of teams has in one sector, territory and state. Derived; renewed whole by a job."""

    teams = _codes()
    sector = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    territory = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    state = models.CharField(max_length=16)
    owned = models.BooleanField()
    count = models.BigIntegerField()


class Tallied(models.Model):
    """One row: when the tally was renewed, and PostgreSQL's count of writes until then."""

    at = models.DateTimeField()
    mark = models.CharField(max_length=80)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="findings_tallied_is_one_row")]


class Correspondence(models.Model):
    """When an organisation was last written to. Locked by whoever writes to it: two never do at once."""

    organisation = models.CharField(max_length=CODE_LENGTH_MAX, primary_key=True)
    last_notice_at = models.DateTimeField(null=True, blank=True)
    unreachable_at = models.DateTimeField(null=True, blank=True)  # when it was last found that nobody knows an address


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices, read through the wall."""

    def visible_to(self, actor: Actor) -> "NoticeQuerySet":
        """Only what the actor may see."""
        return self.filter(visible(actor))


class Notice(models.Model):
    """What an organisation was told at a moment. Personal data: the recipient's address.

    `findings` is a list in the row and no relation: it is what was said then, and never changes.
    """

    number = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=32, unique=True)
    organisation = models.CharField(max_length=CODE_LENGTH_MAX)
    lead_team = models.CharField(max_length=CODE_LENGTH_MAX, blank=True)
    teams = _codes()
    recipient = models.CharField(max_length=254)
    road = models.CharField(max_length=16)
    tlp = models.CharField(max_length=20, choices=[(tlp.value, tlp.value) for tlp in Tlp])
    findings: "ArrayField[list[object], list[object]]" = ArrayField(models.UUIDField())
    message = models.UUIDField(unique=True)
    at = models.DateTimeField()
    because = models.JSONField(default=list)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(findings__len__gt=0), name="findings_notice_says_something"),
            models.CheckConstraint(condition=Q(tlp__in=[tlp.value for tlp in Tlp]), name="findings_notice_tlp_known"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-number"], name="findings_notice_whose"),
            GinIndex(fields=["teams"], name="findings_notice_teams"),
        ]

    def __str__(self) -> str:
        return self.reference


class ManyChangeQuerySet(models.QuerySet["ManyChange"]):
    """Changes of many findings, read through the wall."""

    def visible_to(self, actor: Actor) -> "ManyChangeQuerySet":
        """Return the actor's own, and those that touched their teams' findings."""
        if actor.is_system:
            return self
        return self.filter(Q(changed_by=actor.id) | Q(teams__overlap=sorted(actor.teams)))


class ManyChange(models.Model):
    """One act on many findings at once, with what each was before: what undoing it needs.

    `before` maps a finding's id to its state and the other columns that the act changed. `changed_by` is an actor's id.
    """

    id = models.UUIDField(primary_key=True)
    act = models.CharField(max_length=16)
    reason = models.TextField()
    before = models.JSONField()
    teams = _codes()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=120)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=120, blank=True)

    objects = ManyChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by="") | Q(undone_at__isnull=False) & ~Q(undone_by=""),
                name="findings_undone_by_somebody",
            )
        ]
        indexes = [GinIndex(fields=["teams"], name="findings_many_teams")]

    def __str__(self) -> str:
        return f"{self.act} at {self.changed_at}"
