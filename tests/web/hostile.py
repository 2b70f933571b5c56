"""What a hostile member of the cast tries: every address there is, with the keys of everybody else's things.

Whose a thing is, is read in `whose` from its row by the table's owner, and not by asking the walls that are being
tried. The addresses come from the resolver: a page that is new is walked by itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from itertools import product
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Q
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from pehra.access.models import Grant, Person
from pehra.kernel.actors import Actor
from pehra.ledger.models import LedgerEntry
from tests.web import whose

EACH_MAX = 1  # keys of one table that are tried at one address
ABSENT_UUID = UUID("00000000-0000-7000-8000-00000000abcd")
ABSENT_TEXT = "PK-2020-009999"
ABSENT_ADDRESS = "nobody@nowhere.example"
ABSENT_NUMBER = 999_999
# The forms and tokens of a page differ each time; so do moments of asking.
EACH_TIME = re.compile(
    rb'(?<=csrfmiddlewaretoken" value=")[^"]+|(?<=name="secret" value=")[^"]+|(?<=name="once" value=")[^"]+'
    rb"|<time [^>]*>.*?</time>"
    rb'|"(?:at|asked_at)": ?"[^"]+"|pehra_[0-9A-Za-z]{49}'
)
_UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# By what a thing is asked for, where that is not its row's key.
KEY = {
    "incidents_incident": "reference",
    "intake_report": "reference",
    "threads_thread": "reference",
    "findings_notice": "reference",
    "ledger_entry": "identifier",
}
# What gives a thing away beside its key, whoever wrote it.
WORDS = ("email", "identifier", "message_id", "name", "reference", "title", "address")
# Nouns of addresses whose things are kept in the tables of another part.
NOUNS = {
    "leaks": ("signals",),
    "identity": ("access", "allauth"),
    "scim": ("access", "registry"),
    "account": ("access", "account", "mfa", "usersessions", "socialaccount"),
}
# What is beneath a thing is counted from one: it is there wherever the thing is, and by its number is nobody's.
FIRST = {"number": 1, "position": 1}
# Places of addresses that take a word of a few.
SPOKEN = {"act": ("close", "fixed", "verify"), "form": ("csv", "json")}
# What the places of addresses are called, where it is not what the table is; where it depends, by the noun.
STEMS = {"code": "organisation", "reference": "incident", "user_id": "directoryentry", "group_id": "directorygroup"}
STEMS_OF = {("intake", "reference"): "report", ("threads", "reference"): "thread"}


def _stem(name: str, noun: str) -> str:
    return STEMS_OF.get((noun, name)) or STEMS.get(name, name.removesuffix("_id"))


def _first(keys: Mapping[str, list[str]], name: str, noun: str) -> str:
    """The first key of what a place of an address names, if there is one: the noun's own table, or the nearest name."""
    named = [table for table, found in keys.items() if found and _is_called(table, _stem(name, noun))]
    if not named:
        return ""
    return keys[min(named, key=lambda table: (not table.startswith(NOUNS.get(noun, (noun,))), len(table)))][0]


def _is_called(table: str, stem: str) -> bool:
    """Whether a table is of what a place of an address names: by its own name, without its part's."""
    return stem in (table.partition("_")[2] or table)


@dataclass(kw_only=True)
class Foreign:
    """What is not somebody's: keys by table, and the words that would give it away."""

    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    own: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    uuids: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def found_in(self, text: str) -> list[str]:
        """The words of others that a text repeats."""
        return sorted(self.uuids & set(_UUIDS.findall(text)) | {word for word in self.words if word in text})

    def of(self, noun: str) -> Iterator[tuple[str, str]]:
        """Table and key of what is tried at the addresses of a noun: its own, and the organisations."""
        parts = NOUNS.get(noun, (noun,))
        tables = [table for table in self.keys if table.startswith(parts) or table == "registry_organisation"]
        for table in tables if len(tables) > 1 else self.keys:
            yield from ((table, key) for key in self.keys[table][:EACH_MAX])

    def around(self, takes: Iterable[tuple[str, str]], noun: str) -> list[dict[str, object]]:
        """What the places of an address hold beside the key that is tried: the walker's own, and then all of others."""
        return [
            {name: FIRST.get(name) or _first(keys, name, noun) or _absent(kind) for kind, name in takes}
            for keys in (self.own, self.keys)
        ]

    def asked_for(self, name: str, noun: str) -> list[tuple[str, str]]:
        """Table and key of what is tried in one place of an address: what its name says, and one thing besides."""
        every = list(self.of(noun))
        named = [(table, key) for table, key in every if _is_called(table, _stem(name, noun))]
        return named + [pair for pair in every if pair not in named][:1] if named else every


