"""What every view may count on: who asks, and when. The web's middleware puts both on the request."""

from datetime import datetime

from django.http import HttpRequest

from pehra.kernel.actors import Actor


class Request(HttpRequest):
    """A request whose actor and moment are known."""

    actor: Actor
    at: datetime
