"""How IODEF's classes are written in XML: which attributes, and which children in which order.

RFC 8727 writes the same classes in JSON; with this table one is turned into the other, class by class, without knowing
what any of them means. The four places where the two differ in shape (`inside` an element of its own, a choice under
one name, a text under a name, and two foreign namespaces) stand in the table too. What the table does not know is not
written, and when read is named as left out.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a child without a class of its own holds."""

    TEXT = "text"
    WORDS = "words"  # a text that may say its language
    NUMBER = "number"
    ALGORITHM = "algorithm"  # an empty element whose attribute is the value


@dataclass(frozen=True)
class Child:
    """An element within another."""

    name: str
    kind: str
    many: bool = False
    inside: str = ""
    space: str = "iodef"


@dataclass(frozen=True)
class Shape:
    """One class. `value` is the JSON name of the element's own text; `choice` the JSON name of a list of any of
    some."""

    attributes: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()
    value: str = ""
    choice: str = ""


NUMBERS = frozenset({"ip-protocol", "specIndex", "vlan-num"})
NUMERIC_VALUES = frozenset({"Confidence", "Counter", "MonetaryImpact", "TimeImpact"})
_MARK = ("restriction", "ext-restriction")
_ID = ("observable-id",)


def _one(name: str, kind: str = "", space: str = "iodef") -> Child:
    return Child(name, kind or name, space=space)


def _many(name: str, kind: str = "", inside: str = "") -> Child:
    return Child(name, kind or name, many=True, inside=inside)


def _text(*names: str) -> tuple[Child, ...]:
    return tuple(Child(name, Kind.TEXT) for name in names)


_TIMES = _text("DetectTime", "StartTime", "EndTime", "RecoveryTime", "ReportTime")
_WORDS = _many("Description", Kind.WORDS)
_MORE = _many("AdditionalData")
_IMPACTS = tuple(
    _one(name) for name in ("SystemImpact", "BusinessImpact", "TimeImpact", "MonetaryImpact", "IntendedImpact")
)
_BUSINESS = Shape(("severity", "ext-severity", "type", "ext-type"), (_WORDS,))

