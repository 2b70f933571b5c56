"""The way of a person in a real browser: from a service to our sign-in and back, out again, and a device let in.

The browser holds our pages to their policy: a form of ours that led straight to another site would be stopped by it.
"""

import http.server
import os
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from pehra.access import api as access
from pehra.access.api import services
from pehra.access.models import Person
from pehra.kernel import clock
from tests.access.relying import Relying
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, SIZES, browser, choose, complaints, pictures

__all__ = ["browser", "pictures"]
PASSWORD = "four words nobody guesses"
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def service_site():
    """A service on another site: it keeps the addresses at which browsers came to it."""
    seen = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Tickets</title><h1>The service</h1>")

        def log_message(self, *_words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.fixture
def running(live_server, settings, lay_out_here):
    settings.PEHRA_URL = live_server.url
    return live_server.url, lay_out_here()


def with_password(country, who):
    person = Person.objects.get(id=country.people[who])
    person.set_password(PASSWORD)
    person.save()
    return person


def type_password(page, person):
    page.get_by_text("With a password and a second factor").click()
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Next").click()


def test_from_a_service_to_our_sign_in_and_back_and_out(browser, running, service_site):
    site, country = running
    other, seen = service_site
    person = with_password(country, "national")
    made = services.add_service(
        name="Tickets",
        redirect_uris=[f"{other}/back"],
        after_logout_uris=[f"{other}/bye"],
        by=country.by,
        at=clock.now(),
    )
    service = Relying(made)
    question = urlencode(service.asked(redirect_uri=f"{other}/back"))
    context = browser.new_context()
    page = context.new_page()
    said = complaints(page)
    page.goto(f"{site}/identity/o/authorize?{question}")
    assert urlsplit(page.url).path == "/access/sign-in"
    type_password(page, person)
    page.wait_for_url(f"{other}/back?*")
    back = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert back["state"] == service.state
    assert back["iss"] == site
    tokens = service.redeem(back["code"], redirect_uri=f"{other}/back").json()
    claims = service.verified(tokens["id_token"])
    assert claims["sub"] == str(person.id)
    assert claims["amr"] == ["pwd"]
    assert claims["acr"] == "urn:pehra:acr:one-factor"
    # Signed in already: straight through, without a page.
    page.goto(f"{site}/identity/o/authorize?{question}")
    page.wait_for_url(f"{other}/back?*")
    # Out again: our page asks, and leads back.
    page.goto(
        f"{site}/identity/o/logout?"
        + urlencode({"client_id": made.client_id, "post_logout_redirect_uri": f"{other}/bye"})
    )
    page.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url(f"{other}/bye")
    page.goto(f"{site}/")
    assert urlsplit(page.url).path == "/access/sign-in", "signed out here too"
    assert [line for line in said if "Content Security Policy" in line or "Refused" in line] == []
    assert len([path for path in seen if path.startswith("/back?code=")]) == 2
    context.close()


def test_a_proof_that_a_service_wants_is_given_and_leads_back(browser, running, service_site):
    site, country = running
    other, _seen = service_site
    person = with_password(country, "national")
    made = services.add_service(name="Tickets", redirect_uris=[f"{other}/back"], by=country.by, at=clock.now())
    service = Relying(made)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site}/access/sign-in")
    type_password(page, person)
    page.wait_for_url(f"{site}/")
    question = urlencode(service.asked(redirect_uri=f"{other}/back", prompt="login", max_age="0"))
    page.goto(f"{site}/identity/o/authorize?{question}")
    page.wait_for_url(f"{site}/account/prove*")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url(f"{other}/back?*")
    assert "code=" in page.url
    context.close()


def pages(service, device):
    asked = urlencode(service.asked(redirect_uri="https://tickets.example/back"))
    return {
        "services": "/access/services/",
        "service": f"/access/services/{service.client_id}/",
        "not-let-in": f"/identity/o/authorize?{asked}",
        "device": "/identity/o/device",
        "device-code": f"/identity/o/device?code={device}",
        "leave": "/identity/o/logout",
    }


def test_the_pages_of_the_provider_in_every_look(browser, running, settings, pictures):
    from axe_playwright_python.sync_playwright import Axe

    site, country = running
    service = Relying(
        services.add_service(
            name="Ticket system of Punjab", redirect_uris=["https://tickets.example/back"], teams=["punjab-cert"],
            logout_uri="https://tickets.example/out", by=country.by, at=clock.now(),
        )
    )  # fmt: skip
    console = Relying(
        services.add_service(name="Console", grants=["device_code"], public=True, by=country.by, at=clock.now())
    )
    device = console.ask("device/code").json()["user_code"]
    wrong = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
        page = context.new_page()
        link = access.issue_link(person_id=country.people["operator"], by=country.by, at=clock.now())
        page.goto(f"{site}/access/link/{link}")
        page.get_by_role("main").get_by_role("button").click()
        page.wait_for_url(lambda address: "/access/link/" not in address)
        choose(context, site, language, theme)
        for name, path in pages(service, device).items():
            page.goto(site + path)
            what = f"provider-{name}-{language}-{theme}-{size}"
            page.screenshot(path=str(pictures / f"{what}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{what}: {wide} pixels too wide"] if wide > 0 else []
            for violation in Axe().run(page).response["violations"]:
                where = violation["nodes"][0]["html"][:160]
                wrong.append(f"{what}: {violation['id']}: {violation['help']}: {where}")
        context.close()
    assert not wrong, "\n".join(wrong)
