"""`pehra signals streams` and its kin: who receives, how their streams stand, and what to do about one."""

import json
from typing import TYPE_CHECKING

import click

from pehra.signals.commands.group import commands

if TYPE_CHECKING:
    from pehra.signals.api import StreamView


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def streams(as_json: bool) -> None:
    """List receivers with their streams: state, what waits, last delivery, what is wrong."""
    from dataclasses import asdict

    from pehra.kernel import actors, clock
    from pehra.kernel.canonical import plain
    from pehra.signals import api

    rows = api.receivers(by=actors.system("cli"), at=clock.now())
    if as_json:
        click.echo(json.dumps([plain(asdict(row)) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        standing = _standing(row.stream) if row.stream else "no stream yet"
        click.echo(f"{row.client_id}\t{row.service or '(closed)'}\t{standing}")
    if not rows:
        click.echo("No receivers.")


def _standing(stream: "StreamView") -> str:
    from pehra.kernel.clock import format_time

    last = format_time(stream.last_delivered_at) if stream.last_delivered_at else "never"
    parts = [stream.delivery, stream.status, f"{stream.waiting} waiting", f"last delivered {last}"]
    parts += [f"{stream.refused} refused"] if stream.refused else []
    parts += ["silent"] if stream.silent else []
    parts += [stream.problem] if stream.problem else []
    return "\t".join(parts)


@commands.command()
@click.argument("service")
@click.argument("email")
@click.option(
    "--tell-addresses", is_flag=True, help="The service may be told e-mail addresses as well: agreed with it."
)
def bind(service: str, email: str, tell_addresses: bool) -> None:
    """Let a service account receive for a relying service, named by its client id."""
    from pehra.access import api as access
    from pehra.kernel import actors, clock
    from pehra.signals import api

    by, at = actors.system("cli"), clock.now()
    account = access.person_by_email(email=email, by=by)
    api.bind_receiver(client_id=service, account_id=account, email_agreed=tell_addresses, by=by, at=at)
    click.echo("bound")


@commands.command()
@click.argument("service")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
def unbind(service: str, reason: str) -> None:
    """End that an account receives for a service: its stream and what waits on it are gone."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    api.unbind_receiver(client_id=service, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo("ended")


@commands.command()
@click.argument("service")
def verify(service: str) -> None:
    """Send a verification event to a service's receiver, to see whether it takes it."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    api.verify_stream(stream_id=_stream(service).id, by=actors.system("cli"), at=clock.now())
    click.echo("queued")


@commands.command()
@click.argument("service")
@click.option("--reason", required=True, help="Why; told to the receiver and kept in the ledger.")
def pause(service: str, reason: str) -> None:
    """Stop telling a receiver; what comes meanwhile is kept for it."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    api.pause_stream(stream_id=_stream(service).id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo("paused")


@commands.command()
@click.argument("service")
@click.option("--reason", required=True, help="Why; told to the receiver and kept in the ledger.")
def resume(service: str, reason: str) -> None:
    """Tell a receiver again, with what was kept for it."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    api.resume_stream(stream_id=_stream(service).id, reason=reason, by=actors.system("cli"), at=clock.now())
    click.echo("enabled")


@commands.command()
@click.argument("service")
def again(service: str) -> None:
    """Send once more what a receiver refused."""
    from pehra.kernel import actors, clock
    from pehra.signals import api

    count = api.send_again(stream_id=_stream(service).id, by=actors.system("cli"), at=clock.now())
    click.echo(f"{count} queued again")


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def send(as_json: bool) -> None:
    """Read the ledger on and call the receivers that are due, instead of waiting for the worker."""
    from pehra.kernel import clock
    from pehra.signals import api

    queued = 0
    while (followed := api.follow(at=clock.now())).places:
        queued += followed.queued
    summary = api.push_due(clock=clock.SystemClock())
    if as_json:
        click.echo(json.dumps({"queued": queued, **summary.as_json()}))
        return
    click.echo(f"{queued} queued, {summary.delivered} delivered, {summary.refused} refused, {summary.failed} failed")


def _stream(service: str) -> "StreamView":
    from pehra.kernel import actors, clock
    from pehra.kernel.refusals import NotVisible
    from pehra.signals import api

    found = api.streams(by=actors.system("cli"), at=clock.now())
    named = next((view for view in found if view.client_id == service), None)
    if named is None:
        raise NotVisible(f"{service} has no stream; `pehra signals streams` lists those that have one")
    return named
