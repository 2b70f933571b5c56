"""The timeline of an incident, the page on which analysts live: what happened, when, and when it was written down."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Request
from pehra.incidents import api
from pehra.incidents.views import acting
from pehra.incidents.views.frame import heading
from pehra.intel import api as intel
from pehra.kernel.refusals import NotVisible, Refusal

TAB = "timeline"
GAP = timedelta(hours=6)
"""From when on a silence between two events is worth showing."""
STRIP_WIDTH = 1_000
STRIP_MARKS_MAX = 400
SHOWN = ("all", "story", "record")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of an entry's text; `observable` is its normal form when it is one."""

    text: str
    observable: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One moment as the page shows it; `gap` is the silence between it and the one above."""

    moment: api.Moment
    pieces: tuple[Piece, ...]
    gap: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Day:
    """The rows of one of the country's days."""

    day: date
    at: datetime
    rows: tuple[Row, ...]


@require_safe
def listing(request: Request, reference: str) -> HttpResponse:
    """Show the timeline, the latest first."""
    return _page(request, reference)


@require_POST
def do(request: Request, reference: str, what: str) -> HttpResponse:
    """Add a line, correct one, take one back, or pin something."""
    run = acting.known(ACTS, what)
    number = request.POST.get("number", "")
    form = f"{what}-{number}" if number else what

    def done() -> None:
        run(request.POST, {"ref": reference, "by": request.actor, "at": request.at})
        if what == "add":
            api.forget_unsaved(ref=reference, place="timeline", by=request.actor)

    return acting.act(
        request,
        done,
        again=lambda refusal: _page(request, reference, refused=form, refusal=refusal),
        to=f"{reverse('incidents:timeline', args=[reference])}#quick",
    )


def _page(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    shown = request.GET.get("show", "all")
    by_entry = request.GET.get("order") == "entry"
    try:
        moments = api.timeline(reference, shown=shown if shown in SHOWN else "all", by_entry=by_entry, by=request.actor)
        unsaved = api.unsaved(reference, by=request.actor)
    except NotVisible:
        return render(request, "incidents/withheld.html", frame)
    people = {moment.by for moment in moments} | {frame["opened_by"]}
    context = frame | {
        "days": _days(moments, by_entry=by_entry),
        "count": len(moments),
        "strip": _strip(moments),
        "shown": shown if shown in SHOWN else "all",
        "by_entry": by_entry,
        "names": access.names(ids=people, by=request.actor),
        "may_write": _may_write(request, frame),
        "unsaved": unsaved.get("timeline"),
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/timeline.html", context, status=422 if refusal else 200)


def _may_write(request: Request, frame: dict[str, Any]) -> bool:
    """A timeline is written on after the end too: what one learns late belongs there."""
    incident = frame["incident"]
    teams = api.working_teams(incident.roles, otherwise=incident.teams)
    return access.may(request.actor, access.Permission.INCIDENTS_CHANGE, teams=teams)


def _days(moments: Sequence[api.Moment], *, by_entry: bool) -> list[Day]:
    days: list[tuple[date, datetime, list[Row]]] = []
    above: datetime | None = None
    for moment in moments:
        at = moment.entered_at if by_entry else moment.happened_at
        gap = above - at if above is not None and above - at >= GAP else None
        row = Row(moment=moment, pieces=tuple(_pieces(moment.text)), gap=gap)
        local = timezone.localtime(at).date()
        if not days or days[-1][0] != local:
            days.append((local, at, []))
        days[-1][2].append(row)
        above = at
    return [Day(day=day, at=at, rows=tuple(rows)) for day, at, rows in days]


def _pieces(text: str) -> Iterable[Piece]:
    """Cut a text at its observables, so that each is shown in its own direction and leads to what is known of it."""
    here = 0
    for found in intel.observables_in(text) if text else ():
        if found.start >= here:
            yield Piece(text=text[here : found.start])
            yield Piece(text=found.written, observable=found.value)
            here = found.start + len(found.written)
    yield Piece(text=text[here:])


def _strip(moments: Sequence[api.Moment]) -> list[tuple[int, bool]]:
    """Return where each moment stands between the first and the last, and whether a person wrote it."""
    standing = [moment for moment in moments if not moment.is_struck][:STRIP_MARKS_MAX]
    if len(standing) < 2:
        return []
    first = min(moment.happened_at for moment in standing)
    last = max(moment.happened_at for moment in standing)
    length = (last - first).total_seconds() or 1.0
    return [
        (round((moment.happened_at - first).total_seconds() / length * STRIP_WIDTH), bool(moment.number))
        for moment in standing
    ]


def _add(form: QueryDict, to: dict[str, Any]) -> object:
    return api.add_entries(text=form.get("line", ""), **to)


def _correct(form: QueryDict, to: dict[str, Any]) -> object:
    return api.correct_entry(number=_number(form), text=form.get("line", ""), **to)


def _retract(form: QueryDict, to: dict[str, Any]) -> object:
    return api.retract_entry(number=_number(form), reason=form.get("reason", ""), **to)


def _pin(form: QueryDict, to: dict[str, Any]) -> object:
    return api.pin(
        source=form.get("source", ""),
        source_ref=form.get("source_ref", ""),
        text=form.get("line", ""),
        happened_at=acting.moment(form.get("happened_at", ""), field="happened_at"),
        **to,
    )


def _number(form: QueryDict) -> int:
    return acting.number(form.get("number", ""), field="number")


ACTS: dict[str, Callable[[QueryDict, dict[str, Any]], object]] = {
    "add": _add,
    "correct": _correct,
    "retract": _retract,
    "pin": _pin,
}
