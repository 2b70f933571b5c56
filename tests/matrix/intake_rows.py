"""What each place of the small world has of intake, written as its tables hold it."""

from datetime import datetime
from typing import Any

from pehra.intake.api import Act, Channel, State
from pehra.intake.models import Report, Submission, TriageAct, TriageChange, Webhook
from pehra.kernel.identifiers import new_id
from pehra.vault import api as vault

RAW = b"tried"
MAPPING = {"title": ["/title"]}


def keep_raw() -> vault.Kept:
    """Put what each report came as into the vault."""
    return vault.keep(RAW, limit=100)


def furnish(place: Any, number: int, *, at: datetime) -> None:
    """Write what the place has of intake: a report, one that was dismissed, that act, and a webhook."""
    place.report = _report(place, f"PKR-2025-{number:06d}", state=State.RECEIVED, at=at)
    dismissed = _report(place, f"PKR-2025-{number + 100:06d}", state=State.DISMISSED, at=at)
    place.dismissed = dismissed
    act = TriageAct.objects.create(
        id=new_id(at), act=Act.DISMISS, reason="tried", count=1, teams=[place.team], acted_by="test", acted_at=at
    )
    row = Report.objects.get(reference=dismissed)
    TriageChange.objects.create(act=act, report=row, before={"state": "received"}, after={"state": "dismissed"})
    place.act = act.id
    place.webhook = Webhook.objects.create(
        id=new_id(at),
        name=f"hook of {place.name}",
        team=place.team,
        mapping=MAPPING,
        secret_sha256=f"{number:064d}",
        created_by="test",
        created_at=at,
    ).id


def _report(place: Any, reference: str, *, state: State, at: datetime) -> str:
    id = new_id(at)
    row = Report.objects.create(
        id=id,
        reference=reference,
        channel=Channel.ORGANISATION,
        state=state,
        title="tried",
        tlp="TLP:AMBER",
        is_complete=True,
        reporter_organisation=place.organisation,
        reported_by="test",
        secret_sha256=f"{reference:0>64}",
        lead_team=place.team,
        teams=[place.team],
        working_teams=[place.team],
        group=id,
        received_at=at,
        changed_at=at,
        told_at=at,
    )
    Submission.objects.create(
        id=new_id(at),
        report=row,
        number=1,
        channel=Channel.ORGANISATION,
        raw_sha256=keep_raw().sha256,
        raw_size=len(RAW),
        media_type="text/plain",
        source="tried",
        source_ref=reference,
        submitted_by="test",
        received_at=at,
    )
    return reference
