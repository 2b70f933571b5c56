"""What a stream and a security event token on it may be: words and limits, in one table for guards, pages and database.

A stream belongs to one relying service. It is *enabled* and told, *paused* and kept for, or *disabled*: what happens
meanwhile is never told (OpenID Shared Signals Framework 1.0, section 8.1.2).
"""

from datetime import datetime, timedelta
from enum import StrEnum

PUSH_METHOD = "urn:ietf:rfc:8935"
POLL_METHOD = "urn:ietf:rfc:8936"


class Delivery(StrEnum):
    """How tokens reach a receiver: we call it, or it asks."""

    PUSH = "push"
    POLL = "poll"


METHODS = {Delivery.PUSH: PUSH_METHOD, Delivery.POLL: POLL_METHOD}


class Status(StrEnum):
    """Whether a stream is told, kept for, or let be."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class SetState(StrEnum):
    """What became of a token: it waits, was acknowledged, was refused by its receiver, or grew too old to wait on."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


DESCRIPTION_CHARACTERS_MAX = 250
REASON_CHARACTERS_MAX = 250
ENDPOINT_CHARACTERS_MAX = 1_000
AUTHORIZATION_CHARACTERS_MAX = 2_000
EVENTS_REQUESTED_MAX = 100
EVENT_CHARACTERS_MAX = 300
ERROR_CHARACTERS_MAX = 500
EXCLUDED_MAX = 10_000  # people a receiver asked not to be told about, a stream
WAITING_MAX = 100_000  # tokens that wait on one stream; beyond it the oldest expire, loudly

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
LEASE = timedelta(minutes=2)  # longer than a round of one receiver can take
PAUSED_AFTER = timedelta(days=7)  # of nothing but failures
REFUSED_AFTER = timedelta(days=1)  # a receiver that will not take one token has a day to be mended
DELIVERED_KEPT = timedelta(days=30)
UNDELIVERED_KEPT = timedelta(days=30)
VERIFICATION_INTERVAL = timedelta(minutes=1)


def next_try(*, failures: int, at: datetime) -> datetime:
    """Return when a receiver that failed this many times in a row is tried again."""
    return at + min(FIRST_WAIT * (1 << min(max(failures - 1, 0), 20)), LONGEST_WAIT)
