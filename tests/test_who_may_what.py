"""Who may do what to whose matters: every role before every use case, and no door that is not on the list.

The letters are what the use cases really answer in `tests/matrix/world.py`. With PEHRA_GOLDEN=write in the
environment the reviewed file is written anew; read the difference before committing it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings

from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from tests.matrix import doors, golden
from tests.matrix.probes import FILES, Probe
from tests.matrix.trying import PROBES
from tests.matrix.world import Seat, World, build, seat_names

WRITING = os.environ.get("PEHRA_GOLDEN") == "write"
WORLD_FOLDER: list[Path] = []
EXCEPTIONS = Path(__file__).parent / "golden" / "doors-without-a-probe.txt"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world, written once a module in a transaction that is undone."""
    folder = tmp_path_factory.mktemp("world")
    WORLD_FOLDER[:] = [tmp_path_factory.mktemp("data")]
    FILES["organisations"] = folder / "none.csv"
    FILES["organisations"].write_text("organisation,name\n")
    FILES["indicators"] = folder / "indicators.csv"
    FILES["indicators"].write_text("192.0.2.1\n")
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(PEHRA_DATA=WORLD_FOLDER[0]):
            made = build(folder)
        yield made
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def data_of_the_world(request: pytest.FixtureRequest, settings) -> None:
    """The data folder in which the world's ledger was sealed, for every test that looks at the world."""
    if "world" in request.fixturenames:
        settings.PEHRA_DATA = WORLD_FOLDER[0]


def letter(probe: Probe, place, seat: Seat) -> str:
    """What a use case answers this actor about this place."""
    with transaction.atomic():
        try:
            answer = probe.run(place, seat.actor)
            said = "Y" if not probe.shows or answer else "."
        except NotVisible:
            said = "."
        except Forbidden:
            said = "r"
        except Invalid:
            if not (probe.hidden or probe.incomplete):
                raise
            said = "." if probe.hidden else "Y"
        transaction.set_rollback(True)
    return said


def pattern(case: str, world: World, seat: Seat) -> str:
    """The letters of one use case for one seat."""
    probe = PROBES[case]
    if probe.anywhere:
        return f"any:{letter(probe, world.places['own'], seat)}"
    return "".join("-" if place is None else letter(probe, place, seat) for _name, place in world.before(seat))


@pytest.mark.parametrize("name", seat_names())
def test_each_seat_may_what_was_reviewed(name: str, world: World, db: None) -> None:
    found = {case: pattern(case, world, world.seats[name]) for case in PROBES}
    if WRITING:
        patterns, listed = golden.read(seat_names())
        kept = {named: said for named, said in patterns.items() if named[0] in PROBES}
        golden.write({**kept, **{(case, name): said for case, said in found.items()}}, listed)
        return
    patterns, _doors = golden.read(seat_names())
    reviewed = {case: said for (case, seat), said in patterns.items() if seat == name}
    assert found == reviewed


def lines() -> Iterator[str]:
    """Every door with the use cases it leads to."""
    for name, function in sorted(doors.functions().items()):
        yield f"api {name}" + ("" if doors.takes_actor(function) else "  (told of no actor)")
    kinds = {"page": doors.addresses, "rest": doors.operations, "command": doors.commands}
    for kind, listed in kinds.items():
        for name, function in sorted(listed(), key=lambda door: door[0]):
            yield f"{kind} {name} -> {' '.join(doors.leads_to(function)) or 'nothing of a part'}"


def test_every_door_is_listed_with_where_it_leads() -> None:
    found = list(lines())
    patterns, listed = golden.read(seat_names())
    if WRITING:
        golden.write(patterns, found)
        return
    assert found == listed


def test_every_use_case_that_is_told_who_acts_is_tried_or_excepted() -> None:
    tried = {case.partition(" (")[0] for case in PROBES}
    excepted = {line.partition(":")[0] for line in EXCEPTIONS.read_text().splitlines() if line and line[0] != "#"}
    told = {name for name, function in doors.functions().items() if doors.takes_actor(function)}
    assert not told - tried - excepted, "use cases without a probe"
    assert not excepted - told, "exceptions that are no longer use cases"
    assert not excepted & tried, "exceptions that are tried by now"
