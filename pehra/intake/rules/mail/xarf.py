"""A report of abuse in X-ARF: which address did what, by whose word, when.

X-ARF 4 and 3 are JSON, read and checked by the field's own library; versions 0.1 and 0.2, still sent by large
reporters, are lines of `Key: value` in a letter that says so. A document that misses what its version demands is taken
with a note of what it lacks: the address in it is no less real.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter, Part
from pehra.intake.rules.mail.packing import unpacked
from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid

DOCUMENT_BYTES_MAX = 10 * 1024 * 1024
LACKING_MAX = 20
_LINE = re.compile(r"([A-Za-z][A-Za-z-]{0,40})[ \t]*:[ \t]*(.*)")
_OLD_MARKS = ("x-arf", "x-xarf")
_MALWARE = ("malware_family", "malware_name", "MalwareFamily")


@dataclass(frozen=True, kw_only=True)
class Abuse:
    """What one X-ARF document says. `category` and `kind` are version 4's words; old ones are brought to them."""

    version: str
    category: str
    kind: str
    source: str
    port: int
    seen_at: datetime | None
    report_id: str
    reporter: str
    malware: str
    url: str
    destination: str
    lacking: tuple[str, ...]
    fields: Mapping[str, Any]


# What versions 0.x, and 3 by its types, call things: category and type of version 4.
OLD_KINDS: dict[str, tuple[str, str]] = {
    "login-attack": ("connection", "login_attack"),
    "harvesting": ("connection", "scraping"),
    "regbot": ("connection", "scraping"),
    "badbot": ("connection", "scraping"),
    "portscan": ("connection", "port_scan"),
    "port-scan": ("connection", "port_scan"),
    "ddos": ("connection", "ddos"),
    "phishing": ("content", "phishing"),
    "malware": ("content", "malware"),
    "malware-attack": ("content", "malware"),
    "spam": ("messaging", "spam"),
    "fraud": ("content", "fraud"),
    "botnet": ("infrastructure", "botnet"),
    "open-service": ("vulnerability", "open_service"),
}


def of_letter(letter: Letter) -> Abuse | None:
    """Return the document in a letter; None where there is none."""
    found = next((abuse for part in letter.parts for abuse in _of_json(part)), None)
    return found or _of_lines(letter)


def _of_json(part: Part) -> list[Abuse]:
    """Return the document in one part, where it is one: told by its content, whatever its type and name say."""
    try:
        content = unpacked(part.content, limit=DOCUMENT_BYTES_MAX) if part.content[:2] == b"\x1f\x8b" else part.content
    except Invalid:
        return []
    if content.lstrip()[:1] != b"{" or not (b"xarf_version" in content or b"ReporterInfo" in content):
        return []
    try:
        return [parsed(content)]
    except Invalid:
        return []


def parsed(content: bytes) -> Abuse:
    """Read a document of version 3 or 4; refuse what is none."""
    if len(content) > DOCUMENT_BYTES_MAX:
        raise Invalid(f"more than {DOCUMENT_BYTES_MAX} bytes", field="file")
    said = json_text.read(content, field="file", any_text=True)
    if not isinstance(said, dict) or not ("xarf_version" in said or isinstance(said.get("Report"), dict)):
        raise Invalid("this is no X-ARF document", field="file")
    version = "4" if "xarf_version" in said else "3"
    brought, lacking = _checked(said)
    reporter = brought.get("reporter")
    return Abuse(
        version=version,
        category=_text(brought.get("category")),
        kind=_text(brought.get("type")),
        source=_text(brought.get("source_identifier")),
        port=_port(brought.get("source_port")),
        seen_at=_moment(brought.get("timestamp")),
        report_id=_text(brought.get("report_id")),
        reporter=_text(reporter.get("org") if isinstance(reporter, dict) else ""),
        malware=next((_text(brought[name]) for name in _MALWARE if brought.get(name)), "") or _malware(said),
        url=_text(brought.get("url") or brought.get("malicious_url") or brought.get("phishing_url"), 2_000),
        destination=_text(brought.get("destination_ip")),
        lacking=lacking,
        fields=brought,
    )


def _checked(said: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a document in version 4's words, and what it lacks by its own rules."""
    import xarf  # inside: it takes a moment to load, and most mails are none of its

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that version 3 is old is no news to the reader
            brought = xarf.convert_v3_to_v4(said) if xarf.is_v3_report(said) else said
            result = xarf.parse(brought)
    except (xarf.XARFError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        brought = said if "xarf_version" in said else _by_hand(said)
        return brought, (lines.clean(str(error), 200),)
    lacking = [lines.clean(f"{error.field}: {error.message}", 200) for error in result.errors[:LACKING_MAX]]
    return dict(brought), tuple(lacking)


def _by_hand(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a version 3 document names, where the library cannot bring it to version 4."""
    report, who = said.get("Report"), said.get("ReporterInfo")
    report = report if isinstance(report, dict) else {}
    source = report.get("Source")
    category, kind = OLD_KINDS.get(_text(report.get("ReportType")).lower(), ("", _text(report.get("ReportType"))))
    return {
        "category": category,
        "type": kind,
        "source_identifier": source.get("IP") or source.get("URL") if isinstance(source, dict) else "",
        "timestamp": report.get("Date"),
        "reporter": {"org": who.get("ReporterOrg") if isinstance(who, dict) else ""},
    }


def _malware(said: dict[str, Any]) -> str:
    report = said.get("Report")
    more = report.get("AdditionalInfo") if isinstance(report, dict) else None
    return _text(more.get("MalwareFamily")) if isinstance(more, dict) else ""


def _of_lines(letter: Letter) -> Abuse | None:
    """Return the report of a letter in version 0.1 or 0.2: its second part, lines that begin with a key."""
    if not any(letter.headers.get(mark) for mark in _OLD_MARKS):
        return None
    for part in letter.parts:
        if part.media_type == "text/plain" and b"Report-Type" in part.content and b"Source" in part.content:
            return _old(_keyed(part.text))
    return None


def _keyed(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in text[:20_000].split("\n"):
        matched = _LINE.fullmatch(line.strip())
        if matched:
            fields.setdefault(matched[1].lower(), lines.clean(matched[2], 500))
    return fields


def _old(fields: dict[str, str]) -> Abuse | None:
    if not fields.get("source"):
        return None
    word = fields.get("report-type", "").lower()
    category, kind = OLD_KINDS.get(word, ("", word))
    return Abuse(
        version=fields.get("version", "0"),
        category=category,
        kind=kind,
        source=fields["source"].strip('"'),
        port=_port(fields.get("source-port") or 0),
        seen_at=_mail_moment(fields.get("date", "")),
        report_id=fields.get("report-id", ""),
        reporter=fields.get("reported-from", ""),
        malware="",
        url="",
        destination=fields.get("destination", ""),
        lacking=(),
        fields=fields,
    )


def _text(value: object, limit: int = 255) -> str:
    return lines.clean(value, limit) if isinstance(value, str) else ""


def _port(value: object) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6 else value
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= 65_535 else 0


def _moment(value: object) -> datetime | None:
    try:
        said = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 60 else None
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC) if said else None
    except (ValueError, OverflowError):
        return None


def _mail_moment(text: str) -> datetime | None:
    try:
        said = parsedate_to_datetime(text)
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return _moment(text)