def foreign_to(actor: Actor) -> Foreign:
    """Return what an actor may not see, as its rows say themselves."""
    found, reader = Foreign(), whose.Reader(actor)
    mine: list[str] = []
    for table in whose.walled_tables():
        for row in whose.rows(table):
            key = str(getattr(row, KEY.get(table, "pk")))
            if whose.is_theirs(table, row, reader) or whose.is_decided_by(table, row, reader):
                mine.append(_text(row))
                found.own[table].append(key)
                continue
            found.keys[table].append(key)
            said = {key, str(row.pk), *(str(getattr(row, word, "") or "") for word in WORDS), *_secrets(row)}
            found.uuids |= {word for word in said if _is_uuid(word)}
            # A single word of a name may be anything's.
            found.words |= {
                word for word in said if len(word) > 5 and re.search(r"[ @\d]", word) and not _is_uuid(word)
            }
    # What something of their own names as well (a title, the subject of an entry) gives nothing away.
    named = _named_to(actor)
    text = "\n".join([*mine, *named])
    for table, keys in found.keys.items():
        # What was furnished has something in each of its places, and is tried first.
        found.keys[table] = sorted((key for key in keys if key not in named), key=_is_plain)
    found.words = {word for word in found.words if word not in text}
    found.uuids -= set(_UUIDS.findall(text))
    return found


def _is_plain(key: str) -> bool:
    return not key.lower().startswith("secret")


def _named_to(actor: Actor) -> set[str]:
    """What an actor reads elsewhere by right: who looks after the nation's people reads where roles are held."""
    if whose.PEOPLE_OF_THE_NATION not in actor.permissions:
        return set()
    return set(Grant.objects.values_list("organisation", flat=True))


def _text(row: models.Model) -> str:
    """All that a row says."""
    values = (getattr(row, column.attname) for column in row._meta.concrete_fields if not column.generated)
    return " ".join(str(bytes(value)) if isinstance(value, memoryview) else str(value) for value in values)


def _secrets(row: models.Model) -> list[str]:
    return re.findall(r"secret-\d+-\w+|secret-\d+@\S+", _text(row))


@dataclass(frozen=True, kw_only=True)
class Door:
    """One address of the resolver: its parts, and the names of what it takes."""

    route: str
    takes: tuple[tuple[str, str], ...]
    module: str

    def address(self, **values: object) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match.group(1)]), self.route)

    @property
    def noun(self) -> str:
        """The part that a door belongs to, by the first word of its address that is no more than a prefix."""
        return next(step for step in (*self.route.split("/"), "") if step not in ("api", "v1"))


@cache
def doors() -> tuple[Door, ...]:
    """Every address there is, from the root of all of them."""
    return tuple(sorted(_doors(get_resolver().url_patterns, ""), key=lambda door: door.route))


