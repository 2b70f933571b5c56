"""`pehra incidents`: list, show, and what a duty officer does to an incident."""

import json
from typing import TYPE_CHECKING

import click

from pehra.incidents.commands.group import commands

if TYPE_CHECKING:
    from pehra.incidents.api import ClockView, IncidentView

ROWS_DEFAULT = 50
ROWS_MAX = 100_000


@commands.command("list")
@click.option("--state", default="", help="A state, or `live`: not ended, or `merged`.")
@click.option("--team", default="", help="Only incidents this team leads.")
@click.option("--severity", default="", help="Only this level.")
@click.option("--organisation", default="", help="Only incidents that concern this organisation.")
@click.option("--search", default="", help="A reference, or words of title, summary and organisation.")
@click.option("--kind", default="", help="`exercise`: exercises, which are in no other list.")
@click.option("--limit", type=click.IntRange(1, ROWS_MAX), default=ROWS_DEFAULT, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: all of them, unless --limit is given.")
@click.pass_context
def list_incidents(
    context: click.Context,
    state: str,
    team: str,
    severity: str,
    organisation: str,
    search: str,
    kind: str,
    limit: int,
    as_json: bool,
) -> None:
    """List incidents, newest first."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    if as_json and context.get_parameter_source("limit") is click.core.ParameterSource.DEFAULT:
        limit = ROWS_MAX
    found = api.every_incident(
        by=system("cli"),
        state=state,
        team=team,
        severity=severity,
        organisation=organisation,
        search=search,
        kind=kind,
        limit=limit,
    )
    if as_json:
        click.echo(json.dumps([row.as_json() for row in found], ensure_ascii=False))
        return
    row = None
    for row in found:
        click.echo(_line(row))
    if row is None:
        click.echo("No incidents.")


@commands.command("show")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(reference: str, as_json: bool) -> None:
    """Show one incident with its clocks and why each was decided."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    page = api.incident(reference, by=system("cli"))
    if as_json:
        click.echo(json.dumps(page.as_json(), ensure_ascii=False))
        return
    view = page.incident
    click.echo(_line(view))
    for role in view.roles:
        click.echo(f"  {role['role']:<12} {role['team']:<20} {role['because']['rule']}: {role['because']['citation']}")
    for clock in view.stages:
        click.echo(_clock_line(clock))
    for fact in page.missing:
        click.echo(f"  not known: {fact}")
    for entry in page.timeline:
        click.echo(f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.event}")


@commands.command("move")
@click.argument("reference")
@click.argument("state")
@click.option("--reason", default="", help="Why; needed to close or dismiss.")
def move(reference: str, state: str, reason: str) -> None:
    """Move an incident to another state."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    click.echo(_line(api.move(ref=reference, to=state, reason=reason, by=system("cli"), at=clock.now())))


@commands.command("severity")
@click.argument("reference")
@click.argument("level")
@click.option("--reason", required=True, help="Why; kept with the decision.")
def severity(reference: str, level: str, reason: str) -> None:
    """Set the severity by judgement; the law is asked anew what that makes due."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.set_severity(ref=reference, severity=level, reason=reason, by=system("cli"), at=clock.now())
    click.echo(_line(view))


@commands.command("moment")
@click.argument("reference")
@click.argument("name")
@click.argument("moment")
@click.option("--organisation", default="", help="Whose own it is: it counts for what this one owes.")
def moment(reference: str, name: str, moment: str, organisation: str) -> None:
    """Supply a fact that only a person can know, such as when the organisation became aware."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.supply_moment(
        ref=reference,
        name=name,
        moment=clock.parse_time(moment, field="moment"),
        organisation=organisation,
        by=system("cli"),
        at=clock.now(),
    )
    for changed in view.stages:
        click.echo(_clock_line(changed))


@commands.command("facts")
@click.argument("reference")
@click.option(
    "--attribute", "attributes", multiple=True, help="What it is: ransomware and the like; give all that hold."
)
@click.option("--has", multiple=True, help="An attribute that it has; of those not named nothing is said.")
@click.option("--has-not", multiple=True, help="An attribute that it has not; of those not named nothing is said.")
@click.option("--none", "none", is_flag=True, help="It has no attribute at all.")
@click.option("--kind", default="", metavar="CLASS[/TYPE]", help="Its RSIT class, and its type where that is known.")
@click.option("--reason", required=True, help="How this is known; kept with the decision.")
def facts(
    reference: str,
    attributes: tuple[str, ...],
    has: tuple[str, ...],
    has_not: tuple[str, ...],
    none: bool,
    kind: str,
    reason: str,
) -> None:
    """State what only a person can know of an incident; the law is asked anew what that makes due."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    each = dict.fromkeys(has, True) | dict.fromkeys(has_not, False)
    ways = [none, bool(attributes), bool(each)].count(True)
    if ways > 1 or not (ways or kind) or set(has) & set(has_not):
        raise click.UsageError("give --has and --has-not, each once, or all with --attribute, or --none; or --kind")
    taxonomy, _slash, type = kind.partition("/")
    view = api.state_facts(
        ref=reference,
        taxonomy=taxonomy,
        type=type,
        attributes=(each or attributes) if ways else None,
        reason=reason,
        by=system("cli"),
        at=clock.now(),
    )
    said = [*attributes, *(f"{code}: {'yes' if holds else 'no'}" for code, holds in each.items())]
    said += ["no attribute"] if none else []
    click.echo(f"{view.reference}  {', '.join([*([kind] if kind else []), *said])}")
    for changed in view.stages:
        click.echo(_clock_line(changed))


@commands.command("sent")
@click.argument("reference")
@click.argument("duty")
@click.argument("stage")
@click.option("--at", "moment", default="", help="When it was sent; now if not given.")
@click.option("--organisation", default="", help="Which one sent it, where several owe it.")
def sent(reference: str, duty: str, stage: str, moment: str, organisation: str) -> None:
    """Record that a stage of a duty was sent: its clock is met, and what follows it starts."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.record_stage_sent(
        ref=reference,
        duty=duty,
        stage=stage,
        organisation=organisation,
        moment=clock.parse_time(moment) if moment else None,
        by=system("cli"),
        at=clock.now(),
    )
    for changed in view.stages:
        click.echo(_clock_line(changed))


@commands.command("withdraw")
@click.argument("reference")
@click.argument("duty")
@click.argument("stage")
@click.option("--reason", required=True, help="Why the stage does not arise; kept with the decision.")
@click.option("--organisation", default="", help="Whose stage, where several owe it.")
def withdraw(reference: str, duty: str, stage: str, reason: str, organisation: str) -> None:
    """Say, with a reason, that a stage of a duty does not arise."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    view = api.withdraw_clock(
        ref=reference,
        duty=duty,
        stage=stage,
        organisation=organisation,
        reason=reason,
        by=system("cli"),
        at=clock.now(),
    )
    for changed in view.stages:
        click.echo(_clock_line(changed))


def _line(view: "IncidentView") -> str:
    severity = view.severity or "unknown"
    return f"{view.reference}  {view.state:<10} {severity:<9} {view.lead_team or '-':<18} {view.title}"


def _clock_line(clock: "ClockView") -> str:
    due = f"{clock.due_at:%Y-%m-%d %H:%M} UTC" if clock.due_at else "due unknown"
    return f"  {clock.state:<10} {due:<22} {clock.duty}/{clock.stage} to {', '.join(clock.owed_to) or 'unknown'}"
