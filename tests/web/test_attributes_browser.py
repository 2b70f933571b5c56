"""What is known of an incident is said word by word in a real browser: by keyboard, without scripts, in every look."""

import os

import pytest

from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.kernel.actors import Actor
from pehra.law import api as law
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def at_a_bank(by: Actor) -> str:
    """An incident of a bank of which a report said that it is ransomware, and nothing else."""
    at = clock.now()
    profile = law.load("pk")
    opened = incidents.open_incident(
        title="Ransom note at a bank",
        organisations=[],
        entity=law.EntityFacts(sector="banking-finance", classes=frozenset({"regulated-financial"})),
        facts=law.IncidentFacts(
            taxonomy="malicious-code", type="infected-system", attributes=law.Attributes.known({"ransomware": True})
        ),
        moments={},
        marking=law.sharing(profile, entity=law.EntityFacts(), on=at.date()),
        by=by,
        at=at,
    )
    return incidents.move(ref=opened.reference, to="open", reason="", by=by, at=at).reference


def test_what_is_asked_is_answered_by_keyboard_and_without_scripts(browser, live_server, lay_out_here, machine):
    country = lay_out_here()
    reference = at_a_bank(machine)
    context, page = signed_in(browser, live_server.url, country, size="desktop", java_script_enabled=False)
    said = complaints(page)
    page.goto(f"{live_server.url}/incidents/{reference}/")
    assert page.get_by_text("say whether: Breach established. A duty depends on it.").is_visible()
    page.locator("#facts summary").press("Enter")
    form = page.locator("#facts form")
    assert form.get_by_label("Ransomware").input_value() == "yes"
    assert form.get_by_label("Part of a campaign").input_value() == ""
    assert form.get_by_label("Widespread attack").count() == 0, "it is counted"
    form.get_by_label("Breach established").focus()
    page.keyboard.press("n")
    form.get_by_label("Part of a campaign").focus()
    page.keyboard.press("y")
    page.keyboard.press("Enter")
    assert form.get_by_label("Kind").input_value() == "malicious-code/infected-system"
    form.get_by_label("Kind").select_option("intrusions/system-compromise")
    form.get_by_label("Reason").focus()
    page.keyboard.type("the bank's own word")
    page.keyboard.press("Enter")
    page.get_by_text("Written down, and in the ledger.").wait_for()
    assert page.get_by_text("say whether").count() == 0
    known = incidents.incident(reference, by=machine)
    assert (known.attributes, known.attributes_absent) == (("campaign", "ransomware"), ("breach-established",))
    assert (known.incident.taxonomy, known.incident.type) == ("intrusions", "system-compromise")
    assert page.locator("dt", has_text="Denied").count() == 1
    assert [line for line in said if "422" not in line] == []
    context.close()


def test_a_refused_answer_shows_what_was_chosen(browser, live_server, lay_out_here, machine):
    country = lay_out_here()
    reference = at_a_bank(machine)
    context, page = signed_in(browser, live_server.url, country, size="phone")
    page.goto(f"{live_server.url}/incidents/{reference}/")
    page.locator("#facts summary").click()
    form = page.locator("#facts form")
    form.get_by_label("Breach established").select_option("no")
    form.get_by_label("Kind").select_option("fraud")
    form.get_by_label("Users affected").fill("many")
    form.get_by_label("Reason").fill("the bank's own word")
    form.get_by_role("button", name="State").click()
    page.get_by_text("many is not a number").wait_for()
    assert page.locator("#facts form").get_by_label("Breach established").input_value() == "no"
    assert page.locator("#facts form").get_by_label("Kind").input_value() == "fraud"
    assert incidents.incident(reference, by=machine).attributes_absent == ()
    context.close()


def test_the_page_in_every_look(browser, live_server, lay_out_here, machine, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    reference = at_a_bank(machine)
    said = {"campaign": False, "cross-border": False}
    incidents.state_facts(ref=reference, attributes=said, reason="seen", by=machine, at=clock.now())
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        page.goto(f"{live_server.url}/incidents/{reference}/")
        page.locator("#facts summary").click()
        wrong += wrong_in(page, Axe(), f"attributes-{language}-{theme}-{size}", pictures)
        context.close()
    assert wrong == []
