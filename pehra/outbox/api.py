"""The door of `outbox`: what is to be said to whom, queued in the act's transaction, sent after it, proven for good.

A message that was queued is sent, or stands there with the reason why not: held, failed, waiting. Refuses what is above
its marking for the recipient, a header with a line break, and anything over a named limit. Between two commits a sender
may die: the message then goes out once more under the same Message-ID, never under a new one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.kernel.actors import Actor, system
from pehra.kernel.clock import Clock
from pehra.kernel.identifiers import new_id
from pehra.kernel.markings import Circle, Tlp
from pehra.kernel.refusals import Forbidden, Invalid
from pehra.ledger import api as ledger
from pehra.outbox import queries
from pehra.outbox.gateways import sealing, wire
from pehra.outbox.gateways.addresses import open_transport
from pehra.outbox.gateways.transport import Parcel, PermanentFault, TemporaryFault, Transport
from pehra.outbox.models import Attachment as AttachmentRow
from pehra.outbox.models import Message
from pehra.outbox.queries import (
    AttachmentView,
    MessageView,
    address_of,
    answer_link,
    answerable,
    attachment_content,
    files_named,
    message,
    message_by_message_id,
    messages,
    messages_about,
    shown,
    some,
    undelivered,
)
from pehra.outbox.rules import letters, retries, states
from pehra.outbox.rules.answer_links import ANSWER_HERE, ANSWER_VALID, AnswerLink
from pehra.outbox.rules.leaving import AboveMarking, require_may_leave
from pehra.outbox.rules.letters import Attachment, Recipient
from pehra.outbox.rules.states import State

__all__ = [
    "ANSWER_HERE",
    "ANSWER_VALID",
    "AboveMarking",
    "AnswerLink",
    "Attachment",
    "AttachmentView",
    "Circle",
    "Draft",
    "MessageView",
    "Recipient",
    "SendSummary",
    "State",
    "address_of",
    "answer_link",
    "answerable",
    "attachment_content",
    "files_named",
    "is_address",
    "make_signing_key",
    "message",
    "message_by_message_id",
    "messages",
    "messages_about",
    "public_signing_key",
    "queue",
    "queue_again",
    "queue_many",
    "record_bounce",
    "require_may_leave",
    "send_due",
    "shown",
    "some",
    "tell_of_access",
    "undelivered",
]

SEND_BATCH_MAX = 500
DRAFTS_A_STATEMENT = 200
DEDUPE_KEY_CHARACTERS_MAX = 200
DIAGNOSTIC_CHARACTERS_MAX = 2_000
NO_ADDRESS = "no contact: nobody knows an address to send this to"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message to be queued. The same `dedupe_key` a second time is the same message: the first stands.

    With `answer_until` its reader may answer by a one-time link, which stands where the body says `ANSWER_HERE`.
    `in_reply_to` is the Message-ID of what it answers or goes on from; one that no header can hold is left out.
    """

    kind: str
    recipient: Recipient
    subject: str
    body: str
    tlp: Tlp
    dedupe_key: str
    about: str = ""
    lead_team: str = ""
    teams: tuple[str, ...] = ()
    organisation: str = ""
    attachments: tuple[Attachment, ...] = ()
    answer_until: datetime | None = None
    in_reply_to: str = ""


