"""Tables of evidence. The custody log only grows: a trigger refuses a change to everybody, the owner included."""

import django.db.models.deletion
import pehra.incidents.rules.custody
import pehra.kernel.markings
from django.db import migrations, models


CUSTODY = """
CREATE FUNCTION incidents_custody_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: the custody log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER incidents_custody_refuse_change BEFORE UPDATE OR DELETE ON incidents_custodyentry
    FOR EACH ROW EXECUTE FUNCTION incidents_custody_refuse();
"""
CUSTODY_GONE = """
DROP TRIGGER incidents_custody_refuse_change ON incidents_custodyentry;
DROP FUNCTION incidents_custody_refuse();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=150)),
                ('about', models.TextField(blank=True)),
                ('source', models.TextField()),
                ('collected_at', models.DateTimeField(blank=True, null=True)),
                ('media_type', models.CharField(max_length=120)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('tlp', models.CharField(choices=[('TLP:CLEAR', 'TLP:CLEAR'), ('TLP:GREEN', 'TLP:GREEN'), ('TLP:AMBER', 'TLP:AMBER'), ('TLP:AMBER+STRICT', 'TLP:AMBER+STRICT'), ('TLP:RED', 'TLP:RED')], max_length=20)),
                ('quarantined', models.BooleanField()),
                ('quarantined_because', models.TextField(blank=True)),
                ('keep_until', models.DateField(blank=True, null=True)),
                ('added_at', models.DateTimeField()),
                ('added_by', models.CharField(max_length=120)),
                ('destroyed_at', models.DateTimeField(blank=True, null=True)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='incidents.incident')),
            ],
        ),
        migrations.CreateModel(
            name='CustodyEntry',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('act', models.CharField(choices=[('received', 'received'), ('given-out', 'given-out'), ('handed-over', 'handed-over'), ('quarantined', 'quarantined'), ('released', 'released'), ('checked', 'checked'), ('stamped', 'stamped'), ('retention-set', 'retention-set'), ('destroyed', 'destroyed')], max_length=20)),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=120)),
                ('by_name', models.CharField(max_length=200)),
                ('to', models.CharField(blank=True, max_length=300)),
                ('reason', models.TextField(blank=True)),
                ('facts', models.JSONField(default=dict)),
                ('previous', models.CharField(blank=True, max_length=64)),
                ('digest', models.CharField(max_length=64)),
                ('evidence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='incidents.evidence')),
            ],
        ),
        migrations.CreateModel(
            name='EvidenceStamp',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('authority', models.CharField(max_length=1000)),
                ('asked_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.TextField(blank=True)),
                ('answer', models.BinaryField(null=True)),
                ('stamped_at', models.DateTimeField(blank=True, null=True)),
                ('serial', models.CharField(blank=True, max_length=100)),
                ('signer', models.CharField(blank=True, max_length=500)),
                ('evidence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stamps', to='incidents.evidence')),
            ],
        ),
        migrations.AddIndex(
            model_name='evidence',
            index=models.Index(fields=['sha256'], name='incidents_evidence_sha256'),
        ),
        migrations.AddIndex(
            model_name='evidence',
            index=models.Index(condition=models.Q(('destroyed_at__isnull', True), ('keep_until__isnull', False)), fields=['keep_until'], name='incidents_evidence_kept'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.UniqueConstraint(fields=('incident', 'number'), name='incidents_evidence_number'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.UniqueConstraint(condition=models.Q(('destroyed_at__isnull', True)), fields=('incident', 'sha256'), name='incidents_evidence_once'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('tlp__in', [pehra.kernel.markings.Tlp['CLEAR'], pehra.kernel.markings.Tlp['GREEN'], pehra.kernel.markings.Tlp['AMBER'], pehra.kernel.markings.Tlp['AMBER_STRICT'], pehra.kernel.markings.Tlp['RED']])), name='incidents_evidence_tlp'),
        ),
        migrations.AddConstraint(
            model_name='custodyentry',
            constraint=models.UniqueConstraint(fields=('evidence', 'position'), name='incidents_custody_place'),
        ),
        migrations.AddConstraint(
            model_name='custodyentry',
            constraint=models.CheckConstraint(condition=models.Q(('act__in', [pehra.incidents.rules.custody.Act['RECEIVED'], pehra.incidents.rules.custody.Act['GIVEN_OUT'], pehra.incidents.rules.custody.Act['HANDED_OVER'], pehra.incidents.rules.custody.Act['QUARANTINED'], pehra.incidents.rules.custody.Act['RELEASED'], pehra.incidents.rules.custody.Act['CHECKED'], pehra.incidents.rules.custody.Act['STAMPED'], pehra.incidents.rules.custody.Act['RETENTION_SET'], pehra.incidents.rules.custody.Act['DESTROYED']])), name='incidents_custody_act'),
        ),
        migrations.AddIndex(
            model_name='evidencestamp',
            index=models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='incidents_stamp_due'),
        ),
        migrations.AddConstraint(
            model_name='evidencestamp',
            constraint=models.UniqueConstraint(fields=('evidence', 'authority'), name='incidents_stamp_once'),
        ),
        migrations.AddConstraint(
            model_name='evidencestamp',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer__isnull', True), ('stamped_at__isnull', True)), models.Q(('answer__isnull', False), ('next_attempt_at__isnull', True), ('stamped_at__isnull', False)), _connector='OR'), name='incidents_stamp_has_answer'),
        ),
        migrations.RunSQL(CUSTODY, CUSTODY_GONE),
    ]
