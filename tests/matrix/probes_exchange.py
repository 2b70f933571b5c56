"""How exchange is tried: incidents as documents, history that is taken in, alerts and documents of others."""

import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from pehra.incidents import api as incidents
from pehra.incidents.gateways import exchange
from pehra.incidents.rules.documents import Format, IncidentDocument
from pehra.intake import api as intake
from pehra.intake.api import Channel
from pehra.intake.models import Report
from pehra.intake.rules.alerts import thehive
from pehra.kernel.actors import Actor
from pehra.kernel.identifiers import new_id
from tests.intake.alerts.made import THEHIVE
from tests.matrix.intake_rows import keep_raw
from tests.matrix.probes import Probe, acts
from tests.matrix.world import AT, Place

DOCUMENT = IncidentDocument(issuer="csirt.example", reference="4711", written_at=AT, title="tried")
ALERT = thehive.read(THEHIVE)
PAST = {
    "incident_id": "1",
    "action": {"malware": {"variety": ["Ransomware"]}},
    "timeline": {"incident": {"year": 2014}},
    "victim": {"industry": "622110"},
}


def _history(place: Place, by: Actor) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "past.jsonl")
        file.write_text(json.dumps(PAST) + "\n")
        return incidents.import_history(path=file, team=place.team, by=by, at=AT)


def _alert(place: Place) -> str:
    """A report of the place that came as an alert."""
    keep_raw()  # the world's vault was another test's folder
    row = Report.objects.get(reference=place.report)
    row.id, row.reference, row.channel = new_id(AT), "PKR-2026-999998", Channel.THEHIVE
    row.secret_sha256, row.group = f"{8:064d}", UUID(int=8)
    submission = row.submissions.model.objects.get(report__reference=place.report)
    row.save(force_insert=True)
    submission.id, submission.report, submission.source_ref = new_id(AT), row, "another"
    submission.save(force_insert=True)
    return str(row.reference)


def _posted(place: Place, by: Actor) -> Any:
    words = {"alert": ALERT, "raw": b"{}", "media_type": "application/json"}
    return intake.receive_alert(channel=Channel.THEHIVE, by=by, at=AT, **words)


def _added(place: Place, by: Actor) -> Any:
    words = {"alert": ALERT, "raw": b"{}", "media_type": "application/json"}
    return intake.add_to_alert(channel=Channel.THEHIVE, reference=_alert(place), by=by, at=AT, **words)


PROBES: dict[str, Probe] = {
    "incidents.document": acts(lambda p, by: incidents.document(ref=p.incident, format="stix", by=by, at=AT)),
    "incidents.import_history": acts(_history),
    "intake.alert": acts(lambda p, by: intake.alert(channel=Channel.THEHIVE, reference=_alert(p), by=by)),
    "intake.add_to_alert": acts(_added),
    "intake.receive_alert": acts(_posted, anywhere=True),
    "intake.receive_documents": acts(
        lambda _p, by: intake.receive_documents(raw=exchange.written(DOCUMENT, Format.STIX), by=by, at=AT),
        anywhere=True,
    ),
}
