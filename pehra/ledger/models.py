"""The ledger's tables. Rows come in and never change or leave; triggers and rights in the migration see to it.

`number` is only the order of arrival; the place that is proven is a leaf's `position`. A `LedgerWaiting` row is made by
a trigger with each entry, so that no road into the table leads past the sequencer, and may go only when the entry has
its leaf.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from pehra.kernel.actors import Actor

models.BinaryField.register_lookup(Length)


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    """Reading entries."""

    def visible_to(self, actor: Actor) -> "LedgerEntryQuerySet":
        """Leave only what the actor's teams may see; Pehra itself sees all."""
        return self if actor.is_system else self.filter(teams__overlap=sorted(actor.teams))


class LedgerEntry(models.Model):
    """One act. Personal data: an actor's identifier, and whatever the part that recorded it put among the facts."""

    number = models.BigAutoField(primary_key=True)
    identifier = models.UUIDField(unique=True)
    event = models.TextField()
    subject = models.TextField()
    by = models.TextField()
    at = models.DateTimeField()
    teams = ArrayField(models.TextField())
    canonical = models.BinaryField()

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        db_table = "ledger_entry"
        indexes = (
            models.Index(fields=["subject", "number"], name="ledger_entry_subject"),
            GinIndex(fields=["teams"], name="ledger_entry_teams"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(event="") & ~Q(subject="") & ~Q(by=""), name="ledger_entry_says_all"),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"


class LedgerWaiting(models.Model):
    """An entry that has no place yet. No personal data."""

    # No foreign keys in the database between these tables: checking one locks the row, which needs the right to UPDATE
    # that the migration takes away. `verify` finds whatever does not fit.
    entry = models.OneToOneField(
        LedgerEntry, models.PROTECT, primary_key=True, db_constraint=False, related_name="waiting"
    )

    class Meta:
        db_table = "ledger_waiting"

    def __str__(self) -> str:
        return str(self.entry_id)


class LedgerLeaf(models.Model):
    """An entry's place in the tree. No personal data."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, db_constraint=False, related_name="leaf")
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "ledger_leaf"
        constraints = (
            models.CheckConstraint(condition=Q(position__gte=0), name="ledger_leaf_position"),
            models.CheckConstraint(condition=Q(leaf_hash__length=32), name="ledger_leaf_sha256"),
        )

    def __str__(self) -> str:
        return str(self.position)


class LedgerSubtree(models.Model):
    """The hash of 256 (65,536 …) consecutive leaves, kept so that a proof need not read them. No personal data."""

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    subtree_hash = models.BinaryField()

    class Meta:
        db_table = "ledger_subtree"
        constraints = (
            models.UniqueConstraint(fields=["level", "index"], name="ledger_subtree_once"),
            models.CheckConstraint(condition=Q(level__gt=0) & Q(index__gte=0), name="ledger_subtree_place"),
            models.CheckConstraint(condition=Q(subtree_hash__length=32), name="ledger_subtree_sha256"),
        )

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LedgerCheckpoint(models.Model):
    """A signed statement of the tree at one size. `frontier` is what the tree grows from. No personal data."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    frontier = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_checkpoint"
        constraints = (
            models.CheckConstraint(condition=Q(size__gt=0), name="ledger_checkpoint_size"),
            models.CheckConstraint(condition=Q(root__length=32), name="ledger_checkpoint_sha256"),
        )

    def __str__(self) -> str:
        return str(self.size)
