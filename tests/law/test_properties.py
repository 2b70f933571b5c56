"""What holds for all facts and all days, not only for the lawyer's cases."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from pehra.law import api
from pehra.law.rules import civil_time, truth
from pehra.law.rules.civil_time import Period, WorkingDays
from pehra.law.rules.profile import Unit
from pehra.law.rules.truth import Truth, Verdict

PROFILES = ["pk", *(str(path) for path in sorted((Path(__file__).parent / "profiles").iterdir()) if path.is_dir())]
# Half-hour and one-hour changes of clocks, none at all, a day that was skipped.
ZONES = ["Asia/Karachi", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Dhaka"]
# `derandomize`: the same examples each run, so that a failure here is a failure everywhere.
few = settings(max_examples=200, deadline=None, derandomize=True)
fewer = settings(few, max_examples=80)

FIRST, LAST = datetime(2011, 6, 1, tzinfo=UTC), datetime(2028, 12, 1, tzinfo=UTC)
SECONDS = int((LAST - FIRST).total_seconds())
moments = st.builds(lambda seconds: FIRST + timedelta(seconds=seconds), st.integers(0, SECONDS))


def _periods() -> st.SearchStrategy[Period]:
    counts = st.integers(1, 40)
    hours = st.builds(Period, count=counts, unit=st.just(Unit.HOURS))
    days = st.builds(Period, count=counts, unit=st.just(Unit.DAYS), ends=st.sampled_from(["same-time", "end-of-day"]))
    rolled = st.builds(
        Period,
        count=counts,
        unit=st.sampled_from([Unit.DAYS, Unit.MONTHS, Unit.WORKING_DAYS]),
        ends=st.just("end-of-day"),
        on_holiday=st.sampled_from(["stays", "next-working-day"]),
    )
    return hours | days | rolled


@cache
def _days(profile: str) -> WorkingDays:
    loaded = api.load(profile)
    return WorkingDays(calendar=loaded.calendar, weekend=loaded.identity.weekend)


@few
@given(moments, st.timedeltas(timedelta(0), timedelta(days=3)), _periods(), st.sampled_from(ZONES))
def test_a_later_start_is_never_due_earlier(start: datetime, later: timedelta, period: Period, zone: str):
    for profile in PROFILES:
        first = civil_time.due(start, period, timezone=zone, days=_days(profile)).moment
        second = civil_time.due(start + later, period, timezone=zone, days=_days(profile)).moment
        assert first <= second
        assert first >= start


@few
@given(st.integers(0, 180), st.integers(0, 180), st.integers(1, 14), st.sampled_from(["same-time", "end-of-day"]))
def test_order_is_kept_where_clocks_change(one: int, other: int, count: int, ends: str):
    """Starts and ends within the hours around both changes of clocks of 2026 in three zones."""
    period = Period(count=count, unit=Unit.DAYS, ends=ends)
    for zone, changes in {
        "Europe/Zurich": [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)],
        "America/New_York": [datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)],
        "Australia/Lord_Howe": [datetime(2026, 4, 4, 14, tzinfo=UTC), datetime(2026, 10, 3, 15, tzinfo=UTC)],
    }.items():
        for change in changes:
            for shift in (timedelta(0), timedelta(days=-count)):
                base = change + shift
                early, late = sorted((base + timedelta(minutes=one), base + timedelta(minutes=other)))
                dues = [civil_time.due(at, period, timezone=zone, days=_days("pk")).moment for at in (early, late)]
                assert dues[0] <= dues[1]


@few
@given(moments, st.integers(1, 30), st.sampled_from(PROFILES))
def test_working_days_against_a_naive_reference(start: datetime, count: int, profile: str):
    loaded = api.load(profile)
    zone = ZoneInfo(loaded.identity.timezone)
    assert loaded.calendar is not None
    rest = {
        day: None
        for year in range(2010, 2031)
        for day in [date(year, yearly.month, yearly.day) for yearly in loaded.calendar.yearly]
    } | {holiday.day: None for holiday in loaded.calendar.holidays}
    day, left = start.astimezone(zone).date(), count
    while left:
        day = date.fromordinal(day.toordinal() + 1)
        if day.strftime("%A").lower() not in loaded.identity.weekend and day not in rest:
            left -= 1
    expected = datetime.combine(day, time(23, 59, 59), tzinfo=zone)
    period = Period(count=count, unit=Unit.WORKING_DAYS, ends="end-of-day")
    assert civil_time.due(start, period, timezone=loaded.identity.timezone, days=_days(profile)).moment == expected


@few
@given(moments, st.integers(1, 2000), st.sampled_from(ZONES))
def test_hours_are_hours(start: datetime, count: int, zone: str):
    found = civil_time.due(start, Period(count=count, unit=Unit.HOURS), timezone=zone, days=_days("pk"))
    assert found.moment - start == timedelta(hours=count)


@few
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_clamp_and_never_chain(start: date, count: int):
    found = civil_time.add_months(start, count)
    assert (found.year * 12 + found.month) - (start.year * 12 + start.month) == count
    assert found.day == start.day or (found + timedelta(days=1)).day == 1
    assert found.day <= start.day


verdicts = st.lists(st.sampled_from(list(Truth)), max_size=5)


@few
@given(verdicts, st.data())
def test_knowing_more_never_overturns_what_was_known(values: list[Truth], data: st.DataObject):
    decided = [
        data.draw(st.sampled_from([Truth.TRUE, Truth.FALSE])) if value is Truth.UNKNOWN else value for value in values
    ]
    for join in (truth.all_of, truth.any_of, truth.none_of):
        before = join(Verdict(truth=value, missing=("x",)) for value in values)
        after = join(Verdict(truth=value) for value in decided)
        assert before.truth in (Truth.UNKNOWN, after.truth)
        assert (before.truth is Truth.UNKNOWN) == bool(before.missing)


@st.composite
def _questions(draw: st.DrawFn) -> tuple[api.Profile, date, list[tuple[str, object]]]:
    """A profile, a day, and all facts about one incident, in an order in which they become known."""
    profile = api.load(draw(st.sampled_from(PROFILES)))
    words = frozenset(word.code for word in profile.attributes)
    classes = frozenset(item.code for item in profile.entity_classes)
    facts = {
        "sector": draw(st.sampled_from([sector.code for sector in profile.sectors])),
        "territory": draw(st.sampled_from([territory.code for territory in profile.territories])),
        "classes": draw(st.frozensets(st.sampled_from(sorted(classes)))),
        "taxonomy": draw(st.sampled_from(["malicious-code", "intrusions", "availability", "vulnerable"])),
        "type": draw(st.sampled_from(["c2-server", "infected-system", "system-compromise"])),
        "severity": draw(st.sampled_from(profile.severity_levels)),
        "attributes": api.Attributes.complete(draw(st.frozensets(st.sampled_from(sorted(words))))),
        **{f"impact.{word.code}": draw(st.integers(0, 2_000_000)) for word in profile.measures},
    }
    order = draw(st.permutations(sorted(facts.items())))
    return profile, draw(st.dates(date(2022, 1, 1), date(2028, 1, 1))), list(order)


def _stated(known: dict[str, object]) -> tuple[api.EntityFacts, api.IncidentFacts]:
    impact = {name.removeprefix("impact."): value for name, value in known.items() if name.startswith("impact.")}
    entity = {name: known[name] for name in ("sector", "territory", "classes") if name in known}
    incident = {name: known[name] for name in ("taxonomy", "type", "severity", "attributes") if name in known}
    return api.EntityFacts(**entity), api.IncidentFacts(**incident, impact=impact)  # type: ignore[arg-type]


@fewer
@given(_questions())
def test_adding_a_fact_never_silently_drops_a_duty(question: tuple[api.Profile, date, list[tuple[str, object]]]):
    profile, on, facts = question
    known: dict[str, object] = {}
    before: dict[str, str] = {}
    for name, value in [("", None), *facts]:
        if name:
            known[name] = value
        entity, incident = _stated(known)
        judged = api.duties_considered(profile, entity=entity, incident=incident, on=on)
        listed = {
            stage.duty for stage in api.duties(profile, entity=entity, incident=incident, moments=api.Moments(), on=on)
        }
        now = {judgement.duty: judgement.applies for judgement in judged}
        assert not before or set(now) == set(before), "every duty in use is judged, whatever is known"
        assert listed == {duty for duty, applies in now.items() if applies != "no"}
        for judgement in judged:
            assert before.get(judgement.duty, "unknown") in ("unknown", judgement.applies)
            assert (judgement.applies == "unknown") == bool(judgement.missing)
            if judgement.applies == "no" and before.get(judgement.duty) == "unknown":
                shown = {"taxonomy": "incident.class"}.get(name, name.rpartition(".")[2])
                assert any(fact.endswith(shown) for fact in judgement.because.facts), "the reason names the new fact"
        before = now
    assert "unknown" not in before.values(), "with every fact stated every duty is decided"


@fewer
@given(_questions())
def test_the_same_question_has_the_same_answer(question: tuple[api.Profile, date, list[tuple[str, object]]]):
    profile, on, facts = question
    entity, incident = _stated(dict(facts))
    moments = api.Moments(
        {"awareness": datetime(2026, 3, 1, tzinfo=UTC), "occurrence": datetime(2026, 2, 1, tzinfo=UTC)}
    )
    answers = [
        [stage.as_json() for stage in api.duties(profile, entity=entity, incident=incident, moments=moments, on=on)]
        + [api.responsible(profile, entity=entity, incident=incident, on=on).as_json()]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]


@fewer
@given(_questions())
def test_somebody_leads_and_every_role_has_a_reason(question: tuple[api.Profile, date, list[tuple[str, object]]]):
    profile, on, facts = question
    known = dict(facts[: len(facts) // 2])
    entity, incident = _stated(known)
    answer = api.responsible(profile, entity=entity, incident=incident, on=on)
    national_since = date(2023, 9, 26)  # before the Rules Pakistan had no team that could lead
    assert answer.lead is not None or (profile.name == "pk" and on < national_since)
    teams = {team.code: team for team in profile.teams}
    for role in answer.roles:
        assert role.because.rule
        assert role.because.citation
        assert role.because.status
        assert teams[role.team].state == "operating", "a team that does not work yet is never given a role"
    assert len(answer.teams) == len(answer.roles), "a team has one role: its strongest"
