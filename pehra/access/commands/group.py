"""The group under which every command of `access` stands."""

import click


@click.group(name="access")
def commands() -> None:
    """People, roles, sign-in, and the services that rely on it."""
