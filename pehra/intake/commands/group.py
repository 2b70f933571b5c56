"""The group under which every command of `intake` stands."""

import click


@click.group(name="intake")
def commands() -> None:
    """Reports that come in, and the mail they come by."""
