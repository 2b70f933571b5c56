"""The atoms of every page: marks, moments, identifiers, reasons.

Each says its meaning in a word and a shape beside its colour, and isolates what it shows, so that an address inside an
Urdu sentence is never scrambled. No tag starts a query.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from django import template
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from pehra.law import api as law
from pehra.web.rules.shades import shade as shade_of
from pehra.web.rules.spans import Span, Urgency, until
from pehra.web.words import CHANGED_IN
from pehra.web.words import word as word_of

register = template.Library()

NOTHING = format_html("<span class=quiet>{}</span>", "–")
_SHORT_NAME = re.compile(r"\(([A-Za-z0-9 -]{2,12})\)$")


@register.simple_tag
def icon(name: str, *, turns: bool = False) -> SafeString:
    """Return a shape of the sprite; it carries no meaning alone. `turns` mirrors an arrow with the text."""
    extra = " flip" if turns else ""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 16 16" aria-hidden="true"><use href="{}#{}"/></svg>',
        extra,
        static("web/icons.svg"),
        name,
    )


@register.simple_tag
def ident(text: object) -> SafeString:
    """Return an identifier, address or hash: its own direction, its own letters."""
    return format_html('<bdi class="id" dir="ltr">{}</bdi>', text) if text not in ("", None) else NOTHING


@register.simple_tag
def said(text: object) -> SafeString:
    """Return what somebody wrote, in whatever direction they wrote it."""
    return format_html("<bdi>{}</bdi>", text) if text not in ("", None) else NOTHING


@register.simple_tag
def comma() -> str:
    """Return what stands between the entries of a list in the reader's script."""
    return "، " if get_language_bidi() else ", "


@register.simple_tag
def semicolon() -> str:
    """Return what stands between the sentences of a remark in the reader's script."""
    return "؛ " if get_language_bidi() else "; "


@register.simple_tag
def number(value: int | None) -> SafeString:
    """Return a number with its thousands apart, isolated."""
    if value is None:
        return NOTHING
    return format_html('<span class="n" dir="ltr">{}</span>', format_decimal(value, locale=_locale()))


@register.simple_tag
def moment(value: datetime | None, form: str = "short") -> SafeString:
    """Return a moment in the country's zone, with UTC beside it for the mouse; `form`: short, full, day or time."""
    if value is None:
        return NOTHING
    utc = value.astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%d %H:%M:%S UTC")
    patterns = {"short": "d MMM HH:mm", "full": "d MMMM yyyy, HH:mm", "day": "d MMMM yyyy", "time": "HH:mm"}
    text = _formatted(value, patterns[form])
    return format_html('<time datetime="{}" title="{}"><bdi>{}</bdi></time>', value.isoformat(), utc, text)


@register.simple_tag
def weekday(value: datetime) -> SafeString:
    """Return a moment as people say it: weekday, day, month, year, time."""
    text = _formatted(value, "EEEE d MMMM yyyy, HH:mm")
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', value.isoformat(), text)


@register.simple_tag
def word(table: str, code: object) -> str:
    """Return a code in the reader's words."""
    return word_of(table, code) if code else ""


@register.simple_tag
def became(event: str, before: object, after: object) -> str:
    """Return a change that an event tells of, in the reader's words; the arrow goes the way that is read."""
    table = CHANGED_IN.get(event, "")
    said = [word_of(table, code) if table else plain_code(code) for code in (before or "", after)]
    return f" {'←' if get_language_bidi() else '→'} ".join(said)


@register.simple_tag
def severity(level: str) -> SafeString:
    """Return a severity as a chip: word, shape, colour; one not known says so."""
    if not level:
        return _chip("open", "dash", _("not judged"))
    kind = level if level in {"critical", "high", "medium", "low"} else "open"
    return _chip(kind, kind, word_of("severity", level))


@register.simple_tag
def tlp(marking: str) -> SafeString:
    """Return a TLP 2.0 label in the colours the standard fixes."""
    label = str(marking)
    colour = label.removeprefix("TLP:").split("+")[0].lower()
    return format_html('<span class="tlp {}">{}</span>', colour, label)


