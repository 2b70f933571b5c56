"""An incident leaves as a document: as far as its reader may read it, with its mark, and written down."""

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner

from pehra.incidents import api
from pehra.incidents.api import Format, IncidentView, MarkNotCarried, PartyRole
from pehra.incidents.commands import commands
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def opened(finding: Any, outcome: Any, machine: Actor, at: datetime) -> IncidentView:
    """An incident of the telecom operator, led by the sector's team, marked so that every format can say it."""
    (view,) = api.open_from_findings(outcome=outcome(finding()), by=machine, at=at)
    Incident.objects.filter(reference=view.reference).update(tlp=Tlp.AMBER)
    return api.incident(view.reference, by=machine).incident


@pytest.mark.parametrize("format", list(Format))
def test_a_document_says_what_the_page_says(
    opened: IncidentView, sector_analyst: Actor, at: datetime, format: Format
) -> None:
    exported = api.document(ref=opened.reference, format=format.value, by=sector_analyst, at=at)
    assert exported.name.startswith(opened.reference)
    found, (document,) = api.read_documents(exported.content)
    assert found is format
    assert (document.reference, document.title, document.tlp) == (opened.reference, opened.title, Tlp(opened.tlp))
    assert (document.taxonomy, document.type, document.severity) == (opened.taxonomy, opened.type, opened.severity)
    assert document.moments["reported"] == opened.opened_at
    assert [party.name for party in document.parties if party.role is PartyRole.VICTIM] == ["North Telecom"]


def test_one_matter_tells_what_was_seen_in_its_parts_too(
    opened: IncidentView, finding: Any, outcome: Any, machine: Actor, sector_analyst: Actor, at: datetime
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    api.add_observables(ref=part.reference, text="203.0.113.77", by=machine, at=at)
    api.merge(ref=part.reference, into=opened.reference, reason="one gang", by=machine, at=at)
    exported = api.document(ref=opened.reference, format="stix", by=sector_analyst, at=at)
    _, (document,) = api.read_documents(exported.content)
    assert "203.0.113.77" in {str(seen.observable) for seen in document.observables}


def test_the_ledger_says_who_took_what(opened: IncidentView, sector_analyst: Actor, at: datetime) -> None:
    exported = api.document(ref=opened.reference, format="stix", by=sector_analyst, at=at)
    entry = ledger.history(subject=opened.reference, by=sector_analyst)[-1]
    assert (entry.event, entry.by) == ("incidents.exported", sector_analyst.id)
    assert entry.facts["sha256"] == exported.sha256 == sha256(exported.content).hexdigest()
    assert (entry.facts["format"], entry.facts["tlp"]) == ("stix", opened.tlp)


def test_a_mark_that_a_format_has_no_word_for_is_refused_and_nothing_is_written_down(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    Incident.objects.filter(reference=opened.reference).update(tlp=Tlp.AMBER_STRICT)
    before = len(ledger.history(subject=opened.reference, by=sector_analyst))
    for format in ("iodef-xml", "iodef-json"):
        with pytest.raises(MarkNotCarried):
            api.document(ref=opened.reference, format=format, by=sector_analyst, at=at)
    assert len(ledger.history(subject=opened.reference, by=sector_analyst)) == before
    bundle = json.loads(api.document(ref=opened.reference, format="stix", by=sector_analyst, at=at).content)
    marks = {each["name"] for each in bundle["objects"] if each["type"] == "marking-definition"}
    assert marks == {"TLP:AMBER+STRICT"}


def test_who_does_not_see_it_finds_nothing_and_who_may_not_read_is_refused(
    opened: IncidentView, stranger: Actor, sector_analyst: Actor, at: datetime
) -> None:
    with pytest.raises((NotVisible, Forbidden)):
        api.document(ref=opened.reference, format="stix", by=stranger, at=at)
    silent = replace(sector_analyst, permissions=frozenset())
    with pytest.raises(Forbidden):
        api.document(ref=opened.reference, format="stix", by=silent, at=at)


def test_another_word_for_a_format_is_refused(opened: IncidentView, sector_analyst: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="iodef-xml, iodef-json, stix"):
        api.document(ref=opened.reference, format="pdf", by=sector_analyst, at=at)


def test_who_is_informed_of_a_widespread_incident_exports_no_other_constituents(
    fold: Any, of_side: Any, machine: Actor, sector_analyst: Actor, at: datetime
) -> None:
    opened = api.open_from_findings(outcome=fold([of_side(number) for number in range(12)]), by=machine, at=at)
    wide = next((view for view in opened if view.widespread), None)
    assert wide is not None, "twelve organisations with one problem are widespread in this profile"
    reader = replace(sector_analyst, teams=frozenset({"ntcert"}))
    seen = {side.name for side in api.incident(wide.reference, by=reader).sides}
    exported = api.document(ref=wide.reference, format="iodef-json", by=reader, at=at)
    _format, (document,) = api.read_documents(exported.content)
    named = {party.name for party in document.parties if party.role is PartyRole.VICTIM}
    assert named == seen
    assert len(named) < wide.organisations


def test_the_command_writes_the_file_and_says_its_hash(opened: IncidentView, tmp_path: Any) -> None:
    file = tmp_path / "out.xml"
    ran = CliRunner().invoke(commands, ["export", opened.reference, "iodef-xml", "--to", str(file)])
    assert ran.exit_code == 0, ran.output
    assert sha256(file.read_bytes()).hexdigest() in ran.output
    read = CliRunner().invoke(commands, ["read-document", str(file)])
    assert read.exit_code == 0, read.output
    assert opened.reference in read.output
