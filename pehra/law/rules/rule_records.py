"""One function a kind of rule: a table in, a rule out.

Conditions are read here too: `[rule.when]` and the tables inside it.
"""

from datetime import timedelta

from pehra.kernel.markings import Pap, Tlp
from pehra.law.rules.conditions import ALWAYS, Condition, Threshold
from pehra.law.rules.controls import CONTROL_KIND, SET_KIND, THEME_KIND, Control, ControlSetRecord, ControlTheme
from pehra.law.rules.profile import (
    AccessRule,
    Duty,
    NoticeRule,
    ObligationRule,
    ResponsibilityRule,
    SeverityRule,
    SharingRule,
    Stage,
    Unit,
    WidespreadRuleRecord,
)
from pehra.law.rules.question_records import MOMENTS, demands
from pehra.law.rules.reading import Reader
from pehra.law.rules.rsit import TAXONOMIES

ROLES = ("lead", "coordinate", "support", "inform")
ABOUT = ("organisation", "unowned")
OBLIGATIONS = ("notice", "incident")
STARTS = MOMENTS
STAGE_PREFIX = "stage:"
SAME_TIME, END_OF_DAY = "same-time", "end-of-day"
STAYS, NEXT_WORKING_DAY = "stays", "next-working-day"
RECIPIENT_KIND, TEAM_KIND, OWER_KIND = "recipient", "team selector", "ower"
COUNT_MAX = 1_000
# A limit that a slip of the finger could lengthen to a lifetime is no limit.
ACCESS_DAYS_MAX, ACCESS_HOURS_MAX = 3_660, 744
CONTROL_WEIGHT_MAX, CONTROL_DAYS_MAX = 10, 1_830


def condition(reader: Reader, key: str = "when") -> Condition:
    """Read `[….when]`; absent, the rule always applies."""
    inner = reader.subtable(key)
    return ALWAYS if inner is None else _condition(inner)


def _condition(reader: Reader) -> Condition:
    record = Condition(
        sectors=reader.codes("sectors", refers_to="sector"),
        territories=reader.codes("territories", refers_to="territory"),
        classes_any=reader.codes("classes_any", refers_to="class"),
        classes_all=reader.codes("classes_all", refers_to="class"),
        classes_none=reader.codes("classes_none", refers_to="class"),
        taxonomies=reader.choices("taxonomies", TAXONOMIES, required=False),
        types=reader.codes("types"),
        identifiers=reader.texts("identifiers", required=False),
        malware=reader.texts("malware", required=False),
        severity_at_least=reader.code("severity_at_least", required=False, refers_to="severity"),
        attributes_any=reader.codes("attributes_any", refers_to="attribute"),
        attributes_all=reader.codes("attributes_all", refers_to="attribute"),
        attributes_none=reader.codes("attributes_none", refers_to="attribute"),
        impact=tuple(_threshold(inner) for inner in reader.tables("impact")),
        any=tuple(_condition(inner) for inner in reader.tables("any")),
        none=tuple(_condition(inner) for inner in reader.tables("none")),
    )
    if record.is_empty:
        reader.problem("", "a condition that names nothing would always hold; leave the table out to say so")
    reader.finish()
    return record


def _threshold(reader: Reader) -> Threshold:
    record = Threshold(
        measure=reader.code("measure", refers_to="measure"),
        at_least=reader.measure("at_least"),
        above=reader.measure("above"),
        equals=reader.flag_or_text("equals"),
    )
    if sum(bound is not None for bound in (record.at_least, record.above, record.equals)) != 1:
        reader.problem("", "a measured effect needs exactly one of at_least, above, equals")
    reader.finish()
    return record


def responsibility(reader: Reader) -> ResponsibilityRule:
    """Read `[[rule]]` of responsibility.toml."""
    record = ResponsibilityRule(
        code=reader.code("code"),
        role=reader.choice("role", ROLES),
        about=reader.choice("about", ABOUT, required=False, default="organisation"),
        order=reader.number("order", least=1) or 0,
        team=_selector(reader, "team", TEAM_KIND),
        when=condition(reader),
        basis=reader.basis(),
    )
    reader.define("rule of responsibility", record.code, record.basis)
    return record


def severity(reader: Reader) -> SeverityRule:
    """Read `[[rule]]` of severity.toml."""
    record = SeverityRule(
        code=reader.code("code"),
        level=reader.code("level", refers_to="severity"),
        when=condition(reader),
        basis=reader.basis(),
    )
    reader.define("rule of severity", record.code, record.basis)
    return record


def obligation(reader: Reader) -> ObligationRule:
    """Read `[[obligation]]`."""
    record = ObligationRule(
        code=reader.code("code"),
        kind=reader.choice("kind", OBLIGATIONS),
        severity=reader.code("severity", required=False, refers_to="severity"),
        when=condition(reader),
        basis=reader.basis(),
    )
    if record.when.severity_at_least or record.when.impact:
        reader.problem("when", "a finding has no severity or measured effect yet: ask for its class, type and entity")
    reader.define("obligation", record.code, record.basis)
    return record


