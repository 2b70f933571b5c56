"""Pages of leaks: what came in, its accounts, a form to hand one in, and one to ask whether a secret is the leaked one.

A form with a secret in it is never given back filled: what was typed is gone with the request.
"""

from io import BytesIO
from typing import IO, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.registry import api as registry
from pehra.signals import api

PAGE_ROWS = 50
CODE_CHARACTERS_MAX = 64


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the leaks in which the actor may see an account, and those they handed in, newest first."""
    access.require(request.actor, Permission.FINDINGS_READ)
    organisation = request.GET.get("organisation", "").strip()[:CODE_CHARACTERS_MAX]
    before = _before(request.GET.get("before", ""))
    rows = api.leaks(by=request.actor, organisation=organisation, before=before, limit=PAGE_ROWS + 1)
    more, rows = len(rows) > PAGE_ROWS, rows[:PAGE_ROWS]
    shown = {"organisation": organisation} if organisation else {}
    context = {
        "rows": rows,
        "organisation": organisation,
        "organisations": registry.names([organisation] if organisation else []),
        "may_report": access.may(request.actor, Permission.SIGNALS_REPORT),
        "first": before is None,
        "newest": f"?{urlencode(shown)}",
        "older": f"?{urlencode(shown | {'before': rows[-1].id})}" if more else "",
    }
    return render(request, "signals/leaks.html", context)


@require_safe
def one(request: Request, leak_id: UUID) -> HttpResponse:
    """Show one leak with those of its accounts that the actor may see."""
    access.require(request.actor, Permission.FINDINGS_READ)
    before = _before(request.GET.get("before", ""))
    page = api.leak(leak_id=leak_id, by=request.actor, before=before, limit=PAGE_ROWS)
    context = {
        "leak": page.leak,
        "accounts": page.accounts,
        "organisations": registry.names(sorted({row.organisation for row in page.accounts if row.organisation})),
        "names": access.names(ids={page.leak.received_by}, by=request.actor),
        "first": before is None,
        "newest": "?",
        "older": f"?{urlencode({'before': page.next})}" if page.next else "",
    }
    return render(request, "signals/leak.html", context)


@require_safe
def account(request: Request, account_id: UUID) -> HttpResponse:
    """Show one leaked account, and the form to ask whether a password is the one that leaked."""
    access.require(request.actor, Permission.FINDINGS_READ)
    return _account(request, account_id)


@sensitive_post_parameters("candidate")
@sensitive_variables("candidate")
@require_POST
def test(request: Request, account_id: UUID) -> HttpResponse:
    """Say whether a password is the one that leaked beside an account; what was typed is not given back."""
    access.require(request.actor, Permission.FINDINGS_READ)
    candidate = api.Secret(request.POST.get("candidate", ""))
    try:
        is_it = api.is_leaked_secret(account_id=account_id, candidate=candidate, by=request.actor, at=request.at)
    except NotVisible:
        raise
    except Refusal as refusal:
        return _account(request, account_id, refusal=refusal)
    if is_it:
        messages.error(request, _("It is the one that leaked: change it wherever it is used."))
    else:
        messages.success(request, _("It is another one than leaked."))
    return redirect("signals:leaked-account", account_id)


@sensitive_post_parameters("pasted")
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: Request) -> HttpResponse:
    """Hand in a leak: a file, or pasted addresses."""
    access.require(request.actor, Permission.SIGNALS_REPORT)
    if request.method != "POST":
        return _form(request)
    said = {name: request.POST.get(name, "") for name in ("source", "tlp", "pap")}
    try:
        leak = api.receive_leak(
            content=_content(request), limits=api.OF_A_REQUEST, by=request.actor, at=request.at, **said
        )
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _form(request, refusal=refusal, said=said)
    rows = leak.rows_read or 0
    messages.success(request, ngettext("%(n)d row was read.", "%(n)d rows were read.", rows) % {"n": rows})
    return redirect("signals:leak", leak.id)


def _content(request: Request) -> IO[bytes]:
    """Return the file, or what was pasted where there is none."""
    file = request.FILES.get("file")
    pasted = request.POST.get("pasted", "")
    if file is not None and pasted.strip():
        raise Invalid(_("Give a file or paste, not both."), field="file")
    if file is not None and file.file is not None:
        return cast("IO[bytes]", file.file)
    return BytesIO(pasted.encode("utf-8", "replace"))


def _form(request: Request, *, refusal: Refusal | None = None, said: dict[str, str] | None = None) -> HttpResponse:
    context = {
        "refusal": refusal,
        "said": said or {"source": "", "tlp": Tlp.AMBER.value, "pap": Pap.AMBER.value},
        "markings": [marking.value for marking in Tlp],
        "actions": [action.value for action in Pap],
        "limits": api.OF_A_REQUEST,
    }
    return render(request, "signals/leak_new.html", context, status=422 if refusal else 200)


def _account(request: Request, account_id: UUID, *, refusal: Refusal | None = None) -> HttpResponse:
    row = api.leaked_account(account_id=account_id, by=request.actor)
    context = {
        "account": row,
        "organisations": registry.names([row.organisation] if row.organisation else []),
        "refusal": refusal,
    }
    return render(request, "signals/leak_account.html", context, status=422 if refusal else 200)


def _before(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(_("This page's address is not complete."), field="before") from error
