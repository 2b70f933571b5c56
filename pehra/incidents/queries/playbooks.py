"""Reading playbooks, through the wall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.incidents.models import Playbook
from pehra.incidents.queries import reading
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible

PLAYBOOKS_SHOWN_MAX = 500


@dataclass(frozen=True, kw_only=True)
class PlaybookView:
    """One version of a playbook. `steps` are what a person does, in order, each as a mapping of its words."""

    id: UUID
    cacao_id: str
    modified: str
    name: str
    description: str
    types: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    remarks: tuple[str, ...]
    sha256: str
    size: int
    team: str
    is_for_everybody: bool
    added_at: datetime
    added_by: str
    retired_at: datetime | None
    retired_reason: str

    @property
    def blocking(self) -> int:
        """How many of its steps block by its own word."""
        return sum(1 for step in self.steps if step["is_blocking"])


def playbooks(*, retired: bool, by: Actor) -> tuple[PlaybookView, ...]:
    """Return the playbooks the actor may use, by name, the newest version first; retired ones when asked for."""
    rows = Playbook.objects.all().visible_to(reading.reader(by))
    rows = rows if retired else rows.filter(retired_at__isnull=True)
    return tuple(playbook_view(row) for row in rows.order_by("name", "-modified", "id")[:PLAYBOOKS_SHOWN_MAX])


def one_playbook(playbook_id: UUID, *, by: Actor, lock: bool = False) -> Playbook:
    """Return a playbook's row; what the actor may not read is not there."""
    rows = Playbook.objects.all().visible_to(reading.reader(by)).filter(id=playbook_id)
    row = (rows.select_for_update() if lock else rows).first()
    if row is None:
        raise NotVisible(f"there is no playbook {playbook_id}")
    return row


def playbook_view(row: Playbook) -> PlaybookView:
    """Return a playbook's row as shown."""
    return PlaybookView(
        id=row.id,
        cacao_id=row.cacao_id,
        modified=row.modified,
        name=row.name,
        description=row.description,
        types=tuple(row.types),
        steps=tuple(row.steps),
        remarks=tuple(row.remarks),
        sha256=row.sha256,
        size=len(row.document.encode()),
        team=row.team,
        is_for_everybody=row.reach == Playbook.EVERYBODY,
        added_at=row.added_at,
        added_by=row.added_by,
        retired_at=row.retired_at,
        retired_reason=row.retired_reason,
    )
