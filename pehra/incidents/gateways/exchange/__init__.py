"""Formats of exchange, one file a format: bytes from a document, and documents from bytes.

What comes from outside is hostile: nothing is resolved, loaded or fetched; size, depth and number have limits; a file
that cannot be read says why and names no line of our code.
"""

from collections.abc import Callable
from typing import Any

from pehra.incidents.gateways.exchange import iodef_json, iodef_xml, stix_json
from pehra.incidents.rules.documents import BYTES_MAX, DEPTH_MAX, Format, IncidentDocument, Unreadable
from pehra.kernel import json_text

_WRITERS: dict[Format, Callable[[IncidentDocument], bytes]] = {
    Format.IODEF_XML: iodef_xml.written,
    Format.IODEF_JSON: iodef_json.written,
    Format.STIX: stix_json.written,
}
_READERS: dict[Format, Callable[[Any], tuple[IncidentDocument, ...]]] = {
    Format.IODEF_XML: iodef_xml.read,
    Format.IODEF_JSON: iodef_json.read,
    Format.STIX: stix_json.read,
}
_SNIFFED_BYTES = 64 * 1024


def written(document: IncidentDocument, format: Format) -> bytes:
    """Return a document in a format; refuse one whose mark the format cannot carry."""
    return _WRITERS[format](document)


def recognised(raw: bytes) -> Format | None:
    """Return the format of a file by its content, or None when it is none of these. Names and types lie."""
    try:
        return _looked_at(raw)[0]
    except Unreadable:
        return None


def _looked_at(raw: bytes) -> tuple[Format | None, Any]:
    """Return a file's format with what its reader takes; refuse JSON that cannot be relied on, saying why."""
    head = raw[:_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        return (Format.IODEF_XML if iodef_xml.NAMESPACE.encode() in head else None), raw
    if not head.startswith(b"{"):
        return None, raw
    try:
        said = json_text.read_object(raw, field="document", depth_max=DEPTH_MAX, any_text=True)
    except json_text.NotJson as error:
        raise Unreadable(error.message, field="document") from error
    for format, is_it in ((Format.STIX, stix_json.is_it), (Format.IODEF_JSON, iodef_json.is_it)):
        if is_it(said):
            return format, said
    return None, raw


def read(raw: bytes) -> tuple[Format, tuple[IncidentDocument, ...]]:
    """Return the incidents of a file, whatever its format."""
    if len(raw) > BYTES_MAX:
        raise Unreadable(f"a document has at most {BYTES_MAX} bytes", field="document")
    format, said = _looked_at(raw)
    if format is None:
        raise Unreadable("this is neither IODEF 2 (XML or JSON) nor a STIX 2.1 bundle", field="document")
    return format, _READERS[format](said)
