"""The list of threads: where something happened last stands first, on every page of it and at every door."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.threads import api
from pehra.threads.rules import pages
from tests.threads.conftest import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
THREADS = 5


@pytest.fixture
def names(write: Callable[..., Any], machine: Actor, at: datetime) -> list[str]:
    """Threads about as many matters, all begun in the same moment: by number, the first one first."""
    for number in range(THREADS):
        write(about=f"PKN-2026-00000{number}")
    api.follow_letters(by=machine, at=at)
    rows, _more = api.threads(by=machine)
    return [row.reference for row in reversed(rows)]


def paged(by: Actor, *, size: int) -> list[str]:
    found: list[str] = []
    before: str | None = ""
    while before is not None:
        rows, before = api.threads(by=by, before=before, limit=size)
        found += [row.reference for row in rows]
    return found


def test_a_thread_in_which_something_happened_rises(
    names: list[str], write: Callable[..., Any], machine: Actor, at: datetime
) -> None:
    letter = write(about="PKN-2026-000000")
    api.answer(token=token_of(letter.id), choice="acknowledged", note="", seen=0, at=at + timedelta(hours=1))
    rows, _more = api.threads(by=machine)
    assert [row.reference for row in rows] == [names[0], *reversed(names[1:])]


@pytest.mark.parametrize("size", [1, 2, 3, THREADS, THREADS + 1])
def test_pages_hold_every_thread_once_though_all_have_one_moment(names: list[str], size: int, machine: Actor) -> None:
    assert paged(machine, size=size) == list(reversed(names))


def test_one_that_rises_between_two_pages_repeats_nothing_below(
    names: list[str], write: Callable[..., Any], machine: Actor, at: datetime
) -> None:
    first, before = api.threads(by=machine, limit=2)
    letter = write(about="PKN-2026-000003")  # the last one of the first page
    api.answer(token=token_of(letter.id), choice="acknowledged", note="", seen=0, at=at + timedelta(hours=1))
    rows, _more = api.threads(by=machine, before=before or "")
    assert [row.reference for row in rows] == list(reversed(names[:3]))
    assert first[1].reference == names[3]


@given(
    moment=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    number=st.integers(min_value=0, max_value=2**63 - 1),
)
def test_a_place_is_read_as_it_was_written(moment: datetime, number: int) -> None:
    assert pages.read(pages.written(moment, number)) == (moment, number)


@pytest.mark.parametrize("text", ["x", "1", "1-", "-1", "1--1", "²-1", "1-1 ", f"{10**30}-1", f"1-{2**63}", "9" * 41])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        pages.read(text)
