"""An incident as a bundle of STIX 2.1 with the OASIS incident core extension.

The incident is an `incident` object with the core extension (determination, status, types, criticality) and one
`event` for its times; who wrote it and who suffered are identities, what was seen are observables under one
`observed-data` a side. What neither STIX nor the OASIS extension has a place for (RSIT, our level, PAP, impact by our
measures, the law's moments) stands in an extension of our own, whose definition goes along; others may ignore it.
Identifiers are made from what they name, so that a second export of an incident is the same objects, newer.

Sources: STIX 2.1 (OASIS, June 2021), incident core extension (cti-stix-common-objects), TLP 2.0 marking definitions.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pehra.incidents.rules import stix_patterns
from pehra.incidents.rules.documents import (
    Format,
    IncidentDocument,
    Party,
    PartyRole,
    Side,
    require_carried,
)
from pehra.kernel.markings import Tlp
from pehra.kernel.observables import Observable, ObservableType

SPEC_VERSION = "2.1"
INCIDENT_CORE = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"
EVENT = "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e"
TLP_2 = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_2_CREATED = "2022-10-01T00:00:00.000Z"
TLP_MARKS: dict[Tlp, str] = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# STIX 2.1, section 7.2.1.4: the marks of TLP 1, which many still write.
TLP_1_AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
_TLP_1: dict[str, Tlp] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    TLP_1_AMBER: Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
KNOWN_MARKS = _TLP_1 | {name: tlp for tlp, name in TLP_MARKS.items()}
NAMESPACE = uuid.UUID("6f1b6f0e-5c1b-5d0a-9f34-7d1f0c6c9d52")
SCO_NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, section 2.9
OURS = f"extension-definition--{uuid.uuid5(NAMESPACE, 'pehra incident')}"
OURS_VERSION = "1.0.0"
OURS_CREATED = "2026-11-01T00:00:00.000Z"
STATUSES = {"new": "new", "open": "open", "contained": "open", "closed": "closed", "dismissed": "closed"}
HASHES = {
    ObservableType.MD5: "MD5",
    ObservableType.SHA1: "SHA-1",
    ObservableType.SHA256: "SHA-256",
    ObservableType.SHA512: "SHA-512",
}
Tree = dict[str, Any]


def written(document: IncidentDocument) -> Tree:
    """Return a bundle about one incident."""
    if document.tlp is not None:
        require_carried(document.tlp, Format.STIX)
    at = stamp(document.written_at)
    people = [(party, _identity(party, document, at)) for party in document.parties]
    writer = next((it for party, it in people if party.role is PartyRole.CREATOR), None)
    if writer is None:
        party = Party(role=PartyRole.CREATOR, name=document.issuer)
        writer = _identity(party, document, at)
        people.insert(0, (party, writer))
    event = _event(document, at)
    incident = _incident(document, at, event)
    seen, around = _observed(document, at)
    victims = [it for party, it in people if party.role is PartyRole.VICTIM]
    links = [_link(incident, "impacts", victim, at) for victim in victims]
    links += [_link(incident, "related-to", it, at) for it in around]
    others = [_link(it, "contact-for", incident, at) for party, it in people if _is_contact(party)]
    objects = [definition(writer["id"]), *(it for _, it in people), incident, *event, *seen, *around, *links, *others]
    marked = [_marked(each, document.tlp, writer["id"]) for each in objects]
    marks = [_marking(document.tlp)] if document.tlp is not None else []
    return {
        "type": "bundle",
        "id": f"bundle--{_id(document, 'bundle', at)}",
        "objects": _each_once([*marks, *marked]),
    }


def stamp(moment: datetime) -> str:
    """Return a moment as STIX writes one: UTC, milliseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _id(document: IncidentDocument, *names: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, "\n".join((document.issuer, document.reference, *names)))


