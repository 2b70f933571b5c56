"""Every page there is, asked by every member of the cast with the keys of everybody else's things: nothing leaks.

Once as Pehra is; once with the application's filter switched off, so that the database's wall stands alone; and once
with both off, where the same walk must find leaks, or it could not find any.
"""

import re
import statistics
import time
from urllib.parse import urljoin, urlsplit

import pytest

from pehra.access.api import second_wall
from pehra.web import machines
from tests.web import furnished as furnishing
from tests.web import hostile
from tests.web.conftest import CAST

# The national CERT sees every organisation, and its duty officer all there is but other people's accounts.
WHO = sorted({*CAST, *furnishing.MORE})
ALONE = ["admin", "chief", "operator", "telecom"]
TIMED_TRIES = 40
PAGES_MAX = 20  # of one's own, that links lead to
FIELDS_MAX = 6  # of one form
POSTED = {
    "reason": "curious",
    "to": "open",
    "note": "curious",
    "state": "fixed",
    "severity": "low",
    "email": "a@b.example",
}
# Tables whose keys are put into the fields of forms: what people write down of each other's things.
TYPED = ("registry_organisation", "access_person", "findings_finding", "incidents_incident")
# Fields in which people name things of all kinds; in others one kind is enough.
NAMES = frozenset({"search", "q", "about", "subject", "person", "code", "organisation", "before", "after", "grant"})
# Fields that are read as plain words, or not at all.
UNREAD = frozenset(
    {"csrfmiddlewaretoken", "language", "next", "note", "password", "password1", "password2", "reason", "theme"}
)
# Addresses that no walk tries, with the reason.
SKIPPED = {
    r"(access|account)/sign-out": "ends the walker's own session",
}


def is_walked(door: hostile.Door) -> bool:
    """Whether a door is for browsers, and no exception."""
    if f"/{door.route}".startswith(machines.DOORS):
        return False
    return not any(re.fullmatch(pattern, door.route) for pattern in SKIPPED)


@pytest.fixture
def walked(furnished, signed_in):
    """A walk as somebody, and what they found."""

    def walk(who: str) -> hostile.Walker:
        walker = hostile.Walker(client=signed_in(who), foreign=hostile.foreign_to(furnished.actor(who)))
        walker.client.raise_request_exception = False  # a page that breaks is a finding, and the walk goes on
        pages: dict[str, str] = {}
        for door in filter(is_walked, hostile.doors()):
            walker.routes[door.route] += 1
            if door.takes:
                _try_keys(walker, door)
            else:
                pages[door.address()] = _try_list(walker, door)
        _read_on(walker, pages)
        forms: dict[object, tuple[str, hostile.Form]] = {}
        for address, body in pages.items():
            for form in hostile.Page(body).forms:
                forms.setdefault(_same_form(address, form), (address, form))
        for address, form in forms.values():
            _try_form(walker, address, form)
        return walker

    return walk


def _try_keys(walker: hostile.Walker, door: hostile.Door) -> None:
    nobodys: dict[tuple[str, str], hostile.Said] = {}
    for tried in hostile.tries(door, walker.foreign):
        walker.tables[tried.table] += 1
        for method, said in (("GET", None), ("POST", POSTED)):
            same = (tried.nobodys, method)
            if same not in nobodys:
                nobodys[same] = walker.ask(tried.nobodys, method=method, said=said, hide=(tried.absent, *tried.around))
            if nobodys[same].status == 405:
                continue  # refused before anything is looked up
            one = walker.ask(tried.theirs, method=method, said=said, hide=(tried.key, *tried.around))
            walker.compare(one, nobodys[same], method=method, address=tried.theirs, key=tried.key)


def _try_list(walker: hostile.Walker, door: hostile.Door) -> str:
    said = walker.ask(door.address())
    return said.body if said.status == 200 else ""


def _read_on(walker: hostile.Walker, pages: dict[str, str]) -> None:
    """Read the pages of one's own things: what they name of others is told as well."""
    waiting = [link for address, body in list(pages.items()) for link in _links(address, body)]
    seen = set(pages)
    while waiting and len(seen) < len(pages) + PAGES_MAX:
        address = waiting.pop(0)
        if address in seen or not is_own(address):
            continue
        seen.add(address)
        said = walker.ask(address)
        if said.status == 200:
            pages[address] = said.body
            waiting += _links(address, said.body)


def is_own(address: str) -> bool:
    return not address.startswith("/static/") and not any(
        re.fullmatch(pattern, urlsplit(address).path.strip("/")) for pattern in SKIPPED
    )


