"""STIX 2.1 indicators from a bundle: what is read of them, and how they become our rows.

OASIS STIX 2.1, section 4.7. Only what says something to us is declared; the rest of an object is ignored, and other
objects of a bundle are counted. Markings are known by the identifiers that FIRST's TLP has in STIX.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from pehra.intel.rules.indicators import PATTERN
from pehra.intel.rules.patterns import values_of
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

OBJECTS_MAX = 5_000_000

TLP_OF_MARKING: dict[str, Tlp] = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Tlp.CLEAR,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Tlp.GREEN,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Tlp.AMBER,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": Tlp.AMBER_STRICT,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Tlp.RED,
    # The same of TLP 1.0; its white is clear, and its amber had no stricter form.
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}


class StixObject(msgspec.Struct, rename={"kind": "type"}):
    """What an object of a bundle says to us: the fields of an indicator, all optional until it is known to be one."""

    kind: str
    id: str = ""
    pattern: str = ""
    pattern_type: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    confidence: int | None = None
    object_marking_refs: list[str] = []
    name: str = ""
    revoked: bool = False


class Bundle(msgspec.Struct, rename={"kind": "type"}):
    """A bundle; its objects are read one by one, so that a broken one does not take the others with it."""

    kind: str
    objects: list[msgspec.Raw] = []


@dataclass
class Read:
    """Indicators as rows of our columns, what was counted, and what could not be read."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    objects: int = 0
    indicators: int = 0
    not_matchable: int = 0
    rejects: list[tuple[int, str]] = field(default_factory=list)


def read_bundle(content: bytes, *, tlp: Tlp, at: datetime) -> Read:
    """Read a bundle, or a bare list of objects; `tlp` is for those that carry no marking of their own."""
    objects = _objects(content)
    if len(objects) > OBJECTS_MAX:
        raise Invalid(f"the bundle has more than {OBJECTS_MAX} objects", field="path")
    read = Read(objects=len(objects))
    decoder = msgspec.json.Decoder(StixObject)
    for number, raw in enumerate(objects, 1):
        try:
            said = decoder.decode(raw)
            if said.kind == "indicator":
                read.indicators += 1
                _take(said, read, tlp=tlp, at=at)
        except (msgspec.MsgspecError, RecursionError, Invalid) as error:
            read.rejects.append((number, f"object {number}: {error}"))
    return read


def _objects(content: bytes) -> list[msgspec.Raw]:
    try:
        if content.lstrip()[:1] == b"[":
            return msgspec.json.decode(content, type=list[msgspec.Raw])
        bundle = msgspec.json.decode(content, type=Bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"this is no STIX bundle: {error}", field="path") from error
    if bundle.kind != "bundle":
        raise Invalid(f"this is a {bundle.kind!r}, and no STIX bundle", field="path")
    return bundle.objects


def _take(said: StixObject, read: Read, *, tlp: Tlp, at: datetime) -> None:
    if not said.id or not said.pattern:
        raise Invalid("an indicator needs an id and a pattern")
    begins = _utc(said.valid_from) or at
    # A revoked indicator is no more: it stays, and is valid no longer.
    ends = at if said.revoked else _utc(said.valid_until)
    if ends is not None and ends <= begins:
        if not said.revoked:
            raise Invalid("valid_until must lie after valid_from")
        begins, ends = at.replace(microsecond=0), at.replace(microsecond=1)
    if said.confidence is not None and not 0 <= said.confidence <= 100:
        raise Invalid(f"confidence {said.confidence} is not between 0 and 100")
    marking = _marking(said.object_marking_refs, tlp)
    values = values_of(said.pattern) if said.pattern_type in ("", "stix") else None
    if values is None:
        read.not_matchable += 1
    for kind, value in dict.fromkeys(values or [(PATTERN, said.pattern)]):
        read.rows.append(
            (kind, value, values is not None, begins, ends, marking.value, said.confidence, said.id, said.name[:500])
        )


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _marking(refs: Iterable[str], otherwise: Tlp) -> Tlp:
    """Return the strictest marking that an object carries."""
    found = [TLP_OF_MARKING[ref] for ref in refs if ref in TLP_OF_MARKING]
    return max(found, key=lambda mark: mark.rank) if found else otherwise
