"""The manifest of the lake: which inputs were ingested, and which files are its events.

Events themselves are columns in Parquet, outside of these tables (decision 0009). A file is part of the lake if and
only if a row here names it. Rows are inserted by `publish` in the transaction of the act; the compaction replaces
files of a day, and never an event.
"""

from django.db import models


class LakeInput(models.Model):
    """An input, known by the digest of its bytes.

    Personal data: none of its own; `name` is a file name as received, and `by` names who ingested it. The archived
    bytes hold addresses and whatever a feed says of them.
    """

    sha256 = models.CharField(primary_key=True, max_length=64)
    name = models.TextField()
    source = models.TextField(blank=True)
    raw_name = models.TextField()
    rejects_name = models.TextField(blank=True)
    bytes = models.BigIntegerField()
    rows_read = models.BigIntegerField()
    rows_stored = models.BigIntegerField()
    rows_duplicate = models.BigIntegerField()
    rows_rejected = models.BigIntegerField()
    attributed = models.BigIntegerField()
    matched = models.BigIntegerField()
    alarms = models.JSONField(default=list)
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lake_input_loses_no_row",
                condition=models.Q(
                    rows_read=models.F("rows_stored") + models.F("rows_duplicate") + models.F("rows_rejected")
                ),
            ),
            models.CheckConstraint(name="lake_input_digest", condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$")),
        ]
        indexes = [models.Index(fields=["-at"], name="lake_input_at")]


class LakeText(models.Model):
    """A text of an input: a report, and the header by which a file without a telling name is known again.

    Personal data: none.
    """

    input = models.ForeignKey(LakeInput, on_delete=models.PROTECT, related_name="texts")
    name = models.TextField()
    feed = models.TextField()
    report = models.TextField(blank=True)
    header = models.CharField(max_length=32, blank=True)
    rows = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["feed", "header", "report"], name="lake_text_header")]


class LakeFile(models.Model):
    """A file of events of one day, with the sorted keys beside it.

    Personal data: none in this row; the file holds what feeds say of addresses.
    """

    name = models.TextField(primary_key=True)
    keys_name = models.TextField(unique=True)
    day = models.DateField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="lake_file_has_rows", condition=models.Q(rows__gt=0))]
        indexes = [models.Index(fields=["day"], name="lake_file_day")]
