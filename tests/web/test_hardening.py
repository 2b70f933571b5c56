"""What holds at every address: headers, sizes, times, rates, and that nobody is led to another site.

The addresses are those of the resolver: a page that is new tomorrow is held to this without being named here.
"""

import io
import json
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from pehra.access import api as access
from pehra.kernel import clock
from pehra.web import limits, middleware

ROOT = Path(__file__).resolve().parents[2]
UUID = "00000000-0000-7000-8000-000000000000"
FILLED = {"uuid": UUID, "int": "1", "slug": "a", "path": "a"}
REFUSED_AT_ONCE = 11 * 1024 * 1024
HEADERS = {
    "Content-Security-Policy": middleware.CONTENT_SECURITY_POLICY,
    "Permissions-Policy": middleware.PERMISSIONS_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOT_SERVED = {"email_change.html": "account_email", "phone_change.html": "account_change_phone"}
HOSTILE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "\t//evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "https://evil.example\\.testserver/",
    "//evil.example\\@testserver/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://testserver/",
    "http://[::1",
    "/ok\r\nLocation: https://evil.example/",
]


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every address of the resolver, with something in each place that is to be filled."""
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, where)
        elif isinstance(entry, URLPattern):
            yield "/" + _filled(where)


def _filled(where: str) -> str:
    where = re.sub(r"<(?:(\w+):)?\w+>", lambda match: FILLED.get(match.group(1) or "str", "x"), where)
    return re.sub(r"\(\?P<\w+>[^)]*\)", "x", where).replace("^", "").replace("$", "").replace("\\", "")


@pytest.fixture
def fresh(monkeypatch) -> None:
    """A process that counted nothing yet."""
    for name, kind in (("counters", limits.Counters), ("known", limits.Known), ("bodies", limits.Bodies)):
        monkeypatch.setattr(limits, name, kind())


def held(answer, where: object) -> None:
    """Every answer carries every header, and a page holds nothing inline."""
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value, (where, answer.status_code, name)
    if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
        if answer.headers.get("Content-Disposition", "").startswith("attachment"):
            # A file to be opened from a disk is no page of ours: it must carry all it needs, and its own policy.
            assert "offline.html" in str(where), where
            assert "Content-Security-Policy" in answer.text, where
            return
        assert not inline(answer.text), where


def inline(page: str) -> list[str]:
    """What a page holds of script or style in itself; a block of data is none."""
    scripts = [
        tag for tag in re.findall(r"<script[^>]*>", page) if " src=" not in tag and "application/json" not in tag
    ]
    return scripts + re.findall(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", page)


@pytest.mark.parametrize("who", ["", "lead", "nobody"])
def test_every_address_carries_the_headers_whatever_it_answers(country, signed_in, who):
    browser = signed_in(who) if who else Client()
    browser.raise_request_exception = False
    seen: dict[int, int] = defaultdict(int)
    for where in sorted(set(addresses())):
        if "sign-out" in where or "openapi" in where:
            continue
        for method in ("get", "post", "put"):
            answer = getattr(browser, method)(where)
            held(answer, (method, where))
            seen[answer.status_code] += 1
    assert {302, 405} <= set(seen), dict(seen)
    if who:
        assert {200, 404} <= set(seen), dict(seen)


def test_each_kind_of_refusal_carries_the_headers(country, signed_in, settings, fresh, monkeypatch):
    lead = signed_in("lead")
    lead.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True)
    seen = {}

    def note(answer) -> None:
        held(answer, answer.status_code)
        if answer.streaming:
            b"".join(answer.streaming_content)
        seen[answer.status_code] = answer

    note(lead.get("/"))
    note(Client().get("/"))
    note(lead.get("/nothing/here"))
    note(strict.post("/settings/theme", {"theme": "dark"}))
    note(lead.put("/"))
    note(lead.post("/access/give/", {"step": "give"}))
    note(lead.get("/static/web/pehra.css"))
    note(lead.get("/static/none.css"))
    note(lead.generic("POST", "/settings/theme", b"a", HTTP_TRANSFER_ENCODING="chunked"))
    note(oversized(lead, "/settings/theme"))
    monkeypatch.setattr("pehra.web.situations.picture", lambda **_said: 1 / 0)
    note(lead.get("/"))
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = 0
    note(Client(REMOTE_ADDR="203.0.113.1").get("/"))
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = 10**9
    note(Client(headers={"host": "evil.example"}).get("/"))
    assert set(seen) == {200, 302, 400, 403, 404, 405, 411, 413, 422, 429, 500}


class Unread(io.RawIOBase):
    """A body that says so when somebody reads it."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def oversized(browser: Client, where: str, length: int = REFUSED_AT_ONCE, **more: str):
    """Send a request that says how large its body is, and fails when one byte of it is asked for."""
    said = {"CONTENT_LENGTH": str(length), "wsgi.input": Unread(), "CONTENT_TYPE": "application/octet-stream"}
    return browser.request(PATH_INFO=where, REQUEST_METHOD="POST", **said, **more)


