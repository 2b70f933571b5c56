"""What a hostile member of the cast tries: every address there is, with the ids of everybody else's things.

Whose a thing is, is read here from its row by the table's owner, and not by asking the walls that are being tried.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from pehra.access.models import Grant, Person
from pehra.findings.models import Finding, Notice
from pehra.incidents.models import Incident
from pehra.kernel.actors import Actor
from pehra.ledger.models import LedgerEntry
from pehra.outbox.models import Message
from pehra.registry.models import Organisation

EACH_MAX = 1  # ids of one kind that are tried at one address
_PEOPLE = "access.read@national"
ABSENT_UUID = UUID("00000000-0000-7000-8000-00000000abcd")
ABSENT_TEXT = "PK-2020-009999"
# The forms and tokens of a page differ each time; so do moments of asking.
EACH_TIME = re.compile(
    rb'(?<=csrfmiddlewaretoken" value=")[^"]+|(?<=class="quiet"><time )datetime=[^<]+<bdi>[^<]+'
    rb'|"(?:at|asked_at)": "[^"]+"'
)
# What the addresses of a noun take; everything is tried at the others.
KINDS = {
    "access": ("person", "grant", "token", "pending", "organisation"),
    "findings": ("finding", "notice"),
    "incidents": ("incident",),
    "ledger": ("entry",),
    "outbox": ("message",),
    "registry": ("organisation",),
}
FILTERS = ("search", "q", "organisation", "team", "kind", "before", "after", "subject", "about")


@dataclass(kw_only=True)
class Foreign:
    """What is not somebody's: ids by kind, and the words that would give it away."""

    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: set[str] = field(default_factory=set)

    def add(self, kind: str, key: object, *words: str) -> None:
        self.ids[kind].append(str(key))
        self.words |= {str(key), *(word for word in words if word)}


def foreign_to(actor: Actor) -> Foreign:
    """Return what an actor may not see, as its rows say themselves."""
    found = Foreign()
    teams, own = set(actor.teams), set(actor.organisations)
    seen = {row.code for row in Organisation.objects.all() if teams & set(row.teams) or row.code in own}
    for row in Organisation.objects.exclude(code__in=seen):
        found.add("organisation", row.code, row.name)
    for model, kind, name, words in (
        (Finding, "finding", "id", ()),
        (Message, "message", "id", ("message_id",)),
        (Incident, "incident", "reference", ("title", "id")),
        (Notice, "notice", "reference", ()),
    ):
        for row in model.objects.all():
            if not teams & set(row.teams) and row.organisation not in own:
                found.add(kind, getattr(row, name), *(str(getattr(row, word)) for word in words))
    for entry in LedgerEntry.objects.all():
        if not teams & set(entry.teams):
            found.add("entry", entry.identifier)
    _add_people(found, actor, seen)
    # What something of their own names as well (a title, the subject of an entry) gives nothing away.
    mine = "\n".join(
        [
            *(row.title for row in Incident.objects.all() if teams & set(row.teams) or row.organisation in own),
            *(f"{e.subject} {bytes(e.canonical)!r}" for e in LedgerEntry.objects.all() if teams & set(e.teams)),
            # Who reads about access for the whole nation reads where roles are held.
            *(Grant.objects.values_list("organisation", flat=True) if _PEOPLE in actor.permissions else ()),
        ]
    )
    found.words = {word for word in found.words if word not in mine}
    return found


def _add_people(found: Foreign, actor: Actor, organisations: set[str]) -> None:
    if _PEOPLE in actor.permissions:
        return
    near = Q(team__in=actor.teams) | Q(organisation__in=actor.organisations | organisations) | Q(person_id=actor.id)
    known = set(Grant.objects.filter(near).values_list("person_id", flat=True)) | {UUID(actor.id)}
    for person in Person.objects.exclude(id__in=known):
        found.add("person", person.id, person.email)
    for grant in Grant.objects.exclude(near):
        found.add("grant", grant.id)
    for model, kind in (("ApiToken", "token"), ("PendingAct", "pending")):
        holder = "holder_id" if kind == "token" else "person_id"
        for row in apps.get_model("access", model).objects.all():
            if getattr(row, holder) not in known:
                found.add(kind, row.id)


