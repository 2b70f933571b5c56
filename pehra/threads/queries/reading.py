"""Reading threads: lists of them, one of them whole, the table of delivery and answer, and any ticket number.

Every list starts at `visible_to` with the actor narrowed to where they may read threads. The text that went out is read
from the outbox by who asks, so that its wall holds here too.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, Q, QuerySet

from pehra.access import api as access
from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import parse_reference
from pehra.kernel.refusals import Invalid, NotVisible
from pehra.outbox import api as outbox
from pehra.threads.models import Answer, Letter, Reply, Thread, ThreadQuerySet
from pehra.threads.queries.answering import answer_view
from pehra.threads.queries.shapes import AnswerView, Delivery, Event, Found, ReplyView, ThreadPage, ThreadView
from pehra.threads.rules import pages
from pehra.threads.rules.answers import Turn

PAGE_MAX = 500
SEARCH_CHARACTERS_MAX = 200
LETTERS_SHOWN_MAX = 500
REPLIES_SHOWN_MAX = 500
FOUND_MAX = 500
STATES = ("waiting", "answered", "returned", "silent")


def reader(by: Actor) -> Actor:
    """Return the actor with only the constituencies where they may read threads; with none, they see nothing."""
    if not access.may(by, access.Permission.THREADS_READ):
        return replace(by, teams=frozenset(), organisations=frozenset())
    return access.narrowed(by, access.Permission.THREADS_READ)


def visible(by: Actor) -> ThreadQuerySet:
    """Return the threads that the actor may read."""
    return Thread.objects.all().visible_to(reader(by))


def find(reference: str, *, by: Actor) -> Thread:
    """Return the row of a visible thread; what is not visible is not there."""
    return _one(visible(by), reference)


def for_change(reference: str, *, by: Actor) -> Thread:
    """Return a visible thread, its row locked until the end of the transaction; the only way to change one."""
    return _one(visible(by).select_for_update(), reference)


def _one(rows: QuerySet[Thread], reference: str) -> Thread:
    try:
        row = rows.filter(reference=parse_reference(reference)).first()
    except Invalid:
        row = None
    if row is None:
        raise NotVisible(f"there is no thread {reference}")
    return row


def threads(
    *,
    by: Actor,
    about: str = "",
    organisation: str = "",
    turn: Turn | None = None,
    search: str = "",
    before: str = "",
    limit: int = 50,
) -> tuple[list[ThreadView], str | None]:
    """Return a page of threads, where something happened last first, and where the next page begins (`before`)."""
    rows = visible(by).order_by("-last_at", "-number")
    if about:
        rows = rows.filter(about=about)
    if organisation:
        rows = rows.filter(organisation=organisation)
        if not rows.exists():
            access.require_known_organisation(organisation, by=by)
    if turn is not None:
        rows = rows.filter(turn=turn.value)
    if search.strip():
        words = search.strip()[:SEARCH_CHARACTERS_MAX]
        rows = rows.filter(
            Q(subject__icontains=words)
            | Q(other_name__icontains=words)
            | Q(other_email__icontains=words)
            | Q(about__istartswith=words)
            | Q(reference__istartswith=words)
            | Q(organisation__iexact=words)
        )
    if before:
        moment, number = pages.read(before)
        # The first condition says nothing new; the index is read from there by it.
        rows = rows.filter(Q(last_at__lte=moment), Q(last_at__lt=moment) | Q(number__lt=number))
    size = max(1, min(limit, PAGE_MAX))
    found = list(rows[: size + 1])
    last = found[size - 1] if len(found) > size else None
    following = pages.written(last.last_at, last.number) if last else None
    return [thread_view(row) for row in found[:size]], following


def thread(*, reference: str, by: Actor) -> ThreadPage:
    """Return one thread whole, oldest first; one that the actor may not see is not there."""
    row = find(reference, by=by)
    letters = list(row.letters.order_by("-number")[:LETTERS_SHOWN_MAX])
    events = [Event(at=line.message.queued_at, letter=line) for line in _deliveries(letters, by=by, whole=True)]
    events += [
        Event(at=reply.at, reply=_reply_view(reply)) for reply in row.replies.order_by("-at")[:REPLIES_SHOWN_MAX]
    ]
    answers = Answer.objects.filter(letter__in=letters).order_by("position")
    events += [Event(at=answer.at, answer=answer_view(answer)) for answer in answers]
    return ThreadPage(thread=thread_view(row), events=tuple(sorted(events, key=lambda event: event.at)))


def deliveries(
    *, by: Actor, organisation: str = "", state: str = "", before: int | None = None, limit: int = 50
) -> tuple[list[Delivery], int | None]:
    """Return a page of the table of delivery and answer, newest letter first, and where the next page begins.

    `state`: waiting (an answer is awaited), answered, returned (it came back), silent (passed on, or nobody is left).
    """
    rows = Letter.objects.filter(thread__in=visible(by)).order_by("-number")
    if organisation:
        rows = rows.filter(thread__organisation=organisation)
        if not rows.exists():
            access.require_known_organisation(organisation, by=by)
    if state:
        rows = rows.filter(_in_state(state))
    if before is not None:
        rows = rows.filter(number__lt=before)
    size = max(1, min(limit, PAGE_MAX))
    found = list(rows.select_related("thread")[: size + 1])
    following = found[size - 1].number if len(found) > size else None
    return _deliveries(found[:size], by=by), following


def _in_state(state: str) -> Q:
    wanted = {
        "waiting": Q(silent_at__isnull=False),
        "answered": Q(ended__in=["answered", "replied"]),
        "returned": Q(came_back_at__isnull=False),
        "silent": Q(ended__in=["passed on", "nobody left"]),
    }
    if state not in wanted:
        raise Invalid(f"{state!r} is no state of a delivery; one of: {', '.join(STATES)}", field="state")
    return wanted[state]


def look_up(*, ticket: str, by: Actor) -> Found:
    """Return all that was said about a ticket number: of an incident, a notice, a report, a thread, or a Message-ID.

    An unknown number and one whose matters the actor may not see both find nothing, and nothing tells them apart.
    """
    access.require(by, access.Permission.THREADS_READ)
    return _found(_ticket(ticket), by=by)


def of_incident(*, reference: str, by: Actor) -> Found:
    """Return all that was said about an incident, and the notices that told of its findings, with what came back."""
    access.require(by, access.Permission.THREADS_READ)
    notices = _notices_of(reference, by=by)
    return _found(parse_reference(reference), *notices, by=by)


def asking_for_help(*, incident: str, by: Actor) -> tuple[ThreadView, ...]:
    """Return the threads of an incident, of its parts and of the notices of their findings in which somebody asks for
    help and has no answer yet, whoever waits longest first."""
    calling = visible(by).filter(urgent=True)
    # On most days nobody calls, and then there is nothing more to ask.
    if not calling.exists():
        return ()
    names = {
        name
        for reference in incidents.references_of_matter(ref=incident, by=by)
        for name in (reference, *_notices_of(reference, by=by))
    }
    return tuple(thread_view(row) for row in calling.filter(about__in=names).order_by("last_at", "number")[:FOUND_MAX])


def _notices_of(reference: str, *, by: Actor) -> tuple[str, ...]:
    """Return the notices that told of an incident's findings."""
    told = incidents.finding_ids(ref=reference, by=by)
    may = access.may(by, access.Permission.FINDINGS_READ)
    return findings.notices_telling(finding_ids=told[:FOUND_MAX], by=by) if told and may else ()


