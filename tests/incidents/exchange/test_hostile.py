"""Whatever stands in a file, it is read or refused in words: nothing else comes out of the readers."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format, IncidentDocument, Unreadable
from pehra.kernel.markings import Tlp
from tests.incidents.exchange.made import documents

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
carried = documents(tuple(tlp for tlp in Tlp if tlp is not Tlp.AMBER_STRICT))
many = settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a JSON value at which something else could stand."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        steps = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
        for step, inner in list(steps):
            found.append((each, step))
            waiting.append(inner)
    return found


def survives(raw: bytes) -> bool:
    """Whether a file was read; refused in words is the only other way."""
    try:
        exchange.read(raw)
    except Unreadable:
        return False
    return True


@pytest.mark.parametrize("format", [Format.IODEF_JSON, Format.STIX])
def test_something_else_at_any_place_is_read_or_refused(format: Format) -> None:
    seen = {True: 0, False: 0}

    @many
    @given(carried, st.data())
    def put(document: IncidentDocument, data: st.DataObject) -> None:
        said = json.loads(exchange.written(document, format))
        for _ in range(data.draw(st.integers(1, 3))):
            where, step = data.draw(st.sampled_from(places(said)))
            where[step] = data.draw(junk)
        seen[survives(json.dumps(said).encode())] += 1

    put()
    assert all(seen.values()), "some were read and some refused"


def test_elements_and_attributes_out_of_place_are_read_or_refused() -> None:
    seen = {True: 0, False: 0}

    @many
    @given(carried, st.data())
    def put(document: IncidentDocument, data: st.DataObject) -> None:
        root = etree.fromstring(exchange.written(document, Format.IODEF_XML))
        elements = list(root.iter())
        one, other = (data.draw(st.sampled_from(elements)) for _ in range(2))
        act: Callable[[], None] = data.draw(
            st.sampled_from(
                [
                    lambda: one.clear(),
                    lambda: one.set("category", "nonsense"),
                    lambda: one.append(etree.fromstring(etree.tostring(other))),
                    lambda: setattr(one, "text", "\U0001f600 12:00 ../../etc"),
                    lambda: setattr(one, "tag", other.tag),
                ]
            )
        )
        act()
        seen[survives(etree.tostring(root))] += 1

    put()
    assert all(seen.values()), "some were read and some refused"


@many
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | junk.map(json.dumps).map(str.encode))
def test_anything_at_all_is_read_or_refused(raw: bytes) -> None:
    survives(raw)
