"""What the bodies of `incidents.rest` are made of: strict objects, codes, reasons, moments."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field

from pehra.kernel.clock import parse_time
from pehra.kernel.refusals import Invalid

CODE_CHARACTERS_MAX = 64
NUMBER_MAX = 1_000_000
"""The greatest number by which a thing of an incident is named."""


def _moment(said: object) -> datetime:
    """Read a moment as Pehra reads one everywhere: RFC 3339 with an offset, within the calendar."""
    if not isinstance(said, str):
        raise ValueError("a moment is a text such as 2026-11-24T09:30:00Z")
    try:
        return parse_time(said)
    except Invalid as refusal:
        raise ValueError("not an RFC 3339 time with an offset, such as 2026-11-24T09:30:00Z") from refusal


Moment = Annotated[datetime, BeforeValidator(_moment)]
Code = Annotated[str, Field(min_length=1, max_length=CODE_CHARACTERS_MAX)]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]


class Strict(Schema):
    """A body in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")
