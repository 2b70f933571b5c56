"""The pages that everybody may open: a form to report with, its draft, its file for where no network is, receipts.

No account, no session, no script, no cookie needed. A wrong answer never costs what was typed, and neither does a
limit: the form comes back as it was. Whoever is signed in is nobody here, so there is nothing of a session for another
site to misuse: these pages ask for no token against that, which a browser without cookies could not bring.
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pehra.access import api as access
from pehra.access.api import Request
from pehra.intake.api.forms import open as forms
from pehra.intake.api.forms.open import HandedIn, OpenForm, Typed
from pehra.intake.gateways import own_files
from pehra.intake.rules.forms import offline
from pehra.intake.rules.forms.answers import Filled
from pehra.intake.rules.forms.offline import FileRefused, Unusable
from pehra.intake.views import form_fields
from pehra.kernel.refusals import Fault, Invalid, NotVisible
from pehra.kernel.sentences import in_language

KEPT, HANDED_IN = "keep", "hand-in"
REPORTER = ("name", "email", "phone", "anonymous")
DRAFT_COOKIE = "pehra_report"
LANGUAGE_SECONDS = 365 * 24 * 3600
OPEN_PAGE = re.compile(r"/report/[A-Za-z0-9/_-]*")
# A minute, of one address: an office that shares one reports for several people; a program that floods waits.
REPORTS_A_MINUTE, DRAFTS_A_MINUTE = 10, 30
SMALL_KIB = 64  # a report without files is taken when a network has sent its day's bytes: only its number counts


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: Request) -> HttpResponse:
    """Show the form; keep or hand in what was filled in."""
    form = forms.open_form(at=request.at)
    if request.method == "POST":
        return _posted(request, form)
    known = request.COOKIES.get(cookie_name(), "")
    held = forms.draft(secret=known, at=request.at) if known else None
    if held is not None and not held.token:
        return HttpResponseRedirect(reverse("report:draft", args=[known]))
    return _form(request, form, Typed(), Filled(), secret=forms.new_secret())


@login_not_required
@require_safe
def draft(request: Request, secret: str) -> HttpResponse:
    """Show a draft to whoever holds its link; when it was handed in, its receipt."""
    held = forms.draft(secret=secret, at=request.at)
    if held is None:
        return _gone(request)
    if held.token:
        return HttpResponseRedirect(reverse("report:receipt", args=[held.token]))
    link = request.build_absolute_uri(reverse("report:draft", args=[secret]))
    return _form(request, forms.open_form(at=request.at), held, _as_typed(held), secret=secret, link=link)


@csrf_exempt
@login_not_required
@require_POST
def erase(request: Request, secret: str) -> HttpResponse:
    """Forget a draft."""
    forms.forget_draft(secret=secret)
    answer = HttpResponseRedirect(reverse("report:form"))
    answer.delete_cookie(cookie_name(), samesite="Strict")
    return answer


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: Request, token: str) -> HttpResponse:
    """Show a receipt to whoever holds its link, and take what they add."""
    try:
        view = forms.receipt(token=token)
    except NotVisible:
        return _gone(request)
    form = forms.open_form(at=request.at)
    filled, problem = Filled(), ""
    if request.method == "POST":
        outcome, problem = _added(request, form, token)
        if outcome is not None and outcome.receipt is not None:
            return HttpResponseRedirect(f"{reverse('report:receipt', args=[token])}#receipt")
        filled = outcome.filled if outcome else _as_typed(_typed(request, form))
    context = {
        "form": form,
        "receipt": view,
        "token": token,
        "link": request.build_absolute_uri(reverse("report:receipt", args=[token])),
        "fields": form_fields.fields(form.shape, filled, required=()),
        "once": request.POST.get("once") or forms.new_secret(),
        "is_adding": bool(problem or filled.problems),
        "problem": problem,
        "files_max": forms.FILES_MAX,
        "bytes_max": settings.PEHRA_REQUEST_BYTES_MAX,
    }
    return render(request, "intake/open/receipt.html", context, status=422 if context["is_adding"] else 200)


@login_not_required
@require_safe
def submission(request: Request, token: str, number: int) -> HttpResponse:
    """Give back the very bytes that were handed in, to be held against the hash of the receipt."""
    answer = HttpResponse(forms.own_submission(token=token, number=number), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="report-{number}.json"'
    return answer


@login_not_required
@require_safe
def offline_form(request: Request) -> HttpResponse:
    """Give out the form as one file, to be filled in where there is no network."""
    form = forms.open_form(at=request.at)
    context = {
        "form": form,
        "fields": form_fields.fields(form.shape, Filled(), required=form.shape.required),
        # The one page that carries them with it: it is opened from a disk, under the policy that stands in itself.
        "style": SafeString(f"<style>\n{own_files.text('report.css')}\n</style>"),
        "script": SafeString(f"<script>\n{own_files.text('offline.js')}\n</script>"),
        "site": request.build_absolute_uri(reverse("report:form")),
        "target": request.build_absolute_uri(reverse("report:from-file")),
        "upload": request.build_absolute_uri(reverse("report:file")),
    }
    answer = render(request, "intake/open/offline.html", context)
    answer["Content-Disposition"] = f'attachment; filename="report-{get_language() or "en"}.html"'
    return answer


@csrf_exempt
@login_not_required
@require_POST
def from_file(request: Request) -> HttpResponse:
    """Show what a file without script sends as the form, to be looked over and handed in."""
    form = forms.open_form(at=request.at)
    typed = _typed(request, form)
    return _form(request, form, typed, _as_typed(typed), secret=forms.new_secret())


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def file(request: Request) -> HttpResponse:
    """Take a form that was filled in offline: handed in when it is whole, shown with its problems when it is not."""
    if request.method != "POST":
        return render(request, "intake/open/file.html", {"form": forms.open_form(at=request.at)})
    given = request.FILES.get("file")
    raw = given.read(offline.FILE_BYTES_MAX + 1) if given else b""
    try:
        held, typed, filled = forms.read_offline(raw=raw, at=request.at)
    except FileRefused as refusal:
        context = {"form": forms.open_form(at=request.at), "problem": file_words(refusal)}
        return render(request, "intake/open/file.html", context, status=422)
    secret = sha256(raw).hexdigest()  # the same file is the same report, whoever carries it here a second time
    form = forms.open_form(at=request.at)
    if filled.problems:
        return _form(request, form, typed, filled, secret=forms.new_secret(), status=422)
    if _too_many(request, "reports", REPORTS_A_MINUTE):
        return _form(request, form, typed, filled, secret=forms.new_secret(), problem=_slow_down(), status=429)
    if full := _full_today(request):
        return _form(request, form, typed, filled, secret=forms.new_secret(), problem=full, status=429)
    outcome = forms.hand_in(secret=secret, typed=typed, language=held.language, raw=raw, at=request.at)
    _count_today(request, outcome)
    return _received(outcome)


@csrf_exempt
@login_not_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Show the open pages in another language from now on: the one cookie that somebody asks for by pressing."""
    back = request.POST.get("next", "")
    answer = HttpResponseRedirect(back if OPEN_PAGE.fullmatch(back) else reverse("report:form"))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=LANGUAGE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return answer


