"""Attributes of an incident are known one by one.

A list that stood was a complete one and stays so; what was counted as widespread is known to be. Going back, what is
known in part becomes not known at all: read as a complete list it would deny the rest.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

KEEP = """
UPDATE incidents_incident SET attributes_complete = true WHERE attributes IS NOT NULL;
UPDATE incidents_incident SET attributes = '{widespread}' WHERE widespread AND attributes IS NULL;
"""
FORGET = """
UPDATE incidents_incident SET attributes = NULL, attributes_absent = '{}'
    WHERE attributes IS NOT NULL AND NOT attributes_complete;
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0007_custody_refuses_truncate")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="attributes_absent",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="attributes_complete",
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("attributes__isnull", True),
                    models.Q(("attributes__overlap", models.F("attributes_absent")), _negated=True),
                    _connector="OR",
                ),
                name="incidents_attribute_yes_or_no",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("attributes__isnull", False),
                    models.Q(("attributes_absent", []), ("attributes_complete", False)),
                    _connector="OR",
                ),
                name="incidents_attributes_said",
            ),
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
