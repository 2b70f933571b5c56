"""The words of a letter for each reader: what was typed, or else the profile's template in the reader's language."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from pehra.kernel.refusals import Invalid
from pehra.law import api as law
from pehra.outbox import api as outbox
from pehra.registry import api as registry
from pehra.threads.api.opening import Matter
from pehra.threads.rules.drafts import ANSWER_GAP, Writing
from pehra.threads.rules.following import Contact

LOCAL_DIVIDER = f"\n\n{'-' * 64}\n\n"
ENGLISH = "en"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is to be said, for whoever reads it. `names` is what organisation and team are called, in both languages."""

    subject: str
    body: str
    template: law.LetterTemplate | None
    gaps: dict[str, str]
    names: dict[str, registry.Named]
    matter: Matter
    exercise: bool
    offered: tuple[str, ...]

    def languages(self, contact: Contact) -> tuple[str, ...]:
        """Return the languages to write in: the reader's own where it is offered, else all that are."""
        return (contact.language,) if contact.language in self.offered else self.offered

    def to(self, contact: Contact) -> tuple[str, str, tuple[str, ...]]:
        """Return subject and text for one reader, and the gaps that nobody filled."""
        parts = [self._in(language) for language in self.languages(contact)]
        if self.body:  # What was typed is in one language, whatever the reader's: it is said once.
            parts = parts[:1]
        subject, body = parts[0][0], LOCAL_DIVIDER.join(text for _subject, text in parts)
        missing = tuple(f"{{{name}}}" for name in law.letter_gaps(f"{subject} {body}"))
        return subject, body, missing

    def _in(self, language: str) -> tuple[str, str]:
        local = language != ENGLISH
        gaps = self.gaps | {
            "organisation": self._named(self.matter.organisation, local=local) or self.matter.other_name,
            "team": self._named(self.matter.lead_team, local=local) or self.matter.lead_team,
            "answer": outbox.ANSWER_HERE,
        }
        subject, body = self.template.filled(gaps, local=local) if self.template else ("", "")
        subject, body = self.subject or subject, self.body or body
        if ANSWER_GAP in body:
            body = body.replace(ANSWER_GAP, outbox.ANSWER_HERE)
        elif outbox.ANSWER_HERE not in body:
            with translation.override(language):
                ask = _("Answer in a minute, without an account:")
            body = f"{body}\n\n{ask}\n{outbox.ANSWER_HERE}"
        if self.exercise:
            with translation.override(language):
                subject, warning = f"{_('EXERCISE')}: {subject}", _("This is an exercise. Nothing has happened.")
            body = f"{warning}\n\n{body}"
        return subject, f"{body}\n"

    def _named(self, code: str, *, local: bool) -> str:
        named = self.names.get(code)
        return (named.name_local if local and named.name_local else named.name) if named else ""


def words_of(writing: Writing, matter: Matter, *, title: str, exercise: bool, at: datetime) -> Words:
    """Return the words of a writing; refuse one that says nothing."""
    profile = law.load(settings.PEHRA_PROFILE)
    template = next((letter for letter in law.letters(profile) if letter.code == writing.template), None)
    if writing.template and template is None:
        raise Invalid(_("The profile has no such letter."), field="template")
    subject, body = " ".join(writing.subject.split()), writing.body.strip()
    if template is None and not subject:
        raise Invalid(_("A letter needs a subject."), field="subject")
    if template is None and not body:
        raise Invalid(_("A letter needs words."), field="body")
    return Words(
        subject=subject,
        body=body,
        template=template,
        gaps={"reference": matter.about, "title": title},
        names=registry.local_names([code for code in (matter.organisation, matter.lead_team) if code]),
        matter=matter,
        exercise=exercise,
        offered=tuple(law.notice_policy(profile, on=law.day_of(profile, at)).languages),
    )
