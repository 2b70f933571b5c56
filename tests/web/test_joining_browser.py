"""Two incidents made one in a real browser, parted two days later by somebody else's eyes, and nothing is lost."""

import os
from datetime import timedelta

import pytest

from pehra.incidents import api as incidents
from pehra.incidents.models import Clock, Incident, IncidentObservable
from pehra.kernel import clock
from pehra.law import api as law
from tests.web.test_control_browser import _wrong as wrong_in
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


def opened(title: str, organisation: str, *, by, hours: int = 1) -> str:
    """An incident by hand, of which the organisation learned some hours ago."""
    at = clock.now()
    profile = law.load("pk")
    view = incidents.open_incident(
        title=title,
        organisations=[organisation],
        facts=law.IncidentFacts(taxonomy="malicious-code", type="infected-system"),
        moments={"awareness": at - timedelta(hours=hours)},
        marking=law.sharing(profile, entity=law.EntityFacts(), on=at.date()),
        by=by,
        at=at,
    )
    return view.reference


def rows(reference: str) -> dict[str, object]:
    """What the tables hold of an incident itself, its observables and its clocks."""
    incident = Incident.objects.get(reference=reference)
    clocks = Clock.objects.filter(incident=incident).order_by("id")
    return {
        "incident": Incident.objects.filter(id=incident.id).values().get(),
        "observables": list(IncidentObservable.objects.filter(incident=incident).order_by("id").values()),
        "clocks": list(clocks.values()),
    }


def test_a_merge_is_undone_two_days_later_with_nothing_lost(browser, live_server, lay_out_here, machine, monkeypatch):
    country = lay_out_here()
    whole, part = (
        opened("Ransom note", "org-0003", by=machine),
        opened("Locked files", "org-0001", by=machine, hours=30),
    )
    incidents.add_observables(ref=part, text="hxxp://evil[.]example/x", by=machine, at=clock.now())
    before = rows(part)
    context, page = signed_in(browser, live_server.url, country, size="desktop")
    said = complaints(page)

    page.goto(f"{live_server.url}/incidents/{part}/joined")
    form = page.locator("#merge")
    form.get_by_label("Make it part of").fill(part)
    form.get_by_label("Why they are one").fill("the same note")
    form.get_by_role("button", name="Merge").click()
    page.get_by_text("an incident cannot be merged into itself").wait_for()
    assert form.get_by_label("Why they are one").input_value() == "the same note"
    form.get_by_label("Make it part of").fill(whole)
    form.get_by_role("button", name="Merge").click()
    page.get_by_text("Written down, and in the ledger.").wait_for()
    assert page.get_by_text("rests until the merge is undone").is_visible()
    page.goto(f"{live_server.url}/incidents/")
    assert page.get_by_role("link", name="Ransom note").count() == 1
    assert page.get_by_role("link", name="Locked files").count() == 0

    page.goto(f"{live_server.url}/incidents/{whole}/observables")
    assert page.get_by_text("hxxp[://]evil[.]example/x").is_visible()
    add = page.locator("#add")
    add.get_by_label("Values or a whole text").fill("then 198[.]51[.]100[.]9 called back")
    add.get_by_role("button", name="Take from it").click()
    page.get_by_text("198[.]51[.]100[.]9").first.wait_for()
    assert [line for line in said if "422" not in line] == []
    context.close()

    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    while incidents.advance_clocks(at=later):
        pass
    context, page = signed_in(browser, live_server.url, country, size="phone")
    page.goto(f"{live_server.url}/incidents/{whole}/joined")
    undo = page.locator("#unmerge")
    undo.get_by_label("Why they are two").fill("another gang")
    undo.get_by_role("button", name="Undo the merge").click()
    page.get_by_text("another gang").wait_for()
    assert rows(part) == before
    page.goto(f"{live_server.url}/incidents/{part}/observables")
    assert page.get_by_text("hxxp[://]evil[.]example/x").is_visible()
    assert page.get_by_text("198[.]51[.]100[.]9").count() == 0
    page.goto(f"{live_server.url}/incidents/{whole}/observables")
    assert page.get_by_text("198[.]51[.]100[.]9").first.is_visible()
    assert page.get_by_text("evil[.]example").count() == 0
    context.close()
    while incidents.advance_clocks(at=later):
        pass
    assert "overdue" in set(Clock.objects.filter(incident__reference=part).values_list("state", flat=True))


def test_the_pages_in_every_look(browser, live_server, lay_out_here, machine, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    at = clock.now()
    whole, part = opened("Ransom note", "org-0001", by=machine), opened("Locked files", "org-0003", by=machine)
    third = opened("A drill", "org-0001", by=machine)
    incidents.add_observables(ref=whole, text="hxxp://evil[.]example/x 198.51.100.9", by=machine, at=at)
    incidents.add_observables(ref=third, text="198.51.100.9", by=machine, at=at)
    seen = incidents.observables(ref=whole, by=machine, at=at)[0]
    incidents.judge_observable(
        ref=whole, observable_id=seen.id, verdict="malicious", note="seen before", by=machine, at=at
    )
    incidents.add_asset(ref=whole, organisation="org-0001", name="billing-db-1", note="", by=machine, at=at)
    incidents.state_impact(
        ref=whole, services=["Billing"], regions=["punjab"], countries=["ae"], reason="seen", by=machine, at=at
    )
    incidents.supply_moment(
        ref=whole, organisation="org-0001", name="awareness", moment=at - timedelta(hours=5), by=machine, at=at
    )
    incidents.link(ref=whole, other=third, kind="related", note="same tool", by=machine, at=at)
    incidents.merge(ref=part, into=whole, reason="the same note", by=machine, at=at)
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name in ("observables", "assessment", "joined"):
            page.goto(f"{live_server.url}/incidents/{whole}/{name}")
            what = f"{name}-{language}-{theme}-{size}"
            wrong += wrong_in(page, Axe(), what, pictures)
        context.close()
    assert wrong == []
