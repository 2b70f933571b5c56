"""The inbox: what was reported to one's teams, and what becomes of it.

One way to act: reports are chosen (one on its page, some in the queue, or all that the filter finds), the act is looked
at where it concerns many, and its page offers the way back.
"""

import re
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

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
from pehra.intake import api
from pehra.intake.views import form_fields
from pehra.kernel.actors import Actor
from pehra.kernel.clock import parse_time
from pehra.kernel.identifiers import parse_id
from pehra.kernel.refusals import Invalid, NotVisible, Refusal
from pehra.kernel.rsit import CLASSES
from pehra.law import api as law
from pehra.registry import api as registry

_IS_CODE = re.compile("(?=.*[0-9-])[a-z0-9-]+").fullmatch
PAGE_ROWS = 50
PLACE = "intake:list"
SHOWN_FILTERS = ("state", "team", "channel", "assignee", "sector", "observable", "search")
FILTER_CHARACTERS_MAX = 300
FILE_DIGITS_MAX = 15
BULK = (api.Act.DISMISS, api.Act.MERGE, api.Act.JOIN, api.Act.HAND_OVER, api.Act.REOPEN)
"""What the queue offers for many; taking needs no look before, since it is taken back with one press."""


@require_safe
def listing(request: Request) -> HttpResponse:
    """Show what waits, newest first."""
    access.require(request.actor, Permission.INTAKE_READ)
    said = _said(request.GET)
    page = api.reports(by=request.actor, filters=api.parse_filters(said), before=_before(request.GET), limit=PAGE_ROWS)
    context = {
        "page": page,
        "rows": page.rows,
        "filters": {name: said.get(name, "") for name in SHOWN_FILTERS},
        "said": said,
        "filtered": len(said),
        "states": list(api.State),
        "channels": list(api.Channel),
        "sectors": law.load(settings.PEHRA_PROFILE).sectors,
        "teams": sorted(request.actor.teams),
        "acts": BULK,
        "may_decide": access.may(request.actor, Permission.INTAKE_TRIAGE),
        # What a team only reads is not chosen for a decision that would be refused.
        "chooseable": {
            row.reference
            for row in page.rows
            if access.may(request.actor, Permission.INTAKE_TRIAGE, teams=row.deciding_teams)
        },
        "first": "before" not in request.GET,
        "newest": f"?{urlencode(said)}",
        "older": f"?{urlencode(said | {'before': page.following})}" if page.following else "",
        "shelf": desk.shelf(place=PLACE, query=urlencode(said), here=request.get_full_path(), by=request.actor),
    }
    return render(request, "intake/list.html", context)


@require_safe
def one(request: Request, reference: str) -> HttpResponse:
    """Show one report with what came in, what is like it, and what may become of it."""
    access.require(request.actor, Permission.INTAKE_READ)
    return _one(request, reference)


def _one(request: Request, reference: str, *, refused: str = "", refusal: Refusal | None = None) -> HttpResponse:
    page = api.report(reference, by=request.actor)
    profile = law.load(settings.PEHRA_PROFILE)
    people = {act.acted_by for act in page.acts} | {entry.by for entry in page.timeline} | {page.reported_by}
    context = {
        "page": page,
        "report": page.report,
        "names": access.names(ids=people | {page.report.assignee}, by=request.actor),
        "timeline": list(reversed(page.timeline)),
        "answers": form_fields.answers(page.answers, besides=page.description),
        "impact": [
            (form_fields.named(word.name, word.name_local), page.impact[word.code])
            for word in profile.measures
            if word.code in page.impact
        ],
        "moments": [(name, parse_time(said)) for name, said in page.moments.items()],
        "kinds": list(CLASSES),
        "levels": list(reversed(profile.severity_levels)),
        "teams": profile.teams,
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "intake/one.html", context, status=422 if refusal else 200)


