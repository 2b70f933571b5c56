"""What a receiver says about its stream, read at the edge (OpenID Shared Signals Framework 1.0, section 8.1.1).

What we supply may be said back to us and must then be what we said. Members that nobody knows are let be, as the
framework wants it; all that is known is held to its type and length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pehra.kernel.refusals import Invalid
from pehra.signals.rules.events import ABOUT_THE_STREAM
from pehra.signals.rules.streams import (
    AUTHORIZATION_CHARACTERS_MAX,
    DESCRIPTION_CHARACTERS_MAX,
    ENDPOINT_CHARACTERS_MAX,
    ERROR_CHARACTERS_MAX,
    EVENT_CHARACTERS_MAX,
    EVENTS_REQUESTED_MAX,
    METHODS,
    REASON_CHARACTERS_MAX,
    Delivery,
    Status,
)

POLL_SETS_MAX = 100
ACKNOWLEDGED_MAX = 1_000
STATE_CHARACTERS_MAX = 1_000
SUPPLIED_BY_US = ("stream_id", "iss", "aud", "events_supported", "events_delivered", "min_verification_interval")
_DELIVERIES = {method: delivery for delivery, method in METHODS.items()}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A stream as its receiver wants it. `authorization` is None where it is to stay what it is."""

    delivery: Delivery = Delivery.POLL
    endpoint: str = ""
    authorization: str | None = ""
    events_requested: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Poll:
    """What a poll asks for and what it says of earlier tokens; `errors` by token id, as `err: description`."""

    sets_max: int
    acknowledged: tuple[str, ...]
    errors: Mapping[str, str]


def wanted(said: Mapping[str, Any], *, now: Wanted | None = None, poll_endpoint: str = "") -> Wanted:
    """Return the stream that a body asks for: what it leaves out stays as it is now, or is empty."""
    stream = now or Wanted()
    if "delivery" in said:
        stream = _delivered(stream, said["delivery"], now=now, poll_endpoint=poll_endpoint)
    elif now is not None:
        stream = replace(stream, authorization=None)
    if "events_requested" in said:
        stream = replace(stream, events_requested=_events(said["events_requested"]))
    if "description" in said:
        text = _text(said["description"] or "", "description", limit=EVENT_CHARACTERS_MAX * 10)
        stream = replace(stream, description=text[:DESCRIPTION_CHARACTERS_MAX])
    return stream


def _delivered(stream: Wanted, said: Any, *, now: Wanted | None, poll_endpoint: str) -> Wanted:
    if not isinstance(said, Mapping):
        raise Invalid("delivery is an object", field="delivery")
    delivery = _DELIVERIES.get(str(said.get("method", METHODS[Delivery.POLL])))
    if delivery is None:
        raise Invalid(f"method is one of {', '.join(_DELIVERIES)}", field="delivery.method")
    endpoint = _text(said.get("endpoint_url") or "", "delivery.endpoint_url", limit=ENDPOINT_CHARACTERS_MAX)
    if delivery is Delivery.POLL:
        if endpoint and endpoint != poll_endpoint:
            raise Invalid("where a receiver polls is for us to say", field="delivery.endpoint_url")
        return replace(stream, delivery=delivery, endpoint="", authorization="")
    if not endpoint:
        raise Invalid("a push needs an endpoint_url", field="delivery.endpoint_url")
    header = said.get("authorization_header")
    if header is None:
        # The header is never told to anybody, so that a receiver cannot say it back: it stays, for the same address.
        same = now is not None and now.endpoint == endpoint
        return replace(stream, delivery=delivery, endpoint=endpoint, authorization=None if same else "")
    text = _text(header, "delivery.authorization_header", limit=AUTHORIZATION_CHARACTERS_MAX)
    if not text.isascii() or not text.isprintable():
        raise Invalid("a header holds printable ASCII letters", field="delivery.authorization_header")
    return replace(stream, delivery=delivery, endpoint=endpoint, authorization=text.strip())


