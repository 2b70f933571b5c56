"""Past reports that may be about the like: what shares an observable first, then what is said in like words.

Hints with their reason; nothing follows from them by itself. Candidates come from the full-text index and are compared
by their trigrams here, since the database at hand may have no extension for it.
"""

from datetime import timedelta
from uuid import UUID

from django.contrib.postgres.search import SearchQuery

from pehra.intake.models import Report, ReportObservable, ReportQuerySet
from pehra.intake.queries.finding import visible
from pehra.intake.queries.listing import beginning
from pehra.intake.queries.shapes import SuggestionView
from pehra.intake.rules.similarity import LIKE_FROM, likeness, telling_words, trigrams
from pehra.intake.rules.states import State
from pehra.kernel.actors import Actor

LOOKED_BACK = timedelta(days=730)
CANDIDATES_MAX = 60
SUGGESTED_MAX = 10
SHARED_SHOWN_MAX = 5
OBSERVABLES_COMPARED_MAX = 200
COMPARED = ("reference", "title", "description", "state", "incident", "received_at")


def suggestions(row: Report, *, by: Actor) -> tuple[SuggestionView, ...]:
    """Return the past reports that are most like this one, of those that the actor may read."""
    past = visible(by).exclude(id=row.id).filter(id__lt=row.id, received_at__gte=row.received_at - LOOKED_BACK)
    compared = past.only(*COMPARED)
    shared = _shared(row, past)
    candidates = {other.id: other for other in compared.filter(id__in=list(shared)[:CANDIDATES_MAX])}
    said = f"{row.title}\n{row.description}"
    words = telling_words(said)
    if words:
        query = SearchQuery(" | ".join(f"'{word}'" for word in words), config="simple", search_type="raw")
        candidates |= {other.id: other for other in compared.filter(search=query).order_by("-id")[:CANDIDATES_MAX]}
    mine = trigrams(said)
    found = [
        SuggestionView(
            reference=other.reference,
            title=other.title or beginning(other.description),
            state=State(other.state),
            incident=other.incident,
            received_at=other.received_at,
            shared=tuple(sorted(shared.get(other.id, ()))[:SHARED_SHOWN_MAX]),
            likeness=likeness(mine, trigrams(f"{other.title}\n{other.description}")),
        )
        for other in candidates.values()
    ]
    worth = [one for one in found if one.shared or one.likeness >= LIKE_FROM]
    worth.sort(key=lambda one: (-len(one.shared), -one.likeness, one.reference))
    return tuple(worth[:SUGGESTED_MAX])


def _shared(row: Report, past: ReportQuerySet) -> dict[UUID, set[str]]:
    digests = list(row.observables.order_by("id").values_list("value_sha256", flat=True)[:OBSERVABLES_COMPARED_MAX])
    shared: dict[UUID, set[str]] = {}
    if not digests:
        return shared
    rows = ReportObservable.objects.filter(value_sha256__in=digests, report__in=past).exclude(report=row)
    for report, value in rows.order_by("-seen_at").values_list("report_id", "value")[: 5 * CANDIDATES_MAX]:
        shared.setdefault(report, set()).add(value)
    return shared
