"""What earlier leaks said of some addresses: which rows are known, and by which checks a secret is known again."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from pehra.signals.models import LeakedAccount

ADDRESSES_AT_ONCE = 5_000
CHECKS_AN_ADDRESS_MAX = 3  # each costs a scrypt for every row of the address that comes in

Key = tuple[str, str, datetime | None]
Check = tuple[bytes, bytes]


def known_rows(*, source: str, addresses: Iterable[str]) -> set[Key]:
    """Return what this source has already said of these addresses: address, service, when it leaked."""
    known: set[Key] = set()
    for some in _in_turns(addresses):
        rows = LeakedAccount.objects.filter(source=source, address__in=some)
        known.update(rows.values_list("address", "service", "leaked_at"))
    return known


def earlier_checks(*, addresses: Iterable[str]) -> dict[str, list[Check]]:
    """Return salt and check of the secrets kept of each address, newest first."""
    found: dict[str, list[Check]] = {}
    for some in _in_turns(addresses):
        rows = LeakedAccount.objects.filter(address__in=some).exclude(check_value=b"").order_by("-id")
        for address, salt, check in rows.values_list("address", "leak__salt", "check_value").iterator():
            kept = found.setdefault(address, [])
            if len(kept) < CHECKS_AN_ADDRESS_MAX:
                kept.append((bytes(salt), bytes(check)))
    return found


def comparisons(*, people: Iterable[UUID], since: datetime) -> dict[UUID, int]:
    """Return how many leaked secrets were compared with each person's password since a moment."""
    rows = LeakedAccount.objects.filter(
        person_id__in=list(people), in_use__isnull=False, leak__received_at__gt=since
    ).order_by()
    return dict(rows.values_list("person_id").annotate(Count("id")))


def _in_turns(addresses: Iterable[str]) -> Iterator[Sequence[str]]:
    wanted = sorted(set(addresses))
    for start in range(0, len(wanted), ADDRESSES_AT_ONCE):
        yield wanted[start : start + ADDRESSES_AT_ONCE]