def _events(said: Any) -> tuple[str, ...]:
    if not isinstance(said, list) or len(said) > EVENTS_REQUESTED_MAX:
        raise Invalid(
            f"events_requested is a list of at most {EVENTS_REQUESTED_MAX} addresses", field="events_requested"
        )
    names = [_text(name, "events_requested", limit=EVENT_CHARACTERS_MAX) for name in said]
    return tuple(dict.fromkeys(name for name in names if name and name not in ABOUT_THE_STREAM))


def check_supplied(said: Mapping[str, Any], *, ours: Mapping[str, Any]) -> None:
    """Refuse a body that says of what we supply something else than we do."""
    for name in SUPPLIED_BY_US:
        if name in said and said[name] != ours[name]:
            raise Invalid(f"{name} is for us to say, and it is not this", field=name)


def stream_id(said: Mapping[str, Any]) -> UUID:
    """Return the stream a request names; refuse a request that names none."""
    text = said.get("stream_id")
    if not isinstance(text, str) or not text:
        raise Invalid("stream_id is needed", field="stream_id")
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # names no stream of ours: nothing there, like any other that is not the caller's


def status(said: Mapping[str, Any]) -> tuple[Status, str]:
    """Return the status that a request asks for, with its reason."""
    text = said.get("status")
    if text not in set(Status):
        raise Invalid(f"status is one of {', '.join(Status)}", field="status")
    return Status(str(text)), _text(said.get("reason") or "", "reason", limit=REASON_CHARACTERS_MAX)


def verification_state(said: Mapping[str, Any]) -> str | None:
    """Return the value that a verification is to bring back, or None."""
    state = said.get("state")
    return None if state is None else _text(state, "state", limit=STATE_CHARACTERS_MAX)


def person(said: Mapping[str, Any], *, issuer: str) -> UUID | None:
    """Return the person a subject names by our `iss_sub`, alone or as the user of a complex one.

    Whether there is such a person is not asked: a receiver that could try subjects out would learn who is here.
    """
    subject = said.get("subject")
    if isinstance(subject, Mapping) and subject.get("format") == "complex":
        subject = subject.get("user")
    if not isinstance(subject, Mapping) or subject.get("format") != "iss_sub":
        raise Invalid("subject has the format iss_sub", field="subject")
    if subject.get("iss") != issuer or not isinstance(subject.get("sub"), str):
        raise Invalid("iss is our issuer and sub what our ID tokens say", field="subject")
    try:
        return UUID(subject["sub"])
    except ValueError:
        return None


def poll(said: Mapping[str, Any]) -> Poll:
    """Return what a poll asks for (RFC 8936, section 2.4); refuse what is malformed."""
    wanted_max = said.get("maxEvents", POLL_SETS_MAX)
    if isinstance(wanted_max, bool) or not isinstance(wanted_max, int) or wanted_max < 0:
        raise Invalid("maxEvents is a number, zero or more", field="maxEvents")
    if not isinstance(said.get("returnImmediately", False), bool):
        raise Invalid("returnImmediately is true or false", field="returnImmediately")
    acknowledged = said.get("ack", [])
    errors = said.get("setErrs", {})
    if not isinstance(acknowledged, list) or not all(isinstance(jti, str) for jti in acknowledged):
        raise Invalid("ack is a list of token ids", field="ack")
    if not isinstance(errors, Mapping) or not all(isinstance(value, Mapping) for value in errors.values()):
        raise Invalid("setErrs names each token's err and description", field="setErrs")
    if len(acknowledged) + len(errors) > ACKNOWLEDGED_MAX:
        raise Invalid(f"at most {ACKNOWLEDGED_MAX} tokens are answered at once", field="ack")
    return Poll(
        sets_max=min(wanted_max, POLL_SETS_MAX),
        acknowledged=tuple(acknowledged),
        errors={jti: error_words(value) for jti, value in errors.items()},
    )


def error_words(said: Mapping[str, Any]) -> str:
    """Return a receiver's refusal as one short line; it is a stranger's text."""
    words = f"{said.get('err', '')}: {said.get('description', '')}"
    return "".join(letter if letter.isprintable() else " " for letter in words)[:ERROR_CHARACTERS_MAX].strip(": ")


def _text(said: Any, field: str, *, limit: int) -> str:
    if not isinstance(said, str) or len(said) > limit:
        raise Invalid(f"{field} is a text of at most {limit} characters", field=field)
    return said
