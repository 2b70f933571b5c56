"""What becomes of a sorted mail: one table from its kind to the act, each within the transaction that marks the mail.

A reply goes to its thread, a bounce to its letter, a machine's report to triage; what a thread does not know is a
report after all. Whatever the act, the mail says where it went.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pehra.intake.api import receiving
from pehra.intake.api.mail import documents, receipts, saying
from pehra.intake.api.mail.reading import VALID, Handover, Read
from pehra.intake.models import Mail, MailFeed
from pehra.intake.models.mail import MailQuerySet
from pehra.intake.rules.channels import Channel
from pehra.intake.rules.mail import bounces, dmarc, tls_reports
from pehra.intake.rules.mail.sorting import Sort, Sorted, Why
from pehra.intake.rules.mail.states import FeedState, MailState
from pehra.intake.rules.saying import Receipt
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from pehra.kernel.refusals import Refusal
from pehra.threads import api as threads
from pehra.vault import api as vault

MEDIA_TYPE = "message/rfc822"
SOURCE = "mail"
REPORTS_AN_HOUR_MAX = 100  # of one sender: then a person says whether to take the rest
HOUR = timedelta(hours=1)
CONVERSATION = timedelta(days=90)
ROWS_SHOWN_MAX = 50
DETAIL_CHARACTERS_MAX = 500
FLOOD = "this sender's mails of the last hour are more than are taken at once; they wait until a person lets them in"
LOOPS = "the mail goes in a circle"
_ASIDE = frozenset({Why.TOO_MANY_HOPS, Why.OWN_MARK})


def act(row: Mail, mail: Read, *, by: Actor, at: datetime) -> None:
    """Do what a mail's kind asks for, and write into the row what became of it; the caller saves it."""
    row.state, row.due_at, row.problem = MailState.DONE, None, ""
    same = _same(row, mail)
    row.same_as = same.order_by("id").first()
    if row.same_as is not None and not row.wanted:
        row.report, row.thread = row.same_as.report, row.same_as.thread
        if same.filter(is_believed=True).exists():
            return
        # It came before by ways on which nobody vouched for its sender, and stayed off the machine road.
    else:
        ACTS[mail.sorted.sort](row, mail, by, at)
    for handover in mail.road:
        hand_over(row, handover, by=by, at=at)


def _same(row: Mail, mail: Read) -> MailQuerySet:
    """Return the mails that are the same letter, come another way before."""
    if not mail.content_key:
        return Mail.objects.none()
    known = Mail.objects.filter(content_key=mail.content_key, team=row.team, state=MailState.DONE)
    return known.exclude(id=row.id)


def hand_over(row: Mail, handover: Handover, *, by: Actor, at: datetime) -> None:
    """Let something of a mail wait for the machine road; the same thing twice is one."""
    MailFeed.objects.bulk_create(
        [
            MailFeed(
                id=new_id(at),
                mail=row,
                name=handover.name,
                form=handover.form,
                source=f"mail:{row.sender_address}"[:200],
                sha256=handover.sha256,
                state=FeedState.WAITING,
                due_at=at,
                asked_by=by.id,
                asked_at=at,
            )
        ],
        ignore_conflicts=True,
    )


