"""What is to be seen in a submission: named by the reporter, or found in the text; whose it is, and whether known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pehra.intake.models import Report, ReportObservable
from pehra.intake.rules.observing import digest_of
from pehra.intake.rules.saying import OBSERVABLE_LENGTH_MAX, OBSERVABLES_MAX, Said
from pehra.intel import api as intel
from pehra.kernel.actors import system
from pehra.kernel.observables import Observable, ObservableType, parse
from pehra.kernel.refusals import Invalid
from pehra.registry import api as registry

# More than so many that a reader would look at one by one are not asked about one by one either.
ASKED_MAX = 500


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One observable of a submission."""

    type: ObservableType
    value: str
    written: str
    stated: bool
    owner: str = ""
    owner_team: str = ""
    known: bool = False

    @property
    def digest(self) -> str:
        """What an index finds it by, however long it is."""
        return digest_of(self.type, self.value)


def seen_in(said: Said, *, on: date, at: datetime) -> list[Seen]:
    """Return what a submission shows, each thing once: what was stated before what was found."""
    found: dict[tuple[ObservableType, str], Seen] = {}
    for one in said.observables:
        try:
            read = parse(one.written)
        except Invalid:
            # A sentence in the field for addresses: read as the text it is.
            for kind, value, written in _in_text(one.written):
                found.setdefault((kind, value), Seen(type=kind, value=value, written=written, stated=True))
            continue
        found.setdefault(
            (read.type, read.value), Seen(type=read.type, value=read.value, written=one.written, stated=True)
        )
    for text in (said.title, said.description, *said.answers.values()):
        for kind, value, written in _in_text(text):
            found.setdefault((kind, value), Seen(type=kind, value=value, written=written, stated=False))
    return _looked_up(list(found.values())[:OBSERVABLES_MAX], on=on, at=at)


def _in_text(text: str) -> Iterable[tuple[ObservableType, str, str]]:
    return ((one.kind, one.value, one.written) for one in intel.observables_in(text))


def _looked_up(seen: list[Seen], *, on: date, at: datetime) -> list[Seen]:
    """Return the same with whose each is, and whether intelligence speaks of it."""
    asked, rest = seen[:ASKED_MAX], seen[ASKED_MAX:]
    if not asked:
        return seen
    by = system("intake")
    answers = registry.who(observables=[one.value for one in asked], on=on, by=by)
    known = intel.known(observables=[Observable(one.type, one.value) for one in asked], by=by, at=at)
    answered = [
        replace(
            one,
            owner=answer.organisation,
            owner_team=answer.teams[0].team if answer.teams else "",
            known=Observable(one.type, one.value) in known,
        )
        for one, answer in zip(asked, answers, strict=True)
    ]
    return answered + rest


def add_observables(report: Report, seen: Sequence[Seen], *, number: int, at: datetime) -> None:
    """Write what a submission shows beside its report; what was there already stays."""
    rows = [
        ReportObservable(
            report=report,
            type=one.type.value,
            value=one.value,
            value_sha256=one.digest,
            written=one.written[:OBSERVABLE_LENGTH_MAX],
            stated=one.stated,
            owner=one.owner,
            owner_team=one.owner_team,
            known=one.known,
            number=number,
            seen_at=at,
        )
        for one in seen
    ]
    ReportObservable.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