def _doors(patterns: Any, before: str) -> Iterator[Door]:
    for pattern in patterns:
        route = before + _plain(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _doors(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            takes = tuple((kind or "str", name) for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", route))
            yield Door(route=route, takes=takes, module=getattr(pattern.callback, "__module__", ""))


def _plain(pattern: str) -> str:
    """An address that was written as an expression, as one that is written with names."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<str:\1>", pattern).strip("^$").replace("\\", "").rstrip("Z")


@dataclass(frozen=True, kw_only=True)
class Try:
    """An address with somebody else's key, and the one that is the same but for a key that nobody has.

    `around` are the keys that both hold beside it: an answer may repeat them as well.
    """

    table: str
    theirs: str
    nobodys: str
    key: str
    absent: str
    around: tuple[str, ...]


def tries(door: Door, foreign: Foreign) -> Iterator[Try]:
    """Everything to try at an address, a part of it at a time; what else it takes is the walker's own, then others'."""
    places = [(kind, name) for kind, name in door.takes if name not in SPOKEN and name not in FIRST]
    arounds = foreign.around(door.takes, door.noun)[: len(places)]  # around a single key there is none
    for spoken, around, (kind, name) in product(_spoken(door), arounds, places):
        for table, key in foreign.asked_for(name, door.noun):
            fits = {"int": key.isdigit(), "uuid": _is_uuid(key), "uuidstr": _is_uuid(key)}
            if not fits.get(kind, len(key) > 3) or "/" in key:
                continue
            absent = like(key)
            yield Try(
                table=table,
                theirs=door.address(**around | spoken | {name: key}),
                nobodys=door.address(**around | spoken | {name: absent}),
                key=key,
                absent=absent,
                around=tuple(str(value) for value in around.values()),
            )


def _spoken(door: Door) -> list[dict[str, str]]:
    """The words that an address takes, each in turn."""
    words = [(name, SPOKEN[name]) for _kind, name in door.takes if name in SPOKEN]
    return [dict(zip((name for name, _ in words), chosen, strict=True)) for chosen in product(*(w for _, w in words))]


def like(key: str) -> str:
    """A key of the same form that nobody has."""
    if _is_uuid(key):
        return str(ABSENT_UUID)
    if key.isdigit():
        return str(ABSENT_NUMBER)
    return ABSENT_ADDRESS if "@" in key else ABSENT_TEXT


def beside(key: str) -> str:
    """A key that nobody has and that stands where this one does, in whatever order."""
    return key[:-1] + ("0" if key[-1] != "0" else "1")


def _absent(kind: str) -> object:
    return {"uuid": ABSENT_UUID, "uuidstr": ABSENT_UUID, "int": ABSENT_NUMBER}.get(kind, ABSENT_TEXT)


def _is_uuid(text: str) -> bool:
    return _UUIDS.fullmatch(text) is not None


@dataclass
class Field:
    """A field of a form, with what it holds; `written` is whether anything may be put there."""

    name: str
    value: str = ""
    written: bool = True


@dataclass
class Form:
    """A form of a page: where it leads and what it asks."""

    action: str
    method: str
    fields: list[Field] = field(default_factory=list)

    def filled(self, **changed: str) -> dict[str, str]:
        """What a browser would send, but for the fields that are changed."""
        return {one.name: changed.get(one.name, one.value or "curious") for one in self.fields}


class Page(HTMLParser):
    """The links and the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and said.get("href", "").startswith(("/", "?")):
            self.links.append(said["href"])
        elif tag == "form":
            self.forms.append(Form(action=said.get("action", ""), method=said.get("method", "get").upper()))
        elif tag in ("input", "select", "textarea", "button") and said.get("name") and self.forms:
            written = tag != "button" and said.get("type") not in ("submit", "checkbox", "radio", "file")
            self.forms[-1].fields.append(Field(said["name"], said.get("value", ""), written))
        elif tag == "option" and self.forms and self.forms[-1].fields and not self.forms[-1].fields[-1].value:
            self.forms[-1].fields[-1].value = said.get("value", "")


# A fault of ours, or a limit that would end the walk unseen; what is not implemented (501) is an answer.
FAILED = frozenset({429, 500, 502, 503, 504})
_OWN_TIME = ("Set-Cookie", "Content-Length", "Expires", "Last-Modified", "Date")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What an answer told: status, what stands in its headers, its body without what differs each time, acts done."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    acts: int = 0


@dataclass(kw_only=True)
class Walker:
    """Somebody who walks: how they ask, what they found, and how far they came."""

    client: Client
    foreign: Foreign
    headers: dict[str, str] = field(default_factory=dict)
    leaks: list[object] = field(default_factory=list)
    differences: list[object] = field(default_factory=list)
    failures: list[object] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)

    def ask(self, address: str, *, method: str = "GET", said: Any = None, hide: tuple[str, ...] = ()) -> Said:
        """Ask for an address; `hide` are the words that were asked for, which an answer may repeat. Acts are undone."""
        one = _ask(self.client, address, method=method, said=said, headers=self.headers, hide=hide)
        self.statuses[one.status] += 1
        self.methods[method] += 1
        if one.status in FAILED:
            self.failures.append((method, address, one.status))
        leaked = self.foreign.found_in(one.body + repr(one.headers))
        if leaked:
            self.leaks.append((method, address, one.status, leaked[:3]))
        return one

    def compare(self, one: Said, other: Said, *, method: str, address: str, key: str = "", said: object = None) -> None:
        """Note where what is another's is answered otherwise than what is nobody's; both may rightly name the key."""
        if _is_telling(key):
            other = replace(other, body=other.body.replace(key, "?"))
        # What was made twice has two names: then it is enough that as much was done.
        made = one.status == other.status and one.acts == other.acts and (one.acts > 0 or one.status == 201)
        if one != other and not made:
            self.differences.append((method, address, said, one.status, _differ(one, other)))


def _ask(
    client: Client, address: str, *, method: str, said: Any, headers: Mapping[str, str], hide: tuple[str, ...]
) -> Said:
    cookies = client.cookies.copy()
    with transaction.atomic():
        before = _last_act() if method != "GET" else 0
        answer = _send(client, address, method, said, headers)
        raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
        acts = LedgerEntry.objects.filter(number__gt=before).count() if method != "GET" else 0
        if method != "GET":
            transaction.set_rollback(True)
    if method != "GET":
        client.cookies = cookies
    told = {name: value for name, value in answer.headers.items() if name not in _OWN_TIME}
    if told.get("ETag") == f'"{sha256(raw).hexdigest()[:32]}"':
        told["ETag"] = "of the body"  # which is compared itself, without what it repeats
    body = EACH_TIME.sub(b"", raw).decode(errors="replace")
    for word in (*hide, str(ABSENT_NUMBER)):
        if word.isdigit():  # a number stands in many places: only where an address repeats it
            body = re.sub(rf"/({word}|{ABSENT_NUMBER})(?=[/\"?&])", "/?", body)
            told = {name: re.sub(rf"/({word}|{ABSENT_NUMBER})\b", "/?", value) for name, value in told.items()}
    for word in (*filter(_is_telling, hide), str(ABSENT_UUID), ABSENT_TEXT, ABSENT_ADDRESS):
        body = body.replace(word, "?")
        told = {name: value.replace(word, "?") for name, value in told.items()}
    return Said(status=answer.status_code, headers=tuple(sorted(told.items())), body=body, acts=acts)


def _is_telling(word: str) -> bool:
    return len(word) > 3


def _send(client: Client, address: str, method: str, said: Any, headers: Mapping[str, str]) -> Any:
    if method == "POST" and isinstance(said, dict):
        return client.post(address, said, headers=dict(headers))
    if method == "GET":
        return client.get(address, said or {}, headers=dict(headers))
    return client.generic(method, address, said or "", content_type="application/json", headers=dict(headers))


def _last_act() -> int:
    """The number of the last act that the ledger holds."""
    return LedgerEntry.objects.order_by("-number").values_list("number", flat=True).first() or 0


def _differ(one: Said, other: Said) -> object:
    """What is not the same, short enough to be read."""
    if (one.status, one.headers, one.acts) != (other.status, other.headers, other.acts):
        return other.status, set(one.headers) ^ set(other.headers), (one.acts, other.acts)
    lines = zip(one.body.splitlines(), other.body.splitlines(), strict=False)
    return next(((a[:200], b[:200]) for a, b in lines if a != b), "length")


@contextmanager
def first_wall_down(monkeypatch: Any) -> Iterator[None]:
    """Let every list and every row forget its filter, as if nobody had ever written one."""
    with monkeypatch.context() as patch:
        for model in apps.get_models():
            rows = type(model._default_manager.all())
            if hasattr(rows, "visible_to"):
                patch.setattr(rows, "visible_to", lambda rows, actor: rows.all())
        patch.setattr("pehra.findings.models.visible", lambda actor: Q())
        patch.setattr("pehra.incidents.models.incidents._visible", lambda actor: Q())
        patch.setattr("pehra.access.queries.people_visible_to", lambda by: Person.objects.all())
        patch.setattr("pehra.access.queries.readable", lambda by: Q())
        patch.setattr("pehra.access.queries._within", lambda reader: Q())
        patch.setattr("pehra.access.queries.sees_organisation", lambda code, by: True)
        yield


def fingerprint(tables: tuple[str, ...]) -> dict[str, str]:
    """Return what tables hold, as one digest each: what nobody changed is the same."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
            found[table] = cursor.fetchone()[0]
    return found
