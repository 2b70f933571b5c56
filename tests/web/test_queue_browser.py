"""Queues in a real browser: by keyboard alone, a look before an act on many and a way back; saved views; drafts."""

import os

import pytest

from pehra.findings import api as findings
from pehra.intake import api as intake
from pehra.kernel import clock
from pehra.kernel.actors import system
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def states(machine) -> dict[str, str]:
    rows = findings.findings(by=machine, filters=findings.Filters(), limit=100)
    return {str(row.id): row.state.value for row in rows}


def test_many_findings_by_keyboard_and_back_again(browser, live_server, lay_out_here, machine):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    said = complaints(page)
    before = states(machine)
    page.goto(f"{live_server.url}/findings/?state=all")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-chosen]").inner_text() == "2"
    page.keyboard.press("e")
    page.wait_for_url("**/findings/many")
    assert page.get_by_text("2 findings will change").is_visible()
    assert states(machine) == before
    page.get_by_label("Reason").fill("mended on the patch day")
    page.keyboard.press("Enter")
    page.wait_for_url("**/findings/many/*/")
    after = states(machine)
    assert sorted(state for key, state in after.items() if before[key] != state) == ["fixed", "fixed"]
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("Taken back: 2 as before").wait_for()
    assert states(machine) == before
    assert said == []
    context.close()


def test_all_that_a_filter_finds_without_scripts(browser, live_server, lay_out_here, machine):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone", java_script_enabled=False)
    page.goto(f"{live_server.url}/findings/?organisation=org-0001")
    page.get_by_label("All that the filter finds").check()
    page.get_by_role("button", name="It is fixed…", exact=True).click()
    page.get_by_label("Reason").fill("all of it")
    page.get_by_role("button", name="It is fixed").click()
    page.get_by_role("button", name="Take it back").wait_for()
    rows = findings.findings(by=machine, filters=findings.Filters(organisation="org-0001"), limit=100)
    assert {row.state.value for row in rows} == {"fixed"}
    context.close()


def test_a_view_is_saved_and_leads_back(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="phone")
    page.goto(f"{live_server.url}/incidents/?state=new&severity=critical")
    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name").fill("رات کی نگرانی")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("is saved").wait_for()
    page.goto(f"{live_server.url}/incidents/")
    page.get_by_role("link", name="رات کی نگرانی").click()
    page.wait_for_url("**severity=critical*")
    page.get_by_role("button", name="Remove this view").click()
    page.get_by_text("The view is removed.").wait_for()
    assert page.get_by_role("link", name="رات کی نگرانی").count() == 0
    context.close()


def test_a_queue_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        page.goto(f"{live_server.url}/findings/?state=all")
        page.keyboard.press("j")
        page.keyboard.press("x")
        wrong += wrong_in(page, Axe(), f"queue-{language}-{theme}-{size}", pictures)
        page.keyboard.press("e")
        page.wait_for_url("**/findings/many")
        wrong += wrong_in(page, Axe(), f"queue-many-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)


SAID = (
    (
        "Ransom note on the ward's screens",
        "en",
        "Seen since 06:20. 198.18.1.7 talks to hxxp://evil[.]example/x and login.deeds.example",
    ),
    (
        "ہسپتال کے کمپیوٹر بند ہیں",
        "ur",
        "صبح سے 198.18.1.7 پر فائلیں نہیں کھلتیں، پتہ login[.]deeds[.]example بھی نظر آیا۔",
    ),
    ("", "en", "198.18.1.7 again"),
)


def reported() -> list[str]:
    """Three reports, two of them about one address."""
    return [
        intake.receive(
            channel=intake.Channel.FORM,
            raw=description.encode(),
            media_type="application/json",
            said=intake.Said(title=title, description=description, sector="health", is_complete=bool(title)),
            files=[intake.Handed(name="note.txt", content=b"pay", media_type="text/plain")] if title else (),
            reporter=intake.Reporter(anonymous=True) if language == "ur" else intake.Reporter(name="A. Clerk"),
            language=language,
            by=system("intake"),
            at=clock.now(),
        ).reference
        for title, language, description in SAID
    ]


def test_the_inbox_in_every_look(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    references = reported()
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, path in {"inbox": "/intake/", "report": f"/intake/reports/{references[1]}/"}.items():
            assert page.goto(live_server.url + path).ok, path
            wrong += wrong_in(page, Axe(), f"{name}-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)


def test_a_report_is_taken_and_another_dismissed_by_keyboard_alone(browser, live_server, lay_out_here):
    country = lay_out_here()
    references = reported()
    context, page = signed_in(browser, live_server.url, country, size="desktop")
    said = complaints(page)
    page.goto(f"{live_server.url}/intake/")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_url("**/intake/acts/*/")
    page.goto(f"{live_server.url}/intake/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_url("**/intake/preview")
    page.get_by_label("Reason").fill("a false alarm")
    page.keyboard.press("Enter")
    page.wait_for_url("**/intake/acts/*/")
    machine = system("test")
    states = [intake.report(reference, by=machine).report for reference in references]
    assert [row.state.value for row in states] == ["received", "dismissed", "received"]
    assert states[2].assignee == str(country.people["lead"])
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("Taken back: 1 as before").wait_for()
    assert intake.report(references[1], by=machine).report.state.value == "received"
    assert said == []
    context.close()


def test_what_is_typed_outlives_a_lost_line(browser, live_server, lay_out_here):
    country = lay_out_here()
    (reference, *_others) = reported()
    context, page = signed_in(browser, live_server.url, country, size="phone")
    address = f"{live_server.url}/intake/reports/{reference}/"
    page.goto(f"{address}#dismiss")
    words = "ابھی واضح نہیں، 198.18.1.7 کی جانچ جاری ہے"
    page.locator("#dismiss [name=reason]").fill(words)
    context.set_offline(True)
    page.locator("#dismiss button").click()
    context.set_offline(False)
    page.goto(f"{address}#dismiss")
    assert page.locator("#dismiss [name=reason]").input_value() == words
    page.goto(f"{address}#hand-over")
    page.locator("#hand-over [name=reason]").fill("theirs, perhaps")
    page.goto(f"{address}#dismiss")
    page.locator("#dismiss button").click()
    page.get_by_text("Written down, and in the ledger.").wait_for()
    page.goto(f"{address}#reopen")
    assert page.locator("#reopen [name=reason]").input_value() == ""
    page.locator("#reopen [name=reason]").fill("it was one after all")
    page.locator("#reopen button").click()
    page.get_by_text("Written down, and in the ledger.").wait_for()
    # Taken words are gone; what stands half written beside them is not.
    page.goto(f"{address}#dismiss")
    assert page.locator("#dismiss [name=reason]").input_value() == ""
    assert page.locator("#hand-over [name=reason]").input_value() == "theirs, perhaps"
    context.close()


def test_a_letter_that_was_sent_is_not_on_the_next_sheet(browser, live_server, lay_out_here):
    context, page = signed_in(browser, live_server.url, lay_out_here(), size="desktop")
    page.goto(f"{live_server.url}/threads/write")
    for name, value in {"email": "desk@elsewhere.example", "subject": "Your mail server", "body": "It relays."}.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main [name=tlp]").select_option("TLP:CLEAR")
    page.locator("main form[data-draft] button").last.click()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Sent. Whether it arrived").wait_for()
    page.goto(f"{live_server.url}/threads/write")
    for name in ("email", "subject", "body"):
        assert page.locator(f"main [name={name}]").input_value() == ""
    context.close()