def widespread(reader: Reader) -> WidespreadRuleRecord:
    """Read `[[widespread]]`."""
    hours = reader.number("window_hours", least=1)
    if hours is None and reader.has("window_hours"):
        reader.problem("window_hours", "the window must be a number of hours; leave the rule out if there is none")
    record = WidespreadRuleRecord(
        code=reader.code("code"),
        organisations=reader.number("organisations", required=False, least=2),
        sectors=reader.number("sectors", required=False, least=2),
        territories=reader.number("territories", required=False, least=2),
        window=timedelta(hours=hours or 1),
        taxonomies=reader.choices("taxonomies", TAXONOMIES, required=False),
        severity=reader.code("severity", required=False, refers_to="severity"),
        basis=reader.basis(),
    )
    if record.organisations is None and record.sectors is None and record.territories is None:
        reader.problem("", "a widespread rule needs a number of organisations, sectors or territories")
    reader.define("widespread rule", record.code, record.basis)
    return record


def duty(reader: Reader) -> Duty:
    """Read `[[duty]]` with its `[[duty.stage]]`."""
    stages = reader.tables("stage", required=True)
    record = Duty(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        owed_by=_selector(reader, "owed_by", OWER_KIND),
        when=condition(reader),
        stages=tuple(_stage(inner) for inner in stages),
        basis=reader.basis(),
    )
    known: list[str] = []
    for inner, stage in zip(stages, record.stages, strict=True):
        if stage.code in known:
            inner.problem("code", f"the stage {stage.code!r} stands twice in this duty")
        before = stage.starts.removeprefix(STAGE_PREFIX)
        if stage.starts.startswith(STAGE_PREFIX) and before not in known:
            inner.problem("starts", f"{before!r} is no earlier stage of this duty")
        known.append(stage.code)
    reader.define("duty", record.code, record.basis)
    return record


