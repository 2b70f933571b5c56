"""An incident in IODEF's classes (RFC 7970), as RFC 8727 writes them: nested names, lists and texts.

Out: the fields that every reader of IODEF knows carry all that they can; what IODEF has no class for (title, RSIT
type, our level, PAP, the law's further moments) stands in AdditionalData under names that begin with `pehra:`, so that
one of ours comes back whole. In: from anybody. Observables are gathered wherever they stand; the strictest mark found
anywhere is the mark of the whole, since a part may be marked more strictly than what it is part of.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pehra.incidents.rules import documents
from pehra.incidents.rules.documents import (
    Format,
    IncidentDocument,
    Party,
    PartyRole,
    Seen,
    Side,
    Unreadable,
    each_once,
    require_carried,
)
from pehra.kernel import rsit
from pehra.kernel.clock import format_time, parse_time
from pehra.kernel.markings import Pap, Tlp, parse_pap, parse_tlp, strictest
from pehra.kernel.observables import Observable, ObservableType
from pehra.kernel.refusals import Invalid

VERSION = "2.0"
OURS = "pehra:"
CVE_INDEX = 1  # RFC 7495 and IANA's registry: the enumeration of CVE
DIGESTS: dict[ObservableType, str] = {
    ObservableType.MD5: "http://www.w3.org/2001/04/xmldsig-more#md5",
    ObservableType.SHA1: "http://www.w3.org/2000/09/xmldsig#sha1",
    ObservableType.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
    ObservableType.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}
CATEGORIES: dict[ObservableType, str] = {
    ObservableType.IPV4: "ipv4-addr",
    ObservableType.IPV6: "ipv6-addr",
    ObservableType.ASN: "asn",
    ObservableType.EMAIL: "e-mail",
    ObservableType.URL: "site-uri",
}
RESTRICTIONS = {Tlp.CLEAR: "white", Tlp.GREEN: "green", Tlp.AMBER: "amber", Tlp.RED: "red"}
_MARKS = {word: tlp for tlp, word in RESTRICTIONS.items()} | {"public": Tlp.CLEAR}
STATUSES = {
    "new": "new",
    "open": "in-progress",
    "contained": "in-progress",
    "closed": "resolved",
    "dismissed": "resolved",
}
_STATES = {"new": "new", "in-progress": "open", "forwarded": "open", "resolved": "closed"}
MOMENTS = {"occurrence": "StartTime", "discovery": "DetectTime", "handling_end": "EndTime", "reported": "ReportTime"}
IMPACTS: dict[str, tuple[str, str]] = {
    "malicious-code": ("takeover-system", ""),
    "intrusions": ("takeover-system", "succeeded"),
    "intrusion-attempts": ("takeover-system", "failed"),
    "availability": ("availability-service", ""),
    "information-content-security": ("breach-proprietary", ""),
    "information-gathering": ("monitoring-host", ""),
}
_LEVELS = {"low": 33, "medium": 67, "high": 100}
_RSIT = re.compile(r'(?:rsit:)?(?P<taxonomy>[a-z-]+)(?:(?:/|=)"?(?P<type>[a-z0-9-]+)"?)?', re.IGNORECASE)
Tree = dict[str, Any]


def written(document: IncidentDocument) -> Tree:
    """Return a document with one incident; refuse one whose mark IODEF has no word for."""
    return {"version": VERSION, "lang": document.language, "Incident": [_incident(document)]}


def _incident(document: IncidentDocument) -> Tree:
    if document.tlp is not None:
        require_carried(document.tlp, Format.IODEF_JSON)
    tree: Tree = {
        "purpose": "reporting",
        "status": STATUSES.get(document.state, ""),
        "restriction": RESTRICTIONS[document.tlp] if document.tlp else "private",
        "IncidentID": {"id": document.reference, "name": document.issuer},
        "RelatedActivity": _related(document.references),
        **_times(document.moments),
        "GenerationTime": format_time(document.written_at),
        "Description": [text for text in (document.title, document.description) if text],
        "Assessment": [_assessment(document)],
        "Contact": [_contact(party) for party in document.parties] or [_contact(Party(role=PartyRole.CREATOR))],
        "Indicator": [_indicator(seen, number, document) for number, seen in enumerate(document.observables, start=1)],
        "AdditionalData": _ours(document),
    }
    return _filled(tree)


def _related(references: Iterable[str]) -> list[Tree]:
    """Return links and other teams' numbers, such as `csirt.example 4711`."""
    links = [text for text in references if "://" in text]
    numbers = [text.rpartition(" ") for text in references if "://" not in text]
    activity = _filled({"IncidentID": [{"id": number, "name": name} for name, _, number in numbers], "URL": links})
    return [activity] if activity else []


