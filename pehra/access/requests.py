"""What every view may count on: who asks, and when. The web's middleware puts both on the request."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from pehra.kernel.actors import Actor


class Request(HttpRequest):
    """A request whose actor and moment are known."""

    actor: Actor
    at: datetime


def source_of(request: HttpRequest) -> str:
    """Return where a request came from: what the proxy wrote last, where there is one, else the other end of the line.

    Behind a proxy every request comes from the proxy: counting by that, one guesser would lock everybody out.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return str(forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", ""))
