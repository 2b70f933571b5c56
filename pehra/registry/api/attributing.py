"""The snapshot that the machine road asks: built once a version of the registry and a day, shared, swapped whole."""

from datetime import date
from threading import Lock
from uuid import UUID

from django.conf import settings

from pehra.access import api as access
from pehra.law import api as law
from pehra.registry.queries import holdings, responsibility, versions
from pehra.registry.rules.attribution import Attribution, attribute

SNAPSHOTS_KEPT = 2  # today's, and that of the day or version just passed while somebody still asks for it

_kept: dict[tuple[UUID, str, date], Attribution] = {}
_lock = Lock()


def attribution(*, on: date) -> Attribution:
    """Return who holds what on a day, and who answers for it by law."""
    with _lock:
        while True:
            version = versions.current()
            key = (version.token, law.load(settings.PEHRA_PROFILE).version, on)
            if key in _kept:
                return _kept[key]
            made = _build(on, version.number)
            # What was read between two versions of the registry may be half of each: read again.
            if versions.current().token == version.token:
                break
        while len(_kept) >= SNAPSHOTS_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = made
        return made


# Shared by everybody who asks later: it must not hold what one of them may see.
@access.elevated(part="registry.attribution")
def _build(on: date, version: int) -> Attribution:
    answer = responsibility.judge(on)
    return attribute(holdings.assets(on), holdings.organisations(on, answer), unowned=answer(None), version=version)
