"""Seats on the council that were granted for the nation become seats: they open no team."""

from django.db import migrations

SEATS = ("council-member", "council-secretary")


def _to_seats(apps, schema_editor):
    grants = apps.get_model("access", "Grant").objects.filter(role__in=SEATS, national=True)
    grants.update(national=False, council=True)


def _to_nation(apps, schema_editor):
    grants = apps.get_model("access", "Grant").objects.filter(role__in=SEATS, council=True)
    grants.update(national=True, council=False)


class Migration(migrations.Migration):
    dependencies = [("access", "0002_access")]
    operations = [migrations.RunPython(_to_seats, _to_nation)]
