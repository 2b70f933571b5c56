"""Evidence and keys of contacts in a real browser: accessible in both languages; a file taken out by its password."""

import os

import pysequoia
import pytest
import pyzipper

from pehra.incidents import api
from pehra.kernel import clock
from pehra.registry import api as registry
from tests.web.test_control_browser import _wrong
from tests.web.test_web_browser import LOOKS, LOOKS_EACH_RUN, browser, choose, complaints, pictures, signed_in

__all__ = ["browser", "pictures"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]
LOG = b"Nov 20 03:11:02 host sshd[1]: Accepted password for root from 192.0.2.7\n"


def at_the_hospital(country) -> str:
    """The reference of the incident that the feeds opened at the hospital."""
    rows = api.incidents(by=country.by).rows
    return next(row.reference for row in rows if row.organisation == "org-0001")


def filled(country) -> str:
    """The hospital's incident with two files, and a key of its desk."""
    reference, at = at_the_hospital(country), clock.now()
    said = {"ref": reference, "by": country.actor("national"), "at": at}
    api.add_evidence(name="auth.log", content=LOG, source="the hospital's SOC", about="sign-ins of the night", **said)
    program = b"MZ\x90\x00" + bytes(3_000)
    api.add_evidence(name="رسید.exe", content=program, source="ہسپتال کا شعبۂ آئی ٹی", about="منسلکہ فائل", **said)
    api.hand_over_evidence(number=2, to="Forensic laboratory", reason="carrier 7, sealed bag 12", **said)
    api.check_evidence(number=2, **said)
    key = pysequoia.Tsk.generate("Meadow <security@meadow.example>").extract_certificate()
    registry.set_contact_key(holder="org-0001", email="security@meadow.example", key=str(key), by=country.by, at=at)
    return reference


def test_every_page_of_evidence(browser, live_server, lay_out_here, pictures):
    from axe_playwright_python.sync_playwright import Axe

    country = lay_out_here()
    reference = filled(country)
    shown = {
        "evidence": f"/incidents/{reference}/evidence",
        "evidence-one": f"/incidents/{reference}/evidence/2/",
        "keys": "/registry/keys/org-0001/",
    }
    wrong: list[str] = []
    for size, language, theme in LOOKS if "PEHRA_PICTURES" in os.environ else LOOKS_EACH_RUN:
        context, page = signed_in(browser, live_server.url, country, size=size, bypass_csp=True)
        choose(context, live_server.url, language, theme)
        for name, path in shown.items():
            assert page.goto(live_server.url + path).ok, path
            wrong += _wrong(page, Axe(), f"{name}-{language}-{theme}-{size}", pictures)
        context.close()
    assert not wrong, "\n".join(wrong)


def test_a_file_goes_in_and_comes_out_sealed(browser, live_server, lay_out_here, tmp_path, pictures):
    country = lay_out_here()
    reference = at_the_hospital(country)
    file = tmp_path / "auth.log"
    file.write_bytes(LOG)
    context, page = signed_in(browser, live_server.url, country, size="phone", accept_downloads=True)
    said = complaints(page)
    page.goto(f"{live_server.url}/incidents/{reference}/evidence")
    page.get_by_label("File, at most").set_input_files(file)
    page.get_by_label("From whom or from where").fill("the hospital's SOC")
    page.get_by_role("button", name="Take in").click()
    page.get_by_role("link", name="E1 auth.log").click()
    page.get_by_label("What it is needed for").fill("the way in")
    page.get_by_role("button", name="Encrypted zip").click()
    password = page.get_by_role("textbox", name="The password of the zip").input_value()
    page.screenshot(path=str(pictures / "evidence-out.png"), full_page=True)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Encrypted zip").click()
    assert coming.value.suggested_filename == f"{reference}-E1.zip"
    with pyzipper.AESZipFile(coming.value.path()) as archive:
        archive.setpassword(password.encode())
        assert archive.read("auth.log") == LOG
    page.get_by_role("link", name="Back to the evidence").click()
    page.get_by_text("Given out, encrypted").wait_for()
    assert said == []
    context.close()


@pytest.mark.parametrize(("language", "says"), [("en", "At most 2 MB can be sent at once"), ("ur", "2 MB")])
def test_a_file_too_large_is_refused_before_it_is_sent(
    browser, live_server, lay_out_here, tmp_path, settings, language, says
):
    settings.PEHRA_REQUEST_BYTES_MAX = 2 * 1024 * 1024
    country = lay_out_here()
    reference = at_the_hospital(country)
    large, small = tmp_path / "disk.img", tmp_path / "auth.log"
    large.write_bytes(bytes(2 * 1024 * 1024))
    small.write_bytes(LOG)
    context, page = signed_in(browser, live_server.url, country, size="phone")
    choose(context, live_server.url, language, "light")
    said, sent = complaints(page), []
    page.goto(f"{live_server.url}/incidents/{reference}/evidence")
    page.on("request", lambda request: sent.append(request.method))
    field, form = page.locator("#take input[type=file]"), page.locator("#take")
    field.set_input_files(large)
    assert says in field.evaluate("field => field.validationMessage")
    form.locator("[name=source]").fill("the hospital's SOC")
    form.locator("button").click()
    assert "POST" not in sent
    field.set_input_files(small)
    assert field.evaluate("field => field.validationMessage") == ""
    form.locator("button").click()
    page.get_by_role("link", name="E1 auth.log").wait_for()
    assert said == []
    context.close()


def test_without_scripts_the_page_says_the_limit_and_the_server_refuses_unread(
    browser, live_server, lay_out_here, tmp_path, settings
):
    settings.PEHRA_REQUEST_BYTES_MAX = 2 * 1024 * 1024
    country = lay_out_here()
    reference = at_the_hospital(country)
    large = tmp_path / "disk.img"
    large.write_bytes(bytes(2 * 1024 * 1024))
    context, page = signed_in(browser, live_server.url, country, size="desktop", java_script_enabled=False)
    page.goto(f"{live_server.url}/incidents/{reference}/evidence")
    page.get_by_label("File, at most 2 MB").set_input_files(large)
    page.get_by_label("From whom or from where").fill("the hospital's SOC")
    page.get_by_role("button", name="Take in").click()
    page.get_by_text("at most 2 MiB can be sent at once").wait_for()
    assert not api.evidence(reference, by=country.actor("national"))
    context.close()
