"""Refusals as pages, and for programs as documents.

What you may not see and what does not exist are one answer, byte for byte.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pehra.kernel.refusals import Fault, Refusal
from pehra.web import machines, problems


def _page(request: HttpRequest, *, status: int, title: str, message: str, advice: str, field: str = "") -> HttpResponse:
    if machines.is_machine(request):
        return _document(request, status=status, message=message, field=field)
    # Nothing on the page may tell one absent thing from another, not even the section it would stand in.
    context = {"title": title, "message": message, "advice": advice, "lost": True}
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
def faulty(request: HttpRequest, exception: Fault) -> HttpResponse:
    """Return the page for something outside that failed."""
    advice = _("Try again in a moment. If it stays, the platform's operator finds the cause with pehra doctor.")
    return _page(request, status=503, title=_("Something outside failed"), message=str(exception), advice=advice)


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    """Return the page for a bug of ours, without anything that could fail again."""
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
