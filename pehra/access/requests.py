"""What every view may count on: who asks, when, and, where it matters, that they proved just now who they are.

The web's middleware puts the first two on the request; `recently_authenticated` asks for the third. What somebody
typed is kept in their session while they are asked, and is done when they have answered: once, and only there.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import resolve
from django.utils.http import urlencode

from pehra.access.rules.attempts import network_of
from pehra.access.sessions import proofs
from pehra.kernel.actors import Actor

KEPT = "pehra_kept_form"
KEPT_FOR = timedelta(minutes=10)
KEPT_CHARACTERS_MAX = 64 * 1024
View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """A request whose actor and moment are known."""

    actor: Actor
    at: datetime


def source_of(request: HttpRequest) -> str:
    """Return where a request came from: what the proxy wrote last, where there is one, else the other end of the line.

    Behind a proxy every request comes from the proxy: counting by that, one guesser would lock everybody out. Of IPv6
    it is the network: one household holds more addresses than anybody can count.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return network_of(forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", "")))


def recently_authenticated(*, step: tuple[str, str] | None = None) -> Callable[[View], View]:
    """Return a decorator: what a view changes is changed only for who proved within five minutes who they are.

    Who did not is led to prove it, and the act then goes on with what was typed. With `step` only a form that says so
    is meant (`("step", "give")`). Who has nothing to prove it with, on a node that asks for no second factor, goes on.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def asked(request: Request, *arguments: Any, **named: Any) -> HttpResponse:
            meant = request.method == "POST" and (step is None or request.POST.get(step[0]) == step[1])
            if not meant or proofs.is_recent(request, at=request.at):
                return view(request, *arguments, **named)
            ways = get_adapter().get_reauthentication_methods(request.user)
            if not ways and not settings.PEHRA_MFA_REQUIRED:
                return view(request, *arguments, **named)
            return _ask(request, str(ways[0]["url"]) if ways else "access:enrol")

        return asked

    return decorator


def go_on(request: HttpRequest, *, at: datetime, wanted: str | None) -> HttpResponse | None:
    """Do what somebody was about to do at `wanted` when they were asked who they are; nothing where there is none."""
    kept = request.session.pop(KEPT, None)
    if not kept or kept["address"] != wanted or at.timestamp() - kept["at"] >= KEPT_FOR.total_seconds():
        return None
    path, _mark, query = kept["address"].partition("?")
    request.method = "POST"
    request.path = request.path_info = path
    request.META["QUERY_STRING"] = query
    request.GET, request.POST = QueryDict(query), QueryDict(kept["form"])
    request.resolver_match = resolve(path)
    found = request.resolver_match
    answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
    return answer


def _ask(request: Request, way: str) -> HttpResponse:
    """Keep the form, and lead to where somebody proves who they are."""
    address, form = request.get_full_path(), request.POST.urlencode()
    if len(form) <= KEPT_CHARACTERS_MAX:
        request.session[KEPT] = {"address": address, "form": form, "at": request.at.timestamp()}
    answer = redirect(way)
    answer["Location"] += f"?{urlencode({'next': address})}"
    return answer
