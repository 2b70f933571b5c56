"""A notice is answered from its mail, in a real browser, by somebody who has no account and never will."""

import os
import re
from email import message_from_bytes
from pathlib import Path

import pytest

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel import clock
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.threads import api as threads
from tests.threads.conftest import token_of
from tests.web.test_web_browser import (  # noqa: F401 - fixtures
    LOOKS,
    LOOKS_EACH_RUN,
    SIZES,
    browser,
    choose,
    complaints,
    pictures,
    signed_in,
)

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def mailed_link(folder: Path, organisation_address: str) -> str:
    """The link as the receiver finds it in the mail that was handed over."""
    for path in sorted(folder.rglob("new/*")):
        mail = message_from_bytes(path.read_bytes())
        if organisation_address not in str(mail["To"]) or "PKN-" not in str(mail["Subject"]):
            continue
        part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
        text = part.get_payload(decode=True).decode()
        found = re.search(r"http://\S+/answer/[A-Za-z0-9_-]+", text)
        assert found, text
        return found[0]
    raise AssertionError(f"no notice to {organisation_address} in {folder}")


@pytest.fixture
def link(lay_out_here, live_server, settings, data_folder) -> str:
    settings.PEHRA_URL = live_server.url
    lay_out_here()
    return mailed_link(data_folder / "maildir", "security@river.example")


def test_a_notice_is_answered_by_its_link_without_an_account(browser, link, machine):  # noqa: F811
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    said = complaints(page)
    page.goto(link)
    page.get_by_label("Acknowledged").check()
    page.get_by_label("In your own words").fill("The night shift looks at it")
    page.get_by_role("button", name="Send the answer").click()
    assert page.get_by_text("Your answer has arrived").is_visible()
    assert page.get_by_text("The night shift looks at it").is_visible()
    # An hour later, by the same link: it is fixed.
    page.goto(link)
    page.get_by_label("It is fixed").check()
    page.get_by_role("button", name="Send the correction").click()
    assert page.get_by_text("Earlier answers").is_visible()
    assert said == []
    context.close()

    (thread,), _more = threads.threads(by=machine, organisation="org-0002")
    assert (thread.turn, thread.about[:4]) == (threads.Turn.US, "PKN-")
    rows = findings.findings(by=machine, filters=findings.Filters(organisation="org-0002", state=findings.State.FIXED))
    assert rows
    events = [entry.event for entry in ledger.history(subject=f"notice:{thread.about}", by=machine)]
    assert events == ["findings.notified", "threads.answered", "threads.answered"]
    (line,) = [line for line in threads.look_up(ticket=thread.about, by=machine).deliveries if line.answer]
    assert line.answer.choice is threads.Choice.FIXED
    assert line.message.proof is not None


def test_the_page_in_its_looks(browser, link, pictures):  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    wrong = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
        choose(context, link.split("/answer/")[0], language, theme)
        page = context.new_page()
        for name, address in {"answer": link, "answer-unknown": link[:-1] + "~"}.items():
            page.goto(address)
            what = f"{name}-{language}-{theme}-{size}"
            page.screenshot(path=str(pictures / f"{what}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{what}: {wide} pixels too wide"] if wide > 0 else []
            wrong += [
                f"{what}: {found['id']}: {found['nodes'][0]['html'][:160]}"
                for found in Axe().run(page).response["violations"]
            ]
        context.close()
    assert wrong == []


def test_the_teams_pages_in_their_looks(browser, live_server, lay_out_here, pictures, machine):  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    now = clock.now()
    threads.follow_letters(by=machine, at=now)
    (notice,) = [row for row in outbox.messages(by=machine, organisation="org-0002") if row.kind == "findings.notice"]
    threads.answer(token=token_of(notice.id), choice="need-help", note="Which log shows it?", seen=0, at=now)
    threads.take_reply(
        message_ids=[notice.message_id],
        sender="Sana <sana@elsewhere.example>",
        subject="Re",
        text="We took both hosts off the network.",
        raw_sha256="a" * 64,
        files=[threads.ReplyFile(name="auth.log", media_type="text/plain", size=10, sha256="b" * 64)],
        signed="",
        by=machine,
        at=now,
    )
    (thread,), _more = threads.threads(by=machine, organisation="org-0002", search="PKN")
    incident = incidents.incidents(by=machine).rows[-1].reference
    wanted = {
        "threads": "/threads/",
        "thread": f"/threads/{thread.reference}/",
        "delivered": "/threads/delivered/",
        "ticket": f"/threads/ticket?q={thread.about}",
        "write": f"/threads/write?organisation=org-0002&about={incident}",
        "incident-letters": f"/threads/incident/{incident}/",
    }
    wrong = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, path in wanted.items():
            page.goto(live_server.url + path)
            if name == "write":
                page.locator("select[name=template]").select_option("ask-for-details")
                if page.locator("select[name=team]").count():
                    page.locator("select[name=team]").select_option(index=1)
                page.locator("form[data-draft] button").click()
            what = f"{name}-{language}-{theme}-{size}"
            page.screenshot(path=str(pictures / f"{what}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wrong += [f"{what}: {wide} pixels too wide"] if wide > 0 else []
            found = Axe().run(page).response["violations"]
            wrong += [f"{what}: {violation['id']}: {violation['nodes'][0]['html'][:160]}" for violation in found]
        context.close()
    assert wrong == []
