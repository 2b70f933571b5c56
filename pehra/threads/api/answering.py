"""Answering a letter by its one-time link: no account, no look at anything but what the letter itself says.

Who holds the link was handed the letter, and that is all that is known of them. Opening the page changes nothing, since
mail scanners open links; an answer is sent by a press of a button. It moves findings, tells incidents and our team as
the table of meanings says, and can be corrected while the link holds: the newest answer stands, all of them are kept.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel.actors import system
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.threads import queries
from pehra.threads.api.coming_in import end_waiting, subject_of
from pehra.threads.api.opening import follow
from pehra.threads.api.telling import of_answer
from pehra.threads.models import Answer, Letter, Thread
from pehra.threads.queries import AnswerPage
from pehra.threads.rules import replies
from pehra.threads.rules.answers import (
    ANSWERS_A_LETTER_MAX,
    MEANINGS,
    NOTE_CHARACTERS_MAX,
    Choice,
    Turn,
    parse_choice,
)
from pehra.threads.rules.following import Ended

_PEHRA = system("threads")


@access.elevated(part="threads.answer")
def answer_page(*, token: str, at: datetime) -> AnswerPage:
    """Return what the holder of a link is shown: which letter, and what was answered so far. Changes nothing."""
    return queries.answer_page(_letter_of(token), at=at)


@transaction.atomic
@access.elevated(part="threads.answer")
def answer(*, token: str, choice: str, note: str, seen: int, at: datetime) -> AnswerPage:
    """Take an answer, or the correction of one, by a link; return what then stands.

    `seen` is how many answers whoever answers has seen: another one meanwhile is shown before it is overruled. The same
    answer twice is one.
    """
    message = _letter_of(token)
    if not message.may_be_answered(at):
        raise Invalid(_("This link has expired. Please answer the mail itself."), field="token")
    said = parse_choice(choice)
    words = _note(note, said)
    followed = follow([message.view], at=at)
    if message.view.id not in followed:
        raise NotVisible(_("This link does not work."))
    # The thread before its letters, as for a reply: two that came at once would else wait for each other.
    thread = Thread.objects.select_for_update().get(number=followed[message.view.id].thread_id)
    letter = Letter.objects.select_for_update().get(number=followed[message.view.id].number)
    former = letter.answers.order_by("-position").first()
    if former is not None and (former.choice, former.note) == (said.value, words):
        return queries.answer_page(message, at=at)
    count = former.position if former else 0
    if seen != count:
        raise Invalid(_("Somebody answered meanwhile. See their answer above, then send yours again."), field="seen")
    if count >= ANSWERS_A_LETTER_MAX:
        raise Invalid(_("This letter was answered too often. Please answer the mail itself."), field="choice")
    new = Answer(letter=letter, position=count + 1, choice=said.value, note=words, at=at)
    _carry_out(new, former, thread, message.view)
    new.save()
    return queries.answer_page(message, at=at)


def _letter_of(token: str) -> queries.Answerable:
    try:
        link = outbox.answer_link(token)
    except Invalid as refusal:
        raise NotVisible(_("This link does not work.")) from refusal
    try:
        view = outbox.message(message_id=link.message, by=_PEHRA)
    except NotVisible as refusal:
        raise NotVisible(_("This link does not work.")) from refusal
    return queries.Answerable(view=view, until=link.until)


def _note(note: str, choice: Choice) -> str:
    words = replies.text(note).strip()
    if len(words) > NOTE_CHARACTERS_MAX:
        raise Invalid(_("A note has at most %(n)s characters.") % {"n": NOTE_CHARACTERS_MAX}, field="note")
    if choice is Choice.FALSE_POSITIVE and not words:
        raise Invalid(_("Please say in a few words why it is a false alarm."), field="note")
    return words


def _carry_out(new: Answer, former: Answer | None, thread: Thread, message: outbox.MessageView) -> None:
    """Do what an answer means: findings, the thread, the incidents' timelines, the ledger, and our own team."""
    meaning = MEANINGS[Choice(new.choice)]
    before = MEANINGS[Choice(former.choice)] if former is not None else None
    told, concerned = _concerned(message)
    new.effects = {"incidents": list(concerned)}
    if before is not None and before.marks_fixed and not meaning.marks_fixed:
        new.effects["taken_back"] = _take_back(new, thread)
    # What nobody owns is not for somebody outside to call fixed.
    if meaning.marks_fixed and told and thread.organisation:
        new.effects |= _say_fixed(new, thread, told)
    # A call for help by another letter's link still stands.
    called = thread.urgent and not (before is not None and before.is_urgent)
    thread.urgent = meaning.is_urgent or called
    thread.turn, thread.last_at = Turn.US if called else meaning.turn, new.at
    thread.save(update_fields=["turn", "urgent", "last_at"])
    end_waiting(new.letter, why=Ended.ANSWERED)
    _record(new, thread, message, concerned)
    if meaning.tells_team:
        outbox.queue_many(drafts=of_answer(thread, new), by=_PEHRA, at=new.at)


def _say_fixed(new: Answer, thread: Thread, told: Sequence[UUID]) -> dict[str, object]:
    done = findings.say_fixed(
        finding_ids=told,
        organisation=thread.organisation,
        reason=f"said by the one-time link of {thread.reference}",
        by=_PEHRA,
        at=new.at,
    )
    return {"fixed": done.changed, "many": str(done.id)} if done else {"fixed": 0}


def _take_back(new: Answer, thread: Thread) -> int:
    """Take back what this letter's earlier answers said fixed, the same being said twice with other words included."""
    said = [row.effects["many"] for row in new.letter.answers.all() if "many" in row.effects]
    return findings.take_back_fixed(
        changes=[UUID(change) for change in said],
        organisation=thread.organisation,
        reason=f"answer of {thread.reference} corrected by its one-time link",
        by=_PEHRA,
        at=new.at,
    )


def _concerned(message: outbox.MessageView) -> tuple[tuple[UUID, ...], tuple[str, ...]]:
    """Return the findings that a letter told of and the incidents that hold them: by its notice, or its incident."""
    told = findings.told_in(reference=message.about, by=_PEHRA)
    if told:
        return told, incidents.live_with_findings(finding_ids=told, by=_PEHRA)
    try:
        return incidents.finding_ids(ref=message.about, by=_PEHRA), (message.about,)
    except NotVisible:
        return (), ()


def _record(new: Answer, thread: Thread, message: outbox.MessageView, concerned: tuple[str, ...]) -> None:
    """Write one entry each under the thread, what the letter was about, and the incidents that hold it.

    Seen by the teams of the thread alone: an incident's other teams do not read of this organisation by its answer.
    """
    facts = {
        "choice": new.choice,
        "correction": new.position > 1,
        "message": str(message.id),
        "thread": thread.reference,
        "effects": new.effects,
    }
    about = [f"notice:{message.about}"] if message.about and message.about not in concerned else []
    subjects = [subject_of(thread), *about, *concerned]
    ledger.record_many(
        [
            ledger.Entry(
                event="threads.answered", subject=subject, by=_PEHRA, at=new.at, teams=thread.teams, facts=facts
            )
            for subject in subjects
        ]
    )
