"""Letting somebody back in, and coming in by another organisation, in a real browser under the pages' own policy."""

import pytest
from django.core.cache import cache

from pehra.access import api as access
from tests.web.test_providers import provider, write  # noqa: F401 - fixtures
from tests.web.test_web_browser import browser, choose, complaints, pictures, signed_in  # noqa: F401 - fixtures

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def looked_at(page, site: str, pages: dict[str, str], folder) -> list[str]:
    """Look at pages in every look; return what is too wide or what the scanner complains of."""
    from axe_playwright_python.sync_playwright import Axe

    wrong = []
    for language, theme, size in (("en", "light", (1360, 850)), ("ur", "dark", (390, 844))):
        choose(page.context, site, language, theme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for name, path in pages.items():
            page.goto(site + path)
            page.screenshot(path=str(folder / f"{name}-{language}-{theme}.png"), full_page=True)
            if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
                wrong.append(f"{name} {language}: too wide")
            wrong += [f"{name} {language}: {found['help']}" for found in Axe().run(page).response["violations"]]
    return wrong


def test_a_lead_lets_somebody_back_in_by_hand(browser, live_server, lay_out_here, pictures):  # noqa: F811
    country = lay_out_here()
    context, page = signed_in(browser, live_server.url, country, size="desktop", bypass_csp=True)
    person = f"/access/people/{country.people['national']}/"
    page.goto(live_server.url + person)
    page.get_by_label("They lost everything").fill("came to the desk with her card")
    page.get_by_role("button", name="Make a recovery link").click()
    made = page.get_by_role("textbox", name="A link for them").input_value()
    page.screenshot(path=str(pictures / "recovery-link.png"), full_page=True)
    other = browser.new_context()
    own = other.new_page()
    own.goto(made)
    own.get_by_role("main").get_by_role("button").click()
    own.wait_for_url(f"{live_server.url}/**")
    assert looked_at(page, live_server.url, {"person": person, "people": "/access/people/"}, pictures) == []
    other.close()
    context.close()


def test_another_organisations_sign_in_in_a_real_browser(
    browser,  # noqa: F811
    live_server,
    lay_out_here,
    provider,  # noqa: F811
    settings,
    tmp_path,
    pictures,  # noqa: F811
):
    country = lay_out_here()
    settings.PEHRA_DATA = tmp_path
    cache.clear()
    write(settings, provider, trusted_domains=["cast.example"])
    context = browser.new_context()
    page = context.new_page()
    said = complaints(page)
    page.goto(f"{live_server.url}/access/sign-in?next=/law/")
    page.screenshot(path=str(pictures / "sign-in-providers.png"), full_page=True)
    page.get_by_role("button", name="Sign in at Ministry").click()
    page.wait_for_url(f"{live_server.url}/law/")
    assert said == [], "the policy stops nothing on the way"
    context.close()
    context, page = signed_in(browser, live_server.url, country, size="desktop", bypass_csp=True)
    assert looked_at(page, live_server.url, {"providers": "/access/providers/"}, pictures) == []
    context.close()
    assert access.provider_flaws("ministry") == []
