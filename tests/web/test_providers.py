"""Coming in by another organisation's sign-in, against a provider that runs here and lies on demand."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from click.testing import CliRunner
from django.core.cache import cache
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from pehra.access import api as access
from pehra.access.commands import commands
from pehra.access.models import Person
from pehra.access.rules.providers import parsed
from pehra.kernel import clock
from pehra.kernel.refusals import Fault, Invalid
from pehra.ledger import api as ledger

pytestmark = pytest.mark.enable_socket
EMAIL = "national@cast.example"


class FakeProvider:
    """A provider of OpenID Connect: gives what it was told to give, and checks what a client must prove."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.signing_key = self.key
        self.claims: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.refused = ""
        self.authorization = ""

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys", **self.about,
            }  # fmt: skip
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return self.token(form)

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["code_challenge"] != challenge.rstrip(b"=").decode():
            return 400, {"error": "invalid_grant"}
        if asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": "pehra", "sub": "one", "iat": now, "exp": now + 300,
                  "nonce": asked["nonce"], "email": EMAIL, "email_verified": True, **self.claims}  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signing_key)
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}

    def authorize(self, address: str) -> dict[str, str]:
        """What a browser brings back after somebody signed in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    fake = FakeProvider()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize"):
                said = fake.authorize(self.path)
                self.send_response(302)
                self.send_header("Location", f"{fake.codes[said['code']]['redirect_uri']}?{urlencode(said)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._say(*fake.answer(self.path, {}))

        def do_POST(self) -> None:
            fake.authorization = self.headers.get("Authorization", "")
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*fake.answer(self.path, {name: values[0] for name, values in parse_qs(body).items()}))

        def _say(self, status: int, said: dict[str, Any]) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    fake.issuer = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


def write(settings, provider: FakeProvider, **more: object) -> None:
    """Write the operator's file."""
    said = {"id": "ministry", "name": "Ministry", "issuer": provider.issuer, "client_id": "pehra", **more}  # type: ignore[attr-defined]
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items()]
    (settings.PEHRA_DATA / "providers.toml").write_text("[[provider]]\n" + "\n".join(lines) + "\n")


@pytest.fixture
def ministry(country, settings, provider, tmp_path) -> FakeProvider:
    """A provider that the operator believes for addresses of its own domain."""
    settings.PEHRA_DATA = tmp_path
    cache.clear()
    write(settings, provider, trusted_domains=["cast.example"])
    return provider


def lead(browser: Client, where: str = "/access/providers/ministry/", **form: str) -> str:
    """Press the button; return where the page leads."""
    answer = browser.post(where, form)
    assert answer.status_code == 200, answer.headers.get("Location")
    return re.fullmatch(r"0; url=(.+)", answer.headers["Refresh"])[1]  # type: ignore[index]


def back(browser: Client, said: dict[str, str]):
    return browser.get("/access/providers/ministry/back", said)


def come_in(ministry: FakeProvider, browser: Client | None = None, **form: str):
    browser = browser or Client()
    return browser, back(browser, ministry.authorize(lead(browser, **form)))


def is_in(browser: Client) -> bool:
    return bool(browser.get("/law/").status_code == 200)


def test_a_verified_address_of_a_believed_domain_lets_in(ministry):
    assert "Sign in at Ministry" in Client().get("/access/sign-in").text
    browser, answer = come_in(ministry, next="/law/")
    assert answer.headers["Location"] == "/law/"
    assert is_in(browser)


def test_a_file_that_cannot_be_read_shuts_nobody_out(ministry, settings):
    (settings.PEHRA_DATA / "providers.toml").write_text("[[provider]]\nid = 1\n")
    assert Client().get("/access/sign-in").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "national@elsewhere.example"},
        {"email": "absent@cast.example"},
        {"email": "national@cast.example@cast.example"},
        {"email": None},
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["pehra", "another"]},
        {"aud": ["pehra", "another"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"iat": 1},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": None},
    ],
)
def test_every_other_word_lets_nobody_in(ministry, claims):
    people = Person.objects.count()
    ministry.claims = claims
    browser, answer = come_in(ministry)
    assert answer.headers["Location"] == "/access/sign-in"
    assert not is_in(browser)
    assert Person.objects.count() == people, "nobody is signed up"


def test_a_token_by_another_key_lets_nobody_in(ministry):
    ministry.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    browser, _answer = come_in(ministry)
    assert not is_in(browser)


@pytest.mark.parametrize("wrong", ["state", "code", "none", "twice", "another browser", "another issuer", "refused"])
def test_an_answer_is_taken_once_from_the_browser_that_asked(ministry, wrong):
    browser = Client()
    said = ministry.authorize(lead(browser))
    match wrong:
        case "state":
            said["state"] = "another"
        case "code":
            said["code"] = "another"
        case "none":
            said = {}
        case "refused":
            said = {"error": "access_denied", "state": said["state"]}
        case "another issuer":
            said["iss"] = "https://other.example"
        case "twice":
            assert back(browser, said).status_code == 302
            browser.post("/access/sign-out")
        case "another browser":
            browser = Client()
    assert back(browser, said).headers["Location"] == "/access/sign-in"
    assert not is_in(browser)


