"""Writing: looked at for each reader in their language, held to its marking, sent once, and into its thread."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.incidents.models import Incident, IncidentFinding
from pehra.kernel.actors import Actor, system
from pehra.kernel.markings import Pap, Tlp
from pehra.kernel.reasons import Because
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.outbox.models import Message
from pehra.registry.models import Contact
from pehra.threads import api
from pehra.threads.models import Letter, Thread
from tests.threads.conftest import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("country")]


@pytest.fixture
def officer(sector_analyst: Actor) -> Actor:
    """A duty officer of the telecom team who may write, as an incident handler may."""
    more = {"threads.read", "threads.write", "outbox.read", "incidents.read", "registry.read"}
    return replace(sector_analyst, permissions=sector_analyst.permissions | more)


@pytest.fixture
def incident(machine: Actor, at: datetime) -> str:
    return open_one(machine, at, tlp=Tlp.AMBER)


def open_one(machine: Actor, at: datetime, *, tlp: Tlp) -> str:
    because = Because(rule="r", version="1", citation="", status="in force")
    return incidents.open_incident(
        title="Ransomware at the licensee",
        organisations=["org-0001"],
        facts=law.IncidentFacts(),
        moments={},
        marking=law.Marking(tlp=tlp, pap=Pap.AMBER, because=because),
        by=machine,
        at=at,
    ).reference


def to_north(matter: str, **differently: Any) -> api.Writing:
    said: dict[str, Any] = {
        "organisation": "org-0001",
        "about": matter,
        "template": "ask-for-details",
        "team": "ntcert",
    }
    return api.Writing(**(said | differently))


def write(writing: api.Writing, *, by: Actor, at: datetime) -> api.ThreadPage:
    seen = api.preview_letter(writing=writing, by=by, at=at).seen
    return api.write_letter(writing=writing, seen=seen, by=by, at=at)


def test_a_preview_shows_each_letter_and_sends_nothing(officer: Actor, incident: str, at: datetime) -> None:
    shown = api.preview_letter(writing=to_north(incident, everybody=True), by=officer, at=at)
    assert [letter.email for letter in shown.letters] == ["security@north.example", "abuse@north.example"]
    first = shown.letters[0]
    assert first.may_go
    assert first.subject == "[TLP:AMBER] Ransomware at the licensee: please tell us more"
    assert "Dear colleagues at North Telecom" in first.body
    assert incident in first.body
    assert outbox.ANSWER_HERE in first.body
    assert not [row for row in outbox.messages(by=system("test")) if row.kind == "threads.letter"]
    assert not Thread.objects.exists()


def test_a_letter_is_in_its_readers_language_or_in_both(machine: Actor, at: datetime) -> None:
    def preview(organisation: str) -> api.Preview:
        writing = api.Writing(organisation=organisation, template="how-does-it-stand", subject="X", team="pkcert")
        return api.preview_letter(writing=writing, by=machine, at=at).letters[0]

    river, grid = preview("org-0002"), preview("org-0005")
    assert river.languages == ("ur",)
    assert "محترم رفقائے کار، دریا بینک" in river.body
    assert "Dear colleagues" not in river.body
    assert grid.languages == ("en", "ur")
    assert grid.body.index("Dear colleagues") < grid.body.index("محترم رفقائے کار")
    # Nothing was said of what it is about: the gap is seen, and it does not go.
    assert not river.may_go
    assert "{reference}" in river.refusal


def test_sending_puts_it_into_its_thread_with_a_link_and_the_incident_reads_of_it(
    officer: Actor, incident: str, machine: Actor, at: datetime
) -> None:
    page = write(to_north(incident), by=officer, at=at)
    assert (page.thread.about, page.thread.organisation, page.thread.turn) == (incident, "org-0001", api.Turn.THEM)
    (letter,) = [event.letter for event in page.events if event.letter]
    assert letter.message.answer_until is not None
    assert Letter.objects.get().silent_at is not None
    assert ledger.history(subject=incident, by=machine)[-1].event == "threads.letter.written"
    # And it is answered without an account, about the incident.
    answered = api.answer(token=token_of(letter.message.id), choice="acknowledged", note="", seen=0, at=at)
    assert answered.standing is not None
    assert answered.standing.effects["incidents"] == [incident]


def test_somebody_outside_does_not_say_that_what_nobody_owns_is_fixed(
    officer: Actor, fold: Any, sighting: Any, machine: Actor, at: datetime
) -> None:
    incident = open_one(machine, at, tlp=Tlp.GREEN)
    (lost,) = fold(sighting(organisation="")).new
    row = Incident.objects.get(reference=incident)
    IncidentFinding.objects.create(incident=row, finding=lost.id, added_at=at)
    said = {"about": incident, "team": "ntcert", "tlp": Tlp.GREEN, "subject": "Please look", "body": "Please look."}
    page = write(api.Writing(email="abuse@hoster.example", **said), by=machine, at=at)
    (letter,) = [event.letter for event in page.events if event.letter]
    answered = api.answer(token=token_of(letter.message.id), choice="fixed", note="", seen=0, at=at)
    assert answered.standing is not None
    assert answered.standing.effects == {"incidents": [incident]}
    assert findings.finding(finding_id=lost.id, by=machine).finding.state == "open"


def test_a_second_press_sends_nothing(officer: Actor, incident: str, at: datetime) -> None:
    writing = to_north(incident)
    seen = api.preview_letter(writing=writing, by=officer, at=at).seen
    api.write_letter(writing=writing, seen=seen, by=officer, at=at)
    with pytest.raises(Invalid) as refusal:
        api.write_letter(writing=writing, seen=seen, by=officer, at=at)
    assert refusal.value.field == "seen"
    assert Letter.objects.count() == 1
    # Looked at again, the same words may be said again.
    write(writing, by=officer, at=at)
    assert (Letter.objects.count(), Thread.objects.count()) == (2, 1)


def test_who_is_the_contact_of_two_organisations_gets_the_same_words_for_each(machine: Actor, at: datetime) -> None:
    Contact.objects.filter(organisation="org-0002").update(email="security@north.example", language="en")
    for organisation in ("org-0001", "org-0002"):
        writing = api.Writing(organisation=organisation, subject="Patch", body="Please patch.", team="pkcert")
        write(writing, by=machine, at=at)
    assert set(Thread.objects.values_list("organisation", "letters__recipient_email")) == {
        ("org-0001", "security@north.example"),
        ("org-0002", "security@north.example"),
    }


def test_what_was_not_looked_at_is_not_sent(officer: Actor, incident: str, at: datetime) -> None:
    seen = api.preview_letter(writing=to_north(incident), by=officer, at=at).seen
    with pytest.raises(Invalid):
        api.write_letter(writing=to_north(incident, body="Something else"), seen=seen, by=officer, at=at)
    assert not Letter.objects.exists()


@pytest.mark.parametrize(
    ("tlp", "differently", "goes"),
    [
        (Tlp.AMBER, {}, True),
        (Tlp.AMBER_STRICT, {}, True),
        (Tlp.RED, {}, False),
        (Tlp.GREEN, {"organisation": "", "email": "reporter@outside.example"}, True),
        (Tlp.AMBER, {"organisation": "", "email": "reporter@outside.example"}, False),
        (Tlp.CLEAR, {"organisation": "", "email": "x@outside.example", "tlp": Tlp.RED}, False),
        # Another organisation, which the incident does not concern, is no nearer than the community.
        (Tlp.AMBER, {"organisation": "org-0002"}, False),
        (Tlp.GREEN, {"organisation": "org-0002"}, True),
    ],
)
def test_the_marking_of_matter_and_letter_decides_who_may_get_it(
    tlp: Tlp, differently: dict[str, Any], goes: bool, officer: Actor, machine: Actor, at: datetime
) -> None:
    reference = open_one(machine, at, tlp=tlp)
    writing = to_north(reference, **({"tlp": Tlp.CLEAR} | differently))
    officer = replace(officer, teams=officer.teams | {"pkcert"})  # who knows the bank as well
    shown = api.preview_letter(writing=writing, by=officer, at=at)
    assert shown.may_go is goes
    # Never looser than the matter, whatever was chosen.
    assert shown.letters[0].tlp == max(tlp, writing.tlp)
    if not goes:
        with pytest.raises(Invalid) as refusal:
            api.write_letter(writing=writing, seen=shown.seen, by=officer, at=at)
        assert refusal.value.field == "tlp"
        assert not Letter.objects.exists()


def test_a_team_with_a_part_in_the_matter_is_named_for_it(officer: Actor, machine: Actor, at: datetime) -> None:
    reference = open_one(machine, at, tlp=Tlp.RED)
    parts = {role["team"] for role in incidents.heading(reference, by=machine).incident.roles}
    writing = to_north(
        reference, organisation="", to_team="punjab-cert", template="", subject="Help", body="Please come"
    )
    shown = api.preview_letter(writing=writing, by=officer, at=at)
    assert shown.may_go is ("punjab-cert" in parts)


@pytest.mark.parametrize(
    ("differently", "field"),
    [
        ({"organisation": ""}, "organisation"),
        ({"email": "x@y.example"}, "organisation"),
        ({"organisation": "org-9999"}, "organisation"),
        ({"organisation": "org-0004"}, "organisation"),
        ({"organisation": "", "email": "nobody"}, "email"),
        ({"template": "no-such"}, "template"),
        ({"template": "", "body": "words"}, "subject"),
        ({"template": "", "subject": "words"}, "body"),
        ({"subject": "x" * 201}, "subject"),
        ({"about": "PK-2026-999999"}, "about"),
    ],
)
def test_what_cannot_be_written_names_its_field(
    differently: dict[str, Any], field: str, officer: Actor, machine: Actor, incident: str, at: datetime
) -> None:
    by = machine if differently.get("organisation") == "org-0004" else officer
    with pytest.raises(Invalid) as refusal:
        api.preview_letter(writing=to_north(incident, **differently), by=by, at=at)
    assert refusal.value.field == field


def test_nobody_writes_for_another_team(officer: Actor, incident: str, at: datetime) -> None:
    with pytest.raises(Forbidden):
        api.preview_letter(writing=to_north(incident, team="punjab-cert"), by=officer, at=at)


def test_the_organisations_own_people_answer_in_the_thread(
    officer: Actor, organisation_contact: Actor, provincial_analyst: Actor, incident: str, at: datetime
) -> None:
    reference = write(to_north(incident), by=officer, at=at).thread.reference
    page = api.write_reply(reference=reference, text="Two servers, since Monday", by=organisation_contact, at=at)
    assert page.thread.turn is api.Turn.US
    assert Letter.objects.get().ended == "replied"
    with pytest.raises(NotVisible):
        api.thread(reference=reference, by=provincial_analyst)
    with pytest.raises(Forbidden):
        api.write_reply(reference=reference, text="I am they", by=officer, at=at)
    with pytest.raises(Forbidden):
        write(api.Writing(thread=reference, subject="x", body="y"), by=organisation_contact, at=at)


def test_a_thread_goes_on_and_is_settled(officer: Actor, incident: str, machine: Actor, at: datetime) -> None:
    reference = write(to_north(incident), by=officer, at=at).thread.reference
    write(api.Writing(thread=reference, template="how-does-it-stand"), by=officer, at=at)
    page = api.settle(reference=reference, reason="They called", by=officer, at=at)
    assert page.thread.turn is api.Turn.NOBODY
    assert len([event for event in page.events if event.letter]) == 2
    first, second = (Message.objects.get(id=letter.message) for letter in Letter.objects.order_by("number"))
    assert (first.in_reply_to, second.in_reply_to) == ("", first.message_id)
    assert not Letter.objects.filter(silent_at__isnull=False).exists()


def test_any_ticket_number_finds_what_was_sent(
    officer: Actor, provincial_analyst: Actor, incident: str, machine: Actor, at: datetime
) -> None:
    page = write(to_north(incident), by=officer, at=at)
    (sent,) = [event.letter for event in page.events if event.letter]
    for ticket in (incident, page.thread.reference, sent.message.message_id, incident.lower()):
        found = api.look_up(ticket=ticket, by=officer)
        assert sent.message.id in {line.message.id for line in found.deliveries}, ticket
    hidden = api.look_up(ticket=incident, by=provincial_analyst)
    assert sent.message.id not in {line.message.id for line in hidden.deliveries}
    assert not hidden.threads
    assert not api.look_up(ticket="PK-2026-777777", by=officer).deliveries


def test_the_table_says_where_each_letter_stands(officer: Actor, incident: str, at: datetime) -> None:
    page = write(to_north(incident), by=officer, at=at)
    (sent,) = [event.letter for event in page.events if event.letter]

    def table(state: str) -> list[api.Delivery]:
        return api.deliveries(by=officer, state=state)[0]

    assert [len(table(state)) for state in ("waiting", "answered", "returned", "silent")] == [1, 0, 0, 0]
    api.answer(token=token_of(sent.message.id), choice="fixed", note="", seen=0, at=at)
    (line,) = table("answered")
    assert line.answer is not None
    assert line.answer.choice is api.Choice.FIXED
    api.take_bounce(
        message_ids=[sent.message.message_id],
        recipient="",
        status="5.0.0",
        permanent=True,
        diagnostic="",
        raw_sha256="f" * 64,
        by=system("intake"),
        at=at,
    )
    assert table("returned")[0].state == "returned"
    with pytest.raises(Invalid):
        table("odd")


def test_a_matter_marked_more_strictly_since_marks_the_next_letter(
    officer: Actor, incident: str, machine: Actor, at: datetime
) -> None:
    reference = write(to_north(incident), by=officer, at=at).thread.reference
    Incident.objects.filter(reference=incident).update(tlp="TLP:RED", exercise=True)
    shown = api.preview_letter(writing=api.Writing(thread=reference, subject="x", body="y"), by=officer, at=at)
    assert shown.letters[0].tlp is Tlp.RED
    assert not shown.may_go
    assert "EXERCISE: x" in shown.letters[0].subject
    assert shown.letters[0].body.startswith("This is an exercise. Nothing has happened.")
