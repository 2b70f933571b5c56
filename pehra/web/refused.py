"""Refusals as pages. What you may not see and what does not exist are one page, byte for byte."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from pehra.kernel.refusals import Fault, Refusal


def _page(request: HttpRequest, *, status: int, title: str, message: str, advice: str) -> HttpResponse:
    # Nothing on the page may tell one absent thing from another, not even the section it would stand in.
    context = {"title": title, "message": message, "advice": advice, "lost": True}
    return render(request, "web/refused.html", context, status=status)


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
    return _page(request, status=422, title=_("This cannot be used"), message=message, advice=advice)


@login_not_required
def faulty(request: HttpRequest, exception: Fault) -> HttpResponse:
    """Return the page for something outside that failed."""
    advice = _("Try again in a moment. If it stays, the platform's operator finds the cause with pehra doctor.")
    return _page(request, status=503, title=_("Something outside failed"), message=str(exception), advice=advice)


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    """Return the page for a bug of ours, without anything that could fail again."""
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
