"""`pehra incidents export` and `read-document`: incidents as IODEF and STIX, out and in."""

from pathlib import Path

import click

from pehra.incidents.commands.group import commands


@commands.command("export")
@click.argument("reference")
@click.argument("format")
@click.option("--to", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the output.")
def export(reference: str, format: str, file: Path | None) -> None:
    """Write an incident as iodef-xml, iodef-json or stix; the ledger says that it was taken."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    exported = api.document(ref=reference, format=format, by=system("cli"), at=clock.now())
    if file is None:
        click.echo(exported.content.decode())
        return
    file.write_bytes(exported.content)
    click.echo(f"{exported.tlp}  {exported.sha256}  {file}")


@commands.command("read-document")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def read_document(file: Path) -> None:
    """Show how a document of another team (IODEF, STIX) is understood. Nothing is kept."""
    from pehra.incidents import api

    format, documents = api.read_documents(file.read_bytes())
    for document in documents:
        click.echo(f"{format}  {document.issuer} {document.reference}  {document.tlp or 'no TLP'}  {document.title}")
        click.echo(f"  class: {'/'.join(filter(None, (document.taxonomy, document.type))) or 'not said'}")
        for name, moment in sorted(document.moments.items()):
            click.echo(f"  {name}: {moment:%Y-%m-%d %H:%M:%S}Z")
        for party in document.parties:
            click.echo(f"  {party.role}: {party.name or party.email}")
        for seen in document.observables:
            click.echo(f"  {seen.side}: {seen.observable.type} {seen.observable}")
        if document.left_out:
            click.echo(f"  not understood: {', '.join(document.left_out[:20])}")