@register.simple_tag
def state(table: str, code: str) -> SafeString:
    """Return where an incident, finding or message stands, as a chip."""
    done = {
        "done",
        "skipped",
        "given",
        "accepted",
        "carried-out",
        "closed",
        "verified",
        "dismissed",
        "sent",
        "delivered",
        "met",
        "met-late",
        "withdrawn",
    }
    failed = {"failed", "refused", "overdue", "returned"}
    kind, shape = ("done", "check") if code in done else ("critical", "cross") if code in failed else ("open", "open")
    return _chip(kind, shape, word_of(table, code))


@register.simple_tag
def left(due: datetime | None, at: datetime, done: bool = False) -> SafeString:
    """Return the time left on a clock, in words; overdue first, calm when it is far."""
    if done:
        return format_html('<span class="left calm">{}{}</span>', icon("check"), _("sent"))
    if due is None:
        return format_html('<span class="left calm">{}{}</span>', icon("dash"), _("not known"))
    span = until(due, at=at)
    text = _length(span)
    said_as = _("overdue %(length)s") % {"length": text} if span.urgency is Urgency.OVER else text
    shape = "cross" if span.urgency is Urgency.OVER else "clock"
    return format_html('<span class="left {}">{}<bdi>{}</bdi></span>', span.urgency.value, icon(shape), said_as)


@register.simple_tag
def lasted(length: timedelta) -> str:
    """Return how long something lasted, as its two largest units."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    return _length(until(start + length, at=start))


@register.simple_tag
def stage(clock_state: str, name: str) -> SafeString:
    """Return one statutory stage as a cell of its row: sent, due, overdue, unknown or not yet."""
    kinds = {
        "met": ("sent", "check"),
        "met-late": ("sent", "check"),
        "overdue": ("over", "cross"),
        "due-soon": ("due", "clock"),
        "due_soon": ("due", "clock"),
        "unknown": ("unknown", "question"),
    }
    kind, shape = kinds.get(clock_state, ("not", "dash"))
    text = f"{name}: {word_of('clock', clock_state)}"
    return format_html('<li class="{}" title="{}">{}<span class="hidden">{}</span></li>', kind, text, icon(shape), text)


@register.simple_tag
def shade(value: int, largest: int) -> str:
    """Return the class of a heat cell."""
    return f"q{shade_of(value, largest=largest)}"


@register.simple_tag
def bar(value: int, largest: int) -> SafeString:
    """Return a bar as long as a value's share of the largest; the number stands beside it in the table."""
    width = max(1, value * 100 // largest) if largest and value else 0
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="8" rx="1"/></svg>',
        width,
    )


@register.simple_tag
def control_score(percent: int | None, gaps: int, band: str) -> SafeString:
    """Return what an assessment came to: the number, and beside it in a word whether a critical control is missing."""
    kinds = {"gap": ("critical", "cross"), "weak": ("high", "high"), "fair": ("medium", "medium")}
    kind, shape = kinds.get(str(band), ("done", "check") if str(band) == "strong" else ("open", "dash"))
    shown = NOTHING if percent is None else format_html('<b class="n" dir="ltr">{}</b>', _percent(percent))
    said_as = ngettext("%(n)d critical control missing", "%(n)d critical controls missing", gaps) % {"n": gaps}
    return format_html("{} {}", shown, _chip(kind, shape, said_as if gaps else word_of("band", band)))


@register.simple_tag
def trend_line(points: Sequence[Any]) -> SafeString:
    """Return reviewed assessments in time as a line; their numbers stand beside it. A square is a critical gap."""
    known = [point for point in points if point.percent is not None]
    if not known:
        return format_html("")
    begin, end = known[0].day, known[-1].day
    length = max(1, (end - begin).days)
    places = []
    for point in known:
        along = 4 + 192 * ((point.day - begin).days / length if len(known) > 1 else 1)
        across = 196 - along + 4 if get_language_bidi() else along
        places.append((round(across, 1), round(44 - point.percent * 0.4, 1), point))
    line = " ".join(f"{x},{y}" for x, y, _point in places)
    marks = format_html_join("", "{}", ((_mark(x, y, point),) for x, y, point in places))
    said_as = ", ".join(f"{point.day.isoformat()}: {point.percent}" for point in known)
    return format_html(
        '<svg class="trend" viewBox="0 0 200 48" role="img" aria-label="{}">'
        '<path class="scale" d="M0 4H200M0 24H200M0 44H200"/><polyline points="{}"/>{}</svg>',
        said_as,
        line,
        marks,
    )