def test_a_body_that_is_too_large_is_refused_unread_at_every_address(country, signed_in):
    for browser in (Client(), signed_in("lead")):
        for where in sorted(set(addresses())):
            assert oversized(browser, where).status_code == 413, where


@pytest.mark.parametrize(("said", "status"), [("-1", 400), ("many", 400), ("1e9", 400), ("²", 400), ("10485761", 413)])
def test_a_length_that_is_none_is_refused(db, said, status):
    browser = Client()
    answer = browser.request(
        PATH_INFO="/settings/theme", REQUEST_METHOD="POST", CONTENT_LENGTH=said, **{"wsgi.input": Unread()}
    )
    assert answer.status_code == status


def test_who_sends_slowly_holds_no_more_than_their_share(fresh):
    first, second = "198.51.100.1", "198.51.100.2"
    with (
        limits.bodies.reading(first) as one,
        limits.bodies.reading(first) as two,
        limits.bodies.reading(first) as three,
    ):
        assert (one, two, three) == (True, True, True)
        with limits.bodies.reading(first) as fourth, limits.bodies.reading(second) as other:
            assert (fourth, other) == (False, True)
    with limits.bodies.reading(first) as again:
        assert again


def test_there_are_never_more_bodies_than_half_the_threads(fresh, monkeypatch):
    from contextlib import ExitStack

    from pehra.node.serving import THREADS

    assert limits.BODIES_AT_ONCE <= THREADS // 2
    monkeypatch.setattr(limits, "BODY_ROOM_SECONDS", 0.05)
    with ExitStack() as senders:
        for number in range(limits.BODIES_AT_ONCE):
            assert senders.enter_context(limits.bodies.reading(f"192.0.2.{number}"))
        with limits.bodies.reading("192.0.2.99") as room:
            assert not room


def test_no_template_holds_script_or_style_in_itself():
    """Also those of packages: a page of theirs that we do not write anew may be shown."""
    import allauth

    places = [ROOT / "pehra", *(Path(allauth.__file__).parent / "templates" / part for part in (
        "account", "allauth", "idp", "mfa", "openid", "socialaccount", "usersessions",
    ))]  # fmt: skip
    found = {
        str(path): inline(text)
        for place in places
        for path in sorted(place.rglob("*.html"))
        if path.name not in NOT_SERVED and inline(text := re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text()))
    }
    assert found == {}
    for name in NOT_SERVED.values():
        with pytest.raises(NoReverseMatch):
            reverse(name)


def following(browser: Client) -> list[tuple[str, str]]:
    """The addresses, with the method, that lead where they are told: found by telling them, so none is forgotten."""
    found = []
    for where in sorted(set(addresses())):
        if "sign-out" in where:
            continue
        for method in ("get", "post"):
            answer = getattr(browser, method)(where, to("/law/?probe"))
            if "probe" in answer.headers.get("Location", ""):
                found.append((method, where))
    return found


def to(target: str) -> dict[str, str]:
    """A form that says where to go on, under every name that is in use for it."""
    names = dict.fromkeys(("next", "redirect", "redirect_to", "return", "url", "back"), target)
    return {**names, "theme": "dark", "language": "en", "email": "x@y.example"}