@require_POST
def act(request: Request, reference: str) -> HttpResponse:
    """Decide about one report; a refusal is shown at the form that asked, with what was typed."""
    access.require(request.actor, Permission.INTAKE_READ)
    wanted = request.POST.get("act", "")
    try:
        if wanted == api.Act.OPEN:
            return _opened(request, reference)
        done = _do(wanted, api.Chosen(references=(reference,)), request)
    except Invalid as refusal:
        return _one(request, reference, refused=wanted, refusal=refusal)
    except api.MoveRefused as refusal:
        return _one(request, reference, refused=wanted, refusal=refusal)
    messages.success(request, _("Written down, and in the ledger."))
    return redirect(f"{reverse('intake:one', args=[reference])}#{done.act.value}")


def _opened(request: Request, reference: str) -> HttpResponse:
    said = request.POST
    opened = api.open_incident(
        reference=reference,
        title=said.get("title", ""),
        organisations=_organisations(said.get("organisations", ""), by=request.actor) or None,
        taxonomy=said.get("taxonomy", ""),
        severity=said.get("severity", ""),
        exercise=said.get("exercise") == "yes",
        reason=said.get("reason", ""),
        by=request.actor,
        at=request.at,
    )
    messages.success(request, _("An incident is open: %(reference)s.") % {"reference": opened.reference})
    return redirect("incidents:one", opened.reference)


def _organisations(text: str, *, by: Actor) -> list[str]:
    """Return the codes of what was named, each by name or code, with commas between; codes alone may do without."""
    found: list[str] = []
    for piece in filter(str.strip, re.split("[,،;\n]", text)):
        code = registry.code_of(piece, field="organisations", by=by)
        found += code.split() if " " in code and all(map(_IS_CODE, code.split())) else [code]
    return found


@require_POST
def read_news(request: Request, reference: str) -> HttpResponse:
    """Say that what was added since the decision was read."""
    access.require(request.actor, Permission.INTAKE_READ)
    api.read_news(reference=reference, by=request.actor, at=request.at)
    return redirect("intake:one", reference)


@require_POST
def take(request: Request) -> HttpResponse:
    """Take what is chosen in the queue: it is the reader's from now on, or nobody's again."""
    access.require(request.actor, Permission.INTAKE_READ)
    try:
        done = api.assign(chosen=_chosen(request.POST), assignee=request.actor.id, by=request.actor, at=request.at)
    except Refusal as refusal:
        return _refused(request, refusal)
    return redirect("intake:act", done.token)


@require_POST
def preview(request: Request) -> HttpResponse:
    """Show what an act on what is chosen would do; nothing is changed yet."""
    access.require(request.actor, Permission.INTAKE_READ)
    return _preview(request)


def _preview(request: Request, *, refusal: Refusal | None = None) -> HttpResponse:
    wanted = request.POST.get("act", "")
    try:
        shown = api.preview(act=wanted, chosen=_chosen(request.POST), by=request.actor)
    except Refusal as refused:
        return _refused(request, refused)
    context = {
        "preview": shown,
        "fields": _fields(request.POST, shown),
        "teams": law.load(settings.PEHRA_PROFILE).teams,
        "back": _queue(request.POST),
        "typed": request.POST,
        "refusal": refusal,
    }
    return render(request, "intake/many.html", context, status=422 if refusal else 200)


@require_POST
def do(request: Request) -> HttpResponse:
    """Do an act on what was looked at."""
    access.require(request.actor, Permission.INTAKE_READ)
    try:
        done = _do(request.POST.get("act", ""), _chosen(request.POST), request)
    except Refusal as refusal:
        return _preview(request, refusal=refusal)
    return redirect("intake:act", done.token)


@require_safe
def done(request: Request, token: UUID) -> HttpResponse:
    """Show an act that was done, and the way back."""
    access.require(request.actor, Permission.INTAKE_READ)
    return _done(request, token)


@require_POST
def undo(request: Request, token: UUID) -> HttpResponse:
    """Take an act back."""
    access.require(request.actor, Permission.INTAKE_READ)
    try:
        undone = api.undo(token=token, by=request.actor, at=request.at)
    except (Invalid, api.MoveRefused) as refusal:
        return _done(request, token, refusal=refusal)
    said = {"count": undone.count, "left": len(undone.left)}
    messages.success(request, _("Taken back: %(count)s as before, %(left)s decided about since.") % said)
    return redirect("intake:act", token)