def _times(moments: Mapping[str, datetime]) -> Tree:
    return {element: format_time(moments[name]) for name, element in MOMENTS.items() if name in moments}


def _assessment(document: IncidentDocument) -> Tree:
    kind, completion = IMPACTS.get(document.taxonomy, ("unknown", ""))
    system = _filled({"severity": _level_word(document.gravity), "completion": completion, "type": kind})
    counters = [
        {"value": number, "type": "count", "unit": "ext-value", "ext-unit": name, "meaning": name}
        for name, number in sorted(document.impact.items())
    ]
    impacts = [{"SystemImpact": system}]
    if "ransomware" in (document.attributes or ()):
        impacts.append({"BusinessImpact": {"type": "extortion"}})
    category = [document.taxonomy] if document.taxonomy else []
    return _filled({"IncidentCategory": category, "Impact": impacts, "Counter": counters})


def _level_word(gravity: int | None) -> str:
    if gravity is None:
        return ""
    return next(word for word, top in _LEVELS.items() if gravity <= top)


def _contact(party: Party) -> Tree:
    further = [_item("sector", party.sector), _item("territory", party.territory)]
    other = party.role is PartyRole.OTHER
    return _filled(
        {
            "role": "ext-value" if other else party.role.value,
            "ext-role": "other" if other else "",
            "type": "person" if party.is_person else "organization",
            "ContactName": [party.name] if party.name else [],
            "Email": [{"EmailTo": party.email}] if party.email else [],
            "Telephone": [{"TelephoneNumber": party.phone}] if party.phone else [],
            "AdditionalData": [item for item in further if item["value"]],
        }
    )


def _indicator(seen: Seen, number: int, document: IncidentDocument) -> Tree:
    name = {"id": f"observable-{number}", "name": document.issuer, "version": "1"}
    observable = _observable(seen.observable)
    if seen.side is not Side.RELATED and observable.keys() & {"Address", "DomainData"}:
        inner = {key: [value] for key, value in observable.items()}
        observable = {"System": {"category": seen.side.value, "Node": inner}}
        return {"IndicatorID": name, "Observable": observable}
    side = [_item("side", seen.side.value)] if seen.side is not Side.RELATED else []
    return _filled({"IndicatorID": name, "Observable": observable, "AdditionalData": side})


def _observable(observable: Observable) -> Tree:
    kind, value = observable.type, observable.value
    if kind is ObservableType.PREFIX:
        return {"Address": {"value": value, "category": "ipv6-net" if ":" in value else "ipv4-net"}}
    if kind is ObservableType.DOMAIN:
        return {"DomainData": {"Name": value, "system-status": "unknown", "domain-status": "unknown"}}
    if kind in DIGESTS:
        digest = base64.b64encode(bytes.fromhex(value)).decode()
        data = {"scope": "file-contents", "Hash": [{"DigestMethod": DIGESTS[kind], "DigestValue": digest}]}
        return {"FileData": {"File": [{"HashData": data}]}}
    if kind is ObservableType.CVE:
        return {"Reference": {"ReferenceName": {"specIndex": CVE_INDEX, "ID": value}}}
    return {"Address": {"value": value, "category": CATEGORIES[kind]}}


def _item(name: str, value: str, dtype: str = "string") -> Tree:
    return {"name": f"{OURS}{name}", "dtype": dtype, "value": value}


def _ours(document: IncidentDocument) -> list[Tree]:
    """Return what IODEF has no class for."""
    said = [
        ("state", document.state),
        ("type", document.type),
        ("severity", document.severity),
        ("gravity", "" if document.gravity is None else str(document.gravity)),
        ("pap", document.pap or ""),
        ("exercise", "true" if document.exercise else ""),
    ]
    items = [_item(name, value) for name, value in said if value]
    if document.attributes is not None:
        items.append(_item("attributes", " ".join(document.attributes)))
    if document.attributes_absent:
        items.append(_item("attributes-absent", " ".join(document.attributes_absent)))
    further = [name for name in sorted(document.moments) if name not in MOMENTS]
    return items + [_item(f"moment:{name}", format_time(document.moments[name]), "date-time") for name in further]


