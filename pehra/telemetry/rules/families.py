"""Which Shadowserver report is about what: RSIT class and type, and the side that it is about, by report type and date.

Written by us from the names of the reports and from RSIT; nothing of the foundation's or of IntelMQ's tables is
copied. The first row that fits a type and was valid when the event was seen decides. What no row fits is
`other/undetermined` and raises an alarm: a new report is to be looked at by a person, and is kept until then.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pehra.telemetry.rules import rsit


class Side(StrEnum):
    """A side of an event."""

    SOURCE = "source"
    DESTINATION = "destination"

    @property
    def other(self) -> "Side":
        """The side opposite."""
        return Side.DESTINATION if self is Side.SOURCE else Side.SOURCE


@dataclass(frozen=True, kw_only=True)
class Family:
    """A row of the table.

    `concerns` is the side that the report is about. `otherwise` says that, when that side is not ours and the opposite
    one is, the event concerns the opposite one: true of attacks on somebody, false of sensors that merely stood there.
    """

    pattern: re.Pattern[str]
    taxonomy: str
    type: str
    concerns: Side = Side.SOURCE
    otherwise: bool = False
    valid_from: date = date.min
    known: bool = True


# The samples of 2023 class these the old way, and the foundation's schema of 2026 the new way. The day of the change
# is not published; the turn of the year after the samples stands for it.
_RECLASSED = date(2024, 1, 1)


def _row(
    pattern: str, kind: str, *, concerns: Side = Side.SOURCE, otherwise: bool = False, valid_from: date = date.min
) -> Family:
    return Family(
        pattern=re.compile(pattern),
        taxonomy=rsit.class_of(kind),
        type=kind,
        concerns=concerns,
        otherwise=otherwise,
        valid_from=valid_from,
    )


FAMILIES: tuple[Family, ...] = (
    _row(r"event\d_(microsoft_)?sinkhole(_http(_referer)?)?$", "infected-system"),
    _row(r"event\d_(sinkhole_dns|honeypot_darknet)$", "other"),
    _row(r"event\d_honeypot_brute_force$", "brute-force"),
    _row(r"event\d_.*ddos_target$", "ddos", concerns=Side.DESTINATION),
    _row(r"event\d_.*ddos", "ddos", otherwise=True),
    _row(r"event\d_honeypot_", "scanner"),
    _row(r"event\d_ip_spoofer$", "masquerade"),
    _row(r"phish_url$", "phishing"),
    _row(r"spam_url$", "spam"),
    _row(r"malware_url$", "malware-distribution"),
    _row(r"sandbox_dns$", "other"),
    _row(r"sandbox_", "malware-distribution"),
    _row(r"compromised_account", "data-leak"),
    _row(r"(compromised_|ransomware_victim)", "system-compromise"),
    _row(r"blocklist$", "blocklist"),
    _row(r"(population|device_id)", "other"),
    _row(r"scan6?_post_exploitation", "infected-system"),
    _row(r"scan6?_(ssl_freak|ssl_poodle|.*badsecrets)$", "weak-crypto", valid_from=_RECLASSED),
    _row(r"scan6?_(gtp|msrpc)", "potentially-unwanted-accessible", valid_from=_RECLASSED),
    _row(r"scan6?_(couchdb|postgres)$", "vulnerable-system", valid_from=_RECLASSED),
    _row(r"scan6?_(http|ssh|ssl|stun|smtp|imap|pop3|quic|couchdb|postgres)$", "other"),
    _row(r"(scan6?_|special$)", "vulnerable-system"),
)

UNKNOWN = Family(pattern=re.compile(""), taxonomy=rsit.UNDETERMINED[0], type=rsit.UNDETERMINED[1], known=False)


def history(report_type: str) -> Sequence[Family]:
    """Return the rows that decided for a report type, newest first; the last has been valid since ever."""
    rows = [family for family in FAMILIES if family.pattern.match(report_type)]
    dated: list[Family] = []
    for family in rows:
        # A row can only have decided before the start of every row above it.
        if not dated or family.valid_from < dated[-1].valid_from:
            dated.append(family)
        if family.valid_from == date.min:
            break
    if not dated or dated[-1].valid_from != date.min:
        dated.append(UNKNOWN)
    return tuple(dated)


_DATED_NAME = re.compile(r"\d{4}-\d\d-\d\d-([a-z0-9_]+?)(?:-|\.|$)", re.IGNORECASE)
_BARE_NAME = re.compile(r"([a-z0-9_]+)(?:-|\.|$)", re.IGNORECASE)


def type_of_name(name: str) -> str:
    """Return the report type that a file name carries, or "" when it carries none.

    `2026-11-24-scan_telnet-country-geo.csv.gz` says it in its second field, known or not; a name without a date is
    believed only when its first word is a type that the table knows.
    """
    dated = _DATED_NAME.match(name)
    if dated:
        return dated.group(1).lower()
    bare = _BARE_NAME.match(name)
    word = bare.group(1).lower() if bare else ""
    return word if is_known(word) else ""


def is_known(report_type: str) -> bool:
    """Whether the table has a row of its own for this report type."""
    return bool(report_type) and any(family.pattern.match(report_type) for family in FAMILIES)
