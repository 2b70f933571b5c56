"""Coming in as people do, in a real browser with a virtual authenticator: link, passkey, app, recovery code.

One journey, because each step stands on the one before. The browser's policy stops nothing of it.
"""

import re

import pytest
from django.core.cache import cache

from pehra.access import api as access
from pehra.kernel import clock
from tests.web.test_sign_in import PASSWORD, code_of, one_step  # noqa: F401 - a fixture
from tests.web.test_web_browser import browser, complaints, pictures  # noqa: F401 - fixtures

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


def test_link_passkey_app_and_recovery_code_in_one_journey(browser, site, lay_out_here):  # noqa: F811
    country = lay_out_here()
    context = browser.new_context(viewport={"width": 1360, "height": 850})
    page = context.new_page()
    said = complaints(page)
    session, key = virtual_authenticator(context, page)
    token = access.issue_link(person_id=country.people["lead"], by=country.by, at=clock.now())

    # By the link nothing opens but enrolment; a passkey is made, and then everything does.
    page.goto(f"{site}/access/link/{token}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/access/enrol")
    page.goto(f"{site}/incidents/")
    page.wait_for_url("**/access/enrol?next=*")
    page.get_by_role("link", name="Make a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/account/codes")
    codes = re.findall(r"\d{8}", page.get_by_role("main").inner_text())
    assert len(codes) == 10
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url(f"{site}/")
    assert len(session.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]) == 1
    sign_out(page)

    # By the passkey alone: no address is typed.
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{site}/")

    # A password and an app beside it.
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

    # And a key that is not this person's opens nothing.
    session.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    page.get_by_role("button", name="Use my passkey").click()
    page.get_by_text("No passkey was given").wait_for()
    context.close()
