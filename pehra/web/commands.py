"""`pehra web`: what the shell around the parts says of itself."""

from pathlib import Path

import click

NEEDS_DATABASE = True


@click.group(name="web")
def commands() -> None:
    """Pages and the REST interface."""


@commands.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this file.")
def describe(out: Path | None) -> None:
    """Print the description of the REST interface (OpenAPI 3.1), as it stands in docs/openapi.json."""
    from pehra.kernel.refusals import Invalid
    from pehra.web.rest import description

    text = description.text()
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}", field="out") from error


describe.needs_database = False  # type: ignore[attr-defined]
