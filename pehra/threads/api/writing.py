"""Writing to an organisation, a team or somebody outside: looked at for each recipient first, then sent.

Each recipient gets their own language. The marking is asked for each of them, here and again by the outbox; a matter's
marking may be made stricter by who writes about it and never looser. What is sent is what was looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import api as incidents
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Circle, Tlp, may_share, strictest
from pehra.kernel.refusals import Forbidden, Invalid, NotVisible
from pehra.ledger import api as ledger
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.threads import queries
from pehra.threads.api.coming_in import subject_of
from pehra.threads.api.opening import Matter, letter_row, threads_of
from pehra.threads.api.wording import Words, words_of
from pehra.threads.models import Thread
from pehra.threads.queries import ThreadPage
from pehra.threads.rules import drafts, following, matters
from pehra.threads.rules.answers import Turn
from pehra.threads.rules.drafts import Preview, Previewed, Writing
from pehra.threads.rules.following import Contact

LETTER_KIND = "threads.letter"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Who writes to whom about what, once it is known: the thread it goes into, its words' gaps, and its readers."""

    matter: Matter
    title: str
    exercise: bool
    circle: Circle  # how far from the source the other side stands
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, kw_only=True)
class About:
    """What a letter is about: an incident with its title and marking, or nothing that is kept here."""

    title: str = ""
    tlp: Tlp = Tlp.CLEAR
    exercise: bool = False
    teams: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()


def preview_letter(*, writing: Writing, by: Actor, at: datetime) -> Previewed:
    """Return each letter as its recipient would get it, and whether its marking lets it go there. Sends nothing."""
    sides = _sides(writing, by=by)
    return _previewed(writing, sides, at=at)


@transaction.atomic
def write_letter(*, writing: Writing, seen: str, by: Actor, at: datetime) -> ThreadPage:
    """Write the letters that were looked at, into their thread; refused when they are others by now.

    `seen` is what the preview was called. A second press finds another number of letters in the thread, and sends none.
    """
    sides = _sides(writing, by=by)
    thread = threads_of([sides.matter], at=at)[sides.matter.key]
    thread = Thread.objects.select_for_update().get(number=thread.number)
    previewed = _previewed(writing, sides, at=at)
    if previewed.seen != seen:
        raise Invalid(_("This is not what you looked at: something changed meanwhile. Look at it again."), field="seen")
    going = [letter for letter in previewed.letters if letter.may_go]
    if not going:
        raise Invalid(previewed.letters[0].refusal, field="tlp")
    before = _before(thread, going, by=by)
    drafts = [_draft(letter, thread, seen=seen, follows=before.get(letter.email, ""), at=at) for letter in going]
    messages = outbox.queue_many(drafts=drafts, by=by, at=at)
    for view in outbox.some(ids=messages, by=by):
        letter_row(view, thread, at=at).save()
    thread.turn, thread.urgent, thread.last_at = Turn.THEM, False, at
    thread.tlp = strictest(Tlp(thread.tlp), *(letter.tlp for letter in going))
    thread.save(update_fields=["turn", "urgent", "last_at", "tlp"])
    facts = {
        "messages": [str(message) for message in messages],
        "template": writing.template,
        "tlp": going[0].tlp.value,
        "held_back": len(previewed.letters) - len(going),
        "thread": thread.reference,
    }
    for subject in (subject_of(thread), *([thread.about] if thread.about else [])):
        ledger.record("threads.letter.written", subject=subject, by=by, at=at, teams=thread.teams, facts=facts)
    return queries.thread(reference=thread.reference, by=by)


def _before(thread: Thread, letters: Sequence[Preview], *, by: Actor) -> dict[str, str]:
    """Return by address the Message-ID of the last letter there, so that mail programs show one conversation."""
    rows = thread.letters.filter(recipient_email__in=[letter.email for letter in letters]).order_by("number")
    newest = dict(rows.values_list("recipient_email", "message"))
    named = {view.id: view.message_id for view in outbox.some(ids=list(newest.values()), by=by)}
    return {email: named[message] for email, message in newest.items() if message in named}


