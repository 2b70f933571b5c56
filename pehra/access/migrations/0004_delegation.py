"""Grants are found by team, organisation, broken glass and end; ends of before this are not told a second time."""

from django.db import migrations, models
from django.db.models.functions import Now


def _told(apps, schema_editor):
    apps.get_model("access", "Grant").objects.filter(valid_until__lte=Now()).update(end_recorded=True)


def _index(name, field, condition):
    return migrations.AddIndex(
        model_name="grant", index=models.Index(condition=condition, fields=[field], name=name)
    )


class Migration(migrations.Migration):
    dependencies = [("access", "0003_grants")]
    operations = [
        migrations.RunPython(_told, migrations.RunPython.noop),
        _index("access_grant_of_team", "team", ~models.Q(team="")),
        _index("access_grant_of_org", "organisation", ~models.Q(organisation="")),
        _index("access_grant_glass", "valid_until", models.Q(how="glass")),
        _index("access_grant_end", "valid_until", models.Q(end_recorded=False)),
    ]