def _headed(kind: str, name: uuid.UUID, at: str) -> Tree:
    return {"type": kind, "spec_version": SPEC_VERSION, "id": f"{kind}--{name}", "created": at, "modified": at}


def _identity(party: Party, document: IncidentDocument, at: str) -> Tree:
    name = party.name or party.email or party.role.value
    made = _headed("identity", _id(document, "identity", party.role.value, name, party.email), at)
    contact = "; ".join(text for text in (party.email, party.phone) if text)
    return made | _filled(
        {
            "name": name,
            "identity_class": "individual" if party.is_person else "organization",
            "roles": [party.role.value],
            "contact_information": contact,
            "extensions": _extension({"sector": party.sector, "territory": party.territory}),
        }
    )


def _is_contact(party: Party) -> bool:
    return party.role in {PartyRole.REPORTER, PartyRole.OTHER}


def _extension(said: Mapping[str, Any]) -> Tree:
    kept = _filled(dict(said))
    return {OURS: {"extension_type": "property-extension", **kept}} if kept else {}


def _attributes(document: IncidentDocument) -> Tree:
    if document.attributes is None:
        return {}
    absent = {"absent": list(document.attributes_absent)} if document.attributes_absent else {}
    return {"stated": list(document.attributes), **absent}


def _incident(document: IncidentDocument, at: str, event: list[Tree]) -> Tree:
    core = {
        "extension_type": "property-extension",
        "determination": "false-positive" if document.state == "dismissed" else _determination(document),
        "investigation_status": STATUSES.get(document.state, "new"),
        "incident_types": ["/".join(filter(None, (document.taxonomy, document.type)))] if document.taxonomy else [],
        "criticality": document.gravity,
        "event_refs": [each["id"] for each in event],
    }
    ours = {
        "state": document.state,
        "taxonomy": document.taxonomy,
        "incident_type": document.type,
        "severity": document.severity,
        "pap": document.pap,
        "attributes": _attributes(document),
        "impact": dict(document.impact),
        "moments": {name: stamp(moment) for name, moment in sorted(document.moments.items())},
        "exercise": document.exercise or None,
    }
    links = [_external(text) for text in document.references]
    return _headed("incident", _id(document, "incident"), at) | _filled(
        {
            "name": document.title or document.reference,
            "description": document.description,
            "lang": document.language,
            "external_references": [
                {"source_name": document.issuer or "pehra", "external_id": document.reference},
                *links,
            ],
            "extensions": {INCIDENT_CORE: _filled(core), **_extension(ours)},
        }
    )


def _determination(document: IncidentDocument) -> str:
    return "suspected" if document.state in {"", "new"} else "confirmed"


def _external(text: str) -> Tree:
    if "://" in text:
        return {"source_name": "link", "url": text}
    name, _, number = text.rpartition(" ")
    return {"source_name": name or "reference", "external_id": number}


def _event(document: IncidentDocument, at: str) -> list[Tree]:
    """Return the one event that carries when it began and ended, where that is known."""
    began, ended = document.moments.get("occurrence"), document.moments.get("handling_end")
    if began is None:
        return []
    times = {"start_time": stamp(began), "end_time": stamp(ended) if ended and ended > began else ""}
    event = _headed("event", _id(document, "event"), at)
    status = {"status": "occurred", "name": document.title or document.reference}
    return [event | _filled(status | times) | {"extensions": {EVENT: {"extension_type": "new-sdo"}}}]


def _observed(document: IncidentDocument, at: str) -> tuple[list[Tree], list[Tree]]:
    """Return observables, and what ties them to the incident: one observed-data a side, and vulnerabilities."""
    when = stamp(document.moments.get("discovery") or document.moments.get("occurrence") or document.written_at)
    objects: list[Tree] = []
    around: list[Tree] = []
    for side in Side:
        here = [seen.observable for seen in document.observables if seen.side is side]
        cves = [observable for observable in here if observable.type is ObservableType.CVE]
        around += [_vulnerability(cve, document, at) | {"labels": [side.value]} for cve in cves]
        found = [_observable(observable) for observable in here if observable.type is not ObservableType.CVE]
        if found:
            objects += found
            data = _headed("observed-data", _id(document, "observed-data", side.value), at)
            refs = sorted({each["id"] for each in found})
            around.append(
                data
                | {"first_observed": when, "last_observed": when, "number_observed": 1, "object_refs": refs}
                | {"labels": [side.value]}
            )
    return objects, around


