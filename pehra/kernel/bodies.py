"""What the JSON of programs is read into: strict objects, moments, reasons. Parts make their own shapes of these."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pehra.kernel.clock import parse_time
from pehra.kernel.refusals import Invalid

REASON_CHARACTERS_MAX = 2_000


def _moment(said: object) -> datetime:
    """Read a moment as Pehra reads one everywhere: RFC 3339 with an offset, within the calendar."""
    if not isinstance(said, str):
        raise ValueError("a moment is a text such as 2026-11-24T09:30:00Z")
    try:
        return parse_time(said)
    except Invalid as refusal:
        raise ValueError("not an RFC 3339 time with an offset, such as 2026-11-24T09:30:00Z") from refusal


Moment = Annotated[datetime, BeforeValidator(_moment)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]


class Strict(BaseModel):
    """A body in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")
