"""What comes back by mail finds its letter: a reply stands in its thread, a bounce at its message.

A mail is put into a thread by the Message-IDs that it refers to, never by its subject: a subject is guessed. Which mail
is a reply and which a bounce is decided by whoever reads the mailbox; here both are taken once.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Forbidden
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.threads.api.opening import follow
from pehra.threads.models import Letter, Reply, Thread
from pehra.threads.rules import replies
from pehra.threads.rules.answers import Turn
from pehra.threads.rules.following import Ended
from pehra.threads.rules.replies import ReplyFile


@transaction.atomic
def take_reply(
    *,
    message_ids: Sequence[str],
    sender: str,
    subject: str,
    text: str,
    raw_sha256: str,
    files: Sequence[ReplyFile] = (),
    signed: str = "",
    by: Actor,
    at: datetime,
) -> UUID | None:
    """Put a mail that answers a letter of ours into that letter's thread and return the thread's id.

    `message_ids` are those of `In-Reply-To` and `References`. None: it answers nothing of ours, or the thread is full,
    and somebody has to look at it. The same mail again changes nothing.
    """
    _require_pehra(by)
    message = outbox.message_by_message_id(message_ids, by=by)
    letter = follow([message], at=at).get(message.id) if message else None
    if message is None or letter is None:
        return None
    thread = Thread.objects.select_for_update().get(number=letter.thread_id)
    if raw_sha256 and thread.replies.filter(raw_sha256=raw_sha256).exists():
        return thread.id
    if thread.replies.count() >= replies.REPLIES_A_THREAD_MAX:
        return None
    kept = [file.as_json() for file in files[: replies.FILES_MAX]]
    expected = replies.mailbox(sender) == message.recipient_email.lower()
    Reply.objects.create(
        thread=thread,
        letter=letter,
        sender=replies.line(sender, limit=replies.SENDER_CHARACTERS_MAX),
        expected=expected,
        subject=replies.line(subject, limit=replies.SUBJECT_CHARACTERS_MAX),
        text=replies.text(text),
        raw_sha256=raw_sha256,
        files=kept,
        signed=replies.line(signed, limit=replies.SIGNED_CHARACTERS_MAX),
        at=at,
    )
    thread.turn, thread.last_at = Turn.US, at
    thread.save(update_fields=["turn", "last_at"])
    if expected:
        # A stranger's mail does not end the wait for those who were asked.
        end_waiting(letter, why=Ended.REPLIED)
    facts = {"message": str(message.id), "sha256": raw_sha256, "files": len(kept), "expected_sender": expected}
    ledger.record("threads.reply.received", subject=subject_of(thread), by=by, at=at, teams=thread.teams, facts=facts)
    return thread.id


@transaction.atomic
def take_bounce(
    *,
    message_ids: Sequence[str],
    recipient: str,
    status: str,
    permanent: bool,
    diagnostic: str,
    raw_sha256: str,
    by: Actor,
    at: datetime,
) -> bool:
    """Write down that a letter of ours came back; whether it was one of ours.

    What came back for good goes to the next contact at the next tick; a delay is only written down. A report that
    speaks of another recipient than the letter had is kept with the letter and moves nothing.
    """
    _require_pehra(by)
    message = outbox.message_by_message_id(message_ids, by=by)
    if message is None:
        return False
    meant = not recipient or replies.mailbox(recipient) == message.recipient_email.lower()
    outbox.record_bounce(
        message_id=message.message_id,
        status=replies.line(status, limit=40),
        permanent=permanent and meant,
        diagnostic=replies.text(diagnostic) if meant else f"{replies.line(recipient, limit=254)}: {diagnostic}",
        raw_sha256=raw_sha256,
        by=by,
        at=at,
    )
    letter = follow([message], at=at).get(message.id)
    if permanent and meant and letter is not None:
        # The thread before its letters, as for a reply: two that came at once would else wait for each other.
        Thread.objects.filter(number=letter.thread_id).update(turn=Turn.US, last_at=at)
        Letter.objects.filter(number=letter.number, came_back_at__isnull=True).update(came_back_at=at)
        Letter.objects.filter(number=letter.number, silent_at__gt=at).update(silent_at=at)
    return True


def end_waiting(letter: Letter, *, why: Ended) -> None:
    """Stop waiting: this letter, and those of its thread that said the same before it or after it, are answered."""
    Letter.objects.filter(thread_id=letter.thread_id, silent_at__isnull=False).update(silent_at=None, ended=why)


def subject_of(thread: Thread) -> str:
    """Return under what the ledger keeps a thread's acts."""
    return f"thread:{thread.reference}"


def _require_pehra(by: Actor) -> None:
    if not by.is_system:
        raise Forbidden("what comes by mail is sorted by Pehra itself")
