"""What is typed on pages of the work: kept by a button, back to where it was typed, forgotten when written down."""

import pytest

from pehra.incidents.models import UnsavedText

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("place", "to"), [("note-7", "notes/7"), ("lesson", "lessons"), ("timeline", "timeline"), ("task", "tasks")]
)
def test_what_is_forgotten_leads_back_to_its_page(incident, signed_in, place: str, to: str) -> None:
    address = f"/incidents/{incident.reference}/unsaved"
    answer = signed_in("national").post(address, {"place": place, "forget": "1"})
    assert (answer.status_code, answer.url) == (302, f"/incidents/{incident.reference}/{to}")


@pytest.mark.parametrize(
    ("place", "page", "form"),
    [
        ("task", "tasks/add", {"title": "Ask for the logs", "checklist": "one"}),
        ("consent", "tasks/consent-ask", {"act": "Pull the ports"}),
        ("timeline", "timeline/add", {"line": "they called"}),
        ("note", "notes", {"text": "they called"}),
        ("lesson", "lessons", {"learnt": "they call late"}),
    ],
)
def test_what_is_written_down_is_unsaved_no_more(incident, signed_in, place: str, page: str, form: dict) -> None:
    address, browser = f"/incidents/{incident.reference}", signed_in("lead")
    browser.post(f"{address}/unsaved", {"place": place, **form})
    typed = next(iter(form.values()))
    assert typed in UnsavedText.objects.get(place=place).fields.values()
    answer = browser.post(f"{address}/{page}", form)
    assert answer.status_code == 302, answer.text
    assert not UnsavedText.objects.exists()


@pytest.mark.parametrize("number", ["²", "x", "9" * 5_000])
def test_a_place_that_is_none_is_refused(incident, signed_in, number: str) -> None:
    address = f"/incidents/{incident.reference}/unsaved"
    answer = signed_in("national").post(address, {"place": f"note-{number}", "forget": "1"})
    assert answer.status_code == 422