def _mark(x: float, y: float, point: Any) -> SafeString:
    told = f"{point.day.isoformat()}: {_percent(point.percent)}"
    if point.gaps:
        return format_html(
            '<rect class="gap" x="{}" y="{}" width="5" height="5"><title>{}</title></rect>', x - 2.5, y - 2.5, told
        )
    return format_html('<circle cx="{}" cy="{}" r="2.5"><title>{}</title></circle>', x, y, told)


def _percent(value: int) -> str:
    return str(format_percent(value / 100, locale=_locale()))


@register.simple_tag
def team(code: str) -> SafeString:
    """Return a team by its name in the reader's language, short where it says how it is shortened; else by its code."""
    if not code:
        return format_html("<span class=quiet>{}</span>", _("nobody yet"))
    for record in law.load(settings.PEHRA_PROFILE).teams:
        if record.code == code:
            name = record.name_local if record.name_local and _locale() != "en" else record.name
            short = _SHORT_NAME.search(name)
            return format_html('<bdi title="{}">{}</bdi>', name, short.group(1)) if short else said(name)
    return ident(code)


@register.simple_tag
def scope(text: str) -> SafeString:
    """Return how far a grant reaches (`team:pkcert`, `national`) in words, with the team's name."""
    kind, _colon, code = str(text).partition(":")
    said_code = team(code) if kind in ("team", "guided") else ident(code)
    return format_html("{} {}", word("scope", kind), said_code) if code else format_html("{}", word("scope", kind))


@register.simple_tag
def sector(code: str) -> SafeString:
    """Return a sector by its name."""
    return _named("sectors", code)


@register.simple_tag
def territory(code: str) -> SafeString:
    """Return a territory by its name."""
    return _named("territories", code)


@register.simple_tag
def local(name: str, name_local: str) -> SafeString:
    """Return a name in the reader's script when there is one."""
    return said(local_text(name, name_local))


@register.simple_tag
def local_text(name: str, name_local: str) -> str:
    """Return the same as text alone: a page's title holds no markup."""
    return name_local if name_local and _locale() != "en" else name


@register.simple_tag
def actor(identifier: str, names: Mapping[str, str]) -> SafeString:
    """Return who acted: a name the reader may know, Pehra itself, or that it was somebody of another team."""
    if identifier in names:
        return said(names[identifier])
    if identifier.startswith("pehra."):
        return format_html("{}", _("Pehra"))
    return format_html('<span class="quiet">{}</span>', _("somebody of another team"))


@register.simple_tag
def organisation(code: str, names: Mapping[str, str]) -> SafeString:
    """Return an organisation by its name, leading to its page."""
    if not code:
        return format_html('<span class="quiet">{}</span>', _("not known"))
    address = reverse("registry:organisation", args=[code])
    return format_html('<a href="{}"><bdi>{}</bdi></a>', address, names.get(code, code))


@register.simple_tag
def team_type(code: str) -> SafeString:
    """Return a type of team by its name."""
    return _named("team_types", code)


@register.simple_tag
def team_state(code: str) -> SafeString:
    """Return whether a team works, as a chip."""
    kind, shape = ("done", "check") if code == "operating" else ("open", "clock")
    return _chip(kind, shape, word_of("team_state", code))


@register.simple_tag
def standing(code: str) -> SafeString:
    """Return what the registry knows of an observable, as a chip."""
    kind, shape = {"owned": ("done", "check"), "unowned": ("medium", "question")}.get(code, ("open", "dash"))
    return _chip(kind, shape, word_of("standing", code))


