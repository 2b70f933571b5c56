"""What programs say of reports, strictly: an unknown key is a mistake."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, StrictBool

from pehra.intake import api
from pehra.intake.rules.saying import (
    CODE_LENGTH_MAX,
    DESCRIPTION_LENGTH_MAX,
    EMAIL_LENGTH_MAX,
    FILE_NAME_LENGTH_MAX,
    LANGUAGE_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PHONE_LENGTH_MAX,
    TITLE_LENGTH_MAX,
)
from pehra.kernel.clock import parse_time
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

MEASURE_MAX = 1e12
AT_ONCE_MAX = 500
# A request of a program has one mebibyte: what is larger comes as a document, or as several submissions.
OBSERVABLES_MAX, OBSERVABLE_MAX = 200, 2_000
ANSWERS_MAX, ANSWER_MAX = 50, 4_000
FILES_MAX = 10


def _moment(said: object) -> datetime:
    """Read a moment as Pehra reads one everywhere: RFC 3339 with an offset, within the calendar."""
    if not isinstance(said, str):
        raise ValueError("a moment is a text such as 2026-11-24T09:30:00Z")
    try:
        return parse_time(said)
    except Invalid as refusal:
        raise ValueError("not an RFC 3339 time with an offset, such as 2026-11-24T09:30:00Z") from refusal


Moment = Annotated[datetime, BeforeValidator(_moment)]
Code = Annotated[str, Field(max_length=CODE_LENGTH_MAX)]
Reference = Annotated[str, Field(min_length=1, max_length=32)]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
Measure = Annotated[float, Field(ge=0, lt=MEASURE_MAX, strict=True)]


class Strict(Schema):
    """A body in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid")


class FileIn(Strict):
    """A file that comes along, its content in Base64."""

    name: str = Field(min_length=1, max_length=FILE_NAME_LENGTH_MAX)
    content: str = Field(description="Base64 (RFC 4648, section 4).")
    media_type: str = Field("", max_length=127)

    def handed(self) -> api.Handed:
        """Return the file with its bytes."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("the content is no Base64", field="files") from error
        return api.Handed(name=self.name, content=content, media_type=self.media_type)


class SaidIn(Strict):
    """What is said. What is left out is not said, and may be said later as another submission."""

    title: str = Field("", max_length=TITLE_LENGTH_MAX)
    description: str = Field("", max_length=DESCRIPTION_LENGTH_MAX)
    taxonomy: Code = Field("", description="RSIT class.")
    type: Code = Field("", description="RSIT type.")
    organisation: Code = Field("", description="Whose matter it is: the code of an organisation you may see.")
    organisation_name: str = Field("", max_length=NAME_LENGTH_MAX)
    sector: Code = ""
    territory: Code = ""
    moments: dict[str, Moment] = Field(default_factory=dict, max_length=20)
    impact: dict[str, Measure] = Field(default_factory=dict, max_length=50)
    attributes: list[Code] = Field(default_factory=list, max_length=50)
    answers: dict[str, Annotated[str, Field(max_length=ANSWER_MAX)]] = Field(
        default_factory=dict, max_length=ANSWERS_MAX
    )
    observables: list[Annotated[str, Field(max_length=OBSERVABLE_MAX)]] = Field(
        default_factory=list, max_length=OBSERVABLES_MAX
    )
    tlp: Tlp | None = Field(None, description="How its source marks it; without it, as the law says.")
    complete: StrictBool = True
    exercise: StrictBool = False
    files: list[FileIn] = Field(default_factory=list, max_length=FILES_MAX)

    def said(self) -> api.Said:
        """Return it as intake takes it."""
        names = ("title", "description", "taxonomy", "type", "organisation", "organisation_name", "sector", "territory")
        texts = {name: getattr(self, name) for name in names}
        return api.Said(
            **texts,
            moments=self.moments,
            impact=self.impact,
            attributes=tuple(self.attributes),
            answers=self.answers,
            observables=tuple(api.Stated(written=text) for text in self.observables),
            tlp=self.tlp,
            is_complete=self.complete,
            exercise=self.exercise,
        )


class ReporterIn(Strict):
    """Who reports, if not the caller itself: somebody on the telephone, say."""

    name: str = Field("", max_length=NAME_LENGTH_MAX)
    email: str = Field("", max_length=EMAIL_LENGTH_MAX)
    phone: str = Field("", max_length=PHONE_LENGTH_MAX)
    anonymous: StrictBool = False
    organisation: Code = Field("", description="The organisation in whose name this is reported; it may read it.")


class ReportIn(SaidIn):
    """A new report."""

    reporter: ReporterIn = ReporterIn()  # type: ignore[call-arg]
    language: str = Field("", max_length=LANGUAGE_LENGTH_MAX)
    source: str = Field("", max_length=60, description="Which system of yours this comes from.")
    source_ref: str = Field("", max_length=900, description="What it is called there.")


class FiltersIn(Strict):
    """Which reports of the queue, as the list takes them."""

    state: str = Field("received", max_length=20)
    team: Code = ""
    channel: str = Field("", max_length=20)
    assignee: str = Field("", max_length=120)
    organisation: Code = ""
    sector: Code = ""
    territory: Code = ""
    taxonomy: Code = ""
    complete: StrictBool | None = None
    problem: StrictBool | None = None
    news: StrictBool | None = None
    exercise: StrictBool = False
    search: str = Field("", max_length=200)
    observable: str = Field("", max_length=OBSERVABLE_MAX)

    def filters(self) -> api.Filters:
        """Return them as intake takes them."""
        return api.Filters(**self.dict())
