"""The tables of forms that are being filled in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An open draft is found by its digest alone; an organisation's by its people."""

    dependencies = [
        ("intake", "0001_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenDraft",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("sealed", models.BinaryField()),
                ("is_handed_in", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="OrganisationDraft",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("organisation", models.CharField(max_length=64)),
                ("report", models.CharField(blank=True, max_length=24)),
                ("incident", models.CharField(blank=True, max_length=24)),
                ("answers", models.JSONField(default=dict)),
                ("has_changes", models.BooleanField(default=True)),
                ("started_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=120)),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "-changed_at"], name="intake_drafts")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("report", ""), _negated=True),
                        fields=("report",),
                        name="intake_draft_of_a_report_once",
                    )
                ],
            },
        ),
    ]
