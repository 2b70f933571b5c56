"""A message of the outbox gets its thread: the one there is about this matter with this side, or a new one.

Notices are written by parts below, which know of no threads: their letters are followed from here, when something comes
back or at the next tick, whichever is first. Twice is once: a message has one letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from pehra.kernel.identifiers import new_id, reference
from pehra.kernel.markings import Tlp
from pehra.law import api as law
from pehra.outbox import api as outbox
from pehra.threads.models import Letter, Thread
from pehra.threads.rules import following, matters
from pehra.threads.rules.answers import Turn
from pehra.threads.rules.following import Ended


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What a thread is about and with whom, before it has a number."""

    key: str
    subject: str
    about: str
    lead_team: str
    teams: tuple[str, ...]
    organisation: str
    other_name: str
    other_email: str
    tlp: Tlp
    other_team: str = ""


def matter_of(message: outbox.MessageView) -> Matter:
    """Return which matter a message is about."""
    return Matter(
        key=matters.key(
            lead_team=message.lead_team,
            organisation=message.organisation,
            email=message.recipient_email,
            about=message.about,
        ),
        subject=matters.title(message.subject, tlp=message.tlp, about=message.about),
        about=message.about,
        lead_team=message.lead_team,
        teams=message.teams,
        organisation=message.organisation,
        other_name=message.recipient_name,
        other_email=message.recipient_email,
        tlp=Tlp(message.tlp),
    )


def threads_of(wanted: Sequence[Matter], *, at: datetime) -> dict[str, Thread]:
    """Return the thread of each matter by its key, made where there is none; in the caller's transaction."""
    first = {matter.key: matter for matter in wanted}
    missing = sorted(first.keys() - set(Thread.objects.filter(key__in=first).values_list("key", flat=True)))
    if missing:
        profile = law.load(settings.PEHRA_PROFILE)
        prefix, year = f"{profile.identity.reference_prefix}T", law.day_of(profile, at).year
        rows = [
            _row(first[key], number=number, name=reference(prefix=prefix, year=year, number=number), at=at)
            for key, number in zip(missing, _numbers(len(missing)), strict=True)
        ]
        # Somebody else may make the same thread meanwhile: theirs stands, and a number is left out.
        Thread.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.key: row for row in Thread.objects.filter(key__in=first)}


def _row(matter: Matter, *, number: int, name: str, at: datetime) -> Thread:
    return Thread(
        number=number,
        id=new_id(at),
        key=matter.key,
        reference=name,
        subject=matter.subject,
        about=matter.about,
        lead_team=matter.lead_team,
        teams=sorted({*matter.teams, *([matter.lead_team] if matter.lead_team else [])}),
        organisation=matter.organisation,
        other_team=matter.other_team,
        other_name=matter.other_name,
        other_email=matter.other_email,
        tlp=matter.tlp.value,
        turn=Turn.THEM,
        opened_at=at,
        last_at=at,
    )


def _numbers(count: int) -> list[int]:
    sequence = "SELECT nextval(pg_get_serial_sequence('threads_thread', 'number')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(sequence, [count])
        return [row[0] for row in cursor.fetchall()]


def follow(messages: Sequence[outbox.MessageView], *, at: datetime) -> dict[UUID, Letter]:
    """Return the letter of each message that is somebody's, made where there is none; in the caller's transaction.

    A message of no team (about somebody's account, say) is no matter between two sides and gets none, unless its reader
    was given a link to answer: a notice of findings that no team leads yet.
    """
    ours = {message.id: message for message in messages if message.teams or message.answer_until is not None}
    known = _letters(ours)
    fresh = [message for number, message in ours.items() if number not in known]
    if fresh:
        wanted = {message.id: matter_of(message) for message in fresh}
        threads = threads_of(list(wanted.values()), at=at)
        letters = [letter_row(message, threads[wanted[message.id].key], at=at) for message in fresh]
        Letter.objects.bulk_create(letters, ignore_conflicts=True)
        known = _letters(ours)
    return known


def letter_row(
    message: outbox.MessageView, thread: Thread, *, at: datetime, step: int = 0, instead_of: UUID | None = None
) -> Letter:
    """Return a message's letter. Who can answer by a link is waited for; nobody else is."""
    waits = (
        message.answer_until is not None and message.organisation and message.queued_at > at - following.FOLLOWED_FOR
    )
    return Letter(
        thread=thread,
        message=message.id,
        recipient_email=message.recipient_email,
        stands_in_for=instead_of,
        step=step,
        at=message.queued_at,
        silent_at=message.queued_at + following.SILENCE if waits else None,
        ended="" if waits else Ended.NOT_AWAITED,
    )


def _letters(messages: dict[UUID, outbox.MessageView]) -> dict[UUID, Letter]:
    return {row.message: row for row in Letter.objects.filter(message__in=messages).select_related("thread")}
