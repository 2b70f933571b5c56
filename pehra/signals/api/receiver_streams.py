"""What a receiver does with its own stream: makes it, reads it, changes it, stops it, asks whether it works.

Every function finds the stream by who asks: another receiver's is not there. One stream a receiver, as the framework
lets a transmitter choose: a second one would tell the same twice.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible, Refusal
from pehra.ledger import api as ledger
from pehra.signals.api.making import queue_verification
from pehra.signals.api.statuses import change_status
from pehra.signals.gateways import sealed
from pehra.signals.models import ExcludedPerson, Receiver, Stream
from pehra.signals.queries import streams as queries
from pehra.signals.rules import requests
from pehra.signals.rules.events import SUPPORTED, delivered
from pehra.signals.rules.requests import Wanted
from pehra.signals.rules.streams import EXCLUDED_MAX, METHODS, VERIFICATION_INTERVAL, Delivery, Status

ROOT = "/signals"


class StreamExists(Refusal):
    """A receiver has one stream, and it is there."""


class TooSoon(Refusal):
    """Asked again before the interval that the stream's configuration states."""


def configuration() -> dict[str, Any]:
    """Return what every receiver must know to begin (`/.well-known/ssf-configuration`); nothing of anybody."""
    issuer = access.issuer()
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "delivery_methods_supported": list(METHODS.values()),
        "configuration_endpoint": f"{issuer}{ROOT}/streams",
        "status_endpoint": f"{issuer}{ROOT}/status",
        "add_subject_endpoint": f"{issuer}{ROOT}/subjects:add",
        "remove_subject_endpoint": f"{issuer}{ROOT}/subjects:remove",
        "verification_endpoint": f"{issuer}{ROOT}/verify",
        "critical_subject_members": ["user", "session"],
        "default_subjects": "ALL",
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6750"}],
    }


@transaction.atomic
def create_stream(*, said: Mapping[str, Any], by: Actor, at: datetime) -> dict[str, Any]:
    """Make the receiver's stream and return its configuration."""
    receiver = _receiver(by, lock=True)
    if Stream.objects.filter(receiver=receiver).exists():
        raise StreamExists(_("A receiver has one stream, and this one has it."))
    wanted = requests.wanted(said)
    _require_reachable(wanted)
    number = new_id(at)
    row = Stream.objects.create(
        id=number,
        receiver=receiver,
        delivery=wanted.delivery.value,
        endpoint=wanted.endpoint,
        authorization=sealed.seal(wanted.authorization or "", stream_id=number),
        description=wanted.description,
        events_requested=list(wanted.events_requested),
        status_by=by.id,
        status_at=at,
        created_at=at,
        changed_at=at,
        last_seen_at=at,
    )
    _record("signals.stream.created", row, by=by, at=at)
    return _document(row)


