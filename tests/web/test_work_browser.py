"""The work on an incident in a real browser: a step that stops closing, a timeline by keyboard, words that survive."""

import os
from datetime import timedelta

import pytest

from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.outbox import api as outbox
from tests.incidents import samples
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def one_incident(machine) -> incidents.IncidentView:
    """An incident that the national team leads, opened, with nothing owed."""
    found = next(row for row in incidents.incidents(by=machine, limit=50).rows if row.lead_team == "pkcert")
    for owed in found.clocks:
        if owed.is_owed:
            which = {"duty": owed.duty, "stage": owed.stage, "organisation": owed.organisation}
            incidents.withdraw_clock(ref=found.reference, reason="none here", by=machine, at=clock.now(), **which)
    return incidents.move(ref=found.reference, to="open", reason="", by=machine, at=clock.now())


def state(machine, ref: str) -> str:
    return incidents.incident(ref, by=machine).incident.state.value


def test_a_blocking_step_stops_closing_until_it_is_done(browser, live_server, lay_out_here, machine, tmp_path):
    country = lay_out_here()
    ref = one_incident(machine).reference
    context, page = signed_in(browser, live_server.url, country, size="desktop")
    said = complaints(page)
    file = tmp_path / "ransomware.json"
    file.write_bytes(samples.document())
    page.goto(f"{live_server.url}/incidents/playbooks/")
    page.get_by_label("CACAO 2.0 file").set_input_files(file)
    page.get_by_role("button", name="Take in").click()
    page.get_by_role("link", name="Ransomware on servers").wait_for()

    page.goto(f"{live_server.url}/incidents/{ref}/tasks")
    page.get_by_role("link", name="Ransomware on servers").click()
    boxes = page.get_by_label("It blocks")
    assert [boxes.nth(place).is_checked() for place in range(boxes.count())] == [True, False, False, False, False]
    page.get_by_role("button", name="Make tasks of these steps").click()
    page.get_by_text("0 of 5 done").wait_for()

    close = f"{live_server.url}/incidents/{ref}/#move"
    page.goto(close)
    assert page.locator(".next").get_by_text("Isolate the servers").is_visible()
    form = page.locator("#move")
    form.get_by_label("Move to").select_option("closed")
    form.get_by_label("Reason").fill("all is well")
    form.get_by_role("button", name="Move").click()
    assert page.get_by_text("blocking tasks are not done: 1 “Isolate the servers”").is_visible()
    assert form.get_by_label("Reason").input_value() == "all is well"
    assert state(machine, ref) == "open"

    page.locator(".next").get_by_role("link", name="To the task").click()
    task = page.locator("#task-1")
    task.get_by_role("button", name="Done").click()
    assert page.locator("#task-1").get_by_text("items of its checklist are not ticked").is_visible()
    for item in ("Ports down", "Nobody rebooted anything"):
        page.locator("#task-1").get_by_role("button", name=item).click()
    page.locator("#task-1").get_by_role("button", name="Done").click()
    page.get_by_text("1 of 5 done").wait_for()

    page.goto(close)
    form.get_by_label("Move to").select_option("closed")
    form.get_by_label("Reason").fill("all is well")
    form.get_by_role("button", name="Move").click()
    page.get_by_text("Written down, and in the ledger.").wait_for()
    assert state(machine, ref) == "closed"
    # What was refused answers 422, and the browser says so: the two that this journey asks for, and nothing else.
    assert [line for line in said if "422" not in line] == []
    assert len([line for line in said if line.startswith("422 ")]) == 2
    context.close()


def test_the_timeline_by_keyboard_and_what_was_typed_survives_the_browser(browser, live_server, lay_out_here, machine):
    country = lay_out_here()
    ref = one_incident(machine).reference
    address = f"{live_server.url}/incidents/{ref}/timeline"
    context, page = signed_in(browser, live_server.url, country, size="desktop")
    said = complaints(page)
    page.goto(address)
    page.keyboard.press("n")
    page.keyboard.type("yesterday 23:10 loader fetched from 198.18.40.7")
    page.keyboard.press("Enter")
    page.keyboard.type("-20m the desk of Meadow called")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/timeline#quick")
    first, second = (page.locator(".events .own").nth(place) for place in (0, 1))
    assert "the desk of Meadow called" in first.inner_text()
    assert second.get_by_role("link", name="198.18.40.7").is_visible()
    assert "later" in second.inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.row !== undefined")

    page.keyboard.press("n")
    with page.expect_response("**/unsaved") as kept:
        page.keyboard.type("a thought that nobody wrote down")
    assert kept.value.status == 204
    assert said == []
    context.close()
    context, page = signed_in(browser, live_server.url, country, size="phone")
    page.goto(address)
    assert page.locator("#line").input_value() == "a thought that nobody wrote down"
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Written down, and in the ledger.").wait_for()
    assert page.locator("#line").input_value() == ""
    context.close()


