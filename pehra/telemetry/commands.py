"""`pehra telemetry`: SQL over the lake, what came in lately, and what an event's columns are.

`ingest` is added by the node, because the road from a feed to an incident passes through every part.
"""

import json
import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

NEEDS_DATABASE = True


@click.group(name="telemetry")
def commands() -> None:
    """Feeds in; SQL over the lake."""


@commands.command()
@click.argument("sql")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def query(sql: str, as_json: bool) -> None:
    """Answer SQL that only reads, over the view `events`."""
    from pehra.kernel import actors
    from pehra.telemetry import api

    rows = api.query(sql, by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps(_finite(rows), ensure_ascii=False, default=_plain))
        return
    if rows:
        click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join("" if value is None else str(_shown(value)) for value in row.values()))
    if not rows:
        click.echo("No rows.", err=True)


@commands.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1_000))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def inputs(limit: int, as_json: bool) -> None:
    """List the inputs that came in last."""
    from pehra.kernel import actors
    from pehra.telemetry import api

    found = api.recent_inputs(by=actors.system("cli"), limit=limit)
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(
            f"{one.at:%Y-%m-%d %H:%M}\t{one.name}\t{one.rows_read} rows\t{one.rows_stored} stored\t"
            f"{one.rows_duplicate} duplicate\t{one.rows_rejected} rejected"
        )
        for alarm in one.alarms:
            click.echo(f"\talarm: {alarm}")
    if not found:
        click.echo("Nothing came in yet. Ingest something with: pehra telemetry ingest PATH")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def schema(as_json: bool) -> None:
    """List the columns of an event, with their meaning and their names elsewhere."""
    from pehra.telemetry import api

    columns = api.columns()
    if as_json:
        shown = [
            {
                "name": column.name,
                "type": str(column.dtype),
                "unit": column.unit,
                "meaning": column.meaning,
                "ocsf": column.ocsf,
                "intelmq": column.intelmq,
            }
            for column in columns
        ]
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for column in columns:
        unit = f" ({column.unit})" if column.unit else ""
        click.echo(f"{column.name}: {column.meaning}{unit}; OCSF {column.ocsf or '-'}, IntelMQ {column.intelmq or '-'}")


schema.needs_database = False  # type: ignore[attr-defined]


def _finite(value: Any) -> Any:
    """Return a value in which what JSON has no number for, such as 1/0, is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(_shown(key)): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value


def _plain(value: Any) -> Any:
    """Return a value of SQL as JSON knows it."""
    if isinstance(value, datetime | date):
        return _shown(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set):
        return sorted(value)
    return str(value)


def _shown(value: Any) -> Any:
    from pehra.kernel.clock import format_time

    if isinstance(value, datetime):
        return format_time(value) if value.tzinfo else value.isoformat()
    return value.isoformat() if isinstance(value, date) else value
