"""Who answers for it? Asked of anything that can be seen: an address, a name, a URL, an e-mail address, an AS number.

The most specific asset, its organisation, and by law its teams, each with the reason. Who is responsible is told to
everyone who may read the registry, so that a matter can be handed over; whose the asset is and whom to call there is
told only to those who may see that organisation. Garbage is refused in its own answer: one an observable, in order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.utils.translation import gettext as _

from pehra.access import api as access
from pehra.access.api import Permission
from pehra.kernel.actors import Actor
from pehra.kernel.observables import Observable, ObservableType, parse
from pehra.kernel.refusals import Invalid
from pehra.registry.models import Organisation
from pehra.registry.queries import contacts, holders, responsibility
from pehra.registry.queries.holders import Holding
from pehra.registry.rules.answering import Answerable
from pehra.registry.rules.candidates import Candidates, candidates
from pehra.registry.rules.views import Answer, ContactView, RoleView
from pehra.registry.rules.vocabulary import Standing

ASKED_AT_ONCE = 500


@dataclass(frozen=True)
class _Asked:
    text: str
    seen: Observable
    candidates: Candidates

    @property
    def url(self) -> str:
        return self.seen.value if self.seen.type is ObservableType.URL else ""


@dataclass(frozen=True)
class _Known:
    """What is known of the holders of some observables."""

    organisations: dict[str, Organisation]
    visible: frozenset[str]
    contacts: dict[str, list[ContactView]]
    answer: Callable[[responsibility.Facts | None], Answerable]
    on: date


def who(*, observables: Sequence[str], on: date, by: Actor) -> list[Answer]:
    """Say who answers for each observable on a day."""
    access.require(by, Permission.REGISTRY_READ)
    reader = access.narrowed(by, Permission.REGISTRY_READ)
    answer = responsibility.judge(on)
    waiting = iter(observables)
    answers: list[Answer] = []
    while batch := list(islice(waiting, ASKED_AT_ONCE)):
        answers += _answers(batch, on=on, by=reader, answer=answer)
    return answers


def _answers(
    texts: Sequence[str], *, on: date, by: Actor, answer: Callable[[responsibility.Facts | None], Answerable]
) -> Iterator[Answer]:
    read = [_read(text) for text in texts]
    asked = [item for item in read if isinstance(item, _Asked)]
    # Who answers is told to everybody who asks; whose it is only to those who may see the holder.
    with access.elevated(part="registry.who"):
        found = holders.holdings_of([item.candidates for item in asked], on=on, urls=[item.url for item in asked])
    known = _known({holding.organisation for holding in found if holding} - {""}, by=by, answer=answer, on=on)
    holdings = iter(found)
    for item in read:
        yield item if isinstance(item, Answer) else _answer(item, next(holdings), known)


def _read(text: str) -> _Asked | Answer:
    try:
        seen = parse(text)
    except Invalid as error:
        return Answer(observable=text[:200], standing=Standing.REFUSED, error=error.message)
    return _Asked(text, seen, candidates(seen))


def _known(
    codes: set[str], *, by: Actor, answer: Callable[[responsibility.Facts | None], Answerable], on: date
) -> _Known:
    if not codes:  # most of what is seen is nobody's here
        return _Known(organisations={}, visible=frozenset(), contacts={}, answer=answer, on=on)
    rows = Organisation.objects.filter(code__in=codes)
    visible = frozenset(rows.visible_to(by).values_list("code", flat=True))
    with access.elevated(part="registry.who"):
        organisations = {row.code: row for row in rows}
    return _Known(
        organisations=organisations,
        visible=visible,
        contacts=contacts.reaching(visible, by=by),
        answer=answer,
        on=on,
    )


def _answer(asked: _Asked, holding: Holding | None, known: _Known) -> Answer:
    if holding is None:
        standing, note = _nobody(asked, known.on)
        return Answer(
            observable=asked.text, standing=standing, type=asked.seen.type.value, value=asked.seen.value, note=note
        )
    if not holding.organisation:
        return Answer(
            observable=asked.text,
            standing=Standing.UNOWNED,
            type=asked.seen.type.value,
            value=asked.seen.value,
            asset=f"{holding.type}:{holding.value}",
            teams=_roles(known.answer(None)),
            note=_("in the country's own space; no organisation is known to hold it"),
        )
    return _owned(asked, holding, known)


def _owned(asked: _Asked, holding: Holding, known: _Known) -> Answer:
    row = known.organisations[holding.organisation]
    classes = None if row.classes is None else tuple(row.classes)
    roles = _roles(known.answer((row.sector_id, row.territory_id, classes)))
    if row.code not in known.visible:
        return Answer(
            observable=asked.text,
            standing=Standing.OWNED,
            type=asked.seen.type.value,
            value=asked.seen.value,
            # The facts behind the reason would describe another's constituent.
            teams=tuple(RoleView(team=r.team, role=r.role, because={**r.because, "facts": {}}) for r in roles),
            note=_("held within another constituency; its lead team knows by whom"),
        )
    own = known.contacts.get(row.code, [])
    return Answer(
        observable=asked.text,
        standing=Standing.OWNED,
        type=asked.seen.type.value,
        value=asked.seen.value,
        asset=f"{holding.type}:{holding.value}",
        organisation=row.code,
        organisation_name=row.name,
        organisation_name_local=row.name_local,
        sector=row.sector_id or "",
        territory=row.territory_id or "",
        teams=roles,
        contacts=tuple(own),
        note="" if own else _("no contact of this organisation is registered"),
    )


def _roles(answerable: Answerable) -> tuple[RoleView, ...]:
    return tuple(RoleView(team=role["team"], role=role["role"], because=role["because"]) for role in answerable.roles)


def _nobody(asked: _Asked, on: date) -> tuple[Standing, str]:
    """Say what it means that no asset holds an observable."""
    if not asked.candidates.levels:
        return Standing.NOT_AN_ASSET, _("nobody holds a thing of this kind")
    if asked.seen.type is ObservableType.PREFIX:
        inside = holders.prefixes_inside(asked.seen.value, on=on)
        if inside:
            note = _("nobody holds all of it; %(number)d registered prefixes lie inside") % {"number": inside}
            return Standing.DIVIDED, note
    if asked.candidates.reserved:
        note = _("%(kind)s: nobody holds it on the public network") % {"kind": asked.candidates.reserved}
        return Standing.RESERVED, note
    return Standing.FOREIGN, _("foreign: in no space that is registered for this country")
