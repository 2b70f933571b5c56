"""Coming in as people do, in a real browser with a virtual authenticator: link, passkey, app, recovery code.

One journey, because each step stands on the one before. The browser's policy stops nothing of it.
"""

import os
import re

import pytest
from django.core.cache import cache

from pehra.access import api as access
from pehra.kernel import clock
from tests.web.test_sign_in import PASSWORD, code_of, one_step  # noqa: F401 - a fixture
from tests.web.test_web_browser import (  # noqa: F401 - fixtures
    LOOKS,
    LOOKS_EACH_RUN,
    SIZES,
    browser,
    choose,
    complaints,
    pictures,
)

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, settings, one_step) -> str:  # noqa: F811
    """A node where two factors are wanted, under a name: a browser makes no passkey for a number."""
    settings.PEHRA_MFA_REQUIRED = True
    cache.clear()
    return live_server.url.replace("127.0.0.1", "localhost")


def virtual_authenticator(context, page):
    """Plug a security key into the browser that knows its person."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    return session, made["authenticatorId"]


def sign_out(page) -> None:
    page.locator("summary", has_text="Lead").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/access/sign-in")


def with_password(page, site: str) -> None:
    page.goto(f"{site}/access/sign-in")
    page.locator("summary", has_text="With a password").click()
    page.get_by_label("E-mail address").fill("lead@cast.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/account/second-factor")


def come_in_by_link(page, site: str, country) -> None:
    """Press the link's button: nothing opens but enrolment."""
    token = access.issue_link(person_id=country.people["lead"], by=country.by, at=clock.now())
    page.goto(f"{site}/access/link/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/access/enrol")
    page.goto(f"{site}/incidents/")
    page.wait_for_url("**/access/enrol?next=*")


def make_passkey(page, site: str) -> list[str]:
    """Make a passkey, after which everything opens; return the recovery codes that come with it."""
    page.get_by_role("link", name="Make a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/account/codes")
    codes = re.findall(r"\d{8}", page.get_by_role("main").inner_text())
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url(f"{site}/")
    return codes


def add_password_and_app(page, site: str) -> str:
    """Choose a password and add an app; return the app's secret."""
    page.goto(f"{site}/account/password/first")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url("**/account/")
    page.get_by_role("link", name="Add the app").click()
    secret = page.locator("code.code").inner_text()
    page.get_by_label("The code that it shows").fill(code_of(secret))
    page.get_by_role("button", name="Add the app").click()
    page.wait_for_url("**/account/")
    cache.clear()  # the next code comes in half a minute: a test does not wait for it
    return secret


def test_link_passkey_app_and_recovery_code_in_one_journey(browser, site, lay_out_here):  # noqa: F811
    country = lay_out_here()
    context = browser.new_context(viewport={"width": 1360, "height": 850})
    page = context.new_page()
    said = complaints(page)
    session, key = virtual_authenticator(context, page)
    come_in_by_link(page, site, country)
    codes = make_passkey(page, site)
    assert len(codes) == 10
    assert len(session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]) == 1
    sign_out(page)
    # By the passkey alone: no address is typed.
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site}/")
    secret = add_password_and_app(page, site)
    sign_out(page)
    # By the password and the app; by the password and a recovery code, once.
    for code in (code_of(secret), codes[3]):
        with_password(page, site)
        page.get_by_label("The code of your app").fill(code)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site}/")
        assert page.get_by_role("link", name="Incidents").first.is_visible()
        sign_out(page)
    assert said == []
    with_password(page, site)
    page.get_by_label("The code of your app").fill(codes[3])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("used already").wait_for()
    # A passkey of somebody who was made inactive opens nothing, and one that is gone neither.
    page.get_by_role("button", name="Begin again").click()
    access.close_person(person_id=country.people["lead"], reason="left", by=country.by, at=clock.now())
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("The address or the password is wrong").wait_for()
    session.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was given").wait_for()
    context.close()


def looked_at(page, site: str, paths: dict[str, str], folder) -> list[str]:
    """See pages in every look; return what is wrong with them."""
    from axe_playwright_python.sync_playwright import Axe

    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        choose(page.context, site, language, theme)
        page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        for name, path in paths.items():
            page.goto(site + path)
            what = f"{name}-{language}-{theme}-{size}"
            page.screenshot(path=str(folder / f"{what}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{what}: {wide} pixels too wide"] if wide > 0 else []
            found = Axe().run(page).response["violations"]
            wrong += [f"{what}: {one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}" for one in found]
    choose(page.context, site, "en", "light")
    return wrong


def test_every_page_of_signing_in_in_two_languages_two_themes_and_two_sizes(
    browser,  # noqa: F811
    site,
    lay_out_here,
    pictures,  # noqa: F811
):
    country = lay_out_here()
    # The scanner puts its script into the page, which the pages' policy forbids: that is tested apart.
    context, outside = browser.new_context(bypass_csp=True), browser.new_context(bypass_csp=True)
    page, outer = context.new_page(), outside.new_page()
    virtual_authenticator(context, page)
    wrong = looked_at(outer, site, {"sign-in": "/access/sign-in"}, pictures)
    come_in_by_link(page, site, country)
    start = {"enrol": "/access/enrol", "passkey": "/account/passkeys/add", "password": "/account/password/first"}
    wrong += looked_at(page, site, start, pictures)
    page.goto(f"{site}/account/password/first")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Keep it").click()
    wrong += looked_at(page, site, {"app": "/account/app"}, pictures)
    page.goto(f"{site}/account/app")
    page.get_by_label("The code that it shows").fill(code_of(page.locator("code.code").inner_text()))
    page.get_by_role("button", name="Add the app").click()
    page.wait_for_url("**/account/codes")
    page.goto(f"{site}/account/passkeys/add")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/account/")
    key = page.get_by_role("cell").get_by_role("link", name="End it").get_attribute("href")
    rest = {
        "ways": "/account/", "codes": "/account/codes", "new-codes": "/account/codes/new",
        "sessions": "/account/sessions",
        "prove-code": "/account/prove/code", "prove-passkey": "/account/prove/passkey", "end-passkey": key,
        "end-app": "/account/app/end", "change-password": "/account/password",
    }  # fmt: skip
    wrong += looked_at(page, site, rest, pictures)
    with_password(outer, site)
    wrong += looked_at(outer, site, {"second-factor": "/account/second-factor"}, pictures)
    context.close()
    outside.close()
    assert not wrong, "\n".join(wrong)
