"""Pages of evidence: what an incident has, one piece with its custody log, giving one out, and its end.

Nothing of a file is ever shown. It leaves as an encrypted zip, to who proved just now who they are and said why; the
password stands in one page, once, and is kept nowhere. Who destroys one proves anew as well who they are.
"""

import json
import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request, recently_authenticated
from pehra.incidents import api
from pehra.incidents.rules.disposal import Outcome
from pehra.incidents.rules.evidence import GIVEN_OUT_BYTES_MAX, WORDS_CHARACTERS_MAX
from pehra.incidents.views.acting import moment
from pehra.incidents.views.frame import heading
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Gone, Invalid, NotVisible, Refusal

TAB = "evidence"
PASSWORD_BYTES = 10
NUMBER_DIGITS_MAX = 5
MEBIBYTE = 1024 * 1024


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: Request, reference: str) -> HttpResponse:
    """Show what an incident has as evidence; take a file in."""
    if request.method != "POST":
        return _listing(request, reference)
    try:
        piece = _take(request, reference)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _listing(request, reference, refusal=refusal)
    messages.success(
        request, _("Kept as %(label)s. SHA-256 %(sha256)s") % {"label": piece.label, "sha256": piece.sha256}
    )
    return redirect("incidents:evidence", reference)


def _take(request: Request, reference: str) -> api.EvidenceView:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Invalid(_("Choose a file."), field="file")
    return api.add_evidence(
        ref=reference,
        name=file.name or "",
        content=file.chunks(),
        source=request.POST.get("source", ""),
        about=request.POST.get("about", ""),
        collected_at=moment(request.POST.get("collected_at", ""), field="collected_at"),
        tlp=_tlp(request.POST.get("tlp", "")),
        limit=settings.PEHRA_REQUEST_BYTES_MAX,
        by=request.actor,
        at=request.at,
    )


