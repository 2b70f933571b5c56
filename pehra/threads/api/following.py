"""What brought nothing goes on: a letter that came back or was met by silence is written to the next contact.

Every letter with an answer link is followed, whoever wrote it. Each is passed on in a transaction of its own, at most
once, a few at a tick: a storm of bounces becomes no storm of letters. When nobody is left, our team is told to call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction

from pehra.findings import api as findings
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp, may_share, strictest
from pehra.kernel.refusals import Forbidden, NotVisible, Refusal
from pehra.law import api as law
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.threads.api.coming_in import subject_of
from pehra.threads.api.opening import follow, letter_row
from pehra.threads.api.telling import of_nobody_left, preface
from pehra.threads.models import Letter, Thread
from pehra.threads.rules import following
from pehra.threads.rules.answers import Turn
from pehra.threads.rules.following import Cause, Contact, Ended

LETTERS_A_TICK_MAX = 200
PAGE = 500
PAGES_A_TICK_MAX = 40
OVERLAP = timedelta(hours=2)  # a notice's transaction may end long after its moment
SWEPT_AT_MINUTE = 17  # of each hour: what came while no worker ran lies before the newest letter
STILL_ON_ITS_WAY = timedelta(hours=1)
PASSED_ON_KIND = "threads.passed-on"


@dataclass(frozen=True, kw_only=True)
class FollowSummary:
    """What one tick came to: letters newly followed, passed on to somebody else, and those with nobody left to ask."""

    followed: int = 0
    passed_on: int = 0
    nobody_left: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts as JSON values."""
        return dict(vars(self))


def follow_letters(*, by: Actor, at: datetime, limit: int = LETTERS_A_TICK_MAX) -> FollowSummary:
    """Follow new letters, and pass on those that waited long enough or came back."""
    if not by.is_system:
        raise Forbidden("letters are followed by Pehra itself")
    followed = _take_up(by=by, at=at)
    _hurry_undelivered(by=by, at=at)
    counts = {"passed_on": 0, "nobody_left": 0}
    waiting = Letter.objects.filter(silent_at__lte=at).order_by("silent_at", "number")
    for number in list(waiting.values_list("number", flat=True)[: min(limit, LETTERS_A_TICK_MAX)]):
        try:
            outcome = _pass_on(number, by=by, at=at)
        except Refusal:
            # Nothing that one letter lacks holds up the others; it is tried again, and stands as awaited until then.
            Letter.objects.filter(number=number).update(silent_at=at + STILL_ON_ITS_WAY)
            continue
        if outcome in counts:
            counts[outcome] += 1
    return FollowSummary(followed=followed, **counts)


def _take_up(*, by: Actor, at: datetime) -> int:
    """Give every answerable message its letter; return how many had none yet."""
    newest = Letter.objects.order_by("-number").values_list("at", flat=True).first()
    oldest = at - following.FOLLOWED_FOR
    since = max(oldest, newest - OVERLAP) if newest and at.minute != SWEPT_AT_MINUTE else oldest
    before, after = Letter.objects.count(), None
    for _page in range(PAGES_A_TICK_MAX):
        messages = outbox.answerable(after=after, since=since, limit=PAGE, by=by)
        with transaction.atomic():
            follow(messages, at=at)
        if len(messages) < PAGE:
            break
        after = messages[-1].id
    return Letter.objects.count() - before


def _hurry_undelivered(*, by: Actor, at: datetime) -> None:
    """What no server ever took is as good as come back: nobody waits three days for its answer."""
    failed = outbox.undelivered(limit=PAGE, by=by)
    Letter.objects.filter(message__in=failed, silent_at__gt=at).update(silent_at=at, came_back_at=at)


@transaction.atomic
def _pass_on(number: int, *, by: Actor, at: datetime) -> str:
    # With its thread, and never waiting for it: whoever holds that may wait for the letter.
    rows = Letter.objects.select_for_update(skip_locked=True, of=("self", "thread")).select_related("thread")
    letter = rows.filter(number=number, silent_at__lte=at).first()
    if letter is None:
        return "taken by somebody else"
    message = outbox.message(message_id=letter.message, by=by)
    if message.state not in (outbox.State.SENT, outbox.State.FAILED):
        Letter.objects.filter(number=number).update(silent_at=at + STILL_ON_ITS_WAY)
        return "still on its way"
    standing = _standing(message, letter.thread, by=by)
    if standing.is_over:
        _end(letter, Ended.NOT_AWAITED)
        return "nothing to answer any more"
    cause = Cause.BOUNCE if letter.came_back_at else Cause.SILENCE
    near = _near(letter, by=by)
    contact = _next(letter, near=near, tlp=standing.tlp)
    if contact is None:
        return _nobody_left(letter, cause, by=by, at=at)
    circle = Circle.NAMED if contact.is_team else near
    draft = _draft(message, contact, cause, circle=circle, tlp=standing.tlp, by=by, at=at)
    (new,) = outbox.queue_many(drafts=[draft], by=by, at=at)
    view = outbox.message(message_id=new, by=by)
    letter_row(view, letter.thread, at=at, step=letter.step + 1, instead_of=message.id).save()
    _end(letter, Ended.PASSED_ON)
    Thread.objects.filter(number=letter.thread_id).update(turn=Turn.THEM, last_at=at)
    facts = {"message": str(message.id), "now": str(new), "cause": cause.value, "step": letter.step + 1}
    _record("threads.passed_on", letter.thread, facts, by=by, at=at)
    return "passed_on"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a letter's matter stands by now: as it is marked today, and whether an answer is of use still."""

    tlp: Tlp
    is_over: bool


