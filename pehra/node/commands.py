"""The node's commands: `init`, `up`, `serve`, `work`, `doctor`, `sweep`, and the machine road's `telemetry ingest`.

Mounted at the root by `pehra.cli`; heavy imports are inside, so that help stays fast.
"""

import json
from pathlib import Path
from typing import Any

import click

from pehra.kernel.actors import system

HOST = "127.0.0.1"
PORT = 8000
SEED = 7
SAID_EVERY = 10_000  # files


@click.group()
def commands() -> None:
    """Run and look after a node."""


def _say(text: str) -> None:
    click.echo(f"pehra: {text}", err=True)


def _lay_out(*, profile: str | None, sample: bool, seed: int) -> Any:
    """Lay out the node over a database that is held; return what was laid out."""
    from pehra.kernel import clock
    from pehra.node import initialise, settings
    from pehra.node.session import node_session

    data = Path(settings.PEHRA_DATA)
    chosen = initialise.choose_profile(data, profile)
    settings.PEHRA_PROFILE = chosen
    with node_session(laid_out=False):
        return initialise.lay_out(
            data=data, profile=chosen, sample=sample, seed=seed, by=system("cli"), at=clock.now(), say=_say
        )


@commands.command()
@click.option("--profile", help="Whose law: a profile's name or folder.  [default: pk]")
@click.option("--sample", is_flag=True, help="Lay out the sample nation with a day of feeds.")
@click.option("--seed", default=SEED, show_default=True, help="Of the sample: the same seed gives the same nation.")
def init(profile: str | None, sample: bool, seed: int) -> None:
    """Make the data folder and the database; doing it again keeps what is there and updates the tables."""
    from pehra.node import initialise, settings
    from pehra.node.database.place import make_data_folder

    make_data_folder(Path(settings.PEHRA_DATA))
    initialise.make_secrets(Path(settings.PEHRA_DATA))
    layout = _lay_out(profile=profile, sample=sample, seed=seed)
    click.echo(f"Ready in {settings.PEHRA_DATA}, with the profile {layout.profile}. Start it: pehra up")


@commands.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--empty", is_flag=True, help="On the first start: without the sample nation.")
@click.option("--sample", is_flag=True, hidden=True, help="On the first start: with the sample nation.")
@click.option("--seed", default=SEED, hidden=True)
def up(host: str, port: int, empty: bool, sample: bool, seed: int) -> None:
    """Run database, web and worker together; Ctrl-C ends all three."""
    from pehra.node.running import run_all

    run_all(host=host, port=port, sample=sample and not empty, seed=seed, lay_out=_lay_out, say=_say)


@commands.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
def serve(host: str, port: int) -> None:
    """Run the web alone."""
    from pehra.node import serving
    from pehra.node.running import as_child

    with as_child():
        serving.refuse_busy_port(host, port)
        serving.serve(host=host, port=port)


@commands.command()
@click.option("--once", is_flag=True, help="Do the jobs that wait now, then end.")
def work(once: bool) -> None:
    """Run the worker alone."""
    from pehra.node import working
    from pehra.node.running import as_child

    with as_child():
        working.work(once=once)


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is healthy, what is not, and what to do about it."""
    from pehra.kernel import clock
    from pehra.node.doctor import examine

    checks = examine(at=clock.now())
    ok = all(check.ok for check in checks)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [check.as_json() for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            click.echo(f"{'well ' if check.ok else 'UNWELL'} {check.name}: {check.says}")
            if check.todo:
                click.echo(f"       {check.todo}")
    context.exit(0 if ok else 1)


@commands.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--source", default="", help="Who the feed comes from; else it is taken from the file.")
@click.option("--format", "form", help="How the feed is written, when it is not recognised.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def ingest(context: click.Context, paths: tuple[Path, ...], source: str, form: str | None, as_json: bool) -> None:
    """Take feeds in: files, or folders of them. The same rows again change nothing."""
    from pehra.kernel import clock
    from pehra.node import engine
    from pehra.node.progress import Shown

    summary = engine.ingest(paths, source=source, format=form, by=system("cli"), at=clock.now(), progress=Shown())
    for failure in summary.failures:
        click.echo(f"pehra: {failure.path}: {failure.message}", err=True)
    for alarm in summary.alarms:
        click.echo(f"pehra: {alarm}", err=True)
    if as_json:
        click.echo(json.dumps(summary.as_json(), ensure_ascii=False))
    else:
        for name, value in summary.as_json().items():
            if not isinstance(value, list) and value is not None:
                click.echo(f"{name.replace('_', ' '):>20}  {value}")
    if summary.failures:
        context.exit(2 if not summary.files else 1)


@commands.command()
@click.option("--remove", is_flag=True, help="Remove them; without it they are only counted and named.")
@click.option("--yes", is_flag=True, help="Remove without asking once more.")
def sweep(remove: bool, yes: bool) -> None:
    """Find files of the vault that no row of any part names, and remove them with --remove.

    Nothing that was kept within a day is touched. What is removed stands in the ledger, and cannot be brought back.
    """
    from pehra.kernel import clock
    from pehra.node import sweeping

    def say(files: int) -> None:
        if files % SAID_EVERY == 0:
            _say(f"{files:,} files looked at")

    found = sweeping.look(at=clock.now(), say=say)
    if not remove:
        for sha256 in found.first:
            click.echo(sha256)
    click.echo(
        f"{found.files:,} files: {found.named:,} named, {found.fresh:,} kept within a day, "
        f"{found.unnamed:,} that nothing names ({found.unnamed_bytes:,} bytes)"
    )
    if not remove or not found.unnamed:
        return
    if not yes:
        click.confirm(f"Remove {found.unnamed:,} files for good?", abort=True)
    swept = sweeping.sweep(by=system("cli"), at=clock.now(), say=say)
    click.echo(f"{swept.removed:,} files removed.")


sweep.needs_database = True  # type: ignore[attr-defined]
ingest.needs_database = True  # type: ignore[attr-defined]
