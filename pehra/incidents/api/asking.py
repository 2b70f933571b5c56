"""What the law could not decide for want of a fact: a person of the lead team is asked, once a day, in one letter.

A finding may oblige an incident or not, depending on something nobody has registered, such as whether its
organisation is critical. Nothing is guessed: no incident opens, and the question does not get lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from pehra.findings import api as findings_api
from pehra.incidents.api.telling import AddressBook, short_key
from pehra.kernel.actors import Actor
from pehra.kernel.markings import strictest
from pehra.law import api as law
from pehra.outbox import api as outbox

KIND_QUESTION = "incident-question"
ORGANISATIONS_NAMED_MAX = 50


@dataclass(kw_only=True)
class Question:
    """What one rule could not decide for the matters of one team."""

    rule: str
    team: str
    missing: set[str] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)
    markings: list[law.Marking] = field(default_factory=list)


Undecided = tuple[findings_api.FindingView, law.Obligation, law.Marking]


def ask(undecided: Iterable[Undecided], *, by: Actor, at: datetime) -> None:
    """Queue one letter a rule, team and day that says which facts are missing of which organisations."""
    questions: dict[tuple[str, str], Question] = {}
    for finding, obligation, marking in undecided:
        key = (obligation.rule, finding.lead_team)
        question = questions.setdefault(key, Question(rule=obligation.rule, team=finding.lead_team))
        question.missing.update(obligation.missing)
        question.organisations.add(finding.organisation)
        question.markings.append(marking)
    book = AddressBook()
    letters = [draft for question in questions.values() for draft in _letters(question, book, at=at)]
    outbox.queue_many(drafts=letters, by=by, at=at)


def _letters(question: Question, book: AddressBook, *, at: datetime) -> list[outbox.Draft]:
    drafts = []
    for recipient in book.of(question.team):
        with translation.override(recipient.language):
            subject, body = _text(question)
        key = f"{KIND_QUESTION}:{question.rule}:{question.team}:{at.date().isoformat()}:{recipient.email}"
        drafts.append(
            outbox.Draft(
                kind=KIND_QUESTION,
                recipient=recipient,
                subject=subject,
                body=body,
                tlp=strictest(*(marking.tlp for marking in question.markings)),
                about=question.rule,
                lead_team=question.team,
                teams=(question.team,),
                dedupe_key=short_key(key),
            )
        )
    return drafts


def _text(question: Question) -> tuple[str, str]:
    organisations = sorted(question.organisations)
    subject = _("Facts are missing to decide whether incidents are due: %(number)d organisations") % {
        "number": len(organisations)
    }
    lines = [
        _("Findings may oblige an incident; the law cannot say without these facts: %(facts)s")
        % {"facts": ", ".join(sorted(question.missing))},
        _("Rule: %(rule)s") % {"rule": question.rule},
        _("Complete the registry for these organisations, or open an incident by hand:"),
        *organisations[:ORGANISATIONS_NAMED_MAX],
    ]
    return subject, "\n".join(lines) + "\n"
