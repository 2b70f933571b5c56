"""Reading messages: pages of them, one of them, the next one to send. Lists go through `visible_to`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from pehra.access import api as access
from pehra.kernel.actors import Actor
from pehra.kernel.clock import format_time
from pehra.kernel.refusals import Forbidden, NotVisible
from pehra.outbox.models import Attachment, Message
from pehra.outbox.rules import answer_links, letters
from pehra.outbox.rules.answer_links import ANSWER_HERE, ANSWER_PATH, ANSWER_SHOWN, AnswerLink
from pehra.outbox.rules.states import State

PAGE_MAX = 500
REFERENCES_MAX = 100  # Message-IDs of one mail that are looked up
LOCAL_ADDRESS = "http://localhost:8000"
SEARCH_CHARACTERS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class AttachmentView:
    """A file that goes along, without its content."""

    position: int
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """A message as pages and commands show it."""

    id: UUID
    kind: str
    state: State
    recipient_name: str
    recipient_email: str
    language: str
    subject: str
    tlp: str
    circle: str
    about: str
    lead_team: str
    teams: tuple[str, ...]
    organisation: str
    message_id: str
    queued_at: datetime
    queued_by: str
    attempts: int
    next_attempt_at: datetime | None
    sent_at: datetime | None
    problem: str
    proof: Mapping[str, Any] | None
    answer_until: datetime | None = None
    bounced_at: datetime | None = None
    bounce: Mapping[str, Any] | None = None
    body: str = ""
    attachments: tuple[AttachmentView, ...] = ()

    @property
    def text(self) -> str:
        """The body as it is shown: its answer link is its reader's alone."""
        return shown(self.body)

    @property
    def standing(self) -> str:
        """Where it stands, in one word: that it came back for good says more than that it was sent."""
        return "returned" if self.bounce and self.bounce.get("permanent") else self.state.value

    def as_json(self) -> dict[str, Any]:
        """Return the message as JSON values; body and attachments only where they were read."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "state": self.state.value,
            "recipient": {"name": self.recipient_name, "email": self.recipient_email, "language": self.language},
            "subject": self.subject,
            "tlp": self.tlp,
            "about": self.about,
            "organisation": self.organisation,
            "lead_team": self.lead_team,
            "teams": list(self.teams),
            "message_id": self.message_id,
            "queued_at": format_time(self.queued_at),
            "attempts": self.attempts,
            "next_attempt_at": format_time(self.next_attempt_at) if self.next_attempt_at else None,
            "sent_at": format_time(self.sent_at) if self.sent_at else None,
            "problem": self.problem,
            "proof": dict(self.proof) if self.proof is not None else None,
            "answer_until": format_time(self.answer_until) if self.answer_until else None,
            "bounced_at": format_time(self.bounced_at) if self.bounced_at else None,
            "bounce": dict(self.bounce) if self.bounce is not None else None,
            **({"body": self.text} if self.body else {}),
            **({"attachments": [vars(attachment) for attachment in self.attachments]} if self.attachments else {}),
        }


def shown(body: str) -> str:
    """Return a text as it is shown: its answer link is its reader's alone."""
    return body.replace(ANSWER_HERE, ANSWER_SHOWN)


def messages(
    *,
    by: Actor,
    state: State | None = None,
    about: str = "",
    organisation: str = "",
    search: str = "",
    before: UUID | None = None,
    limit: int = 100,
) -> list[MessageView]:
    """Return a page of the messages the actor may see, newest first; `before` is the last id of the page before."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    rows = Message.objects.visible_to(reader).defer("body").order_by("-id")
    if state is not None:
        rows = rows.filter(state=state.value)
    if about:
        rows = rows.filter(about=about)
    if organisation:
        rows = rows.filter(organisation=organisation)
        # An unknown one would find nothing, which reads as if it had never been written to.
        if not rows.exists():
            access.require_known_organisation(organisation, by=reader)
    if search:
        words = search.strip()[:SEARCH_CHARACTERS_MAX]
        rows = rows.filter(
            Q(subject__icontains=words) | Q(recipient_email__icontains=words) | Q(recipient_name__icontains=words)
        )
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [view(row) for row in rows[: min(limit, PAGE_MAX)]]


def message(*, message_id: UUID, by: Actor) -> MessageView:
    """Return one message whole; one the actor may not see is not there."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    row = Message.objects.visible_to(reader).filter(id=message_id).first()
    if row is None:
        raise NotVisible("There is no such message.")
    return view(row, whole=True)


def some(*, ids: Sequence[UUID], whole: bool = False, by: Actor) -> list[MessageView]:
    """Return those of some messages that the actor may see, with their text if `whole`: what a thread shows of them."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    rows = Message.objects.visible_to(reader).filter(id__in=list(ids)).order_by("id")
    found = (rows if whole else rows.defer("body"))[:PAGE_MAX]
    return [replace(view(row), body=row.body) if whole else view(row) for row in found]


def messages_about(*, names: Sequence[str], by: Actor, limit: int) -> list[MessageView]:
    """Return what was said about some ticket numbers, oldest first; a Message-ID finds its one message."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    meant = Q(about__in=list(names)) | Q(message_id__in=list(names))
    rows = Message.objects.visible_to(reader).filter(meant).defer("body").order_by("id")
    return [view(row) for row in rows[: min(limit, PAGE_MAX)]]


