"""Who closes an incident too early is told what is owed by the names of the page, by whichever door."""

import pytest
from click.testing import CliRunner

from pehra.incidents import api
from pehra.incidents.commands import commands
from pehra.incidents.models import Clock
from pehra.kernel import clock

STAGE, DUTY = ("Notification", "اطلاع نامہ"), ("Report of an incident on critical infrastructure (PISF)", "")
OWED_BY = ("Meadow Hospital", "میڈو ہسپتال")


@pytest.fixture
def opened(country, incident):
    """The hospital's incident, taken."""
    return api.move(ref=incident.reference, to="open", reason="", by=country.actor("lead"), at=clock.now())


def test_a_page_names_what_is_owed_in_the_language_of_its_reader(signed_in, opened, settings):
    lead, close = signed_in("lead"), {"to": "closed", "reason": "done"}
    page = lead.post(f"/incidents/{opened.reference}/move", close)
    assert page.status_code == 422
    text = page.content.decode().partition('class="refusal"')[2].partition("</p>")[0]
    assert "stages are still owed" in text
    for words in (STAGE[0], DUTY[0], OWED_BY[0]):
        assert words in text, words
    for clock_of in opened.clocks:
        assert clock_of.duty not in text
        assert f"/{clock_of.stage}" not in text
    lead.cookies[settings.LANGUAGE_COOKIE_NAME] = "ur"
    page = lead.post(f"/incidents/{opened.reference}/move", close)
    text = page.content.decode().partition('class="refusal"')[2].partition("</p>")[0]
    assert OWED_BY[1] in text
    assert "مراحل ابھی واجب ہیں" in text
    assert OWED_BY[0] not in text


def test_a_program_and_a_command_are_told_the_same(program, opened):
    said = program("lead").post(f"/incidents/{opened.reference}/move", {"to": "closed", "reason": "done"})
    assert said.status_code == 422
    ran = CliRunner().invoke(commands, ["move", opened.reference, "closed", "--reason", "done"])
    assert isinstance(ran.exception, api.MoveRefused)
    for text in (said.json()["detail"], ran.exception.message):
        for words in (STAGE[0], DUTY[0], OWED_BY[0]):
            assert words in text, (words, text)


def test_one_stage_is_said_as_one_and_one_out_of_the_profile_by_its_code(program, opened):
    clocks = Clock.objects.filter(incident__reference=opened.reference).order_by("id")
    Clock.objects.filter(id__in=[row.id for row in clocks[1:]]).update(state="withdrawn", fires_at=None)
    clocks.filter(id=clocks[0].id).update(duty="of-old", stage="first")
    said = program("lead").post(f"/incidents/{opened.reference}/move", {"to": "closed", "reason": "done"}).json()
    assert "one stage is still owed: “first” (of-old, Meadow Hospital)" in said["detail"]
