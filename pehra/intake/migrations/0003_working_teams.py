"""Teams that decide about a report are told apart from those that are informed; a report can be handed over."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import pehra.intake.rules.acts
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0002_drafts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='triageact',
            name='intake_act_known',
        ),
        migrations.AddField(
            model_name='report',
            name='working_teams',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None),
        ),
        migrations.AlterField(
            model_name='triageact',
            name='act',
            field=models.CharField(choices=[('open', 'open'), ('join', 'join'), ('merge', 'merge'), ('dismiss', 'dismiss'), ('reopen', 'reopen'), ('assign', 'assign'), ('hand-over', 'hand-over')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='report',
            index=django.contrib.postgres.indexes.GinIndex(fields=['working_teams'], name='intake_working_teams'),
        ),
        migrations.AddConstraint(
            model_name='triageact',
            constraint=models.CheckConstraint(condition=models.Q(('act__in', [pehra.intake.rules.acts.Act['OPEN'], pehra.intake.rules.acts.Act['JOIN'], pehra.intake.rules.acts.Act['MERGE'], pehra.intake.rules.acts.Act['DISMISS'], pehra.intake.rules.acts.Act['REOPEN'], pehra.intake.rules.acts.Act['ASSIGN'], pehra.intake.rules.acts.Act['HAND_OVER']])), name='intake_act_known'),
        ),
    ]
