"""Who sent mail in a domain's name and whether it was theirs to send: DMARC aggregate reports.

RFC 7489, appendix C, and the drafts before it that are still sent. Read as XML without a DTD, entities or the network,
unpacked to a limit, at most so many rows. Refuses what is no report; a field that is none becomes empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from lxml import etree

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter
from pehra.intake.rules.mail.packing import unpacked
from pehra.kernel.refusals import Invalid

ROWS_MAX = 10_000
NUMBER_MAX = 10**12
_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True, kw_only=True)
class DmarcRow:
    """So many mails from one host in the domain's name. Both false: whoever sent them could not show that they may."""

    source: str
    count: int
    disposition: str
    dkim_passes: bool
    spf_passes: bool
    header_from: str


@dataclass(frozen=True, kw_only=True)
class DmarcReport:
    """One receiver's report about one domain over a time."""

    organisation: str
    report_id: str
    domain: str
    policy: str
    begins_at: datetime | None
    ends_at: datetime | None
    rows: tuple[DmarcRow, ...]

    @property
    def failing(self) -> tuple[DmarcRow, ...]:
        """Return the rows of mail that passed neither way."""
        return tuple(row for row in self.rows if not row.dkim_passes and not row.spf_passes)


def of_letter(letter: Letter) -> DmarcReport | None:
    """Return the report in a letter; None where none of its files is one."""
    for part in letter.parts:
        named = part.name.lower().endswith((".xml", ".xml.gz", ".zip", ".gz")) or part.media_type in _TYPES
        if named or part.content.startswith((b"PK\x03\x04", b"\x1f\x8b")):
            try:
                return parsed(unpacked(part.content))
            except Invalid:
                continue
    return None


def parsed(content: bytes) -> DmarcReport:
    """Read a report; refuse what is none."""
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content:
        raise Invalid("a report has no document type", field="file")
    reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(content.strip(), reader)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Invalid("this is no XML", field="file") from error
    if root is None or _plain(root) != "feedback":
        raise Invalid("this is no DMARC aggregate report", field="file")
    about, policy = _child(root, "report_metadata"), _child(root, "policy_published")
    when = _child(about, "date_range")
    return DmarcReport(
        organisation=_text(about, "org_name"),
        report_id=_text(about, "report_id"),
        domain=_text(policy, "domain").lower(),
        policy=_text(policy, "p").lower(),
        begins_at=_moment(_text(when, "begin")),
        ends_at=_moment(_text(when, "end")),
        rows=tuple(_rows(root)),
    )


def _rows(root: "etree._Element") -> Iterator[DmarcRow]:
    records = (child for child in root if _plain(child) == "record")
    for number, record in enumerate(records):
        if number >= ROWS_MAX:
            return
        row = _child(record, "row")
        judged = _child(row, "policy_evaluated")
        yield DmarcRow(
            source=_address(_text(row, "source_ip")),
            count=_number(_text(row, "count")),
            disposition=_text(judged, "disposition").lower(),
            dkim_passes=_text(judged, "dkim").lower() == "pass",
            spf_passes=_text(judged, "spf").lower() == "pass",
            header_from=_text(_child(record, "identifiers"), "header_from").lower(),
        )


def _plain(element: "etree._Element") -> str:
    """Return an element's name without its namespace; nothing for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: "etree._Element | None", name: str) -> "etree._Element | None":
    return None if element is None else next((child for child in element if _plain(child) == name), None)


def _text(element: "etree._Element | None", name: str) -> str:
    found = _child(element, name)
    return lines.clean(found.text or "", 255) if found is not None else ""


def _number(text: str) -> int:
    return min(int(text), NUMBER_MAX) if text.isascii() and text.isdigit() and len(text) < 15 else 0


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _moment(text: str) -> datetime | None:
    whole = text.partition(".")[0]
    try:
        return datetime.fromtimestamp(int(whole), UTC) if whole.isascii() and whole.isdigit() else None
    except (OverflowError, OSError, ValueError):
        return None
