"""STIX both ways: our bundles pass the validator of OASIS and come back whole; those of others are read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from stix2validator import ValidationOptions, validate_instance

from pehra.incidents.gateways import exchange
from pehra.incidents.rules import stix
from pehra.incidents.rules.documents import Format, IncidentDocument, Side, Unreadable
from pehra.kernel.markings import Tlp
from tests.incidents.exchange.made import documents


def problems(bundle: dict) -> list[str]:
    """What the validator has against a bundle, in its strict reading of STIX 2.1."""
    found = validate_instance(bundle, ValidationOptions(version="2.1", strict=False))
    return [str(error) for error in found.errors]


@settings(max_examples=20, deadline=None, database=None)
@given(documents())
def test_what_we_write_passes_the_validator_and_comes_back_whole(document: IncidentDocument) -> None:
    # The OASIS extension demands a status: an incident of ours always has one.
    document = replace(document, state=document.state or "new")
    raw = exchange.written(document, Format.STIX)
    assert problems(json.loads(raw)) == []
    format, (again,) = exchange.read(raw)
    assert (format, in_order(again)) == (Format.STIX, in_order(document))


def in_order(document: IncidentDocument) -> IncidentDocument:
    """The document with its observables sorted: a bundle has them by side."""
    return replace(document, observables=tuple(sorted(document.observables, key=lambda seen: str(seen.observable))))


@settings(max_examples=10, deadline=None, database=None)
@given(documents())
def test_an_incident_written_twice_is_the_same_objects(document: IncidentDocument) -> None:
    assert exchange.written(document, Format.STIX) == exchange.written(document, Format.STIX)


def test_the_validator_would_have_said_so() -> None:
    assert problems({"type": "bundle", "id": "bundle--1", "objects": []})


def bundle(*objects: dict) -> bytes:
    """A bundle of another team."""
    name = "bundle--7ff7a3c8-4a5f-4a5b-8a57-0f5f7a8f3a11"
    return json.dumps({"type": "bundle", "id": name, "objects": objects}).encode()


def sdo(kind: str, number: int, **more: object) -> dict:
    """An object of another team."""
    name = f"{kind}--00000000-0000-4000-8000-{number:012d}"
    at = "2026-11-24T09:00:00.000Z"
    return {"type": kind, "spec_version": "2.1", "id": name, "created": at, "modified": at, **more}


SAID_IN_CORE = {"extension_type": "property-extension", "determination": "confirmed", "investigation_status": "open"}
IP_ID = "ipv4-addr--5853f6a4-638f-5b4e-9b0f-ded361ae3812"
IP = {"type": "ipv4-addr", "spec_version": "2.1", "id": IP_ID, "value": "198.51.100.3"}


def test_a_bare_incident_of_others_is_read() -> None:
    raw = bundle(
        sdo("incident", 1, name="Odd mails", description="Many", object_marking_refs=[stix.TLP_1_AMBER]),
        sdo("indicator", 2, pattern="[domain-name:value = 'bad.example' AND NOT url:value = 'http://good.example/']"),
        sdo("threat-actor", 3, name="Somebody"),
    )
    _format, (document,) = exchange.read(raw)
    assert (document.title, document.description, document.tlp) == ("Odd mails", "Many", Tlp.AMBER)
    assert [str(seen.observable) for seen in document.observables] == ["bad.example"]
    assert document.left_out == ("threat-actor",)


def test_a_part_that_is_marked_for_itself_marks_the_whole() -> None:
    part = {"selectors": ["description"], "marking_ref": stix.TLP_MARKS[Tlp.RED]}
    said = {"object_marking_refs": [stix.TLP_MARKS[Tlp.GREEN]], "granular_markings": [part, {"lang": "ur"}, 5]}
    _format, (document,) = exchange.read(bundle(sdo("incident", 1, name="Odd mails", description="Many", **said)))
    assert document.tlp is Tlp.RED


def test_of_several_incidents_each_has_what_is_tied_to_it() -> None:
    one = sdo(
        "incident", 1, name="One", extensions={stix.INCIDENT_CORE: SAID_IN_CORE | {"incident_types": ["phishing"]}}
    )
    two = sdo("incident", 2, name="Two")
    seen = sdo("observed-data", 3, object_refs=[IP["id"]], labels=["source"])
    tie = sdo("relationship", 4, relationship_type="related-to", source_ref=one["id"], target_ref=seen["id"])
    _format, (first, second) = exchange.read(bundle(one, two, seen, tie, IP))
    assert (first.taxonomy, first.type, first.state) == ("fraud", "phishing", "open")
    assert [(str(each.observable), each.side) for each in first.observables] == [("198.51.100.3", Side.SOURCE)]
    assert second.observables == ()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(bundle(), id="empty"),
        pytest.param(bundle(sdo("malware", 1, name="x")), id="no incident"),
        pytest.param(b'{"type": "bundle", "objects": 5}', id="no list"),
        pytest.param(b'{"type": "incident"}', id="no identifier"),
        pytest.param(bundle(sdo("incident", 1, name="x") | {"created": 5, "modified": None}), id="no time"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        exchange.read(raw)
