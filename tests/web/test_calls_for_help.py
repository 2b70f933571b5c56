"""Whoever asks for help by a letter's link stands at the head of the incident, until somebody answers."""

from uuid import uuid4

from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.law import api as law
from pehra.outbox import api as outbox
from pehra.threads import api as threads
from pehra.threads.models import Thread
from tests.threads.conftest import token_of

CALLS = "asks for help"


def called(country, organisation: str = "org-0001") -> threads.ThreadView:
    """The hospital's thread, after it asked for help by the link of its notice."""
    notices = outbox.messages(by=country.by, organisation=organisation)
    (notice,) = [row for row in notices if row.kind == "findings.notice"]
    threads.follow_letters(by=system("threads"), at=clock.now())
    threads.answer(token=token_of(notice.id), choice="need-help", note="Nobody is here", seen=0, at=clock.now())
    (thread,), _more = threads.threads(by=country.by, organisation=organisation, about=notice.about)
    return thread


def of_the_hospital(country) -> list[str]:
    """The incidents of the hospital's findings."""
    return [row.reference for row in incidents.incidents(by=country.by).rows if row.organisation == "org-0001"]


def test_a_call_stands_at_its_incident_until_a_letter_answers_it(signed_in, country):
    lead, reference = signed_in("lead"), of_the_hospital(country)[0]
    assert CALLS not in lead.get(f"/incidents/{reference}/").content.decode()
    thread = called(country)
    assert thread.urgent
    for page in (f"/incidents/{reference}/", f"/incidents/{reference}/tasks", f"/threads/incident/{reference}/"):
        text = lead.get(page).content.decode()
        head = text[: text.index('<nav class="tabs"')]
        assert CALLS in head, page
        assert f'href="/threads/{thread.reference}/"' in head, page
    said = {"by": country.actor("lead"), "at": clock.now()}
    letter = threads.Writing(thread=thread.reference, subject="We come", body="At nine")
    threads.write_letter(writing=letter, seen=threads.preview_letter(writing=letter, **said).seen, **said)
    assert CALLS not in lead.get(f"/incidents/{reference}/").content.decode()


def test_who_may_not_read_the_thread_is_not_told_of_the_call(signed_in, country):
    reference = of_the_hospital(country)[0]
    thread = called(country)
    assert CALLS in signed_in("national").get(f"/incidents/{reference}/").content.decode()
    # The same thread, had another team written it.
    others = {"teams": ["punjab-cert"], "lead_team": "punjab-cert"}
    Thread.objects.filter(reference=thread.reference).update(**others)
    for who, shown in {"national": False, "hospital": True}.items():
        page = signed_in(who).get(f"/incidents/{reference}/")
        assert page.status_code == 200, who
        assert (thread.reference in page.content.decode()) is shown, who
        assert (CALLS in page.content.decode()) is shown, who


def test_a_call_in_a_part_stands_at_the_whole_and_nowhere_else(signed_in, country):
    (part, *_others), whole = of_the_hospital(country), _another(country)
    called(country)
    lead = signed_in("lead")
    assert CALLS not in lead.get(f"/incidents/{whole}/").content.decode()
    incidents.merge(ref=part, into=whole, reason="one campaign", by=country.by, at=clock.now())
    assert CALLS in lead.get(f"/incidents/{whole}/").content.decode()


def test_more_than_three_are_shortened(signed_in, country):
    reference = of_the_hospital(country)[0]
    thread = called(country)
    row = Thread.objects.get(reference=thread.reference)
    for number in range(3):
        row.pk, row.id, row.key, row.reference = None, uuid4(), f"more-{number}", f"PKT-2026-90000{number}"
        row.save(force_insert=True)
    text = signed_in("lead").get(f"/incidents/{reference}/").content.decode()
    assert text.count(CALLS) == 3
    assert "Others ask for help too" in text


def _another(country) -> str:
    """An incident of another organisation, opened by hand."""
    at = clock.now()
    return incidents.open_incident(
        title="Mail server down",
        organisations=["org-0002"],
        facts=law.IncidentFacts(taxonomy="availability", severity="high"),
        moments={"awareness": at},
        marking=law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date()),
        by=country.by,
        at=at,
    ).reference
