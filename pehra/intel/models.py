"""Indicators and their sightings, as rows.

An indicator is kept by what it says and who says it: said again by the same source it is brought up to date, said by
another it is another row. What cannot be turned into a match set is kept too, and marked. The identifier follows from
source, type and value, so that an import may be repeated without looking anything up first.
"""

from typing import Self

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now

from pehra.kernel.markings import Tlp


class IntelVersion(models.Model):
    """The one row that changes with every import, so that match sets know that they are old.

    Personal data: none.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    token = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(name="intel_version_is_one_row", condition=models.Q(id=1))]


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    """Indicators, asked for by what holds when."""

    def valid(self, at: object) -> Self:
        """Return those in force at a moment."""
        return self.filter(models.Q(valid_from__lte=at), models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=at))


class Indicator(models.Model):
    """Something that, when seen, says that something bad is there.

    Personal data: an address or URL may belong to a person; kept as the source gave it, under its TLP.
    """

    id = models.UUIDField(primary_key=True)
    type = models.TextField()
    value = models.TextField()
    matchable = models.BooleanField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    source = models.TextField()
    tlp = models.TextField()
    confidence = models.SmallIntegerField(null=True)
    stix_id = models.TextField(blank=True)
    name = models.TextField(blank=True)
    imported_at = models.DateTimeField(db_default=Now())

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="indicator_ends_after_it_begins",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="indicator_confidence",
                condition=models.Q(confidence__isnull=True) | models.Q(confidence__range=(0, 100)),
            ),
            models.CheckConstraint(name="indicator_tlp", condition=models.Q(tlp__in=[tlp.value for tlp in Tlp])),
        ]
        # By hash: a URL or pattern may be longer than a row of an ordinary index.
        indexes = [HashIndex(fields=["value"], name="indicator_value")]


class Sighting(models.Model):
    """How often an input showed an indicator, and when.

    Personal data: none of its own.
    """

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="sightings")
    input = models.CharField(max_length=64)
    times = models.BigIntegerField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sighting_once_an_input", fields=["indicator", "input"]),
            models.CheckConstraint(
                name="sighting_makes_sense",
                condition=models.Q(times__gt=0, last_seen__gte=models.F("first_seen")),
            ),
        ]
        indexes = [models.Index(fields=["-at"], name="sighting_at")]
