"""Teams and organisations that the registry already has are told to `access`, where roles are held in them."""

from django.db import migrations

_TEAMS = """
    INSERT INTO access_knownscope (kind, code, parent, teams)
    SELECT 'team', code, coalesce(parent_id, ''), '{}' FROM registry_team ON CONFLICT (kind, code) DO NOTHING"""
_ORGANISATIONS = """
    INSERT INTO access_knownscope (kind, code, parent, teams)
    SELECT 'organisation', code, lead_team, teams FROM registry_organisation ON CONFLICT (kind, code) DO NOTHING"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_grants"), ("registry", "0001_initial")]
    operations = [
        migrations.RunSQL(_TEAMS, migrations.RunSQL.noop),
        migrations.RunSQL(_ORGANISATIONS, migrations.RunSQL.noop),
    ]
