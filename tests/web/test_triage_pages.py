"""The inbox: what waits, what is decided and taken back; nobody else's reports, and no file as it came."""

import io

import pytest
import pyzipper
from django.test import Client

from pehra.incidents import api as incidents
from pehra.intake import api as intake
from pehra.kernel import clock
from pehra.kernel.actors import system
from pehra.outbox import api as outbox
from pehra.threads import api as threads
from tests.threads.conftest import token_of

HOSTILE = b"<script>alert(1)</script> MZ hostile"
pytestmark = pytest.mark.django_db


def report(title: str, *, territory: str = "punjab", sector: str = "health", **said) -> str:
    """Something reported without an account; return its reference."""
    receipt = intake.receive(
        channel=intake.Channel.FORM,
        raw=title.encode() + HOSTILE,
        media_type="text/html",
        said=intake.Said(title=title, sector=sector, territory=territory, **said),
        files=[intake.Handed(name="../evil.html", content=HOSTILE, media_type="text/html")],
        reporter=intake.Reporter(anonymous=True),
        language="ur",
        by=system("intake"),
        at=clock.now(),
    )
    return receipt.reference


def state_of(reference: str) -> str:
    return intake.report(reference, by=system("test")).report.state.value


def test_the_inbox_shows_what_waits_and_who_may_not_read_it_gets_nothing(country, signed_in) -> None:
    reference = report(
        "Ransom note on the ward's screens", description="seen at 198.18.1.7 and hxxp://evil[.]example/x"
    )
    client = signed_in("national")
    page = client.get("/intake/").content.decode()
    assert "Ransom note on the ward" in page
    whole = client.get(f"/intake/reports/{reference}/").content.decode()
    assert "http://evil.example/x" in whole
    assert "198.18.1.7" in whole
    assert "<script>alert" not in whole
    assert signed_in("council").get("/intake/").status_code == 403
    assert signed_in("telecom").get(f"/intake/reports/{reference}/").status_code == 404


def test_only_what_ones_team_decides_about_has_a_box(country, signed_in) -> None:
    telecom, ours = report("Ransom note", sector="telecom", territory=""), report("Odd mails")
    page = signed_in("national").get("/intake/").text
    assert f"reports/{telecom}/" in page, "it is read"
    assert f'name="chosen" value="{telecom}"' not in page
    assert f'name="chosen" value="{ours}"' in page
    assert page.count("another team decides") == 1
    assert f'name="chosen" value="{telecom}"' in signed_in("telecom").get("/intake/").text


def test_the_first_page_says_who_waits_to_those_who_answer_them(country, signed_in) -> None:
    client = signed_in("national")
    assert ">0<" in _figure(client.get("/").text, "Reports that wait")
    report("Screens locked")
    report("Odd mails")
    assert ">2<" in _figure(client.get("/").text, "Reports that wait")
    assert "nobody asks for help" in _figure(client.get("/").text, "Letters: our turn")
    told = outbox.messages(by=system("test"), organisation="org-0001")
    notice = next(row for row in told if row.kind == "findings.notice")
    said = {"choice": "need-help", "note": "our backups are gone too", "seen": 0}
    threads.answer(token=token_of(notice.id), at=clock.now(), **said)
    shown = _figure(client.get("/").text, "Letters: our turn")
    assert ">1<" in shown
    assert "1 asks for help" in shown
    assert "Reports that wait" not in signed_in("hospital").get("/").text


def _figure(page: str, name: str) -> str:
    return page.split(f'<span class="name">{name}</span>')[1].split("</a>", maxsplit=1)[0]


