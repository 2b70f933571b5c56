"""Documents of other teams, for programs."""

from dataclasses import dataclass

from pydantic import Field

from pehra.access import api as access
from pehra.access.api import Permission, Request
from pehra.intake import api
from pehra.intake.rest.router import router
from pehra.kernel.bodies import Strict


class DocumentIn(Strict):
    """The file's text: IODEF 2 (XML, or JSON by RFC 8727) or a STIX 2.1 bundle; as much as a request holds."""

    content: str = Field(min_length=1)


@dataclass(frozen=True, kw_only=True)
class ReceiptRows:
    """One receipt for each incident that the document tells of."""

    items: tuple[api.Receipt, ...]


@router.post(
    "/documents", response={201: ReceiptRows}, operation_id="intake.documents", summary="Hand in IODEF or STIX"
)
def document(request: Request, said: DocumentIn) -> ReceiptRows:
    """Kept as it came. A later document of the same issuer and number is added to the report of the first."""
    access.require(request.actor, Permission.INTAKE_REPORT)
    return ReceiptRows(items=api.receive_documents(raw=said.content.encode(), by=request.actor, at=request.at))
