"""What the law asks of an organisation that reports: the stages it owes or may owe, and when.

Asked with the facts that its own answers state. A duty that cannot be decided yet is listed as one that may apply, with
what is missing: none is left out for want of an answer. Where the matter is an incident already, its clocks say when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from pehra.incidents import api as incidents
from pehra.intake.rules.forms import progress, telling
from pehra.intake.rules.forms.progress import StageProgress
from pehra.intake.rules.forms.shapes import Shape, shape_of
from pehra.kernel.actors import Actor
from pehra.kernel.refusals import NotVisible
from pehra.law import api as law
from pehra.registry import api as registry

ENTITY = "entity"


@dataclass(frozen=True, kw_only=True)
class StageView:
    """One stage that an organisation owes or may owe, and how far its report is."""

    due: law.DutyDue
    demands: law.StageDemands
    progress: StageProgress
    count: int | None
    unit: str
    due_at: datetime | None
    clock_state: str
    is_handed_in: bool

    @property
    def name(self) -> str:
        """The stage's name among all duties."""
        return self.demands.name

    @property
    def is_certain(self) -> bool:
        """Whether the duty certainly applies; else it may."""
        return not any(fact.startswith(("entity.", "incident.")) for fact in self.due.missing)

    @property
    def is_owed(self) -> bool:
        """Whether it can be handed in as this stage now: it is whole, and nobody has it yet."""
        return self.progress.is_whole and not self.is_handed_in


def whole_shape(*, at: datetime) -> Shape:
    """Return every question that any duty of the day asks: what was answered is read by it, whatever still applies."""
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, at)
    return shape_of(profile, law.asked_by(profile, tuple(law.demands(profile, on=on).values()), on=on))


def stages_of(
    *,
    organisation: str,
    incident: str,
    answers: Mapping[str, str],
    handed_in: Sequence[str],
    by: Actor,
    at: datetime,
) -> tuple[StageView, ...]:
    """Return the stages that an organisation owes or may owe for a matter, in the order of the law."""
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, at)
    asked = whole_shape(at=at).asked
    facts = registry.entity_facts([organisation]).get(organisation, law.EntityFacts())
    owed = law.duties(
        profile,
        entity=facts,
        incident=telling.facts(asked, answers),
        moments=law.Moments(telling.moments(asked, answers)),
        on=on,
    )
    demands = law.demands(profile, on=on)
    stages = {f"{duty.code}/{stage.code}": stage for duty in profile.duties for stage in duty.stages}
    clocks = clocks_of(incident, organisation=organisation, by=by)
    found = []
    for due in owed:
        name = f"{due.duty}/{due.stage}"
        if due.owed_by != ENTITY:
            continue
        clock, stage = clocks.get(name), stages[name]
        found.append(
            StageView(
                due=due,
                demands=demands[name],
                progress=progress.progress([demands[name]], answers)[0],
                count=stage.count,
                unit=stage.unit.value if stage.unit else "",
                due_at=clock.due_at if clock else due.due,
                clock_state=clock.state.value if clock else "",
                is_handed_in=name in handed_in or bool(clock and clock.state.value in ("met", "met-late")),
            )
        )
    return tuple(found)


def shape_for(stages: Sequence[StageView], *, at: datetime) -> Shape:
    """Return the form that some stages make together: each question once, as the first of them asks."""
    profile = law.load(settings.PEHRA_PROFILE)
    on = law.day_of(profile, at)
    return shape_of(profile, law.asked_by(profile, [stage.demands for stage in stages], on=on))


def clocks_of(incident: str, *, organisation: str, by: Actor) -> dict[str, incidents.ClockView]:
    """Return an organisation's clocks of an incident that the actor sees, by `duty/stage`; none where there is none."""
    if not incident:
        return {}
    try:
        page = incidents.incident(incident, by=by)
    except NotVisible:
        return {}
    return {
        f"{clock.duty}/{clock.stage}": clock
        for clock in page.incident.clocks
        if clock.organisation in ("", organisation)
    }
