"""Pages of incidents: parse, one call, render. What changes an incident answers a form and then shows it again."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.desk import api as desk
from pehra.findings import api as findings
from pehra.incidents import api
from pehra.incidents.views import frame, seen
from pehra.kernel import rsit
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.kernel.spreadsheets import table
from pehra.law import api as law
from pehra.outbox import api as outbox

PAGE_ROWS = 50
EXPORT_ROWS_MAX = 10_000
MEASURE_MAX = 1e12
NOTICES_SHOWN_MAX = 100
ORGANISATION_NOTICES_SHOWN = 5
FILTERS = ("state", "severity", "team", "organisation", "search", "kind")
_UNFILTERED = {"state": "live"}
HOLDS = {"yes": True, "no": False, "": None}
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class MomentField(forms.DateTimeField):
    """A moment as a browser's own field writes it, in the country's zone; in UTC it must still be in the calendar."""

    def clean(self, value: object) -> datetime | None:
        """Return the moment in UTC."""
        moment: datetime | None = super().clean(value)
        try:
            return moment.astimezone(UTC) if moment else None
        except OverflowError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentForm(forms.Form):
    """A moment as a browser's own field writes it, in the country's zone."""

    name = forms.CharField(max_length=200)
    moment = MomentField(input_formats=MOMENT_FORMATS)


class SentForm(forms.Form):
    """Which stage was sent, and when, if not just now."""

    duty = forms.CharField(max_length=100)
    stage = forms.CharField(max_length=100)
    moment = MomentField(input_formats=MOMENT_FORMATS, required=False)


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the incidents the actor may see, newest first."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    filters = _filters(request.GET)
    page = api.incidents(by=request.actor, before=_before(request.GET), limit=PAGE_ROWS, **filters)
    profile = law.load(settings.PEHRA_PROFILE)
    shown = {name: value for name, value in filters.items() if value}
    context = {
        "rows": page.rows,
        "filters": filters,
        "filtered": sum(value != _UNFILTERED.get(name, "") for name, value in filters.items()),
        "states": ["live", *api.State, "merged"],
        "levels": list(reversed(profile.severity_levels)),
        "teams": sorted(request.actor.teams),
        "first": "before" not in request.GET,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'before': page.following})}" if page.following else "",
        "export": f"{reverse('incidents:export')}?{urlencode(shown)}",
        "shelf": desk.shelf(
            place="incidents:list", query=urlencode(shown), here=request.get_full_path(), by=request.actor
        ),
    }
    return render(request, "incidents/list.html", context)


@require_safe
def export(request: Request) -> HttpResponse:
    """Give the same list as a CSV file, for a spreadsheet; the newest ten thousand."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    filters = _filters(request.GET)
    header = ["reference", "title", "state", "severity", "tlp", "lead", "informed", "organisation", "sector"]
    header += ["territory", "opened", "ended", "next_duty", "next_stage", "next_due"]
    rows = api.every_incident(by=request.actor, limit=EXPORT_ROWS_MAX, **filters)
    answer = HttpResponse(table(header, map(_export_row, rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    return answer


@require_safe
def one(request: Request, reference: str) -> HttpResponse:
    """Show one incident with its reasons."""
    return _page(request, reference)


@require_POST
def move(request: Request, reference: str) -> HttpResponse:
    """Move it to another state."""
    to, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    return _act(
        request,
        reference,
        "move",
        lambda: api.move(ref=reference, to=to, reason=reason, by=request.actor, at=request.at),
    )


@require_POST
def severity(request: Request, reference: str) -> HttpResponse:
    """Set its severity by judgement."""
    level, reason = request.POST.get("severity", ""), request.POST.get("reason", "")

    def act() -> None:
        seen.require("severity", request.POST, api.incident(reference, by=request.actor))
        api.set_severity(ref=reference, severity=level, reason=reason, by=request.actor, at=request.at)

    return _act(request, reference, "severity", act)


@require_POST
def moment(request: Request, reference: str) -> HttpResponse:
    """Say when something happened that the law counts from."""

    def act() -> None:
        form = MomentForm(request.POST)
        _require_valid(form)
        api.supply_moment(
            ref=reference,
            name=form.cleaned_data["name"],
            moment=form.cleaned_data["moment"],
            by=request.actor,
            at=request.at,
        )

    return _act(request, reference, "moment", act)


@require_POST
def facts(request: Request, reference: str) -> HttpResponse:
    """State what only a person can know of it: its kind, its attributes, and the harm as measured."""

    def act() -> None:
        profile = law.load(settings.PEHRA_PROFILE)
        said = {word.code: request.POST.get(f"impact-{word.code}", "").strip() for word in profile.measures}
        page = api.incident(reference, by=request.actor)
        seen.require("facts", request.POST, page)
        taxonomy, type = _kind_said(request.POST, page.incident)
        api.state_facts(
            ref=reference,
            taxonomy=taxonomy,
            type=type,
            attributes=_attributes_said(request.POST, page),
            impact={code: _measure(text) for code, text in said.items() if text} or None,
            reason=request.POST.get("reason", ""),
            by=request.actor,
            at=request.at,
        )

    return _act(request, reference, "facts", act)


@require_POST
def stage_sent(request: Request, reference: str) -> HttpResponse:
    """Write down that a stage was sent."""

    def act() -> None:
        form = SentForm(request.POST)
        _require_valid(form)
        said = form.cleaned_data
        api.record_stage_sent(
            ref=reference,
            organisation=request.POST.get("organisation", ""),
            duty=said["duty"],
            stage=said["stage"],
            moment=said["moment"],
            by=request.actor,
            at=request.at,
        )

    return _act(request, reference, "stages", act)


@require_POST
def stage_withdrawn(request: Request, reference: str) -> HttpResponse:
    """Write down, with a reason, that a stage does not arise."""
    said = {name: request.POST.get(name, "") for name in ("duty", "stage", "reason")}
    return _act(
        request, reference, "stages", lambda: api.withdraw_clock(ref=reference, by=request.actor, at=request.at, **said)
    )


def _act(request: Request, reference: str, form: str, act: Callable[[], object]) -> HttpResponse:
    """Do what a form asked; a refusal is shown at that form with what was typed."""
    try:
        act()
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, reference, refused=form, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    # To the head of the page: there stands what has changed, and what comes next.
    return redirect("incidents:one", reference)


def _page(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    page = api.incident(reference, by=request.actor)
    incident = page.incident
    head = api.heading_of(incident, opened_by=page.opened_by, news=page.news, by=request.actor)
    profile = law.load(settings.PEHRA_PROFILE)
    context = {
        "page": page,
        **frame.around(request, head, tab="overview"),
        "moves": [state for state in page.moves if head.may_close or state not in {"closed", "dismissed"}],
        "levels": list(reversed(profile.severity_levels)),
        "level": request.POST.get("severity", "") if refused == "severity" else incident.severity,
        "seen": seen.marks(page),
        "all_moments": api.MOMENTS,
        "profile": profile,
        "attributes": {
            code: request.POST.get(f"attribute-{code}", known) if refused == "facts" else known
            for code, known in _attributes_known(page).items()
        }.items(),
        "kinds": rsit.CLASSES.items(),
        "kind": request.POST.get("kind", "") if refused == "facts" else _kind_known(incident),
        "formats": api.formats_for(Tlp(incident.tlp)),
        "findings": _findings(request, page),
        "notices": _notices(request, incident),
        "names": access.names(ids={entry.by for entry in page.timeline} | {page.opened_by}, by=request.actor),
        "timeline": list(reversed(page.timeline)),
        "sealed": sum(1 for entry in page.timeline if entry.sealed),
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/one.html", context, status=422 if refusal else 200)


def _findings(request: Request, page: api.IncidentPage) -> list[findings.FindingView]:
    if not page.finding_ids or not access.may(request.actor, Permission.FINDINGS_READ):
        return []
    return findings.some(ids=page.finding_ids, by=request.actor)


def _notices(request: Request, incident: api.IncidentView) -> list[outbox.MessageView]:
    """Return what teams were told of the incident, and what its one organisation was told lately."""
    if not access.may(request.actor, Permission.OUTBOX_READ):
        return []
    told = outbox.messages(by=request.actor, about=incident.reference, limit=NOTICES_SHOWN_MAX)
    if incident.organisation:
        known = {message.id for message in told}
        lately = outbox.messages(by=request.actor, organisation=incident.organisation, limit=ORGANISATION_NOTICES_SHOWN)
        told += [message for message in lately if message.id not in known]
    return told


def _filters(query: QueryDict) -> dict[str, str]:
    filters = {name: query.get(name, "").strip()[:200] for name in FILTERS}
    return filters | {name: value for name, value in _UNFILTERED.items() if name not in query}


def _before(query: QueryDict) -> UUID | None:
    text = query.get("before", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="before") from error


def _kind_known(incident: api.IncidentView) -> str:
    return "/".join(word for word in (incident.taxonomy, incident.type) if word)


def _kind_said(typed: QueryDict, incident: api.IncidentView) -> tuple[str, str]:
    """Return the class and type that a form says, where it says others than are known."""
    text = typed.get("kind", "").strip()
    taxonomy, _slash, type = ("" if text == _kind_known(incident) else text).partition("/")
    return taxonomy, type


def _attributes_known(page: api.IncidentPage) -> dict[str, str]:
    """Return the attributes that a person may state, each with what is known of it: yes, no, or nothing.

    That an incident is widespread is counted; a person is asked only where a duty depends on it.
    """
    known = dict.fromkeys(page.attributes or (), "yes") | dict.fromkeys(page.attributes_absent, "no")
    codes = [word.code for word in law.load(settings.PEHRA_PROFILE).attributes]
    return {code: known.get(code, "") for code in codes if code != api.WIDESPREAD or code in page.unknown_attributes}


def _attributes_said(typed: QueryDict, page: api.IncidentPage) -> dict[str, bool | None] | None:
    """Return the attributes of which a form says something else than is known; None when it says nothing new."""
    said: dict[str, bool | None] = {}
    for code, known in _attributes_known(page).items():
        text = typed.get(f"attribute-{code}", known)
        if text not in HOLDS:
            raise Invalid(_("%(text)s is neither yes nor no") % {"text": text}, field="attributes")
        if text != known:
            said[code] = HOLDS[text]
    return said or None


def _measure(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise Invalid(_("%(text)s is not a number") % {"text": text}, field="impact") from error
    if not 0 <= number < MEASURE_MAX:
        raise Invalid(_("%(text)s is not a number") % {"text": text}, field="impact")
    return number


def _require_valid(form: forms.Form) -> None:
    """Refuse with the first thing a form found wrong."""
    for field, errors in form.errors.items():
        raise Invalid(str(errors[0]), field=field)


def _export_row(row: api.IncidentView) -> list[object]:
    clock = row.next_clock
    due: datetime | None = clock.due_at if clock else None
    return [
        row.reference,
        row.title,
        row.state.value,
        row.severity,
        row.tlp,
        row.lead_team,
        " ".join(row.informed),
        row.organisation_name or row.organisation,
        row.sector,
        row.territory,
        row.opened_at.isoformat(),
        row.ended_at.isoformat() if row.ended_at else "",
        clock.duty if clock else "",
        clock.stage if clock else "",
        due.isoformat() if due else "",
    ]