def for_change(message_id: UUID, *, by: Actor) -> Message:
    """Return a message locked for a change by somebody who may send; one they may not see is not there."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    row = Message.objects.visible_to(reader).select_for_update().filter(id=message_id).first()
    if row is None:
        raise NotVisible("There is no such message.")
    access.require(by, access.Permission.OUTBOX_SEND, teams=row.teams, organisation=row.organisation)
    return row


def attachment_content(*, message_id: UUID, position: int, by: Actor) -> tuple[AttachmentView, bytes]:
    """Return one attachment with its bytes; of a message the actor may not see there is none."""
    reader = access.narrowed(by, access.Permission.OUTBOX_READ)
    seen = Message.objects.visible_to(reader).filter(id=message_id)
    row = Attachment.objects.filter(message__in=seen, position=position).first()
    if row is None:
        raise NotVisible("There is no such attachment.")
    return _attachment_view(row), bytes(row.content)


def message_by_message_id(message_ids: Sequence[str], *, by: Actor) -> MessageView | None:
    """Return the newest message of ours that a mail refers to by Message-ID. For Pehra itself, who sorts mail."""
    if not by.is_system:
        raise Forbidden("which mail a mail answers is found by Pehra itself")
    rows = Message.objects.filter(message_id__in=list(message_ids)[:REFERENCES_MAX]).defer("body")
    row = max(rows, key=lambda row: row.id, default=None)
    return view(row) if row else None


def answerable(*, after: UUID | None, since: datetime, limit: int, by: Actor) -> list[MessageView]:
    """Return messages that may be answered by link, in the order of their writing. For Pehra, who follows them."""
    if not by.is_system:
        raise Forbidden("letters are followed by Pehra itself")
    rows = Message.objects.filter(answer_until__isnull=False, queued_at__gte=since).order_by("id")
    if after is not None:
        rows = rows.filter(id__gt=after)
    return [view(row) for row in rows[: min(limit, PAGE_MAX)]]


def undelivered(*, limit: int, by: Actor) -> list[UUID]:
    """Return the newest messages with an answer link that no server took. For Pehra itself, who passes them on."""
    if not by.is_system:
        raise Forbidden("letters are followed by Pehra itself")
    rows = Message.objects.filter(state=State.FAILED, answer_until__isnull=False).order_by("-id")
    return list(rows.values_list("id", flat=True)[: min(limit, PAGE_MAX)])


def answer_link(token: str) -> AnswerLink:
    """Read the token of a one-time answer link; refuse one that is not ours. Whether it still holds is not said."""
    return answer_links.read(token, key=settings.SECRET_KEY.encode())


def _with_answer_link(row: Message) -> str:
    """Return the text as it leaves: the mark of the answer link replaced by the link, which is nowhere else."""
    if row.answer_until is None or ANSWER_HERE not in row.body:
        return row.body
    link = AnswerLink(message=row.id, until=row.answer_until)
    token = answer_links.token(link, key=settings.SECRET_KEY.encode())
    return row.body.replace(ANSWER_HERE, address_of(f"{ANSWER_PATH}{token}"))


def address_of(path: str) -> str:
    """Return the whole address of a page of this node, as a mail must name it."""
    return f"{(settings.PEHRA_URL or LOCAL_ADDRESS).rstrip('/')}{path}"


def due(at: datetime) -> QuerySet[Message]:
    """Return the messages a sender may take: those whose time has come, and those whose sender was lost."""
    moving = Message.objects.filter(state__in=[State.QUEUED, State.SENDING])
    return moving.filter(next_attempt_at__lte=at).order_by("next_attempt_at")


def letter(row: Message) -> letters.Letter:
    """Return what decides the bytes of a message, its attachments included."""
    return letters.Letter(
        id=row.id,
        sender=row.sender,
        to_name=row.recipient_name,
        to_email=row.recipient_email,
        language=row.language,
        subject=row.subject,
        body=_with_answer_link(row),
        written_at=row.queued_at,
        attachments=tuple(
            letters.Attachment(name=file.name, media_type=file.media_type, content=bytes(file.content))
            for file in Attachment.objects.filter(message=row).order_by("position")
        ),
        in_reply_to=row.in_reply_to,
    )


def view(row: Message, *, whole: bool = False) -> MessageView:
    """Return a message's row as shown; body and files only where it is read whole."""
    files = Attachment.objects.filter(message=row).defer("content").order_by("position") if whole else ()
    return MessageView(
        id=row.id,
        kind=row.kind,
        state=State(row.state),
        recipient_name=row.recipient_name,
        recipient_email=row.recipient_email,
        language=row.language,
        subject=row.subject,
        tlp=row.tlp,
        circle=row.circle,
        about=row.about,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        organisation=row.organisation,
        message_id=row.message_id,
        queued_at=row.queued_at,
        queued_by=row.queued_by,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
        problem=row.problem,
        proof=row.proof,
        answer_until=row.answer_until,
        bounced_at=row.bounced_at,
        bounce=row.bounce,
        body=row.body if whole else "",
        attachments=tuple(_attachment_view(file) for file in files),
    )


def _attachment_view(row: Attachment) -> AttachmentView:
    return AttachmentView(
        position=row.position, name=row.name, media_type=row.media_type, size=row.size, sha256=row.sha256
    )


def files_named(among: Collection[str]) -> set[str]:
    """Return those of some hashes under which a message's seal lies, whoever's it is: the vault lets go of none."""
    with access.elevated(part="outbox.files"):
        sealed = Message.objects.filter(seal__isnull=False).annotate(kept=KeyTextTransform("sha256", "seal"))
        return set(sealed.filter(kept__in=list(among)).values_list("kept", flat=True))
