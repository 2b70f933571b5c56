"""UUIDv7 and human references."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.kernel.actors import ActorKind, system
from pehra.kernel.identifiers import moment_of, new_id, parse_id, parse_reference, reference
from pehra.kernel.refusals import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2_900_000)).map(EPOCH.__add__)


def test_the_layout_is_that_of_rfc_9562() -> None:
    # RFC 9562, appendix A.6: 2022-02-22T19:22:22Z is 0x017F22E279B0.
    identifier = new_id(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC))
    assert str(identifier).startswith("017f22e2-79b0-7")
    assert identifier.version == 7
    assert identifier.variant == "specified in RFC 4122"


@given(MOMENTS)
def test_an_identifier_carries_its_moment(at: datetime) -> None:
    assert timedelta(0) <= at - moment_of(new_id(at)) < timedelta(milliseconds=1)


@given(MOMENTS, st.integers(1, 10**6))
def test_identifiers_sort_by_time_of_making(at: datetime, later: int) -> None:
    assert new_id(at) < new_id(at + timedelta(milliseconds=later))


def test_identifiers_of_one_moment_differ() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    made = {new_id(at) for _ in range(10_000)}
    assert len(made) == 10_000
    for bit in [*range(62), *range(64, 76)]:
        assert {identifier.int >> bit & 1 for identifier in made} == {0, 1}


def test_a_moment_before_1970_and_a_random_uuid_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        new_id(datetime(1969, 12, 31, tzinfo=UTC))
    with pytest.raises(Invalid):
        moment_of(uuid4())


def test_an_identifier_is_read_as_people_paste_it() -> None:
    assert parse_id(" 017F22E2-79B0-7CC3-98C4-DC0C0C07398F\n") == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    with pytest.raises(Invalid):
        parse_id("PK-2026-000123")


@pytest.mark.parametrize("text", ["PK-2026-000123", " pk-2026-000123", "PK-2026-0000123", "PK-۲۰۲۶-۰۰۰۱۲۳"])
def test_a_reference_has_one_spelling(text: str) -> None:
    assert parse_reference(text) == reference(prefix="PK", year=2026, number=123) == "PK-2026-000123"


@pytest.mark.parametrize(
    "text", ["", "PK-2026-123", "PK-26-000123", "P-2026-000123", "PK-2026-000123x", "PK 2026 000123"]
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_reference(text)


@given(st.integers(0, 999_999_999))
def test_a_reference_reads_back(number: int) -> None:
    made = reference(prefix="PK", year=2026, number=number)
    assert parse_reference(made) == made
    assert int(made.rsplit("-", 1)[1]) == number


def test_the_system_acts_under_its_parts_name() -> None:
    actor = system("telemetry")
    assert (actor.id, actor.kind, actor.is_system) == ("pehra.telemetry", ActorKind.SYSTEM, True)
