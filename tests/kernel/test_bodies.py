"""Bodies as programs write them: what is unknown, vague or silent is refused, and in one place for every part."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from pehra.kernel import bodies

PEHRA = Path(bodies.__file__).parents[1]


class Told(bodies.Strict):
    """A body of these tests."""

    when: bodies.Moment | None = None
    reason: bodies.Reason = "because"


def test_a_moment_is_read_with_its_offset():
    assert Told.model_validate({"when": "2026-11-24T14:30:00+05:00"}).when == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"whem": "2026-11-24T09:30:00Z"}, "extra_forbidden", "Extra inputs"),
        ({"when": "2026-11-24T09:30:00"}, "value_error", "RFC 3339"),
        ({"when": "yesterday"}, "value_error", "RFC 3339"),
        ({"when": 1_764_000_000}, "value_error", "a moment is a text"),
        ({"reason": ""}, "string_too_short", "at least 1"),
        ({"reason": "x" * (bodies.REASON_CHARACTERS_MAX + 1)}, "string_too_long", "at most 2000"),
    ],
)
def test_what_is_not_as_described_is_refused(said, kind, words):
    with pytest.raises(ValidationError) as refused:
        Told.model_validate(said)
    (one,) = refused.value.errors()
    assert one["type"] == kind
    assert words in one["msg"]


def test_strictness_is_said_once():
    strict = {str(path.relative_to(PEHRA)) for path in PEHRA.rglob("*.py") if 'extra="forbid"' in path.read_text()}
    assert strict == {"kernel/bodies.py"}
