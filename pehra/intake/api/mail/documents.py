"""IODEF and STIX that come as files of a mail become reports as they do by REST, one for each incident.

They are told by their content alone, and the mail is kept as it came. Anybody can write any sender, issuer and number,
so the word in a document counts as much as a mail's own: whoever sent the mail is who reports, and a later document is
added to an earlier one's report only where the sender is known to be the same. What cannot be read, or tells of more
than a mail may, stays a file of an ordinary report, which says why.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from pehra.incidents import api as incidents
from pehra.incidents.api import IncidentDocument
from pehra.intake import queries
from pehra.intake.api import documents, receiving
from pehra.intake.rules import saying
from pehra.intake.rules.mail.letters import Letter
from pehra.intake.rules.mail.markings import marking_of
from pehra.intake.rules.saying import ANSWER_LENGTH_MAX, TITLE_LENGTH_MAX, Receipt, Reporter, Said
from pehra.kernel.actors import Actor
from pehra.kernel.markings import strictest
from pehra.kernel.refusals import Refusal
from pehra.law import api as law

FILES_LOOKED_AT_MAX = 20
INCIDENTS_MAX = 20  # more of them come by REST or by the page, from somebody who has an account
SNIFFED_BYTES = 1024
DETAIL_CHARACTERS_MAX = 300


@dataclass(frozen=True, kw_only=True)
class Told:
    """What documents a mail brings, and which files they are; or why a file that is one was not read."""

    incidents: tuple[IncidentDocument, ...] = ()
    detail: str = ""


def told_in(letter: Letter) -> Told:
    """Return the incidents that the files of a mail tell of; all of them, or none and the reason."""
    found: list[IncidentDocument] = []
    names: list[str] = []
    likely = [part for part in letter.files if _may_be_one(part.content)]
    for part in likely[:FILES_LOOKED_AT_MAX]:
        if incidents.document_format(part.content) is None:
            continue
        name = part.name or part.media_type
        try:
            format, told = incidents.read_documents(part.content)
        except Refusal as refusal:
            return Told(detail=f"{name}: {refusal.message}"[:DETAIL_CHARACTERS_MAX])
        found += told
        names.append(f"{format} {name}")
    if len(found) > INCIDENTS_MAX:
        why = f"{len(found)} incidents, and by mail at most {INCIDENTS_MAX}: hand the file in by REST or on its page"
        return Told(detail=f"{', '.join(names)}: {why}"[:DETAIL_CHARACTERS_MAX])
    return Told(incidents=tuple(found), detail=", ".join(names)[:DETAIL_CHARACTERS_MAX])


def _may_be_one(content: bytes) -> bool:
    return content[:SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{")


def take_in(
    told: Told, letter: Letter, *, known: str, reporter: Reporter, is_sure: bool, same: dict[str, Any], team: str,
    language: str, by: Actor, at: datetime,
) -> list[Receipt]:  # fmt: skip
    """Take every incident in as a report, or as more of one; refuse all of them where one cannot be taken.

    `known` is the report that the mail answers, `same` what each is received with, `is_sure` whether the sender is
    known to be who the mail says.
    """
    profile = law.load(settings.PEHRA_PROFILE)
    receipts = []
    with transaction.atomic():
        for position, document in enumerate(told.incidents):
            source, ref = f"{same['source']}:{team}", _called(document, reporter)
            source, ref = saying.at_source(source, ref) if ref else (same["source"], same["source_ref"])
            one = same | {
                "said": _said(document, letter, profile), "once": f"{same['once']}#{position}",
                "source": source, "source_ref": ref, "by": by, "at": at,
            }  # fmt: skip
            earlier = known if len(told.incidents) == 1 else ""
            if not earlier and is_sure:
                earlier = queries.of_source(source=source, source_ref=ref, by=by)
            if earlier:
                receipts.append(receiving.add(reference=earlier, **one))
            else:
                receipts.append(receiving.receive(reporter=reporter, language=language, team=team, **one))
    return receipts


def _called(document: IncidentDocument, reporter: Reporter) -> str:
    """Return what a matter is called by one sender alone: nobody else's mail is taken for more of it."""
    if not (document.issuer and document.reference and reporter.email):
        return ""
    return f"{reporter.email} {document.issuer} {document.reference}"


def _said(document: IncidentDocument, letter: Letter, profile: law.Profile) -> Said:
    """Return what a document says, with the words of the mail beside it and the stricter mark of the two."""
    said = documents.said_in(document, profile)
    marks = [mark for mark in (said.tlp, marking_of(letter.subject)) if mark is not None]
    beside = {"mail.subject": letter.subject, "mail.text": letter.text[:ANSWER_LENGTH_MAX]}
    return replace(
        said,
        title=said.title or letter.subject[:TITLE_LENGTH_MAX],
        answers=dict(said.answers) | {name: words for name, words in beside.items() if words},
        tlp=strictest(*marks) if marks else None,
    )
