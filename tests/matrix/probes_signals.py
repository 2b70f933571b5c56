"""How the use cases of `signals` are tried: on a leaked account of one place, and on the stream of one receiver."""

import io
from typing import Any

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.signals import api as signals
from tests.matrix.probes import WHY, Probe, acts, sees
from tests.matrix.world import AT, Place


def _tried(place: Place, by: Actor) -> Any:
    return signals.is_leaked_secret(account_id=place.leaked, candidate=signals.Secret("x"), by=by, at=AT)


def _handed_in(_place: Place, by: Actor) -> Any:
    return signals.receive_leak(content=io.BytesIO(b"who@else.example\n"), source="tried", by=by, at=AT)


def _service(_place: Place, by: Actor) -> Any:
    return access.add_service(name="Tried", redirect_uris=["https://tried.example/back"], by=by, at=AT)


def _subject(place: Place) -> dict[str, Any]:
    return {"stream_id": str(place.stream), "subject": {"format": "email", "email": place.email}}


def _status(place: Place, by: Actor) -> Any:
    return signals.set_stream_status(said={"stream_id": str(place.stream), "status": "paused"}, by=by, at=AT)


PROBES: dict[str, Probe] = {
    "signals.receive_leak": acts(_handed_in, anywhere=True),
    "signals.leaks": sees(lambda p, by: p.leak in {row.id for row in signals.leaks(by=by)}),
    "signals.leak": acts(lambda p, by: signals.leak(leak_id=p.leak, by=by)),
    "signals.leaked_accounts": sees(lambda p, by: p.leaked in {row.id for row in signals.leaked_accounts(by=by)}),
    "signals.leaked_account": acts(lambda p, by: signals.leaked_account(account_id=p.leaked, by=by)),
    "signals.is_leaked_secret": acts(_tried),
    "signals.forget_leaked_secrets": acts(lambda p, by: signals.forget_leaked_secrets(by=by, at=AT), anywhere=True),
    # who keeps the node
    "access.add_service": acts(_service, anywhere=True),
    "access.relying_services": acts(lambda p, by: access.relying_services(by=by), anywhere=True),
    "access.relying_service": acts(lambda p, by: access.relying_service(client_id=p.client, by=by), anywhere=True),
    "access.close_service": acts(lambda p, by: access.close_service(client_id=p.client, by=by, **WHY), anywhere=True),
    "access.rotate_service_secret": acts(
        lambda p, by: access.rotate_service_secret(client_id=p.client, by=by, at=AT), anywhere=True
    ),
    "signals.receivers": acts(lambda p, by: signals.receivers(by=by, at=AT), anywhere=True),
    "signals.bind_receiver": acts(
        lambda p, by: signals.bind_receiver(client_id=p.client, account_id=p.receiver, by=by, at=AT), anywhere=True
    ),
    "signals.unbind_receiver": acts(
        lambda p, by: signals.unbind_receiver(client_id=p.client, by=by, **WHY), anywhere=True
    ),
    "signals.streams": acts(lambda p, by: signals.streams(by=by, at=AT), anywhere=True),
    "signals.stream": acts(lambda p, by: signals.stream(stream_id=p.stream, by=by, at=AT), anywhere=True),
    "signals.pause_stream": acts(lambda p, by: signals.pause_stream(stream_id=p.stream, by=by, **WHY), anywhere=True),
    "signals.resume_stream": acts(lambda p, by: signals.resume_stream(stream_id=p.stream, by=by, **WHY), anywhere=True),
    "signals.send_again": acts(lambda p, by: signals.send_again(stream_id=p.stream, by=by, at=AT), anywhere=True),
    "signals.verify_stream": acts(lambda p, by: signals.verify_stream(stream_id=p.stream, by=by, at=AT), anywhere=True),
    # a receiver's own stream: the seats are other accounts, so that for all of them it is not there
    "signals.own_streams": acts(lambda p, by: signals.own_streams(by=by, at=AT), anywhere=True),
    "signals.own_stream": acts(lambda p, by: signals.own_stream(stream_id=p.stream, by=by, at=AT), anywhere=True),
    "signals.create_stream": acts(lambda p, by: signals.create_stream(said={}, by=by, at=AT), anywhere=True),
    "signals.change_stream": acts(
        lambda p, by: signals.change_stream(said={"stream_id": str(p.stream)}, whole=False, by=by, at=AT), anywhere=True
    ),
    "signals.delete_stream": acts(lambda p, by: signals.delete_stream(stream_id=p.stream, by=by, at=AT), anywhere=True),
    "signals.stream_status": acts(lambda p, by: signals.stream_status(stream_id=p.stream, by=by, at=AT), anywhere=True),
    "signals.set_stream_status": acts(_status, anywhere=True),
    "signals.include_subject": acts(
        lambda p, by: signals.include_subject(said=_subject(p), by=by, at=AT), anywhere=True
    ),
    "signals.exclude_subject": acts(
        lambda p, by: signals.exclude_subject(said=_subject(p), by=by, at=AT), anywhere=True
    ),
    "signals.ask_verification": acts(
        lambda p, by: signals.ask_verification(said={"stream_id": str(p.stream)}, by=by, at=AT), anywhere=True
    ),
    "signals.poll": acts(
        lambda p, by: signals.poll(stream_id=p.stream, said={"returnImmediately": True}, by=by, at=AT), anywhere=True
    ),
}
