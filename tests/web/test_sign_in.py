"""Coming in by requests alone: what opens, and every refusal beside the success that it differs from by one thing."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.account.internal.flows import login
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from pehra.access import api as access
from pehra.access.models import Person
from pehra.kernel import clock
from pehra.ledger import api as ledger
from tests.web.conftest import sign_in

PASSWORD = "four words for a watch"
OTHER = "another four words then"
pytestmark = pytest.mark.usefixtures("two_factors")


@pytest.fixture
def one_step(monkeypatch):
    """An app whose code does not change while a test types it."""
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter([59_000_000]))


@pytest.fixture
def two_factors(settings, db, one_step):
    """A node where two factors are wanted; nothing counted yet."""
    settings.PEHRA_MFA_REQUIRED = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # slow ones are not what is tested
    cache.clear()


def code_of(secret: str) -> str:
    """What an app shows now."""
    (counter,) = totp.yield_hotp_counters_from_time()
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def enrol(client: Client, person, by) -> str:
    """Come in by a link, choose a password, add an app; return the app's secret."""
    sign_in(client, person, by)
    answer = client.post("/account/password/first", {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.headers["Location"] == "/account/app"
    page = client.get("/account/app").content.decode()
    secret = re.search(r'<code class="code" dir="ltr">([A-Z2-7]+)</code>', page)[1]
    answer = client.post("/account/app", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/account/codes"
    cache.clear()
    return secret


def typed(client: Client, who: str = "national", password: str = PASSWORD, **more: str):
    """Send the form of the sign-in page."""
    return client.post("/access/sign-in", {"login": f"{who}@cast.example", "password": password, **more})


def events(person) -> list[str]:
    from pehra.kernel.actors import system

    return [entry.event for entry in ledger.history(subject=f"person:{person}", by=system("test"))]


def test_nothing_opens_before_two_factors_are_there(country):
    client = sign_in(Client(), country.people["national"], country.by)
    for path in ("/incidents/", "/access/people/", "/access/tokens/", "/account/sessions", "/account/codes"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/access/enrol"), path
    assert client.post("/access/give/", {}).headers["Location"] == "/access/enrol"
    assert client.get("/access/enrol").status_code == 200
    assert client.get("/account/passkeys/add").status_code == 200


def test_a_password_with_an_app_opens_and_a_recovery_code_once(country):
    person = country.people["national"]
    client = Client()
    secret = enrol(client, person, country.by)
    codes = re.findall(r"<li>(\d{8})</li>", client.get("/account/codes").content.decode())
    assert len(codes) == 10
    assert client.get("/incidents/").status_code == 200
    assert client.post("/access/sign-out").headers["Location"] == "/access/sign-in"
    assert client.get("/incidents/").headers["Location"].startswith("/access/sign-in")

    answer = typed(client, next="/findings/")
    assert answer.headers["Location"] == "/account/second-factor"
    assert client.get("/incidents/").headers["Location"].startswith("/access/sign-in"), "half in is not in"
    assert client.post("/account/second-factor", {"code": "000000"}).status_code == 422
    answer = client.post("/account/second-factor", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/findings/"
    client.post("/access/sign-out")

    typed(client)
    assert client.post("/account/second-factor", {"code": code_of(secret)}).status_code == 422, "a code works once"
    assert client.post("/account/second-factor", {"code": codes[0]}).status_code == 302
    assert client.get("/incidents/").status_code == 200
    client.post("/access/sign-out")
    typed(client)
    assert client.post("/account/second-factor", {"code": codes[0]}).status_code == 422, "and so does a recovery code"
    told = events(person)
    assert told.count("access.session.started") == 3
    assert told.count("access.session.ended") == 3
    assert told.count("access.credential.changed") == 3


@pytest.mark.parametrize(
    ("who", "password"),
    [
        ("national", OTHER),
        ("telecom", PASSWORD),
        ("nobody-at-all", PASSWORD),
        ("closed", PASSWORD),
        ("robot", PASSWORD),
    ],
)
def test_every_refused_password_is_one_refusal(country, who, password):
    machine, at = country.by, clock.now()
    enrol(Client(), country.people["national"], machine)
    closed = access.add_person(email="closed@cast.example", name="Closed", by=machine, at=at)
    robot = access.add_service_account(email="robot@cast.example", name="Robot", by=machine, at=at)
    for person in Person.objects.filter(id__in=[closed, robot]):
        person.set_password(PASSWORD)
        person.save()
    access.close_person(person_id=closed, reason="left", by=machine, at=at)
    answer = typed(Client(), who, password)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count('class="refusal"') == 1
    assert "The address or the password is wrong, or this account does not sign in by password." in page
    assert f'value="{who}@cast.example"' in page


def test_a_password_alone_opens_nothing(country):
    person = country.people["telecom"]
    Person.objects.filter(id=person).update(password=hashed())
    client = Client()
    assert typed(client, "telecom").headers["Location"] == "/"
    assert client.get("/").headers["Location"] == "/access/enrol"
    assert client.get("/incidents/").headers["Location"].startswith("/access/enrol")


def hashed() -> str:
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD)


def test_a_link_does_not_pass_the_second_factor_of_who_has_one(country):
    person = country.people["national"]
    secret = enrol(Client(), person, country.by)
    client = Client()
    token = access.issue_link(person_id=person, by=country.by, at=clock.now())
    assert client.post(f"/access/link/{token}").headers["Location"] == "/account/second-factor"
    assert client.get("/incidents/").headers["Location"].startswith("/access/sign-in")
    assert client.post("/account/second-factor", {"code": code_of(secret)}).status_code == 302
    assert client.get("/incidents/").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/findings/?state=open", "/findings/?state=open"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("http://testserver/findings/", "/"),
    ],
)
def test_nobody_is_led_to_another_site(country, settings, wanted, goes):
    settings.PEHRA_MFA_REQUIRED = False
    Person.objects.filter(id=country.people["telecom"]).update(password=hashed())
    assert typed(Client(), "telecom", next=wanted).headers["Location"] == goes


@pytest.mark.parametrize(
    ("host", "secure", "offered"),
    [
        ("localhost:8000", False, True),
        ("127.0.0.1:8000", False, False),
        ("[2001:db8::7]", True, False),
        ("192.0.2.7", True, False),
        ("pehra.example", True, True),
        ("pehra.example:8000", False, False),
    ],
)
def test_a_passkey_is_offered_only_where_a_browser_would_make_one(db, host, secure, offered):
    page = Client().get("/access/sign-in", headers={"Host": host}, secure=secure).content.decode()
    assert ("Sign in with a passkey" in page) is offered
    assert ("Passkeys work only where" in page) is not offered


@pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/", "inactive/", "3rdparty/", "login/code/"])
def test_what_allauth_could_do_besides_is_not_there(signed_in, settings, path):
    settings.PEHRA_MFA_REQUIRED = False
    for prefix in ("/account/", "/accounts/"):
        assert signed_in("national").get(prefix + path).status_code == 404
        assert Client().post(prefix + path).status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "words"),
    [
        ("short words", "short words", "at least 12 characters"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "among the first"),
        ("123456789012", "123456789012", "among the first"),
        ("Password!2026", "Password!2026", "among the first"),
        ("hunter hunter hunter", "hunter hunter hunter", "among the first"),
        ("national cast pehra", "national cast pehra", "your name, your address or ours"),
        ("p" + "assword " * 40, "p" + "assword " * 40, "at most 256"),
        (PASSWORD, OTHER, "same"),
    ],
)
def test_a_password_that_somebody_would_try_is_refused(country, password, again, words):
    client = sign_in(Client(), country.people["national"], country.by)
    answer = client.post("/account/password/first", {"password1": password, "password2": again})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Person.objects.get(id=country.people["national"]).has_usable_password()


