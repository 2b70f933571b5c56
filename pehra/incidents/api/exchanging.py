"""Incidents that leave as documents, and documents of others that are read.

An export is a disclosure: it is written down with format, mark and hash, so that it can be said later what exactly was
handed over. A format that has no word for the incident's mark is refused before anything is written.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.incidents import queries
from pehra.incidents.gateways import exchange
from pehra.incidents.queries.exchange import document_of
from pehra.incidents.rules import documents
from pehra.incidents.rules.documents import Format
from pehra.kernel.actors import Actor
from pehra.kernel.markings import Tlp
from pehra.ledger import api as ledger


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An incident in a format of exchange, ready to be handed over."""

    name: str
    media_type: str
    content: bytes
    sha256: str
    tlp: Tlp


@transaction.atomic
def document(*, ref: str, format: Format | str, by: Actor, at: datetime) -> Exported:
    """Return an incident in a format of exchange, as far as the actor may read it; the ledger says who took it."""
    access.require(by, Permission.INCIDENTS_READ)
    wanted = documents.parse_format(format)
    incident = queries.find(ref, by=by)
    documents.require_carried(Tlp(incident.tlp), wanted)
    content = exchange.written(document_of(incident.reference, by=by, at=at), wanted)
    digest = sha256(content).hexdigest()
    facts = {"format": wanted, "tlp": incident.tlp, "sha256": digest, "bytes": len(content)}
    ledger.record("incidents.exported", subject=incident.reference, by=by, at=at, teams=incident.teams, facts=facts)
    return Exported(
        name=f"{incident.reference}.{documents.SUFFIXES[wanted]}",
        media_type=documents.MEDIA_TYPES[wanted],
        content=content,
        sha256=digest,
        tlp=Tlp(incident.tlp),
    )


def read_documents(raw: bytes) -> tuple[Format, tuple[documents.IncidentDocument, ...]]:
    """Return the format of a file of another team and the incidents that it tells of; refuse what cannot be read."""
    return exchange.read(raw)


def document_format(raw: bytes) -> Format | None:
    """Return the format of a file by its content, or None when it is no document of an incident."""
    return exchange.recognised(raw)


def formats_for(tlp: Tlp) -> tuple[Format, ...]:
    """Return the formats that have a word for a mark."""
    return tuple(format for format in Format if tlp in documents.CARRIES[format])
