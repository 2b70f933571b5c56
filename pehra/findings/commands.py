"""`pehra findings`: what is wrong with whose asset, told to whom, fixed and checked by whom."""

import json
from uuid import UUID

import click

NEEDS_DATABASE = True
LIST_DEFAULT = 100
LIST_MAX = 1_000_000


@click.group(name="findings")
def commands() -> None:
    """Findings: one problem on one asset, until it is fixed and checked."""


@commands.command("list")
@click.option("--open", "unfixed", is_flag=True, help="Only what nobody says is fixed.")
@click.option("--team", default="", help="Only what this team may see.")
@click.option(
    "--organisation", default="", help="Only of this organisation; - for the country's space of no known holder."
)
@click.option("--sector", default="", help="Only of this sector.")
@click.option("--territory", default="", help="Only of this territory.")
@click.option("--kind", default="", help="Only of this kind, such as infected-system/sinkhole/andromeda.")
@click.option("--limit", default=LIST_DEFAULT, show_default=True, type=click.IntRange(1, LIST_MAX))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: all of them, unless --limit is given.")
@click.pass_context
def list_findings(
    context: click.Context,
    unfixed: bool,
    team: str,
    organisation: str,
    sector: str,
    territory: str,
    kind: str,
    limit: int,
    as_json: bool,
) -> None:
    """List findings, newest opened first."""
    from pehra.findings import api
    from pehra.kernel import actors

    if as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT:
        limit = LIST_MAX
    filters = api.Filters(
        unfixed=unfixed, team=team, organisation=organisation, sector=sector, territory=territory, kind=kind
    )
    rows = api.every_finding(by=actors.system("cli"), filters=filters, limit=limit)
    if as_json:
        # Row by row: a nation's findings as one Python string would not fit a small machine.
        before = "["
        for row in rows:
            click.echo(before + json.dumps(row.as_json(), ensure_ascii=False), nl=False)
            before = ", "
        click.echo("[]" if before == "[" else "]")
        return
    number = 0
    for row in rows:
        number += 1
        port = f":{row.port}" if row.port else ""
        owner = row.organisation or "(nobody known)"
        click.echo(f"{row.id}\t{row.state}\t{row.subject}{port}\t{row.kind}\t{owner}\t{row.lead_team}\t{row.times}x")
    if not number:
        click.echo("No findings.")


@commands.command()
@click.argument("finding_id", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(finding_id: UUID, as_json: bool) -> None:
    """Show one finding: whose and why, what was told, what was done."""
    from pehra.findings import api
    from pehra.kernel import actors
    from pehra.kernel.clock import format_time

    page = api.finding(finding_id=finding_id, by=actors.system("cli"))
    if as_json:
        click.echo(json.dumps(page.as_json(), ensure_ascii=False))
        return
    row = page.finding
    click.echo(f"{row.kind} on {row.subject}" + (f", port {row.port}" if row.port else ""))
    click.echo(f"State: {row.state}, reopened {row.reopened} times. Seen {row.times} times,")
    click.echo(f"first {format_time(row.first_seen)}, last {format_time(row.last_seen)}, by {row.feed_name or '?'}")
    click.echo(
        f"Asset: {row.asset}\nOrganisation: {row.organisation or 'not known'}\nLead: {row.lead_team or 'nobody'}"
    )
    for because in row.because:
        click.echo(f"Because: {because.get('rule')} ({because.get('status')}): {because.get('citation')}")
    for notice in page.notices:
        click.echo(f"Told: {notice.reference} to {notice.recipient} at {format_time(notice.at)} ({notice.road})")
    for entry in page.history:
        click.echo(f"{format_time(entry.at)}\t{entry.event}\t{entry.by}\t{entry.facts.get('reason', '')}")


@commands.command()
@click.argument("finding_id", type=click.UUID)
@click.option("--reason", required=True, help="What was done; kept in the ledger.")
def fixed(finding_id: UUID, reason: str) -> None:
    """Say that a finding is fixed."""
    from pehra.findings import api
    from pehra.kernel import actors, clock

    row = api.mark_fixed(finding_id=finding_id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo(row.state.value)


@commands.command()
@click.argument("finding_id", type=click.UUID)
@click.option("--reason", required=True, help="How it was checked; kept in the ledger.")
def verify(finding_id: UUID, reason: str) -> None:
    """Say that somebody checked that a finding is fixed."""
    from pehra.findings import api
    from pehra.kernel import actors, clock

    row = api.verify(finding_id=finding_id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo(row.state.value)


@commands.command()
@click.argument("finding_id", type=click.UUID)
@click.option("--reason", required=True, help="Why it is not fixed; kept in the ledger.")
def reopen(finding_id: UUID, reason: str) -> None:
    """Say that a finding is not fixed after all."""
    from pehra.findings import api
    from pehra.kernel import actors, clock

    row = api.reopen(finding_id=finding_id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo(row.state.value)


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def notify(as_json: bool) -> None:
    """Queue the notices that wait and may go now."""
    from pehra.findings import api
    from pehra.kernel import actors, clock

    queued = api.queue_notices(by=actors.system("cli"), at=clock.now())
    click.echo(json.dumps({"notices_queued": queued}) if as_json else f"{queued} notices queued")
