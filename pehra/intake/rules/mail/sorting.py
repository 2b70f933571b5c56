"""What kind of mail a mail is, and why: one table of tests in one order, read by the page, the docs and the code.

What a machine wrote in a form that we know counts before everything else a header may claim; a carrier's report before
an answer; and what is nothing else is a report. No kind means that a mail is lost: each is kept, shown with its reason,
and can be taken for a report by a person.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from pehra.intake.rules.mail import arf, bounces, dmarc, feeds, tls_reports, xarf
from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter

HOPS_MAX = 30
DETAIL_CHARACTERS_MAX = 200


class Sort(StrEnum):
    """What kind of mail it is."""

    LOOP = "loop"
    BOUNCE = "bounce"
    DELIVERY = "delivery"  # a carrier's word that a letter of ours arrived, or is late
    COMPLAINT = "complaint"  # ARF
    ABUSE = "abuse"  # X-ARF
    DMARC = "dmarc"
    TLS_REPORT = "tls-report"
    FEED = "feed"
    AUTO_REPLY = "auto-reply"
    REPLY = "reply"
    REPORT = "report"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"


# These are somebody's word that something is wrong: each becomes a report in the queue of triage.
TELLS = frozenset({Sort.COMPLAINT, Sort.ABUSE, Sort.REPORT, Sort.UNREADABLE, Sort.TOO_LARGE})


class Why(StrEnum):
    """By what a mail was sorted."""

    OWN_MAIL = "own-mail"
    OWN_MARK = "own-mark"
    TOO_MANY_HOPS = "too-many-hops"
    DELIVERY_REPORT = "delivery-report"
    CARRIER = "carrier"
    FEEDBACK_REPORT = "feedback-report"
    XARF_DOCUMENT = "xarf-document"
    DMARC_DOCUMENT = "dmarc-document"
    TLS_DOCUMENT = "tls-document"
    FEED_FILE = "feed-file"
    READ_RECEIPT = "read-receipt"
    SAYS_AUTOMATIC = "says-automatic"
    AWAY = "away"
    ANSWERS_US = "answers-us"
    INCIDENT_DOCUMENT = "incident-document"
    NOTHING_ELSE = "nothing-else"
    NOT_PARSED = "not-parsed"
    OVER_LIMIT = "over-limit"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Own:
    """What is ours: the addresses we write from and read, and the domains of our Message-IDs."""

    addresses: Collection[str]
    domains: Collection[str]

    def wrote(self, message_id: str) -> bool:
        """Whether a Message-ID looks like one of ours: an identifier at a domain of ours."""
        local, _, domain = message_id.strip("<>").rpartition("@")
        return domain.lower() in self.domains and bool(_OUR_ID.fullmatch(local))


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """A mail's kind, by what it was found, and the words in it that say so."""

    sort: Sort
    why: Why
    detail: str = ""


# A UUIDv7 of these centuries, as the outbox gives them out: programs with which our own people write make identifiers
# of the same shape at the same domain, and a mail of theirs is no letter of ours that came back.
_OUR_ID = re.compile(r"0[1-9a-f][0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AWAY = re.compile(
    r"(?i)^(?:out of (?:the )?office|automatic reply|auto(?:matic)?[ -]?(?:reply|response|"
    r"responder)|autoreply|away from (?:my|the) (?:mail|office|desk)|on (?:annual )?(?:leave|vacation)"
    r"(?=\W*(?:$|until|till|from|to|back|re:))|abwesenheit|"
    r"automatische antwort|r[ée]ponse automatique|respuesta autom|خودکار جواب|دفتر سے باہر)"
)


def sorted_as(letter: Letter, own: Own) -> Sorted:
    """Return what kind of mail a letter is, by the first test that answers."""
    for test in TESTS:
        found = test(letter, own)
        if found is not None:
            return found
    return Sorted(sort=Sort.REPORT, why=Why.NOTHING_ELSE)


def _loop(letter: Letter, own: Own) -> Sorted | None:
    hops = len(letter.headers.get("received", ()))
    if hops > HOPS_MAX:
        return Sorted(sort=Sort.LOOP, why=Why.TOO_MANY_HOPS, detail=str(hops))
    if own.wrote(letter.message_id):
        return Sorted(sort=Sort.LOOP, why=Why.OWN_MAIL, detail=letter.message_id)
    marks = lines.addresses([*letter.headers.get("x-loop", ()), *letter.headers.get("x-original-from", ())])
    marked = next((mark for mark in marks if mark in own.addresses), "")
    if marked:
        return Sorted(sort=Sort.LOOP, why=Why.OWN_MARK, detail=marked)
    if letter.sender.address in own.addresses and is_automatic(letter):
        return Sorted(sort=Sort.LOOP, why=Why.OWN_MAIL, detail=letter.sender.address)
    return None


