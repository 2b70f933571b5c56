"""Filters of lists in a real browser: on a phone folded, so that what waits is on the first screen; else in sight."""

import os

import pytest

from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_queue_browser import reported
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, SIZES, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]
LISTS = {
    "inbox": ("/intake/", "sector=health"),
    "mails": ("/intake/mail/", "sort=report"),
    "incidents": ("/incidents/", "severity=high"),
    "findings": ("/findings/", "sector=health"),
    "notices": ("/outbox/", "state=sent"),
    "threads": ("/threads/", "turn=us"),
    "delivered": ("/threads/delivered/", "state=waiting"),
    "organisations": ("/registry/organisations/", "sector=health"),
    "people": ("/access/people/", "standing=active"),
}


def test_on_a_phone_filters_fold_until_one_is_set_and_need_no_script(browser, live_server, lay_out_here):
    reported()
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone", java_script_enabled=False)
    for name, (path, filtered) in LISTS.items():
        assert page.goto(live_server.url + path).ok, name
        form, line = page.locator("form.filters"), page.locator(".folds summary")
        assert not form.is_visible(), name
        assert line.inner_text() == "Filter", name
        line.click()
        assert form.is_visible(), name
        page.goto(f"{live_server.url}{path}?{filtered}")
        assert form.is_visible(), name
        assert line.inner_text() == "Filter · 1 set", name
    for path in ("/intake/", "/incidents/", "/findings/"):
        page.goto(live_server.url + path)
        first = page.locator("tbody tr").first.bounding_box()
        assert first["y"] + first["height"] <= SIZES["phone"][1], path
    context.close()


def test_incidents_of_all_states_are_one_filter_more(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone")
    for query, said in {"": "Filter", "?state=live": "Filter", "?state=": "Filter · 1 set"}.items():
        page.goto(f"{live_server.url}/incidents/{query}")
        assert page.locator(".folds summary").inner_text() == said, query
    page.goto(f"{live_server.url}/incidents/?state=&severity=high&search=flood")
    assert page.locator(".folds summary").inner_text() == "Filter · 3 set"
    context.close()


def test_on_a_desktop_filters_stand_as_they_are(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    said = complaints(page)
    for name, (path, _filtered) in LISTS.items():
        page.goto(live_server.url + path)
        assert page.locator("form.filters").is_visible(), name
        assert not page.locator(".folds").is_visible(), name
    assert said == []
    context.close()


def test_folded_and_unfolded_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    reported()
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name in ("inbox", "incidents", "threads"):
            path, filtered = LISTS[name]
            for how, address in {"": path, "-set": f"{path}?{filtered}"}.items():
                assert page.goto(live_server.url + address).ok, address
                wrong += wrong_in(page, Axe(), f"filters-{name}{how}-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)
