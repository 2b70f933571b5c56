"""The tables of mail that came in."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0003_working_teams'),
    ]

    operations = [
        migrations.CreateModel(
            name='MailboxStand',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('team', models.CharField(max_length=64)),
                ('looked_at', models.DateTimeField()),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('waiting', models.PositiveIntegerField(default=0)),
                ('problem', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('mailbox', models.CharField(max_length=64)),
                ('team', models.CharField(max_length=64)),
                ('teams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.BigIntegerField()),
                ('is_whole', models.BooleanField(default=True)),
                ('content_key', models.CharField(blank=True, max_length=64)),
                ('message_id', models.CharField(blank=True, max_length=322)),
                ('sender_address', models.CharField(blank=True, max_length=254)),
                ('sender_name', models.CharField(blank=True, max_length=200)),
                ('subject', models.CharField(blank=True, max_length=500)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField()),
                ('turn', models.PositiveIntegerField(default=0)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('set-aside', 'set-aside')], max_length=32)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('wanted', models.CharField(blank=True, max_length=32)),
                ('sort', models.CharField(blank=True, choices=[('loop', 'loop'), ('bounce', 'bounce'), ('delivery', 'delivery'), ('complaint', 'complaint'), ('abuse', 'abuse'), ('dmarc', 'dmarc'), ('tls-report', 'tls-report'), ('feed', 'feed'), ('auto-reply', 'auto-reply'), ('reply', 'reply'), ('report', 'report'), ('unreadable', 'unreadable'), ('too-large', 'too-large')], max_length=32)),
                ('why', models.CharField(blank=True, max_length=32)),
                ('detail', models.CharField(blank=True, max_length=500)),
                ('problem', models.TextField(blank=True)),
                ('is_automatic', models.BooleanField(default=False)),
                ('is_believed', models.BooleanField(default=False)),
                ('signer', models.CharField(blank=True, max_length=500)),
                ('verdict', models.CharField(blank=True, max_length=32)),
                ('files', models.JSONField(default=list)),
                ('facts', models.JSONField(default=dict)),
                ('report', models.CharField(blank=True, max_length=24)),
                ('thread', models.UUIDField(blank=True, null=True)),
                ('silent', models.CharField(blank=True, max_length=32)),
                ('receipt_id', models.CharField(blank=True, max_length=322)),
                ('same_as', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='again', to='intake.mail')),
            ],
        ),
        migrations.CreateModel(
            name='MailFeed',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('form', models.CharField(max_length=32)),
                ('source', models.CharField(max_length=200)),
                ('sha256', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('failed', 'failed')], max_length=32)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('asked_by', models.CharField(max_length=120)),
                ('asked_at', models.DateTimeField()),
                ('outcome', models.JSONField(default=dict)),
                ('problem', models.TextField(blank=True)),
                ('mail', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='intake.mail')),
            ],
        ),
        migrations.AddIndex(
            model_name='mail',
            index=django.contrib.postgres.indexes.GinIndex(fields=['teams'], name='intake_mail_teams'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['turn', 'id'], name='intake_mail_waiting'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('state', 'set-aside')), fields=['-id'], name='intake_mail_aside'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(fields=['sender_address', '-received_at'], name='intake_mail_sender'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('content_key', ''), _negated=True), fields=['content_key'], name='intake_mail_content'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('message_id', ''), _negated=True), fields=['message_id'], name='intake_mail_message_id'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('receipt_id', ''), _negated=True), fields=['receipt_id'], name='intake_mail_receipt'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('report', ''), _negated=True), fields=['report'], name='intake_mail_report'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(fields=['sort', '-id'], name='intake_mail_sort'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.UniqueConstraint(fields=('mailbox', 'sha256'), name='intake_mail_once'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'done', 'set-aside'])), name='intake_mail_state_known'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(('sort', ''), ('sort__in', ['loop', 'bounce', 'delivery', 'complaint', 'abuse', 'dmarc', 'tls-report', 'feed', 'auto-reply', 'reply', 'report', 'unreadable', 'too-large']), _connector='OR'), name='intake_mail_sort_known'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('due_at__isnull', True)), _connector='OR'), name='intake_mail_waits_for_a_time'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'set-aside'), _negated=True), models.Q(('problem', ''), _negated=True), _connector='OR'), name='intake_mail_aside_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('sort', ''), _negated=True), _connector='OR'), name='intake_mail_done_is_sorted'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(('teams__contains', [models.F('team')])), name='intake_mail_team_may_see'),
        ),
        migrations.AddIndex(
            model_name='mailfeed',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='intake_mailfeed_due'),
        ),
        migrations.AddConstraint(
            model_name='mailfeed',
            constraint=models.UniqueConstraint(fields=('mail', 'sha256'), name='intake_mailfeed_once'),
        ),
        migrations.AddConstraint(
            model_name='mailfeed',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'done', 'failed'])), name='intake_mailfeed_state_known'),
        ),
        migrations.AddConstraint(
            model_name='mailfeed',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('due_at__isnull', True)), _connector='OR'), name='intake_mailfeed_waits_for_a_time'),
        ),
    ]
