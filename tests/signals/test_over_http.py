"""A receiver from outside, over real HTTP: it finds everything by the configuration, and verifies by `jwks_uri`.

Nothing of Pehra is imported on its side: an HTTP client of the standard library and PyJWT.
"""

import json
import urllib.error
import urllib.request
from typing import Any

import jwt
import pytest

from pehra.signals import api
from pehra.signals.models import Stream
from pehra.signals.rules import events

pytestmark = [pytest.mark.enable_socket, pytest.mark.django_db(transaction=True)]


class Outsider:
    """A receiver's program: an address to begin at, and a token."""

    def __init__(self, base: str, token: str) -> None:
        self.token = token
        self.configuration = self.call("GET", f"{base}/.well-known/ssf-configuration")

    def call(self, method: str, url: str, said: object = None) -> Any:
        """Return the JSON of one answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        text = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(url, data=text, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def verified(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of a token, by the key that the configuration leads to."""
        assert jwt.get_unverified_header(token)["typ"] == "secevent+jwt"
        key = jwt.PyJWKClient(self.configuration["jwks_uri"], timeout=20).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=audience,
            issuer=self.configuration["issuer"],
            options={"verify_iat": False},
        )
        return claims


def test_a_receiver_finds_makes_polls_verifies_and_acknowledges(
    live_server, settings, relying, somebody, happens, at, machine
):
    settings.PEHRA_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    service = relying("tickets")
    outsider = Outsider(live_server.url, service.token_now())
    conf = outsider.configuration
    made = outsider.call("POST", conf["configuration_endpoint"], {"events_requested": [events.ACCOUNT_DISABLED]})
    Stream.objects.update(created_at=at)
    person = somebody("amna", service)
    happens("access.person.closed", person, at=at)

    outsider.call("POST", conf["verification_endpoint"], {"stream_id": made["stream_id"], "state": "are you there?"})
    page = outsider.call("POST", made["delivery"]["endpoint_url"], {"returnImmediately": True})
    first, second = (outsider.verified(token, made["aud"]) for token in page["sets"].values())
    assert first["sub_id"] == {"format": "iss_sub", "iss": conf["issuer"], "sub": str(person)}
    assert list(first["events"]) == [events.ACCOUNT_DISABLED]
    assert second["events"] == {events.VERIFICATION: {"state": "are you there?"}}
    rest = outsider.call("POST", made["delivery"]["endpoint_url"], {"ack": list(page["sets"])})
    assert rest == {"sets": {}, "moreAvailable": False}
    assert api.streams(by=machine, at=at)[0].waiting == 0

    outsider.token = "pehra_wrong"
    with pytest.raises(urllib.error.HTTPError) as refused:
        outsider.call("GET", conf["configuration_endpoint"])
    assert refused.value.code == 401
    refused.value.close()
