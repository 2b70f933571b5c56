"""The few pages of the provider that people see: a refusal in plain words, and the step over to another site."""

from typing import Any

from allauth.idp.oidc.internal.oauthlib.utils import convert_response, respond_json_error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oauthlib.oauth2.rfc6749.errors import OAuth2Error


def refused(request: HttpRequest, status: int, error: str, message: str, *, back: str = "") -> HttpResponse:
    """Say why somebody cannot go on; `back` leads to the service, which is told the same."""
    context = {"error": error, "message": message, "back": back}
    return render(request, "access/provider_refused.html", context, status=status)


def leading(request: HttpRequest, address: str, *, left: bool = False) -> HttpResponse:
    """Show a page that goes on by itself, with a link for whoever does not wait.

    The security policy lets a form lead to our own site alone, by whatever redirects: a page in between ends the form.
    """
    answer = render(request, "access/provider_on.html", {"address": address, "left": left})
    if address:
        answer["Refresh"] = f"0; url={address}"
    return answer


def answered(headers: dict[str, str], body: Any, status: int) -> HttpResponse:
    """Return what the protocol's engine answered, which nobody keeps."""
    answer: HttpResponse = convert_response(headers, body, status)
    answer["Cache-Control"] = "no-store"
    return answer


def told(request: HttpRequest, error: OAuth2Error) -> HttpResponse:
    """Tell a service what was wrong, as the protocol words it."""
    answer: HttpResponse = respond_json_error(request, error)
    answer["Cache-Control"] = "no-store"
    return answer
