"""What somebody typed on an incident's page and has not written down yet: kept on the server, for them alone.

A browser that closes, a link that breaks or a session that ends loses no word. Nothing here is an act: no ledger entry,
no other reader, and it is forgotten when the text is written down.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from pehra.incidents.api import acting
from pehra.incidents.gateways.markdown import NOTE_BYTES_MAX
from pehra.incidents.models import UnsavedText
from pehra.incidents.queries import notes as queries
from pehra.incidents.queries.notes import Unsaved
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import Invalid

PLACES_MAX = 50
FIELDS_MAX = 12
_PLACE = re.compile(r"(note|timeline|task|lesson|consent)(-[0-9]{1,6})?")
_FIELD = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def unsaved(ref: str, *, by: Actor) -> dict[str, Unsaved]:
    """Return what the actor typed on an incident and has not written down, by its place (`note`, `note-3`)."""
    person = _person(by)
    return queries.unsaved_of(acting.of_its_teams(ref, by=by), person) if person else {}


@transaction.atomic
def keep_unsaved(*, ref: str, place: str, fields: Mapping[str, str], by: Actor, at: datetime) -> None:
    """Keep what the actor has typed at one place; nothing typed forgets it."""
    incident = acting.of_its_teams(ref, by=by)
    person = _person(by)
    if person is None:
        raise Invalid("only a person has something unsaved", field="place")
    if not _PLACE.fullmatch(place):
        raise Invalid(f"{place!r} is no place where something is typed", field="place")
    said = {name: _plain(text) for name, text in fields.items() if text.strip()}
    if not said:
        forget_unsaved(ref=ref, place=place, by=by)
        return
    if len(said) > FIELDS_MAX or not all(_FIELD.fullmatch(name) for name in said):
        raise Invalid("these are not the fields of a form here", field="fields")
    if sum(len(text.encode()) for text in said.values()) > 2 * NOTE_BYTES_MAX:
        raise Invalid(_("at most %(n)s KiB are kept unsaved") % {"n": 2 * NOTE_BYTES_MAX // 1024}, field="fields")
    own = UnsavedText.objects.filter(person_id=person, incident=incident)
    if own.exclude(place=place).count() >= PLACES_MAX:
        raise Invalid(
            _("at most %(n)s unsaved texts on one incident; write some down first") % {"n": PLACES_MAX}, field="place"
        )
    UnsavedText.objects.update_or_create(
        person_id=person, incident=incident, place=place, defaults={"fields": said, "saved_at": at}
    )


def forget_unsaved(*, ref: str, place: str, by: Actor) -> None:
    """Forget what the actor had typed at one place: it is written down, or not wanted any more."""
    person = _person(by)
    if person is not None:
        incident = acting.of_its_teams(ref, by=by)
        UnsavedText.objects.filter(person_id=person, incident=incident, place=place).delete()


def _plain(text: str) -> str:
    """Return a text as the database takes it: what is typed is kept, whatever it is."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _person(by: Actor) -> UUID | None:
    try:
        return UUID(by.id)
    except ValueError:
        return None
