"""`pehra law`: check a profile, and ask what it says. Needs no database and no node."""

import json
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pehra.law.api import DutyDue, Profile, StatedFacts

NEEDS_DATABASE = False
FACTS_BYTES_MAX = 1_000_000

_profile = click.option("--profile", "name", required=True, help="A profile's name, or the folder it lies in.")
_on = click.option("--on", "on_text", required=True, metavar="DATE", help="The day whose law counts: YYYY-MM-DD.")
_facts = click.option(
    "--facts", "facts_file", required=True, type=click.File("rb"), help="Facts as a JSON file; - reads stdin."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group("law")
@click.option(
    "--profiles",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PEHRA_PROFILES",
    help="A folder of profiles.",
)
def commands(profiles: Path | None) -> None:
    """What a country's law says on a date, each answer with its reason."""
    from pehra.law import api

    if profiles is not None:
        api.use_profiles_folder(profiles)


@commands.command("check")
@click.argument("source", metavar="[DIR]", required=False)
@_json
@click.pass_context
def check(context: click.Context, source: str | None, as_json: bool) -> None:
    """Check a profile strictly: each mistake with its file, line and field. Exit 1 when there is one.

    DIR is a profile's folder or name; it may be left out where only one profile is installed.
    """
    from pehra.law import api

    report = api.check(source or api.only_profile())
    if as_json:
        _print(report.as_json())
    else:
        for problem in report.problems:
            click.echo(str(problem))
        told = f"version {report.version}, {report.rules} rules" if report.ok else f"{len(report.problems)} problem(s)"
        click.echo(f"{report.profile}: {'good' if report.ok else 'not usable'}, {told}")
    context.exit(0 if report.ok else 1)


@commands.command("duties")
@_profile
@_on
@_facts
@_json
@click.option("--considered", is_flag=True, help="For people: also name the duties that do not apply, and why.")
def duties(name: str, on_text: str, facts_file: IO[bytes], as_json: bool, considered: bool) -> None:
    """What is due from whom, to whom, by when, for stated facts."""
    from pehra.law import api

    profile, on, facts = _question(name, on_text, facts_file)
    due = api.duties(profile, entity=facts.entity, incident=facts.incident, moments=facts.moments, on=on)
    if as_json:
        _print([stage.as_json() for stage in due])
        return
    for stage in due:
        _tell(stage, profile.identity.timezone)
    if not due:
        click.echo("nothing is due")
    if considered:
        for judged in api.duties_considered(profile, entity=facts.entity, incident=facts.incident, on=on):
            if judged.applies == "no":
                click.echo(f"does not apply: {judged.duty}, because {_plain(judged.because.facts)}")


@commands.command("responsible")
@_profile
@_on
@_facts
@_json
def responsible(name: str, on_text: str, facts_file: IO[bytes], as_json: bool) -> None:
    """Who leads, coordinates, supports and is informed, for stated facts."""
    from pehra.law import api

    profile, on, facts = _question(name, on_text, facts_file)
    answer = api.responsible(profile, entity=facts.entity, incident=facts.incident, on=on)
    if as_json:
        _print(answer.as_json())
        return
    for role in answer.roles:
        click.echo(f"{role.role:<11} {role.team:<18} {role.because.rule} ({role.because.status})")
        click.echo(f"            {role.because.citation}")
        if role.because.facts:
            click.echo(f"            facts: {_plain(role.because.facts)}")
    if answer.missing:
        click.echo(f"could change with: {', '.join(answer.missing)}")


@commands.command("sources")
@_profile
@_json
def sources(name: str, as_json: bool) -> None:
    """Where a profile's statements were read, how far each is trusted, and how many records rest on it."""
    from pehra.law import api

    listed = api.sources(api.load(name))
    if as_json:
        _print([source.as_json() for source in listed])
        return
    for source in listed:
        click.echo(f"{source.key:<10} {source.trust}  {source.records:>4}  {'  '.join(source.urls)}")


@commands.command("controls")
@_profile
@_on
@_json
def controls(name: str, on_text: str, as_json: bool) -> None:
    """The identity controls that organisations assess themselves against on a day, by theme."""
    from pehra.law import api

    found = api.control_set(api.load(name), on=_day(on_text))
    if as_json:
        _print(found.as_json() if found else None)
        return
    if found is None:
        click.echo("the profile has no control set in use on that day")
        return
    click.echo(f"{found.code} {found.version}: {found.name}, {len(found.controls)} controls")
    click.echo(f"    because {found.because.citation} ({found.because.status})")
    for theme in found.themes:
        click.echo(f"{theme.name}")
        for control in found.of_theme(theme.code):
            click.echo(f"  {control.code:<34} {control.weight:>2}{' critical' if control.critical else ''}")
            click.echo(f"    {control.question}")
            click.echo(f"    {'; '.join(control.maps)}")


def _question(name: str, on_text: str, facts_file: IO[bytes]) -> "tuple[Profile, date, StatedFacts]":
    """Return the profile, the day and the facts of a question."""
    from pehra.kernel.refusals import Invalid
    from pehra.law import api

    on = _day(on_text)
    text = facts_file.read(FACTS_BYTES_MAX + 1)
    if len(text) > FACTS_BYTES_MAX:
        raise Invalid(f"more than {FACTS_BYTES_MAX} bytes are no facts of one incident", field="facts")
    profile = api.load(name)
    return profile, on, api.read_facts(text, profile=profile)


def _day(text: str) -> date:
    from pehra.kernel.refusals import Invalid

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is no day such as 2026-11-24", field="on") from error


def _tell(stage: "DutyDue", timezone: str) -> None:
    from zoneinfo import ZoneInfo

    due = "not started" if stage.status == "waiting" else "unknown"
    if stage.due is not None:
        due = f"{stage.due.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S} {timezone}"
    click.echo(f"{stage.duty}/{stage.stage}  due {due}  [{stage.status}]")
    click.echo(f"    {stage.owed_by} owes {', '.join(stage.owed_to) or 'unknown'}; starts with {stage.start_event}")
    if stage.copy_to or stage.forward_to:
        click.echo(f"    copy: {', '.join(stage.copy_to) or '-'}; forward: {', '.join(stage.forward_to) or '-'}")
    click.echo(f"    because {stage.because.citation} ({stage.because.status})")
    for note in stage.notes:
        click.echo(f"    note: {note}")
    for fact in stage.missing:
        click.echo(f"    a person must supply: {fact}")


def _plain(facts: Any) -> str:
    return "; ".join(f"{name}: {_fact(value)}" for name, value in facts.items()) or "its condition names no fact"


def _fact(value: Any) -> str:
    return ", ".join(f"{name} {said}" for name, said in value.items()) if isinstance(value, dict) else str(value)


def _print(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