@pytest.mark.parametrize(
    "password", ["correct horse battery staple " * 3, "پاس ورڈ کے چار لفظ ہیں", "  blanks stay kept  "]
)
def test_a_long_password_of_any_script_is_kept_as_it_is(country, password):
    client = sign_in(Client(), country.people["national"], country.by)
    assert client.post("/account/password/first", {"password1": password, "password2": password}).status_code == 302
    assert Person.objects.get(id=country.people["national"]).check_password(password)


def test_the_last_way_in_is_not_taken_away(country):
    client = Client()
    enrol(client, country.people["national"], country.by)
    page = client.post("/account/app/end")
    assert page.status_code == 200
    assert "the last way in" in page.content.decode()
    assert Authenticator.objects.filter(type="totp").exists()


def test_secrets_of_second_factors_are_not_kept_in_the_clear(country):
    secret = enrol(Client(), country.people["national"], country.by)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert "seed" in kept


def test_a_new_password_ends_other_sessions_and_keeps_this_one(country):
    person = country.people["national"]
    here, there = Client(), Client()
    secret = enrol(here, person, country.by)
    typed(there)
    there.post("/account/second-factor", {"code": code_of(secret)})
    assert there.get("/incidents/").status_code == 200
    assert UserSession.objects.filter(user_id=person).count() == 2
    sent = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert here.post("/account/password", sent | {"oldpassword": OTHER}).status_code == 422
    assert here.post("/account/password", sent).headers["Location"] == "/account/"
    assert here.get("/incidents/").status_code == 200
    assert there.get("/incidents/").headers["Location"].startswith("/access/sign-in")
    assert UserSession.objects.filter(user_id=person).count() == 1
    assert typed(Client(), password=PASSWORD).status_code == 422
    assert typed(Client(), password=OTHER).status_code == 302


