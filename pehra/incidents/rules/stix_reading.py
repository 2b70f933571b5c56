"""Incidents from a bundle of STIX 2.1, whoever wrote it: with the OASIS extension, with ours, or as a bare stub.

Where a bundle tells of several incidents, an object belongs to those that a relationship ties it to; where of one,
everything does. The strictest mark of all that belongs to an incident is its mark. What is there and has no place in a
document is named in `left_out`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pehra.incidents.rules import documents, stix_patterns
from pehra.incidents.rules.documents import IncidentDocument, Party, PartyRole, Seen, Side, Unreadable, each_once
from pehra.incidents.rules.stix import INCIDENT_CORE, KNOWN_MARKS, OURS, TLP_2, Tree
from pehra.kernel import rsit
from pehra.kernel.clock import parse_time
from pehra.kernel.markings import Pap, Tlp, parse_pap, parse_tlp, strictest
from pehra.kernel.refusals import Invalid


def read(bundle: Any) -> tuple[IncidentDocument, ...]:
    """Return the incidents of a bundle, whoever wrote it."""
    objects = _objects(bundle)
    incidents = [each for each in objects.values() if each.get("type") == "incident"]
    if not incidents:
        raise Unreadable("this bundle has no incident", field="document")
    if len(incidents) > documents.DOCUMENTS_MAX:
        raise Unreadable(f"a file has at most {documents.DOCUMENTS_MAX} incidents", field="document")
    return tuple(_read_incident(each, objects, alone=len(incidents) == 1) for each in incidents)


def _objects(bundle: Any) -> dict[str, Tree]:
    if not isinstance(bundle, dict):
        raise Unreadable("this is no STIX bundle", field="document")
    many = bundle.get("objects") if bundle.get("type") == "bundle" else [bundle]
    if not isinstance(many, list):
        raise Unreadable("this is no STIX bundle", field="document")
    named = [each for each in many if isinstance(each, dict)]
    return {each["id"]: each for each in named if _text(each.get("id")) and _text(each.get("type"))}


def _read_incident(incident: Tree, objects: Mapping[str, Tree], *, alone: bool) -> IncidentDocument:
    core, ours = _extended(incident, INCIDENT_CORE), _extended(incident, OURS)
    near = objects if alone else _near(incident, objects)
    writer = objects.get(_text(incident.get("created_by_ref")), {})
    reference, links = _numbers(incident)
    taxonomy, kind = _category(core, ours)
    stated = ours.get("attributes")
    written_at = _moment(incident.get("modified") or incident.get("created"))
    if written_at is None:
        raise Unreadable("an incident does not say when it was written", field="document")
    return IncidentDocument(
        issuer=_text(reference.get("source_name")) or _text(writer.get("name")),
        reference=_text(reference.get("external_id")) or incident["id"],
        written_at=written_at,
        title=_text(incident.get("name"))[: documents.TITLE_LENGTH_MAX],
        description=_text(incident.get("description"))[: documents.DESCRIPTION_LENGTH_MAX],
        language=_text(incident.get("lang"))[:35] or "en",
        tlp=_mark([incident, *near.values()], objects),
        pap=_pap(ours.get("pap")),
        state=_text(ours.get("state")) or _state(core),
        taxonomy=taxonomy,
        type=kind,
        severity=_text(ours.get("severity")),
        gravity=documents.gravity_said(core.get("criticality")),
        attributes=_words(stated, "stated") if isinstance(stated, dict) else None,
        attributes_absent=_words(stated, "absent") if isinstance(stated, dict) else (),
        impact=_impact(ours.get("impact")),
        moments=_moments(ours, core, objects),
        parties=tuple(_parties(near, writer))[: documents.PARTIES_MAX],
        observables=each_once(_seen(near)),
        references=tuple(links)[: documents.REFERENCES_MAX],
        exercise=ours.get("exercise") is True,
        left_out=_left_out(near),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(said: Tree, name: str) -> tuple[str, ...]:
    words = said.get(name)
    return tuple(map(str, words)) if isinstance(words, list) else ()


def _extended(each: Tree, name: str) -> Tree:
    extensions = each.get("extensions")
    said = extensions.get(name) if isinstance(extensions, dict) else None
    return said if isinstance(said, dict) else {}


def _near(incident: Tree, objects: Mapping[str, Tree]) -> dict[str, Tree]:
    """Return what a bundle of several incidents ties to this one: relationships, and what those name."""
    near: dict[str, Tree] = {}
    for each in objects.values():
        if each.get("type") == "relationship" and incident["id"] in (each.get("source_ref"), each.get("target_ref")):
            for end in (_text(each.get("source_ref")), _text(each.get("target_ref"))):
                if end in objects and objects[end].get("type") != "incident":
                    near[end] = objects[end]
    for each in list(near.values()):
        near |= {ref: objects[ref] for ref in _refs(each.get("object_refs")) if ref in objects}
    return near


def _refs(value: Any) -> list[str]:
    return [ref for ref in value if isinstance(ref, str)] if isinstance(value, list) else []


def _numbers(incident: Tree) -> tuple[Tree, list[str]]:
    """Return the first reference that is a number of its own, and the others as links and numbers."""
    many = incident.get("external_references")
    said = [each for each in many if isinstance(each, dict)] if isinstance(many, list) else []
    own = next((each for each in said if _text(each.get("external_id"))), {})
    links = [
        _text(each.get("url")) or f"{_text(each.get('source_name'))} {_text(each.get('external_id'))}".strip()
        for each in said
        if each is not own
    ]
    return own, [link for link in links if link]


def _category(core: Tree, ours: Tree) -> tuple[str, str]:
    said, kind = _text(ours.get("taxonomy")), _text(ours.get("incident_type"))
    if rsit.is_known(said):
        return said, kind if rsit.is_known(said, kind) else ""
    for each in _refs(core.get("incident_types")):
        taxonomy, _, kind = each.lower().partition("/")
        if rsit.is_known(taxonomy):
            return taxonomy, kind if rsit.is_known(taxonomy, kind) else ""
        if taxonomy in rsit.CLASS_OF:
            return rsit.CLASS_OF[taxonomy], taxonomy
    return "", ""


def _state(core: Tree) -> str:
    if core.get("determination") == "false-positive":
        return "dismissed"
    status = _text(core.get("investigation_status"))
    return status if status in {"new", "open", "closed"} else ""


def _mark(near: Iterable[Tree], objects: Mapping[str, Tree]) -> Tlp | None:
    """Return the strictest mark of all that belongs to an incident, and of each part that is marked for itself."""
    refs = {ref for each in near for ref in (*_refs(each.get("object_marking_refs")), *_refs_of_parts(each))}
    found = [mark for ref in refs if (mark := _tlp(ref, objects.get(ref, {}))) is not None]
    return strictest(*found) if found else None


def _refs_of_parts(each: Tree) -> list[str]:
    granular = each.get("granular_markings")
    parts = [part for part in granular if isinstance(part, dict)] if isinstance(granular, list) else []
    return [ref for part in parts if (ref := _text(part.get("marking_ref")))]


def _tlp(name: str, definition: Tree) -> Tlp | None:
    if name in KNOWN_MARKS:
        return KNOWN_MARKS[name]
    inner = definition.get("definition")
    said = _extended(definition, TLP_2).get("tlp_2_0") or (inner.get("tlp") if isinstance(inner, dict) else None)
    try:
        return parse_tlp(_text(said)) if said else None
    except Invalid:
        return None


def _pap(text: Any) -> Pap | None:
    try:
        return parse_pap(_text(text)) if text else None
    except Invalid:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except Invalid:
        return None


def _moments(ours: Tree, core: Tree, objects: Mapping[str, Tree]) -> dict[str, datetime]:
    said = ours.get("moments")
    if isinstance(said, dict):
        read = {str(name): _moment(value) for name, value in said.items()}
    else:
        events = [objects[ref] for ref in _refs(core.get("event_refs")) if ref in objects]
        began = sorted(moment for each in events if (moment := _moment(each.get("start_time"))))
        ended = sorted(moment for each in events if (moment := _moment(each.get("end_time"))))
        read = {"occurrence": began[0] if began else None, "handling_end": ended[-1] if ended else None}
    return {name: moment for name, moment in read.items() if moment is not None}


def _impact(said: Any) -> dict[str, float]:
    known = said.items() if isinstance(said, dict) else ()
    return {name: value for name, said in known if (value := documents.measured(said)) is not None}


def _parties(near: Mapping[str, Tree], writer: Tree) -> Iterator[Party]:
    impacted = {
        _text(each.get("target_ref"))
        for each in near.values()
        if each.get("type") == "relationship" and each.get("relationship_type") in ("impacts", "targets")
    }
    people = {each["id"]: each for each in near.values() if each.get("type") == "identity"}
    if writer.get("id"):
        people.setdefault(writer["id"], writer)
    for each in people.values():
        roles = set(_refs(each.get("roles")))
        said = next((role for role in PartyRole if role.value in roles), PartyRole.OTHER)
        if each["id"] == writer.get("id"):
            said = PartyRole.CREATOR
        elif each["id"] in impacted:
            said = PartyRole.VICTIM
        email, _, phone = _text(each.get("contact_information")).partition("; ")
        ours = _extended(each, OURS)
        yield Party(
            role=said,
            name=_text(each.get("name"))[: documents.NAME_LENGTH_MAX],
            is_person=each.get("identity_class") == "individual",
            email=email if "@" in email else "",
            phone=phone or ("" if "@" in email else email),
            sector=_text(ours.get("sector")),
            territory=_text(ours.get("territory")),
        )


def _seen(near: Mapping[str, Tree]) -> Iterator[Seen]:
    sides: dict[str, Side] = {}
    for name, each in near.items():
        if each.get("type") in {"observed-data", "vulnerability"}:
            side = next((Side(label) for label in _refs(each.get("labels")) if label in set(Side)), Side.RELATED)
            sides |= dict.fromkeys((name, *_refs(each.get("object_refs"))), side)
    for name, each in near.items():
        side = sides.get(name, Side.RELATED)
        yield from (seen for text in stix_patterns.texts_of(each) if (seen := documents.seen(text, side)))


def _left_out(near: Mapping[str, Tree]) -> tuple[str, ...]:
    """Return the kinds of objects that say something which has no place in a document."""
    return tuple(sorted({_text(each.get("type")) for each in near.values()} - stix_patterns.UNDERSTOOD))
