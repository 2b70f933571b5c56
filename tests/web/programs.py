"""Programs that call REST in tests, as a program would: a token, JSON, nothing of a browser."""

import json
from typing import Any

from django.test import Client

API = "/api/v1"


class Program:
    """A program that brings a token, or none."""

    def __init__(self, token: str = "") -> None:
        self.client, self.token = Client(), token

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: object) -> Any:
        return self.client.get(API + path, query, headers=self._headers(headers))

    def post(self, path: str, said: object, *, headers: dict[str, str] | None = None) -> Any:
        text = said if isinstance(said, str | bytes) else json.dumps(said)
        return self.client.post(API + path, text, "application/json", headers=self._headers(headers))

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        said = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return said | (more or {})