def test_new_recovery_codes_end_the_old_ones(country):
    client = Client()
    enrol(client, country.people["national"], country.by)
    old = re.findall(r"<li>(\d{8})</li>", client.get("/account/codes").content.decode())
    assert client.post("/account/codes/new").headers["Location"] == "/account/codes"
    new = re.findall(r"<li>(\d{8})</li>", client.get("/account/codes").content.decode())
    assert not set(old) & set(new)
    saved = client.get("/account/codes/file")
    assert saved.content.decode().split() == new
    assert "no-store" in saved.headers["Cache-Control"]
    client.post("/access/sign-out")
    typed(client)
    assert client.post("/account/second-factor", {"code": old[0]}).status_code == 422
    assert client.post("/account/second-factor", {"code": new[0]}).status_code == 302


def move(monkeypatch, by: timedelta) -> None:
    """Let the clock of every request stand later."""
    later = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr(login, "time", SimpleNamespace(time=later.timestamp))  # by which allauth dates a proof


@pytest.mark.parametrize(("after", "inside"), [(timedelta(minutes=119), True), (timedelta(minutes=120), False)])
def test_a_session_ends_without_its_person(country, monkeypatch, after, inside):
    person = country.people["national"]
    client = Client()
    enrol(client, person, country.by)
    move(monkeypatch, after)
    answer = client.get("/incidents/")
    assert (answer.status_code == 200) is inside
    assert ("idle" in told_why(person)) is not inside


def test_a_page_that_refreshes_itself_keeps_no_session(country, monkeypatch):
    client = Client()
    enrol(client, country.people["national"], country.by)
    move(monkeypatch, timedelta(minutes=90))
    assert client.get("/", headers={"X-Requested-With": "refresh"}).status_code == 200
    move(monkeypatch, timedelta(minutes=31))
    assert client.get("/").status_code == 302


