"""Lay out a node: folders, secret key, tables, the profile's teams, and on demand the sample nation.

Doing it again changes nothing that is there. A node keeps the profile it began with: another country's law under
records that were decided by the first would leave decisions without their rule.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Refusal

NOTE = "node.json"
_PRIVATE_FOLDERS = ("keys", "lake", "maildir")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a node was laid out with; `people` are the ids and descriptions of the sample cast."""

    profile: str
    sample: bool
    people: tuple[tuple[str, str], ...] = ()


def noted_layout(data: Path) -> Layout | None:
    """Return how the node was laid out, or None when it was not yet."""
    try:
        note = json.loads((data / NOTE).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Refusal(f"{data / NOTE} cannot be read: {error}. Restore it from a backup.") from error
    people = tuple((person["id"], person["is"]) for person in note.get("people", []))
    return Layout(profile=note["profile"], sample=bool(note.get("sample")), people=people)


def choose_profile(data: Path, wanted: str | None) -> str:
    """Return the profile to use; refuse another one than the node began with."""
    noted = noted_layout(data)
    if noted is None:
        return wanted or "pk"
    if wanted not in (None, noted.profile):
        raise Refusal(
            f"This node was laid out with the profile {noted.profile!r}, and its decisions stand on that law. "
            f"For {wanted!r} set PEHRA_DATA to another folder."
        )
    return noted.profile


def make_secrets(data: Path) -> None:
    """Make the secret key and the folders that nobody else may read; keep those that are there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in _PRIVATE_FOLDERS:
        (data / name).mkdir(mode=0o700, exist_ok=True)
    key = data / "secret.key"
    if key.exists():
        return
    part = data / f"secret.key.{os.getpid()}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50) + "\n")
    part.rename(key)


def lay_out(
    *, data: Path, profile: str, sample: bool, seed: int, by: Actor, at: datetime, say: Callable[[str], None]
) -> Layout:
    """Lay out tables, profile and sample over a running database; needs Django set up."""
    from django.core.management import call_command

    from pehra.access import api as access
    from pehra.law import api as law
    from pehra.registry import api as registry

    law.load(profile)  # a profile with mistakes is refused before anything is made
    say("making tables")
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    for left in access.lay_second_wall():
        say(left)
    say(f"loading the profile {profile}")
    registry.load_profile(by=by, at=at)
    people: tuple[tuple[str, str], ...] = ()
    noted = noted_layout(data)
    if sample and not (noted and noted.sample):
        people = _lay_out_sample(seed=seed, by=by, at=at, say=say)
    elif noted is not None:
        # Never a second sample: another seed would rename every organisation of the first.
        if sample:
            say("the sample nation is there already and is kept; for another, set PEHRA_DATA to another folder")
        people, sample = noted.people, noted.sample
    layout = Layout(profile=profile, sample=sample, people=people)
    _write_note(data, layout)
    return layout


def _lay_out_sample(*, seed: int, by: Actor, at: datetime, say: Callable[[str], None]) -> tuple[tuple[str, str], ...]:
    from pehra.drill import api as drill
    from pehra.node import engine

    say("drawing the sample nation")
    laid = drill.lay_out_sample(seed=seed, by=by, at=at)
    say(f"reading {len(laid.feeds)} sample feeds")
    summary = engine.ingest(laid.feeds, source="", format=None, by=by, at=at)
    say(
        f"{summary.rows_stored} events, {summary.findings_new} findings, {summary.incidents_opened} incidents, "
        f"{summary.notices_queued} notices"
    )
    told = drill.report_sample(laid, by=by, at=at)
    say(f"{len(told)} reports by people")
    leak = drill.take_in_leak(laid, by=by, at=at)
    say(f"a sample leak of {leak.accounts} addresses of {leak.organisations} organisations")
    return tuple((str(person.person_id), _described(person.member)) for person in laid.people)


def _described(member: object) -> str:
    name = getattr(member, "name", "")
    where = getattr(member, "team", "") or getattr(member, "organisation", "")
    return f"{name} ({where})" if where else name


def _write_note(data: Path, layout: Layout) -> None:
    """Write the note last and whole: a node without it is laid out again."""
    note = {
        "profile": layout.profile,
        "sample": layout.sample,
        "people": [{"id": person, "is": text} for person, text in layout.people],
    }
    part = data / f"{NOTE}.{os.getpid()}"
    part.write_text(json.dumps(note, indent=1) + "\n")
    part.chmod(0o600)
    part.rename(data / NOTE)
