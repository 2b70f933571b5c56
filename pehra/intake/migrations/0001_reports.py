"""The tables of intake, and what the database itself holds of them: a submission and its files never change.

Numbers of reports come from a sequence: what is refused half-way leaves a gap, and nobody waits for another's end.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pehra.intake.rules.acts
import pehra.intake.rules.channels
import pehra.intake.rules.states
import pehra.kernel.markings
from django.db import migrations, models



KEPT = ("intake_submission", "intake_reportfile")

FORWARD = """
CREATE SEQUENCE intake_report_numbers;

CREATE FUNCTION intake_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %: what was received does not change', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
""" + "".join(
    f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION intake_refuse();\n"
    for table in KEPT
)

BACKWARD = """
DROP FUNCTION intake_refuse() CASCADE;
DROP SEQUENCE intake_report_numbers;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='TeamTold',
            fields=[
                ('team', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('reference', models.CharField(max_length=24, unique=True)),
                ('channel', models.CharField(choices=[('form', 'form'), ('organisation', 'organisation'), ('offline', 'offline'), ('rest', 'rest'), ('mail', 'mail'), ('document', 'document'), ('webhook', 'webhook'), ('thehive', 'thehive'), ('iris', 'iris')], max_length=16)),
                ('state', models.CharField(choices=[('received', 'received'), ('opened', 'opened'), ('joined', 'joined'), ('merged', 'merged'), ('dismissed', 'dismissed')], max_length=16)),
                ('state_reason', models.TextField(blank=True)),
                ('title', models.CharField(blank=True, max_length=300)),
                ('description', models.TextField(blank=True)),
                ('taxonomy', models.CharField(blank=True, max_length=64)),
                ('type', models.CharField(blank=True, max_length=64)),
                ('about_organisation', models.CharField(blank=True, max_length=64)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('sector', models.CharField(blank=True, max_length=64)),
                ('territory', models.CharField(blank=True, max_length=64)),
                ('moments', models.JSONField(default=dict)),
                ('impact', models.JSONField(default=dict)),
                ('attributes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('answers', models.JSONField(default=dict)),
                ('tlp', models.CharField(choices=[('TLP:CLEAR', 'TLP:CLEAR'), ('TLP:GREEN', 'TLP:GREEN'), ('TLP:AMBER', 'TLP:AMBER'), ('TLP:AMBER+STRICT', 'TLP:AMBER+STRICT'), ('TLP:RED', 'TLP:RED')], max_length=20)),
                ('is_complete', models.BooleanField()),
                ('exercise', models.BooleanField(default=False)),
                ('problem', models.TextField(blank=True)),
                ('language', models.CharField(blank=True, max_length=35)),
                ('anonymous', models.BooleanField(default=False)),
                ('reporter_name', models.CharField(blank=True, max_length=300)),
                ('reporter_email', models.CharField(blank=True, max_length=320)),
                ('reporter_phone', models.CharField(blank=True, max_length=64)),
                ('reporter_organisation', models.CharField(blank=True, max_length=64)),
                ('reporter_verified', models.BooleanField(default=False)),
                ('reported_by', models.CharField(max_length=120)),
                ('secret_sha256', models.CharField(max_length=64, unique=True)),
                ('lead_team', models.CharField(blank=True, max_length=64)),
                ('teams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('routed_because', models.JSONField(default=dict)),
                ('assignee', models.CharField(blank=True, max_length=120)),
                ('has_news', models.BooleanField(default=False)),
                ('incident', models.CharField(blank=True, db_index=True, max_length=24)),
                ('group', models.UUIDField()),
                ('group_because', models.JSONField(default=list)),
                ('received_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('search', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('title', 'about_name', 'about_organisation', 'description', config='simple'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged', to='intake.report')),
            ],
        ),
        migrations.CreateModel(
            name='ReportObservable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(choices=[('ipv4', 'ipv4'), ('ipv6', 'ipv6'), ('prefix', 'prefix'), ('asn', 'asn'), ('domain', 'domain'), ('url', 'url'), ('email', 'email'), ('md5', 'md5'), ('sha1', 'sha1'), ('sha256', 'sha256'), ('sha512', 'sha512'), ('cve', 'cve')], max_length=10)),
                ('value', models.CharField(max_length=8192)),
                ('value_sha256', models.CharField(max_length=64)),
                ('written', models.CharField(blank=True, max_length=8192)),
                ('stated', models.BooleanField()),
                ('owner', models.CharField(blank=True, max_length=64)),
                ('owner_team', models.CharField(blank=True, max_length=64)),
                ('known', models.BooleanField(default=False)),
                ('number', models.PositiveIntegerField()),
                ('seen_at', models.DateTimeField()),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='observables', to='intake.report')),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('channel', models.CharField(choices=[('form', 'form'), ('organisation', 'organisation'), ('offline', 'offline'), ('rest', 'rest'), ('mail', 'mail'), ('document', 'document'), ('webhook', 'webhook'), ('thehive', 'thehive'), ('iris', 'iris')], max_length=16)),
                ('raw_sha256', models.CharField(db_index=True, max_length=64)),
                ('raw_size', models.BigIntegerField()),
                ('media_type', models.CharField(max_length=127)),
                ('said', models.JSONField(default=dict)),
                ('source', models.CharField(blank=True, max_length=100)),
                ('source_ref', models.CharField(blank=True, max_length=500)),
                ('once', models.CharField(blank=True, max_length=64)),
                ('submitted_by', models.CharField(max_length=120)),
                ('received_at', models.DateTimeField()),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='intake.report')),
            ],
        ),
        migrations.CreateModel(
            name='ReportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=255)),
                ('media_type', models.CharField(blank=True, max_length=127)),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('size', models.BigIntegerField()),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='intake.report')),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='intake.submission')),
            ],
        ),
        migrations.CreateModel(
            name='TriageAct',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('act', models.CharField(choices=[('open', 'open'), ('join', 'join'), ('merge', 'merge'), ('dismiss', 'dismiss'), ('reopen', 'reopen'), ('assign', 'assign')], max_length=16)),
                ('reason', models.TextField(blank=True)),
                ('filters', models.JSONField(default=dict)),
                ('count', models.PositiveIntegerField()),
                ('teams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('acted_by', models.CharField(max_length=120)),
                ('acted_at', models.DateTimeField()),
                ('undone_by', models.CharField(blank=True, max_length=120)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['teams'], name='intake_act_teams')],
                'constraints': [models.CheckConstraint(condition=models.Q(('act__in', [pehra.intake.rules.acts.Act['OPEN'], pehra.intake.rules.acts.Act['JOIN'], pehra.intake.rules.acts.Act['MERGE'], pehra.intake.rules.acts.Act['DISMISS'], pehra.intake.rules.acts.Act['REOPEN'], pehra.intake.rules.acts.Act['ASSIGN']])), name='intake_act_known'), models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by', '')), models.Q(models.Q(('undone_by', ''), _negated=True), ('undone_at__isnull', False)), _connector='OR'), name='intake_undone_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='TriageChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.JSONField()),
                ('after', models.JSONField()),
                ('act', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='intake.triageact')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='intake.report')),
            ],
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=300)),
                ('team', models.CharField(max_length=64)),
                ('mapping', models.JSONField()),
                ('secret_sha256', models.CharField(max_length=64, unique=True)),
                ('created_by', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('team', 'name'), name='intake_webhook_named_once')],
            },
        ),
        migrations.AddIndex(
            model_name='report',
            index=django.contrib.postgres.indexes.GinIndex(fields=['teams'], name='intake_teams'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='intake_search'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['state', '-id'], name='intake_state'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['lead_team', '-id'], name='intake_lead'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['group'], name='intake_group'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('assignee', ''), _negated=True), fields=['assignee', '-id'], name='intake_assignee'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['reporter_organisation', '-id'], name='intake_reporter'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('state', pehra.intake.rules.states.State['RECEIVED']), ('told_at__isnull', True)), fields=['lead_team'], name='intake_untold'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [pehra.intake.rules.states.State['RECEIVED'], pehra.intake.rules.states.State['OPENED'], pehra.intake.rules.states.State['JOINED'], pehra.intake.rules.states.State['MERGED'], pehra.intake.rules.states.State['DISMISSED']])), name='intake_state_known'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', [pehra.intake.rules.channels.Channel['FORM'], pehra.intake.rules.channels.Channel['ORGANISATION'], pehra.intake.rules.channels.Channel['OFFLINE'], pehra.intake.rules.channels.Channel['REST'], pehra.intake.rules.channels.Channel['MAIL'], pehra.intake.rules.channels.Channel['DOCUMENT'], pehra.intake.rules.channels.Channel['WEBHOOK'], pehra.intake.rules.channels.Channel['THEHIVE'], pehra.intake.rules.channels.Channel['IRIS']])), name='intake_channel_known'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('tlp__in', [pehra.kernel.markings.Tlp['CLEAR'], pehra.kernel.markings.Tlp['GREEN'], pehra.kernel.markings.Tlp['AMBER'], pehra.kernel.markings.Tlp['AMBER_STRICT'], pehra.kernel.markings.Tlp['RED']])), name='intake_tlp_known'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [pehra.intake.rules.states.State['JOINED'], pehra.intake.rules.states.State['OPENED']]), ('incident', ''), _connector='XOR'), name='intake_names_its_incident'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('state', pehra.intake.rules.states.State['MERGED'])), models.Q(models.Q(('state', pehra.intake.rules.states.State['MERGED']), _negated=True), ('merged_into__isnull', True)), _connector='OR'), name='intake_merged_into_something'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('lead_team', ''), ('teams__contains', [models.F('lead_team')]), _connector='OR'), name='intake_lead_may_see'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('anonymous', False), models.Q(('reporter_email', ''), ('reporter_name', ''), ('reporter_phone', '')), _connector='OR'), name='intake_anonymous_is_nobody'),
        ),
        migrations.AddIndex(
            model_name='reportobservable',
            index=models.Index(fields=['value_sha256', '-seen_at'], name='intake_observable'),
        ),
        migrations.AddConstraint(
            model_name='reportobservable',
            constraint=models.UniqueConstraint(fields=('report', 'type', 'value_sha256'), name='intake_observable_once'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('source_ref', ''), _negated=True), fields=['source', 'source_ref'], name='intake_source_ref'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('report', 'number'), name='intake_submission_in_order'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('once', ''), _negated=True), fields=('once',), name='intake_submission_once'),
        ),
        migrations.AddConstraint(
            model_name='reportfile',
            constraint=models.UniqueConstraint(fields=('submission', 'position'), name='intake_file_in_order'),
        ),
        migrations.AddConstraint(
            model_name='triagechange',
            constraint=models.UniqueConstraint(fields=('act', 'report'), name='intake_change_once'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
