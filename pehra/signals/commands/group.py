"""The group under which every command of `signals` stands."""

import click


@click.group(name="signals")
def commands() -> None:
    """Who is told when an account is no longer what it was; leaks of credentials."""
