"""Something comes in by the secret link of a report that was decided about: its incident says so until it is read."""

import os

import pytest

from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.kernel import clock
from pehra.kernel.actors import system
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def reported_and_added_to() -> tuple[str, str]:
    """A report, opened and taken, to which its reporter has added since; and its incident."""
    by, at = system("intake"), clock.now()
    words = {"channel": intake.Channel.FORM, "media_type": "text/plain", "by": by, "at": at}
    receipt = intake.receive(
        raw=b"first", said=intake.Said(title="Odd logins", description="at night"),
        reporter=intake.Reporter(anonymous=True), language="en", **words,
    )  # fmt: skip
    opened = intake.open_incident(reference=receipt.reference, severity="high", by=by, at=at)
    incidents.move(ref=opened.reference, to="open", reason="", by=by, at=at)
    intake.add(raw=b"more", said=intake.Said(description="and 198.51.100.9"), token=receipt.token, **words)
    return receipt.reference, opened.reference


def test_who_leads_is_led_to_what_came_in_and_has_read_it(browser, live_server, lay_out_here):
    country = lay_out_here()
    report, incident = reported_and_added_to()
    context, page = signed_in(browser, live_server.url, country, size="phone")
    said = complaints(page)
    page.goto(f"{live_server.url}/incidents/{incident}/")
    step = page.locator(".next")
    assert f"more came in to the report {report}. Read it." in step.inner_text()
    step.get_by_role("link", name="To that report").click()
    page.wait_for_url(f"**/intake/reports/{report}/")
    assert page.get_by_text("198.51.100.9").first.is_visible()
    page.get_by_role("button", name="I have read it").click()
    page.get_by_role("link", name="To the incident").wait_for()
    page.get_by_role("link", name="To the incident").click()
    page.wait_for_url(f"**/incidents/{incident}/")
    assert "more came in" not in page.locator(".next").inner_text()
    assert page.get_by_role("heading", name="More came in").count() == 0
    assert said == []
    context.close()


def test_the_pages_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    report, incident = reported_and_added_to()
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, address in (("incident", f"incidents/{incident}/"), ("report", f"intake/reports/{report}/")):
            page.goto(f"{live_server.url}/{address}")
            wrong += wrong_in(page, Axe(), f"news-{name}-{language}-{theme}-{size}", pictures)
        context.close()
    assert wrong == []
