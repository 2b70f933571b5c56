"""One function a kind of record: a table in, a record out.

The keys that each function asks for are the whole format of a profile; `docs/use/law.md` describes them for a lawyer.
This module holds the country's bodies and words; `rule_records.py` the rules over them.
"""

from pehra.law.rules.basis import Source
from pehra.law.rules.profile import (
    Authority,
    Calendar,
    Council,
    Designation,
    Edge,
    EntityClass,
    Holiday,
    Identity,
    Instrument,
    Seat,
    Sector,
    SeverityLevel,
    Team,
    TeamState,
    TeamType,
    Territory,
    Tier,
    Word,
    YearlyHoliday,
)
from pehra.law.rules.reading import Place, Reader

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ISSUER_KIND = "issuer"
RELATIONS = ("works-under", "reports-through", "comprises")
INSTRUMENT_KINDS = (
    "act",
    "rules",
    "regulations",
    "gazette-notification",
    "notification",
    "cabinet-decision",
    "ministry-letter",
    "council-recommendation",
    "policy",
    "framework",
    "circular",
)
SEAT_KINDS = ("ex-officio", "nominated", "on-notification")
SEAT_POSITIONS = ("chair", "secretary", "member")
POWERS = ("advise", "recommend", "coordinate", "direct")
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def source(reader: Reader) -> Source:
    """Read `[[source]]`."""
    record = Source(
        key=reader.text("key"),
        urls=reader.texts("urls"),
        trust=reader.choice("trust", ("A", "B", "C", "M", "N")),
        note=reader.text("note", required=False),
    )
    if not record.urls and record.trust in ("A", "B", "C"):
        reader.problem("urls", "a source that was read must have an address")
    reader.define("source", record.key, None, key="key")
    return record


