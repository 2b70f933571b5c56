"""What is held on a day, read as columns: a million assets come as bytes, not as a million objects."""

import io
from collections.abc import Callable
from datetime import date

import polars as pl
from django.db import connection
from django.db.models import Q

from pehra.registry.models import Asset, Organisation
from pehra.registry.queries.responsibility import Facts
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.attribution import ASSETS_SCHEMA, ORGANISATIONS_SCHEMA


def valid(on: date) -> Q:
    """Rows that hold on a day; an absent day is without end."""
    started = Q(valid_from__isnull=True) | Q(valid_from__lte=on)
    return started & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))


_ASSETS = """
    COPY (SELECT type, value, organisation_id FROM registry_asset
          WHERE coalesce(valid_from, '-infinity') <= %(on)s AND coalesce(valid_to, 'infinity') >= %(on)s ORDER BY id)
    TO STDOUT (FORMAT csv)"""


def assets(on: date) -> pl.DataFrame:
    """Return the assets held on a day; an empty organisation is no known holder."""
    content = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(_ASSETS, {"on": on}) as copy:
        for part in copy:
            content.write(part)
    if not content.tell():
        return pl.DataFrame(schema=ASSETS_SCHEMA)
    content.seek(0)
    frame = pl.read_csv(content, has_header=False, schema=ASSETS_SCHEMA)
    return frame.with_columns(pl.col("organisation").fill_null(""))


def organisations(on: date, answer: Callable[[Facts | None], Answerable]) -> pl.DataFrame:
    """Return the organisations that exist on a day, each with who answers for it by law on that day."""
    rows = Organisation.objects.filter(valid(on)).values_list("code", "name", "sector_id", "territory_id", "classes")
    columns: dict[str, list[object]] = {name: [] for name in ORGANISATIONS_SCHEMA}
    told: dict[int, str] = {}
    for code, name, sector, territory, classes in rows.iterator(chunk_size=10_000):
        said = answer((sector, territory, None if classes is None else tuple(classes)))
        because = told.get(id(said))
        if because is None:
            because = told[id(said)] = said.because
        values = (code, name, sector or "", territory or "", classes, said.lead_team, list(said.teams), because)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    return pl.DataFrame(columns, schema=ORGANISATIONS_SCHEMA)


def prefixes(on: date) -> list[str]:
    """Return every prefix that an organisation holds on a day, in the order they were registered."""
    held = Asset.objects.filter(valid(on), type="prefix", organisation__isnull=False)
    return list(held.order_by("id").values_list("value", flat=True))
