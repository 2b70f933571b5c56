"""Pages of assessments in a real browser: accessible in both languages, whole by keyboard alone and without scripts."""

import os

import pytest

from pehra.kernel import clock
from pehra.registry import api
from pehra.registry.api import Reply, Said
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]
HOME = "/registry/organisations/org-0001/controls/"


def assessed(country, *, closed: bool) -> str:
    """An assessment by the hospital's contact, handed in, and read by the national lead where that is wanted."""
    own, at = country.actor("hospital"), clock.now()
    made = api.open_assessment("org-0001", by=own, at=at)
    said = [
        Said(
            control=row.control,
            reply=Reply.NO if row.control == "remote-mfa" else Reply.YES,
            note="ہر جگہ" if number % 2 else "everywhere",
            reference="register 7",
        )
        for number, row in enumerate(api.assessment(made, by=own).answers)
    ]
    api.answer_controls(assessment_id=made, said=said, by=own, at=at)
    pdf = b"%PDF-1.7\ntrailer << /Root 1 0 R >>\n%%EOF"
    api.add_evidence(assessment_id=made, control="mfa-staff", name="list.pdf", content=pdf, by=own, at=at)
    api.submit_assessment(assessment_id=made, by=own, at=at)
    if closed:
        api.review_assessment(assessment_id=made, decision="agree", by=country.actor("lead"), at=at)
    return f"{HOME}{made}/"


def test_every_page_of_an_assessment(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    done, waits = assessed(country, closed=True), assessed(country, closed=False)
    pages = {
        "controls-overview": "/registry/controls/?view=all",
        "controls": HOME,
        "assessment": done,
        "assessment-review": f"{waits}review",
        "organisation-controls": "/registry/organisations/org-0001/",
        "law-controls": "/law/",
    }
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, path in pages.items():
            assert page.goto(live_server.url + path).ok, path
            wrong += _wrong(page, Axe(), f"{name}-{language}-{theme}-{size}", pictures)
        context.close()
    api.review_assessment(
        assessment_id=waits.split("/")[-2], decision="return", note="again", by=country.actor("lead"), at=clock.now()
    )
    context, page = signed_in(browser, live_server.url, country, size="phone", bypass_csp=True)
    page.goto(f"{live_server.url}{waits}answer/mfa")
    wrong += _wrong(page, Axe(), "assessment-form", pictures)
    context.close()
    assert not wrong, "\n".join(wrong)


def _wrong(page, axe, what: str, folder) -> list[str]:
    page.screenshot(path=str(folder / f"{what}.png"), full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = [f"{what}: {wide} pixels too wide"] if wide > 0 else []
    for violation in axe.run(page).response["violations"]:
        found.append(f"{what}: {violation['id']}: {violation['help']}: {violation['nodes'][0]['html'][:160]}")
    return found


def test_answered_by_keyboard_alone_and_without_scripts(browser, live_server, lay_out_here):
    country = lay_out_here()
    context, page = signed_in(browser, live_server.url, country, size="desktop", java_script_enabled=False)
    said = complaints(page)
    page.goto(live_server.url + HOME)
    page.get_by_role("button", name="Begin an assessment").press("Enter")
    page.wait_for_url("**/answer/mfa")
    # A choice with the arrow keys, words beside it, and Enter in a field saves and stays.
    first = page.locator("#c-mfa-internet")
    first.get_by_label("Yes").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("mail only")
    page.keyboard.press("Tab")
    page.keyboard.type("policy 4")
    page.keyboard.press("Enter")
    page.get_by_text("Saved.").wait_for()
    assert page.url.endswith("/answer/mfa")
    assert first.get_by_label("Partly").is_checked()
    assert first.get_by_role("textbox").first.input_value() == "mail only"
    # Leaving by a theme's button keeps what was typed.
    first.get_by_role("textbox").first.fill("mail, and the VPN since May")
    page.get_by_role("button", name="Remote access").press("Enter")
    page.wait_for_url("**/answer/remote-access")
    page.get_by_role("button", name="Second factors").press("Enter")
    page.wait_for_url("**/answer/mfa")
    assert first.get_by_role("textbox").first.input_value() == "mail, and the VPN since May"
    file = {"name": "list.txt", "mimeType": "text/plain", "buffer": b"who has a second factor"}
    first.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Save", exact=True).last.click()
    first.get_by_role("link", name="list.txt").wait_for()
    assert said == []
    context.close()
