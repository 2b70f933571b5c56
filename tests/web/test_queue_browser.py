"""Queues in a real browser: by keyboard alone, with a look before an act on many and a way back; saved views; drafts."""

import os

import pytest

from pehra.findings import api as findings
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def states(machine) -> dict[str, str]:
    rows = findings.findings(by=machine, filters=findings.Filters(), limit=100)
    return {str(row.id): row.state.value for row in rows}


def test_many_findings_by_keyboard_and_back_again(browser, live_server, lay_out_here, machine):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    said = complaints(page)
    before = states(machine)
    page.goto(f"{live_server.url}/findings/?state=all")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-chosen]").inner_text() == "2"
    page.keyboard.press("e")
    page.wait_for_url("**/findings/many")
    assert page.get_by_text("2 findings will change").is_visible()
    assert states(machine) == before
    page.get_by_label("Reason").fill("mended on the patch day")
    page.keyboard.press("Enter")
    page.wait_for_url("**/findings/many/*/")
    after = states(machine)
    assert sorted(state for key, state in after.items() if before[key] != state) == ["fixed", "fixed"]
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("Taken back: 2 as before").wait_for()
    assert states(machine) == before
    assert said == []
    context.close()


def test_all_that_a_filter_finds_without_scripts(browser, live_server, lay_out_here, machine):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone", java_script_enabled=False)
    page.goto(f"{live_server.url}/findings/?organisation=org-0001")
    page.get_by_label("All that the filter finds").check()
    page.get_by_role("button", name="It is fixed…", exact=True).click()
    page.get_by_label("Reason").fill("all of it")
    page.get_by_role("button", name="It is fixed").click()
    page.get_by_role("button", name="Take it back").wait_for()
    rows = findings.findings(by=machine, filters=findings.Filters(organisation="org-0001"), limit=100)
    assert {row.state.value for row in rows} == {"fixed"}
    context.close()


def test_a_view_is_saved_and_leads_back(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone")
    page.goto(f"{live_server.url}/incidents/?state=new&severity=critical")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name").fill("رات کی نگرانی")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("is saved").wait_for()
    page.goto(f"{live_server.url}/incidents/")
    page.get_by_role("link", name="رات کی نگرانی").click()
    page.wait_for_url("**severity=critical*")
    page.get_by_role("button", name="Remove this view").click()
    page.get_by_text("The view is removed.").wait_for()
    assert page.get_by_role("link", name="رات کی نگرانی").count() == 0
    context.close()


def test_a_queue_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        page.goto(f"{live_server.url}/findings/?state=all")
        page.keyboard.press("j")
        page.keyboard.press("x")
        wrong += wrong_in(page, Axe(), f"queue-{language}-{theme}-{size}", pictures)
        page.keyboard.press("e")
        page.wait_for_url("**/findings/many")
        wrong += wrong_in(page, Axe(), f"queue-many-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)