def _filled(tree: Tree) -> Tree:
    """Return what is there: RFC 8727 has no empty lists and no nulls."""
    return {name: value for name, value in tree.items() if value not in ("", None, [])}


def read(tree: Any, left_out: Iterable[str] = ()) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a document, whoever wrote it."""
    incidents = tree.get("Incident") if isinstance(tree, dict) else None
    incidents = [incidents] if isinstance(incidents, dict) else incidents
    if not isinstance(incidents, list) or not incidents or not all(isinstance(each, dict) for each in incidents):
        raise Unreadable("this has no Incident: it is no IODEF document", field="document")
    if len(incidents) > documents.DOCUMENTS_MAX:
        raise Unreadable(f"a file has at most {documents.DOCUMENTS_MAX} incidents", field="document")
    language = str(tree.get("lang") or "en")
    return tuple(_read_incident(each, language, tuple(left_out)) for each in incidents)


def _read_incident(tree: Tree, language: str, left_out: tuple[str, ...]) -> IncidentDocument:
    identity = tree.get("IncidentID")
    if not isinstance(identity, dict) or not identity.get("id"):
        raise Unreadable("an Incident has no IncidentID", field="document")
    ours = _extensions(tree)
    title, description = documents.titled(_words(tree.get("Description")))
    taxonomy, kind = _category(tree)
    gravity = _gravity(tree)
    return IncidentDocument(
        issuer=str(identity.get("name") or "")[: documents.NAME_LENGTH_MAX],
        reference=str(identity["id"])[: documents.NAME_LENGTH_MAX],
        written_at=_moment(tree.get("GenerationTime")) or _missing("GenerationTime"),
        title=title,
        description=description,
        language=str(tree.get("lang") or language)[:35],
        tlp=_mark(tree),
        pap=_pap(ours.get("pap", "")),
        state=ours.get("state") or _STATES.get(str(tree.get("status") or ""), ""),
        taxonomy=taxonomy,
        type=ours["type"] if rsit.is_known(taxonomy, ours.get("type", "-")) else kind,
        severity=ours.get("severity", ""),
        gravity=_digits(ours.get("gravity", ""), otherwise=gravity),
        attributes=tuple(ours["attributes"].split()) if "attributes" in ours else None,
        attributes_absent=tuple(ours.get("attributes-absent", "").split()),
        impact=dict(_impact(tree)),
        moments=_moments(tree, ours),
        parties=tuple(_parties(tree))[: documents.PARTIES_MAX],
        observables=each_once(_observables(tree, Side.RELATED)),
        references=tuple(_references(tree))[: documents.REFERENCES_MAX],
        exercise=ours.get("exercise") == "true",
        left_out=left_out,
    )


def _digits(text: str, *, otherwise: int | None) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= len(str(documents.GRAVITY_MAX)) else otherwise


def _missing(name: str) -> datetime:
    raise Unreadable(f"an Incident has no {name} that can be read", field="document")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _words(value: Any) -> list[str]:
    """Return texts, whether they say their language or not."""
    said = [each.get("value", "") if isinstance(each, dict) else each for each in _listed(value)]
    return [text for text in said if isinstance(text, str)]


def _extensions(tree: Tree) -> dict[str, str]:
    items = [item for item in _listed(tree.get("AdditionalData")) if isinstance(item, dict)]
    return {
        str(item["name"]).removeprefix(OURS): str(item.get("value", ""))
        for item in items
        if str(item.get("name", "")).startswith(OURS)
    }


def _moment(value: Any) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except Invalid:
        return None


def _moments(tree: Tree, ours: Mapping[str, str]) -> dict[str, datetime]:
    said = {name: _moment(tree.get(element)) for name, element in MOMENTS.items()}
    said |= {name.removeprefix("moment:"): _moment(value) for name, value in ours.items() if name.startswith("moment:")}
    return {name: moment for name, moment in said.items() if moment is not None}


def _pap(text: str) -> Pap | None:
    try:
        return parse_pap(text) if text else None
    except Invalid:
        return None


def _mark(tree: Tree) -> Tlp | None:
    """Return the strictest mark said anywhere. IODEF's own words beside TLP's say less than TLP: they are none."""
    found: list[Tlp] = []
    for each in _walk(tree):
        word = str(each.get("restriction") or "")
        if word in _MARKS:
            found.append(_MARKS[word])
        elif word == "ext-value":
            try:
                found.append(parse_tlp(str(each.get("ext-restriction") or "")))
            except Invalid:
                continue
    return strictest(*found) if found else None


def _walk(value: Any) -> Iterator[Tree]:
    """Yield every class of a tree; its depth was bounded when it was read."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _category(tree: Tree) -> tuple[str, str]:
    """Return RSIT class and type, where somebody has written one."""
    for assessment in _listed(tree.get("Assessment")):
        for text in _words(assessment.get("IncidentCategory") if isinstance(assessment, dict) else None):
            said = _RSIT.fullmatch(text.strip())
            if said and rsit.is_known(said["taxonomy"].lower()):
                taxonomy, kind = said["taxonomy"].lower(), (said["type"] or "").lower()
                return taxonomy, kind if rsit.is_known(taxonomy, kind) else ""
    return "", ""


