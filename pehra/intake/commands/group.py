"""The group under which every command of `intake` stands, and how each prints JSON."""

import json
from typing import Any

import click


@click.group(name="intake")
def commands() -> None:
    """Reports that come in, what becomes of them, and the mail they come by."""


def as_text(said: object) -> str:
    """Return values as one JSON document."""
    from pehra.kernel.canonical import plain

    values: Any = plain(said)
    return json.dumps(values, ensure_ascii=False)
