"""The page behind a letter's one-time link: opened by anybody who has it, answered by a press of a button.

Mail scanners and previews open links, so that opening changes nothing and is no answer. The page shows no more than the
letter itself said, in the letter's language until its reader chooses another.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from pehra.access.api import Request
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.threads import api
from pehra.threads.rules.answers import NOTE_CHARACTERS_MAX

SEEN_MAX = 10_000


@login_not_required
@never_cache
@require_safe
def page(request: Request, token: str) -> HttpResponse:
    """Show which letter this answers, what was answered so far, and the four answers."""
    return _shown(request, token, sent="sent" in request.GET)


@login_not_required
@never_cache
@require_POST
def say(request: Request, token: str) -> HttpResponse:
    """Take an answer; what was typed stays on the page if it cannot be taken."""
    typed = request.POST
    try:
        api.answer(
            token=token,
            choice=typed.get("choice", ""),
            note=typed.get("note", ""),
            seen=_number(typed.get("seen", "")),
            at=request.at,
        )
    except Invalid as refusal:
        return _shown(request, token, refusal=refusal)
    except NotVisible:
        return _unknown(request)
    return redirect(f"/answer/{token}/?sent")


def _shown(request: Request, token: str, *, sent: bool = False, refusal: Invalid | None = None) -> HttpResponse:
    try:
        shown = api.answer_page(token=token, at=request.at)
    except NotVisible:
        return _unknown(request)
    context = {
        "page": shown,
        "token": token,
        "choices": list(api.Choice),
        "note_max": NOTE_CHARACTERS_MAX,
        "sent": sent,
        "refusal": refusal,
        "typed": request.POST if refusal else {},
        "seen": len(shown.answers),
    }
    status = 422 if refusal else 200 if shown.is_open else 410
    with translation.override(_language(request, shown.languages)):
        return render(request, "threads/answer.html", context, status=status)


def _unknown(request: Request) -> HttpResponse:
    return render(request, "threads/answer.html", {"page": None}, status=404)


def _language(request: Request, offered: tuple[str, ...]) -> str:
    """Return the language that the reader chose here, or else the letter's first."""
    known = [code for code, _name in settings.LANGUAGES]
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or not offered or offered[0] not in known:
        return translation.get_language() or settings.LANGUAGE_CODE
    # A letter in both languages was written to somebody whose language is not known: their browser may know.
    return offered[0] if len(offered) == 1 else translation.get_language() or offered[0]


def _number(text: str) -> int:
    return min(int(text), SEEN_MAX) if text.isascii() and text.isdigit() and len(text) < 6 else 0
