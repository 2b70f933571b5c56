"""The end of evidence in a real browser: every state of it accessible in both languages, and two people who end it."""

import os

import pytest

from pehra.incidents import api
from pehra.incidents.models import Incident
from pehra.kernel import clock
from pehra.vault import api as vault
from tests.web.test_control_browser import _wrong
from tests.web.test_evidence_browser import LOG, at_the_hospital
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]
ASKED = {"reason": "the case is over, nobody has asked for it in a year", "order": "High Court, order 12 of 2026"}


def taken(country, *names: str) -> str:
    """The hospital's incident, ended, with some files that came long ago."""
    reference = at_the_hospital(country)
    for number, name in enumerate(names):
        said = {"name": name, "content": LOG + bytes([48 + number]), "source": "the hospital's SOC"}
        piece = api.add_evidence(ref=reference, by=country.by, at=clock.now(), **said)
        os.utime(vault.path_of(piece.sha256), (1, 1))
    Incident.objects.filter(reference=reference).update(state="closed", ended_at=clock.now())
    return reference


def test_every_state_of_a_piece(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    reference = taken(country, "kept.log", "held.log", "asked.log", "destroyed.log")
    said = {"ref": reference, "by": country.actor("national"), "at": clock.now()}
    api.hold_evidence(number=2, reason="FIA inquiry 7, until its end", **said)
    api.hold_evidence(number=2, reason="دیوانی عدالت کا حکم ۳", **said)
    for number in (3, 4):
        api.ask_for_disposal(number=number, **ASKED, **said)
    agreed = said | {"by": country.actor("lead")}
    api.confirm_disposal(number=4, reason="so I see it", **agreed)
    shown = {"list": "", "kept": "/1/", "held": "/2/", "asked": "/3/", "destroyed": "/4/"}
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, rest in shown.items():
            assert page.goto(f"{live_server.url}/incidents/{reference}/evidence{rest}").ok
            wrong += _wrong(page, Axe(), f"end-{name}-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)


def test_one_asks_another_agrees_and_the_file_is_gone(browser, live_server, lay_out_here, pictures):
    country = lay_out_here()
    reference = taken(country, "auth.log")
    address = f"{live_server.url}/incidents/{reference}/evidence/1/"
    context, page = signed_in(browser, live_server.url, country, size="phone", who="national")
    said = complaints(page)
    page.goto(address)
    page.get_by_label("Why it is destroyed").fill(ASKED["reason"])
    page.get_by_label("On whose order, before its day").fill(ASKED["order"])
    page.get_by_role("button", name="Ask that it be destroyed").click()
    page.get_by_role("button", name="Take the question back").wait_for()
    context.close()
    context, page = signed_in(browser, live_server.url, country, size="desktop")
    page.goto(address)
    page.get_by_label("Why you agree").fill("so I see it")
    page.get_by_label("I know that nothing brings it back").check()
    page.get_by_role("button", name="Destroy it", exact=True).click()
    page.get_by_text("Destroyed. Its name, its hash, its stamps and its log stay.").wait_for()
    page.goto(address)
    page.get_by_text("Destroyed, by two people").wait_for()
    piece = api.one_evidence(reference, 1, by=country.by)
    assert piece.erased_at
    assert not vault.lies(piece.sha256)
    answer = page.request.get(f"{address.removesuffix('/1/')}/1/custody.json")
    assert answer.json()["destroyed_at"]
    page.screenshot(path=str(pictures / "end-after.png"), full_page=True)
    assert said == []
    context.close()
