"""Refusals as pages, and for programs as documents.

What you may not see and what does not exist are one answer, byte for byte.
"""

import sys

import psycopg
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from pehra.kernel.refusals import Fault, Gone, Refusal
from pehra.kernel.sentences import in_language
from pehra.web import machines, problems
from pehra.web.templatetags.reasons import told

OPEN_PAGES = "/report/"
"""Where people without an account are: they are led back to their form, and to no page that asks who they are."""

# Exactly these: what the driver says of a line that broke has no code of the server's, and so no class of its own.
_LINE_BROKE = (psycopg.DatabaseError, psycopg.InternalError)


def _page(request: HttpRequest, *, status: int, title: str, message: str, advice: str, field: str = "") -> HttpResponse:
    if machines.is_machine(request):
        return _document(request, status=status, message=in_language(message, _), field=field)
    # Nothing on the page may tell one absent thing from another, not even the section it would stand in.
    context = {"title": title, "message": told(message), "advice": advice, "lost": True}
    return render(request, "web/refused.html", context, status=status)


def _document(request: HttpRequest, *, status: int, message: str, field: str) -> HttpResponse:
    """Return the refusal as a program reads it; of what is not there it says nothing at all."""
    if status == 404:
        return problems.answer(request, 404)
    errors = [problems.FieldError(place="body", field=field, detail=message)] if field else []
    return problems.answer(request, status, detail=message, errors=errors)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for what is not there, or not there for you."""
    return _page(
        request,
        status=404,
        title=_("Nothing here"),
        message=_("There is nothing at this address that you may see."),
        advice=_("It may belong to another team, or the address may be mistyped. Paste an identifier to look it up."),
    )


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for what you may see but not do."""
    message = exception.message if isinstance(exception, Refusal) else _("Your role does not allow this.")
    advice = _("Roles are given by your team's lead. Nothing was changed.")
    return _page(request, status=403, title=_("Not allowed"), message=message, advice=advice)


@login_not_required
def invalid(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for input that cannot be used and that no form on the page took back."""
    message = exception.message if isinstance(exception, Refusal) else _("The request could not be understood.")
    advice = _("Go back, mend it and send it again. Nothing was changed.")
    field = exception.field if isinstance(exception, Refusal) else ""
    return _page(request, status=422, title=_("This cannot be used"), message=message, advice=advice, field=field)


@login_not_required
def gone(request: HttpRequest, exception: Gone) -> HttpResponse:
    """Return the page for what was here and is gone for good."""
    advice = _("Nobody can bring it back. Go back: what is known of it still stands there.")
    return _page(request, status=410, title=_("Gone for good"), message=exception.message, advice=advice)


@login_not_required
def faulty(request: HttpRequest, exception: Fault) -> HttpResponse:
    """Return the page for something outside that failed."""
    advice = _("Try again in a moment. If it stays, the platform's operator finds the cause with pehra doctor.")
    return _page(request, status=503, title=_("Something outside failed"), message=str(exception), advice=advice)


def _bare(request: HttpRequest, *, status: int, title: str, message: str, **headers: str) -> HttpResponse:
    """Return a refusal that asks nothing of anything: no account, no database; for before anybody is known."""
    if machines.is_machine(request):
        return problems.answer(request, status, detail=message, errors=(), **headers)
    context = {
        "title": title,
        "message": message,
        "is_open": request.path.startswith(OPEN_PAGES),
        "language": get_language() or "en",
        "direction": "rtl" if get_language_bidi() else "ltr",
    }
    response = HttpResponse(render_to_string("web/bare.html", context), status=status)
    response.headers["Cache-Control"] = "private, no-store"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the refusal of a request that is none: to another host, or with a length that is no number."""
    message = _("The request could not be understood.")
    return _bare(request, status=400, title=_("This cannot be used"), message=message)


def length_required(request: HttpRequest) -> HttpResponse:
    """Return the refusal of a body that does not say how large it is: it is not read, so the line is closed."""
    message = _("A request says how many bytes it has.")
    return _bare(request, status=411, title=_("This cannot be used"), message=message, Connection="close")


def too_large(request: HttpRequest) -> HttpResponse:
    """Return the refusal of a body that is larger than any of ours; it is not read."""
    megabytes = settings.PEHRA_REQUEST_BYTES_MAX // (1024 * 1024)
    message = _("This is too large: at most %(size)s MiB can be sent at once. Go back and choose less.")
    message %= {"size": megabytes}
    return _bare(request, status=413, title=_("This cannot be used"), message=message)


def too_many(request: HttpRequest, *, seconds: int) -> HttpResponse:
    """Return the refusal of one request too many; it says when to come back."""
    message = _("Too many requests came from here. Wait a minute and try again.")
    return _bare(request, status=429, title=_("Too many at once"), message=message, Retry_After=str(seconds))


def busy(request: HttpRequest) -> HttpResponse:
    """Return the refusal of a body for which there is no room now."""
    message = _("Too much is being sent at this moment. Try again in a few seconds.")
    return _bare(request, status=503, title=_("Too many at once"), message=message, Retry_After="5")


def away(request: HttpRequest) -> HttpResponse:
    """Return the refusal while the database starts anew or takes nothing more: what was sent is to be sent again."""
    message = _("The records are away for a moment. It is not sure that this was taken in: send it again in a minute.")
    return _bare(request, status=503, title=_("Not just now"), message=message, Retry_After="30")


def is_away(error: BaseException | None) -> bool:
    """Whether an exception says that the database is away, starts anew or takes nothing more."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DatabaseError) and type(error.__cause__) in _LINE_BROKE


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    """Return the page for a bug of ours, without anything that could fail again.

    Django makes an answer of an exception at each middleware, before the next one could see it: a database that goes
    away under a middleware's own statement is found out here alone.
    """
    if is_away(sys.exception()):
        return away(request)
    if machines.is_machine(request):
        return problems.answer(request, 500)
    return HttpResponse(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Pehra</title><h1>Pehra failed</h1>"
        "<p>This is a fault of the program. It was logged; what you sent was not kept. <a href=/>Back</a>",
        status=500,
    )


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page for a form that did not come from our own pages or came too late."""
    message = _("The form was too old, or did not come from this site.")
    advice = _("Go back, reload the page and send it again. Nothing was changed.")
    return _page(request, status=403, title=_("Not allowed"), message=message, advice=advice)