@pytest.mark.parametrize("who", ["", "lead"])
def test_nobody_is_led_to_another_site(country, signed_in, who):
    browser = signed_in(who) if who else Client()
    browser.raise_request_exception = False
    found = following(browser)
    assert {("post", "/settings/language"), ("post", "/settings/theme")} <= set(found)
    for method, where in found:
        for hostile in HOSTILE:
            location = getattr(browser, method)(where, to(hostile)).headers.get("Location", "/")
            assert leads_home(location), (method, where, hostile, location)
    if who:
        assert browser.post("/access/sign-out", to("//evil.example")).headers["Location"].startswith("/access/sign-in")


def leads_home(location: str) -> bool:
    """Whether a browser that reads this stays with us: it takes a backslash for a slash and skips tabs and lines."""
    read = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    parts = urlsplit(read)
    if parts.scheme or parts.netloc:
        return (parts.scheme, parts.netloc) == ("http", "testserver")
    return read.startswith("/") and not read.startswith("//")


def test_a_host_that_is_not_ours_is_refused(db, settings):
    settings.ALLOWED_HOSTS = ["pehra.example"]
    assert Client(headers={"host": "pehra.example"}).get("/access/sign-in").status_code == 200
    for host in ("evil.example", "pehra.example.evil.example", "pehra.example@evil.example", "pehra.example:x"):
        assert Client(headers={"host": host}).get("/access/sign-in").status_code == 400, host


# --- Rates ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def few(settings, fresh, monkeypatch) -> None:
    """Few requests a minute, and a minute that does not end while a test counts."""
    now = clock.now()
    monkeypatch.setattr("pehra.kernel.clock.now", lambda: now)
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = 6
    settings.PEHRA_REQUESTS_PER_MINUTE_ACCOUNT = 12