def test_what_was_added_after_a_decision_is_found_from_the_inbox(country, signed_in) -> None:
    reference = report("Odd mails")
    report("Another matter")
    head = report("Odd mails of last week")
    intake.merge(
        chosen=intake.Chosen(references=(reference,)), into=head, reason="one", by=system("test"), at=clock.now()
    )
    intake.add(
        channel=intake.Channel.REST, raw=b"more", media_type="text/plain", said=intake.Said(description="and a file"),
        reference=reference, by=system("intake"), at=clock.now(),
    )  # fmt: skip
    client = signed_in("national")
    queue = client.get("/intake/").content.decode()
    assert 'href="?state=any&amp;news=yes"' in queue
    assert f"/{reference}/" not in queue
    found = client.get("/intake/?state=any&news=yes").content.decode()
    assert f"/{reference}/" in found
    assert "Another matter" not in found


def test_one_is_taken_dismissed_and_taken_back(country, signed_in) -> None:
    reference = report("Slow page")
    client = signed_in("national")
    where = f"/intake/reports/{reference}/do"
    assert client.post(where, {"act": "assign", "assignee": "me"}).status_code == 302
    assert "National" in client.get(f"/intake/reports/{reference}/").content.decode()
    empty = client.post(where, {"act": "dismiss", "reason": ""})
    assert empty.status_code == 422
    assert "say why" in empty.content.decode()
    assert client.post(where, {"act": "dismiss", "reason": "a slow line"}).status_code == 302
    assert state_of(reference) == "dismissed"
    (act, *_older) = intake.report(reference, by=system("test")).acts
    assert client.post(f"/intake/acts/{act.id}/undo").status_code == 302
    assert state_of(reference) == "received"
    again = client.post(f"/intake/acts/{act.id}/undo")
    assert again.status_code == 422
    assert "taken back already" in again.content.decode()


def test_an_incident_is_opened_from_one(country, signed_in) -> None:
    reference = report("Ransomware in the laboratory", organisation="org-0001")
    client = signed_in("national")
    answer = client.post(f"/intake/reports/{reference}/do", {"act": "open", "severity": "high"}, follow=True)
    assert answer.status_code == 200
    assert "Ransomware in the laboratory" in answer.content.decode()
    assert "/incidents/PK-" in answer.request["PATH_INFO"]
    assert state_of(reference) == "opened"


def test_an_incident_is_opened_for_organisations_by_name_and_with_the_kind_that_a_person_says(
    country, signed_in
) -> None:
    reference = report("Screens locked")
    form = {"act": "open", "organisations": "meadow, org-0003 org-0002", "taxonomy": "availability"}
    answer = signed_in("national").post(f"/intake/reports/{reference}/do", form)
    assert answer.status_code == 302, answer.text
    page = incidents.incident(answer.headers["Location"].split("/")[2], by=system("test"))
    assert {side.organisation for side in page.sides} == {"org-0001", "org-0002", "org-0003"}
    assert page.incident.taxonomy == "availability"


def test_an_incident_is_opened_as_an_exercise(country, signed_in) -> None:
    client = signed_in("national")
    reference = report("A table-top", organisation="org-0001")
    page = client.get(f"/intake/reports/{reference}/").text
    assert '<input type="checkbox" name="exercise" value="yes">' in page
    answer = client.post(f"/intake/reports/{reference}/do", {"act": "open", "exercise": "yes"})
    assert incidents.incident(answer.headers["Location"].split("/")[2], by=system("test")).incident.exercise


def test_a_name_that_nobody_or_several_have_is_said_at_the_form(country, signed_in) -> None:
    reference = report("Screens locked")
    client = signed_in("national")
    form = {"act": "open", "organisations": "the mill"}
    assert "There is no organisation the mill." in client.post(f"/intake/reports/{reference}/do", form).text
    form = {"act": "open", "organisations": "e"}
    assert "is in the name of several: Meadow Hospital (org-0001)" in (
        client.post(f"/intake/reports/{reference}/do", form).text.replace("&quot;", '"')
    )
    assert state_of(reference) == "received"


