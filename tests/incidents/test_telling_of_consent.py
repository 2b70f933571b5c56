"""Consent by mail: the organisation knows that it is asked, the lead that it answered, and nobody is told twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pehra.access import api as access
from pehra.incidents import api
from pehra.incidents.api import IncidentView
from pehra.incidents.models import Consent, Incident
from pehra.incidents.rules.consents import REMINDED_AFTER
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.registry import api as registry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]
CONTACTS = """organisation,role,name,email,language
org-0001,security,Desk of North,security@north.example,ur
org-0001,security,Night desk of North,night@north.example,en
org-0001,legal,Counsel of North,counsel@north.example,en
org-0006,noc,Noc of Cables,noc@cables.example,en
side-01,security,Desk of Side,security@side.example,en
ntcert,duty,Telecom duty desk,duty@ntcert.example,en
"""
ACT = "pull the ports of the mail relay"


@pytest.fixture
def reachable(country: None, tmp_path: Path, machine: Actor, at: datetime) -> None:
    """The same country, whose people somebody entered."""
    file = tmp_path / "contacts.csv"
    file.write_text(CONTACTS)
    assert not registry.import_csv(path=file, kind="contacts", by=machine, at=at).rejected


def ask(view: IncidentView, by: Actor, at: datetime, **more: Any) -> api.ConsentView:
    # Behind the second wall, as a page does it: who asks does not see whose contacts they are.
    with access.bound(actor=by):
        return api.ask_consent(ref=view.reference, act=ACT, by=by, at=at, **more)


def letters(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("recipient_email"))


def facts(view: IncidentView, event: str, by: Actor) -> dict[str, Any]:
    (entry,) = [entry for entry in ledger.history(subject=view.reference, by=by) if entry.event == event]
    return dict(entry.facts)


def addresses(rows: Sequence[Message]) -> list[str]:
    return [row.recipient_email for row in rows]


@pytest.mark.usefixtures("reachable")
def test_the_organisations_security_contacts_are_told_in_their_language_and_not_which_act(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    asked = ask(opened, sector_analyst, at)
    night, day = letters("consent-asked")
    assert addresses([night, day]) == ["night@north.example", "security@north.example"]
    assert night.subject == f"{opened.reference}: your consent is asked for"
    assert (night.language, day.language) == ("en", "ur")
    for row in (night, day):
        assert f"http://localhost:8000/incidents/asked/#{opened.reference}-1\n" in row.body
        assert ACT not in row.subject + row.body
        assert opened.title not in row.subject + row.body
        assert (row.about, row.organisation, row.circle) == (opened.reference, "org-0001", outbox.Circle.ORGANISATION)
    assert {letter.recipient_email: letter.standing for letter in asked.told} == {
        "night@north.example": "queued",
        "security@north.example": "queued",
    }
    said = facts(opened, "incidents.consent.asked", sector_analyst)
    assert (said["told"], said["no_address"]) == (["org-0001"], [])


def test_an_organisation_without_an_address_is_named_and_its_letter_held(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    asked = ask(opened, sector_analyst, at)
    (row,) = letters("consent-asked")
    assert (row.state, row.recipient_name, row.recipient_email) == (outbox.State.HELD, "org-0001", "")
    assert facts(opened, "incidents.consent.asked", sector_analyst)["no_address"] == ["org-0001"]
    assert [letter.standing for letter in asked.told] == ["held"]


@pytest.mark.usefixtures("reachable")
def test_where_nobody_is_named_for_security_all_who_are_named_are_told(
    opened: IncidentView, sector_analyst: Actor, machine: Actor, at: datetime
) -> None:
    api.affect(ref=opened.reference, organisation="org-0006", reason="hit too", by=machine, at=at)
    ask(opened, sector_analyst, at, organisation="org-0006")
    (row,) = letters("consent-asked")
    assert row.recipient_email == "noc@cables.example"
    assert "duty@ntcert.example" in row.body  # for who has no account


@pytest.mark.usefixtures("reachable")
def test_what_is_for_named_people_alone_stays_out_of_the_mail_and_is_told_all_the_same(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    Incident.objects.update(tlp=Tlp.RED)
    ask(opened, sector_analyst, at)
    assert {row.tlp for row in letters("consent-asked")} == {Tlp.AMBER_STRICT}


@pytest.mark.usefixtures("reachable")
def test_an_exercise_says_so_first(
    opened: IncidentView, sector_analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    Incident.objects.update(exercise=True)
    ask(opened, sector_analyst, at)
    api.remind(at=at + REMINDED_AFTER)
    api.answer_consent(ref=opened.reference, number=1, answer="given", by=organisation_contact, at=at)
    kinds = ["consent-asked", "consent-reminded", "consent-answered"]
    english = Message.objects.filter(kind__in=kinds, language="en")
    assert set(english.values_list("kind", flat=True)) == set(kinds)
    assert all(row.subject.startswith("EXERCISE: ") for row in english)
    assert all(row.body.startswith("This is an exercise. Nothing has happened.") for row in english)


@pytest.mark.usefixtures("reachable")
def test_the_lead_is_told_what_the_organisation_answered_itself_each_time(
    opened: IncidentView, sector_analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    ask(opened, sector_analyst, at)
    for hour, answer in enumerate(("given", "withdrawn")):
        with access.bound(actor=organisation_contact):
            api.answer_consent(
                ref=opened.reference,
                number=1,
                answer=answer,
                terms="not on Friday",
                by=organisation_contact,
                at=at + timedelta(hours=hour),
            )
    rows = letters("consent-answered")
    assert addresses(rows) == ["duty@ntcert.example"] * 2
    assert all(word not in rows[0].subject + rows[0].body for word in ("given", "Friday", ACT))
    assert not any(row.organisation for row in rows)


@pytest.mark.usefixtures("reachable")
def test_what_a_team_wrote_down_itself_it_is_not_told(
    opened: IncidentView, sector_analyst: Actor, at: datetime
) -> None:
    ask(opened, sector_analyst, at)
    said = {"answer": "given", "channel": "telephone", "name": "Dania", "by": sector_analyst, "at": at}
    api.answer_consent(ref=opened.reference, number=1, **said)
    assert not letters("consent-answered")


@pytest.mark.usefixtures("reachable")
def test_the_silent_are_reminded_once(opened: IncidentView, sector_analyst: Actor, at: datetime) -> None:
    ask(opened, sector_analyst, at)
    assert api.remind(at=at + REMINDED_AFTER - timedelta(seconds=1)) == 0
    assert [api.remind(at=at + REMINDED_AFTER + timedelta(days=day)) for day in range(3)] == [1, 0, 0]
    assert addresses(letters("consent-reminded")) == ["night@north.example", "security@north.example"]
    assert facts(opened, "incidents.consent.reminded", sector_analyst)["told"] == ["org-0001"]
    (view,) = api.consents(opened.reference, by=sector_analyst)
    assert (view.reminded_at, len(view.told)) == (at + REMINDED_AFTER, 4)


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("over", ["answered", "task", "incident"])
def test_who_need_not_answer_any_more_is_not_reminded(
    over: str, opened: IncidentView, sector_analyst: Actor, organisation_contact: Actor, machine: Actor, at: datetime
) -> None:
    api.add_task(ref=opened.reference, title="Isolate", by=sector_analyst, at=at)
    ask(opened, sector_analyst, at, task=1)
    if over == "answered":
        api.answer_consent(ref=opened.reference, number=1, answer="refused", by=organisation_contact, at=at)
    elif over == "task":
        api.move_task(ref=opened.reference, number=1, to="skipped", reason="not needed", by=sector_analyst, at=at)
    else:
        api.move(ref=opened.reference, to="dismissed", reason="nothing", by=machine, at=at)
    api.remind(at=at + 2 * REMINDED_AFTER)
    assert not letters("consent-reminded")


@pytest.mark.usefixtures("reachable")
def test_of_what_was_merged_too_the_organisation_is_told_reminded_and_heard(
    opened: IncidentView,
    finding: Any,
    outcome: Any,
    sector_analyst: Actor,
    organisation_contact: Actor,
    machine: Actor,
    at: datetime,
) -> None:
    (part,) = api.open_from_findings(outcome=outcome(finding(malware="other")), by=machine, at=at)
    api.add_task(ref=part.reference, title="Isolate", touches_organisation=True, by=sector_analyst, at=at)
    api.merge(ref=part.reference, into=opened.reference, reason="one gang", by=machine, at=at)
    ask(part, sector_analyst, at, task=1)
    assert api.remind(at=at + REMINDED_AFTER) == 1
    with access.bound(actor=organisation_contact):
        assert len(api.consents(part.reference, by=organisation_contact)) == 1
        api.answer_consent(ref=part.reference, number=1, answer="given", by=organisation_contact, at=at)
    for kind, number in (("consent-asked", 2), ("consent-reminded", 2), ("consent-answered", 1)):
        rows = letters(kind)
        assert len(rows) == number
        assert {row.about for row in rows} == {part.reference}
        assert part.reference in rows[0].body


@pytest.mark.usefixtures("reachable")
def test_in_a_widespread_incident_no_other_team_reads_whom_a_letter_asked(
    of_side: Any, fold: Any, machine: Actor, analyst: Actor, sector_analyst: Actor, at: datetime
) -> None:
    (view,) = api.open_from_findings(outcome=fold([of_side(number) for number in range(22)]), by=machine, at=at)
    ask(view, analyst, at, organisation="side-01")
    (row,) = letters("consent-asked")
    assert row.recipient_email == "security@side.example"
    of_the_side = replace(analyst, teams=frozenset(), organisations=frozenset({"side-01"}))
    assert [message.id for message in outbox.some(ids=[row.id], by=of_the_side)] == [row.id]
    assert outbox.some(ids=[row.id], by=sector_analyst) == []


@pytest.mark.usefixtures("reachable")
def test_an_organisation_answers_itself_in_an_incident_of_which_it_sees_nothing_else(
    of_side: Any, fold: Any, machine: Actor, analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    (view,) = api.open_from_findings(outcome=fold([of_side(number) for number in range(22)]), by=machine, at=at)
    for side in ("side-01", "side-03"):
        ask(view, analyst, at, organisation=side)
    contact = replace(organisation_contact, organisations=frozenset({"side-01"}))
    other = replace(organisation_contact, organisations=frozenset({"side-02"}))
    with access.bound(actor=contact):
        (mine,) = api.asked(by=contact)
        assert (mine.incident, mine.organisation, mine.act, mine.task) == (view.reference, "side-01", ACT, 0)
        with pytest.raises(NotVisible):
            api.consents(view.reference, by=contact)
        given = api.answer_consent(ref=view.reference, number=1, answer="given", by=contact, at=at)
        assert (given.answer, given.channel) == (api.Answer.GIVEN, "portal")
        with pytest.raises(NotVisible):  # what the other one was asked
            api.answer_consent(ref=view.reference, number=2, answer="given", by=contact, at=at)
    with access.bound(actor=other):
        assert api.asked(by=other) == ()
        for reference in (view.reference, "PK-2026-999999", "x\x00"):
            with pytest.raises(NotVisible):
                api.answer_consent(ref=reference, number=1, answer="given", by=other, at=at)
    with pytest.raises(NotVisible):  # by the first wall alone, too
        api.answer_consent(ref=view.reference, number=1, answer="given", by=other, at=at)
    assert addresses(letters("consent-answered")) == ["duty@pkcert.example"]


@pytest.mark.usefixtures("reachable")
def test_what_waits_for_an_answer_stands_first(
    opened: IncidentView, sector_analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    for hour in range(3):
        ask(opened, sector_analyst, at + timedelta(hours=hour))
    api.answer_consent(ref=opened.reference, number=3, answer="given", by=organisation_contact, at=at)
    assert [one.number for one in api.asked(by=organisation_contact)] == [2, 1, 3]
    assert api.asked(by=sector_analyst) == ()


def test_people_remind_nobody(opened: IncidentView, analyst: Actor, at: datetime) -> None:
    with pytest.raises(Forbidden):
        api.remind(at=at, by=analyst)


def test_the_database_refuses_to_remind_who_has_answered(
    opened: IncidentView, sector_analyst: Actor, organisation_contact: Actor, at: datetime
) -> None:
    from django.db import IntegrityError, transaction

    ask(opened, sector_analyst, at)
    api.answer_consent(ref=opened.reference, number=1, answer="given", by=organisation_contact, at=at)
    with pytest.raises(IntegrityError, match="incidents_consent_reminds_asked"), transaction.atomic():
        Consent.objects.update(reminds_at=at)
