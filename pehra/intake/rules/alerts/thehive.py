"""Alerts as TheHive's programs post them: version 1 of its API (TheHive 5) and version 0 (TheHive 3 and 4).

A mark is never read as freer than it may have been meant: 3 is RED in versions before TLP 2.0 and AMBER+STRICT after
it, so that 3 is RED here. Source: the request types of thehive4py 2.1, and the alert model of thehive4py 1.13.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pehra.intake.rules.alerts import Alert
from pehra.intake.rules.alerts.reading import answers, category, items, number, of_milliseconds, tags, text, tlp_tag
from pehra.intake.rules.saying import DESCRIPTION_LENGTH_MAX, TITLE_LENGTH_MAX, Handed, Said, Stated
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

TLPS: dict[int, Tlp] = {0: Tlp.CLEAR, 1: Tlp.GREEN, 2: Tlp.AMBER, 3: Tlp.RED, 4: Tlp.RED}
PAP_LABELS = ("CLEAR", "GREEN", "AMBER", "RED")
SEVERITIES: dict[int, str] = {1: "LOW", 2: "MEDIUM", 3: "HIGH", 4: "CRITICAL"}
SEVERITY_DEFAULT, TLP_DEFAULT, PAP_DEFAULT = 2, 2, 2
FILE_PARTS = 3  # of a file in version 0: name;type;base64
_SEEN = ("ip", "domain", "fqdn", "url", "mail", "hash", "hostname", "autonomous-system", "other")


def read(body: Mapping[str, Any], attached: Mapping[str, Handed] | None = None) -> Alert:
    """Return what an alert says; refuse one without what TheHive itself demands."""
    kind, source, ref = (text(body, name, needed=True) for name in ("type", "source", "sourceRef"))
    title, description = (text(body, name, needed=True) for name in ("title", "description"))
    return _alert(body, attached or {}, title=title, description=description, key=(kind, source, ref))


def changed(body: Mapping[str, Any], attached: Mapping[str, Handed] | None = None) -> Alert:
    """Return what a change of an alert says, or observables that are added to one: nothing is demanded of it."""
    title, description = text(body, "title"), text(body, "description")
    return _alert(body, attached or {}, title=title, description=description, key=("", "", ""))


def _alert(
    body: Mapping[str, Any], attached: Mapping[str, Handed], *, title: str, description: str, key: tuple[str, str, str]
) -> Alert:
    kind, source, ref = key
    labels = [*tags(body.get("tags")), *tags(body.get("addTags"), "addTags")]
    seen = [*items(body, "observables"), *items(body, "artifacts")]
    taxonomy, rsit_type = category(labels)
    when = of_milliseconds(number(body, "date"), "date")
    severity = number(body, "severity")
    if severity is not None and severity not in SEVERITIES:
        raise Invalid(f"severity is one of: {', '.join(map(str, SEVERITIES))}", field="severity")
    stated, files = _observables(seen, attached)
    said = Said(
        title=title[:TITLE_LENGTH_MAX],
        description=description[:DESCRIPTION_LENGTH_MAX],
        taxonomy=taxonomy,
        type=rsit_type,
        moments={"discovery": when} if when else {},
        answers=answers(
            alert_type=kind,
            severity=SEVERITIES.get(severity or 0, ""),
            tags=", ".join(labels),
            external_link=text(body, "externalLink"),
            summary=text(body, "summary"),
            custom_fields=_custom(body.get("customFields")),
        ),
        observables=tuple(stated),
        tlp=_tlp(body, seen, labels),
    )
    return Alert(said=said, source=source, source_ref=f"{kind}/{ref}" if ref else "", files=tuple(files), body=body)


def _tlp(body: Mapping[str, Any], seen: list[dict[str, Any]], labels: list[str]) -> Tlp | None:
    """Return the strictest mark of an alert, its observables and its tags; None where nothing is said."""
    said = [number(each, "tlp") for each in (body, *seen)]
    for value in said:
        if value is not None and value not in TLPS and value != -1:
            raise Invalid(f"tlp is one of: {', '.join(map(str, TLPS))}", field="tlp")
    marks = [TLPS[value] for value in said if value in TLPS]
    tagged = tlp_tag(labels)
    return max([*marks, *([tagged] if tagged else [])], default=None)


def _observables(seen: list[dict[str, Any]], attached: Mapping[str, Handed]) -> tuple[list[Stated], list[Handed]]:
    stated: list[Stated] = []
    files: list[Handed] = []
    for each in seen:
        kind, note = text(each, "dataType", needed=True), text(each, "message")
        said = each.get("data")
        many = said if isinstance(said, list) else [said]
        if kind == "file":
            files += _files(each, many, attached)
            continue
        stated += [
            Stated(written=_asn(kind, value), note=f"{kind}: {note}".rstrip(": "))
            for value in many
            if isinstance(value, str) and value.strip()
        ]
    return stated, files


def _asn(kind: str, value: str) -> str:
    return f"AS{value.strip()}" if kind == "autonomous-system" and value.strip().isdigit() else value


def _files(each: Mapping[str, Any], many: list[Any], attached: Mapping[str, Handed]) -> list[Handed]:
    """Return the files of an observable: a part of the request by its name, or one within the text (version 0)."""
    named = each.get("attachment")
    names = [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]
    found = [attached[name] for name in names if name in attached]
    if len(found) != len(names):
        raise Invalid("an attachment that is named did not come along", field="attachment")
    for value in many:
        parts = value.split(";", FILE_PARTS - 1) if isinstance(value, str) else []
        if len(parts) == FILE_PARTS:
            try:
                content = base64.b64decode(parts[2], validate=True)
            except (binascii.Error, ValueError) as error:
                raise Invalid("a file is written as name;type;base64", field="data") from error
            found.append(Handed(name=parts[0], content=content, media_type=parts[1]))
    return found


def _custom(value: Any) -> str:
    """Return custom fields as lines, given as a list (version 1) or as an object (both)."""
    if isinstance(value, dict):
        pairs = [(name, each) for name, each in value.items()]
    elif isinstance(value, list):
        pairs = [(each.get("name", ""), each.get("value", "")) for each in value if isinstance(each, dict)]
    else:
        return ""
    return "\n".join(f"{name}: {_plain(each)}" for name, each in pairs)


def _plain(value: Any) -> str:
    if isinstance(value, dict):  # version 0: {"string": "text", "order": 1}
        return next((str(each) for name, each in value.items() if name != "order" and each is not None), "")
    return str(value)


def shown(
    body: Mapping[str, Any], *, reference: str, by: str, at: datetime, observables: int, state: str
) -> dict[str, Any]:
    """Return an alert as TheHive answers with one, in the words of both versions."""
    moment = round(at.timestamp() * 1000)
    severity = number(body, "severity") or SEVERITY_DEFAULT
    tlp, pap = number(body, "tlp"), number(body, "pap")
    tlp = TLP_DEFAULT if tlp is None else tlp
    pap = PAP_DEFAULT if pap is None else pap
    known = {name: body[name] for name in ("externalLink", "customFields", "summary") if name in body}
    return known | {
        "_id": reference,
        "id": reference,
        "_type": "alert",
        "_createdBy": by,
        "createdBy": by,
        "_createdAt": moment,
        "createdAt": moment,
        "type": body.get("type", ""),
        "source": body.get("source", ""),
        "sourceRef": body.get("sourceRef", ""),
        "title": body.get("title", ""),
        "description": body.get("description", ""),
        "severity": severity,
        "severityLabel": SEVERITIES.get(severity, ""),
        "date": body.get("date") or moment,
        "tags": body.get("tags") or [],
        "tlp": tlp,
        "tlpLabel": TLPS.get(tlp, Tlp.AMBER).removeprefix("TLP:"),
        "pap": pap,
        "papLabel": PAP_LABELS[pap] if pap in range(len(PAP_LABELS)) else "",
        "follow": True,
        "observableCount": observables,
        "status": "New" if state == "received" else "Imported" if state in {"opened", "joined"} else "Ignored",
        "stage": "New" if state == "received" else "Closed",
        "extraData": {},
        "newDate": moment,
        "timeToDetect": 0,
    }
