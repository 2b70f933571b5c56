"""Pages of what an incident is about and has to do with: observables, assessment, and what it is joined with."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.findings import api as findings
from pehra.incidents import api
from pehra.incidents.views import acting, frame, seen
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.refusals import Invalid, NotVisible, Refusal
from pehra.law import api as law
from pehra.registry import api as registry

TARGETS_SHOWN = 100
Page = Callable[..., HttpResponse]


@require_safe
def observables(request: Request, reference: str) -> HttpResponse:
    """Show what was seen in an incident, with what else is known of it."""
    return _observables(request, reference)


def _observables(
    request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    context = frame.heading(request, reference, tab="observables")
    rows = api.observables(ref=reference, by=request.actor, at=request.at)
    context |= {
        "rows": rows,
        "verdicts": list(api.Verdict),
        "people": access.names(ids={row.verdict_by for row in rows if row.verdict_by}, by=request.actor),
        **_again(request, refused, refusal),
    }
    return render(request, "incidents/observables.html", context, status=422 if refusal else 200)


@require_safe
def assessment(request: Request, reference: str) -> HttpResponse:
    """Show how grave an incident is and why, whom and what it touches, and how it is marked."""
    return _assessment(request, reference)


def _assessment(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    context = frame.heading(request, reference, tab="assessment")
    page = api.incident(reference, by=request.actor)
    profile = law.load(settings.PEHRA_PROFILE)
    sheet = api.worksheet(ref=reference, by=request.actor)
    sides = {side.organisation: side.name or side.organisation for side in page.sides}
    context |= {
        "page": page,
        "sheet": sheet,
        "lines": [(line, _facts(line)) for line in sheet.lines],
        "by_scale": next((line.level for line in sheet.lines if line.decides), ""),
        "services": request.POST.get("services", "\n".join(page.impact.get("services", ()))),
        "assets": api.assets(ref=reference, by=request.actor),
        "sides": sides,
        "say_of": [side for side in page.sides if side.organisation and side.may_say],
        "all_moments": api.MOMENTS,
        "clocks": [(clock, sides.get(clock.organisation, "")) for clock in _own_clocks(request, reference)],
        "regions": request.POST.getlist("region") if refused == "impact" else page.impact.get("regions", ()),
        "marks": list(Tlp),
        "marked": request.POST if refused == "marking" else {"tlp": page.incident.tlp, "pap": page.incident.pap},
        "seen": seen.marks(page),
        "uses": list(Pap),
        "territories": profile.territories,
        "measures": [(word, page.impact[word.code]) for word in profile.measures if word.code in page.impact],
        "exercise_to": "" if page.incident.exercise else "yes",
        **_again(request, refused, refusal),
    }
    return render(request, "incidents/assessment.html", context, status=422 if refusal else 200)


def _facts(line: law.WorksheetLine) -> list[tuple[str, Any]]:
    """Return the facts that a rule used; what is missing is shown apart."""
    return [(name, value) for name, value in line.facts.items() if name not in line.missing]


def _own_clocks(request: Request, reference: str) -> list[api.ClockView]:
    """Return every clock, with whose it is, where several owe one stage; the page of the incident shows one of them."""
    clocks = api.organisation_clocks(ref=reference, by=request.actor)
    stages = Counter((clock.duty, clock.stage) for clock in clocks)
    return list(clocks) if any(count > 1 for count in stages.values()) else []


@require_safe
def joined(request: Request, reference: str) -> HttpResponse:
    """Show what an incident is merged and linked with, and what could be split off."""
    return _joined(request, reference)


def _joined(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    context = frame.heading(request, reference, tab="joined")
    page = api.incident(reference, by=request.actor)
    incident = page.incident
    teams = api.working_teams(incident.roles, otherwise=incident.teams)
    context |= {
        "page": page,
        "links": api.links(ref=reference, by=request.actor),
        "kinds": sorted(api.LINKS_BY_HAND),
        "targets": _targets(request, incident),
        "findings": findings.some(ids=page.finding_ids, by=request.actor) if _reads_findings(request) else [],
        "observables": api.observables(ref=reference, by=request.actor, at=request.at),
        "may_join": access.may(request.actor, Permission.INCIDENTS_CHANGE, teams=teams),
        "may_split": access.may(request.actor, Permission.INCIDENTS_OPEN, teams=teams),
        "people": access.names(
            ids={who for tie in page.merges for who in (tie.merged_by, tie.undone_by) if who}, by=request.actor
        ),
        **_again(request, refused, refusal),
    }
    return render(request, "incidents/joined.html", context, status=422 if refusal else 200)


def _targets(request: Request, incident: api.IncidentView) -> list[api.IncidentView]:
    kind = "exercise" if incident.exercise else ""
    rows = api.incidents(by=request.actor, state="live", kind=kind, limit=TARGETS_SHOWN).rows
    return [row for row in rows if row.reference != incident.reference]


def _reads_findings(request: Request) -> bool:
    return access.may(request.actor, Permission.FINDINGS_READ)


@require_POST
def observables_do(request: Request, reference: str, what: str) -> HttpResponse:
    """Add observables, judge one, take one out."""
    return _do(request, reference, what, OBSERVABLE_ACTS, _observables, "incidents:observables")


@require_POST
def assessment_do(request: Request, reference: str, what: str) -> HttpResponse:
    """Mark, name what is affected, state the impact."""
    return _do(request, reference, what, ASSESSMENT_ACTS, _assessment, "incidents:assessment")


@require_POST
def joined_do(request: Request, reference: str, what: str) -> HttpResponse:
    """Merge, undo a merge, link, split."""
    return _do(request, reference, what, JOINED_ACTS, _joined, "incidents:joined")


Acts = dict[str, Callable[[QueryDict, dict[str, Any]], object]]


def _do(request: Request, reference: str, what: str, acts: Acts, page: Page, name: str) -> HttpResponse:
    do = acting.known(acts, what)
    who: dict[str, Any] = {"ref": reference, "by": request.actor, "at": request.at}
    return acting.act(
        request,
        lambda: do(request.POST, who),
        again=lambda refusal: page(request, reference, refused=what, refusal=refusal),
        to=f"{reverse(name, args=[reference])}#{what}",
    )


def _again(request: HttpRequest, refused: str, refusal: Refusal | None) -> dict[str, Any]:
    return {"refused": refused, "refusal": refusal, "typed": request.POST}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotVisible(_("There is no such page.")) from error


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _marking(said: QueryDict, who: dict[str, Any]) -> object:
    seen.require("marking", said, api.incident(who["ref"], by=who["by"]))
    return api.change_marking(**_words(said, "tlp", "pap", "reason"), **who)


def _impact(said: QueryDict, who: dict[str, Any]) -> object:
    seen.require("impact", said, api.incident(who["ref"], by=who["by"]))
    return api.state_impact(
        services=_lines(said.get("services", "")),
        regions=said.getlist("region"),
        countries=said.get("countries", "").replace(",", " ").split(),
        reason=said.get("reason", ""),
        **who,
    )


def _split(said: QueryDict, who: dict[str, Any]) -> object:
    parting = api.Parting(
        findings=[_id(text) for text in said.getlist("finding")],
        organisations=said.getlist("organisation"),
        observables=[_id(text) for text in said.getlist("observable")],
    )
    return api.split(title=said.get("title", ""), parting=parting, reason=said.get("reason", ""), **who)


def _own_moment(said: QueryDict, who: dict[str, Any]) -> object:
    moment = acting.moment(said.get("moment", ""), field="moment")
    if moment is None:
        raise Invalid(_("This is no moment."), field="moment")
    return api.supply_moment(moment=moment, **_words(said, "name", "organisation"), **who)


def _words(said: QueryDict, *names: str) -> dict[str, Any]:
    return {name: said.get(name, "") for name in names}


OBSERVABLE_ACTS: Acts = {
    "add": lambda said, who: api.add_observables(**_words(said, "text", "note"), **who),
    "judge": lambda said, who: api.judge_observable(
        observable_id=_id(said.get("observable", "")), **_words(said, "verdict", "note"), **who
    ),
    "remove": lambda said, who: api.remove_observable(
        observable_id=_id(said.get("observable", "")), **_words(said, "reason"), **who
    ),
}
ASSESSMENT_ACTS: Acts = {
    "marking": _marking,
    "exercise": lambda said, who: api.mark_exercise(
        exercise=said.get("exercise") == "yes", **_words(said, "reason"), **who
    ),
    "affect": lambda said, who: api.affect(
        organisation=registry.code_of(said.get("organisation", ""), by=who["by"]), **_words(said, "reason"), **who
    ),
    "unaffect": lambda said, who: api.unaffect(**_words(said, "organisation", "reason"), **who),
    "asset": lambda said, who: api.add_asset(**_words(said, "organisation", "name", "note"), **who),
    "asset-out": lambda said, who: api.remove_asset(**_words(said, "organisation", "name", "reason"), **who),
    "impact": _impact,
    "moment": _own_moment,
    "sent": lambda said, who: api.record_stage_sent(
        moment=acting.moment(said.get("moment", ""), field="moment"),
        **_words(said, "duty", "stage", "organisation"),
        **who,
    ),
    "withdrawn": lambda said, who: api.withdraw_clock(**_words(said, "duty", "stage", "organisation", "reason"), **who),
}
JOINED_ACTS: Acts = {
    "merge": lambda said, who: api.merge(**_words(said, "into", "reason"), **who),
    "unmerge": lambda said, who: api.unmerge(
        reason=said.get("reason", ""), **(who | {"ref": said.get("part", "") or who["ref"]})
    ),
    "link": lambda said, who: api.link(**_words(said, "other", "kind", "note"), **who),
    "unlink": lambda said, who: api.unlink(**_words(said, "other", "kind", "reason"), **who),
    "split": _split,
}
