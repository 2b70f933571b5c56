"""The second wall changes no page: what the first wall lets somebody read, the database lets them read as well.

Every page that a member of the cast can reach by links is asked for twice, with the database's wall and without it. A
difference means that the database hides something that is theirs (a name, a count), or that a list forgot its filter.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from pehra.access.api import second_wall
from tests.web.conftest import CAST

STARTS = (
    "/",
    "/registry/who?q=198.18.1.7%0A198.18.2.7%0A198.18.3.9%0Adeeds.example%0A203.0.113.9",
    "/findings/?search=198.18",
)
PAGES_MAX = 50
# What differs each time: the form's token, and the moment of asking.
EACH_TIME = re.compile(rb'(?<=csrfmiddlewaretoken" value=")[^"]+|(?<=class="quiet"><time )datetime=[^<]+<bdi>[^<]+')


class Links(HTMLParser):
    """The addresses that a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def crawled(client) -> dict[str, tuple[int, bytes]]:
    """Every page that links lead to, without the parts that differ each time."""
    waiting, seen = list(STARTS), {}
    while waiting and len(seen) < PAGES_MAX:
        address = waiting.pop(0)
        if address in seen:
            continue
        answer = client.get(address)
        body = EACH_TIME.sub(b"", b"" if answer.streaming else answer.content)
        seen[address] = (answer.status_code, body)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            waiting += sorted(onward(address, body.decode()))
    return seen


def onward(address: str, page: str) -> Iterator[str]:
    links = Links()
    links.feed(page)
    for link in set(links.found):
        parts = urlsplit(urljoin(f"http://testserver{address}", link))
        if parts.netloc == "testserver" and not parts.path.startswith("/static/"):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


@pytest.mark.parametrize("who", sorted(CAST))
def test_every_page_is_the_same_with_the_second_wall_and_without(who, country, signed_in, monkeypatch):
    client = signed_in(who)
    walled = crawled(client)
    monkeypatch.setattr(second_wall, "_is_in_force", lambda: False)
    bare = crawled(client)
    different = [address for address in bare if bare[address] != walled.get(address)]
    assert not different, (len(bare), different[:10], _first_difference(walled, bare, different))
    assert len(bare) > (3 if who != "nobody" else 0)


def _first_difference(walled, bare, different) -> object:
    if not different or different[0] not in walled:
        return None
    one, other = walled[different[0]][1].decode().splitlines(), bare[different[0]][1].decode().splitlines()
    return [(a, b) for a, b in zip(one, other, strict=False) if a != b][:3]
