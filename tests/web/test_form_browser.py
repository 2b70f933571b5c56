"""The form that everybody may fill in, in a real browser: a phone, no account, no script, no network, a slow line.

Two looks each run; with `PEHRA_PICTURES=FOLDER` all eight, and the pictures stay there for people to look at.
"""

import json
import os
import re
import time
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe

from pehra.access import api as access
from pehra.incidents import api as incidents
from pehra.intake.models import Report, Submission
from pehra.intake.views import open_forms
from pehra.kernel import clock
from pehra.law import api as law
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

WHAT = "صبح سے ہسپتال کے تین کمپیوٹر نہیں کھل رہے۔ اسکرین پر پیسے مانگنے کا پیغام ہے: hxxp://pay[.]example/id/77"
PHONE = {"width": SIZES["phone"][0], "height": SIZES["phone"][1]}
# What browsers call the slowest line: https://www.w3.org/TR/netinfo-api names 2g below 70 kbit/s and 1.4 s.
SLOW = {"offline": False, "latency": 1400, "downloadThroughput": 70_000 / 8, "uploadThroughput": 40_000 / 8}
SLOW_SECONDS_MAX = 12


@pytest.fixture
def site(live_server, machine, lay_out_here) -> str:
    """A node with its small country."""
    lay_out_here()
    return live_server.url


def clerk(browser, site: str, **options):  # noqa: F811 - the fixture
    """A clerk's phone, in Urdu as it was set up."""
    context = browser.new_context(viewport=PHONE, locale="ur-PK", has_touch=True, is_mobile=True, **options)
    return context, context.new_page()


