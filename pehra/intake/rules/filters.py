"""What a queue can be narrowed to. Strict: a word that nobody knows is refused, since an empty list reads like rest."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pehra.intake.rules.channels import parse_channel
from pehra.intake.rules.states import parse_state
from pehra.kernel.clock import format_time, parse_time
from pehra.kernel.refusals import Invalid

NOBODY, ME = "nobody", "me"
UNDECIDED = "received"
ANY = "any"
TRUTHS = {"yes": True, "no": False, "": None}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which reports of a queue. Empty does not narrow; without a word about it exercises are left out."""

    state: str = UNDECIDED
    team: str = ""
    channel: str = ""
    assignee: str = ""
    organisation: str = ""
    sector: str = ""
    territory: str = ""
    taxonomy: str = ""
    language: str = ""
    complete: bool | None = None
    problem: bool | None = None
    news: bool | None = None
    exercise: bool = False
    group: UUID | None = None
    incident: str = ""
    observable: str = ""
    search: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse words that the tables of intake do not know."""
        if self.state and self.state != ANY:
            parse_state(self.state)
        if self.channel:
            parse_channel(self.channel)

    def as_json(self) -> dict[str, Any]:
        """Return what narrows, as plain JSON values: kept beside an act on all that match."""
        said: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default:
                continue
            said[field.name] = format_time(value) if isinstance(value, datetime) else value
            if isinstance(value, UUID):
                said[field.name] = str(value)
        return said


FILTER_NAMES = tuple(field.name for field in fields(Filters))


def parse_filters(said: Mapping[str, str]) -> Filters:
    """Read a queue's filters from a page's address; what is not a filter of a queue is no business of this."""
    values: dict[str, Any] = {}
    for field in fields(Filters):
        text = said.get(field.name, "").strip()
        if not text:
            continue
        values[field.name] = _read(field.name, text)
    return Filters(**values)


def _read(name: str, text: str) -> Any:
    if name in ("complete", "problem", "news", "exercise"):
        if text not in TRUTHS:
            raise Invalid("yes or no", field=name)
        return TRUTHS[text]
    if name in ("since", "until"):
        return parse_time(text, field=name)
    try:
        return UUID(text) if name == "group" else text
    except ValueError as error:
        raise Invalid(f"{text!r} is no group's identifier", field=name) from error