def furnish(machine, ref: str, at) -> None:
    """Something of everything, in both languages."""
    kept = incidents.add_playbook(document=samples.document(), team="pkcert", by=machine, at=at)
    incidents.start_playbook(ref=ref, playbook_id=kept.id, by=machine, at=at)
    incidents.tick(ref=ref, number=1, item=1, done=True, by=machine, at=at)
    incidents.add_task(ref=ref, title="ہسپتال کے 198.18.1.7 کے لاگ منگوائیں", checklist="a\nb", by=machine, at=at)
    lines = "yesterday 23:10 loader fetched from 198.18.40.7\n-3h ہسپتال نے login.deeds.example بند کر دیا\n-20m called"
    incidents.add_entries(ref=ref, text=lines, by=machine, at=at)
    incidents.correct_entry(ref=ref, number=3, text="Meadow called back", by=machine, at=at)
    incidents.retract_entry(ref=ref, number=4, reason="another incident", by=machine, at=at)
    incidents.add_note(ref=ref, text="# What we know\n\n- `198.18.40.7`\n- ہسپتال\n\n> quoted", by=machine, at=at)
    incidents.change_note(ref=ref, number=1, text="# Known\n\n**198.18.40.7**", version=1, by=machine, at=at)
    said = {"aim": "playbook", "subject": samples.ID, "proposal": "Ask for the switch first."}
    incidents.add_lesson(ref=ref, learnt="The ports took an hour.", by=machine, at=at, **said)


def test_its_pages_look_right(browser, live_server, lay_out_here, machine, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    view = one_incident(machine)
    ref = view.reference
    furnish(machine, ref, clock.now())
    if view.organisation:
        incidents.ask_consent(ref=ref, act="Pull the ports of 198.18.1.7", task=1, by=machine, at=clock.now())
    (playbook,) = incidents.playbooks(by=machine)
    pages = {
        "timeline": f"/incidents/{ref}/timeline",
        "timeline-entry": f"/incidents/{ref}/timeline?order=entry&show=story",
        "tasks": f"/incidents/{ref}/tasks",
        "start": f"/incidents/{ref}/tasks/playbook/{playbook.id}",
        "notes": f"/incidents/{ref}/notes",
        "note": f"/incidents/{ref}/notes/1",
        "lessons": f"/incidents/{ref}/lessons",
        "proposals": "/incidents/lessons/",
        "playbooks": "/incidents/playbooks/",
        "playbook": f"/incidents/playbooks/{playbook.id}/",
        "my-tasks": "/incidents/tasks/",
    }
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, path in pages.items():
            page.goto(live_server.url + path)
            wrong += wrong_in(page, Axe(), f"work-{name}-{language}-{theme}-{size}", pictures)
        context.close()
    assert wrong == []


def test_what_an_organisation_is_asked_looks_right_to_it_and_to_the_team(
    browser, live_server, lay_out_here, machine, pictures
):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    found = next(row for row in incidents.incidents(by=machine, limit=50).rows if row.organisation == "org-0001")
    ref = found.reference
    for act in ("Pull the ports of 198.18.1.7", "سرور 198.18.1.9 کی نقل لیں", "Block login.deeds.example"):
        incidents.ask_consent(ref=ref, act=act, by=machine, at=clock.now())
    contact = country.actor("hospital")
    incidents.answer_consent(ref=ref, number=3, answer="given", terms="not on Friday", by=contact, at=clock.now())
    incidents.remind(at=clock.now() + timedelta(hours=25))
    outbox.send_due(at=clock.now())
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        for who, path in (("hospital", "/incidents/asked/"), ("national", f"/incidents/{ref}/tasks")):
            context, page = signed_in(browser, live_server.url, country, who=who, size=size, bypass_csp=True)
            choose(context, live_server.url, language, theme)
            page.goto(live_server.url + path)
            page.locator("li.consent summary").first.click()
            wrong += wrong_in(page, Axe(), f"consent-{who}-{language}-{theme}-{size}", pictures)
            context.close()
    assert wrong == []


def test_the_current_tab_is_in_sight_on_a_narrow_screen(browser, live_server, lay_out_here, machine):
    country = lay_out_here()
    ref = one_incident(machine).reference
    context, page = signed_in(browser, live_server.url, country, size="phone")
    page.goto(f"{live_server.url}/incidents/{ref}/joined")
    place = page.locator(".tabs [aria-current]").bounding_box()
    assert place is not None
    assert 0 <= place["x"] <= place["x"] + place["width"] <= page.viewport_size["width"]
    context.close()
