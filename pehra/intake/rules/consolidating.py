"""What a report says: its submissions, one over the other.

A later submission says what it says: what it leaves empty stays as it was, what it repeats is not written twice. Each
submission is kept whole beside it, so that nothing is lost by being said anew.
"""

from collections.abc import Mapping
from typing import Any

from pehra.intake.rules.saying import DESCRIPTION_LENGTH_MAX, Said
from pehra.kernel.clock import format_time

# Parts that a later submission replaces when it says them: how Said calls them, and how the report does.
REPLACED: Mapping[str, str] = {
    "title": "title",
    "taxonomy": "taxonomy",
    "type": "type",
    "organisation": "about_organisation",
    "organisation_name": "about_name",
    "sector": "sector",
    "territory": "territory",
}


def consolidated(said: Said, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns of a report after a submission, given those before it."""
    old = before or {}
    values: dict[str, Any] = {column: getattr(said, part) or old.get(column, "") for part, column in REPLACED.items()}
    moments = {name: format_time(moment) for name, moment in said.moments.items()}
    return values | {
        "description": _one_after_the_other(old.get("description", ""), said.description),
        "moments": {**old.get("moments", {}), **moments},
        "impact": {**old.get("impact", {}), **said.impact},
        "answers": {**old.get("answers", {}), **said.answers},
        "attributes": sorted({*old.get("attributes", ()), *said.attributes}),
        "is_complete": said.is_complete or old.get("is_complete", False),
        "exercise": said.exercise or old.get("exercise", False),
    }


def _one_after_the_other(old: str, new: str) -> str:
    """Return both texts, the new one alone where it begins with the old (a form that was filled in further)."""
    if not new or new == old:
        return old
    if not old or new.startswith(old):
        return new
    return f"{old}\n\n{new}"[:DESCRIPTION_LENGTH_MAX]
