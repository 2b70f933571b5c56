"""Pages of the mail that came in: what each was sorted as and why, what was set aside, and what people may do with it.

A mail is shown as text alone. Nothing of its HTML, its pictures or its files is rendered or fetched.
"""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api
from pehra.kernel.identifiers import parse_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.kernel.rsit import CLASSES

PAGE_ROWS = 50
FILTERS = ("state", "sort", "mailbox", "words")
FILTER_CHARACTERS_MAX = 254
SUBJECTS_CHARACTERS_MAX = 20_000
LINKS_SHOWN_MAX = 20


@require_safe
def listing(request: Request) -> HttpResponse:
    """List the mails of the reader's teams, newest first, and how their mailboxes stand."""
    access.require(request.actor, Permission.INTAKE_READ)
    said = {name: value for name in FILTERS if (value := request.GET.get(name, "")[:FILTER_CHARACTERS_MAX])}
    before = parse_id(text) if (text := request.GET.get("before", "")) else None
    page = api.mails(by=request.actor, wanted=api.MailFilter(**said), before=before, limit=PAGE_ROWS)
    context = {
        "rows": page.rows,
        "counts": api.mail_counts(by=request.actor),
        "mailboxes": api.mailboxes(by=request.actor),
        "filters": said,
        "states": list(api.MailState),
        "sorts": list(api.MailSort),
        "may_triage": access.may(request.actor, Permission.INTAKE_TRIAGE),
        "first": before is None,
        "newest": f"?{urlencode(said)}",
        "older": f"?{urlencode(said | {'before': str(page.next)})}" if page.next else "",
    }
    return render(request, "intake/mail/list.html", context)


@require_safe
def one(request: Request, mail_id: UUID) -> HttpResponse:
    """Show one mail: what it says, what it was sorted as, and what became of it."""
    access.require(request.actor, Permission.INTAKE_READ)
    return _one(request, mail_id)


@require_POST
def retry(request: Request, mail_id: UUID) -> HttpResponse:
    """Have a mail that was set aside sorted again."""
    return _done(request, mail_id, api.retry_mail, _("It is sorted again in a moment."))


@require_POST
def take(request: Request, mail_id: UUID) -> HttpResponse:
    """Take a mail for a report."""
    return _done(request, mail_id, api.take_for_report, _("It stands in the inbox in a moment."))


@require_POST
def let_in(request: Request) -> HttpResponse:
    """Let in all that was set aside of one sender."""
    count = api.retry_sender(
        address=request.POST.get("sender", "")[:FILTER_CHARACTERS_MAX], by=request.actor, at=request.at
    )
    messages.success(request, ngettext("%(n)d mail is let in.", "%(n)d mails are let in.", count) % {"n": count})
    return redirect("intake:mails")


@require_POST
def findings(request: Request, mail_id: UUID) -> HttpResponse:
    """Make findings of the addresses that a person names."""
    access.require(request.actor, Permission.INTAKE_READ)
    typed = {"subjects": request.POST.get("subjects", ""), "type": request.POST.get("type", "")}
    try:
        if len(typed["subjects"]) > SUBJECTS_CHARACTERS_MAX:
            raise Invalid(_("These are too many addresses for one mail."), field="subjects")
        count = api.make_findings(
            mail_id=mail_id, subjects=typed["subjects"].split(), type=typed["type"], by=request.actor, at=request.at
        )
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _one(request, mail_id, refusal=refusal, typed=typed)
    told = ngettext(
        "%(n)d address is on its way to the findings.", "%(n)d addresses are on their way to the findings.", count
    )
    messages.success(request, told % {"n": count})
    return redirect("intake:mail", mail_id)


def _done(request: Request, mail_id: UUID, act: Callable[..., None], told: str) -> HttpResponse:
    access.require(request.actor, Permission.INTAKE_READ)
    try:
        act(mail_id=mail_id, by=request.actor, at=request.at)
    except (NotVisible, Forbidden):
        raise
    except Refusal as refusal:
        return _one(request, mail_id, refusal=refusal)
    messages.success(request, told)
    return redirect("intake:mail", mail_id)


def _one(
    request: Request, mail_id: UUID, *, refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> HttpResponse:
    mail = api.one_mail(mail_id=mail_id, by=request.actor)
    text = api.mail_text(mail_id=mail_id, by=request.actor)
    named = " ".join(str(mail.facts.get("host", "")).split())
    context = {
        "mail": mail,
        "text": text,
        "links": text.links[:LINKS_SHOWN_MAX],
        "reports": mail.facts.get("reports") or ([mail.report] if mail.report else []),
        "facts": [
            (name, value) for name, value in mail.facts.items() if name != "reports" and value not in ("", [], None)
        ],
        "types": [kind for kinds in CLASSES.values() for kind in kinds],
        "typed": typed or {"subjects": named, "type": ""},
        "refusal": refusal,
        "may_make_findings": mail.may_triage and access.may(request.actor, Permission.FINDINGS_CHANGE),
    }
    return render(request, "intake/mail/one.html", context, status=422 if refusal else 200)
