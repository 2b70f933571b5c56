"""What another mail server met when it spoke TLS to one of ours: SMTP TLS Reporting.

RFC 8460, section 4.4: JSON, mostly packed with gzip. Numbers of sessions that failed, by what failed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pehra.intake.rules.mail import headers as lines
from pehra.intake.rules.mail.letters import Letter
from pehra.intake.rules.mail.packing import unpacked
from pehra.kernel import json_text
from pehra.kernel.refusals import Invalid

POLICIES_MAX = 1_000
FAILURES_MAX = 1_000
NUMBER_MAX = 10**12
_TYPES = ("application/tlsrpt+gzip", "application/tlsrpt+json")


@dataclass(frozen=True, kw_only=True)
class TlsFailure:
    """So many sessions to a domain failed in one way."""

    domain: str
    kind: str
    sessions: int
    receiving_host: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TlsReport:
    """One organisation's report over a time."""

    organisation: str
    report_id: str
    begins_at: datetime | None
    ends_at: datetime | None
    domains: tuple[str, ...]
    successful: int
    failed: int
    failures: tuple[TlsFailure, ...]


def of_letter(letter: Letter) -> TlsReport | None:
    """Return the report in a letter; None where none of its files is one."""
    for part in letter.files:
        said = part.media_type in _TYPES or part.name.lower().endswith((".json.gz", ".json"))
        if said or letter.report_type == "tlsrpt" or letter.headers.get("tls-report-domain"):
            try:
                return parsed(unpacked(part.content))
            except Invalid:
                continue
    return None


def parsed(content: bytes) -> TlsReport:
    """Read a report; refuse what is none."""
    said = json_text.read(content, field="file", any_text=True)
    if not isinstance(said, dict) or not isinstance(said.get("policies"), list) or "organization-name" not in said:
        raise Invalid("this is no SMTP TLS report", field="file")
    policies = [policy for policy in said["policies"][:POLICIES_MAX] if isinstance(policy, dict)]
    dates = said.get("date-range")
    dates = dates if isinstance(dates, dict) else {}
    return TlsReport(
        organisation=_text(said.get("organization-name")),
        report_id=_text(said.get("report-id")),
        begins_at=_moment(dates.get("start-datetime")),
        ends_at=_moment(dates.get("end-datetime")),
        domains=tuple(dict.fromkeys(_domain(policy) for policy in policies)),
        successful=sum(_number(_part(policy, "summary").get("total-successful-session-count")) for policy in policies),
        failed=sum(_number(_part(policy, "summary").get("total-failure-session-count")) for policy in policies),
        failures=tuple(failure for policy in policies for failure in _failures(policy))[:FAILURES_MAX],
    )


def _failures(policy: dict[str, Any]) -> list[TlsFailure]:
    details = policy.get("failure-details")
    return [
        TlsFailure(
            domain=_domain(policy),
            kind=_text(one.get("result-type")),
            sessions=_number(one.get("failed-session-count")),
            receiving_host=_text(one.get("receiving-mx-hostname")),
            reason=_text(one.get("failure-reason-code")),
        )
        for one in (details if isinstance(details, list) else [])[:FAILURES_MAX]
        if isinstance(one, dict)
    ]


def _domain(policy: dict[str, Any]) -> str:
    return _text(_part(policy, "policy").get("policy-domain")).lower()


def _part(said: dict[str, Any], name: str) -> dict[str, Any]:
    part = said.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str:
    return lines.clean(value, 255) if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= NUMBER_MAX else 0


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 40 else None
    except ValueError:
        return None
