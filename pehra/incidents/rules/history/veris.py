"""One record of the VERIS community database (schema 1.3.4) as an incident of the past.

What VERIS measures from one step to the next ("discovery: 5 months") becomes a moment where it gives a number, and
words on the timeline where it gives a unit alone. How exactly the beginning is known is always said: a year is not the
first of January.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from pehra.incidents.rules.history import Past, Told
from pehra.incidents.rules.history.veris_words import SEVERITIES, sector_of, type_of
from pehra.incidents.rules.opening import TITLE_LENGTH_MAX
from pehra.kernel import rsit
from pehra.kernel.refusals import Invalid

KEY_LENGTH_MAX = 64
SUMMARY_LENGTH_MAX = 20_000
NAME_LENGTH_MAX = 300
YEAR_MIN = 1971  # our identifiers begin with 1970, and a day of it may begin before
STEPS = ("compromise", "exfiltration", "discovery", "containment")
UNITS: dict[str, timedelta] = {
    "Seconds": timedelta(seconds=1),
    "Minutes": timedelta(minutes=1),
    "Hours": timedelta(hours=1),
    "Days": timedelta(days=1),
    "Weeks": timedelta(weeks=1),
    "Months": timedelta(days=30.44),
    "Years": timedelta(days=365.25),
}
STEP_MAX = timedelta(days=365.25 * 100)
RANSOM = frozenset({"Ransomware"})
Record = Mapping[str, Any]


def read(record: Any, *, at: datetime, zone: tzinfo = UTC) -> Past:
    """Return what a record says; refuse one that lacks what every record has, or that says what cannot be.

    Its days are days of `zone`: a day without a time begins there.
    """
    if not isinstance(record, dict):
        raise Invalid("a record is an object", field="record")
    key = _text(record, "incident_id", needed=True)
    if len(key) > KEY_LENGTH_MAX:
        raise Invalid(f"longer than {KEY_LENGTH_MAX} characters", field="incident_id")
    actions, attributes = _object(record, "action"), _object(record, "attribute")
    if not actions:
        raise Invalid("a record names what was done", field="action")
    victim = _victim(record)
    kind = type_of(actions, {name: _varieties(each) for name, each in actions.items()}, set(attributes))
    began, exactly = _began(record, at=at, zone=zone)
    moments, told = _steps(record, began, exactly, zone)
    ended = min(max([began, *moments.values(), *(each.at for each in told)]), at)
    name = _text(victim, "victim_id")[:NAME_LENGTH_MAX]
    where = name or _text(victim, "industry") or "not named"
    return Past(
        key=key,
        title=f"{kind.replace('-', ' ').capitalize()}: {where}"[:TITLE_LENGTH_MAX],
        summary=_summary(record, actions, attributes),
        taxonomy=rsit.CLASS_OF[kind],
        type=kind,
        year=began.astimezone(zone).year,
        began_at=began,
        exactly=exactly,
        ended_at=ended,
        organisation_name=name,
        sector=sector_of(_text(victim, "industry")),
        country=next(iter(_texts(victim.get("country"))), ""),
        severity=SEVERITIES.get(_text(_object(record, "impact"), "overall_rating"), ""),
        attributes=tuple(_attributes(record, actions)),
        impact=dict(_impact(attributes)),
        moments=moments,
        timeline=told,
    )


def _object(record: Record, name: str) -> Record:
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"{name} is an object", field=name)
    return value


def _text(record: Record, name: str, *, needed: bool = False) -> str:
    value = record.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    if needed:
        raise Invalid(f"a record needs {name}", field=name)
    return ""


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _victim(record: Record) -> Record:
    value = record.get("victim")
    if isinstance(value, list):
        value = next((each for each in value if isinstance(each, dict)), None)
    if not isinstance(value, dict):
        raise Invalid("a record names a victim", field="victim")
    return value


def _varieties(action: Any) -> set[str]:
    return set(_texts(action.get("variety"))) if isinstance(action, dict) else set()


def _began(record: Record, *, at: datetime, zone: tzinfo) -> tuple[datetime, str]:
    said = _object(_object(record, "timeline"), "incident")
    parts = [_number(said, name) for name in ("year", "month", "day")]
    year, month, day = parts
    if year is None or not YEAR_MIN <= year <= at.year:
        raise Invalid(f"an incident is of a year from {YEAR_MIN} to now", field="timeline.incident.year")
    # A day without its month says nothing that could be placed.
    exactly = "day" if month and day else "month" if month else "year"
    try:
        began = datetime(year, month or 1, (day or 1) if month else 1, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("there is no such day", field="timeline.incident") from error
    if began > at:
        raise Invalid("this has not happened yet", field="timeline.incident")
    return began, exactly


def _number(said: Record, name: str) -> int | None:
    value = said.get(name)
    if value is None:
        return None
    # Not compared with int(value): a number of JSON may be too great to be one.
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        raise Invalid(f"{name} is a whole number", field=name)
    return int(value)


def _after(step: Record) -> timedelta | None:
    """Return how long a step took, where the record gives a number."""
    value, unit = step.get("value"), _text(step, "unit")
    if unit not in UNITS or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= STEP_MAX / UNITS[unit]:
        raise Invalid(f"no step takes {value} {unit}", field="timeline")
    return UNITS[unit] * value


def _steps(record: Record, began: datetime, exactly: str, zone: tzinfo) -> tuple[dict[str, datetime], tuple[Told, ...]]:
    """Return the moments that can be counted, and the timeline in words."""
    timeline = _object(record, "timeline")
    moments = {"occurrence": began}
    told = [Told(at=began, text=f"The incident began; known to the {exactly}.")]
    reached = began
    for name in STEPS:
        step = _object(timeline, name)
        unit = _text(step, "unit")
        if unit in ("", "NA", "Unknown"):
            continue
        took = _after(step)
        if took is None:
            told.append(Told(at=reached, text=f"{name.capitalize()}: {unit.lower()}."))
            continue
        # VERIS: to compromise, exfiltration and discovery from the first act; to containment from discovery.
        moment = (moments.get("discovery", began) if name == "containment" else began) + took
        reached = max(reached, moment)
        told.append(Told(at=moment, text=f"{name.capitalize()} after {step['value']:g} {unit.lower()}."))
        if name == "discovery":
            moments["discovery"] = moment
        elif name == "containment":
            moments["handling_end"] = moment
    return moments, (*told, *_notification(record, zone))


def _notification(record: Record, zone: tzinfo) -> Iterator[Told]:
    said = _object(_object(_object(record, "plus"), "timeline"), "notification")
    year, month, day = (_number(said, name) for name in ("year", "month", "day"))
    if year and month:
        exactly = "day" if day else "month"
        try:
            moment = datetime(year, month, day or 1, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return
        yield Told(at=moment, text=f"Those affected were told; known to the {exactly}.")


def _attributes(record: Record, actions: Record) -> Iterator[str]:
    if any(_varieties(each) & RANSOM for each in actions.values()):
        yield "ransomware"
    if _text(record, "campaign_id"):
        yield "campaign"


def _impact(attributes: Record) -> Iterator[tuple[str, float]]:
    availability = attributes.get("availability")
    duration = availability.get("duration") if isinstance(availability, dict) else None
    lasted = _after(duration) if isinstance(duration, dict) else None
    if lasted is not None:
        yield "downtime-hours", round(lasted / timedelta(hours=1), 2)


def _summary(record: Record, actions: Record, attributes: Record) -> str:
    """Return the record's own words, and its coding below them."""
    coded = [
        f"{name} ({', '.join(sorted(_varieties(each)))})".replace(" ()", "") for name, each in sorted(actions.items())
    ]
    assets = _object(record, "asset").get("assets")
    named = (
        sorted({_text(each, "variety") for each in assets if isinstance(each, dict)})
        if isinstance(assets, list)
        else []
    )
    lines = [
        f"VERIS action: {'; '.join(sorted(coded))}",
        f"VERIS actor: {', '.join(sorted(_object(record, 'actor')))}",
        f"VERIS attribute: {', '.join(sorted(attributes))}",
        f"VERIS asset: {', '.join(filter(None, named))}",
        f"Found by: {', '.join(sorted(_object(record, 'discovery_method')))}",
        f"Source: {_text(record, 'reference')}",
    ]
    coding = "\n".join(line for line in lines if not line.endswith(": "))
    return f"{_text(record, 'summary')}\n\n{coding}".strip()[:SUMMARY_LENGTH_MAX]
