"""`pehra incidents`: playbooks, tasks and the timeline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

import click

from pehra.incidents.commands.group import commands

if TYPE_CHECKING:
    from pehra.incidents.api import Moment, TaskView


@commands.command("playbooks")
@click.option("--retired", is_flag=True, help="Show those out of use too.")
def playbooks(retired: bool) -> None:
    """List playbooks."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    found = api.playbooks(retired=retired, by=system("cli"))
    for row in found:
        mark = "retired" if row.retired_at else f"{len(row.steps)} steps, {row.blocking} block"
        click.echo(f"{row.id}  {row.team:<14} {row.modified:<26} {mark:<22} {row.name}")
    if not found:
        click.echo("No playbooks.")


@commands.command("playbook-add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--team", required=True, help="Whose playbook it is.")
@click.option("--for-everybody", is_flag=True, help="Every team may use it.")
def playbook_add(file: Path, team: str, for_everybody: bool) -> None:
    """Take in a CACAO 2.0 playbook; it is kept to the byte."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    kept = api.add_playbook(
        document=file.read_bytes(), team=team, for_everybody=for_everybody, by=system("cli"), at=clock.now()
    )
    click.echo(f"{kept.id}  {kept.name}: {len(kept.steps)} steps, {kept.blocking} block")
    for remark in kept.remarks:
        click.echo(f"  unusual: {remark}")


@commands.command("playbook-export")
@click.argument("playbook", type=click.UUID)
@click.option("--output", type=click.File("wb"), default="-", help="Where to; standard output if not given.")
def playbook_export(playbook: UUID, output: BinaryIO) -> None:
    """Give a playbook out as it came, to the byte."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    output.write(api.playbook_document(playbook, by=system("cli")))


@commands.command("tasks")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def tasks(reference: str, as_json: bool) -> None:
    """Show what is to be done on an incident, and what blocks."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    page = api.work(reference, by=system("cli"), at=clock.now())
    if as_json:
        click.echo(json.dumps([task.as_json() for task in page.tasks], ensure_ascii=False))
        return
    click.echo(f"phase: {page.phase or 'none'}")
    for task in page.tasks:
        click.echo(_task_line(task))


@commands.command("task")
@click.argument("reference")
@click.argument("number", type=int)
@click.argument("state")
@click.option("--reason", default="", help="Why; needed to skip one.")
@click.option("--outcome", default="", help="Which way a decision goes.")
def task(reference: str, number: int, state: str, reason: str, outcome: str) -> None:
    """Move a task: open, doing, done, skipped."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    moved = api.move_task(
        ref=reference, number=number, to=state, reason=reason, outcome=outcome, by=system("cli"), at=clock.now()
    )
    click.echo(_task_line(moved))


@commands.command("timeline")
@click.argument("reference")
@click.option("--by-entry", is_flag=True, help="In the order in which it was written down.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def timeline(reference: str, by_entry: bool, as_json: bool) -> None:
    """Show what happened, the latest first: when it happened, and when it was written down."""
    from pehra.incidents import api
    from pehra.kernel.actors import system

    found = api.timeline(reference, by_entry=by_entry, by=system("cli"))
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(_moment_line(one))


@commands.command("happened")
@click.argument("reference")
@click.argument("line")
def happened(reference: str, line: str) -> None:
    """Add to the timeline: a line each, the time in front, as in '14:32 login from 198.51.100.7'."""
    from pehra.incidents import api
    from pehra.kernel import clock
    from pehra.kernel.actors import system

    for one in api.add_entries(ref=reference, text=line, by=system("cli"), at=clock.now()):
        click.echo(_moment_line(one))


def _task_line(task: "TaskView") -> str:
    mark = "blocks" if task.is_blocking and not task.is_done else ""
    waits = f"  after: {', '.join(task.waits_for)}" if task.waits_for and not task.is_done else ""
    return f"  {task.number:>3} {task.state:<8} {mark:<7} {task.phase or '-':<10} {task.title}{waits}"


def _moment_line(one: "Moment") -> str:
    mark = "x" if one.is_struck else " "
    return f"{mark} {one.happened_at:%Y-%m-%d %H:%M:%S}  {one.entered_at:%m-%d %H:%M}  {one.text or one.event}"
