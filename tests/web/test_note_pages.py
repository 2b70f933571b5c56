"""Pages of notes: what is kept unsaved by a button, and back to where it was typed."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("place", "to"), [("note-7", "notes/7"), ("lesson", "lessons"), ("timeline", "timeline"), ("task", "tasks")]
)
def test_what_is_forgotten_leads_back_to_its_page(incident, signed_in, place: str, to: str) -> None:
    address = f"/incidents/{incident.reference}/unsaved"
    answer = signed_in("national").post(address, {"place": place, "forget": "1"})
    assert (answer.status_code, answer.url) == (302, f"/incidents/{incident.reference}/{to}")


@pytest.mark.parametrize("number", ["²", "x", "9" * 5_000])
def test_a_place_that_is_none_is_refused(incident, signed_in, number: str) -> None:
    address = f"/incidents/{incident.reference}/unsaved"
    answer = signed_in("national").post(address, {"place": f"note-{number}", "forget": "1"})
    assert answer.status_code == 422