def _gone(request: HttpRequest) -> HttpResponse:
    """Say that a link opens nothing, to somebody who has no account and no other page to go to."""
    return render(request, "intake/open/gone.html", status=404)


def _posted(request: Request, form: OpenForm) -> HttpResponse:
    secret, typed = request.POST.get("secret", ""), _typed(request, form)
    try:
        if request.POST.get("act") == KEPT:
            return _kept(request, form, secret, typed)
        if _too_many(request, "reports", REPORTS_A_MINUTE):
            return _form(request, form, typed, _as_typed(typed), secret=secret, problem=_slow_down(), status=429)
        if full := _full_today(request):
            return _form(request, form, typed, _as_typed(typed), secret=secret, problem=full, status=429)
        outcome = forms.hand_in(
            secret=secret,
            typed=typed,
            files=form_fields.files_of(request),
            language=get_language() or "",
            at=request.at,
        )
    except Invalid as refusal:
        fresh = secret if refusal.field != "secret" else forms.new_secret()
        return _form(request, form, typed, _as_typed(typed), secret=fresh, problem=said_of(refusal), status=422)
    except Fault as fault:
        return _form(request, form, typed, _as_typed(typed), secret=secret, problem=str(fault), status=503)
    if outcome.receipt is None:
        return _form(request, form, typed, outcome.filled, secret=secret, status=422)
    _count_today(request, outcome)
    return _received(outcome)


def _received(outcome: HandedIn) -> HttpResponse:
    assert outcome.receipt is not None
    answer = HttpResponseRedirect(reverse("report:receipt", args=[outcome.receipt.token]))
    answer.delete_cookie(cookie_name(), samesite="Strict")
    return answer


def _kept(request: Request, form: OpenForm, secret: str, typed: Typed) -> HttpResponse:
    if _too_many(request, "drafts", DRAFTS_A_MINUTE):
        return _form(request, form, typed, _as_typed(typed), secret=secret, problem=_slow_down(), status=429)
    until = forms.keep_draft(secret=secret, typed=typed, at=request.at)
    answer = HttpResponseRedirect(f"{reverse('report:draft', args=[secret])}?kept=1")
    if not typed.reporter.get("anonymous"):
        _remember(answer, secret, until=until)
    return answer