def _stage(reader: Reader) -> Stage:
    starts = reader.known_text("starts")
    if starts and starts not in STARTS and not starts.startswith(STAGE_PREFIX):
        reader.problem("starts", f"{starts!r} is not one of: {', '.join(STARTS)}, stage:<earlier stage>, unknown")
    unit = reader.choice("unit", [unit.value for unit in Unit], required=False)
    record = Stage(
        code=reader.code("code"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        owed_by=_selector(reader, "owed_by", OWER_KIND, required=False),
        starts=starts,
        starts_status=reader.status("starts_status", required=False),
        count=reader.number("count", least=1),
        unit=Unit(unit) if unit in {known.value for known in Unit} else None,
        ends=reader.choice("ends", (SAME_TIME, END_OF_DAY), required=False),
        on_holiday=reader.choice("on_holiday", (STAYS, NEXT_WORKING_DAY), required=False, default=STAYS),
        to=_recipients(reader, "to"),
        copy_to=_recipients(reader, "copy_to", required=False),
        forward_to=_recipients(reader, "forward_to", required=False),
        channel=reader.text("channel", required=False),
        note=reader.text("note", required=False),
        note_local=reader.text("note_local", required=False),
        demands=demands(reader),
    )
    _check_counting(reader, record)
    reader.finish()
    return record


def _check_counting(reader: Reader, stage: Stage) -> None:
    if stage.count is not None and stage.count > COUNT_MAX:
        reader.problem("count", f"no deadline is longer than {COUNT_MAX} {stage.unit or 'units'}")
    if stage.count is not None and stage.unit is None:
        reader.problem("unit", "a number needs its unit: hours, days, working-days or months")
    if stage.unit in (Unit.WORKING_DAYS, Unit.MONTHS) and stage.ends != END_OF_DAY:
        # Otherwise a later start could be due earlier: 31 January 09:00 and 30 January 10:00 both clamp to 28 February.
        reader.problem("ends", f"{stage.unit.value} are whole days: write ends = {END_OF_DAY!r}")
    if stage.unit is Unit.DAYS and not stage.ends:
        reader.problem("ends", f"days need their end: {SAME_TIME!r} or {END_OF_DAY!r}")
    if stage.unit is Unit.HOURS and stage.ends:
        reader.problem("ends", "hours end at their minute; leave this key out")
    if stage.unit is Unit.HOURS and stage.on_holiday != STAYS:
        reader.problem("on_holiday", "hours run through holidays; leave this key out")
    if stage.on_holiday == NEXT_WORKING_DAY and stage.unit is not Unit.HOURS and stage.ends != END_OF_DAY:
        reader.problem("ends", f"a period that may move to the next working day ends with it: ends = {END_OF_DAY!r}")
    if stage.starts_status is not None and not stage.note:
        reader.problem("note", "a start with a standing of its own needs a note that says why")


def _selector(reader: Reader, key: str, kind: str, *, required: bool = True) -> str:
    text = reader.text(key, required=required)
    if text:
        reader.refer(kind, text, key)
    return text


def _recipients(reader: Reader, key: str, *, required: bool = True) -> tuple[str, ...]:
    if required and reader.table.entries.get(key) is not None and reader.table.entries[key].value == []:
        reader.problem(key, "a stage must be owed to somebody")
    return reader.codes(key, refers_to=RECIPIENT_KIND, required=required)


def sharing(reader: Reader) -> SharingRule:
    """Read `[[rule]]` of sharing.toml."""
    tlp = reader.choice("tlp", [label.value for label in Tlp])
    pap = reader.choice("pap", [label.value for label in Pap])
    record = SharingRule(
        code=reader.code("code"),
        tlp=Tlp(tlp) if tlp in {label.value for label in Tlp} else Tlp.RED,
        pap=Pap(pap) if pap in {label.value for label in Pap} else Pap.RED,
        when=condition(reader),
        basis=reader.basis(),
    )
    reader.define("rule of sharing", record.code, record.basis)
    return record


def notice(reader: Reader, languages: tuple[str, ...]) -> NoticeRule:
    """Read `[[notice]]`."""
    hours = reader.number("hours_between", least=0)
    if hours is None and reader.has("hours_between"):
        reader.problem("hours_between", "the rate must be a number of hours, 0 for no limit")
    record = NoticeRule(
        code=reader.code("code"),
        rate=timedelta(hours=hours or 0),
        languages=reader.choices("languages", languages),
        basis=reader.basis(),
    )
    reader.define("notice rule", record.code, record.basis)
    return record


def access(reader: Reader) -> AccessRule:
    """Read `[[access]]`."""
    record = AccessRule(
        code=reader.code("code"),
        review_every=timedelta(days=_limit(reader, "review_every_days", ACCESS_DAYS_MAX)),
        review_grace=timedelta(days=_limit(reader, "review_grace_days", ACCESS_DAYS_MAX, least=0)),
        four_eyes=reader.codes("four_eyes", required=True),
        four_eyes_national=reader.codes("four_eyes_national"),
        break_glass_max=timedelta(hours=_limit(reader, "break_glass_hours", ACCESS_HOURS_MAX)),
        break_glass_roles=reader.codes("break_glass_roles", required=True),
        token_max=timedelta(days=_limit(reader, "token_days", ACCESS_DAYS_MAX)),
        session_max=timedelta(hours=_limit(reader, "session_hours", ACCESS_HOURS_MAX)),
        basis=reader.basis(),
    )
    for role in sorted(set(record.four_eyes) & set(record.four_eyes_national)):
        reader.problem("four_eyes_national", f"{role!r} stands in four_eyes already, which holds everywhere")
    reader.define("access rule", record.code, record.basis)
    return record


def _limit(reader: Reader, key: str, most: int, *, least: int = 1) -> int:
    """Read a number that must be known: access without a limit is not offered."""
    number = reader.number(key, least=least)
    if number is None and key in reader.table.entries:
        reader.problem(key, f"{key!r} must be a known number: this is never without a limit")
    if number is not None and number > most:
        reader.problem(key, f"{key!r} must be at most {most}, not {number}")
    return min(max(number or least, least), most)


def control_set(reader: Reader) -> ControlSetRecord:
    """Read `[[control_set]]`."""
    record = ControlSetRecord(
        code=reader.code("code"),
        version=reader.text("version"),
        name=reader.text("name"),
        name_local=reader.text("name_local"),
        assess_every=timedelta(days=_limit(reader, "assess_every_days", CONTROL_DAYS_MAX)),
        review_within=timedelta(days=_limit(reader, "review_within_days", CONTROL_DAYS_MAX)),
        basis=reader.basis(),
    )
    reader.define(SET_KIND, record.code, record.basis)
    return record


def control_theme(reader: Reader) -> ControlTheme:
    """Read `[[theme]]`."""
    record = ControlTheme(
        code=reader.code("code"), name=reader.text("name"), name_local=reader.text("name_local"), basis=reader.basis()
    )
    reader.define(THEME_KIND, record.code, record.basis)
    return record


def control(reader: Reader) -> Control:
    """Read `[[control]]`; `[control.when]` says to whom it is put, and absent to everybody."""
    record = Control(
        code=reader.code("code"),
        theme=reader.code("theme", refers_to=THEME_KIND),
        title=reader.text("title"),
        title_local=reader.text("title_local"),
        question=reader.text("question"),
        question_local=reader.text("question_local"),
        guidance=reader.text("guidance"),
        guidance_local=reader.text("guidance_local"),
        evidence=reader.text("evidence"),
        evidence_local=reader.text("evidence_local"),
        weight=_limit(reader, "weight", CONTROL_WEIGHT_MAX),
        critical=reader.flag_or_text("critical") is True,
        maps=reader.texts("maps"),
        when=condition(reader),
        basis=reader.basis(),
    )
    if reader.has("critical") and not isinstance(reader.flag_or_text("critical"), bool):
        reader.problem("critical", "'critical' must be true or false")
    if record.when.asks_about_matter:
        reader.problem("when", "a control is put to an organisation: it may ask for sector, territory and classes only")
    reader.define(CONTROL_KIND, record.code, record.basis)
    return record