def test_a_session_ends_after_the_profile_s_longest_however_busy(country, monkeypatch):
    person = country.people["national"]
    client = Client()
    enrol(client, person, country.by)
    longest = access.policy(at=clock.now()).session_max
    step = timedelta(minutes=100)
    for _hour in range(longest // step):
        move(monkeypatch, step)
        assert client.get("/incidents/").status_code == 200
    move(monkeypatch, step)
    assert client.get("/incidents/").status_code == 302
    assert told_why(person)[-1] == "longest"


def told_why(person) -> list[str]:
    from pehra.kernel.actors import system

    entries = ledger.history(subject=f"person:{person}", by=system("test"))
    return [entry.facts["why"] for entry in entries if entry.event == "access.session.ended"]


def test_somebody_ends_their_own_sessions_and_no_other_s(country):
    here, there, other = Client(), Client(), Client()
    secret = enrol(here, country.people["national"], country.by)
    typed(there)
    there.post("/account/second-factor", {"code": code_of(secret)})
    enrol(other, country.people["telecom"], country.by)
    page = here.get("/account/sessions").content.decode()
    assert page.count("127.0.0.1") == 2
    foreign = UserSession.objects.get(user_id=country.people["telecom"])
    assert here.post("/account/sessions", {"session": foreign.pk}).status_code == 404
    assert here.post("/account/sessions", {"session": "1; drop"}).status_code == 404
    assert other.get("/incidents/").status_code == 200
    mine = next(
        row for row in access.sessions(by=country.actor("national"), here=here.session.session_key) if not row.here
    )
    assert here.post("/account/sessions", {"session": mine.id}).status_code == 302
    assert there.get("/incidents/").status_code == 302
    assert here.get("/incidents/").status_code == 200
    current = UserSession.objects.get(user_id=country.people["national"])
    assert here.post("/account/sessions", {"session": current.pk}).headers["Location"] == "/access/sign-in"
    assert here.get("/incidents/").status_code == 302


@pytest.mark.parametrize(
    ("who", "reason", "status"), [("lead", "seen abroad", 302), ("lead", " ", 422), ("telecom", "x", 403)]
)
def test_a_lead_ends_all_sessions_of_somebody_in_their_hands(country, signed_in, settings, who, reason, status):
    settings.PEHRA_MFA_REQUIRED = False
    theirs, lead = signed_in("national"), signed_in(who)
    address = f"/access/people/{country.people['national']}/sign-out"
    assert lead.post(address, {"reason": reason}).status_code == status
    assert (theirs.get("/incidents/").status_code == 302) is (status == 302)


def test_a_closed_person_is_out_everywhere_and_their_sessions_are_gone(country, signed_in, settings):
    settings.PEHRA_MFA_REQUIRED = False
    theirs = signed_in("national")
    key = theirs.session.session_key
    access.close_person(person_id=country.people["national"], reason="left", by=country.by, at=clock.now())
    assert not UserSession.objects.filter(session_key=key).exists()
    assert theirs.get("/incidents/").status_code == 302
    assert told_why(country.people["national"]) == ["closed"]


def test_the_key_of_a_session_changes_when_somebody_comes_in_and_proves_themselves(country, monkeypatch):
    person = country.people["national"]
    client = Client()
    client.get("/account/passkeys/sign-in", headers={"Accept": "application/json"})
    keys = [client.session.session_key]
    secret = enrol(client, person, country.by)
    keys.append(client.session.session_key)
    move(monkeypatch, timedelta(minutes=6))
    assert client.post("/account/codes/new").headers["Location"].startswith("/account/prove/code?")
    client.post("/account/prove/code?next=/account/codes/new", {"code": code_of(secret)})
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3
    assert [row.here for row in access.sessions(by=country.actor("national"), here=keys[-1])] == [True]


def test_what_matters_is_asked_of_who_proved_it_just_now_and_then_done_as_typed(country, monkeypatch):
    lead = country.people["lead"]
    client = Client()
    secret = enrol(client, lead, country.by)
    move(monkeypatch, timedelta(minutes=6))
    form = {
        "email": "new@cast.example", "name": "Neu", "role": "analyst", "kind": "team", "code": "pkcert",
        "until": "", "reason": "joins", "step": "preview",
    }  # fmt: skip
    assert client.post("/access/give/", form).status_code == 200, "a look changes nothing"
    answer = client.post("/access/give/", form | {"step": "give"})
    assert answer.headers["Location"] == "/account/prove/code?next=%2Faccess%2Fgive%2F"
    assert not Person.objects.filter(email="new@cast.example").exists()
    way = answer.headers["Location"]
    assert client.post(way, {"code": "111111"}).status_code == 422
    assert not Person.objects.filter(email="new@cast.example").exists()
    done = client.post(way, {"code": code_of(secret)})
    new = Person.objects.get(email="new@cast.example")
    assert done.headers["Location"] == f"/access/people/{new.id}/"
    cache.clear()
    assert client.post(f"/access/people/{new.id}/close", {"reason": "no"}).status_code == 302, "and for five minutes"
    assert not Person.objects.get(id=new.id).active


def test_what_was_kept_is_done_only_where_it_was_meant(country, monkeypatch):
    client = Client()
    secret = enrol(client, country.people["lead"], country.by)
    move(monkeypatch, timedelta(minutes=6))
    address = f"/access/people/{country.people['national']}/close"
    assert client.post(address, {"reason": "left"}).headers["Location"].startswith("/account/prove/code")
    assert (
        client.post("/account/prove/code?next=/findings/", {"code": code_of(secret)}).headers["Location"]
        == "/findings/"
    )
    assert Person.objects.get(id=country.people["national"]).active
    assert client.get(address).status_code == 405


@pytest.mark.parametrize(
    "credential",
    [
        "", "{", "[]", "{}", "1", "null", '"text"', '{"id": 1}', '{"response": {}}',
        '{"response": {"userHandle": "x"}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA","authenticatorData":"AA",'
        '"signature":"AA","userHandle":"AA"},"clientExtensionResults":{}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}',
        "[" * 5000, "A" * 40_000,
    ],
)  # fmt: skip
def test_no_credential_that_a_browser_never_made_is_a_fault_of_ours(country, credential):
    client = Client()
    client.get("/account/passkeys/sign-in", headers={"Accept": "application/json"})
    answer = client.post("/account/passkeys/sign-in", {"credential": credential, "next": "/findings/"})
    assert answer.headers["Location"] == "/access/sign-in?next=%2Ffindings%2F"
    sign_in(client, country.people["national"], country.by)
    client.get("/account/passkeys/add")
    answer = client.post("/account/passkeys/add", {"credential": credential, "passwordless": "on"})
    assert answer.status_code == 422
    assert not Authenticator.objects.exists()


def test_a_session_says_how_it_was_signed_in_to(country, rf):
    from django.contrib.auth import get_user

    from pehra.access.sessions import Strength, authentication_of

    def found(client):
        request = rf.get("/")
        request.session = client.session
        request.user = get_user(request)
        return authentication_of(request)

    client = Client()
    assert found(client) is None
    sign_in(client, country.people["national"], country.by)
    assert (found(client).amr, found(client).strength) == ((), Strength.LINK)
    other = Client()
    secret = enrol(other, country.people["telecom"], country.by)
    other.post("/access/sign-out")
    typed(other, "telecom")
    other.post("/account/second-factor", {"code": code_of(secret)})
    assert (found(other).amr, found(other).strength) == (("mfa", "otp", "pwd"), Strength.TWO)
    assert not found(other).phishing_resistant


def test_the_machine_ends_all_sessions_of_somebody(country, signed_in, settings):
    from click.testing import CliRunner

    from pehra.access.commands import commands

    settings.PEHRA_MFA_REQUIRED = False
    theirs = signed_in("national")
    done = CliRunner().invoke(commands, ["sign-out", "national@cast.example", "--reason", "laptop lost"])
    assert done.output == "1 ended\n"
    assert theirs.get("/incidents/").status_code == 302
    assert told_why(country.people["national"]) == ["laptop lost"]


def test_of_a_session_that_ended_by_itself_nothing_is_kept(country, signed_in, settings):
    from django.contrib.sessions.models import Session

    settings.PEHRA_MFA_REQUIRED = False
    signed_in("national")
    at = clock.now()
    assert access.forget_sessions(at=at) == 0
    assert UserSession.objects.count() == Session.objects.count() == 1
    assert access.forget_sessions(at=at + access.policy(at=at).session_max + timedelta(minutes=1)) == 1
    assert UserSession.objects.count() == Session.objects.count() == 0
