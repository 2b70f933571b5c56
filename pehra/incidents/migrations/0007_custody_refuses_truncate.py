"""The custody log is not emptied as a whole either: a trigger refuses TRUNCATE to everybody, as the ledger's does."""

from django.db import migrations

REFUSE = """
CREATE TRIGGER incidents_custody_refuse_truncate BEFORE TRUNCATE ON incidents_custodyentry
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_custody_refuse();
"""
GONE = "DROP TRIGGER incidents_custody_refuse_truncate ON incidents_custodyentry;"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0006_moved_findings")]

    operations = [migrations.RunSQL(REFUSE, GONE)]
