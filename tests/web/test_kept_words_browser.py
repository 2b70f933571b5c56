"""What was typed outlives a lost line and a page that was left: in an organisation's report, and in what is decided."""

import pytest

from pehra.incidents import api as incidents
from pehra.kernel import clock
from tests.web.test_form_browser import operator
from tests.web.test_web_browser import browser, signed_in
from tests.web.test_work_browser import one_incident

__all__ = ["browser"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def test_a_report_that_was_left_without_saving_is_as_it_was_typed(browser, live_server, lay_out_here):
    country, site = lay_out_here(), live_server.url
    context, page = operator(browser, site, country, clock.now(), size="desktop", language="en")
    page.goto(f"{site}/intake/own/")
    page.get_by_role("button", name="Begin a report").click()
    page.wait_for_url("**/intake/own/*-*/")
    address = page.url
    page.get_by_label("What happened?").fill("First words")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_text("Saved. Only your organisation").wait_for()

    page.get_by_label("What happened?").fill("First words, and more")
    page.get_by_label("Files are locked and money is demanded").check()
    page.get_by_role("group", name="Is it still going on?").get_by_label("Yes").check()
    page.goto(f"{site}/")
    page.goto(address)
    assert page.get_by_label("What happened?").input_value() == "First words, and more"
    assert page.get_by_label("Files are locked and money is demanded").is_checked()
    assert page.get_by_role("group", name="Is it still going on?").get_by_label("Yes").is_checked()

    # Saved: what was kept is forgotten, and what the server holds is shown.
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_text("Saved. Only your organisation").wait_for()
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('#own-')).length") == 0
    context.close()


def test_a_lost_line_takes_no_reason_and_what_a_colleague_judged_stands(browser, live_server, lay_out_here, machine):
    country, site = lay_out_here(), live_server.url
    ref = one_incident(machine).reference
    context, page = signed_in(browser, site, country, size="desktop")
    address = f"{site}/incidents/{ref}/"
    page.goto(address)
    page.locator("#severity summary").click()
    page.locator("#severity select").select_option("low")
    page.locator("#severity").get_by_label("Reason").fill("words that nobody wants to type twice")
    context.set_offline(True)
    page.locator("#severity button").click()
    page.wait_for_url("chrome-error://**")
    context.set_offline(False)
    page.goto(address)
    form = page.locator("#severity")
    assert form.get_by_label("Reason").is_visible()
    assert form.get_by_label("Reason").input_value() == "words that nobody wants to type twice"
    assert form.locator("select").input_value() == "low"

    # Judged by somebody else in the meantime: the level is theirs, the words are still mine.
    incidents.set_severity(ref=ref, severity="critical", reason="worse", by=machine, at=clock.now())
    page.goto(address)
    assert form.get_by_label("Reason").input_value() == "words that nobody wants to type twice"
    assert form.locator("select").input_value() == "critical"
    context.close()
