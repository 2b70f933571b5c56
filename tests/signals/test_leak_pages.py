"""Leaks on pages: what is shown to whom, the form, and that no secret is ever given back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pehra.access import api as access
from pehra.findings import api as findings
from pehra.kernel import clock
from pehra.signals import api
from pehra.signals.models import Leak, LeakedAccount
from tests.signals.leaked import MACHINE, Nation, lay_out, take

pytestmark = pytest.mark.django_db
SECRET = "Chambeli-5512-Indus"
LEAK = f"email,password\nengineer@river.example,{SECRET}\nclerk@deeds.example,{SECRET}\nbroken,{SECRET}\n"
NEW = "/leaks/new"
MARKED = {"source": "A list", "tlp": "TLP:AMBER", "pap": "PAP:AMBER"}


@pytest.fixture
def nation(db, tmp_path: Path, settings) -> Nation:
    settings.PEHRA_MFA_REQUIRED = False
    return lay_out(tmp_path, clock.now())


@pytest.fixture
def browser(nation: Nation) -> Callable[[str], Client]:
    """A browser signed in as somebody of the cast."""

    def signed_in(who: str) -> Client:
        client = Client()
        token = access.issue_link(person_id=nation.people[who], by=MACHINE, at=clock.now())
        assert client.post(f"/access/link/{token}").status_code == 302
        return client

    return signed_in


def test_a_file_is_handed_in_on_a_page_and_its_reporter_is_told_of_their_own(browser) -> None:
    client = browser("telecom")
    assert "No leak is known" in client.get("/leaks/").content.decode()
    file = SimpleUploadedFile("leak.csv", LEAK.encode(), content_type="text/csv")
    answer = client.post(
        NEW, {"source": "Combo list 7", "tlp": "TLP:AMBER", "pap": "PAP:AMBER", "file": file}, follow=True
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "3 rows were read." in page
    assert "engineer@river.example" in page
    assert "clerk@deeds.example" not in page
    assert "is no e-mail address" in page
    assert SECRET not in page
    assert {row.subject for row in findings.findings(by=MACHINE)} == {"engineer@river.example", "clerk@deeds.example"}


def test_pasted_addresses_do_as_well_and_a_refused_form_forgets_what_was_pasted(browser) -> None:
    client = browser("telecom")
    said = {"source": "Pasted", "tlp": "TLP:AMBER", "pap": "PAP:AMBER"}
    assert client.post(NEW, said | {"pasted": "engineer@river.example\r\nother@river.example"}).status_code == 302
    assert Leak.objects.get().kept == 2
    many = "\n".join(f"u{n}@river.example:{SECRET}" for n in range(api.OF_A_REQUEST.secrets + 1))
    refusals = [
        {"pasted": many},
        {"pasted": SECRET},
        {"pasted": ""},
        {"pasted": f"a@river.example:{SECRET}", "tlp": "purple"},
    ]
    for wrong in refusals:
        answer = client.post(NEW, said | wrong)
        assert answer.status_code == 422
        assert "Pasted" in answer.content.decode()
        assert SECRET not in answer.content.decode()
    assert Leak.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "lists", "hands_in", "sees"),
    [
        ("telecom", 200, 200, "engineer@river.example"),
        ("contact", 200, 403, "engineer@river.example"),
        ("admin", 200, 403, "engineer@river.example"),
        ("auditor", 200, 403, "e…@river.example"),
        ("punjab", 200, 200, ""),
        ("operator", 403, 403, ""),
        ("council", 403, 403, ""),
    ],
)
def test_who_may_open_which_page(browser, who: str, lists: int, hands_in: int, sees: str) -> None:
    leak = take("engineer@river.example:" + SECRET, at=clock.now())
    client = browser(who)
    assert client.get("/leaks/").status_code == lists
    assert client.get(NEW).status_code == hands_in
    assert client.post(NEW, MARKED | {"pasted": "a@b.example"}).status_code == {200: 302, 403: 403}[hands_in]
    answer = client.get(f"/leaks/{leak.id}/")
    assert answer.status_code == (200 if sees else 404 if lists == 200 else 403)
    if sees:
        assert sees in answer.content.decode()
        assert ("engineer@" in answer.content.decode()) is (sees[1] != "…")
    account = client.get(f"/leaks/accounts/{LeakedAccount.objects.get(leak=leak.id).id}/")
    assert account.status_code == answer.status_code
    assert ("candidate" in account.content.decode()) is (who in {"telecom", "contact", "admin"})


def test_the_owner_compares_a_password_and_it_is_not_given_back(browser) -> None:
    take("engineer@river.example:" + SECRET, at=clock.now())
    account = LeakedAccount.objects.get().id
    client = browser("contact")
    for candidate, words in ((SECRET, "It is the one that leaked"), ("another", "It is another one than leaked.")):
        answer = client.post(f"/leaks/accounts/{account}/test", {"candidate": candidate}, follow=True)
        assert words in answer.content.decode()
        assert candidate not in answer.content.decode().replace("another one than", "")
    for _ in range(3):
        client.post(f"/leaks/accounts/{account}/test", {"candidate": "guess"})
    answer = client.post(f"/leaks/accounts/{account}/test", {"candidate": SECRET})
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    assert browser("auditor").post(f"/leaks/accounts/{account}/test", {"candidate": SECRET}).status_code in (403, 422)


def test_pages_stand_in_urdu_and_lists_go_on(browser, nation: Nation) -> None:
    at = clock.now()
    for number in range(52):
        take(f"u{number}@river.example", at=at + timedelta(milliseconds=number), source=f"List {number}")
    take("\n".join(f"m{number}@river.example" for number in range(60)), at=at + timedelta(seconds=1), source="Long")
    client = browser("contact")
    first = client.get("/leaks/").content.decode()
    assert first.count('role="rowheader"') == 50
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/leaks/{older}").content.decode().count('role="rowheader"') == 3
    long = Leak.objects.get(source="Long").id
    page = client.get(f"/leaks/{long}/").content.decode()
    older = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/leaks/{long}/{older}").content.decode().count('role="rowheader"') == 10
    assert client.get("/leaks/?organisation=org-0002").status_code == 200
    assert client.get("/leaks/?organisation=org-nobody").status_code in (400, 404, 422)
    assert client.get("/leaks/?before=x").status_code in (400, 422)


def test_checks_are_forgotten_after_a_year_and_a_month(nation: Nation, at: datetime) -> None:
    take("engineer@river.example:" + SECRET, at=at)
    assert api.forget_leaked_secrets(by=MACHINE, at=at + timedelta(days=399)) == 0
    assert api.forget_leaked_secrets(by=MACHINE, at=at + timedelta(days=401)) == 1
    row = LeakedAccount.objects.get()
    assert (bytes(row.check_value), row.secret_kind) == (b"", "password")