def _standing(message: outbox.MessageView, thread: Thread, *, by: Actor) -> Standing:
    """Return how the incident or the findings stand that a letter was about."""
    tlp = strictest(Tlp(message.tlp), Tlp(thread.tlp))
    told = findings.told_in(reference=message.about, by=by)
    if told:
        parts = (told[start : start + PAGE] for start in range(0, len(told), PAGE))
        unfixed = (row for part in parts for row in findings.some(ids=part, by=by) if row.state in findings.UNFIXED)
        return Standing(tlp=tlp, is_over=next(unfixed, None) is None)
    try:
        incident = incidents.heading(message.about, by=by).incident
    except NotVisible:
        return Standing(tlp=tlp, is_over=False)
    return Standing(tlp=strictest(tlp, Tlp(incident.tlp)), is_over=incident.ended_at is not None)


def _near(letter: Letter, *, by: Actor) -> Circle:
    """Return how near the other side stands: by the first letter, since what went on to our team went nearer."""
    first = letter
    for _step in range(following.STEPS_MAX):
        if first.stands_in_for is None:
            break
        first = Letter.objects.get(message=first.stands_in_for)
    return Circle(outbox.message(message_id=first.message, by=by).circle)


def _next(letter: Letter, *, near: Circle, tlp: Tlp) -> Contact | None:
    """Return who is asked next, of those whom the matter's marking lets know of it."""
    thread = letter.thread
    own = registry.contacts_of([thread.organisation]).get(thread.organisation, [])
    team = registry.team_contacts(thread.lead_team) if thread.lead_team else []
    tried = set(Letter.objects.filter(thread=thread).values_list("recipient_email", flat=True))
    return following.next_contact(
        own=_known(own) if may_share(tlp, near) else (),
        team=_known(team, is_team=True),
        tried=tried,
        steps=letter.step,
    )


def _known(contacts: Sequence[registry.ContactView], *, is_team: bool = False) -> list[Contact]:
    return [
        Contact(name=row.name, email=row.email, language=row.language, role=row.role, is_team=is_team)
        for row in contacts
        if outbox.is_address(row.email)
    ]


def _draft(
    message: outbox.MessageView, contact: Contact, cause: Cause, *, circle: Circle, tlp: Tlp, by: Actor, at: datetime
) -> outbox.Draft:
    """Return the same letter to somebody else, with what went before said above it."""
    profile = law.load(settings.PEHRA_PROFILE)
    offered = law.notice_policy(profile, on=law.day_of(profile, at)).languages
    languages = (contact.language,) if contact.language in offered else tuple(offered)
    text = preface(message, contact, cause, languages=languages)
    read = partial(outbox.attachment_content, message_id=message.id, by=by)
    files = [read(position=file.position) for file in message.attachments]
    return outbox.Draft(
        kind=PASSED_ON_KIND,
        recipient=outbox.Recipient(name=contact.name, email=contact.email, language=message.language, circle=circle),
        subject=message.subject,
        body=f"{text}\n{'-' * 64}\n\n{message.body}",
        tlp=tlp,
        dedupe_key=f"{PASSED_ON_KIND}:{message.id}",
        about=message.about,
        lead_team=message.lead_team,
        teams=message.teams,
        organisation=message.organisation,
        attachments=tuple(
            outbox.Attachment(name=view.name, media_type=view.media_type, content=content) for view, content in files
        ),
        answer_until=at + outbox.ANSWER_VALID,
        # A mailbox that several read shows one conversation, and the team's own copies stand together.
        in_reply_to=message.message_id,
    )


def _nobody_left(letter: Letter, cause: Cause, *, by: Actor, at: datetime) -> str:
    _end(letter, Ended.NOBODY_LEFT)
    Thread.objects.filter(number=letter.thread_id).update(turn=Turn.US, last_at=at)
    outbox.queue_many(drafts=of_nobody_left(letter.thread, at=at), by=by, at=at)
    facts = {"message": str(letter.message), "cause": cause.value, "step": letter.step}
    _record("threads.nobody_left", letter.thread, facts, by=by, at=at)
    return "nobody_left"


def _end(letter: Letter, why: Ended) -> None:
    Letter.objects.filter(number=letter.number).update(silent_at=None, ended=why)


def _record(event: str, thread: Thread, facts: Mapping[str, object], *, by: Actor, at: datetime) -> None:
    ledger.record(event, subject=subject_of(thread), by=by, at=at, teams=thread.teams, facts=dict(facts))