def _report(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Take a mail for a report, or for more of the report that it continues."""
    known = _continued(row, mail, at=at)
    if not (known or row.wanted or mail.is_believed) and _is_flood(row, at=at):
        row.state, row.problem = MailState.SET_ASIDE, FLOOD
        return
    same: dict[str, Any] = {
        "channel": Channel.MAIL, "raw": mail.raw, "media_type": MEDIA_TYPE, "files": saying.files_of(mail),
        "once": f"{row.team}:{mail.content_key}", "source": SOURCE, "source_ref": row.message_id,
    }  # fmt: skip
    taken = _documents(row, mail, known, same, by=by, at=at) or [_plain(row, mail, known, same, by=by, at=at)]
    row.report = taken[0].reference
    if len(taken) > 1:
        row.facts |= {"reports": [receipt.reference for receipt in taken]}
    new = [receipt for receipt in taken if receipt.is_new]
    if new:
        receipts.answer(row, mail, new, by=by, at=at)


def _documents(row: Mail, mail: Read, known: str, same: dict[str, Any], *, by: Actor, at: datetime) -> list[Receipt]:
    """Take in the incidents that a mail's files tell of; none, which the mail says, where one cannot be taken."""
    if not mail.told.incidents or mail.letter is None:
        return []
    try:
        return documents.take_in(
            mail.told,
            mail.letter,
            known=known,
            reporter=saying.reporter_of(row, mail),
            is_sure=mail.is_believed or mail.verdict == VALID,
            same=same,
            team=row.team,
            language=saying.language_of(mail),
            by=by,
            at=at,
        )
    except Refusal as refusal:
        row.detail = f"{mail.told.detail}: {refusal.message}"[:DETAIL_CHARACTERS_MAX]
        if row.why == Why.INCIDENT_DOCUMENT:
            row.why = Why.NOTHING_ELSE
        return []


def _plain(row: Mail, mail: Read, known: str, same: dict[str, Any], *, by: Actor, at: datetime) -> Receipt:
    """Take in a mail's own words and its files."""
    coming = same | {"said": saying.said_in(row, mail), "by": by, "at": at}
    if known:
        return receiving.add(reference=known, **coming)
    return receiving.receive(
        reporter=saying.reporter_of(row, mail),
        language=saying.language_of(mail),
        problem=mail.problem,
        team=row.team,
        **coming,
    )


def _continued(row: Mail, mail: Read, *, at: datetime) -> str:
    """Return the report that a mail adds to: it answers our receipt, or its sender's own mail of before."""
    named = mail.letter.answers_to if mail.letter else ()
    if not named:
        return ""
    recent = Mail.objects.filter(team=row.team, received_at__gte=at - CONVERSATION).exclude(report="")
    by_receipt = recent.filter(receipt_id__in=named)
    by_own_mail = recent.filter(message_id__in=named, sender_address=row.sender_address).exclude(sender_address="")
    found = by_receipt.order_by("-id").first() or by_own_mail.order_by("-id").first()
    return found.report if found else ""


def _is_flood(row: Mail, *, at: datetime) -> bool:
    mine = Mail.objects.filter(sender_address=row.sender_address, received_at__gte=at - HOUR, state=MailState.DONE)
    return mine.exclude(report="").count() >= REPORTS_AN_HOUR_MAX


def _reply(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Put an answer into its thread; one that no thread knows is a report."""
    letter = mail.letter
    assert letter is not None  # an answer is told by the header of a letter that was read
    if not _continued(row, mail, at=at):
        row.thread = threads.take_reply(
            message_ids=letter.answers_to,
            sender=row.sender_address,
            subject=row.subject,
            text=letter.text,
            raw_sha256=row.sha256,
            files=[_reply_file(name, kind, content) for name, kind, content in _contents(mail)],
            signed=mail.signer if mail.verdict == VALID else "",
            by=by,
            at=at,
        )
    if row.thread is None:
        _report(row, mail, by, at)


def _contents(mail: Read) -> list[tuple[str, str, bytes]]:
    return [(file.name, file.media_type, file.content) for file in saying.files_of(mail)]


def _reply_file(name: str, kind: str, content: bytes) -> threads.ReplyFile:
    kept = vault.keep(content, limit=len(content))
    return threads.ReplyFile(name=name, media_type=kind, size=kept.size, sha256=kept.sha256)


def _bounce(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Tell a letter of ours that it came back. What came back of nothing of ours is kept and moves nothing."""
    letter = mail.letter
    assert letter is not None  # a bounce is told by its parts
    ids = bounces.original_ids(letter)
    ours = [
        threads.take_bounce(
            message_ids=ids,
            recipient=one.recipient,
            status=one.status,
            permanent=one.permanent,
            diagnostic=one.diagnostic,
            raw_sha256=row.sha256,
            by=by,
            at=at,
        )
        for one in bounces.bounces(letter)
    ]
    row.facts = {"ours": any(ours), "recipients": len(ours)}


def _numbers_of_dmarc(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Keep what an aggregate report counts: a domain, and which hosts failed both ways in its name."""
    del by, at
    report = dmarc.of_letter(mail.letter) if mail.letter else None
    if report is not None:
        row.facts = {
            "domain": report.domain,
            "organisation": report.organisation,
            "policy": report.policy,
            "mails": sum(one.count for one in report.rows),
            "failing": sum(one.count for one in report.failing),
            "failing_hosts": sorted({one.source for one in report.failing if one.source})[:ROWS_SHOWN_MAX],
        }


def _numbers_of_tls(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Keep what a TLS report counts."""
    del by, at
    report = tls_reports.of_letter(mail.letter) if mail.letter else None
    if report is not None:
        row.facts = {
            "domain": ", ".join(report.domains)[: ROWS_SHOWN_MAX * 5],
            "organisation": report.organisation,
            "sessions": report.successful + report.failed,
            "failing": report.failed,
            "kinds": sorted({one.kind for one in report.failures})[:ROWS_SHOWN_MAX],
        }


def _feed(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Leave a believed sender's feed to the machine road; a stranger's is somebody's word, for triage."""
    if not mail.road:
        _report(row, mail, by, at)


def _loop(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Answer nothing and report nothing; a mail that goes in a circle is shown to a person."""
    del by, at
    if mail.sorted.why in _ASIDE:
        row.state, row.problem = MailState.SET_ASIDE, LOOPS


def _nothing(row: Mail, mail: Read, by: Actor, at: datetime) -> None:
    """Keep a mail that asks for nothing."""
    del row, mail, by, at


ACTS: dict[Sort, Callable[[Mail, Read, Actor, datetime], None]] = {
    Sort.LOOP: _loop,
    Sort.BOUNCE: _bounce,
    Sort.DELIVERY: _bounce,
    Sort.COMPLAINT: _report,
    Sort.ABUSE: _report,
    Sort.DMARC: _numbers_of_dmarc,
    Sort.TLS_REPORT: _numbers_of_tls,
    Sort.FEED: _feed,
    Sort.AUTO_REPLY: _nothing,
    Sort.REPLY: _reply,
    Sort.REPORT: _report,
    Sort.UNREADABLE: _report,
    Sort.TOO_LARGE: _report,
}


def note(row: Mail, mail: Read) -> None:
    """Write into the row what a mail was found to be."""
    found: Sorted = mail.sorted
    row.sort, row.why, row.detail = found.sort, found.why, found.detail[:DETAIL_CHARACTERS_MAX]
    row.content_key = mail.content_key
    row.is_believed = mail.is_believed
    row.signer, row.verdict = mail.signer[:500], mail.verdict
    row.facts = {"signature": mail.doubt} if mail.doubt else {}
    if mail.letter is not None:
        row.is_automatic = receipts.is_automatic(mail)
        row.files = [
            {"name": part.name, "media_type": part.media_type, "size": len(part.content)}
            for part in mail.letter.files[:ROWS_SHOWN_MAX]
        ]
