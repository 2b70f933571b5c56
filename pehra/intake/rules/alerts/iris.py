"""Alerts as DFIR-IRIS's programs post them (version 2.0 of its API, `/alerts/add`).

IRIS numbers its words; those that every installation has from its start are known here. A customer is a number of that
installation and says nothing of whose matter it is: the report goes where its observables and words lead.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pehra.intake.rules.alerts import Alert
from pehra.intake.rules.alerts.reading import answers, category, items, number, tags, text, tlp_tag
from pehra.intake.rules.saying import DESCRIPTION_LENGTH_MAX, TITLE_LENGTH_MAX, Said, Stated
from pehra.kernel.canonical import canonical
from pehra.kernel.clock import parse_time
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

API_MIN, API_CURRENT = "2.0.0", "2.0.4"
SEVERITIES: dict[int, str] = {1: "Medium", 2: "Unspecified", 3: "Informational", 4: "Low", 5: "High", 6: "Critical"}
TLPS: dict[int, Tlp] = {1: Tlp.RED, 2: Tlp.AMBER, 3: Tlp.GREEN, 4: Tlp.CLEAR, 5: Tlp.AMBER_STRICT}
STATUSES: dict[str, tuple[int, str]] = {
    "received": (2, "New"),
    "opened": (6, "Escalated"),
    "joined": (7, "Merged"),
    "merged": (7, "Merged"),
    "dismissed": (5, "Closed"),
}


def read(body: Mapping[str, Any]) -> Alert:
    """Return what an alert says; refuse one without what IRIS itself demands."""
    title = text(body, "alert_title", needed=True)
    for name in ("alert_severity_id", "alert_status_id", "alert_customer_id"):
        if number(body, name) is None:
            raise Invalid(f"an alert needs {name}", field=name)
    return _alert(body, title)


def changed(body: Mapping[str, Any]) -> Alert:
    """Return what a change of an alert says: nothing is demanded of it."""
    return _alert(body, text(body, "alert_title"))


def _alert(body: Mapping[str, Any], title: str) -> Alert:
    labels = tags(body.get("alert_tags"), "alert_tags")
    iocs, assets = items(body, "alert_iocs"), items(body, "alert_assets")
    taxonomy, kind = category(labels)
    severity = number(body, "alert_severity_id")
    when = _moment(text(body, "alert_source_event_time"))
    described = (text(body, "alert_description"), text(body, "alert_note"))
    marks = [TLPS[each] for ioc in iocs if (each := number(ioc, "ioc_tlp_id") or 0) in TLPS]
    tagged = tlp_tag(labels)
    said = Said(
        title=title[:TITLE_LENGTH_MAX],
        description="\n\n".join(part for part in described if part)[:DESCRIPTION_LENGTH_MAX],
        taxonomy=taxonomy,
        type=kind,
        moments={"discovery": when} if when else {},
        answers=answers(
            severity=SEVERITIES.get(severity or 0, ""),
            tags=", ".join(labels),
            external_link=text(body, "alert_source_link"),
            context=_written(body.get("alert_context")),
            source_content=_written(body.get("alert_source_content")),
            assets="\n".join(_asset(each) for each in assets),
        ),
        observables=(*map(_ioc, iocs), *(one for each in assets for one in _of_asset(each))),
        tlp=max([*marks, *([tagged] if tagged else [])], default=None),
    )
    source, ref = text(body, "alert_source"), text(body, "alert_source_ref")
    return Alert(said=said, source=source, source_ref=ref, body=body)


def _ioc(each: Mapping[str, Any]) -> Stated:
    return Stated(written=text(each, "ioc_value", needed=True), note=text(each, "ioc_description")[:300])


def _asset(each: Mapping[str, Any]) -> str:
    parts = [text(each, name) for name in ("asset_name", "asset_ip", "asset_domain", "asset_description")]
    return " ".join(part for part in parts if part)


def _of_asset(each: Mapping[str, Any]) -> list[Stated]:
    said = [text(each, name) for name in ("asset_ip", "asset_domain")]
    return [Stated(written=value, note=f"asset {text(each, 'asset_name')}"[:300]) for value in said if value]


def _written(value: Any) -> str:
    return canonical(value).decode() if isinstance(value, dict | list) and value else ""


def _moment(said: str) -> datetime | None:
    """Return when the source saw it: IRIS takes a time without an offset, and means UTC."""
    if not said:
        return None
    try:
        return parse_time(said)
    except Invalid:
        pass
    try:
        moment = datetime.fromisoformat(said)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            "alert_source_event_time is a time such as 2026-11-24T09:30:00", field="alert_source_event_time"
        ) from error


def shown(body: Mapping[str, Any], *, number: int, reference: str, at: datetime, state: str) -> dict[str, Any]:
    """Return an alert as IRIS answers with one."""
    status_id, status = STATUSES[state]
    severity = body.get("alert_severity_id")
    kept = {name: body.get(name) for name in _KEPT}
    return kept | {
        "alert_id": number,
        "alert_uuid": reference,
        "alert_creation_time": at.astimezone(UTC).replace(tzinfo=None).isoformat(),
        "alert_status_id": status_id,
        "status": {"status_id": status_id, "status_name": status},
        "severity": {"severity_id": severity, "severity_name": SEVERITIES.get(severity or 0, "")},
        "iocs": body.get("alert_iocs") or [],
        "assets": body.get("alert_assets") or [],
        "cases": [],
        "comments": [],
        "modification_history": {},
    }


_KEPT = (
    *("alert_title", "alert_description", "alert_source", "alert_source_ref", "alert_source_link", "alert_severity_id"),
    *("alert_source_content", "alert_source_event_time", "alert_context", "alert_note", "alert_tags"),
    *("alert_customer_id", "alert_classification_id", "alert_owner_id"),
)


def answered(data: Any, message: str = "") -> dict[str, Any]:
    """Return the envelope in which IRIS answers."""
    return {"status": "success", "message": message, "data": data}


def refused(message: str, data: Any = None) -> dict[str, Any]:
    """Return the envelope in which IRIS refuses."""
    return {"status": "error", "message": message, "data": data if data is not None else []}