def identity(reader: Reader) -> Identity:
    """Read `[profile]`."""
    return Identity(
        code=reader.code("code"),
        version=reader.text("version"),
        country=reader.text("country"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        timezone=reader.text("timezone"),
        languages=reader.texts("languages"),
        reference_prefix=reader.text("reference_prefix"),
        tlds=reader.texts("tlds"),
        weekend=reader.choices("weekend", WEEKDAYS),
        basis=reader.basis(),
    )


def tier(reader: Reader) -> Tier:
    """Read `[[tier]]`."""
    record = Tier(
        code=reader.code("code"),
        rank=reader.number("rank", least=1) or 0,
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        basis=reader.basis(),
    )
    reader.define("tier", record.code, record.basis)
    return record


def team_type(reader: Reader) -> TeamType:
    """Read `[[team_type]]`."""
    record = TeamType(
        code=reader.code("code"),
        tier=reader.code("tier", refers_to="tier"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        serves=reader.text("serves"),
        basis=reader.basis(),
    )
    reader.define("team type", record.code, record.basis)
    return record


def edge(reader: Reader) -> Edge:
    """Read `[[edge]]`."""
    record = Edge(
        code=reader.code("code"),
        from_type=reader.code("from", refers_to="team type"),
        relation=reader.choice("relation", RELATIONS),
        to_type=reader.code("to", refers_to="team type"),
        basis=reader.basis(),
    )
    reader.define("edge", record.code, record.basis)
    return record


def authority(reader: Reader) -> Authority:
    """Read `[[authority]]`."""
    record = Authority(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        basis=reader.basis(),
    )
    reader.define("authority", record.code, record.basis)
    return record


def team(reader: Reader) -> Team:
    """Read `[[team]]`."""
    state = reader.choice("state", [state.value for state in TeamState])
    record = Team(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        types=reader.codes("types", refers_to="team type", required=True),
        parent=reader.code("parent", required=False, refers_to="team"),
        sectors=reader.codes("sectors", refers_to="sector"),
        territories=reader.codes("territories", refers_to="territory"),
        state=TeamState(state) if state in {known.value for known in TeamState} else TeamState.PLANNED,
        fallback=reader.code("fallback", required=False, refers_to="team"),
        host=reader.text("host", required=False),
        basis=reader.basis(),
    )
    if record.state is not TeamState.OPERATING and not record.fallback:
        reader.problem("fallback", f"a team that is {record.state.value!r} needs a fallback: who acts meanwhile")
    reader.define("team", record.code, record.basis)
    return record


def instrument(reader: Reader) -> Instrument:
    """Read `[[instrument]]`."""
    record = Instrument(
        code=reader.code("code"),
        title=reader.text("title"),
        kind=reader.choice("kind", INSTRUMENT_KINDS),
        issuer=reader.known_code("issuer", refers_to=ISSUER_KIND),
        number=reader.known_text("number"),
        issued=reader.day("issued"),
        basis=reader.basis(),
    )
    reader.define("instrument", record.code, record.basis)
    return record


def designation(reader: Reader) -> Designation:
    """Read `[[designation]]`: of a team (`team`, `role` a team type) or of a named body (`body`, `role` a class)."""
    is_team = reader.has("team")
    if is_team and reader.has("body"):
        reader.problem("body", "a designation names a `team` or a `body`, not both")
    subject = reader.code("team", refers_to="team") if is_team else reader.text("body")
    record = Designation(
        code=reader.code("code"),
        subject=subject,
        subject_kind="team" if is_team else "body",
        role=reader.code("role", refers_to="team type" if is_team else "class"),
        instruments=reader.codes("instruments", refers_to="instrument", required=True),
        recommended_by=reader.code("recommended_by", required=False, refers_to="authority"),
        review_months=reader.number("review_months", required=False, least=1),
        basis=reader.basis(),
    )
    reader.define("designation", record.code, record.basis)
    return record


def seat(reader: Reader) -> Seat:
    """Read `[[seat]]`."""
    record = Seat(
        code=reader.code("code"),
        kind=reader.choice("kind", SEAT_KINDS),
        holder=reader.text("holder"),
        position=reader.choice("position", SEAT_POSITIONS),
        term_months=reader.number("term_months", required=False, least=1),
        basis=reader.basis(),
    )
    reader.define("seat", record.code, record.basis)
    return record


def council(reader: Reader, seats: tuple[Seat, ...]) -> Council:
    """Read `[council]`."""
    return Council(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        powers=reader.choices("powers", POWERS),
        size=reader.number("size", least=1),
        quorum=reader.number("quorum", least=1),
        meetings_a_year=reader.number("meetings_a_year", least=1),
        seats=seats,
        basis=reader.basis(),
    )


def sector(reader: Reader) -> Sector:
    """Read `[[sector]]`."""
    record = Sector(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        parent=reader.code("parent", required=False, refers_to="sector"),
        regulator=reader.code("regulator", required=False, refers_to="authority"),
        basis=reader.basis(),
    )
    reader.define("sector", record.code, record.basis)
    return record


def territory(reader: Reader) -> Territory:
    """Read `[[territory]]`."""
    record = Territory(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        basis=reader.basis(),
    )
    reader.define("territory", record.code, record.basis)
    return record


def entity_class(reader: Reader) -> EntityClass:
    """Read `[[class]]`."""
    record = EntityClass(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        implies=reader.codes("implies", refers_to="class"),
        basis=reader.basis(),
    )
    reader.define("class", record.code, record.basis)
    return record


def attribute(reader: Reader) -> Word:
    """Read `[[attribute]]`."""
    return _word(reader, "attribute", unit="")


def measure(reader: Reader) -> Word:
    """Read `[[measure]]`."""
    return _word(reader, "measure", unit=reader.text("unit"))


def _word(reader: Reader, kind: str, *, unit: str) -> Word:
    record = Word(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        unit=unit,
        basis=reader.basis(),
    )
    reader.define(kind, record.code, record.basis)
    return record


def severity_level(reader: Reader) -> SeverityLevel:
    """Read `[[level]]`."""
    record = SeverityLevel(
        code=reader.code("code"),
        rank=reader.number("rank", least=1) or 0,
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        criteria=reader.text("criteria"),
        criteria_local=reader.text("criteria_local", required=False),
        set_by=reader.codes("set_by", refers_to="team type"),
        basis=reader.basis(),
    )
    reader.define("severity", record.code, record.basis)
    return record


def holiday(reader: Reader) -> Holiday:
    """Read `[[holiday]]`."""
    return Holiday(
        day=reader.certain_day("day"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        certainty=reader.choice("certainty", ("gazetted", "estimated")),
    )


def yearly(reader: Reader) -> YearlyHoliday:
    """Read `[[yearly]]`."""
    month = reader.number("month", least=1) or 1
    day = reader.number("day", least=1) or 1
    if month > 12 or day > _DAYS_IN_MONTH[min(month, 12) - 1]:
        reader.problem("day", f"no year has a day {day} in month {month}")
        month, day = 1, 1
    return YearlyHoliday(month=month, day=day, name=reader.text("name"), name_local=reader.text("name_local"))


def calendar(
    reader: Reader, holidays: tuple[tuple[Holiday, Place], ...], yearly_holidays: tuple[YearlyHoliday, ...]
) -> Calendar:
    """Read `[calendar]` over the days already read; no day stands twice, none outside the covered years."""
    record = Calendar(
        holidays=tuple(day for day, _ in holidays),
        yearly=yearly_holidays,
        covered_from=reader.certain_day("covered_from"),
        gazetted_to=reader.certain_day("gazetted_to"),
        covered_to=reader.certain_day("covered_to"),
        basis=reader.basis(),
    )
    if not record.covered_from <= record.gazetted_to <= record.covered_to:
        reader.problem("gazetted_to", "the days must stand in the order covered_from, gazetted_to, covered_to")
    seen: dict[object, int] = {}
    for day, place in holidays:
        if day.day in seen:
            reader.notes.problem(place, f"{day.day} was already given on line {seen[day.day]}")
        seen.setdefault(day.day, place.line)
        if not record.covered_from <= day.day <= record.covered_to:
            reader.notes.problem(place, f"{day.day} is outside the years that [calendar] covers")
        if day.certainty == "gazetted" and day.day > record.gazetted_to:
            reader.notes.problem(
                place, f"{day.day} cannot be gazetted: [calendar] says gazetted_to {record.gazetted_to}"
            )
    return record