def _found(*names: str, by: Actor) -> Found:
    """Return what was said under some numbers, in a fixed number of queries."""
    threads = list(visible(by).filter(Q(about__in=names) | Q(reference__in=names)).order_by("number")[:FOUND_MAX])
    own = [row for row in threads if row.reference in names]
    letters = Letter.objects.filter(thread__in=own).order_by("number")[:FOUND_MAX]
    lines = {line.message.id: line for line in _deliveries(list(letters.select_related("thread")), by=by)}
    said = outbox.messages_about(names=names, by=by, limit=FOUND_MAX)
    known = Letter.objects.filter(message__in=[view.id for view in said]).select_related("thread")
    lines |= {line.message.id: line for line in _deliveries(list(known), by=by)}
    lines |= {view.id: Delivery(message=view, thread="") for view in said if view.id not in lines}
    ordered = sorted(lines.values(), key=lambda line: line.message.queued_at)
    return Found(ticket=names[0], threads=tuple(thread_view(row) for row in threads), deliveries=tuple(ordered))


def _ticket(text: str) -> str:
    words = text.strip()[:SEARCH_CHARACTERS_MAX]
    if not words:
        raise Invalid("give a ticket number such as PK-2026-000123", field="ticket")
    try:
        return parse_reference(words)
    except Invalid:
        return words


def _deliveries(letters: Sequence[Letter], *, by: Actor, whole: bool = False) -> list[Delivery]:
    """Return letters as lines, with a fixed number of queries whatever their number."""
    messages = {view.id: view for view in outbox.some(ids=[row.message for row in letters], whole=whole, by=by)}
    newest = standing_answers(letters)
    replies = Reply.objects.filter(letter__in=letters).values_list("letter").annotate(n=Count("number"))
    counted: dict[Any, int] = dict(replies)
    return [
        Delivery(
            message=messages[row.message],
            thread=row.thread.reference,
            step=row.step,
            stands_in_for=row.stands_in_for,
            silent_at=row.silent_at,
            came_back_at=row.came_back_at,
            ended=row.ended,
            answer=newest.get(row.number),
            replies=counted.get(row.number, 0),
        )
        for row in letters
        if row.message in messages
    ]


def standing_answers(letters: Sequence[Letter]) -> dict[int, AnswerView]:
    """Return the answer that stands for each letter that has one."""
    rows = Answer.objects.filter(letter__in=letters).order_by("position")
    return {row.letter_id: answer_view(row) for row in rows}


def thread_view(row: Thread) -> ThreadView:
    """Return a thread's row as shown."""
    return ThreadView(
        id=row.id,
        number=row.number,
        reference=row.reference,
        subject=row.subject,
        about=row.about,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        organisation=row.organisation,
        other_team=row.other_team,
        other_name=row.other_name,
        other_email=row.other_email,
        tlp=row.tlp,
        turn=Turn(row.turn),
        urgent=row.urgent,
        opened_at=row.opened_at,
        last_at=row.last_at,
    )


def _reply_view(row: Reply) -> ReplyView:
    return ReplyView(
        sender=row.sender,
        expected=row.expected,
        subject=row.subject,
        text=row.text,
        raw_sha256=row.raw_sha256,
        files=tuple(row.files),
        signed=row.signed,
        at=row.at,
    )