def _remember(answer: HttpResponse, secret: str, *, until: datetime) -> None:
    """Let this browser find the draft again; never where somebody wishes to be nobody."""
    answer.set_cookie(
        cookie_name(),
        secret,
        expires=until,
        httponly=True,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def cookie_name() -> str:
    """Return the cookie's name, which under https binds it to this host."""
    return f"{settings.COOKIE_PREFIX}{DRAFT_COOKIE}"


def _added(request: Request, form: OpenForm, token: str) -> tuple[HandedIn | None, str]:
    if _too_many(request, "reports", REPORTS_A_MINUTE):
        return None, _slow_down()
    if full := _full_today(request):
        return None, full
    try:
        once = request.POST.get("once", "")[:100]
        typed = _typed(request, form)
        outcome = forms.add_more(
            token=token, typed=typed, files=form_fields.files_of(request), once=once, at=request.at
        )
        _count_today(request, outcome)
        return outcome, ""
    except Invalid as refusal:
        return None, said_of(refusal)
    except Fault as fault:
        return None, str(fault)


def _form(
    request: HttpRequest,
    form: OpenForm,
    typed: Typed,
    filled: Filled,
    *,
    secret: str,
    link: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "fields": form_fields.fields(form.shape, filled, required=form.shape.required),
        "reporter": typed.reporter,
        "secret": secret,
        "link": link,
        "is_kept": bool(request.GET.get("kept")),
        "problem": problem,
        "has_problems": bool(filled.problems),
        "files_max": forms.FILES_MAX,
        "bytes_max": settings.PEHRA_REQUEST_BYTES_MAX,
        "is_given": bool(typed.answers),
    }
    return render(request, "intake/open/form.html", context, status=status)


def _typed(request: HttpRequest, form: OpenForm) -> Typed:
    reporter = {name: request.POST.get(name, "")[:400] for name in REPORTER if request.POST.get(name)}
    return Typed(answers=form_fields.typed_in(form_fields.lists_of(request), form.shape), reporter=reporter)


def _as_typed(typed: Typed) -> Filled:
    """Return a form that is only shown: nobody has read it yet, so nothing in it is wrong."""
    return Filled(typed=typed.answers)


def _too_many(request: Request, kind: str, limit: int) -> bool:
    key = access.whose(f"intake {kind}", access.source_of(request))
    return access.count_requests(key=key, number=1, at=request.at) > limit


def _slow_down() -> str:
    return _("Many reports came from your network in this minute. Nothing is lost: wait a minute and press again.")


def _full_today(request: Request) -> str:
    """Return why no more is taken in from this network today, and what to do; nothing where it is taken.

    Whoever fills disks with anonymous files is stopped here; a report without files is not. Asked before anything is
    received, and counted only when it was: a refusal leaves nothing half, and a mistake costs nobody their day.
    """
    if _today(request, "reports") >= settings.PEHRA_REPORTS_PER_DAY_ADDRESS:
        said = _("As many reports came from your network today as are taken in one day. This one was not received.")
    elif _kib(request) > SMALL_KIB and _over_bytes(request):
        said = _("Your network sent as many files today as are taken in one day. This was not received.")
        said += " " + _("Send it without files: then it is taken.")
    else:
        return ""
    mail = " / ".join(forms.mail_addresses())
    if mail:
        way = _("If it cannot wait until tomorrow, telephone the team, or write to %(mail)s.") % {"mail": mail}
    else:
        way = _("If it cannot wait until tomorrow, telephone the team, or write to it by mail.")
    return " ".join([said, _("What you typed is still here."), way])


def _over_bytes(request: Request) -> bool:
    return _today(request, "KiB") + _kib(request) > 1024 * settings.PEHRA_REPORT_MIB_PER_DAY_ADDRESS


def _count_today(request: Request, outcome: HandedIn) -> None:
    """Count what was received; the same thing pressed twice came once."""
    if outcome.receipt is not None and outcome.receipt.is_new:
        _today(request, "reports", 1)
        _today(request, "KiB", _kib(request))


def _today(request: Request, kind: str, number: int = 0) -> int:
    key = access.whose(f"intake {kind} of a day", access.source_of(request))
    return access.count_requests(key=key, number=number, at=request.at, window=access.DAY)


def _kib(request: Request) -> int:
    return -(-int(request.META.get("CONTENT_LENGTH") or 0) // 1024)


def said_of(refusal: Invalid) -> str:
    """Return a refusal of handing in, in the reader's language where it is one that people meet."""
    words = {
        "files": _("At most five files at once, and ten megabytes together. Send the others afterwards."),
        "description": _("Say in a few words what you add, or choose a file."),
        "secret": _("This page was open too long or was changed. What you typed is here: press once more."),
    }
    return words.get(refusal.field, in_language(refusal.message, _))


def file_words(refusal: FileRefused) -> str:
    """Return why a file cannot be taken as a form, and what to do."""
    words = {
        Unusable.EMPTY: _("Choose the file that the form saved; this one is empty."),
        Unusable.TOO_LARGE: _("This file is too large to be a form."),
        Unusable.NOT_JSON: _("This is no file that the form saved, or it was cut off. Save it again."),
        Unusable.NOT_A_FORM: _("This is no file of our form. The part that does not fit: %(part)s"),
        Unusable.NEWER: _("This file was saved by a form of another version. Fetch the form anew."),
        Unusable.DAMAGED: _(
            "This file was changed or damaged after it was saved: its content has not the hash that stands in it. "
            "Nothing was received. Save it again in the form, or copy what it says into the form here."
        ),
        Unusable.OTHER_COUNTRY: _("This form belongs to another country's team: %(part)s"),
    }
    return words[refusal.reason] % {"part": refusal.part} if refusal.part else words[refusal.reason]
