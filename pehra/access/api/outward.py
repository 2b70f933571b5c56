"""Calling a relying service at an address that it named: where to, and how, is decided here for every part."""

from collections.abc import Mapping

from django.conf import settings

from pehra.access.gateways import outward as gateway
from pehra.access.gateways.outward import Answer
from pehra.kernel import outward
from pehra.kernel.outward import Place


def outside_place(url: str, *, field: str = "url") -> Place:
    """Read an address that Pehra is to call; refuse one that it may not (`pehra.kernel.outward`)."""
    return outward.place(url, known=outward.networks(settings.PEHRA_SERVICE_NETWORKS), field=field)


def post_outside(url: str, *, body: bytes, headers: Mapping[str, str], reads: bool = False) -> Answer:
    """Send one POST and return the answer, whatever its status; raise `Fault` where there is none in ten seconds.

    No redirect is followed: 3xx is an answer like another. The address is judged anew at each call. `reads`: the body
    of a good answer is wanted too.
    """
    known = outward.networks(settings.PEHRA_SERVICE_NETWORKS)
    return gateway.post(outward.place(url, known=known), body=body, headers=headers, known=known, reads=reads)
