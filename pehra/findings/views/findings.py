"""Pages of findings: parse, one call, render."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.desk import api as desk
from pehra.findings import api
from pehra.findings.rules.states import MOVES, State
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.kernel.spreadsheets import table
from pehra.law import api as law
from pehra.registry import api as registry

PAGE_ROWS = 50
EXPORT_ROWS_MAX = 20_000
FILTERS = ("state", "sector", "territory", "team", "organisation", "kind", "search")
FILTER_CHARACTERS_MAX = 200
EXPORTED = (
    "id", "subject", "port", "protocol", "taxonomy", "type", "identifier", "malware", "state", "asset", "organisation",
    "sector", "territory", "lead_team", "times", "first_seen", "last_seen",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """Something a person may say of a finding: the state it leads to, who may say it, and the words of its button."""

    code: str
    to: State
    permission: Permission
    label: object


ACTS = (
    Act("fixed", State.FIXED, Permission.FINDINGS_CHANGE, gettext_lazy("It is fixed")),
    Act("verify", State.VERIFIED, Permission.FINDINGS_VERIFY, gettext_lazy("I checked: it is fixed")),
    Act("reopen", State.OPEN, Permission.FINDINGS_CHANGE, gettext_lazy("It is not fixed")),
)


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the findings the actor may see, newest first."""
    access.require(request.actor, Permission.FINDINGS_READ)
    said = chosen(request.GET)
    before = _before(request.GET.get("before", ""))
    rows = api.findings(by=request.actor, filters=filters_of(said), before=before, limit=PAGE_ROWS + 1)
    more, rows = len(rows) > PAGE_ROWS, rows[:PAGE_ROWS]
    shown = {name: value for name, value in said.items() if value}
    profile = law.load(settings.PEHRA_PROFILE)
    context = {
        "rows": rows,
        "organisations": registry.names(sorted({row.organisation for row in rows if row.organisation})),
        "filters": said,
        "filtered": len(shown),
        "states": list(State),
        "sectors": profile.sectors,
        "territories": profile.territories,
        "teams": sorted(request.actor.teams),
        "first": before is None,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'before': rows[-1].id})}" if more else "",
        "export": f"{reverse('findings:export')}?{urlencode(shown)}",
        "shelf": desk.shelf(
            place="findings:list", query=urlencode(shown), here=request.get_full_path(), by=request.actor
        ),
        "acts": [entry for entry in ACTS if access.may(request.actor, entry.permission)],
    }
    return render(request, "findings/list.html", context)


@require_safe
def export(request: Request) -> HttpResponse:
    """Give the same list as a CSV file, for a spreadsheet; the newest twenty thousand."""
    access.require(request.actor, Permission.FINDINGS_READ)
    filters = filters_of(chosen(request.GET))
    rows = api.every_finding(by=request.actor, filters=filters, limit=EXPORT_ROWS_MAX)
    cells = ([_exported(getattr(row, name)) for name in EXPORTED] for row in rows)
    answer = HttpResponse(table(EXPORTED, cells), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="findings.csv"'
    return answer


@require_safe
def one(request: Request, finding_id: UUID) -> HttpResponse:
    """Show one finding with whose it is and why, what was told, and what happened."""
    return _page(request, finding_id)


@require_POST
def act(request: Request, finding_id: UUID, act: str) -> HttpResponse:
    """Say that it is fixed, that this was checked, or that it is not fixed after all."""
    acts: dict[str, Callable[..., object]] = {"fixed": api.mark_fixed, "verify": api.verify, "reopen": api.reopen}
    if act not in acts:
        raise NotVisible(_("There is nothing at this address that you may see."))
    reason = request.POST.get("reason", "")
    try:
        acts[act](finding_id=finding_id, reason=reason, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _page(request, finding_id, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect("findings:one", finding_id)


def _page(request: Request, finding_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    page = api.finding(finding_id=finding_id, by=request.actor)
    finding = page.finding
    acts = [
        entry
        for entry in ACTS
        if entry.to in MOVES[finding.state]
        and access.may(request.actor, entry.permission, teams=finding.teams, organisation=finding.organisation)
    ]
    context = {
        "page": page,
        "finding": finding,
        "organisations": registry.names([finding.organisation] if finding.organisation else []),
        "names": access.names(ids={entry.by for entry in page.history}, by=request.actor),
        "history": list(reversed(page.history)),
        "acts": acts,
        "refusal": refusal,
    }
    return render(request, "findings/one.html", context, status=422 if refusal else 200)


def chosen(query: QueryDict) -> dict[str, str]:
    """Return what a list's filter says, each part cut to what one may be."""
    return {name: query.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in FILTERS}


def filters_of(said: dict[str, str]) -> api.Filters:
    """Return a filter as it was said; an unknown state is refused."""
    state = said["state"]
    return api.Filters(
        unfixed=not state,
        state=_state(state) if state not in ("", "all") else None,
        team=said["team"],
        organisation=said["organisation"],
        sector=said["sector"],
        territory=said["territory"],
        kind=said["kind"],
        search=said["search"],
    )


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError as error:
        raise Invalid(_("This filter is not known."), field="state") from error


def _before(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="before") from error


def _exported(value: object) -> object:
    if isinstance(value, State):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value
