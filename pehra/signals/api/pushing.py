"""Calling receivers with what waits for them (RFC 8935), each in order, none waiting for another.

Streams are taken for the length of a lease in one short transaction, called from threads that know no database, and
marked in another: no call happens inside a transaction. Whoever dies in between leaves a lease that runs out; the token
goes out again under the same id. A receiver that hangs holds one thread; those that failed before are given only some
of the threads, so that however many are dead, the others are called.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from pehra.access import api as access
from pehra.kernel.clock import Clock
from pehra.kernel.refusals import Fault, Refusal
from pehra.signals.api.making import signed
from pehra.signals.gateways import sealed
from pehra.signals.models import SecurityEvent, Stream
from pehra.signals.queries import streams as queries
from pehra.signals.rules import answers
from pehra.signals.rules.answers import Meaning, Outcome
from pehra.signals.rules.events import VERIFICATION
from pehra.signals.rules.streams import ERROR_CHARACTERS_MAX, LEASE, REFUSED_AFTER, Delivery, SetState, next_try

THREADS_MAX = 16
FAILING_THREADS_MAX = 8
CALLS_A_TURN_MAX = 10  # tokens to one receiver before its next turn: ten calls of ten seconds are shorter than a lease
TURNS_MAX = 500
LOOKED_AGAIN_SECONDS = 0.5  # while calls are on their way, whether others are due
HEADERS = {"Content-Type": "application/secevent+jwt", "Accept": "application/json", "User-Agent": "Pehra"}


@dataclass(frozen=True, kw_only=True)
class PushSummary:
    """What one round of pushing came to, in tokens."""

    delivered: int = 0
    refused: int = 0
    failed: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One receiver's turn: where to, with which header, and the tokens, in order."""

    stream_id: UUID
    endpoint: str
    authorization: str
    tokens: tuple[tuple[UUID, str], ...]
    failing: bool
    fault: str = ""


def push_due(*, clock: Clock, ending: Callable[[], bool] = lambda: False) -> PushSummary:
    """Call every receiver that is due with what waits for it; return when nobody is due and no call is on its way.

    `ending` is asked between calls: a worker that is to stop begins none and waits for those on their way alone.
    """
    counts = dict.fromkeys(Meaning, 0)
    turns, stop = 0, Event()
    under_way: dict[Future[list[tuple[UUID, Outcome]]], _Turn] = {}
    with ThreadPoolExecutor(max_workers=THREADS_MAX, thread_name_prefix="signals") as threads:
        while True:
            if ending():
                stop.set()
            if turns < TURNS_MAX and not stop.is_set():
                for turn in _claim(_room(under_way), at=clock.now()):
                    under_way[threads.submit(_call, turn, stop)] = turn
                    turns += 1
            if not under_way:
                break
            done, _waiting = wait(under_way, timeout=LOOKED_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for call in done:
                outcomes = call.result()
                _mark(under_way.pop(call), outcomes, at=clock.now())
                for _jti, outcome in outcomes:
                    counts[outcome.meaning] += 1
    return PushSummary(delivered=counts[Meaning.TAKEN], refused=counts[Meaning.REFUSED], failed=counts[Meaning.FAILED])


def _room(under_way: dict[Future[list[tuple[UUID, Outcome]]], _Turn]) -> tuple[int, int]:
    """Return how many receivers may be called besides, and how many of those that failed before."""
    failing = sum(turn.failing for turn in under_way.values())
    return THREADS_MAX - len(under_way), FAILING_THREADS_MAX - failing


def _claim(room: tuple[int, int], *, at: datetime) -> Iterator[_Turn]:
    """Take streams that are due for the length of a lease, those that work first, and give their turns."""
    free, for_failing = room
    if free <= 0:
        return
    waiting = SecurityEvent.objects.filter(queries.may_be_given(), stream=OuterRef("pk"))
    with transaction.atomic(durable=True):
        due = (
            Stream.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(next_try_at__isnull=True) | Q(next_try_at__lte=at), delivery=Delivery.PUSH.value)
            .filter(Exists(waiting))
            .order_by("failures", F("next_try_at").asc(nulls_first=True), "id")
        )
        taken = [*due.filter(failures=0)[:free]]
        left = max(min(free - len(taken), for_failing), 0)
        taken += [*due.filter(failures__gt=0)[:left]]
        Stream.objects.filter(id__in=[row.id for row in taken]).update(next_try_at=at + LEASE)
        turns = [_turn(row, at=at) for row in taken]
    yield from turns


