"""An abuse mail as an event of the machine road: one line of IntelMQ's vocabulary for each address that did something.

Where the mail is a machine's (ARF, X-ARF) the line follows from it; where a person wrote it, a person names address and
type. The line is the same every time, so that the road takes it once. Refuses an address that is none and a type that
RSIT does not know.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from pehra.intake.rules.mail.arf import Complaint
from pehra.intake.rules.mail.xarf import Abuse
from pehra.kernel.refusals import Invalid

EVENTS_MAX = 1_000
FEED_CODE = "mail"

# X-ARF 4's category and type as RSIT's type; a category alone for the types that are not named.
RSIT: dict[str, str] = {
    "connection": "exploit",
    "connection/login_attack": "brute-force",
    "connection/port_scan": "scanner",
    "connection/reconnaissance": "scanner",
    "connection/vulnerability_scan": "scanner",
    "connection/scraping": "scanner",
    "connection/sql_injection": "exploit",
    "connection/ddos": "ddos",
    "connection/infected_host": "infected-system",
    "content/phishing": "phishing",
    "content/malware": "malware-distribution",
    "content/fraud": "phishing",
    "content/brand_infringement": "masquerade",
    "content/exposed_data": "data-leak",
    "content/remote_compromise": "system-compromise",
    "content/suspicious_registration": "masquerade",
    "copyright": "copyright",
    "infrastructure/botnet": "infected-system",
    "infrastructure/compromised_server": "system-compromise",
    "messaging": "spam",
    "messaging/spam": "spam",
    "messaging/bulk_messaging": "spam",
    "reputation/blocklist": "blocklist",
    "reputation/threat_intelligence": "other",
    "vulnerability": "vulnerable-system",
    "vulnerability/cve": "vulnerable-system",
    "vulnerability/open_service": "potentially-unwanted-accessible",
    "vulnerability/misconfiguration": "vulnerable-system",
}
# ARF's Feedback-Type as RSIT's type.
COMPLAINTS: dict[str, str] = {
    "abuse": "spam",
    "fraud": "phishing",
    "virus": "malware-distribution",
    "auth-failure": "spam",
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that an address did."""

    subject: str
    type: str
    seen_at: datetime
    identifier: str = ""
    malware: str = ""
    port: int = 0
    destination: str = ""


def of_complaint(complaint: Complaint, *, at: datetime) -> Event | None:
    """Return a complaint's event; None where it names no host, or one whose complaint is no problem of the host's."""
    kind = COMPLAINTS.get(complaint.kind)
    if not complaint.source or kind is None:
        return None
    seen = complaint.seen_at if complaint.seen_at and complaint.seen_at <= at else at
    return Event(subject=complaint.source, type=kind, seen_at=seen, identifier=f"arf-{complaint.kind}")


def of_abuse(abuse: Abuse, *, at: datetime) -> Event | None:
    """Return an X-ARF document's event; None where it names neither an address nor a name."""
    subject = abuse.source if is_subject(abuse.source) else ""
    kind = RSIT.get(f"{abuse.category}/{abuse.kind}") or RSIT.get(abuse.category) or "other"
    if not subject:
        return None
    return Event(
        subject=subject,
        type=kind,
        seen_at=abuse.seen_at if abuse.seen_at and abuse.seen_at <= at else at,
        identifier=f"xarf-{abuse.kind.replace('_', '-')}" if abuse.kind else "xarf",
        malware=abuse.malware.lower(),
        port=abuse.port,
        destination=abuse.destination if _ip(abuse.destination) else "",
    )


def lines_of(events: Sequence[Event], *, feed: str, at: datetime) -> bytes:
    """Return events as lines that the machine road reads."""
    if len(events) > EVENTS_MAX:
        raise Invalid(f"more than {EVENTS_MAX} addresses at once", field="subjects")
    return b"".join(_line(event, feed=feed, at=at) for event in events)


def _line(event: Event, *, feed: str, at: datetime) -> bytes:
    said: dict[str, object] = {
        "classification.type": event.type,
        "feed.code": FEED_CODE,
        "feed.name": feed,
        "time.observation": at.isoformat(),
        "time.source": event.seen_at.isoformat(),
        _field(event.subject): event.subject,
    }
    more = {
        "classification.identifier": event.identifier,
        "malware.name": event.malware,
        "source.port": event.port,
        "destination.ip": event.destination,
    }
    said |= {name: value for name, value in more.items() if value}
    return (json.dumps(said, ensure_ascii=False, sort_keys=True) + "\n").encode()


def is_subject(text: str) -> bool:
    """Whether a text can be what an event is about: an address, a name or a URL."""
    try:
        return bool(_field(text))
    except Invalid:
        return False


def _field(subject: str) -> str:
    if _ip(subject):
        return "source.ip"
    if "://" in subject:
        try:
            if urlsplit(subject).hostname:
                return "source.url"
        except ValueError:
            pass
    elif "." in subject and not any(letter.isspace() or letter in "/@:" for letter in subject):
        return "source.fqdn"
    raise Invalid(f"{subject!r} is no address, name or URL", field="subjects")


def _ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
