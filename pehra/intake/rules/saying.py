"""What somebody says in a report, who they are, and what they get for it.

Whatever road it came by, a submission becomes these types in one place and is held to one set of limits. A part that is
not said is empty, never guessed: a report may be completed later.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from pehra.kernel.markings import Tlp
from pehra.kernel.refusals import Invalid
from pehra.kernel.sentences import Sentence

TITLE_LENGTH_MAX = 300
DESCRIPTION_LENGTH_MAX = 100_000
NAME_LENGTH_MAX = 300
EMAIL_LENGTH_MAX = 320
PHONE_LENGTH_MAX = 64
CODE_LENGTH_MAX = 64
LANGUAGE_LENGTH_MAX = 35
SOURCE_LENGTH_MAX = 100
KEY_LENGTH_MAX = 500  # longer names of things elsewhere are kept as their digest: an index takes no more
ANSWERS_MAX = 200
ANSWER_LENGTH_MAX = 20_000
OBSERVABLES_MAX = 2_000
OBSERVABLE_LENGTH_MAX = 8_192
FILE_NAME_LENGTH_MAX = 255
FILES_MAX = 50
RAW_BYTES_MAX = 256 * 1024 * 1024
FILE_BYTES_MAX = 64 * 1024 * 1024
FILES_BYTES_MAX = 256 * 1024 * 1024

# What a column of PostgreSQL or a page takes badly: controls but tab and line ends, and halves of characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """An observable that the reporter named as such: as it was written."""

    written: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one submission says. Empty is not said; a list that is given adds to what was said before."""

    title: str = ""
    description: str = ""
    taxonomy: str = ""
    type: str = ""
    organisation: str = ""
    organisation_name: str = ""
    sector: str = ""
    territory: str = ""
    moments: Mapping[str, datetime] = field(default_factory=dict)
    impact: Mapping[str, float] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    observables: tuple[Stated, ...] = ()
    tlp: Tlp | None = None
    is_complete: bool = True
    exercise: bool = False


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Who reports, as they say; `organisation` is the code of the one for which a signed-in person speaks."""

    name: str = ""
    email: str = ""
    phone: str = ""
    anonymous: bool = False
    organisation: str = ""
    verified: bool = False


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A file that came along: hostile until somebody has looked at it elsewhere.

    Who put it into the vault already (a large one, as it came) names its hash and size instead of its content.
    """

    name: str
    content: bytes = b""
    media_type: str = ""
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What somebody gets for a submission: with `token` they may add to it later, and read how it stands.

    `is_new` is false when the very same submission had come before: nothing was done a second time.
    """

    report: UUID
    reference: str
    number: int
    at: datetime
    sha256: str
    token: str
    is_new: bool = True


def clean(said: Said) -> Said:
    """Return what was said without what no column takes; refuse what is over a named limit."""
    _require_few(len(said.answers), "answers", ANSWERS_MAX)
    _require_few(len(said.observables), "observables", OBSERVABLES_MAX)
    _require_few(len(said.attributes), "attributes", ANSWERS_MAX)
    answers = {_key(name): _text(value, "answers", ANSWER_LENGTH_MAX) for name, value in said.answers.items()}
    return replace(
        said,
        title=" ".join(_text(said.title, "title", TITLE_LENGTH_MAX).split()),
        description=_text(said.description, "description", DESCRIPTION_LENGTH_MAX),
        taxonomy=_text(said.taxonomy, "taxonomy", CODE_LENGTH_MAX),
        type=_text(said.type, "type", CODE_LENGTH_MAX),
        organisation=_text(said.organisation, "organisation", CODE_LENGTH_MAX),
        organisation_name=_text(said.organisation_name, "organisation_name", NAME_LENGTH_MAX),
        sector=_text(said.sector, "sector", CODE_LENGTH_MAX),
        territory=_text(said.territory, "territory", CODE_LENGTH_MAX),
        answers=answers,
        observables=tuple(_stated(one) for one in said.observables),
        attributes=tuple(_text(word, "attributes", CODE_LENGTH_MAX) for word in said.attributes),
    )


def clean_reporter(reporter: Reporter) -> Reporter:
    """Return who reports within the limits; of somebody anonymous nothing is kept but the organisation."""
    if reporter.anonymous:
        return Reporter(anonymous=True, organisation=reporter.organisation)
    return replace(
        reporter,
        name=" ".join(_text(reporter.name, "name", NAME_LENGTH_MAX).split()),
        email="".join(_text(reporter.email, "email", EMAIL_LENGTH_MAX).split()),
        phone=" ".join(_text(reporter.phone, "phone", PHONE_LENGTH_MAX).split()),
        organisation=_text(reporter.organisation, "organisation", CODE_LENGTH_MAX),
    )


def file_name(text: str) -> str:
    """Return a file's name for people to read, without folders and controls; it opens nothing."""
    name = _UNWRITABLE.sub("", text).replace("\\", "/").rsplit("/", 1)[-1].strip()
    return name[-FILE_NAME_LENGTH_MAX:] or "unnamed"


def require_takeable(files: Sequence[Handed]) -> None:
    """Refuse more files, or more bytes of them, than one submission may bring."""
    if len(files) > FILES_MAX:
        raise Invalid(
            Sentence("more than %(n)s files: send the rest as another submission", n=FILES_MAX), field="files"
        )
    if sum(len(file.content) or file.size for file in files) > FILES_BYTES_MAX:
        raise Invalid(Sentence("more than %(n)s bytes of files", n=FILES_BYTES_MAX), field="files")


def writable(text: str) -> str:
    """Return a text without the characters that no column takes, for what was never typed by a person."""
    return _UNWRITABLE.sub("\ufffd", text)


def short_key(text: str) -> str:
    """Return what something is called elsewhere, as an index takes it: a long name is its digest."""
    return text if len(text) <= KEY_LENGTH_MAX else f"sha256:{sha256(text.encode()).hexdigest()}"


def at_source(source: str, source_ref: str) -> tuple[str, str]:
    """Return a source and what it calls something, as a submission keeps them: by these it is found again."""
    return writable(source)[:SOURCE_LENGTH_MAX], short_key(writable(source_ref))


def _stated(one: Stated) -> Stated:
    written = _text(one.written, "observables", OBSERVABLE_LENGTH_MAX)
    return Stated(written=written, note=_text(one.note, "observables", NAME_LENGTH_MAX))


def _key(name: str) -> str:
    return _text(name, "answers", CODE_LENGTH_MAX * 2)


def _require_few(count: int, name: str, limit: int) -> None:
    if count > limit:
        raise Invalid(Sentence("more than %(n)s of them", n=limit), field=name)


def _text(text: str, name: str, limit: int) -> str:
    if len(text) > limit:
        raise Invalid(Sentence("longer than %(n)s characters", n=limit), field=name)
    return writable(text).strip()


def as_json(said: Said) -> dict[str, Any]:
    """Return what was said as plain JSON values, without what was not said."""
    values: dict[str, Any] = {name: value for name, value in vars(said).items() if value not in ("", (), None, {})}
    if said.moments:
        values["moments"] = {name: moment.isoformat() for name, moment in said.moments.items()}
    if said.observables:
        values["observables"] = [one.written for one in said.observables]
    for name in ("answers", "impact"):
        if name in values:
            values[name] = dict(values[name])
    if said.attributes:
        values["attributes"] = list(said.attributes)
    return values