def _bounce(letter: Letter, own: Own) -> Sorted | None:
    del own
    if not bounces.is_delivery_report(letter):
        return None
    found = bounces.bounces(letter)
    why = Why.DELIVERY_REPORT if letter.report_type == "delivery-status" else Why.CARRIER
    failed = [bounce for bounce in found if not bounce.delayed]
    told = failed[0] if failed else next(iter(found), None)
    detail = f"{told.recipient} {told.status}".strip() if told else ""
    return Sorted(sort=Sort.BOUNCE if failed else Sort.DELIVERY, why=why, detail=detail)


def _complaint(letter: Letter, own: Own) -> Sorted | None:
    del own
    complaint = arf.complaint(letter)
    if complaint is None:
        return None
    return Sorted(sort=Sort.COMPLAINT, why=Why.FEEDBACK_REPORT, detail=f"{complaint.kind} {complaint.source}".strip())


def _abuse(letter: Letter, own: Own) -> Sorted | None:
    del own
    abuse = xarf.of_letter(letter)
    if abuse is None:
        return None
    detail = f"{abuse.version} {abuse.category}/{abuse.kind} {abuse.source}"
    return Sorted(sort=Sort.ABUSE, why=Why.XARF_DOCUMENT, detail=detail[:DETAIL_CHARACTERS_MAX])


def _feed(letter: Letter, own: Own) -> Sorted | None:
    del own
    found = feeds.feed_files(letter)
    if not found:
        return None
    return Sorted(sort=Sort.FEED, why=Why.FEED_FILE, detail=f"{found[0].form} {found[0].part.name}".strip())


def _statistics(letter: Letter, own: Own) -> Sorted | None:
    del own
    aggregate = dmarc.of_letter(letter)
    if aggregate is not None:
        return Sorted(
            sort=Sort.DMARC, why=Why.DMARC_DOCUMENT, detail=f"{aggregate.organisation} {aggregate.domain}".strip()
        )
    report = tls_reports.of_letter(letter)
    if report is not None:
        return Sorted(sort=Sort.TLS_REPORT, why=Why.TLS_DOCUMENT, detail=report.organisation)
    return None


def _automatic_answer(letter: Letter, own: Own) -> Sorted | None:
    """An answer that no person wrote. One that answers nothing is a machine's report, whatever it calls itself."""
    del own
    if letter.report_type == "disposition-notification":
        return Sorted(sort=Sort.AUTO_REPLY, why=Why.READ_RECEIPT)
    away = _AWAY.match(letter.subject)
    if away:
        return Sorted(sort=Sort.AUTO_REPLY, why=Why.AWAY, detail=away[0].strip())
    mark = answering_mark(letter)
    if mark and letter.answers_to:
        return Sorted(sort=Sort.AUTO_REPLY, why=Why.SAYS_AUTOMATIC, detail=mark)
    return None


def _answer(letter: Letter, own: Own) -> Sorted | None:
    found = next((one for one in reversed(letter.answers_to) if own.wrote(one)), "")
    return Sorted(sort=Sort.REPLY, why=Why.ANSWERS_US, detail=found) if found else None


def _answer_of_a_person(letter: Letter, own: Own) -> Sorted | None:
    """An answer to us is one whatever is attached to it: our own extract comes back with every second one."""
    return None if is_automatic(letter) or _AWAY.match(letter.subject) else _answer(letter, own)


# In this order. A form that only programs write comes before what a header claims; a person's answer before its files.
TESTS: tuple[Callable[[Letter, Own], Sorted | None], ...] = (
    _loop,
    _complaint,
    _bounce,
    _answer_of_a_person,
    _statistics,
    _abuse,
    _feed,
    _automatic_answer,
    _answer,
)


def answering_mark(letter: Letter) -> str:
    """Return the header line by which a mail says that a machine answered; nothing where none does."""
    said = lines.parameter(lines.first(letter.headers, "auto-submitted"))
    if said.startswith(("auto-replied", "auto-notified")):
        return f"Auto-Submitted: {said}"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from"):
        if letter.headers.get(name) and letter.header(name).lower() not in ("no", "false", "0"):
            return name
    precedence = lines.parameter(lines.first(letter.headers, "precedence"))
    return f"Precedence: {precedence}" if precedence in ("auto_reply", "auto-reply") else ""


def is_automatic(letter: Letter) -> bool:
    """Whether a program wrote a mail, or sent it to many (RFC 3834): such a mail is never answered."""
    said = lines.parameter(lines.first(letter.headers, "auto-submitted"))
    precedence = lines.parameter(lines.first(letter.headers, "precedence"))
    marks = (
        "list-id",
        "list-unsubscribe",
        "list-post",
        "feedback-id",
        "x-auto-response-suppress",
        "x-failed-recipients",
    )
    return (
        (bool(said) and said != "no")
        or precedence in ("bulk", "junk", "list", "auto_reply", "auto-reply")
        or any(letter.headers.get(mark) for mark in marks)
        or bool(answering_mark(letter))
        or bounces.is_null_sender(letter)
        or letter.media_type == "multipart/report"
    )