def until(page, expression: str) -> None:
    """Wait for something in a page whose policy forbids the waiting that the driver would do inside it."""
    for _try in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def test_a_clerk_reports_in_urdu_on_a_phone_without_script_and_adds_to_it_from_another(browser, site, pictures):  # noqa: F811
    context, page = clerk(browser, site, java_script_enabled=False)
    page.goto(f"{site}/report/")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    page.get_by_label("فائلیں بند ہو گئیں اور پیسے مانگے جا رہے ہیں").check()
    page.get_by_text("مزید سوال، جتنا آپ کو معلوم ہو").click()
    page.get_by_label("کون سا ادارہ متاثر ہے؟").fill("ضلعی ہسپتال")
    page.get_by_label("کتنے لوگ سروس استعمال نہیں کر پا رہے یا اور طرح متاثر ہیں؟").fill("بہت")
    page.get_by_label("میں اپنی شناخت ظاہر نہیں کرنا چاہتا").check()
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    # One answer cannot be read: it is said, and nothing is lost.
    assert page.get_by_role("alert").is_visible()
    page.screenshot(path=str(pictures / "clerk-problem-ur.png"), full_page=True)
    assert page.get_by_label("کیا ہوا؟").input_value() == WHAT
    page.get_by_label("کتنے لوگ سروس استعمال نہیں کر پا رہے یا اور طرح متاثر ہیں؟").fill("۱۲۰")
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    assert page.get_by_role("heading", name="آپ کی اطلاع مل گئی").is_visible()
    page.screenshot(path=str(pictures / "clerk-receipt-ur.png"), full_page=True)
    report, submission = Report.objects.get(), Submission.objects.get()
    assert page.get_by_text(report.reference, exact=True).is_visible()
    assert page.get_by_text(submission.raw_sha256).is_visible()
    assert (report.language, report.anonymous, report.impact) == ("ur", True, {"users-affected": 120.0})
    assert report.lead_team
    link = page.locator(".link a").get_attribute("href")
    context.close()

    other, later = clerk(browser, site)
    later.goto(link)
    later.get_by_text("کوئی جواب، درستی یا فائل شامل کریں").click()
    later.get_by_label("اب تک کیا کیا گیا؟").fill("کمپیوٹر نیٹ ورک سے الگ کر دیے۔")
    later.locator("input[type=file]").set_input_files(
        {"name": "تصویر.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 64}
    )
    later.get_by_role("button", name="شامل کریں").click()
    later.wait_for_url("**#receipt")
    assert later.locator(".handed > li").count() == 2
    assert later.get_by_text("تصویر.png").is_visible()
    other.close()
    assert Report.objects.get().answers["done-so-far"].startswith("کمپیوٹر")


def test_what_is_typed_outlives_a_lost_line_and_leaves_the_device_with_the_receipt(browser, site):  # noqa: F811
    context, page = clerk(browser, site)
    page.goto(f"{site}/report/")
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    until(page, "localStorage.getItem('pehra-report') !== null")
    page.reload()
    assert page.get_by_label("کیا ہوا؟").input_value() == WHAT
    context.set_offline(True)
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    assert page.locator("[data-offline]").is_visible()
    assert not Report.objects.exists()
    context.set_offline(False)
    page.get_by_role("button", name="اطلاع بھیجیں").dblclick()
    page.wait_for_url("**/report/receipt/**")
    assert page.evaluate("localStorage.getItem('pehra-report')") is None
    assert (Report.objects.count(), Submission.objects.count()) == (1, 1)
    context.close()


def test_who_stays_unknown_leaves_nothing_on_the_device(browser, site):  # noqa: F811
    context, page = clerk(browser, site)
    page.goto(f"{site}/report/")
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    until(page, "localStorage.getItem('pehra-report') !== null")
    page.get_by_label("میں اپنی شناخت ظاہر نہیں کرنا چاہتا").check()
    until(page, "localStorage.getItem('pehra-report') === null")
    page.get_by_role("button", name="مسودہ محفوظ کریں").click()
    page.wait_for_url("**/report/draft/**")
    assert not [cookie for cookie in context.cookies() if cookie["name"] == "pehra_report"]
    context.close()


def test_a_draft_goes_on_from_another_device_by_its_link(browser, site):  # noqa: F811
    context, page = clerk(browser, site)
    page.goto(f"{site}/report/")
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    page.get_by_role("button", name="مسودہ محفوظ کریں").click()
    page.wait_for_url("**/report/draft/**")
    link = page.locator(".link a").get_attribute("href")
    page.goto(f"{site}/report/")
    assert "/draft/" in page.url, "the same device finds it by itself"
    context.close()
    other, later = clerk(browser, site)
    later.goto(link)
    assert later.get_by_label("کیا ہوا؟").input_value() == WHAT
    later.get_by_role("button", name="اطلاع بھیجیں").click()
    later.wait_for_url("**/report/receipt/**")
    other.close()


def fetched(page, site: str, folder: Path) -> Path:
    """The offline form, on this machine's disk."""
    page.goto(f"{site}/report/")
    with page.expect_download() as coming:
        page.get_by_role("link", name="فارم کو فائل کی صورت میں حاصل کریں").click()
    file = folder / "report.html"
    coming.value.save_as(file)
    return file


def test_the_form_as_a_file_is_filled_in_without_network_and_handed_in_later(browser, site, tmp_path, pictures):  # noqa: F811
    context, page = clerk(browser, site, accept_downloads=True)
    file = fetched(page, site, tmp_path)
    context.set_offline(True)
    page.goto(file.as_uri())
    page.get_by_role("button", name="فائل میں محفوظ کریں").click()
    assert page.get_by_label("کیا ہوا؟").evaluate("field => field.validationMessage"), "one answer is needed"
    page.get_by_label("کیا ہوا؟").fill(WHAT + '\n😀 "quoted" \\ back')
    page.get_by_label("فائلیں بند ہو گئیں اور پیسے مانگے جا رہے ہیں").check()
    page.get_by_label("نام", exact=True).fill("زید")
    with page.expect_download() as coming:
        page.get_by_role("button", name="فائل میں محفوظ کریں").click()
    saved = tmp_path / coming.value.suggested_filename
    coming.value.save_as(saved)
    page.screenshot(path=str(pictures / "offline-saved-ur.png"), full_page=True)
    outer = json.loads(saved.read_text(encoding="utf-8"))
    assert outer["sha256"] == sha256(outer["content"].encode()).hexdigest(), "its own SHA-256 is right"
    assert page.locator("[data-hash]").text_content() == outer["sha256"]
    # Opened again in a fresh page, and then with one letter changed.
    page.evaluate("localStorage.clear()")
    page.reload()
    page.locator("[data-open]").set_input_files(saved)
    until(page, "document.querySelector('textarea').value.includes('😀')")
    broken = tmp_path / "broken.json"
    broken.write_text(saved.read_text(encoding="utf-8").replace("زید", "زیڈ"), encoding="utf-8")
    page.locator("[data-open]").set_input_files(broken)
    page.locator("[data-unreadable]").wait_for(state="visible")
    # Carried to where there is network.
    context.set_offline(False)
    page.goto(f"{site}/report/file")
    page.locator("input[type=file]").set_input_files(broken)
    page.get_by_role("button", name="جانچیں اور جمع کرائیں").click()
    assert page.get_by_role("alert").is_visible()
    assert not Report.objects.exists()
    page.locator("input[type=file]").set_input_files(saved)
    page.get_by_role("button", name="جانچیں اور جمع کرائیں").click()
    page.wait_for_url("**/report/receipt/**")
    report, submission = Report.objects.get(), Submission.objects.get()
    assert (report.channel, report.reporter_name, report.taxonomy) == ("offline", "زید", "malicious-code")
    assert submission.raw_sha256 == sha256(saved.read_bytes()).hexdigest()
    context.close()


LENGTHS = (0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 1000, 70_000)


def test_the_files_own_hash_is_sha256_at_every_edge_of_its_blocks(browser, site, tmp_path):  # noqa: F811
    context, page = clerk(browser, site, accept_downloads=True)
    text = fetched(page, site, tmp_path).read_text(encoding="utf-8")
    script = re.search(r"const PRIMES.*?\n  };\n(?=\n  const typed)", text, re.DOTALL)
    assert script
    page.goto("about:blank")
    for length in LENGTHS:
        words = ("ک" * length)[: length // 2] + "a" * (length - length // 2 * 2)
        found = page.evaluate(f"(text) => {{ {script[0]} return sha256(text); }}", words)
        assert found == sha256(words.encode()).hexdigest(), length
    context.close()


def test_the_form_as_a_file_works_without_script(browser, site, tmp_path):  # noqa: F811
    context, page = clerk(browser, site, accept_downloads=True)
    file = fetched(page, site, tmp_path)
    context.close()
    plain, page = clerk(browser, site, java_script_enabled=False)
    page.goto(file.as_uri())
    assert page.get_by_text("اسکرپٹ کے بغیر").is_visible()
    assert not page.get_by_role("button", name="فائل میں محفوظ کریں").is_visible()
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    page.get_by_role("button", name="ابھی نیٹ ورک سے بھیجیں").click()
    page.wait_for_url(f"{site}/report/from-file")
    assert page.get_by_label("کیا ہوا؟").input_value() == WHAT
    assert not Report.objects.exists()
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    assert page.get_by_role("heading", name="آپ کی اطلاع مل گئی").is_visible()
    plain.close()


def test_on_the_slowest_line_the_form_opens_and_is_sent(browser, site):  # noqa: F811
    context, page = clerk(browser, site)
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    begin = time.monotonic()
    page.goto(f"{site}/report/", wait_until="load")
    opened = time.monotonic() - begin
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    begin = time.monotonic()
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    page.wait_for_url("**/report/receipt/**", wait_until="load")
    sent = time.monotonic() - begin
    print(f"opened in {opened:.1f} s, sent in {sent:.1f} s")
    assert opened < SLOW_SECONDS_MAX
    assert sent < SLOW_SECONDS_MAX
    context.close()


def shown(page, site: str, look: str, folder: Path, **where: str) -> list[str]:
    """Look at some pages, and return what is wrong with them."""
    wrong = []
    for name, address in where.items():
        page.goto(address if "://" in address else site + address)
        page.locator("details").evaluate_all("parts => parts.forEach(part => { part.open = true; })")
        page.screenshot(path=str(folder / f"report-{name}-{look}.png"), full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wrong += [f"{name}-{look}: {wide} pixels too wide"] if wide > 0 else []
        for violation in Axe().run(page).response["violations"]:
            wrong.append(f"{name}-{look}: {violation['id']}: {violation['nodes'][0]['html'][:160]}")
    return wrong


def test_every_open_page_in_two_languages_themes_and_sizes(browser, site, tmp_path, pictures, monkeypatch):  # noqa: F811
    monkeypatch.setattr(open_forms, "REPORTS_A_MINUTE", 100)
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        width, height = SIZES[size]
        scheme = {"color_scheme": theme, "bypass_csp": True}
        context = browser.new_context(viewport={"width": width, "height": height}, **scheme)
        choose(context, site, language, theme)
        page = context.new_page()
        page.goto(f"{site}/report/")
        page.locator("textarea").first.fill(WHAT)
        page.locator("button[value=keep]").click()
        page.wait_for_url("**/draft/**")
        draft = page.url
        page.locator("details").evaluate_all("parts => parts.forEach(part => { part.open = true; })")
        page.locator("[name=q-people]").fill("many")
        page.locator("button[value=hand-in]").click()
        page.locator(".problem").wait_for()
        page.screenshot(path=str(pictures / f"report-problem-{language}-{theme}-{size}.png"), full_page=True)
        page.locator("[name=q-people]").fill("20")
        page.locator("button[value=hand-in]").click()
        page.wait_for_url("**/receipt/**")
        receipt = page.url
        with page.expect_download() as coming:
            page.evaluate("location.href = '/report/offline.html'")
        file = tmp_path / f"{language}-{theme}-{size}.html"
        coming.value.save_as(file)
        look = f"{language}-{theme}-{size}"
        page.evaluate("localStorage.clear()")
        pages = {"form": "/report/", "receipt": receipt, "file": "/report/file", "offline": file.as_uri()}
        wrong += shown(page, site, look, pictures, **pages)
        context.close()
        assert draft
    assert not wrong, "\n".join(wrong)


def test_no_open_page_breaks_its_own_policy(browser, site):  # noqa: F811
    context, page = clerk(browser, site)
    heard = complaints(page)
    for address in ("/report/", "/report/file"):
        page.goto(site + address)
    page.goto(f"{site}/report/")
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    page.get_by_role("button", name="اطلاع بھیجیں").click()
    page.wait_for_url("**/report/receipt/**")
    assert heard == []
    context.close()


# -- an operator's report over three days


def operator(browser, site: str, country, at: datetime, size: str = "phone", language: str = "ur"):  # noqa: F811
    """The contact of a critical operator, signed in anew as on every morning."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    choose(context, site, language, "light")
    page = context.new_page()
    page.goto(f"{site}/access/link/{access.issue_link(person_id=country.people['hospital'], by=country.by, at=at)}")
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url(f"{site}/")
    return context, page


def ward_down(at: datetime, machine) -> str:
    """An incident of the operator, of which it has known for two hours."""
    return incidents.open_incident(
        title="Ward network down",
        organisations=["org-0001"],
        facts=law.IncidentFacts(taxonomy="malicious-code", severity="high"),
        moments={"awareness": at - timedelta(hours=2)},
        marking=law.sharing(law.load("pk"), entity=law.EntityFacts(), on=at.date()),
        by=machine,
        at=at,
    ).reference


def monday(page, site: str, incident: str) -> str:
    """A few words, saved; nobody outside reads them. Return where they are."""
    page.goto(f"{site}/intake/own/?incident={incident}")
    page.get_by_role("button", name="اطلاع شروع کریں").click()
    page.wait_for_url("**/intake/own/*-*/")
    page.get_by_label("کیا ہوا؟").fill(WHAT)
    page.get_by_role("button", name="محفوظ کریں", exact=True).last.click()
    page.get_by_text("جمع کرانے تک اسے صرف آپ کا ادارہ پڑھتا ہے").wait_for()
    assert not Report.objects.exists()
    return page.url


def tuesday(page, address: str, aware: datetime, picture: Path) -> None:
    """The notification is made whole and handed in as one."""
    page.goto(address)
    assert page.get_by_label("کیا ہوا؟").input_value() == WHAT
    page.get_by_label("فائلیں بند ہو گئیں اور پیسے مانگے جا رہے ہیں").check()
    local = aware.astimezone(ZoneInfo("Asia/Karachi")).strftime("%Y-%m-%dT%H:%M")
    page.locator("[name=q-noticed]").fill(local)
    page.locator("[name=q-aware]").fill(local)
    page.locator("[name=q-still-going][value=yes]").check()
    page.locator("[name=q-cross-border][value=no]").check()
    page.locator("[name=q-systems]").fill("وارڈ کا نیٹ ورک")
    page.locator("[name=q-contact]").fill("آئی ٹی، +92 000")
    page.get_by_role("button", name="محفوظ کریں", exact=True).last.click()
    page.locator("input[name=stage][value='pisf-cii-report/notification']").check()
    page.screenshot(path=str(picture), full_page=True)
    page.get_by_role("button", name="جو جواب دیے گئے وہ جمع کرائیں").click()
    page.wait_for_url("**#handed-in")
    assert page.get_by_text(Report.objects.get().reference).first.is_visible()


def wednesday(page, address: str, picture: Path) -> None:
    """At a desk, in English: more is known, and a file goes with it."""
    page.goto(address)
    page.locator("[name=q-people]").fill("1,200")
    page.locator("[name=q-done-so-far]").fill("Cut off, restored from copies.")
    page.locator("input[type=file]").set_input_files(
        {"name": "log.txt", "mimeType": "text/plain", "buffer": b"198.18.1.7 connected"}
    )
    page.get_by_role("button", name="Hand in what was added").click()
    page.wait_for_url("**#handed-in")
    page.screenshot(path=str(picture), full_page=True)


def test_an_operator_completes_a_report_over_three_days(
    browser,  # noqa: F811
    live_server,
    lay_out_here,
    machine,
    monkeypatch,
    pictures,  # noqa: F811
):
    country, site = lay_out_here(), live_server.url
    days = [clock.now() + timedelta(days=number) for number in range(3)]
    incident = ward_down(days[0], machine)
    context, page = operator(browser, site, country, days[0])
    address = monday(page, site, incident)
    context.close()

    monkeypatch.setattr(clock, "now", lambda: days[1])
    context, page = operator(browser, site, country, days[1])
    tuesday(page, address, days[0] - timedelta(hours=2), pictures / "operator-day-two-ur.png")
    context.close()
    met = {row.stage: row for row in incidents.incident(incident, by=machine).incident.clocks}
    assert (met["notification"].state.value, met["notification"].ended_at) == ("met", days[1])

    monkeypatch.setattr(clock, "now", lambda: days[2])
    context, page = operator(browser, site, country, days[2], size="desktop", language="en")
    wednesday(page, address, pictures / "operator-day-three-en.png")
    rows = list(Submission.objects.order_by("number"))
    assert [row.received_at for row in rows] == days[1:]
    assert all(page.get_by_text(row.raw_sha256).is_visible() for row in rows)
    assert Report.objects.get().impact == {"users-affected": 1200.0}
    page.goto(f"{site}/intake/own/")
    assert page.get_by_text(Report.objects.get().reference).is_visible()
    context.close()


def test_two_colleagues_at_one_report_lose_nothing(browser, live_server, lay_out_here):  # noqa: F811
    country, site = lay_out_here(), live_server.url
    one, first = operator(browser, site, country, clock.now(), size="desktop", language="en")
    first.goto(f"{site}/intake/own/")
    first.get_by_role("button", name="Begin a report").click()
    first.wait_for_url("**/intake/own/*-*/")
    two, second = operator(browser, site, country, clock.now(), size="desktop", language="en")
    second.goto(first.url)
    second.get_by_label("What happened?").fill("Theirs")
    second.get_by_role("button", name="Save", exact=True).last.click()
    second.get_by_text("Saved. Only your organisation").wait_for()
    first.get_by_label("What happened?").fill("Mine")
    first.get_by_role("button", name="Save", exact=True).last.click()
    first.get_by_text("Meanwhile this was saved by").wait_for()
    assert first.get_by_label("What happened?").input_value() == "Mine"
    assert first.get_by_text("Theirs", exact=True).is_visible()
    first.get_by_role("button", name="Save", exact=True).last.click()
    first.get_by_text("Saved. Only your organisation").wait_for()
    second.reload()
    assert second.get_by_label("What happened?").input_value() == "Mine"
    one.close()
    two.close()


def test_the_organisations_pages_in_two_languages_themes_and_sizes(browser, live_server, lay_out_here, pictures):  # noqa: F811
    country, site = lay_out_here(), live_server.url
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
        page = context.new_page()
        token = access.issue_link(person_id=country.people["hospital"], by=country.by, at=clock.now())
        page.goto(f"{site}/access/link/{token}")
        page.get_by_role("main").get_by_role("button").click()
        page.wait_for_url(f"{site}/")
        choose(context, site, language, theme)
        page.goto(f"{site}/intake/own/")
        page.locator("form.next button").click()
        page.wait_for_url("**/intake/own/*-*/")
        page.locator("[name=q-what-happened]").fill(WHAT)
        page.locator("[name=q-people]").fill("many")
        page.locator("button[value=hand-in]").click()
        page.locator(".problem").wait_for()
        address = page.url
        page.screenshot(path=str(pictures / f"own-problem-{language}-{theme}-{size}.png"), full_page=True)
        page.locator("[name=q-people]").fill("40")
        page.locator("button[value=hand-in]").click()
        page.wait_for_url("**#handed-in")
        pages = {"own-list": "/intake/own/", "own-report": address}
        wrong += shown(page, site, f"{language}-{theme}-{size}", pictures, **pages)
        context.close()
    assert not wrong, "\n".join(wrong)