@dataclass(frozen=True, kw_only=True)
class SendSummary:
    """What one round of sending came to."""

    sent: int = 0
    delayed: int = 0
    failed: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts as JSON values."""
        return dict(vars(self))


def is_address(text: str) -> bool:
    """Whether a text is a mail address that a message can be sent to."""
    try:
        letters.address(text)
    except Invalid:
        return False
    return True


def queue(
    *,
    kind: str,
    recipient: Recipient,
    subject: str,
    body: str,
    tlp: Tlp,
    dedupe_key: str,
    attachments: Sequence[Attachment] = (),
    about: str = "",
    teams: Sequence[str] = (),
    lead_team: str = "",
    organisation: str = "",
    in_reply_to: str = "",
    by: Actor,
    at: datetime,
) -> UUID:
    """Queue one message within the caller's transaction and return its id; for a known `dedupe_key` the first one's."""
    draft = Draft(
        kind=kind,
        recipient=recipient,
        subject=subject,
        body=body,
        tlp=tlp,
        dedupe_key=dedupe_key,
        about=about,
        lead_team=lead_team,
        teams=tuple(teams),
        organisation=organisation,
        attachments=tuple(attachments),
        in_reply_to=in_reply_to,
    )
    return queue_many(drafts=[draft], by=by, at=at)[0]


def tell_of_access(tellings: Sequence[access.Telling], by: Actor, at: datetime) -> None:
    """Queue what is told about somebody's access, each in its reader's language; it opens nothing by itself."""
    queue_many(drafts=[_letter_about_access(telling) for telling in tellings], by=by, at=at)


def _letter_about_access(told: access.Telling) -> Draft:
    with translation.override(told.language):
        subject, body = _words_about_access(told)
    return Draft(
        kind=f"access.{told.kind}",
        recipient=Recipient(name=told.name, email=told.email, language=told.language, circle=Circle.NAMED),
        subject=subject,
        body=body,
        tlp=Tlp.AMBER_STRICT,
        dedupe_key=told.key,
        about=f"person:{told.about}",
        teams=told.teams,
    )


def _words_about_access(told: access.Telling) -> tuple[str, str]:
    who = {"name": told.about_name}
    if told.kind == "recovered":
        subject = _("Your account was recovered") if told.own else _("The account of %(name)s was recovered") % who
        what = _(
            "The account of %(name)s was recovered by a link. All former passkeys, codes, passwords, tokens and "
            "sessions have ended."
        )
    else:
        subject = (
            _("The e-mail address of your account was changed")
            if told.own
            else _("The e-mail address of %(name)s was changed") % who
        )
        what = _("The account of %(name)s has another e-mail address from now on.")
    advice = _("If you did not expect this, call your team's lead at once. Do not answer this message.")
    return subject, f"{what % who}\n\n{advice}\n"


@transaction.atomic
def queue_many(*, drafts: Sequence[Draft], by: Actor, at: datetime) -> list[UUID]:
    """Queue messages within the caller's transaction and return their ids, in the order of the drafts."""
    rows = {draft.dedupe_key: (draft, _row(draft, by=by, at=at)) for draft in reversed(drafts)}
    ids: dict[str, UUID] = {}
    fresh: list[tuple[Draft, Message]] = []
    # In the order of their keys: two callers with the same messages then wait for each other in one direction only.
    pairs = [rows[key] for key in sorted(rows)]
    # The writer of a letter to others may not see that it is there already.
    with access.elevated(part="outbox.queue"):
        for start in range(0, len(pairs), DRAFTS_A_STATEMENT):
            part = pairs[start : start + DRAFTS_A_STATEMENT]
            Message.objects.bulk_create([row for _draft, row in part], ignore_conflicts=True)
            keys = [row.dedupe_key for _draft, row in part]
            ids.update(Message.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", "id"))
            fresh += [(draft, row) for draft, row in part if ids[row.dedupe_key] == row.id]
        AttachmentRow.objects.bulk_create(
            [file for draft, row in fresh for file in _attachment_rows(draft, row)], batch_size=DRAFTS_A_STATEMENT
        )
    ledger.record_many([_queued_entry(row, by=by, at=at) for _draft, row in fresh])
    return [ids[draft.dedupe_key] for draft in drafts]


def _row(draft: Draft, *, by: Actor, at: datetime) -> Message:
    """Return the row of a draft that may leave; refuse one that may not, or that cannot be a message."""
    require_may_leave(draft.tlp, draft.recipient.circle)
    letters.check_attachments(draft.attachments)
    if not draft.dedupe_key or len(draft.dedupe_key) > DEDUPE_KEY_CHARACTERS_MAX:
        raise Invalid("a message needs a key that tells it from every other", field="dedupe_key")
    recipient = draft.recipient
    email = letters.address(recipient.email) if recipient.email.strip() else ""
    number = new_id(at)
    sender = settings.PEHRA_OUTBOX_FROM
    return Message(
        id=number,
        kind=draft.kind,
        dedupe_key=draft.dedupe_key,
        recipient_name=letters.one_line(recipient.name, field="name", limit=letters.NAME_CHARACTERS_MAX),
        recipient_email=email,
        language=letters.one_line(recipient.language, field="language", limit=35),
        subject=letters.one_line(draft.subject, field="subject", limit=letters.SUBJECT_CHARACTERS_MAX),
        body=letters.check_body(draft.body),
        tlp=draft.tlp.value,
        circle=recipient.circle.value,
        about=draft.about,
        lead_team=draft.lead_team,
        teams=sorted({*draft.teams, *([draft.lead_team] if draft.lead_team else [])}),
        organisation=draft.organisation,
        state=State.QUEUED if email else State.HELD,
        problem="" if email else NO_ADDRESS,
        sender=sender,
        message_id=letters.message_id(number, sender=sender),
        in_reply_to=letters.known_message_id(draft.in_reply_to),
        queued_at=at,
        queued_by=by.id,
        next_attempt_at=at if email else None,
        answer_until=draft.answer_until,
    )


def _attachment_rows(draft: Draft, row: Message) -> list[AttachmentRow]:
    return [
        AttachmentRow(
            message=row,
            position=position,
            name=file.name.strip(),
            media_type=file.media_type,
            content=file.content,
            sha256=hashlib.sha256(file.content).hexdigest(),
            size=len(file.content),
        )
        for position, file in enumerate(draft.attachments)
    ]


def _queued_entry(row: Message, *, by: Actor, at: datetime) -> ledger.Entry:
    event = "outbox.queued" if row.state == State.QUEUED else "outbox.held"
    facts = {"kind": row.kind, "about": row.about, "tlp": row.tlp, "message_id": row.message_id}
    return ledger.Entry(event=event, subject=_subject(row), by=by, at=at, teams=row.teams, facts=facts)


def _subject(row: Message) -> str:
    return f"message:{row.id}"


@transaction.atomic
def queue_again(*, message_id: UUID, reason: str, by: Actor, at: datetime, email: str = "") -> None:
    """Send a held or failed message after all, to another address of the same recipient where one is given."""
    row = queries.for_change(message_id, by=by)
    states.require_move(State(row.state), State.QUEUED)
    if not reason.strip():
        raise Invalid(_("say why this message is to be sent after all"), field="reason")
    target = letters.address(email or row.recipient_email)
    Message.objects.filter(id=row.id).update(
        state=State.QUEUED, recipient_email=target, attempts=0, next_attempt_at=at, problem=""
    )
    facts = {"from": row.state, "reason": reason.strip(), "other_address": target != row.recipient_email}
    ledger.record("outbox.queued_again", subject=_subject(row), by=by, at=at, teams=row.teams, facts=facts)


@transaction.atomic
def record_bounce(
    *, message_id: str, status: str, permanent: bool, diagnostic: str, raw_sha256: str, by: Actor, at: datetime
) -> MessageView | None:
    """Write down that a server could not deliver a message after all; None where no message of ours is meant.

    That it was sent stays true, and its proof stays; the same report again changes nothing. What was said for good is
    not softened by a later report of a delay.
    """
    if not by.is_system:
        raise Forbidden("reports of delivery come from the mail itself")
    row = Message.objects.select_for_update().filter(message_id=message_id).first()
    if row is None:
        return None
    said = {
        "status": status[: letters.SUBJECT_CHARACTERS_MAX],
        "permanent": permanent,
        "diagnostic": diagnostic[:DIAGNOSTIC_CHARACTERS_MAX],
        "sha256": raw_sha256,
    }
    before = row.bounce or {}
    if before.get("sha256") == raw_sha256 or (before.get("permanent") and not permanent):
        return queries.view(row)
    row.bounced_at, row.bounce = at, said
    row.save(update_fields=["bounced_at", "bounce"])
    ledger.record("outbox.bounced", subject=_subject(row), by=by, at=at, teams=row.teams, facts=said)
    return queries.view(row)


def make_signing_key(*, team: str, name: str) -> str:
    """Make the OpenPGP key of a team, or of the `node`, and return its public part. For whoever runs the node."""
    _require_holder(team)
    sender = letters.sender_address(settings.PEHRA_OUTBOX_FROM)
    holder = letters.one_line(name, field="name", limit=letters.NAME_CHARACTERS_MAX)
    if not holder:
        raise Invalid("say what the key calls its holder", field="name")
    return sealing.make_openpgp(team=team, name=holder, email=sender.addr_spec)


def public_signing_key(*, team: str) -> str:
    """Return the public part of the OpenPGP key that signs for a team; empty where there is none."""
    _require_holder(team)
    return sealing.public_part(team)


def _require_holder(team: str) -> None:
    """Refuse a team that nobody knows: a key under a mistyped name would sign nothing, and nobody would notice."""
    if team != sealing.NODE:
        access.require_known_team(team)


def send_due(
    *, at: datetime, by: Actor | None = None, limit: int = SEND_BATCH_MAX, clock: Clock | None = None
) -> SendSummary:
    """Send what is due, one message at a time; each is taken in one short transaction and marked in another.

    `clock`, where given, is read before each message: on a slow day a batch takes longer than a lease. Called inside a
    transaction this refuses to start, since a message would then leave before the act it tells of is certain.
    """
    sender = by or system("outbox")
    counts = {"sent": 0, "delayed": 0, "failed": 0}
    with open_transport(settings.PEHRA_OUTBOX_URL) as transport:
        for _turn in range(min(limit, SEND_BATCH_MAX)):
            moment = clock.now() if clock else at
            row = _claim(by=sender, at=moment)
            if row is None:
                break
            outcome = _send(row, transport, by=sender, at=moment)
            counts[outcome] += 1
    return SendSummary(**counts)


def _claim(*, by: Actor, at: datetime) -> Message | None:
    """Take the next message for the length of a lease; give up on those that outlived every attempt."""
    with transaction.atomic(durable=True):
        for row in queries.due(at).select_for_update(skip_locked=True)[:1]:
            row.attempts += 1
            states.require_move(State(row.state), State.SENDING)
            Message.objects.filter(id=row.id).update(
                state=State.SENDING, attempts=row.attempts, next_attempt_at=at + retries.LEASE
            )
            return row
    return None


def _send(row: Message, transport: Transport, *, by: Actor, at: datetime) -> str:
    """Hand one taken message to the transport and mark what came of it."""
    if row.attempts > retries.ATTEMPTS_MAX:
        return _mark_failed(row, "every attempt ended without an answer: its senders were lost", by=by, at=at)
    try:
        require_may_leave(Tlp(row.tlp), Circle(row.circle))
    except AboveMarking as refusal:
        return _mark_failed(row, refusal.message, by=by, at=at)
    try:
        content, told = wire.content_of(row, queries.letter(row), at=at)
    except PermanentFault as fault:
        return _mark_failed(row, str(fault), by=by, at=at)
    except TemporaryFault as fault:
        return _mark_delayed(row, str(fault), by=by, at=at)
    parcel = Parcel(
        name=str(row.id),
        written_at=row.queued_at.timestamp(),
        sender=letters.sender_address(row.sender).addr_spec,
        recipient=row.recipient_email,
        content=content,
    )
    try:
        answer = transport.deliver(parcel)
    except PermanentFault as fault:
        return _mark_failed(row, str(fault), by=by, at=at)
    except TemporaryFault as fault:
        return _mark_delayed(row, str(fault), by=by, at=at)
    digest = hashlib.sha256(content).hexdigest()
    return _mark_sent(row, {"message_id": row.message_id, "sha256": digest, **told, **answer}, by=by, at=at)


def _mark(row: Message, *, state: State, **changes: object) -> bool:
    """Write down the end of an attempt, unless another sender has taken the message over meanwhile."""
    states.require_move(State.SENDING, state)
    mine = Message.objects.filter(id=row.id, state=State.SENDING, attempts=row.attempts)
    return bool(mine.update(state=state.value, **{"next_attempt_at": None, **changes}))


def _mark_sent(row: Message, proof: Mapping[str, object], *, by: Actor, at: datetime) -> str:
    with transaction.atomic(durable=True):
        if _mark(row, state=State.SENT, sent_at=at, proof=dict(proof), problem=""):
            facts = {"attempts": row.attempts, "proof": dict(proof)}
            ledger.record("outbox.sent", subject=_subject(row), by=by, at=at, teams=row.teams, facts=facts)
    return "sent"


def _mark_delayed(row: Message, problem: str, *, by: Actor, at: datetime) -> str:
    again = retries.next_attempt(attempts=row.attempts, at=at)
    if again is None:
        return _mark_failed(row, f"given up after {row.attempts} attempts; the last: {problem}", by=by, at=at)
    with transaction.atomic(durable=True):
        _mark(row, state=State.QUEUED, next_attempt_at=again, problem=problem)
    return "delayed"


def _mark_failed(row: Message, problem: str, *, by: Actor, at: datetime) -> str:
    with transaction.atomic(durable=True):
        if _mark(row, state=State.FAILED, problem=problem):
            facts = {"attempts": row.attempts, "problem": problem}
            ledger.record("outbox.failed", subject=_subject(row), by=by, at=at, teams=row.teams, facts=facts)
    return "failed"
