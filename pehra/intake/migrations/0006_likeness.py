"""What a report is compared with others by is found in the order of its coming: a flood costs no more than a few."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0005_mail_team'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='submission',
            name='intake_source_ref',
        ),
        migrations.AlterField(
            model_name='reportfile',
            name='sha256',
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name='submission',
            name='raw_sha256',
            field=models.CharField(max_length=64),
        ),
        migrations.AddIndex(
            model_name='reportfile',
            index=models.Index(fields=['sha256', '-id'], name='intake_same_file'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['raw_sha256', '-received_at'], name='intake_same_bytes'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('source_ref', ''), _negated=True), fields=['source', 'source_ref', '-received_at'], name='intake_same_source'),
        ),
    ]