def _done(request: Request, token: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    kept = api.triage_act(token=token, by=request.actor)
    context = {
        "act": kept.act,
        "reports": kept.reports,
        "names": access.names(ids={kept.act.acted_by}, by=request.actor),
        "refusal": refusal,
    }
    return render(request, "intake/done.html", context, status=422 if refusal else 200)


def _do(wanted: str, chosen: api.Chosen, request: Request) -> api.Done:
    """Do one of the acts that may be done to many, with what its form said."""
    said: QueryDict = request.POST
    reason = said.get("reason", "")
    acts: dict[str, Callable[..., api.Done]] = {
        api.Act.DISMISS: lambda **at: api.dismiss(chosen=chosen, reason=reason, **at),
        api.Act.REOPEN: lambda **at: api.reopen(chosen=chosen, reason=reason, **at),
        api.Act.MERGE: lambda **at: api.merge(chosen=chosen, into=said.get("into", ""), reason=reason, **at),
        api.Act.JOIN: lambda **at: api.join(chosen=chosen, incident=said.get("incident", ""), reason=reason, **at),
        api.Act.HAND_OVER: lambda **at: api.hand_over(chosen=chosen, team=said.get("team", ""), reason=reason, **at),
        api.Act.ASSIGN: lambda **at: api.assign(chosen=chosen, assignee=_assignee(said, request.actor), **at),
    }
    if wanted not in acts:
        raise Invalid(_("There is no such act."), field="act")
    return acts[wanted](by=request.actor, at=request.at)


def _assignee(said: QueryDict, by: Actor) -> str:
    return by.id if said.get("assignee") == "me" else ""


def _chosen(said: QueryDict) -> api.Chosen:
    """Return which reports are meant: all that the queue's filter finds, or those chosen in it."""
    if said.get("all") == "yes":
        up_to = said.get("up_to", "")
        return api.Chosen(filters=api.parse_filters(_said(said)), up_to=parse_id(up_to) if up_to else None)
    references = tuple(said.getlist("chosen"))
    if not references:
        raise Invalid(_("Choose at least one, or all that the filter finds."), field="chosen")
    return api.Chosen(references=references)


def _fields(said: QueryDict, shown: api.Preview) -> list[tuple[str, str]]:
    """Return what the confirming form says again: reports that came in after the look are not meant."""
    if said.get("all") == "yes":
        return [("all", "yes"), ("up_to", str(shown.up_to or "")), *_said(said).items()]
    return [("chosen", text) for text in said.getlist("chosen")]


def _said(query: QueryDict) -> dict[str, str]:
    names = api.FILTER_NAMES
    said = {name: query.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in names}
    return {name: value for name, value in said.items() if value}


def _queue(said: QueryDict) -> str:
    return f"{reverse('intake:list')}?{urlencode(_said(said))}"


def _refused(request: Request, refusal: Refusal) -> HttpResponse:
    if not isinstance(refusal, Invalid | api.MoveRefused):
        raise refusal
    messages.error(request, refusal.message)
    return redirect(_queue(request.POST))


def _before(query: QueryDict) -> UUID | None:
    text = query.get("before", "")
    return parse_id(text) if text else None


@require_POST
@access.recently_authenticated()
def give_out(request: Request, reference: str, number: int) -> HttpResponse:
    """Show the password of a sealed file, once, with the button that gives the file out."""
    access.require(request.actor, Permission.INTAKE_TRIAGE)
    offer = api.offer(reference=reference, number=number, file=_file(request.POST), by=request.actor)
    return render(request, "intake/out.html", {"offer": offer})


@require_POST
@access.recently_authenticated()
def sealed(request: Request, reference: str, number: int) -> HttpResponse:
    """Give out what came in as an encrypted zip; the ledger has it before the first byte leaves."""
    given = api.give_out(
        reference=reference,
        number=number,
        file=_file(request.POST),
        password=request.POST.get("password", ""),
        by=request.actor,
        at=request.at,
    )
    answer = HttpResponse(given.content, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{given.name}"'
    return answer


def _file(said: QueryDict) -> int | None:
    """Return which file of a submission is meant; where none is named, the submission itself."""
    text = said.get("file", "")
    if text and not (text.isdecimal() and len(text) < FILE_DIGITS_MAX):
        raise NotVisible(_("There is nothing at this address that you may see."))
    return int(text) if text else None