def test_one_address_is_told_to_wait_and_no_other(few, db):
    flood = Client(REMOTE_ADDR="198.51.100.1")
    answers = [flood.get("/access/sign-in") for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert Client(REMOTE_ADDR="198.51.100.2").get("/access/sign-in").status_code == 200


def test_a_program_is_told_so_in_its_own_words(few, db):
    flood = Client(REMOTE_ADDR="198.51.100.1")
    answer = [flood.get("/api/v1/openapi.json") for _ in range(7)][-1]
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/problem+json")
    assert json.loads(answer.content)["status"] == 429


def test_who_is_signed_in_is_not_shut_out_by_a_stranger_at_their_address(country, signed_in, few):
    own = signed_in("lead")
    assert own.get("/law/").status_code == 200
    stranger = Client()
    assert [stranger.get("/access/sign-in").status_code for _ in range(9)][-1] == 429
    assert own.get("/law/").status_code == 200
    forging = [Client(headers={"cookie": f"{settings.SESSION_COOKIE_NAME}=forged{n}"}) for n in range(80)]
    assert [one.get("/access/sign-in").status_code for one in forging][-1] == 429, "forged sessions are a stranger's"
    assert own.get("/law/").status_code == 200


def test_an_account_has_its_own_limit_wherever_it_comes_from(country, signed_in, few):
    own = signed_in("lead")
    answers = [own.get("/law/", REMOTE_ADDR=f"198.51.100.{number}").status_code for number in range(20)]
    assert answers.count(200) >= 12
    assert answers[-1] == 429
    assert signed_in("national").get("/law/").status_code == 200


def test_another_process_knows_what_this_one_counted(few, db, monkeypatch):
    flood = Client(REMOTE_ADDR="198.51.100.1")
    for _ in range(6):
        assert flood.get("/access/sign-in").status_code == 200
    monkeypatch.setattr(limits, "counters", limits.Counters())
    assert flood.get("/access/sign-in").status_code == 429


def test_counts_are_forgotten_and_name_nobody(few, db):
    Client(REMOTE_ADDR="198.51.100.1").get("/access/sign-in")
    from pehra.access.models import RequestCount

    (row,) = RequestCount.objects.all()
    assert "198.51.100.1" not in row.key
    access.forget_requests(at=clock.now() + timedelta(minutes=3))
    assert not RequestCount.objects.exists()


def test_most_requests_cost_no_statement(settings, fresh, db, django_assert_num_queries):
    settings.PEHRA_REQUESTS_PER_MINUTE_ADDRESS = 640
    with django_assert_num_queries(2):
        for _ in range(40):
            limits.counters.over("key", limit=640, at=clock.now().replace(second=1))


def test_many_threads_count_each_request_once(fresh, monkeypatch):
    told: list[int] = []
    lock = threading.Lock()

    def count(*, key: str, number: int, at: object) -> int:
        with lock:
            told.append(number)
            return sum(told)

    monkeypatch.setattr(access, "count_requests", count)
    at = clock.now().replace(second=1)
    crowd = [threading.Thread(target=lambda: [limits.counters.over("k", limit=3200, at=at) for _ in range(400)])
             for _ in range(8)]  # fmt: skip
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert sum(told) == 3200


# --- Times ------------------------------------------------------------------------------------------------------------


def test_the_web_ends_what_takes_too_long(country, signed_in, monkeypatch):
    from django.db import connection

    def forever(**_said: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 50")
            cursor.execute("SELECT pg_sleep(5)")

    browser = signed_in("national")
    monkeypatch.setattr("pehra.web.situations.picture", forever)
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "took too long" in answer.text


def test_the_webs_connections_carry_their_limits(db):
    import psycopg
    from django.db import connection

    from pehra.node import settings as node

    said = connection.settings_dict
    options = node.hurried({"options": "-c search_path=public"})
    with psycopg.connect(
        host=said["HOST"], dbname=said["NAME"], user=said["USER"], port=said["PORT"] or None, options=options["options"]
    ) as own:
        shown = {
            name: own.execute(f"SHOW {name}").fetchone()[0]
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "search_path")
        }
    assert shown == {
        "statement_timeout": "20s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "40s",
        "search_path": "public",
    }  # fmt: skip


# --- Cookies and https ------------------------------------------------------------------------------------------------


def test_cookies_are_for_our_own_pages_alone(country, signed_in):
    browser = signed_in("lead")
    browser.get("/access/give/")
    browser.post("/settings/theme", {"theme": "dark"})
    browser.post("/settings/language", {"language": "ur"})
    assert {"pehra_session", "pehra_csrf", "pehra_theme", "django_language"} <= set(browser.cookies)
    for name, cookie in browser.cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert not cookie["domain"], name
        assert cookie["path"] == "/", name


def test_under_https_cookies_belong_to_the_host_and_the_browser_is_told_to_come_by_https():
    program = """
import json, sys
from django.conf import settings
import django; django.setup()
from django.test import Client
settings.ALLOWED_HOSTS = ["*"]
names = ("SESSION_COOKIE_NAME CSRF_COOKIE_NAME LANGUAGE_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE "
         "LANGUAGE_COOKIE_SECURE SECURE_HSTS_SECONDS SECURE_HSTS_INCLUDE_SUBDOMAINS CSRF_TRUSTED_ORIGINS").split()
print(json.dumps({name: getattr(settings, name) for name in names}))
"""

    def read(**more: str) -> dict[str, object]:
        environment = {"PEHRA_URL": "https://pehra.example", "DJANGO_SETTINGS_MODULE": "pehra.node.settings",
                       "PEHRA_DATA": "/nonexistent", "PATH": "/usr/bin", "PYTHONPATH": str(ROOT), **more}  # fmt: skip
        said = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(said.stdout)  # type: ignore[no-any-return]

    found = read()
    for name in ("SESSION", "CSRF", "LANGUAGE"):
        assert str(found[f"{name}_COOKIE_NAME"]).startswith("__Host-"), name
        assert found[f"{name}_COOKIE_SECURE"] is True, name
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://pehra.example"]
    assert read(PEHRA_HSTS_SUBDOMAINS="1")["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True


def test_a_browser_is_told_to_come_by_https(db, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 31_536_000
    answer = Client(headers={"x-forwarded-proto": "https"}).get("/access/sign-in")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in Client().get("/access/sign-in").headers