def _sides(writing: Writing, *, by: Actor) -> Sides:
    writing.require_one_receiver()
    writing.require_within_limits()
    return _of_thread(writing, by=by) if writing.thread else _of_receiver(writing, by=by)


def _of_thread(writing: Writing, *, by: Actor) -> Sides:
    """Return the sides of a letter that goes on in a thread: the same two, about the same."""
    row = queries.find(writing.thread, by=by)
    access.require(by, Permission.THREADS_WRITE, teams=[row.lead_team] if row.lead_team else row.teams)
    about = _about_of_thread(row, by=by)
    # As near as the letter before was; that letter was held to it. One that went on to our own team went nearer.
    letters = row.letters.filter(stands_in_for__isnull=True).order_by("-number")
    before = outbox.some(ids=list(letters.values_list("message", flat=True)[:1]), by=by)
    circle = Circle(before[0].circle) if before else Circle.COMMUNITY
    if row.organisation or row.other_team:
        contacts = _registered(row.organisation, row.other_team, everybody=writing.everybody)
    else:
        language = before[0].language if before else ""
        contacts = (Contact(name=row.other_name, email=row.other_email, language=language, role=""),)
    matter = Matter(
        key=row.key,
        subject=row.subject,
        about=row.about,
        lead_team=row.lead_team,
        teams=tuple(row.teams),
        organisation=row.organisation,
        other_team=row.other_team,
        other_name=row.other_name,
        other_email=row.other_email,
        # A matter may have been marked more strictly since.
        tlp=strictest(Tlp(row.tlp), about.tlp),
    )
    return Sides(matter=matter, title=row.subject, exercise=about.exercise, circle=circle, contacts=contacts)


def _of_receiver(writing: Writing, *, by: Actor) -> Sides:
    """Return the sides of a letter that may begin a thread."""
    team = _writing_team(writing, by=by)
    try:
        about = _about(writing.about, by=by)
    except NotVisible as refusal:
        raise Invalid(refusal.message, field="about") from refusal
    if writing.organisation:
        access.require_known_organisation(writing.organisation, by=by)
        name = registry.names([writing.organisation]).get(writing.organisation, writing.organisation)
    elif writing.to_team:
        access.require_known_team(writing.to_team)
        name = registry.team(writing.to_team, by=by).name
    else:
        name = writing.name or writing.email
    if writing.organisation or writing.to_team:
        contacts = _registered(writing.organisation, writing.to_team, everybody=writing.everybody)
    else:
        if not outbox.is_address(writing.email):
            raise Invalid(_("This is no mail address."), field="email")
        contacts = (Contact(name=name, email=writing.email, language="", role=""),)
    matter = Matter(
        key=matters.key(
            lead_team=team,
            organisation=writing.organisation,
            to_team=writing.to_team,
            email=writing.email,
            about=writing.about,
        ),
        subject=about.title or writing.subject or name,
        about=writing.about,
        lead_team=team,
        teams=tuple(sorted({team, *([writing.to_team] if writing.to_team else [])})),
        organisation=writing.organisation,
        other_team=writing.to_team,
        other_name=name[:200],
        other_email=contacts[0].email if contacts else "",
        tlp=about.tlp,
    )
    circle = _circle(writing, about)
    return Sides(matter=matter, title=about.title, exercise=about.exercise, circle=circle, contacts=contacts)


def _writing_team(writing: Writing, *, by: Actor) -> str:
    """Return the team in whose name it is written: the one that is said, or the only one the actor may write for."""
    if by.is_system and writing.team:
        return writing.team
    mine = access.narrowed(by, Permission.THREADS_WRITE).teams
    team = writing.team or (next(iter(mine)) if len(mine) == 1 else "")
    if not team:
        raise Invalid(_("Say in the name of which team you write."), field="team")
    access.require(by, Permission.THREADS_WRITE, teams=[team])
    return team


