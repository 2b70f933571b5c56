"""An incident's attributes as the law reads them, from its row; and those that it is asked about."""

from collections.abc import Iterable

from django.conf import settings

from pehra.incidents.models import Incident
from pehra.incidents.rules.attributes import WIDESPREAD
from pehra.law import api as law

ASKED = "incident.attributes"
"""How the law names what is not known: followed by a point and the attribute, or alone when it asks about all."""


def attributes_of(row: Incident) -> law.Attributes:
    """Return what is known of an incident's attributes, one by one also where nobody said anything."""
    return law.Attributes(
        present=frozenset(row.attributes or ()),
        absent=frozenset(row.attributes_absent),
        is_complete=row.attributes_complete,
    )


def words() -> tuple[str, ...]:
    """Return the attributes that the country's profile knows, in its order."""
    return tuple(word.code for word in law.load(settings.PEHRA_PROFILE).attributes)


def asked(missing: Iterable[str]) -> tuple[str, ...]:
    """Return the attributes among missing facts, each once."""
    found: list[str] = []
    for fact in missing:
        if fact == ASKED:
            # Of a clock from before attributes were known one by one: what is not counted may decide.
            found += [code for code in words() if code != WIDESPREAD]
        elif fact.startswith(f"{ASKED}."):
            found.append(fact.removeprefix(f"{ASKED}."))
    return tuple(dict.fromkeys(found))