SHAPES: dict[str, Shape] = {
    "Incident": Shape(
        ("purpose", "ext-purpose", "status", "ext-status", "lang", *_MARK, *_ID),
        (
            _one("IncidentID"),
            _one("AlternativeID"),
            _many("RelatedActivity"),
            *_TIMES,
            *_text("GenerationTime"),
            _WORDS,
            _many("Discovery"),
            _many("Assessment"),
            _many("Method"),
            _many("Contact"),
            _many("EventData"),
            _many("Indicator", inside="IndicatorData"),
            _one("History"),
            _MORE,
        ),
    ),
    "IncidentID": Shape(("name", "instance", *_MARK), value="id"),
    "AlternativeID": Shape(_MARK, (_many("IncidentID"),)),
    "RelatedActivity": Shape(
        _MARK, (_many("IncidentID"), _many("URL", Kind.TEXT), _many("ThreatActor"), _many("Campaign"), _WORDS, _MORE)
    ),
    "ThreatActor": Shape(_MARK, (_many("ThreatActorID", Kind.TEXT), _many("URL", Kind.TEXT), _WORDS, _MORE)),
    "Campaign": Shape(_MARK, (_many("CampaignID", Kind.TEXT), _many("URL", Kind.TEXT), _WORDS, _MORE)),
    "Contact": Shape(
        ("role", "ext-role", "type", "ext-type", *_MARK),
        (
            _many("ContactName", Kind.WORDS),
            _many("ContactTitle", Kind.WORDS),
            _WORDS,
            _many("RegistryHandle"),
            _many("PostalAddress"),
            _many("Email"),
            _many("Telephone"),
            *_text("Timezone"),
            _many("Contact"),
            _MORE,
        ),
    ),
    "RegistryHandle": Shape(("registry", "ext-registry"), value="handle"),
    "PostalAddress": Shape(("type", "ext-type"), (_one("PAddress", Kind.WORDS), _WORDS)),
    "Email": Shape(("type", "ext-type"), (*_text("EmailTo"), _WORDS)),
    "Telephone": Shape(("type", "ext-type"), (*_text("TelephoneNumber"), _WORDS)),
    "Discovery": Shape(("source", "ext-source", *_MARK), (_WORDS, _many("Contact"))),
    "Method": Shape(_MARK, (_many("Reference"), _WORDS, _MORE)),
    "Reference": Shape(_ID, (_one("ReferenceName", space="enum"), _many("URL", Kind.TEXT), _WORDS)),
    "ReferenceName": Shape(("specIndex",), (Child("ID", Kind.TEXT, space="enum"),)),
    "Assessment": Shape(
        ("occurrence", *_MARK, *_ID),
        (
            _many("IncidentCategory", Kind.WORDS),
            *_IMPACTS,
            _many("Counter"),
            _many("MitigatingFactor", Kind.WORDS),
            _many("Cause", Kind.WORDS),
            _one("Confidence"),
            _MORE,
        ),
        choice="Impact",
    ),
    "SystemImpact": Shape(("severity", "completion", "type", "ext-type"), (_WORDS,)),
    "BusinessImpact": _BUSINESS,
    "IntendedImpact": _BUSINESS,
    "TimeImpact": Shape(("severity", "metric", "ext-metric", "duration", "ext-duration"), value="value"),
    "MonetaryImpact": Shape(("severity", "currency"), value="value"),
    "Counter": Shape(("type", "ext-type", "unit", "ext-unit", "meaning", "duration", "ext-duration"), value="value"),
    "Confidence": Shape(("rating", "ext-rating"), value="value"),
    "EventData": Shape(
        (*_MARK, *_ID),
        (
            _WORDS,
            *_TIMES,
            _many("Contact"),
            _many("Discovery"),
            _one("Assessment"),
            _many("Method"),
            _many("System", inside="Flow"),
            _many("Expectation"),
            _many("RecordData", inside="Record"),
            _many("EventData"),
            _MORE,
        ),
    ),
    "Expectation": Shape(
        ("action", "ext-action", "severity", *_MARK, *_ID),
        (_WORDS, _many("DefinedCOA", Kind.TEXT), *_text("StartTime", "EndTime"), _one("Contact")),
    ),
    "RecordData": Shape(
        (*_MARK, *_ID),
        (*_text("DateTime"), _WORDS, _many("RecordItem", "AdditionalData"), _many("URL", Kind.TEXT), _many("FileData")),
    ),
    "System": Shape(
        ("category", "ext-category", "interface", "spoofed", "virtual", "ownership", "ext-ownership", *_MARK, *_ID),
        (
            _one("Node"),
            _many("NodeRole"),
            _many("Service"),
            _many("Counter"),
            _many("AssetID", Kind.TEXT),
            _WORDS,
            _MORE,
        ),
    ),
    "Node": Shape((), (_many("DomainData"), _many("Address"), _one("PostalAddress"), _many("Location", Kind.WORDS))),
    "Address": Shape(("category", "ext-category", "vlan-name", "vlan-num", *_ID), value="value"),
    "NodeRole": Shape(("category", "ext-category"), (_WORDS,)),
    "DomainData": Shape(
        ("system-status", "ext-system-status", "domain-status", "ext-domain-status", *_ID),
        _text("Name", "DateDomainWasChecked", "RegistrationDate", "ExpirationDate"),
    ),
    "Service": Shape(("ip-protocol", *_ID), (Child("Port", Kind.NUMBER), *_text("Portlist"), _one("EmailData"))),
    "EmailData": Shape(
        _ID,
        (
            _many("EmailTo", Kind.TEXT),
            *_text("EmailFrom", "EmailSubject", "EmailX-Mailer"),
            _many("EmailHeaderField", "AdditionalData"),
            *_text("EmailHeaders", "EmailBody", "EmailMessage"),
            _many("HashData"),
        ),
    ),
    "FileData": Shape((*_MARK, *_ID), (_many("File"),)),
    "File": Shape(
        _ID,
        (
            *_text("FileName"),
            Child("FileSize", Kind.NUMBER),
            *_text("FileType"),
            _many("URL", Kind.TEXT),
            _one("HashData"),
            _many("FileProperties", "AdditionalData"),
        ),
    ),
    "HashData": Shape(("scope", "ext-scope"), (*_text("HashTargetID"), _many("Hash"))),
    "Hash": Shape((), (Child("DigestMethod", Kind.ALGORITHM, space="ds"), Child("DigestValue", Kind.TEXT, space="ds"))),
    "Indicator": Shape(
        _MARK,
        (
            _one("IndicatorID"),
            _WORDS,
            *_text("StartTime", "EndTime"),
            _one("Confidence"),
            _many("Contact"),
            _one("Observable"),
            _many("NodeRole"),
            _many("Reference"),
            _MORE,
        ),
    ),
    "IndicatorID": Shape(("name", "version"), value="id"),
    "Observable": Shape(
        _MARK,
        (
            _one("System"),
            _one("Address"),
            _one("DomainData"),
            _one("Service"),
            _one("EmailData"),
            _one("FileData"),
            _one("RecordData"),
            _one("EventData"),
            _one("Reference"),
            _one("BulkObservable"),
            _MORE,
        ),
    ),
    "BulkObservable": Shape(("type", "ext-type"), (*_text("BulkObservableList"), _MORE)),
    "History": Shape(_MARK, (_many("HistoryItem"),)),
    "HistoryItem": Shape(
        ("action", "ext-action", *_MARK, *_ID),
        (*_text("DateTime"), _one("IncidentID"), _one("Contact"), _WORDS, _many("DefinedCOA", Kind.TEXT), _MORE),
    ),
    "AdditionalData": Shape(("name", "dtype", "ext-dtype", "meaning", "formatid", *_MARK, *_ID), value="value"),
}
