"""From a folder's texts to a profile, or to every problem in them.

The table below is the layout of a profile: which file holds which tables. A file or table that is not in it is a
mistake, so nothing that a lawyer writes is silently ignored.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pehra.law.rules import (
    consistency,
    handling_records,
    letter_records,
    lines,
    question_records,
    records,
    rule_records,
)
from pehra.law.rules.problems import Problem
from pehra.law.rules.profile import Identity, Profile
from pehra.law.rules.reading import DEFAULTS, Notes, Place, Reader, file_reader

Builder = Callable[[Reader], Any]

# file -> table -> (field of Profile, builder of one record, whether at least one must stand there)
LAYOUT: Mapping[str, Mapping[str, tuple[str, Builder, bool]]] = {
    "sources.toml": {"source": ("sources", records.source, True)},
    "tiers.toml": {
        "tier": ("tiers", records.tier, True),
        "team_type": ("team_types", records.team_type, True),
        "edge": ("edges", records.edge, False),
    },
    "authorities.toml": {"authority": ("authorities", records.authority, False)},
    "teams.toml": {"team": ("teams", records.team, True)},
    "instruments.toml": {
        "instrument": ("instruments", records.instrument, False),
        "designation": ("designations", records.designation, False),
    },
    "council.toml": {"seat": ("seats", records.seat, False)},
    "sectors.toml": {"sector": ("sectors", records.sector, True)},
    "territories.toml": {"territory": ("territories", records.territory, True)},
    "entity_classes.toml": {"class": ("entity_classes", records.entity_class, True)},
    "incident_words.toml": {
        "attribute": ("attributes", records.attribute, False),
        "measure": ("measures", records.measure, False),
    },
    "severity.toml": {
        "level": ("severity_scale", records.severity_level, True),
        "rule": ("severity_rules", rule_records.severity, True),
    },
    "responsibility.toml": {"rule": ("responsibility", rule_records.responsibility, True)},
    "triggers.toml": {
        "obligation": ("obligation_rules", rule_records.obligation, False),
        "widespread": ("widespread_rules", rule_records.widespread, False),
    },
    "questions.toml": {
        "question": ("questions", question_records.question, True),
        "form": ("forms", question_records.form, False),
    },
    "duties.toml": {"duty": ("duties", rule_records.duty, False)},
    "handling.toml": {
        "phase": ("phases", handling_records.phase, False),
        "consent": ("consent_rules", handling_records.consent, False),
    },
    "letters.toml": {"letter": ("letters", letter_records.letter, False)},
    "sharing.toml": {"rule": ("sharing_rules", rule_records.sharing, True)},
    "access.toml": {"access": ("access_rules", rule_records.access, True)},
    "controls.toml": {
        "control_set": ("control_sets", rule_records.control_set, True),
        "theme": ("control_themes", rule_records.control_theme, True),
        "control": ("controls", rule_records.control, True),
    },
}
IDENTITY_FILE, HOLIDAYS_FILE, NOTICES_FILE = "identity.toml", "holidays.toml", "notices.toml"
OPTIONAL_FILES = frozenset(
    {
        "authorities.toml",
        "instruments.toml",
        "council.toml",
        "incident_words.toml",
        "triggers.toml",
        "duties.toml",
        "handling.toml",
        "letters.toml",
        "questions.toml",
        "controls.toml",
    }
)
FILES = (IDENTITY_FILE, *LAYOUT, HOLIDAYS_FILE, NOTICES_FILE)


def assemble(texts: Mapping[str, str]) -> tuple[Profile | None, tuple[Problem, ...]]:
    """Return the profile that a folder's texts make, or None with everything that is wrong in them."""
    notes = Notes()
    readers = {file: _open(file, texts[file], notes) for file in FILES if file in texts}
    for file in FILES:
        if file not in texts and file not in OPTIONAL_FILES:
            notes.problem(Place(file=file, line=1, field=""), "this file is missing from the profile")
    for file in sorted(set(texts) - set(FILES)):
        known = ", ".join(sorted(FILES))
        notes.problem(Place(file=file, line=1, field=""), f"no such file belongs to a profile; they are: {known}")
    identity = _identity(readers.get(IDENTITY_FILE), notes)
    found: dict[str, Any] = {}
    for file, tables in LAYOUT.items():
        if file in readers:
            for table, (name, build, required) in tables.items():
                found[name] = _many(readers[file], table, build, required=required)
    found["council"] = _council(readers.get("council.toml"), found.pop("seats", ()))
    found["calendar"] = _calendar(readers.get(HOLIDAYS_FILE))
    found["notice_rules"] = _notices(readers.get(NOTICES_FILE), identity)
    for reader in readers.values():
        reader.finish()
    if identity is None:
        return None, _in_order(notes)
    profile = Profile(identity=identity, **found)
    consistency.check(profile, notes)
    return (None if notes.problems else profile), _in_order(notes)


def _in_order(notes: Notes) -> tuple[Problem, ...]:
    return tuple(sorted(set(notes.problems)))


def _open(file: str, text: str, notes: Notes) -> Reader:
    root, problems = lines.parse(text, file=file)
    notes.problems += problems
    reader = file_reader(root, file=file, notes=notes)
    reader.has(DEFAULTS)
    return reader


def _many(file: Reader, table: str, build: Builder, *, required: bool) -> tuple[Any, ...]:
    found = []
    for reader in file.tables(table, required=required):
        found.append(build(reader))
        reader.finish()
    return tuple(found)


def _identity(file: Reader | None, notes: Notes) -> Identity | None:
    reader = file.subtable("profile", required=True) if file else None
    if reader is None:
        return None
    identity = records.identity(reader)
    reader.finish()
    consistency.check_identity(identity, reader)
    return identity


def _council(file: Reader | None, seats: tuple[Any, ...]) -> Any:
    reader = file.subtable("council", required=True) if file else None
    if reader is None:
        return None
    council = records.council(reader, seats)
    reader.finish()
    return council


def _calendar(file: Reader | None) -> Any:
    if file is None:
        return None
    holidays = []
    for reader in file.tables("holiday"):
        holidays.append((records.holiday(reader), reader.place("day")))
        reader.finish()
    yearly = _many(file, "yearly", records.yearly, required=False)
    head = file.subtable("calendar", required=True)
    if head is None:
        return None
    calendar = records.calendar(head, tuple(holidays), yearly)
    head.finish()
    return calendar


def _notices(file: Reader | None, identity: Identity | None) -> tuple[Any, ...]:
    if file is None:
        return ()
    languages = identity.languages if identity else ()
    return _many(file, "notice", lambda reader: rule_records.notice(reader, languages), required=True)