@dataclass(frozen=True, kw_only=True)
class Door:
    """One address of the resolver: its parts, and the names of what it takes."""

    route: str
    takes: tuple[tuple[str, str], ...]
    module: str

    def address(self, **values: object) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match.group(1)]), self.route)


def doors() -> list[Door]:
    """Every address there is, from the root of all of them."""
    return sorted(_doors(get_resolver().url_patterns, ""), key=lambda door: door.route)


def _doors(patterns: Any, before: str) -> Iterator[Door]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _doors(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and not re.search(r"[\^$(\\]", route):
            takes = tuple((kind or "str", name) for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route))
            yield Door(route=route, takes=takes, module=getattr(pattern.callback, "__module__", ""))


@dataclass(frozen=True, kw_only=True)
class Try:
    """An address with somebody else's id, and the one that is the same but for an id that nobody has."""

    theirs: str
    nobodys: str
    id: str
    absent: str


def tries(door: Door, foreign: Foreign) -> Iterator[Try]:
    """Everything to try at an address, a part of it at a time."""
    filled = {name: _absent(kind) for kind, name in door.takes}
    for kind, name in door.takes:
        kinds = KINDS.get(door.route.split("/", 1)[0], tuple(foreign.ids))
        for key in [key for kind_of in kinds for key in foreign.ids[kind_of][:EACH_MAX]]:
            if kind == "int" or (kind == "uuid" and not _is_uuid(key)):
                continue
            absent = str(ABSENT_UUID if _is_uuid(key) else _absent(kind))
            yield Try(
                theirs=door.address(**filled | {name: key}),
                nobodys=door.address(**filled | {name: absent}),
                id=key,
                absent=absent,
            )


def _absent(kind: str) -> object:
    return {"uuid": ABSENT_UUID, "int": 999_999}.get(kind, ABSENT_TEXT)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_OWN_TIME = ("Set-Cookie", "Content-Length", "Expires", "Last-Modified", "Date")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an answer told: status, what stands in its headers, and its body without what differs each time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def ask(client: Client, address: str, *, post: dict[str, str] | None = None, hide: tuple[str, ...] = ()) -> Said:
    """Ask for an address; `hide` are the words that were asked for, which an answer may repeat."""
    answer = client.get(address) if post is None else client.post(address, post)
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    body = EACH_TIME.sub(b"", raw).decode(errors="replace")
    headers = {name: value for name, value in answer.headers.items() if name not in _OWN_TIME}
    for word in (*hide, str(ABSENT_UUID), ABSENT_TEXT):
        body = body.replace(word, "?")
        headers = {name: value.replace(word, "?") for name, value in headers.items()}
    return Said(status=answer.status_code, headers=tuple(sorted(headers.items())), body=body)


@contextmanager
def first_wall_down(monkeypatch: Any) -> Iterator[None]:
    """Let every list and every row forget its filter, as if nobody had ever written one."""
    with monkeypatch.context() as patch:
        for model in apps.get_models():
            rows = type(model._default_manager.all())
            if hasattr(rows, "visible_to"):
                patch.setattr(rows, "visible_to", lambda rows, actor: rows.all())
        patch.setattr("pehra.findings.models.visible", lambda actor: Q())
        patch.setattr("pehra.incidents.models._visible", lambda actor: Q())
        patch.setattr("pehra.access.queries.people_visible_to", lambda by: Person.objects.all())
        patch.setattr("pehra.access.queries.readable", lambda by: Q())
        patch.setattr("pehra.access.queries._within", lambda reader: Q())
        yield


def fingerprint(tables: tuple[str, ...]) -> dict[str, str]:
    """Return what tables hold, as one digest each: what nobody changed is the same."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
            found[table] = cursor.fetchone()[0]
    return found