@register.simple_tag
def attribute(code: str) -> SafeString:
    """Return an attribute of incidents by its name."""
    return _named("attributes", code)


@register.simple_tag
def duty(code: str) -> SafeString:
    """Return a duty of the law by its name."""
    return _named("duties", code)


@register.simple_tag
def duty_stage(duty_code: str, stage_code: str) -> str:
    """Return a stage of a duty by its name, as text."""
    for record in law.load(settings.PEHRA_PROFILE).duties:
        for step in record.stages:
            if (record.code, step.code) == (duty_code, stage_code):
                return step.name_local if step.name_local and _locale() != "en" else step.name
    return plain_code(stage_code)


@register.simple_tag
def start(code: str) -> str:
    """Return what the law counts from, in words; `<duty>/<stage>:due` names a stage's own time."""
    duty_code, _slash, rest = code.partition("/")
    stage_code, _colon, end = rest.partition(":")
    if not end:
        return word_of("moment", code)
    text = _("%(stage)s is due") if end == "due" else _("%(stage)s starts")
    return text % {"stage": duty_stage(duty_code, stage_code)}


@register.simple_tag
def receiver(name: str, email: str) -> SafeString:
    """Return who receives a message: a team by its name, else the name or address written on it."""
    if any(record.code == name for record in law.load(settings.PEHRA_PROFILE).teams):
        return team(name)
    return said(name or email)


@register.simple_tag
def body(code: str) -> SafeString:
    """Return a team, an authority or a class of entities by its name: whoever owes or is owed something."""
    profile = law.load(settings.PEHRA_PROFILE)
    for kind in ("teams", "authorities", "entity_classes", "team_types"):
        if any(record.code == code for record in getattr(profile, kind)):
            return _named(kind, code)
    return said(word_of("body", code)) if code else NOTHING


@register.simple_tag
def period(count: int, unit: str) -> SafeString:
    """Return a period of the law, number first, as the law counts it."""
    return format_html('<span class="nowrap">{} {}</span>', number(count), word_of("unit", unit))


@register.simple_tag
def chooser(team_or_selector: str) -> SafeString:
    """Return which team a rule names: one by name, or the one of the sector, territory or type."""
    match team_or_selector.partition(":"):
        case ("@sector", _sep, _kind):
            return format_html("{}", _("the team of its sector"))
        case ("@territory", _sep, _kind):
            return format_html("{}", _("the team of its territory"))
        case ("@type", _sep, kind):
            return _named("team_types", kind)
    return team(team_or_selector)


@register.filter
def grouped(value: int) -> str:
    """Return a number with its thousands apart, for a place inside a sentence."""
    return str(format_decimal(value, locale=_locale()))


@register.filter
def plain_code(value: object) -> str:
    """Return a code's words apart: for a name that has no translation."""
    return str(value).replace("_", " ").replace("-", " ")


def _chip(kind: str, shape: str, text: str) -> SafeString:
    return format_html('<span class="chip {}">{}{}</span>', kind, icon(shape), text)


def _formatted(value: datetime, pattern: str) -> str:
    """Return a moment in the country's zone by a pattern, with the comma of the reader's script."""
    pattern = pattern.replace(",", "،") if get_language_bidi() else pattern
    return format_datetime(timezone.localtime(value), pattern, locale=_locale())


def _locale() -> str:
    """Return the language for dates and numbers, without a region."""
    return (get_language() or "en").split("-")[0]


def _named(kind: str, code: str) -> SafeString:
    if not code:
        return NOTHING
    for record in getattr(law.load(settings.PEHRA_PROFILE), kind):
        if record.code == code:
            return local(record.name, record.name_local)
    return ident(code)


def _length(span: Span) -> str:
    """Return a length of time as its two largest units."""
    days = ngettext("%(n)d day", "%(n)d days", span.days) % {"n": span.days}
    hours = _("%(n)d h") % {"n": span.hours}
    minutes = _("%(n)d min") % {"n": span.minutes}
    if span.days:
        return f"{days} {hours}" if span.hours and span.days < 10 else days
    return f"{hours} {minutes}" if span.hours else minutes