def _vulnerability(cve: Observable, document: IncidentDocument, at: str) -> Tree:
    made = _headed("vulnerability", _id(document, "vulnerability", cve.value), at)
    return made | {"name": cve.value, "external_references": [{"source_name": "cve", "external_id": cve.value}]}


def _observable(observable: Observable) -> Tree:
    kind, value = observable.type, observable.value
    if kind in HASHES:
        said: Tree = {"hashes": {HASHES[kind]: value}}
        return _sco("file", said, said)
    if kind is ObservableType.ASN:
        number = {"number": int(value.removeprefix("AS"))}
        return _sco("autonomous-system", number, number)
    if kind is ObservableType.PREFIX:
        name = "ipv6-addr" if ":" in value else "ipv4-addr"
        return _sco(name, {"value": value}, {"value": value})
    return _sco(_SCOS[kind], {"value": value}, {"value": value})


_SCOS = {
    ObservableType.IPV4: "ipv4-addr",
    ObservableType.IPV6: "ipv6-addr",
    ObservableType.DOMAIN: "domain-name",
    ObservableType.URL: "url",
    ObservableType.EMAIL: "email-addr",
}


def _sco(kind: str, said: Tree, named_by: Tree) -> Tree:
    """Return an observable with the deterministic identifier of STIX 2.1, section 2.9."""
    return {
        "type": kind,
        "spec_version": SPEC_VERSION,
        "id": f"{kind}--{uuid.uuid5(SCO_NAMESPACE, stix_patterns.canonical_text(named_by))}",
        **said,
    }


def _link(source: Tree, kind: str, target: Tree, at: str) -> Tree:
    name = uuid.uuid5(NAMESPACE, f"{source['id']} {kind} {target['id']}")
    made = _headed("relationship", name, at)
    return made | {"relationship_type": kind, "source_ref": source["id"], "target_ref": target["id"]}


def definition(writer: str) -> Tree:
    """Return the definition of our own extension."""
    return {
        "type": "extension-definition",
        "spec_version": SPEC_VERSION,
        "id": OURS,
        "created": OURS_CREATED,
        "modified": OURS_CREATED,
        "created_by_ref": writer,
        "name": "Pehra incident",
        "description": "Class, level, handling mark, impact and moments of an incident as a national team keeps them.",
        "schema": "https://pehra.example/schemas/stix-incident-1.json",
        "version": OURS_VERSION,
        "extension_types": ["property-extension"],
    }


def _marking(tlp: Tlp) -> Tree:
    level = tlp.value.removeprefix("TLP:").lower()
    return {
        "type": "marking-definition",
        "spec_version": SPEC_VERSION,
        "id": TLP_MARKS[tlp],
        "created": TLP_2_CREATED,
        "name": tlp.value,
        "extensions": {TLP_2: {"extension_type": "property-extension", "tlp_2_0": level}},
    }


def _marked(each: Tree, tlp: Tlp | None, writer: str) -> Tree:
    marks = {"object_marking_refs": [TLP_MARKS[tlp]]} if tlp is not None else {}
    ours = {} if "created" not in each or each["id"] == writer else {"created_by_ref": writer}
    return each | ours | marks


def _each_once(objects: Iterable[Tree]) -> list[Tree]:
    return list({each["id"]: each for each in objects}.values())


def _filled(tree: Tree) -> Tree:
    return {name: value for name, value in tree.items() if value not in ("", None, [], {})}