def _about(reference: str, *, by: Actor) -> About:
    if not reference:
        return About()
    page = incidents.incident(reference, by=by)
    return About(
        title=page.incident.title,
        tlp=Tlp(page.incident.tlp),
        exercise=page.incident.exercise,
        teams=frozenset(role["team"] for role in page.incident.roles),
        organisations=frozenset(side.organisation for side in page.sides),
    )


def _about_of_thread(row: Thread, *, by: Actor) -> About:
    """Return what a thread is about; a notice has its marking in the thread, and what is hidden stays so."""
    try:
        return _about(row.about, by=by)
    except (NotVisible, Forbidden):
        return About()


def _circle(writing: Writing, about: About) -> Circle:
    """Return how far from the source the other side stands.

    A team with a part in the matter is named for it by law, an organisation is near to what concerns it, and whoever is
    concerned by nothing of it is one of the community at best.
    """
    if writing.to_team and writing.to_team in about.teams:
        return Circle.NAMED
    own = bool(writing.organisation) and (not writing.about or writing.organisation in about.organisations)
    return Circle.ORGANISATION if own else Circle.COMMUNITY


def _registered(organisation: str, to_team: str, *, everybody: bool) -> tuple[Contact, ...]:
    """Return the registry's contacts, the first of them or all; none is said where it would be sent."""
    found = (
        registry.contacts_of([organisation]).get(organisation, []) if organisation else registry.team_contacts(to_team)
    )
    known = following.ranked(
        [
            Contact(name=row.name, email=row.email, language=row.language, role=row.role, is_team=bool(to_team))
            for row in found
            if outbox.is_address(row.email)
        ]
    )
    if not known:
        raise Invalid(_("The registry knows no contact there. Name an address."), field="organisation")
    return tuple(known[: drafts.RECIPIENTS_MAX if everybody else 1])


def _previewed(writing: Writing, sides: Sides, *, at: datetime) -> Previewed:
    words = words_of(writing, sides.matter, title=sides.title, exercise=sides.exercise, at=at)
    tlp = strictest(writing.tlp, sides.matter.tlp)
    letters = tuple(_one(words, contact, sides, tlp=tlp) for contact in sides.contacts)
    written = Thread.objects.filter(key=sides.matter.key, letters__isnull=False).values("letters").count()
    return Previewed(letters=letters, seen=drafts.seen(letters, matter=sides.matter.key, written_before=written))


def _one(words: Words, contact: Contact, sides: Sides, *, tlp: Tlp) -> Preview:
    subject, body, missing = words.to(contact)
    refusal = ""
    if not may_share(tlp, sides.circle):
        refusal = _("%(tlp)s may not go there: the receiver stands further away than it allows.") % {"tlp": tlp.value}
    elif missing:
        refusal = _("Fill in what stands in curly brackets: %(gaps)s") % {"gaps": ", ".join(missing)}
    return Preview(
        name=contact.name,
        email=contact.email,
        languages=words.languages(contact),
        circle=sides.circle,
        subject=f"[{tlp.value}] {subject}",
        body=body,
        tlp=tlp,
        refusal=refusal,
        text=outbox.shown(body),
    )


def _draft(letter: Preview, thread: Thread, *, seen: str, follows: str, at: datetime) -> outbox.Draft:
    return outbox.Draft(
        kind=LETTER_KIND,
        recipient=outbox.Recipient(
            name=letter.name, email=letter.email, language=", ".join(letter.languages), circle=letter.circle
        ),
        subject=letter.subject,
        body=letter.body,
        tlp=letter.tlp,
        dedupe_key=f"{LETTER_KIND}:{seen}:{letter.email}"[:200],
        about=thread.about or thread.reference,
        lead_team=thread.lead_team,
        teams=tuple(thread.teams),
        organisation=thread.organisation,
        answer_until=at + outbox.ANSWER_VALID if outbox.ANSWER_HERE in letter.body else None,
        in_reply_to=follows,
    )
