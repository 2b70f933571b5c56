"""Reading the mail that came in, through the wall: lists, one mail, its text, and how the mailboxes stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.models import Mail, MailboxStand, MailFeed, MailQuerySet
from pehra.intake.queries.finding import reader
from pehra.intake.rules.mail import letters
from pehra.intake.rules.mail.letters import Unreadable
from pehra.intake.rules.mail.sorting import Sort
from pehra.intake.rules.mail.states import MailState
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.vault import api as vault

PAGE_MAX = 200
SEARCH_CHARACTERS_MAX = 254
HEADERS_SHOWN = (
    "from",
    "reply-to",
    "to",
    "cc",
    "date",
    "subject",
    "message-id",
    "in-reply-to",
    "auto-submitted",
    "precedence",
    "list-id",
    "authentication-results",
)
HEADER_VALUES_MAX = 5
_NO_SUCH = "There is no such mail."


@dataclass(frozen=True, kw_only=True)
class FeedView:
    """Something of a mail on its way to the machine road, and what the road did with it."""

    name: str
    form: str
    state: str
    problem: str
    asked_at: datetime
    outcome: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class MailView:
    """A mail that came in: what it was sorted as and why, and what became of it."""

    id: UUID
    mailbox: str
    team: str
    sender_name: str
    sender_address: str
    subject: str
    message_id: str
    sent_at: datetime | None
    received_at: datetime
    size: int
    sha256: str
    is_whole: bool
    state: str
    sort: str
    why: str
    detail: str
    problem: str
    is_automatic: bool
    is_believed: bool
    signer: str
    verdict: str
    silent: str
    receipt_id: str
    report: str
    thread: UUID | None
    same_as: UUID | None
    files: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    feeds: tuple[FeedView, ...] = ()
    may_triage: bool = False


@dataclass(frozen=True, kw_only=True)
class MailText:
    """What a mail says, as text: read anew from what was kept, and never as HTML."""

    text: str
    links: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class MailFilter:
    """Which mails are asked for: of a state, a kind, and a sender, a subject or a report that holds some words."""

    state: str = ""
    sort: str = ""
    words: str = ""
    mailbox: str = ""


@dataclass(frozen=True, kw_only=True)
class MailPage:
    """A page of mails, newest first; `next` is the cursor of the page after it."""

    rows: tuple[MailView, ...]
    next: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class MailCounts:
    """How many mails stand where."""

    waiting: int = 0
    set_aside: int = 0
    failed_feeds: int = 0
    sorts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MailboxView:
    """How a mailbox stands: when it was last looked into, with what success, and what waits there still."""

    name: str
    team: str
    looked_at: datetime
    succeeded_at: datetime | None
    waiting: int
    problem: str


def readable(by: Actor) -> MailQuerySet:
    """Return the mails that the actor may read."""
    return Mail.objects.all().visible_to(by if by.is_system else reader(by))


def triagable(by: Actor) -> MailQuerySet:
    """Return the mails that the actor may decide about."""
    return Mail.objects.all().visible_to(by if by.is_system else reader(by, Permission.INTAKE_TRIAGE))


def visible(mail_id: UUID, *, by: Actor) -> Mail:
    """Return one mail that the actor may read."""
    row = readable(by).filter(id=mail_id).first()
    if row is None:
        raise NotVisible(_NO_SUCH)
    return row


def for_change(mail_id: UUID, *, by: Actor) -> Mail:
    """Return one mail with its row locked; refuse whoever may read it and not decide."""
    row = readable(by).filter(id=mail_id).select_for_update().first()
    if row is None:
        raise NotVisible(_NO_SUCH)
    access.require(by, Permission.INTAKE_TRIAGE, teams=row.teams)
    return row


def mails(
    *, by: Actor, wanted: MailFilter = MailFilter(), before: UUID | None = None, limit: int = 50
) -> MailPage:  # fmt: skip
    """Return a page of the mails that the actor may read, newest first."""
    rows = _matching(readable(by), wanted)
    if before is not None:
        rows = rows.filter(id__lt=before)
    size = max(1, min(limit, PAGE_MAX))
    found = list(rows.order_by("-id")[: size + 1])
    return MailPage(
        rows=tuple(_view(row) for row in found[:size]), next=found[size - 1].id if len(found) > size else None
    )


def _matching(rows: MailQuerySet, wanted: MailFilter) -> MailQuerySet:
    if wanted.state:
        if wanted.state not in list(MailState):
            raise Invalid(f"{wanted.state!r} is not a state of a mail", field="state")
        rows = rows.filter(state=wanted.state)
    if wanted.sort:
        if wanted.sort not in list(Sort):
            raise Invalid(f"{wanted.sort!r} is not a kind of mail", field="sort")
        rows = rows.filter(sort=wanted.sort)
    if wanted.mailbox:
        rows = rows.filter(mailbox=wanted.mailbox)
    words = wanted.words.strip()[:SEARCH_CHARACTERS_MAX].replace("\0", "")
    if words:
        rows = rows.filter(
            Q(sender_address__icontains=words)
            | Q(subject__icontains=words)
            | Q(message_id=words)
            | Q(report=words)
            | Q(sha256=words.lower())
        )
    return rows


def one_mail(*, mail_id: UUID, by: Actor) -> MailView:
    """Return one mail with what of it went on to the machine road."""
    row = visible(mail_id, by=by)
    feeds = [
        FeedView(
            name=one.name,
            form=one.form,
            state=one.state,
            problem=one.problem,
            asked_at=one.asked_at,
            outcome=one.outcome,
        )
        for one in row.feeds.order_by("id")
    ]
    return _view(row, feeds=tuple(feeds), may_triage=access.may(by, Permission.INTAKE_TRIAGE, teams=row.teams))


def mail_text(*, mail_id: UUID, by: Actor) -> MailText:
    """Return what a mail says, read from the vault; what cannot be read is said."""
    row = visible(mail_id, by=by)
    try:
        letter = letters.parsed(vault.read(row.sha256))
    except (Unreadable, vault.Broken) as problem:
        return MailText(text="", links=(), headers=(), problem=str(problem))
    shown = [
        (name, value)
        for name in HEADERS_SHOWN
        for value in list(letter.headers.get(name, ()))[:HEADER_VALUES_MAX]
    ]  # fmt: skip
    return MailText(
        text=letter.text,
        links=letter.links,
        headers=tuple((name, letters.shown(value)) for name, value in shown),
    )


def mail_counts(*, by: Actor) -> MailCounts:
    """Count the mails that the actor may read: what waits, what was set aside, and how many of each kind."""
    rows = readable(by)
    states = dict(rows.values_list("state").annotate(many=Count("id")).order_by("state"))
    sorts = dict(rows.exclude(sort="").values_list("sort").annotate(many=Count("id")).order_by("sort"))
    failed = MailFeed.objects.filter(state="failed", mail__in=rows).count()
    return MailCounts(
        waiting=states.get(MailState.WAITING, 0),
        set_aside=states.get(MailState.SET_ASIDE, 0),
        failed_feeds=failed,
        sorts=sorts,
    )


def mailboxes(*, by: Actor) -> list[MailboxView]:
    """Return how the mailboxes of the actor's teams stand."""
    rows = MailboxStand.objects.all().visible_to(by if by.is_system else reader(by)).order_by("name")
    return [
        MailboxView(
            name=row.name,
            team=row.team,
            looked_at=row.looked_at,
            succeeded_at=row.succeeded_at,
            waiting=row.waiting,
            problem=row.problem,
        )
        for row in rows
    ]


def _view(row: Mail, *, feeds: tuple[FeedView, ...] = (), may_triage: bool = False) -> MailView:
    same = ("id", "mailbox", "team", "sender_name", "sender_address", "subject", "message_id", "sent_at", "received_at",
            "size", "sha256", "is_whole", "state", "sort", "why", "detail", "problem", "is_automatic", "is_believed",
            "signer", "verdict", "silent", "receipt_id", "report", "thread")  # fmt: skip
    return MailView(
        **{name: getattr(row, name) for name in same},
        same_as=row.same_as_id,
        files=tuple(row.files),
        facts=dict(row.facts),
        feeds=feeds,
        may_triage=may_triage,
    )