def own_streams(*, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """Return the configuration of the receiver's stream, or nothing where it has none."""
    receiver = _receiver(by)
    return [_document(row) for row in Stream.objects.filter(receiver=receiver)]


def own_stream(*, stream_id: UUID, by: Actor, at: datetime) -> dict[str, Any]:
    """Return the configuration of one stream of the receiver."""
    return _document(_own(stream_id, by=by, at=at))


@transaction.atomic
def change_stream(*, said: Mapping[str, Any], whole: bool, by: Actor, at: datetime) -> dict[str, Any]:
    """Change the receiver's stream: only what is said, or as a `whole`, where what is left out is emptied."""
    row = _own(requests.stream_id(said), by=by, at=at, lock=True)
    document = _document(row)
    requests.check_supplied(said, ours=document)
    now = Wanted(
        delivery=Delivery(row.delivery),
        endpoint=row.endpoint,
        authorization=None,
        events_requested=tuple(row.events_requested),
        description=row.description,
    )
    poll_endpoint = f"{access.issuer()}{ROOT}/poll/{row.id}"
    wanted = requests.wanted(said, now=None if whole else now, poll_endpoint=poll_endpoint)
    _require_reachable(wanted)
    row.delivery, row.endpoint = wanted.delivery.value, wanted.endpoint
    row.events_requested, row.description = list(wanted.events_requested), wanted.description
    if wanted.authorization is not None:
        row.authorization = sealed.seal(wanted.authorization, stream_id=row.id)
    row.changed_at, row.next_try_at = at, None
    row.save(
        update_fields=[
            "delivery", "endpoint", "authorization", "events_requested", "description", "changed_at", "next_try_at",
        ]
    )  # fmt: skip
    _record("signals.stream.changed", row, by=by, at=at)
    return _document(row)


@transaction.atomic
def delete_stream(*, stream_id: UUID, by: Actor, at: datetime) -> None:
    """Take the receiver's stream away, with all that waited on it."""
    row = _own(stream_id, by=by, at=at, lock=True)
    waiting = row.events.filter(queries.WAITING).count()
    _record("signals.stream.deleted", row, by=by, at=at, facts={"let_go": waiting})
    row.delete()


def stream_status(*, stream_id: UUID, by: Actor, at: datetime) -> dict[str, str]:
    """Return whether the receiver's stream is enabled, paused or disabled, and why."""
    return _status(_own(stream_id, by=by, at=at))


@transaction.atomic
def set_stream_status(*, said: Mapping[str, Any], by: Actor, at: datetime) -> dict[str, str]:
    """Change the status of the receiver's stream, but for one that was stopped by whoever keeps the node."""
    status, reason = requests.status(said)
    row = _own(requests.stream_id(said), by=by, at=at, lock=True)
    stopped_by_others = row.status != Status.ENABLED and row.status_by not in (by.id, STOPPED_BY_ITSELF)
    if stopped_by_others and row.status != status:
        raise Forbidden(_("This stream was stopped by whoever keeps the node. Ask them."))
    change_status(row, status, reason=reason, tell=False, by=by, at=at)
    row.refresh_from_db()
    return _status(row)


STOPPED_BY_ITSELF = "pehra.signals"  # a receiver that was down for days may come back by itself


@transaction.atomic
def include_subject(*, said: Mapping[str, Any], by: Actor, at: datetime) -> None:
    """Tell the receiver of somebody again whom it had asked not to be told of; of others nothing changes.

    Whether there is such a person is never said.
    """
    row = _own(requests.stream_id(said), by=by, at=at, lock=True)
    person = requests.person(said, issuer=access.issuer())
    if person is not None:
        ExcludedPerson.objects.filter(stream=row, person_id=person).delete()


@transaction.atomic
def exclude_subject(*, said: Mapping[str, Any], by: Actor, at: datetime) -> None:
    """Tell the receiver nothing more of somebody, from now on."""
    row = _own(requests.stream_id(said), by=by, at=at, lock=True)
    person = requests.person(said, issuer=access.issuer())
    if person is None:
        return
    if row.excluded.count() >= EXCLUDED_MAX:
        raise Invalid(f"at most {EXCLUDED_MAX} people are left out of a stream", field="subject")
    ExcludedPerson.objects.get_or_create(stream=row, person_id=person, defaults={"at": at})


@transaction.atomic
def ask_verification(*, said: Mapping[str, Any], by: Actor, at: datetime) -> None:
    """Queue a verification event on the receiver's stream; refuse more than one in the interval."""
    state = requests.verification_state(said)
    row = _own(requests.stream_id(said), by=by, at=at, lock=True)
    if row.verification_asked_at is not None and row.verification_asked_at > at - VERIFICATION_INTERVAL:
        raise TooSoon(_("Ask again after the interval that the stream states."))
    Stream.objects.filter(id=row.id).update(verification_asked_at=at)
    queue_verification(row, state=state, at=at)


def _receiver(by: Actor, *, lock: bool = False) -> Receiver:
    """Return what the actor receives for; refuse an account that is bound to no open service."""
    access.require(by, Permission.SIGNALS_RECEIVE)
    rows = Receiver.objects.select_for_update() if lock else Receiver.objects.all()
    row = rows.filter(account_id=_account(by), ended_at__isnull=True).first()
    if row is None or row.client_id not in access.open_services():
        raise Forbidden(_("This account receives for no service. Whoever keeps the node binds it to one."))
    return row


def _account(by: Actor) -> UUID:
    try:
        return UUID(by.id)
    except ValueError:
        raise Forbidden(_("This account receives for no service. Whoever keeps the node binds it to one.")) from None


def own_row(stream_id: UUID, *, by: Actor, at: datetime) -> Stream:
    """Return the receiver's stream, locked, for the other modules of this part."""
    return _own(stream_id, by=by, at=at, lock=True)


def _own(stream_id: UUID, *, by: Actor, at: datetime, lock: bool = False) -> Stream:
    """Return the receiver's stream by its id, and note that the receiver is alive."""
    receiver = _receiver(by)
    rows = Stream.objects.select_for_update(of=("self",)) if lock else Stream.objects.all()
    row = rows.select_related("receiver").filter(id=stream_id, receiver=receiver).first()
    if row is None:
        raise NotVisible(_("There is no such stream."))
    Stream.objects.filter(id=row.id).update(last_seen_at=at)
    return row


def _require_reachable(wanted: Wanted) -> None:
    if wanted.delivery is Delivery.PUSH:
        access.outside_place(wanted.endpoint, field="delivery.endpoint_url")


def _document(row: Stream) -> dict[str, Any]:
    """Return a stream's configuration as the framework writes it; a header that was handed in is never shown again."""
    push = row.delivery == Delivery.PUSH
    endpoint = row.endpoint if push else f"{access.issuer()}{ROOT}/poll/{row.id}"
    return {
        "stream_id": str(row.id),
        "iss": access.issuer(),
        "aud": row.receiver_id,
        "delivery": {"method": METHODS[Delivery(row.delivery)], "endpoint_url": endpoint},
        "events_supported": list(SUPPORTED),
        "events_requested": row.events_requested,
        "events_delivered": delivered(row.events_requested),
        "min_verification_interval": int(VERIFICATION_INTERVAL.total_seconds()),
        **({"description": row.description} if row.description else {}),
    }


def _status(row: Stream) -> dict[str, str]:
    said = {"stream_id": str(row.id), "status": row.status}
    return said | ({"reason": row.reason} if row.reason else {})


def _record(event: str, row: Stream, *, by: Actor, at: datetime, facts: Mapping[str, object] | None = None) -> None:
    told = {
        "service": row.receiver_id,
        "delivery": row.delivery,
        "endpoint": row.endpoint,
        "events": delivered(row.events_requested),
    }
    ledger.record(event, subject=f"stream:{row.id}", by=by, at=at, facts=told | dict(facts or {}))
