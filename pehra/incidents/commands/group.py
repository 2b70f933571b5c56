"""The group under which every command of `incidents` stands."""

import click


@click.group("incidents")
def commands() -> None:
    """Incidents: who leads, what the law makes due, and by when."""
