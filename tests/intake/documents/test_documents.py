"""Documents of other teams become reports: one an incident, the same once, a later one added to the first."""

import contextlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format, IncidentDocument, Party, PartyRole, Seen, Side, Unreadable
from pehra.intake import api as intake
from pehra.intake.models import Report
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import parse
from pehra.kernel.refusals import Forbidden, Refusal
from pehra.vault import api as vault
from tests.incidents.exchange.made import BEGIN, documents
from tests.incidents.exchange.test_hostile import junk, places

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


def told(**differently: Any) -> IncidentDocument:
    """What a foreign team tells of."""
    said: dict[str, Any] = {
        "issuer": "csirt.example",
        "reference": "4711",
        "written_at": BEGIN,
        "title": "Phishing of bank customers",
        "description": "Seen since Monday",
        "tlp": Tlp.GREEN,
        "taxonomy": "fraud",
        "type": "phishing",
        "attributes": ("ransomware", "a word of theirs"),
        "attributes_absent": ("campaign",),
        "impact": {"users-affected": 12.0, "cows": 3.0},
        "moments": {"occurrence": BEGIN - timedelta(days=1), "reported": BEGIN},
        "parties": (
            Party(role=PartyRole.CREATOR, name="Foreign team", email="cert@csirt.example"),
            Party(role=PartyRole.VICTIM, name="River Bank", sector="banking-finance"),
        ),
        "observables": (Seen(observable=parse("198.18.2.9"), side=Side.TARGET),),
    }
    return IncidentDocument(**(said | differently))


@pytest.mark.parametrize("format", list(Format))
def test_a_document_becomes_a_report(analyst: Actor, at: datetime, format: Format) -> None:
    raw = exchange.written(told(), format)
    (receipt,) = intake.receive_documents(raw=raw, by=analyst, at=at)
    report = Report.objects.get(reference=receipt.reference)
    assert (report.channel, report.title, report.tlp) == ("document", "Phishing of bank customers", "TLP:GREEN")
    assert (report.taxonomy, report.type, report.sector) == ("fraud", "phishing", "banking-finance")
    assert (report.about_name, report.reporter_name) == ("River Bank", "Foreign team")
    assert report.attributes == ["ransomware"], "a word that the profile does not know would count as no"
    assert report.answers["attributes_absent"] == "campaign", "what they deny is their word, and nobody's fact"
    assert report.impact == {"users-affected": 12.0}
    assert report.answers["impact"] == "cows: 3"
    assert report.answers["number"] == "4711"
    assert {(row.value, row.owner) for row in report.observables.all()} >= {("198.18.2.9", "org-0002")}
    assert vault.read(receipt.sha256) == raw, "kept as it came"


def test_the_same_file_again_is_the_same_receipt(analyst: Actor, at: datetime) -> None:
    raw = exchange.written(told(), Format.STIX)
    (first,) = intake.receive_documents(raw=raw, by=analyst, at=at)
    (again,) = intake.receive_documents(raw=raw, by=analyst, at=at + timedelta(hours=1))
    assert (again.reference, again.number, again.is_new) == (first.reference, 1, False)


def test_a_later_document_of_the_same_number_is_added_to_the_report(analyst: Actor, at: datetime) -> None:
    (first,) = intake.receive_documents(raw=exchange.written(told(), Format.STIX), by=analyst, at=at)
    later = told(title="Phishing, now with a name", tlp=Tlp.AMBER)
    (added,) = intake.receive_documents(raw=exchange.written(later, Format.IODEF_XML), by=analyst, at=at)
    assert (added.reference, added.number) == (first.reference, 2)
    report = Report.objects.get(reference=first.reference)
    assert (report.title, report.tlp) == ("Phishing, now with a name", "TLP:AMBER")


def test_a_number_longer_than_an_index_takes_names_its_report_as_well(analyst: Actor, at: datetime) -> None:
    long = told(reference="4711-" * 150)
    (first,) = intake.receive_documents(raw=exchange.written(long, Format.STIX), by=analyst, at=at)
    later = replace(long, title="Phishing, now with a name")
    (added,) = intake.receive_documents(raw=exchange.written(later, Format.STIX), by=analyst, at=at)
    assert (added.reference, added.number) == (first.reference, 2)


def test_another_number_is_another_report(analyst: Actor, at: datetime) -> None:
    (first,) = intake.receive_documents(raw=exchange.written(told(), Format.STIX), by=analyst, at=at)
    other = exchange.written(told(reference="4712"), Format.STIX)
    (second,) = intake.receive_documents(raw=other, by=analyst, at=at)
    assert second.reference != first.reference


def test_an_exercise_stays_one(analyst: Actor, at: datetime) -> None:
    raw = exchange.written(told(exercise=True), Format.IODEF_JSON)
    (receipt,) = intake.receive_documents(raw=raw, by=analyst, at=at)
    assert Report.objects.get(reference=receipt.reference).exercise


def test_what_cannot_be_read_leaves_nothing(analyst: Actor, at: datetime) -> None:
    with pytest.raises(Unreadable):
        intake.receive_documents(raw=b"<html>", by=analyst, at=at)
    assert not Report.objects.exists()


def test_who_may_not_report_is_refused(analyst: Actor, at: datetime) -> None:
    raw = exchange.written(told(), Format.STIX)
    silent = replace(analyst, permissions=frozenset({"incidents.read"}))
    with pytest.raises(Forbidden):
        intake.receive_documents(raw=raw, by=silent, at=at)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(documents((Tlp.GREEN, Tlp.RED)), st.sampled_from([Format.IODEF_JSON, Format.STIX]), st.data())
def test_whatever_stands_at_a_place_it_is_received_or_refused(
    analyst: Actor, at: datetime, document: IncidentDocument, format: Format, data: st.DataObject
) -> None:
    said = json.loads(exchange.written(document, format))
    where, step = data.draw(st.sampled_from(places(said)))
    where[step] = data.draw(junk)
    with contextlib.suppress(Refusal):
        intake.receive_documents(raw=json.dumps(said).encode(), by=analyst, at=at)


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(documents((Tlp.GREEN, Tlp.RED)))
def test_whatever_a_document_says_it_is_received(analyst: Actor, at: datetime, document: IncidentDocument) -> None:
    for format in Format:
        (receipt,) = intake.receive_documents(raw=exchange.written(document, format), by=analyst, at=at)
        assert Report.objects.filter(reference=receipt.reference).exists()


def test_a_file_of_several_matters_is_taken_out_by_who_sees_them_all(
    analyst: Actor, provincial_analyst: Actor, at: datetime
) -> None:
    bundles = [json.loads(exchange.written(told(reference=number), Format.STIX)) for number in ("1", "2")]
    bundles[0]["objects"] += bundles[1]["objects"]
    one, two = intake.receive_documents(raw=json.dumps(bundles[0]).encode(), by=analyst, at=at)
    (alone,) = intake.receive_documents(raw=exchange.written(told(reference="3"), Format.STIX), by=analyst, at=at)
    for receipt, team in ((one, "punjab-cert"), (two, "ntcert"), (alone, "punjab-cert")):
        Report.objects.filter(id=receipt.report).update(teams=["pkcert", team], working_teams=["pkcert", team])
    with pytest.raises(Forbidden, match="other teams"):
        intake.give_out(reference=one.reference, number=1, by=provincial_analyst, at=at)
    assert intake.give_out(reference=one.reference, number=1, by=analyst, at=at).content
    assert intake.give_out(reference=alone.reference, number=1, by=provincial_analyst, at=at).content
