"""Our own team is told, by mail and in its reader's language, of what cannot wait until somebody looks.

The mail says which matter and what kind of answer; what was written stays behind the wall, so that a mailbox holds
nothing above its marking.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from pehra.kernel.markings import Circle, Tlp
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.threads.models import Answer, Thread
from pehra.threads.rules.answers import Choice
from pehra.threads.rules.following import Cause, Contact

LANGUAGE_DEFAULT = "en"
ANSWERED_KIND = "threads.answered"
UNREACHED_KIND = "threads.unreached"


def of_answer(thread: Thread, new: Answer) -> list[outbox.Draft]:
    """Return what the lead team's contacts are told of an answer that wants a person."""
    choice = Choice(new.choice)

    def words() -> tuple[str, str]:
        who = {"reference": thread.about or thread.reference, "name": thread.other_name or thread.organisation}
        if choice is Choice.NEED_HELP:
            subject = _("%(reference)s: %(name)s asks for help") % who
        else:
            subject = _("%(reference)s: %(name)s says that it is a false alarm") % who
        lines = [
            subject,
            "",
            _("They answered by the one-time link of a letter. What they wrote is in the thread."),
        ]
        return subject, "\n".join([*lines, _("Thread: %(thread)s") % {"thread": thread.reference}, ""])

    return _to_team(thread, words, kind=ANSWERED_KIND, key=f"{ANSWERED_KIND}:{new.letter.message}:{new.position}")


def of_nobody_left(thread: Thread, *, at: datetime) -> list[outbox.Draft]:
    """Return what the lead team's contacts are told when everybody was asked and nobody answered: once a day."""

    def words() -> tuple[str, str]:
        who = {"reference": thread.about or thread.reference, "name": thread.other_name or thread.organisation}
        subject = _("%(reference)s: nobody at %(name)s answers") % who
        lines = [subject, "", _("Every contact that the registry knows was written to. Please telephone.")]
        return subject, "\n".join([*lines, _("Thread: %(thread)s") % {"thread": thread.reference}, ""])

    return _to_team(thread, words, kind=UNREACHED_KIND, key=f"{UNREACHED_KIND}:{thread.reference}:{at:%Y-%m-%d}")


def preface(message: outbox.MessageView, contact: Contact, cause: Cause, *, languages: Sequence[str]) -> str:
    """Return what stands above a letter that goes on to the next contact, in each of its reader's languages."""
    who = {
        "name": message.recipient_name or message.recipient_email,
        "email": message.recipient_email,
        "date": message.queued_at.date().isoformat(),
    }
    parts = []
    for language in languages:
        with translation.override(language):
            first = (
                _("This letter was written to %(name)s (%(email)s) on %(date)s and came back.")
                if cause is Cause.BOUNCE
                else _("This letter was written to %(name)s (%(email)s) on %(date)s. Nobody has answered it yet.")
            )
            then = (
                _("It comes to you as the team responsible: please reach them another way.")
                if contact.is_team
                else _("It comes to you as the next contact: please see that somebody answers it.")
            )
            parts.append(f"{first % who}\n{then}\n")
    return "\n".join(parts)


def _to_team(thread: Thread, words: Callable[[], tuple[str, str]], *, kind: str, key: str) -> list[outbox.Draft]:
    drafts = []
    for contact in registry.team_contacts(thread.lead_team) if thread.lead_team else []:
        if not outbox.is_address(contact.email):
            continue
        language = contact.language or LANGUAGE_DEFAULT
        with translation.override(language):
            subject, body = words()
        drafts.append(
            outbox.Draft(
                kind=kind,
                # The law names this team for the matter: in the words of TLP a named recipient.
                recipient=outbox.Recipient(
                    name=contact.name, email=contact.email, language=language, circle=Circle.NAMED
                ),
                subject=subject[:250],
                body=body,
                tlp=Tlp(thread.tlp),
                dedupe_key=f"{key}:{contact.email}"[:200],
                about=thread.about or thread.reference,
                lead_team=thread.lead_team,
                teams=tuple(thread.teams),
            )
        )
    return drafts
