"""What is done in a thread beside letters: the other side answers here; ours say that all is said."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid
from pehra.ledger import api as ledger
from pehra.threads import queries
from pehra.threads.api.coming_in import end_waiting, subject_of
from pehra.threads.models import Letter, Reply
from pehra.threads.queries import ThreadPage
from pehra.threads.rules import replies
from pehra.threads.rules.answers import NOTE_CHARACTERS_MAX, Turn
from pehra.threads.rules.following import Ended


@transaction.atomic
def write_reply(*, reference: str, text: str, by: Actor, at: datetime) -> ThreadPage:
    """Answer in a thread as one of the other side's own people, signed in; the team sees it at once."""
    row = queries.for_change(reference, by=by)
    if row.organisation:
        access.require(by, Permission.THREADS_WRITE, organisation=row.organisation)
    else:
        access.require(by, Permission.THREADS_WRITE, teams=[row.other_team])
    words = replies.text(text).strip()
    if not words or len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("Write something, in at most %(n)s characters.") % {"n": NOTE_CHARACTERS_MAX}, field="text")
    if row.replies.count() >= replies.REPLIES_A_THREAD_MAX:
        raise Invalid(_("This thread is full. Begin a new one."), field="text")
    Reply.objects.create(thread=row, sender=by.name, expected=True, text=words, signed=f"person:{by.id}", at=at)
    row.turn, row.last_at = Turn.US, at
    row.save(update_fields=["turn", "last_at"])
    letter = Letter.objects.filter(thread=row, silent_at__isnull=False).first()
    if letter is not None:
        end_waiting(letter, why=Ended.REPLIED)
    ledger.record("threads.reply.written", subject=subject_of(row), by=by, at=at, teams=row.teams)
    return queries.thread(reference=row.reference, by=by)


@transaction.atomic
def settle(*, reference: str, reason: str, by: Actor, at: datetime) -> ThreadPage:
    """Say that nothing more is to be said in a thread; whatever comes back opens it again by itself."""
    row = queries.for_change(reference, by=by)
    access.require(by, Permission.THREADS_WRITE, teams=[row.lead_team] if row.lead_team else row.teams)
    words = reason.strip()
    if not words or len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("Say why, in at most %(n)s characters.") % {"n": NOTE_CHARACTERS_MAX}, field="reason")
    row.turn, row.urgent = Turn.NOBODY, False
    row.save(update_fields=["turn", "urgent"])
    Letter.objects.filter(thread=row, silent_at__isnull=False).update(silent_at=None, ended=Ended.NOT_AWAITED)
    ledger.record("threads.settled", subject=subject_of(row), by=by, at=at, teams=row.teams, facts={"reason": words})
    return queries.thread(reference=row.reference, by=by)
