"""Every word that people see has its Urdu, and the small rules of the pages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pehra.web import translations
from pehra.web.rules.shades import SHADES, shade, shares
from pehra.web.rules.spans import Urgency, until
from pehra.web.words import word

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_every_message_of_code_and_templates_has_its_urdu():
    assert translations.missing("ur") == {}


def test_nothing_is_translated_that_nobody_says():
    assert translations.unused("ur") == []


def test_a_translation_keeps_every_placeholder():
    import re

    wrong = []
    for entry in translations.catalogue("ur"):
        if not entry.id:
            continue
        english = entry.id if isinstance(entry.id, str) else entry.id[0]
        urdu = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        names = set(re.findall(r"%\((\w+)\)[sd]", english))
        wrong += [(english, text) for text in urdu if set(re.findall(r"%\((\w+)\)[sd]", text)) != names]
    assert wrong == []


def test_an_unknown_code_is_shown_as_it_is():
    assert word("severity", "critical") == "Critical"
    assert word("severity", "of-tomorrow") == "of-tomorrow"


@pytest.mark.parametrize(
    ("left", "urgency", "parts"),
    [
        (timedelta(hours=2, minutes=48, seconds=59), Urgency.SOON, (0, 2, 48)),
        (timedelta(hours=24), Urgency.SOON, (1, 0, 0)),
        (timedelta(hours=24, minutes=1), Urgency.CALM, (1, 0, 1)),
        (timedelta(minutes=-72), Urgency.OVER, (0, 1, 12)),
        (timedelta(0), Urgency.SOON, (0, 0, 0)),
    ],
)
def test_time_left_is_never_more_than_there_is(left, urgency, parts):
    span = until(AT + left, at=AT)
    assert (span.urgency, (span.days, span.hours, span.minutes)) == (urgency, parts)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_is_never_fainter(one, other):
    largest = max(one, other)
    assert 0 <= shade(one, largest=largest) < SHADES
    if one <= other:
        assert shade(one, largest=largest) <= shade(other, largest=largest)


def test_a_small_share_does_not_vanish():
    assert shares([1, 10_000, 0]) == [1, 100, 0]
