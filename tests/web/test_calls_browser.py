"""A call for help at its incident in a real browser: accessible in both languages, one press to its thread."""

import os

import pytest

from tests.web.test_calls_for_help import called, of_the_hospital
from tests.web.test_control_browser import _wrong
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def test_a_call_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    reference = of_the_hospital(country)[0]
    thread = called(country)
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        assert page.goto(f"{live_server.url}/incidents/{reference}/").ok
        wrong += _wrong(page, Axe(), f"call-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)
    context, page = signed_in(browser, live_server.url, country, size="phone")
    said = complaints(page)
    page.goto(f"{live_server.url}/incidents/{reference}/")
    page.get_by_role("link", name="To the thread").click()
    page.wait_for_url(f"**/threads/{thread.reference}/")
    assert said == []
    context.close()
