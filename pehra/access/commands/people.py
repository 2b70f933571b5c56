"""`pehra access`: people, their roles, and one-time sign-in links."""

import json
from datetime import timedelta
from typing import Any

import click

from pehra.access.commands.group import commands


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def people(as_json: bool) -> None:
    """List people with the roles they hold now."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    rows = api.people(by=actors.system("cli"), at=clock.now())
    if as_json:
        click.echo(json.dumps([_as_json(row) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        roles = ", ".join(f"{grant.role} ({grant.scope})" for grant in row.grants) or "no role"
        click.echo(f"{row.email}\t{row.name}\t{roles}" + ("" if row.active else "\tinactive"))
    if not rows:
        click.echo("Nobody yet. Add somebody with: pehra access add EMAIL NAME")


@commands.command()
@click.argument("email")
@click.argument("name")
@click.option("--language", default="en", show_default=True, help="Language of pages and mail.")
@click.option("--name-local", default="", help="The name in that language's script.")
def add(email: str, name: str, language: str, name_local: str) -> None:
    """Add a person who may then be granted roles."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    person = api.add_person(
        email=email, name=name, language=language, name_local=name_local, by=actors.system("cli"), at=clock.now()
    )
    click.echo(str(person))


@commands.command()
@click.argument("email")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 336), help="How long the link works.")
@click.option("--site", default="http://localhost:8000", show_default=True, help="Address of the web pages.")
def link(email: str, hours: int, site: str) -> None:
    """Print a sign-in link that works once."""
    from pehra.access import api
    from pehra.kernel import actors, clock
    from pehra.kernel.refusals import Invalid

    if not site.startswith(("https://", "http://")):
        raise Invalid(f"{site!r} is no address of web pages, such as https://pehra.example", field="site")
    by, at = actors.system("cli"), clock.now()
    person = api.person_by_email(email=email, by=by)
    token = api.issue_link(person_id=person, by=by, at=at, valid=timedelta(hours=hours))
    click.echo(f"{site.rstrip('/')}/access/link/{token}")


@commands.command()
@click.argument("email")
@click.argument("role")
@click.option("--team", default="", help="Code of the team the role is held in.")
@click.option("--organisation", default="", help="Code of the organisation the role is held in.")
@click.option("--guided", is_flag=True, help="With --team: the team and those under its guidance.")
@click.option("--national", is_flag=True, help="The role is held for the nation.")
@click.option("--council", is_flag=True, help="A seat on the council.")
@click.option("--until", default="", help="Moment at which it ends, RFC 3339.")
@click.option("--reason", required=True, help="Why it is given; kept in the ledger.")
def grant(
    email: str,
    role: str,
    team: str,
    guided: bool,
    organisation: str,
    national: bool,
    council: bool,
    until: str,
    reason: str,
) -> None:
    """Give a person a role in one scope."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    by, at = actors.system("cli"), clock.now()
    person = api.person_by_email(email=email, by=by)
    where: dict[str, Any] = {
        "team": team, "guided": guided, "organisation": organisation, "national": national, "council": council,
    }  # fmt: skip
    ends = clock.parse_time(until, field="until") if until else None
    given = api.grant(person_id=person, role=role, until=ends, reason=reason, by=by, at=at, **where)
    click.echo(str(given))


@commands.command()
@click.argument("grant_id", type=click.UUID)
@click.option("--reason", required=True, help="Why it ends; kept in the ledger.")
def revoke(grant_id: object, reason: str) -> None:
    """End a role that was granted, by the id that `people --json` shows."""
    from uuid import UUID

    from pehra.access import api
    from pehra.kernel import actors, clock

    api.revoke(grant_id=UUID(str(grant_id)), reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo("ended")


@commands.command(name="sign-out")
@click.argument("email")
@click.option("--reason", required=True, help="Why their sessions end; kept in the ledger.")
def sign_out(email: str, reason: str) -> None:
    """End all sessions of a person, wherever they are signed in."""
    from pehra.access import api
    from pehra.kernel import actors, clock

    by, at = actors.system("cli"), clock.now()
    person = api.person_by_email(email=email, by=by)
    click.echo(f"{api.end_sessions(person_id=person, reason=reason, by=by, at=at)} ended")


def _as_json(person: object) -> dict[str, object]:
    """Return a person as JSON values."""
    from dataclasses import asdict

    from pehra.kernel.canonical import plain

    return plain(asdict(person))  # type: ignore[call-overload, no-any-return]
