"""Pages of the ledger: what happened, its signed checkpoint, and how a stranger checks it without us."""

import json
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api

PAGE_ROWS = 50


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the entries the actor may see, newest first, with the latest checkpoint."""
    reader = _reader(request)
    rows = api.recent(by=reader, before=_before(request.GET.get("before", "")), limit=PAGE_ROWS + 1)
    more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    context = {
        "rows": rows,
        "names": access.names(ids={row.by for row in rows}, by=request.actor),
        "checkpoint": api.latest_checkpoint(),
        "waiting": api.waiting_count(),
        "key": api.verifier(),
        "first": "before" not in request.GET,
        "newest": "?",
        "older": f"?{urlencode({'before': rows[-1].id})}" if more else "",
    }
    return render(request, "web/ledger.html", context)


@require_safe
def one(request: Request, entry_id: UUID) -> HttpResponse:
    """Show one entry with all it says."""
    entry = api.view(entry_id, by=_reader(request))
    names = access.names(ids={entry.by}, by=request.actor)
    return render(request, "web/entry.html", {"entry": entry, "names": names})


@require_safe
def document(request: Request, entry_id: UUID) -> HttpResponse:
    """Give the proof of one entry as a file that `tools/verify_ledger.py` checks."""
    proof = api.prove(entry_id, by=_reader(request))
    answer = HttpResponse(json.dumps(proof, indent=2, ensure_ascii=False), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{entry_id}.json"'
    return answer


@require_safe
def key(request: Request) -> HttpResponse:
    """Give the public key that checks every checkpoint."""
    _reader(request)
    return HttpResponse(api.verifier() + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def checkpoint(request: Request) -> HttpResponse:
    """Give the latest signed checkpoint as the note it is, to be kept outside."""
    _reader(request)
    latest = api.latest_checkpoint()
    if latest is None:
        raise NotVisible(_("There is no checkpoint yet."))
    return HttpResponse(latest.note, content_type="text/plain; charset=utf-8")


def _reader(request: Request) -> Actor:
    """Return the actor with only the constituencies where it may read the ledger."""
    return access.narrowed(request.actor, Permission.LEDGER_READ)


def _before(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="before") from error
