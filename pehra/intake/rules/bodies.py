"""A report as programs write it in JSON: one reading for REST and the command line. An unknown key is a mistake."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import Field, StrictBool, ValidationError

from pehra.intake.rules.saying import (
    CODE_LENGTH_MAX,
    DESCRIPTION_LENGTH_MAX,
    EMAIL_LENGTH_MAX,
    FILE_NAME_LENGTH_MAX,
    LANGUAGE_LENGTH_MAX,
    NAME_LENGTH_MAX,
    PHONE_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    Handed,
    Said,
    Stated,
)
from pehra.kernel import json_text
from pehra.kernel.bodies import Moment, Strict
from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid

MEASURE_MAX = 1e12
# A request of a program has one mebibyte: what is larger comes as a document, or as several submissions.
OBSERVABLES_MAX, OBSERVABLE_MAX = 200, 2_000
ANSWERS_MAX, ANSWER_MAX = 50, 4_000
FILES_MAX = 10
PROBLEMS_SHOWN_MAX = 5


Code = Annotated[str, Field(max_length=CODE_LENGTH_MAX)]
Measure = Annotated[float, Field(ge=0, lt=MEASURE_MAX, strict=True)]


class FileIn(Strict):
    """A file that comes along, its content in Base64."""

    name: str = Field(min_length=1, max_length=FILE_NAME_LENGTH_MAX)
    content: str = Field(description="Base64 (RFC 4648, section 4).")
    media_type: str = Field("", max_length=127)

    def handed(self) -> Handed:
        """Return the file with its bytes."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Invalid("the content is no Base64", field="files") from error
        return Handed(name=self.name, content=content, media_type=self.media_type)


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

    def said(self) -> Said:
        """Return it as intake takes it."""
        names = ("title", "description", "taxonomy", "type", "organisation", "organisation_name", "sector", "territory")
        texts = {name: getattr(self, name) for name in names}
        return Said(
            **texts,
            moments=self.moments,
            impact=self.impact,
            attributes=tuple(self.attributes),
            answers=self.answers,
            observables=tuple(Stated(written=text) for text in self.observables),
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


Body = TypeVar("Body", bound=SaidIn)


def read(raw: bytes, kind: type[Body]) -> Body:
    """Return what a body says; refuse one that is not as described, with every place that is wrong, up to a number."""
    said = json_text.read_object(raw, field="body")
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        problems = [_told(each["loc"], each["type"], each["msg"]) for each in error.errors(include_input=False)]
        more = f"; and {len(problems) - PROBLEMS_SHOWN_MAX} more" if len(problems) > PROBLEMS_SHOWN_MAX else ""
        raise Invalid("; ".join(problems[:PROBLEMS_SHOWN_MAX]) + more, field="body") from error


def _told(steps: Sequence[int | str], kind: str, words: str) -> str:
    why = "no such key is known" if kind == "extra_forbidden" else words.removeprefix("Value error, ")
    return f"{'.'.join(map(str, steps))}: {why[:1].lower()}{why[1:]}"
