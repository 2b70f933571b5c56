"""`pehra access`: roles in words, questions of two people, review, broken glass, reasons, and service accounts.

The machine's own command gives directly and is nobody's second person: it shows questions and can withdraw none.
"""

import json
from typing import Any

import click

from pehra.access.commands.group import commands


def _say(rows: Any, *, as_json: bool, line: Any, empty: str) -> None:
    """Print views as one JSON document, or as a line each."""
    from dataclasses import asdict

    from pehra.kernel.canonical import plain

    if as_json:
        click.echo(json.dumps([plain(asdict(row)) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        click.echo(line(row))
    if not rows:
        click.echo(empty)


def _now() -> dict[str, Any]:
    from pehra.kernel import actors, clock

    return {"by": actors.system("cli"), "at": clock.now()}


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@commands.command()
@_json
def roles(as_json: bool) -> None:
    """Say of every role who may hold it, where, and what it opens."""
    from pehra.access import api

    rows = api.roles(at=_now()["at"])

    def line(row: api.RoleView) -> str:
        two = ", needs two people" if row.second_person else ""
        return f"{row.role} ({', '.join(row.scopes)}{two})\n  {row.who_may_hold}\n  {' '.join(row.permissions)}"

    _say(rows, as_json=as_json, line=line, empty="")


@commands.command()
@_json
def pending(as_json: bool) -> None:
    """List the questions that wait for a second person. People decide them, on the page or by a token."""
    from pehra.access import api

    _say(
        api.pending(**_now()),
        as_json=as_json,
        line=lambda row: f"{row.id}\t{row.email}\t{row.role or row.act}\t{row.scope}\tasked by {row.asked_by}",
        empty="Nothing waits for a second person.",
    )


@commands.command()
@_json
def due(as_json: bool) -> None:
    """List the roles that somebody must look at: now, or within two weeks."""
    from pehra.access import api
    from pehra.kernel.clock import format_time

    _say(
        api.due_for_review(**_now()),
        as_json=as_json,
        line=lambda row: f"{row.grant}\t{row.email}\t{row.role}\t{row.scope}\tends {format_time(row.ends_at)}",
        empty="No role is due for review.",
    )


@commands.command()
@click.argument("grant_ids", type=click.UUID, nargs=-1, required=True)
@click.option("--keep/--end", required=True, help="Whether the role is still right.")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
def review(grant_ids: tuple[Any, ...], keep: bool, reason: str) -> None:
    """Say of roles, by the ids that `due` shows, that they are still right, or end them."""
    from django.db import transaction

    from pehra.access import api

    with transaction.atomic():
        for grant in grant_ids:
            api.review(grant_id=grant, keep=keep, reason=reason, **_now())
    click.echo(f"{'kept' if keep else 'ended'}: {len(grant_ids)}")


@commands.command()
@click.option("--unreviewed", is_flag=True, help="Only those that no lead has judged.")
@_json
def glass(unreviewed: bool, as_json: bool) -> None:
    """List the broken glasses: who took which role in an emergency, and what a lead said of it."""
    from pehra.access import api

    _say(
        api.glasses(unreviewed=unreviewed, **_now()),
        as_json=as_json,
        line=lambda row: (
            f"{row.grant}\t{row.person_name}\t{row.role} in {row.team}\t"
            f"{row.verdict or 'not judged'}{', holds now' if row.active else ''}\t{row.reason}"
        ),
        empty="No glass was broken.",
    )


@commands.command()
@click.argument("grant_id", type=click.UUID)
@click.argument("verdict", type=click.Choice(["justified", "misused"]))
@click.option("--note", required=True, help="Why; kept in the ledger.")
def judge(grant_id: Any, verdict: str, note: str) -> None:
    """Judge a broken glass where the team has no lead who could."""
    from pehra.access import api

    api.review_glass(grant_id=grant_id, verdict=verdict, note=note, **_now())
    click.echo(verdict)


@commands.command()
@click.argument("email")
@click.argument("permission")
@click.option("--team", default="", help="Something of this team.")
@click.option("--organisation", default="", help="Something of this organisation.")
@_json
@click.pass_context
def why(context: click.Context, email: str, permission: str, team: str, organisation: str, as_json: bool) -> None:
    """Say whether somebody may do something, and why or why not. Exit code 1 when they may not."""
    from pehra.access import api
    from pehra.access.api import Permission
    from pehra.kernel.refusals import Invalid

    now = _now()
    if permission not in set(Permission):
        raise Invalid(f"{permission!r} is no permission; `pehra access roles` lists them", field="permission")
    person = api.person_by_email(email=email, by=now["by"])
    by = api.actor_for(person_id=person, at=now["at"])
    said = api.why(
        by=by, permission=Permission(permission), teams=[team] if team else [], organisation=organisation, at=now["at"]
    )
    if as_json:
        answer = {"allowed": said.allowed, "because": list(said.because), "grants": [str(one) for one in said.grants]}
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        click.echo("yes" if said.allowed else "no")
        for reason in said.because:
            click.echo(f"  {reason}")
    if not said.allowed:
        context.exit(1)


@commands.command()
@click.argument("email")
@click.argument("name")
def service(email: str, name: str) -> None:
    """Add a service account: a program acts by its tokens, and nobody signs in as it."""
    from pehra.access import api

    click.echo(str(api.add_service_account(name=name, email=email, **_now())))


@commands.command()
@click.argument("email")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--reopen", is_flag=True, help="Make a closed person active again.")
def close(email: str, reason: str, reopen: bool) -> None:
    """Make a person inactive: their next request is refused. What they did stays written."""
    from pehra.access import api

    now = _now()
    person = api.person_by_email(email=email, by=now["by"])
    (api.open_person if reopen else api.close_person)(person_id=person, reason=reason, **now)
    click.echo("active again" if reopen else "inactive")


@commands.command()
def sweep() -> None:
    """Write down roles that ended, and end those nobody spoke for: what the worker does every five minutes."""
    from pehra.access import api

    done = api.sweep(**_now())
    click.echo(f"ended by themselves: {done.expired}; by silence: {done.silent}; unanswered: {done.unanswered}")
