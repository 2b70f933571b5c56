"""A relying service by hand: what it sends to the provider and what it makes of the answer, step by step."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt as independent
from django.test import Client

from pehra.access import api
from pehra.access.api import services
from pehra.kernel import clock

BACK = "https://tickets.example/back"
AWAY = "https://tickets.example/bye"
ALL = "openid profile email pehra"


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def sign_in(person: Any, browser: Client | None = None) -> Client:
    """A browser in which somebody came in by a link."""
    browser = browser or Client()
    from pehra.kernel.actors import system

    link = api.issue_link(person_id=person, by=system("test"), at=clock.now())
    assert browser.post(f"/access/link/{link}").status_code == 302
    return browser


@dataclass
class Relying:
    """One service: where it sends a browser, and what it asks the provider itself."""

    made: services.NewService
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(40))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(10))
    state: str = "a state"

    @property
    def client_id(self) -> str:
        return self.made.client_id

    def asked(self, **changed: Any) -> dict[str, str]:
        """The question as the standard has it; None leaves a parameter out."""
        whole = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": ALL,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        } | changed
        return {name: value for name, value in whole.items() if value is not None}

    def authorize(self, browser: Client, **changed: Any) -> Any:
        headers = changed.pop("headers", {})
        return browser.get("/identity/o/authorize", self.asked(**changed), headers=headers)

    def sent_back(self, browser: Client, **changed: Any) -> dict[str, str]:
        """What came back to the service by the browser."""
        answer = self.authorize(browser, **changed)
        assert answer.status_code == 302, answer.content
        return back_of(answer)

    def code(self, browser: Client, **changed: Any) -> str:
        found = self.sent_back(browser, **changed)
        assert found["state"] == self.state
        assert found["iss"] == api.issuer()
        return found["code"]

    def ask(self, path: str, **form: Any) -> Any:
        """Ask the provider directly, with the secret where there is one."""
        headers = {}
        form = {name: value for name, value in form.items() if value is not None}
        if self.made.secret:
            pair = base64.b64encode(f"{self.client_id}:{self.made.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            form.setdefault("client_id", self.client_id)
        body = urlencode(form)
        kind = "application/x-www-form-urlencoded;charset=UTF-8"
        return Client().post(f"/identity/o/{path}", body, content_type=kind, headers=headers)

    def redeem(self, code: str, **changed: Any) -> Any:
        form = {"redirect_uri": BACK, "code_verifier": self.verifier} | changed
        return self.ask("token", grant_type="authorization_code", code=code, **form)

    def tokens(self, browser: Client, **changed: Any) -> dict[str, Any]:
        answer = self.redeem(self.code(browser, **changed))
        assert answer.status_code == 200, answer.content
        return answer.json()

    def refresh(self, token: str, **changed: Any) -> Any:
        return self.ask("token", grant_type="refresh_token", refresh_token=token, **changed)

    def userinfo(self, token: str) -> Any:
        return Client().get("/identity/o/userinfo", headers={"Authorization": f"Bearer {token}"})

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token, read by another library with the published keys alone."""
        return read(token, audience=self.client_id)


def back_of(answer: Any) -> dict[str, str]:
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def read(token: str, *, audience: str) -> dict[str, Any]:
    keys = independent.PyJWKSet.from_dict(Client().get("/.well-known/jwks.json").json())
    kid = independent.get_unverified_header(token)["kid"]
    return independent.decode(token, keys[kid], algorithms=["RS256"], audience=audience, issuer=api.issuer())


def refused(answer, error, status=400):
    """An OAuth refusal, kept by no cache."""
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == error
    assert "no-store" in answer["Cache-Control"]
