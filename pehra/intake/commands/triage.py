"""`pehra intake dismiss`, `merge`, `join`, `open` and their like: what becomes of reports, and the way back."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from pehra.intake.commands.group import as_text, commands

if TYPE_CHECKING:
    from pehra.intake.api import Done

NAMED_MAX = 10
REFERENCES = click.argument("references", metavar="REFERENCE...", nargs=-1, required=True)
REASON = click.option("--reason", required=True, help="Why; kept with the decision.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@commands.command("waiting")
@AS_JSON
def waiting(as_json: bool) -> None:
    """Count the reports that wait for each team to decide."""
    from pehra.intake import api
    from pehra.kernel.actors import system

    counted = sorted(api.waiting(by=system("cli")).items())
    if as_json:
        click.echo(as_text([{"team": team, "reports": count} for team, count in counted]))
        return
    for team, count in counted:
        click.echo(f"{team or '-':<20} {count:>8}")
    if not counted:
        click.echo("Nothing waits.")


@commands.command("assign")
@REFERENCES
@click.option("--to", "person", required=True, help="The e-mail address of who takes them over, or `nobody`.")
@AS_JSON
def assign(references: tuple[str, ...], person: str, as_json: bool) -> None:
    """Give reports to somebody who works in one of their teams."""
    from pehra.access import api as access
    from pehra.intake import api

    named = "" if person == "nobody" else str(access.person_by_email(email=person, **_by()))
    _tell(api.assign(assignee=named, **_named(references)), as_json=as_json)


@commands.command("dismiss")
@REFERENCES
@REASON
@AS_JSON
def dismiss(references: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Say that nothing follows from reports. More of one brings it back by itself."""
    from pehra.intake import api

    _tell(api.dismiss(reason=reason, **_named(references)), as_json=as_json)


@commands.command("reopen")
@REFERENCES
@REASON
@AS_JSON
def reopen(references: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Put reports back into the queue. Whatever was decided, but that an incident was opened."""
    from pehra.intake import api

    _tell(api.reopen(reason=reason, **_named(references)), as_json=as_json)


@commands.command("merge")
@REFERENCES
@click.option("--into", required=True, help="The report that tells the same; they stand behind it, whole.")
@REASON
@AS_JSON
def merge(references: tuple[str, ...], into: str, reason: str, as_json: bool) -> None:
    """Say that reports tell what another one tells."""
    from pehra.intake import api

    _tell(api.merge(into=into, reason=reason, **_named(references)), as_json=as_json)


@commands.command("join")
@REFERENCES
@click.option("--incident", required=True, help="The incident that they belong to; it must be live.")
@click.option("--reason", default="", help="Why; kept with the decision.")
@AS_JSON
def join(references: tuple[str, ...], incident: str, reason: str, as_json: bool) -> None:
    """Say that reports belong to an incident. Its own history says so too."""
    from pehra.intake import api

    _tell(api.join(incident=incident, reason=reason, **_named(references)), as_json=as_json)


@commands.command("hand-over")
@REFERENCES
@click.option("--team", required=True, help="The team that leads from now on, and is told.")
@REASON
@AS_JSON
def hand_over(references: tuple[str, ...], team: str, reason: str, as_json: bool) -> None:
    """Give reports to another team."""
    from pehra.intake import api

    _tell(api.hand_over(team=team, reason=reason, **_named(references)), as_json=as_json)


@commands.command("open")
@click.argument("reference")
@click.option("--title", default="", help="Otherwise than the report says.")
@click.option("--organisation", "organisations", multiple=True, help="Whom it concerns; once for each.")
@click.option("--taxonomy", default="", help="RSIT class.")
@click.option("--type", "kind", default="", help="RSIT type.")
@click.option("--severity", default="", help="The level, by your own judgement.")
@click.option("--exercise", is_flag=True, help="As an exercise: marked, and kept apart from what is real.")
@click.option("--reason", default="", help="Why; kept with the decision.")
@AS_JSON
def open_(
    reference: str,
    title: str,
    organisations: tuple[str, ...],
    taxonomy: str,
    kind: str,
    severity: str,
    exercise: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Open an incident from a report. What is not given is as the report says. There is no way back."""
    from pehra.intake import api

    view = api.open_incident(
        reference=reference,
        title=title,
        organisations=organisations or None,
        taxonomy=taxonomy,
        type=kind,
        severity=severity,
        exercise=exercise,
        reason=reason,
        **_by_now(),
    )
    if as_json:
        click.echo(as_text(view.as_json()))
        return
    click.echo(f"{view.reference}  {view.state}  {view.severity or 'severity unknown'}  {view.lead_team}  {view.title}")
    click.echo(f"its clocks: pehra incidents show {view.reference}")


@commands.command("read")
@click.argument("reference")
def read(reference: str) -> None:
    """Say that what was added to a report after its decision was read. Until then its incident says that it was not."""
    from pehra.intake import api

    was_news = api.read_news(reference=reference, **_by_now())
    click.echo(f"{reference}: read" if was_news else f"{reference}: nothing was unread")


@commands.command("undo")
@click.argument("act", type=click.UUID)
@AS_JSON
def undo(act: UUID, as_json: bool) -> None:
    """Take an act back, now or weeks later. Reports that somebody decided about since stay as they are."""
    from pehra.intake import api

    undone = api.undo(token=act, **_by_now())
    if as_json:
        click.echo(as_text(asdict(undone)))
        return
    click.echo(f"{undone.act} taken back for {undone.count}")
    if undone.left:
        click.echo(f"as they are, since they were decided about later: {', '.join(undone.left)}")


def _by() -> dict[str, Any]:
    from pehra.kernel.actors import system

    return {"by": system("cli")}


def _by_now() -> dict[str, Any]:
    from pehra.kernel import clock

    return _by() | {"at": clock.now()}


def _named(references: tuple[str, ...]) -> dict[str, Any]:
    from pehra.intake import api

    return {"chosen": api.Chosen(references=references)} | _by_now()


def _tell(done: "Done", *, as_json: bool) -> None:
    if as_json:
        click.echo(as_text(asdict(done)))
        return
    named = ", ".join(done.reports[:NAMED_MAX])
    more = f" and {done.count - NAMED_MAX} more" if done.count > NAMED_MAX else ""
    click.echo(f"{done.act}: {named}{more}")
    click.echo(f"take it back: pehra intake undo {done.token}")