def _gravity(tree: Tree) -> int | None:
    words = [str(each.get("severity") or "") for each in _walk(tree)]
    said = [_LEVELS[word] for word in words if word in _LEVELS]
    return max(said, default=None)


def _impact(tree: Tree) -> Iterator[tuple[str, float]]:
    for assessment in _listed(tree.get("Assessment")):
        for counter in _listed(assessment.get("Counter") if isinstance(assessment, dict) else None):
            value = documents.measured(counter.get("value")) if isinstance(counter, dict) else None
            if value is not None:
                unit = str(counter.get("ext-unit") or counter.get("unit") or "")
                yield unit[: documents.NAME_LENGTH_MAX], value


def _parties(tree: Tree) -> Iterator[Party]:
    for contact in _listed(tree.get("Contact")):
        if not isinstance(contact, dict):
            continue
        role = str(contact.get("role") or "")
        ours = _extensions(contact)
        known = role in set(PartyRole)
        yield Party(
            role=PartyRole(role) if known else PartyRole.VICTIM if role.startswith("victim") else PartyRole.OTHER,
            name=next(iter(_words(contact.get("ContactName"))), "")[: documents.NAME_LENGTH_MAX],
            is_person=contact.get("type") == "person",
            email=_inner(contact, "Email", "EmailTo"),
            phone=_inner(contact, "Telephone", "TelephoneNumber"),
            sector=ours.get("sector", ""),
            territory=ours.get("territory", ""),
        )


def _inner(contact: Tree, name: str, inner: str) -> str:
    said = next((each for each in _listed(contact.get(name)) if isinstance(each, dict)), {})
    return str(said.get(inner) or "").removeprefix("mailto:")[: documents.NAME_LENGTH_MAX]


def _references(tree: Tree) -> Iterator[str]:
    for activity in _listed(tree.get("RelatedActivity")):
        if isinstance(activity, dict):
            yield from (url for url in _words(activity.get("URL")))
            for other in _listed(activity.get("IncidentID")):
                if isinstance(other, dict) and other.get("id"):
                    yield f"{other.get('name') or ''} {other['id']}".strip()


def _observables(value: Any, side: Side) -> Iterator[Seen]:
    """Yield what was seen, wherever it stands: a system says on which side of the incident it is."""
    if isinstance(value, list):
        for each in value:
            yield from _observables(each, side)
        return
    if not isinstance(value, dict):
        return
    here = str(_extensions(value).get("side") or value.get("category") or "")
    side = Side(here) if here in set(Side) else side
    yield from (seen for text in _here(value) if (seen := documents.seen(text, side)))
    for name, inner in value.items():
        # Contacts are people who help, not what was seen.
        if name not in {"Contact", "AdditionalData", "RelatedActivity", "History"}:
            yield from _observables(inner, side)


def _here(tree: Tree) -> Iterator[str]:
    """Yield the texts of one class that may be observables."""
    match tree:
        case {"value": str() as address, "category": str()}:
            yield address
        case {"Name": str() as name}:
            yield name
        case {"DigestMethod": str(), "DigestValue": str() as digest}:
            yield from _digest(digest)
        case {"ID": str() as name, "specIndex": _}:
            yield name
        case {"BulkObservableList": str() as many}:
            yield from many.split()[: documents.OBSERVABLES_MAX]
    yield from _words(tree.get("EmailFrom"))
    yield from _words(tree.get("URL"))


def _digest(text: str) -> Iterator[str]:
    """Yield a digest in hexadecimal: IODEF's is base64, and many write it in hexadecimal all the same."""
    yield text
    try:
        yield base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return