def _listing(request: Request, reference: str, *, refusal: Refusal | None = None) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    pieces = _readable(request, reference)
    context = frame | {
        "pieces": pieces,
        "withheld": pieces is None,
        "may_take": pieces is not None and _may(request, frame, Permission.INCIDENTS_CHANGE),
        "people": access.names(ids={piece.added_by for piece in pieces or ()}, by=request.actor),
        "megabytes": settings.PEHRA_REQUEST_BYTES_MAX // MEBIBYTE,
        "marks": list(Tlp),
        "words_max": WORDS_CHARACTERS_MAX,
        "today": request.at.date(),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/evidence.html", context, status=422 if refusal else 200)


def _readable(request: Request, reference: str) -> list[api.EvidenceView] | None:
    """Return the evidence, or None for who sees the incident and does not work on it."""
    try:
        return api.evidence(reference, by=request.actor)
    except Forbidden:
        return None


def _may(request: Request, frame: dict[str, Any], permission: Permission) -> bool:
    return access.may(request.actor, permission, teams=_teams(frame))


def _teams(frame: dict[str, Any]) -> list[str]:
    return api.working_teams(frame["incident"].roles, otherwise=frame["incident"].teams)


@require_safe
def one(request: Request, reference: str, number: int) -> HttpResponse:
    """Show one piece with its custody log."""
    return _one(request, reference, number)


def _one(
    request: Request, reference: str, number: int, *, refused: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    frame = heading(request, reference, tab=TAB)
    piece = api.one_evidence(reference, number, by=request.actor)
    context = frame | {
        "piece": piece,
        "log": list(reversed(piece.custody)),
        "may_work": _may(request, frame, Permission.INCIDENTS_CHANGE) and piece.destroyed_at is None,
        "may_keep": _may(request, frame, Permission.INCIDENTS_CLOSE) and piece.destroyed_at is None,
        **_end(request, frame, piece),
        "authority": settings.PEHRA_TSA_URL,
        "people": access.names(ids={line.by for line in piece.custody}, by=request.actor),
        "words_max": WORDS_CHARACTERS_MAX,
        "today": request.at.date(),
        "refused": refused,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "incidents/evidence_one.html", context, status=422 if refusal else 200)


def _end(request: Request, frame: dict[str, Any], piece: api.EvidenceView) -> dict[str, Any]:
    """Return what the page needs to know of the end of a piece: only the lead's people end one, two of them."""
    incident, asked = frame["incident"], piece.disposal
    leads = access.may(request.actor, Permission.INCIDENTS_CLOSE, teams=[incident.lead_team])
    waits = asked is not None and asked.outcome == Outcome.ASKED
    return {
        "may_end": leads and piece.destroyed_at is None,
        "has_ended": incident.ended_at is not None,
        "waits": waits and asked is not None and asked.ends_at > request.at,
        "is_own": asked is not None and asked.asked_by == request.actor.id,
        "needs_order": piece.keep_until is None or piece.keep_until >= request.at.date(),
    }


@require_POST
def act(request: Request, reference: str, number: int, what: str) -> HttpResponse:
    """Hand over, quarantine, check, stamp, keep until, hold, ask for its end: do it and show the piece again."""
    acts: dict[str, Callable[[], object]] = {
        "hand-over": lambda: api.hand_over_evidence(to=request.POST.get("to", ""), **said, **who),
        "quarantine": lambda: api.quarantine_evidence(quarantined=True, **said, **who),
        "release": lambda: api.quarantine_evidence(quarantined=False, **said, **who),
        "keep": lambda: api.keep_evidence_until(until=_day(request.POST.get("until", "")), **said, **who),
        "hold": lambda: api.hold_evidence(**said, **who),
        "lift": lambda: api.lift_hold(hold=_number(request.POST.get("hold", "")), **said, **who),
        "ask-disposal": lambda: api.ask_for_disposal(order=request.POST.get("order", ""), **said, **who),
        "decline": lambda: api.decline_disposal(**said, **who),
        "check": lambda: _checked(request, reference, number),
        "stamp": lambda: api.ask_for_stamp(**who),
    }
    if what not in acts:
        raise NotVisible(_("There is nothing at this address that you may see."))
    said: dict[str, Any] = {"reason": request.POST.get("reason", "")}
    who: dict[str, Any] = {"ref": reference, "number": number, "by": request.actor, "at": request.at}
    try:
        acts[what]()
    except (NotVisible, Forbidden, Gone):
        raise
    except Refusal as refusal:
        return _one(request, reference, number, refused=what, refusal=refusal)
    if what != "check":
        messages.success(request, _("Written down, and in the ledger."))
    return redirect("incidents:evidence-one", reference, number)


def _checked(request: Request, reference: str, number: int) -> None:
    if api.check_evidence(ref=reference, number=number, by=request.actor, at=request.at):
        messages.success(request, _("The file is whole: it still has its hash."))
    else:
        messages.error(request, _("The file is not what was taken in. Call whoever runs this node."))


@require_POST
@recently_authenticated()
def destroy(request: Request, reference: str, number: int) -> HttpResponse:
    """Destroy a piece that another person asked to be destroyed."""
    said: dict[str, Any] = {"ref": reference, "number": number, "reason": request.POST.get("reason", "")}
    try:
        if not request.POST.get("sure"):
            raise Invalid(_("Say that you know that nothing brings it back."), field="sure")
        api.confirm_disposal(by=request.actor, at=request.at, **said)
    except (NotVisible, Forbidden, Gone):
        raise
    except Refusal as refusal:
        return _one(request, reference, number, refused="destroy", refusal=refusal)
    messages.success(request, _("Destroyed. Its name, its hash, its stamps and its log stay."))
    return redirect("incidents:evidence-one", reference, number)


@require_POST
@recently_authenticated()
def give_out(request: Request, reference: str, number: int) -> HttpResponse:
    """Show the password of a zip, once, with the button that gives the zip out."""
    frame = heading(request, reference, tab=TAB)
    piece = api.one_evidence(reference, number, by=request.actor)
    access.require(request.actor, Permission.INCIDENTS_CHANGE, teams=_teams(frame))
    reason, hostile = request.POST.get("reason", ""), bool(request.POST.get("hostile"))
    refusal: Refusal | None = None
    if piece.destroyed_at is not None:
        raise Gone(_("This file was destroyed; its log is kept."))
    if not reason.strip():
        refusal = Invalid(_("Say what the file is needed for."), field="reason")
    elif piece.quarantined and not hostile:
        refusal = Invalid(
            _("This file may do harm: say that you know, and open it where it can do none."), field="hostile"
        )
    if refusal:
        return _one(request, reference, number, refused="give-out", refusal=refusal)
    context = frame | {
        "piece": piece,
        "reason": reason,
        "hostile": hostile,
        "password": _new_password(),
    }
    return render(request, "incidents/evidence_out.html", context)


def _new_password() -> str:
    letters = secrets.token_hex(PASSWORD_BYTES)
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))


@require_POST
@recently_authenticated()
def sealed(request: Request, reference: str, number: int) -> HttpResponse:
    """Give a piece out as an encrypted zip; the log has it before the first byte leaves."""
    try:
        given = api.give_out_evidence(
            ref=reference,
            number=number,
            password=request.POST.get("password", ""),
            reason=request.POST.get("reason", ""),
            knows_hostile=bool(request.POST.get("hostile")),
            limit=GIVEN_OUT_BYTES_MAX,
            by=request.actor,
            at=request.at,
        )
    except (NotVisible, Forbidden, Gone):
        raise
    except Refusal as refusal:
        return _one(request, reference, number, refused="give-out", refusal=refusal)
    answer = HttpResponse(given.content, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{given.name}"'
    return answer


@require_safe
def custody(request: Request, reference: str, number: int) -> HttpResponse:
    """Give the custody log of a piece as a file that can be checked without Pehra."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    document = api.custody_export(reference, number, by=request.actor)
    answer = HttpResponse(json.dumps(document, ensure_ascii=False, indent=1), content_type="application/json")
    name = f"{document['incident']}-{document['evidence']}-custody.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _tlp(text: str) -> Tlp | None:
    try:
        return Tlp(text) if text else None
    except ValueError as error:
        raise Invalid(_("This marking is not known."), field="tlp") from error


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < NUMBER_DIGITS_MAX else 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(_("This is not a day."), field="until") from error