def _links(address: str, body: str) -> list[str]:
    # A page of each kind is enough: of twenty findings one is like the other.
    kinds: dict[str, str] = {}
    for link in hostile.Page(body).links:
        parts = urlsplit(urljoin(address, link))
        kind = re.sub(r"[0-9a-f-]{36}|PK-[\w-]+|org-\d+|\d+", "#", f"{parts.path}?{parts.query}")
        kinds.setdefault(kind, parts.path + (f"?{parts.query}" if parts.query else ""))
    return list(kinds.values())


def _same_form(address: str, form: hostile.Form) -> object:
    kind = re.sub(r"[0-9a-f-]{36}|PK-[\w-]+|org-\d+|\d+", "#", urlsplit(urljoin(address, form.action)).path)
    return form.method, kind, tuple(one.name for one in form.fields)


def _try_form(walker: hostile.Walker, address: str, form: hostile.Form) -> None:
    """Send a form with the key of another's thing in each of its fields, and with one that nobody has."""
    target = urlsplit(urljoin(address, form.action)).path
    if not is_own(target):
        return
    fields = [one.name for one in form.fields if one.written and one.name not in UNREAD]
    for name in fields[:FIELDS_MAX]:
        for table in TYPED if name in NAMES else TYPED[:1]:
            for key in walker.foreign.keys.get(table, [])[:1]:
                absent = hostile.like(key)
                theirs, nobodys = form.filled(**{name: key}), form.filled(**{name: absent})
                one = walker.ask(target, method=form.method, said=theirs, hide=(key,))
                other = walker.ask(target, method=form.method, said=nobodys, hide=(absent,))
                walker.compare(one, other, method=form.method, address=target, key=key, said=(name, table))


@pytest.mark.parametrize("who", WHO)
def test_nothing_of_others_is_told(who, walked):
    found = walked(who)
    assert found.leaks == []
    assert found.differences == []
    assert found.failures == []
    assert set(found.routes) == {door.route for door in hostile.doors() if is_walked(door)}
    assert found.statuses[404] > 60 or who in ("national", "lead")
    assert found.statuses[200] > (15 if who not in ("nobody", "council") else 3), found.statuses


@pytest.mark.parametrize("who", ALONE)
def test_nothing_of_others_is_told_when_only_the_second_wall_stands(who, walked, monkeypatch):
    with hostile.first_wall_down(monkeypatch):
        found = walked(who)
    assert found.leaks == []
    assert found.failures == []


@pytest.mark.parametrize("who", ["telecom", "river"])
def test_the_walk_finds_leaks_where_no_wall_stands(who, walked, monkeypatch):
    monkeypatch.setattr(second_wall, "_is_in_force", lambda: False)
    with hostile.first_wall_down(monkeypatch):
        found = walked(who)
    assert len(found.leaks) > 10
    assert any(leak[2] == 200 for leak in found.leaks)


def test_no_door_is_left_out_without_a_reason():
    left = [door.route for door in hostile.doors() if not is_walked(door)]
    machine = [route for route in left if f"/{route}".startswith(machines.DOORS)]
    assert len(left) - len(machine) <= 3, left
    assert len(hostile.doors()) - len(left) > 50


@pytest.mark.parametrize("kind", ["finding", "incident", "message", "entry", "organisation"])
def test_what_is_another_s_answers_no_later_than_what_is_nobody_s(kind, furnished, signed_in):
    addresses = {
        "finding": ("/findings/{}/", "findings_finding"),
        "incident": ("/incidents/{}/", "incidents_incident"),
        "message": ("/outbox/{}/", "outbox_message"),
        "entry": ("/ledger/{}/", "ledger_entry"),
        "organisation": ("/registry/organisations/{}/", "registry_organisation"),
    }
    address, table = addresses[kind]
    key = hostile.foreign_to(furnished.actor("hospital")).keys[table][0]
    absent = hostile.like(key) if kind != "organisation" else "org-9999"
    client = signed_in("hospital")
    took: dict[object, list[float]] = {key: [], absent: []}
    for _try in range(TIMED_TRIES):
        for asked, times in took.items():
            began = time.perf_counter()
            assert client.get(address.format(asked)).status_code == 404
            times.append(time.perf_counter() - began)
    theirs, nobodys = (statistics.median(times) for times in took.values())
    # A guard against a road that does more for what exists; what a stranger could measure is far coarser.
    assert abs(theirs - nobodys) < 0.25 * nobodys + 0.002, (theirs, nobodys)
