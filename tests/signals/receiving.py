"""A receiver of security event tokens, written with PyJWT: the sender signs with another library.

It verifies what RFC 8417 and the Shared Signals Framework ask of it: the key by `jwks_uri`, the algorithm pinned, the
`typ`, `iss` and `aud`, one event, no `sub` and no `exp`.
"""

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from django.test import Client

from pehra.access import api as access


class Unverified(Exception):
    """A token that a receiver must not believe."""


def verified(token: str, *, jwks: Mapping[str, Any], issuer: str, audience: str) -> dict[str, Any]:
    """Return the claims of a token, or refuse it."""
    header = jwt.get_unverified_header(token)
    if header.get("typ") != "secevent+jwt":
        raise Unverified("not a security event token")
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(dict(jwks)).keys}
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[header["kid"]].key,
        algorithms=["RS256"],
        audience=audience,
        issuer=issuer,
        options={"require": ["iss", "aud", "iat", "jti"], "verify_iat": False},
    )
    if "sub" in claims or "exp" in claims or len(claims["events"]) != 1 or "sub_id" not in claims:
        raise Unverified("not as the framework profiles it")
    return claims


class Receiver:
    """A receiver's HTTP server on a loopback address, which takes, refuses, hangs or babbles as it is told to."""

    def __init__(self, *, status: int = 202, body: bytes = b"", media_type: str = "application/json",
                 slow: float = 0.0, drip: bool = False, location: str = "", huge: int = 0) -> None:  # fmt: skip
        self.status, self.body, self.media_type = status, body, media_type
        self.slow, self.drip, self.location, self.huge = slow, drip, location, huge
        self.calls: list[tuple[dict[str, str], str]] = []
        self.open = threading.Event()
        outer = self

        class Handling(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                outer.calls.append((dict(self.headers.items()), text))
                try:
                    outer._answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handling)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.slow:
            self.open.wait(self.slow)
        request.send_response(self.status)
        if self.location:
            request.send_header("Location", self.location)
        if self.body or self.drip or self.huge:
            request.send_header("Content-Type", self.media_type)
        length = self.huge or (1_000_000 if self.drip else len(self.body))
        request.send_header("Content-Length", str(length))
        request.end_headers()
        if self.drip:
            for _second in range(1_000):
                request.wfile.write(b" ")
                if self.open.wait(0.05):
                    return
        sent = 0
        while sent < self.huge:
            sent += request.wfile.write(b"x" * 65_536)
        request.wfile.write(self.body)

    @property
    def url(self) -> str:
        """Return where it is called."""
        return f"http://127.0.0.1:{self.server.server_port}/events"

    @property
    def tokens(self) -> list[str]:
        """Return the tokens it was sent, in order."""
        return [text for _headers, text in self.calls]

    def close(self) -> None:
        """End it, and whoever hangs in it."""
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
        time.sleep(0)


class WebReceiver:
    """A receiver's program at the node's addresses: it brings its token, and JSON."""

    def __init__(self, token: str = "") -> None:
        self.client, self.headers = Client(), {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, said: object = None) -> Any:
        """Return the answer to one request."""
        text = said if isinstance(said, str | bytes) else "" if said is None else json.dumps(said)
        return self.client.generic(method, path, text, content_type="application/json", headers=self.headers)

    def make(self, *events: str, **delivery: str) -> dict[str, Any]:
        """Make the stream; return its configuration."""
        said: dict[str, Any] = {"events_requested": list(events)}
        if delivery:
            said["delivery"] = delivery
        answer = self.call("POST", "/signals/streams", said)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def poll(self, stream: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        """Return what one poll brings."""
        path = stream["delivery"]["endpoint_url"].removeprefix(access.issuer())
        answer = self.call("POST", path, said)
        assert answer.status_code == 200, answer.content
        return answer.json()
