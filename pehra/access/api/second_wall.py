"""Standing before the second wall: whose rows the database shows for a while.

`bound` is for everything that a request does for somebody; `elevated` is for a moment in which Pehra itself must know
more than the person (what a second person must not doubly approve, which address is taken). Both are undone at their
end, on whatever road, and neither outlives the transaction. Each use of `elevated` is named in
`tests/golden/elevated.txt`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from pehra.access.gateways import second_wall as gateway
from pehra.access.gateways.second_wall import Place
from pehra.access.rules.roles import Permission, ScopeKind
from pehra.access.rules.second_wall import SYSTEM, WEB
from pehra.kernel.actors import Actor

_PEOPLE_OF_THE_NATION = f"{Permission.ACCESS_READ}@{ScopeKind.NATIONAL}"
# Whether Pehra itself stands open already, in this thread's transaction: a use of a use then says nothing twice.
_is_open: ContextVar[bool] = ContextVar("pehra_is_open", default=False)
_in_force: dict[str, bool] = {}  # a database's name: whether its roles are there; asked once a process


@contextmanager
def bound(*, actor: Actor, to_the_end: bool = False) -> Iterator[None]:
    """Let the database show what this actor may see, and nothing else, until the end; in a transaction.

    With `to_the_end` the transaction ends with it: where it does, nothing need be taken back.
    """
    if not _is_in_force():
        with transaction.atomic():
            yield
        return
    settings = _place_of(actor).settings()
    with _moved(lambda: gateway.move(settings), to_the_end=to_the_end):
        yield


@contextmanager
def at_the_door() -> Iterator[None]:
    """Let the database show what is needed to learn who asks (accounts, grants, tokens), and no matter of anybody.

    Until the end of the transaction.
    """
    if not _is_in_force():
        yield
        return
    settings = Place(role=WEB, people=True).settings()
    with _moved(lambda: gateway.move(settings), to_the_end=True):
        yield


@contextmanager
def elevated(*, part: str, only_people: bool = False) -> Iterator[None]:
    """Let Pehra itself see every row for a moment; with `only_people` those of accounts and grants as well.

    `part` says for what, as `<part>.<purpose>`: it is what a reviewer looks for, and no rule hangs on it. Where no wall
    stands before the session (a command, a worker) it changes nothing.
    """
    if not _is_in_force():
        with transaction.atomic():
            yield
        return
    if _is_open.get() and connection.in_atomic_block:
        yield
        return
    with _moved(gateway.open_people if only_people else gateway.open_all, opens=not only_people):
        yield


def lay_second_wall() -> list[str]:
    """Write roles, rights and policies into the database, as the owner of its tables; return what is left to do.

    After every migration: a table that is new has no wall yet, and nobody but the owner may read it.
    """
    with transaction.atomic():
        left = gateway.lay()
    _in_force.clear()
    return left


def second_wall_flaws() -> list[str]:
    """Return why the second wall is not in force, as sentences; empty when it is."""
    return gateway.flaws()


def second_wall_slows() -> list[str]:
    """Return the statements with which an administrator makes lists under the wall as fast as without it."""
    return [gateway.leakproof_statement(name) for name in gateway.unmarked()]


def _place_of(actor: Actor) -> Place:
    if actor.is_system:
        return Place(role=SYSTEM, actor=actor.id)
    return Place(
        role=WEB,
        actor=actor.id,
        teams=sorted(actor.teams),
        organisations=sorted(actor.organisations),
        people=_PEOPLE_OF_THE_NATION in actor.permissions,
    )


@contextmanager
def _moved(move: Callable[[], dict[str, str]], *, opens: bool = False, to_the_end: bool = False) -> Iterator[None]:
    """Move through the wall and back; in the transaction that is there, else in one of its own."""
    said = _is_open.set(opens)
    try:
        with _there_and_back(move, to_the_end=to_the_end):
            yield
    finally:
        _is_open.reset(said)


@contextmanager
def _there_and_back(move: Callable[[], dict[str, str]], *, to_the_end: bool) -> Iterator[None]:
    if not connection.in_atomic_block:
        with transaction.atomic():
            move()
            yield
        return
    former = move()
    try:
        yield
    finally:
        # A transaction that takes no statement goes back to before this one, and the settings with it. One that ends
        # here takes them along, unless it is a part of another.
        if not (to_the_end and not connection.savepoint_ids) and not gateway.is_broken():
            gateway.move(former)


def _is_in_force() -> bool:
    """Whether this database has the roles; where nobody may make them `doctor` says so."""
    name = str(connection.settings_dict["NAME"])
    if name not in _in_force:
        _in_force[name] = gateway.has_roles()
    return _in_force[name]