def _turn(row: Stream, *, at: datetime) -> _Turn:
    # A receiver that failed is tried with one token: the rest of its turn would only fail the same way.
    events = queries.given_next(row, limit=1 if row.failures else CALLS_A_TURN_MAX)
    fault, authorization = "", ""
    try:
        authorization = sealed.opened(bytes(row.authorization), stream_id=row.id)
    except Fault as error:
        fault = str(error)
    return _Turn(
        stream_id=row.id,
        endpoint=row.endpoint,
        authorization=authorization,
        tokens=tuple((event.jti, signed(event, at=at)) for event in events),
        failing=row.failures > 0,
        fault=fault,
    )


def _call(turn: _Turn, stop: Event) -> list[tuple[UUID, Outcome]]:
    """Push the tokens of a turn one by one, until one is not taken. Runs in a thread; knows no database."""
    outcomes: list[tuple[UUID, Outcome]] = []
    for jti, token in turn.tokens:
        if stop.is_set():
            break
        outcome = _push(turn, token)
        outcomes.append((jti, outcome))
        if outcome.meaning is not Meaning.TAKEN:
            break
    return outcomes


def _push(turn: _Turn, token: str) -> Outcome:
    if turn.fault:
        return Outcome(meaning=Meaning.FAILED, words=turn.fault)
    headers = {**HEADERS, **({"Authorization": turn.authorization} if turn.authorization else {})}
    try:
        answer = access.post_outside(turn.endpoint, body=token.encode(), headers=headers)
    except (Fault, Refusal) as error:
        return Outcome(meaning=Meaning.FAILED, words=str(error))
    return answers.outcome(status=answer.status, media_type=answer.media_type, body=answer.body)


def _mark(turn: _Turn, outcomes: list[tuple[UUID, Outcome]], *, at: datetime) -> None:
    """Write down what became of a turn."""
    with transaction.atomic(durable=True):
        row = Stream.objects.select_for_update().filter(id=turn.stream_id).first()
        if row is None:
            return  # its receiver took it away meanwhile
        for jti, outcome in outcomes:
            _mark_token(row, jti, outcome, at=at)
        taken = [jti for jti, outcome in outcomes if outcome.meaning is Meaning.TAKEN]
        last = outcomes[-1][1] if outcomes else Outcome(meaning=Meaning.TAKEN)
        changes: dict[str, object] = {}
        if taken:
            changes = {"last_delivered_at": at}
            if SecurityEvent.objects.filter(jti__in=taken, event=VERIFICATION).exists():
                changes["verified_at"] = at
        if last.meaning is Meaning.TAKEN:
            changes |= {"failures": 0, "failing_since": None, "problem": "", "next_try_at": None}
        else:
            failures = 1 if taken else row.failures + 1
            since = row.failing_since if row.failing_since and not taken else at
            changes |= {
                "failures": failures,
                "failing_since": since,
                "problem": last.words[:ERROR_CHARACTERS_MAX],
                "next_try_at": next_try(failures=failures, at=at),
            }
        Stream.objects.filter(id=row.id).update(**changes)


def _mark_token(row: Stream, jti: UUID, outcome: Outcome, *, at: datetime) -> None:
    event = SecurityEvent.objects.filter(queries.WAITING, stream=row, jti=jti).first()
    if event is None:
        return
    changes: dict[str, object] = {"attempts": event.attempts + 1, "given_at": at}
    match outcome.meaning:
        case Meaning.TAKEN:
            changes |= {"state": SetState.DELIVERED.value, "ended_at": at, "error": ""}
        case Meaning.FAILED:
            changes |= {"error": outcome.words[:ERROR_CHARACTERS_MAX]}
        case Meaning.REFUSED:
            since = event.refused_since or at
            changes |= {"refused_since": since, "error": outcome.words[:ERROR_CHARACTERS_MAX]}
            if since <= at - REFUSED_AFTER:
                # Read and refused for a day: it stands aside, for whoever keeps the node to look at, and the rest goes.
                changes |= {"state": SetState.REFUSED.value, "ended_at": at}
    SecurityEvent.objects.filter(id=event.id).update(**changes)