def test_without_a_believed_domain_only_a_link_lets_in(ministry, country, signed_in, settings):
    write(settings, ministry)
    ministry.claims = {"email": "private@mail.example", "sub": "her-account"}
    assert not is_in(come_in(ministry)[0])
    own = signed_in("national")
    said = ministry.authorize(lead(own, "/access/providers/ministry/link"))
    assert back(own, said).headers["Location"] == "/access/providers/"
    assert "linked" in own.get("/access/providers/").text
    assert is_in(come_in(ministry)[0])
    events = ledger.history(subject=f"person:{country.people['national']}", by=country.by)
    assert {"change": "create", "kind": "provider", "provider": "ministry"} in [entry.facts for entry in events]
    thief = signed_in("telecom")
    back(thief, ministry.authorize(lead(thief, "/access/providers/ministry/link")))
    assert "not linked" in thief.get("/access/providers/").text
    assert own.post("/access/providers/ministry/end").status_code == 302
    assert not is_in(come_in(ministry)[0])


def test_an_address_that_moved_on_is_not_the_person_who_linked_another_account(ministry, signed_in):
    own = signed_in("national")
    ministry.claims = {"sub": "hers"}
    back(own, ministry.authorize(lead(own, "/access/providers/ministry/link")))
    ministry.claims = {"sub": "her-successor's"}
    assert not is_in(come_in(ministry)[0])


def test_a_closed_person_and_a_program_are_not_let_in(ministry, country):
    access.close_person(person_id=country.people["national"], reason="left", by=country.by, at=clock.now())
    assert not is_in(come_in(ministry)[0])
    access.add_service_account(name="Tickets", email="tickets@cast.example", by=country.by, at=clock.now())
    ministry.claims = {"email": "tickets@cast.example"}
    assert not is_in(come_in(ministry)[0])


@pytest.mark.parametrize(
    ("written", "claims", "enough"),
    [
        ({"second_factor_amr": ["mfa"]}, {"amr": ["pwd", "mfa"]}, True),
        ({"second_factor_acr": ["https://refeds.example/mfa"]}, {"acr": "https://refeds.example/mfa"}, True),
        ({}, {"amr": ["pwd", "mfa"]}, False),
        ({"second_factor_amr": ["mfa"]}, {"amr": ["pwd"]}, False),
        ({"second_factor_amr": ["mfa"]}, {"amr": "mfa"}, False),
        ({"second_factor_amr": ["mfa"]}, {}, False),
    ],
)
def test_a_second_factor_counts_only_where_the_operator_wrote_so(ministry, settings, written, claims, enough):
    settings.PEHRA_MFA_REQUIRED = True
    write(settings, ministry, trusted_domains=["cast.example"], **written)
    ministry.claims = claims
    browser, answer = come_in(ministry)
    assert answer.status_code == 302
    assert is_in(browser) is enough


def test_a_client_proves_itself_by_its_secret(ministry, settings):
    settings.PEHRA_PROVIDER_SECRETS = {"ministry": "s3cret"}
    assert is_in(come_in(ministry)[0])
    assert base64.b64decode(ministry.authorization.removeprefix("Basic ")) == b"pehra:s3cret"


@pytest.mark.parametrize(("mode", "works"), [(0o600, True), (0o640, False), (0o604, False)])
def test_a_secret_that_others_can_read_is_not_used(ministry, settings, mode, works):
    path = settings.PEHRA_DATA / "ministry.secret"
    path.write_text("s3cret\n")
    path.chmod(mode)
    write(settings, ministry, trusted_domains=["cast.example"], secret_file="ministry.secret")
    assert is_in(come_in(ministry)[0]) is works
    assert bool(access.provider_flaws("ministry")) is not works


def test_a_provider_that_is_down_is_said_so(ministry, settings):
    write(settings, ministry, issuer="http://127.0.0.1:9")
    answer = Client().post("/access/providers/ministry/")
    assert answer.headers["Location"] == "/access/sign-in"
    assert Client().post("/access/providers/none/").status_code == 404


@pytest.mark.parametrize(
    "about",
    [{"issuer": "https://other.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": None}],
)
def test_a_description_that_is_not_right_is_refused(ministry, about):
    ministry.about = about
    assert Client().post("/access/providers/ministry/").headers["Location"] == "/access/sign-in"
    assert access.provider_flaws("ministry")


@pytest.mark.parametrize("hostile", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
def test_it_leads_home_afterwards(ministry, hostile):
    _browser, answer = come_in(ministry, next=hostile)
    assert answer.headers["Location"] == "/"


GOOD = {"id": "a", "name": "A", "issuer": "https://a.example", "client_id": "c"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": [{**GOOD, "extra": 1}]},
        {"provider": [{**GOOD, "issuer": "http://a.example"}]},
        {"provider": [{**GOOD, "issuer": "https://u:p@a.example"}]},
        {"provider": [{**GOOD, "issuer": "https://a.example/?x=1"}]},
        {"provider": [{**GOOD, "id": "A b"}]},
        {"provider": [{**GOOD, "name": ""}]},
        {"provider": [{**GOOD, "trusted_domains": "a.example"}]},
        {"provider": [{**GOOD, "second_factor_amr": [1]}]},
        {"provider": [GOOD, GOOD]},
        {"provider": [{"id": "a"}]},
        {"provider": {}},
        {"providers": []},
    ],
)
def test_a_file_that_says_too_much_or_too_little_is_refused(wrong):
    with pytest.raises(Invalid):
        parsed(wrong)


def test_the_command_lists_and_checks(ministry, settings):
    said = CliRunner().invoke(commands, ["providers", "--check"])
    assert said.exit_code == 0, said.output
    assert said.output.startswith("ministry\tMinistry\t")
    ministry.about = {"issuer": "https://other.example"}
    cache.clear()
    checked = CliRunner().invoke(commands, ["providers", "--check", "--json"])
    assert checked.exit_code == 1
    assert json.loads(checked.stdout)[0]["flaws"]
    (settings.PEHRA_DATA / "providers.toml").write_text("[[provider]]\nid = 1\n")
    assert isinstance(CliRunner().invoke(commands, ["providers"]).exception, Fault)