def test_answers_stand_under_the_questions_in_the_readers_language_and_once(country, signed_in) -> None:
    said = {"what-happened": "Screens are locked", "still-going": "yes", "kind": "locked-files"}
    reference = report("", description="Screens are locked", answers=said)
    client = signed_in("national")
    english = client.get(f"/intake/reports/{reference}/").text
    assert "<dt>Is it still going on?</dt><dd><bdi>Yes</bdi></dd>" in english
    assert "what happened" not in english
    client.cookies["django_language"] = "ur"
    assert "<dt>کیا یہ اب بھی جاری ہے؟</dt><dd><bdi>ہاں</bdi></dd>" in client.get(f"/intake/reports/{reference}/").text


def test_all_that_the_filter_finds_is_looked_at_then_done_then_taken_back(country, signed_in) -> None:
    noise = [report(f"Advertisement {number}", territory="punjab", sector="commerce") for number in range(12)]
    kept = report("Real trouble", territory="punjab", sector="health")
    client = signed_in("national")
    said = {"act": "dismiss", "all": "yes", "sector": "commerce"}
    look = client.post("/intake/preview", said).content.decode()
    assert "12 reports are meant" in look
    late = report("Advertisement that came after the look", territory="punjab", sector="commerce")
    up_to = look.split('name="up_to" value="')[1].split('"')[0]
    done = client.post("/intake/do", said | {"up_to": up_to, "reason": "advertisements"})
    assert done.status_code == 302
    assert {state_of(reference) for reference in noise} == {"dismissed"}
    assert {state_of(late), state_of(kept)} == {"received"}
    assert client.post(f"{done.headers['Location']}undo").status_code == 302
    assert {state_of(reference) for reference in noise} == {"received"}


def test_chosen_ones_are_taken_with_one_press_and_none_chosen_is_said(country, signed_in) -> None:
    references = [report("One"), report("Two")]
    client = signed_in("national")
    done = client.post("/intake/take", {"chosen": references}, follow=True)
    assert "2 reports" in done.content.decode()
    assert "Take it back" in done.content.decode()
    nothing = client.post("/intake/preview", {"act": "dismiss"}, follow=True)
    assert "Choose at least one" in nothing.content.decode()


def _sealed(client: Client, address: str, said: dict[str, str]) -> pyzipper.AESZipFile:
    look = client.post(f"{address}/give-out", said).content.decode()
    password = look.split('name="password" value="')[1].split('"')[0]
    answer = client.post(f"{address}/sealed", said | {"password": password})
    assert answer.headers["Content-Type"] == "application/zip"
    assert HOSTILE not in answer.content
    archive = pyzipper.AESZipFile(io.BytesIO(answer.content))
    archive.setpassword(password.encode())
    return archive


def test_what_came_in_leaves_sealed_alone(country, signed_in) -> None:
    reference = report("With a file")
    client = signed_in("national")
    (file,) = intake.report(reference, by=system("test")).files
    address = f"/intake/reports/{reference}/1"
    with _sealed(client, address, {"file": str(file.id)}) as archive:
        (name,) = archive.namelist()
        assert ".." not in name
        assert archive.read(name) == HOSTILE
    with _sealed(client, address, {}) as archive:
        assert HOSTILE in archive.read(archive.namelist()[0])
    assert client.post(f"{address}/sealed", {"password": "short"}).status_code in (400, 422)


@pytest.mark.parametrize(("who", "number", "file"), [
    ("national", 2, ""), ("national", 1, "999999"), ("national", 1, "the whole"), ("national", 1, "9" * 30),
    ("telecom", 1, ""), ("telecom", 2, ""),
])  # fmt: skip
def test_what_is_not_there_or_not_theirs_gets_no_password(country, signed_in, who, number, file) -> None:
    address = f"/intake/reports/{report('With a file')}/{number}"
    client = signed_in(who)
    for said in ("/give-out", "/sealed"):
        answer = client.post(address + said, {"file": file, "password": "a long enough password"})
        assert answer.status_code == 404
        assert b'name="password"' not in answer.content
