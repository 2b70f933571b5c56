"""Webhooks: a program elsewhere posts what it saw, in its own words, and needs nothing but its secret.

What it calls a matter makes two posts about it one report with two submissions; the very same post again is the same
receipt. What cannot be mapped is kept all the same, and stands in the queue as a report that could not be read.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.intake.api.receiving import add, receive
from pehra.intake.gateways import turns
from pehra.intake.models import Report, Submission, Webhook
from pehra.intake.queries import reader
from pehra.intake.rules import mapping as rules
from pehra.intake.rules import saying
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.saying import NAME_LENGTH_MAX, Receipt, Reporter, Said
from pehra.kernel.actors import Actor, system
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger

SECRET_BYTES = 24
USED_NOTED_EVERY = timedelta(minutes=1)  # else every post of a flood would write to one row
UNREADABLE_CHARACTERS = 20_000


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """A webhook as its team sees it."""

    id: UUID
    name: str
    team: str
    mapping: Mapping[str, Sequence[str]]
    created_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """A webhook that was just made, with its secret: shown once, kept nowhere."""

    webhook: WebhookView
    secret: str


@transaction.atomic
def add_webhook(*, name: str, team: str, mapping: Mapping[str, Sequence[str]], by: Actor, at: datetime) -> NewWebhook:
    """Make a webhook of a team; its reports are that team's where they do not say whose they are."""
    access.require(by, Permission.INCIDENTS_IMPORT, teams=[team])
    access.require_known_team(team)
    words = " ".join(name.split())
    if not words or len(words) > NAME_LENGTH_MAX:
        raise Invalid(f"a webhook needs a name of at most {NAME_LENGTH_MAX} characters", field="name")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = Webhook(
        id=new_id(at),
        name=words,
        team=team,
        mapping=rules.checked(mapping),
        secret_sha256=_digest(secret),
        created_by=by.id,
        created_at=at,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Invalid("the team has a webhook of this name", field="name") from error
    facts = {"name": words, "parts": sorted(row.mapping)}
    ledger.record("intake.webhook.added", subject=f"webhook:{row.id}", by=by, at=at, teams=[team], facts=facts)
    return NewWebhook(webhook=_view(row), secret=secret)


@transaction.atomic
def end_webhook(*, webhook_id: UUID, by: Actor, at: datetime) -> WebhookView:
    """End a webhook: what it posts from now on is refused, what it posted stays."""
    row = _mine(by).filter(id=webhook_id).select_for_update().first()
    if row is None:
        raise NotVisible("there is no such webhook")
    access.require(by, Permission.INCIDENTS_IMPORT, teams=[row.team])
    if row.ended_at is None:
        row.ended_at = at
        row.save(update_fields=["ended_at"])
        ledger.record("intake.webhook.ended", subject=f"webhook:{row.id}", by=by, at=at, teams=[row.team], facts={})
    return _view(row)


def webhooks(*, by: Actor) -> list[WebhookView]:
    """Return the webhooks of the actor's teams, by name."""
    return [_view(row) for row in _mine(by).order_by("name", "id")]


def _mine(by: Actor) -> Any:
    return Webhook.objects.all().visible_to(reader(by))


@transaction.atomic
def receive_hook(
    *, webhook_id: UUID, secret: str, raw: bytes, media_type: str = "application/json", once: str = "", at: datetime
) -> Receipt:
    """Take in what a webhook posts. Who has no secret is told that there is no such place."""
    with access.elevated(part="intake.webhooks"):
        row = Webhook.objects.filter(id=webhook_id, secret_sha256=_digest(secret), ended_at__isnull=True).first()
        if row is None:
            raise NotVisible("there is no such webhook")
        if row.last_used_at is None or row.last_used_at <= at - USED_NOTED_EVERY:
            Webhook.objects.filter(id=row.id).update(last_used_at=at)
    said, source_ref, problem = _understood(raw, row.mapping)
    by, source = system("intake"), f"webhook:{row.id}"
    known = _known(source, saying.short_key(source_ref))
    words = {
        "channel": Channel.WEBHOOK,
        "raw": raw,
        "media_type": media_type,
        "source": source,
        "source_ref": source_ref,
        "once": _once(source, source_ref, raw, key=once),
        "by": by,
        "at": at,
    }
    if known is not None:
        return _added(known, said, problem, words)
    try:
        return _received(row, said, problem, words)
    except Invalid as refusal:
        # The profile does not know a word of theirs: what they say is taken in as text, for a person to read.
        return _received(row, _as_text(raw), f"{refusal.field}: {refusal.message}", words)


def _once(source: str, source_ref: str, raw: bytes, *, key: str) -> str:
    """Return what makes a post the same as another of its webhook: all of them act as Pehra, and keys are short words.

    What has a name at its source is the same when its bytes are; what has none may be said twice and meant so.
    """
    if key:
        return f"{source}\0{key}"
    return f"{source}:{source_ref}:{sha256(raw).hexdigest()}" if source_ref else ""


def _received(row: Webhook, said: Said, problem: str, words: dict[str, Any]) -> Receipt:
    who = Reporter(name=row.name, verified=True)
    return receive(said=said, reporter=who, language="", problem=problem, team=row.team, **words)


def _added(known: Report, said: Said, problem: str, words: dict[str, Any]) -> Receipt:
    more = Said(description=said.description) if problem else said
    try:
        return add(reference=known.reference, said=more, **words)
    except Invalid:
        return add(reference=known.reference, said=_as_text(said.description.encode()), **words)


def _understood(raw: bytes, mapping: Mapping[str, Sequence[str]]) -> tuple[Said, str, str]:
    """Return what a post says, its name at its source, and why it could not be read, if so."""
    try:
        said, source_ref = rules.said_by(rules.read(raw), mapping)
    except Invalid as refusal:
        return _as_text(raw), "", f"{refusal.field}: {refusal.message}"
    return said, source_ref, ""


def _as_text(raw: bytes) -> Said:
    return Said(description=raw[:UNREADABLE_CHARACTERS].decode("utf-8", "replace"))


def _known(source: str, source_ref: str) -> Report | None:
    if not source_ref:
        return None
    turns.take_turn(f"{source}:{source_ref}")
    with access.elevated(part="intake.webhooks"):
        rows = Submission.objects.filter(source=source, source_ref=source_ref).select_related("report")
        first = rows.order_by("id").first()
        return first.report if first else None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _view(row: Webhook) -> WebhookView:
    return WebhookView(
        id=row.id,
        name=row.name,
        team=row.team,
        mapping=row.mapping,
        created_at=row.created_at,
        ended_at=row.ended_at,
        last_used_at=row.last_used_at,
    )
