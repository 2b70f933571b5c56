"""Incidents as documents, for programs."""

from dataclasses import dataclass

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.incidents import api
from pehra.incidents.rest.router import router
from pehra.kernel.bodies import Strict


class Wanted(Strict):
    """In which format: `iodef-xml` (RFC 7970), `iodef-json` (RFC 8727) or `stix` (2.1)."""

    format: api.Format


@dataclass(frozen=True, kw_only=True)
class DocumentOut:
    """The document as text, with what a file of it would be called and the SHA-256 of its UTF-8 bytes."""

    name: str
    media_type: str
    tlp: str
    sha256: str
    content: str


@router.post(
    "/{reference}/document",
    response=DocumentOut,
    operation_id="incidents.document",
    summary="An incident as IODEF or STIX",
)
def document(request: Request, reference: str, said: Wanted) -> DocumentOut:
    """It is written down that it was taken. A format that has no word for the incident's TLP is refused."""
    access.require(request.actor, Permission.INCIDENTS_READ)
    exported = api.document(ref=reference, format=said.format, by=request.actor, at=request.at)
    return DocumentOut(
        name=exported.name,
        media_type=exported.media_type,
        tlp=exported.tlp.value,
        sha256=exported.sha256,
        content=exported.content.decode(),
    )
