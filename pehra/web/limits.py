"""How much one may ask: the bytes of a request, how many bodies are read at once, and how many requests a minute.

Each refusal comes before anything is read or asked of the database. Requests are counted in the process and told to
the table that all processes share in steps, so that most requests cost no statement. Who is signed in is counted as
their account alone: a flood from the address that they share with a stranger does not shut them out.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError

from pehra.access import api as access
from pehra.kernel import clock
from pehra.kernel.actors import ActorKind
from pehra.web import refused

Answer = Callable[[HttpRequest], HttpResponse]

BODIES_AT_ONCE = 8  # half of the server's threads: whoever sends slowly never holds the other half
BODIES_OF_ONE_ADDRESS = 3
BODY_ROOM_SECONDS = 2
KEYS_KEPT_MAX = 20_000  # counters, and known sessions, that one process keeps
STEPS = 32  # a process tells the shared table of its count this often until the limit
NEW_SESSION_FACTOR = 10  # an address with sessions that this process has not seen yet: one office, after a restart


class Counters:
    """What this process counted in the present minute, by key; the shared table knows the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = -1
        self._told: dict[str, int] = {}
        self._untold: dict[str, int] = {}

    def over(self, key: str, *, limit: int, at: datetime) -> bool:
        """Count one request; return whether it is one too many for this minute."""
        with self._lock:
            self._begin(access.window_of(at))
            told, untold = self._told.get(key, 0), self._untold.get(key, 0) + 1
            if told > limit:
                return True  # known to be over: nothing more is written until the minute ends
            due = untold >= max(1, limit // STEPS)
            self._untold[key] = 0 if due else untold
        if due:
            told = access.count_requests(key=key, number=untold, at=at)
            with self._lock:
                self._told[key] = max(told, self._told.get(key, 0))
            untold = 0
        return told + untold > limit

    def _begin(self, minute: int) -> None:
        if minute != self._minute or len(self._untold) > KEYS_KEPT_MAX:
            self._minute = minute
            self._told.clear()
            self._untold.clear()


class Known:
    """Which account a session or a token belongs to, as far as this process saw; by a hash, never the thing itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, str] = {}

    def account(self, credential: str) -> str:
        """Return the account's id, or nothing."""
        return self._accounts.get(credential, "")

    def learn(self, credential: str, account: str) -> None:
        """Remember whose this is, or that it is nobody's any more."""
        with self._lock:
            if not account:
                self._accounts.pop(credential, None)
                return
            if len(self._accounts) >= KEYS_KEPT_MAX:
                self._accounts.clear()
            self._accounts[credential] = account


class Bodies:
    """How many bodies are being read, and of one address: a slow sender holds a thread, and there are few."""

    def __init__(self) -> None:
        self._room = threading.BoundedSemaphore(BODIES_AT_ONCE)
        self._lock = threading.Lock()
        self._of: dict[str, int] = {}

    @contextmanager
    def reading(self, source: str) -> Iterator[bool]:
        """Yield whether there is room to read one more body from there."""
        with self._lock:
            mine = self._of.get(source, 0)
            if mine < BODIES_OF_ONE_ADDRESS:
                self._of[source] = mine + 1
        if mine >= BODIES_OF_ONE_ADDRESS:
            yield False
            return
        room = False
        try:
            room = self._room.acquire(timeout=BODY_ROOM_SECONDS)
            yield room
        finally:
            if room:
                self._room.release()
            with self._lock:
                self._of[source] -= 1
                if not self._of[source]:
                    del self._of[source]


counters, known, bodies = Counters(), Known(), Bodies()


def limits(answer: Answer) -> Answer:
    """Return middleware that refuses what is too much: too many requests, too large a body, too many bodies at once."""

    def middleware(request: HttpRequest) -> HttpResponse:
        source = access.source_of(request)
        credential = _credential(request)
        at = clock.now()
        if _too_many(source, credential, at=at):
            return refused.too_many(request, seconds=60 - at.second)
        refusal = _body_refused(request, source)
        if refusal is not None:
            return refusal
        response = answer(request)
        if credential:
            actor = getattr(request, "actor", None)
            known.learn(credential, actor.id if actor is not None and _has_account(actor) else "")
        return response

    return middleware


def _has_account(actor: object) -> bool:
    return getattr(actor, "kind", None) is not ActorKind.SYSTEM and getattr(actor, "id", "nobody") != "nobody"


def _credential(request: HttpRequest) -> str:
    """Return by what a request says whose it is, as a hash; nothing where it says nothing."""
    said = request.headers.get("Authorization", "") or request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return access.whose("credential", said) if said else ""


def _too_many(source: str, credential: str, *, at: datetime) -> bool:
    account = known.account(credential) if credential else ""
    if account:
        limit = settings.PEHRA_REQUESTS_PER_MINUTE_ACCOUNT
        return counters.over(access.whose("account", account), limit=limit, at=at)
    limit = settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS
    # One that brings a session which nobody here has seen may be anybody: it has a bucket of its own, and a larger one.
    kind = "sessions of an address" if credential else "address"
    return counters.over(access.whose(kind, source), limit=limit * (NEW_SESSION_FACTOR if credential else 1), at=at)


def _body_refused(request: HttpRequest, source: str) -> HttpResponse | None:
    """Refuse a body that is too large, unread, or that does not say how large it is; else read it while there is room.

    It is read here, before a transaction begins: who sends slowly holds a thread and no connection to the database.
    """
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        return refused.length_required(request)
    said = request.META.get("CONTENT_LENGTH") or "0"
    if not (said.isascii() and said.isdecimal()):
        return refused.bad_request(request)
    length = int(said)
    if length > settings.PEHRA_REQUEST_BYTES_MAX:
        return refused.too_large(request)
    if not length:
        return None
    with bodies.reading(source) as room:
        if not room:
            return refused.busy(request)
        try:
            request.body  # noqa: B018 - kept by the request for whoever asks later
        except RequestDataTooBig:
            return refused.too_large(request)
        except UnreadablePostError:
            return refused.bad_request(request)
    return None
