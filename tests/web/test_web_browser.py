"""Every page in a real browser: accessible, without sideways scroll, without a complaint from its own policy.

Two looks each run; with `PEHRA_PICTURES=FOLDER` all eight, and the pictures stay there for people to look at.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from pehra.access import api as access
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox

BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = ["--disable-background-networking", "--no-first-run", "--disable-quic", "--disable-gpu"]
SIZES = {"desktop": (1360, 850), "phone": (390, 844)}
LOOKS = [(size, language, theme) for size in SIZES for language in ("en", "ur") for theme in ("light", "dark")]
LOOKS_EACH_RUN = [("desktop", "en", "light"), ("phone", "ur", "dark")]
"""Between them every language, theme and size; all eight when somebody asks for the pictures (and in CI)."""
SIGNED_OUT = ("/access/sign-in", "/access/link/some-token")

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """The system's own browser; without one these tests are skipped."""
    found = next((path for path in BROWSERS if Path(path).exists()), None) or shutil.which("chromium")
    if not found:
        pytest.skip("no Chromium on this machine: the pages were not looked at")
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, and Django then takes every query for one from async code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, chromium_sandbox=False, args=ARGUMENTS)
        yield running
        running.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    if before is not None:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go."""
    folder = Path(os.environ.get("PEHRA_PICTURES") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pages(by) -> dict[str, str]:
    """Every page by a name for its picture."""
    incident = incidents.incidents(by=by).rows[-1]
    finding = findings.findings(by=by, limit=1)[0]
    message = outbox.messages(by=by, limit=1)[0]
    entry = ledger.history(subject=incident.reference, by=by)[0]
    person = next(row for row in access.people(by=by, at=clock.now()) if row.email == "national@cast.example")
    return {
        "situation": "/",
        "incidents": "/incidents/?state=",
        "incident": f"/incidents/{incident.reference}/",
        "findings": "/findings/",
        "finding": f"/findings/{finding.id}/",
        "notices": "/outbox/",
        "notice": f"/outbox/{message.id}/",
        "who": "/registry/who?q=198.18.1.7%0A2001:db8:40::7%0Alogin.deeds.example%0Agarbage",
        "organisations": "/registry/organisations/",
        "organisation": "/registry/organisations/org-0001/",
        "teams": "/registry/teams/",
        "team": "/registry/teams/pkcert/",
        "inputs": "/telemetry/",
        "law": "/law/",
        "proof": "/ledger/",
        "entry": f"/ledger/{entry.id}/",
        "people": "/access/people/",
        "person": f"/access/people/{person.id}/?permission=incidents.close&team=ntcert",
        "give": "/access/give/",
        "pending": "/access/pending/",
        "review": "/access/review/",
        "glass": "/access/glass/",
        "roles": "/access/roles/",
        "nothing": "/nothing",
    }


def choose(context, site: str, language: str, theme: str) -> None:
    context.add_cookies(
        [
            {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": site},
            {"name": "pehra_theme", "value": theme, "url": site},
        ]
    )


def signed_in(browser, site: str, country, *, size: str, who: str = "lead", **options):
    """A browser window signed in as the national team's lead or somebody else of the cast, in the way people do."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    token = access.issue_link(person_id=country.people[who], by=country.by, at=clock.now())
    page.goto(f"{site}/access/link/{token}")
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url(f"{site}/")
    return context, page


def test_every_page_in_two_languages_two_themes_and_two_sizes(browser, live_server, machine, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    wanted = {"sign-in": SIGNED_OUT[0], "link": SIGNED_OUT[1], **pages(machine)}
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        # The scanner puts its script into the page, which the pages' policy forbids: that is tested apart.
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        outside = browser.new_context(viewport=page.viewport_size, bypass_csp=True)
        outer = outside.new_page()
        choose(context, live_server.url, language, theme)
        choose(outside, live_server.url, language, theme)
        for name, path in wanted.items():
            shown = outer if path in SIGNED_OUT else page
            shown.goto(live_server.url + path)
            what = f"{name}-{language}-{theme}-{size}"
            shown.screenshot(path=str(pictures / f"{what}.png"), full_page=True)
            wide = shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{what}: {wide} pixels too wide"] if wide > 0 else []
            for violation in Axe().run(shown).response["violations"]:
                where = violation["nodes"][0]["html"][:160]
                wrong.append(f"{what}: {violation['id']}: {violation['help']}: {where}")
        context.close()
        outside.close()
    assert not wrong, "\n".join(wrong)


def complaints(page) -> list[str]:
    """What the browser complains of from now on: refusals of the policy, missing files, failed pages."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("response", lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return said


def open_first_incident(page, site: str) -> None:
    page.goto(f"{site}/incidents/")
    page.get_by_role("main").get_by_role("rowheader").get_by_role("link").first.click()
    page.wait_for_url("**/incidents/PK-*/")


def test_the_policy_stops_nothing_of_ours_and_keys_lead_where_they_say(browser, live_server, machine, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    said = complaints(page)
    for path in pages(machine).values():
        if path != "/nothing":
            page.goto(live_server.url + path)
    assert said == []
    open_first_incident(page, live_server.url)
    page.keyboard.press("/")
    page.keyboard.type("198.18.2.7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/registry/who?q=198.18.2.7")
    assert page.get_by_text("River Telecom").is_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    context.close()


def test_everything_works_without_scripts(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone", java_script_enabled=False)
    open_first_incident(page, live_server.url)
    page.get_by_role("button", name="Take it").click()
    page.wait_for_url("**/PK-*/")
    assert page.get_by_text("Written down, and in the ledger.").is_visible()
    page.locator("summary", has_text="Lead").first.click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_selector('html[data-theme="dark"]')
    page.get_by_role("button", name="اردو").click()
    page.wait_for_selector('html[dir="rtl"]')
    context.close()


def test_whoever_is_signed_in_and_opens_a_used_link_finds_the_sections_where_they_always_are(
    browser, live_server, lay_out_here
):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    page.goto(f"{live_server.url}/access/link/used-long-ago")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="This link lets nobody in").wait_for()
    rail, main = page.locator(".rail").bounding_box(), page.locator("main").bounding_box()
    assert rail["x"] + rail["width"] <= main["x"] + 1
    assert rail["y"] == main["y"]
    context.close()


def test_the_situation_stays_true_while_somebody_watches(browser, live_server, machine, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    page.clock.install()
    page.goto(live_server.url + "/")
    assert page.get_by_text("2 not yet taken").is_visible()
    reference = incidents.incidents(by=machine).rows[0].reference
    incidents.move(ref=reference, to="open", reason="", by=machine, at=clock.now())
    page.clock.fast_forward(61_000)
    page.get_by_text("1 not yet taken").wait_for()
    context.close()
