"""What is still owed keeps an incident from being closed, and is named as its page names it.

Of a widespread incident an organisation is named to who may read of it, and to nobody else.
"""

from collections.abc import Sequence

from django.conf import settings

from pehra.incidents import queries
from pehra.incidents.models import Clock
from pehra.incidents.rules import clocks as rules
from pehra.incidents.rules.states import MoveRefused
from pehra.kernel.actors import Actor
from pehra.kernel.sentences import Sentence
from pehra.law import api as law
from pehra.registry import api as registry

OWED_NAMED_MAX = 5


def require_nothing_owed(clocks: Sequence[Clock], *, by: Actor) -> None:
    """Refuse while a stage is owed, naming the first of them."""
    owed = [clock for clock in clocks if clock.state in rules.OWED]
    if not owed:
        return
    named = owed[:OWED_NAMED_MAX]
    seen = Clock.objects.visible_to(queries.reader(by)).filter(id__in=[clock.id for clock in named])
    codes = {clock.id: clock.organisation for clock in seen if clock.organisation}
    names = registry.local_names(codes.values())
    said = [_said(clock, names.get(codes.get(clock.id, "")), code=codes.get(clock.id, "")) for clock in named]
    facts = {
        "stages": "; ".join(english for english, _local in said),
        "stages_local": "؛ ".join(local for _english, local in said),
    }
    if len(owed) == 1:
        words = Sentence(
            "one stage is still owed: %(stages)s. Record it as sent, or withdraw it with a reason", **facts
        )
    else:
        words = Sentence(
            "%(n)s stages are still owed: %(stages)s. Record each as sent, or withdraw it with a reason",
            n=len(owed),
            **facts,
        )
    raise MoveRefused(words, field="state")


def _said(clock: Clock, organisation: registry.Named | None, *, code: str) -> tuple[str, str]:
    """Return a stage with its duty and who owes it, in English and in the country's language."""
    duty, duty_local, stage, stage_local = _names(clock)
    who = organisation.name if organisation else code
    who_local = (organisation.name_local if organisation else "") or who
    english = f"“{stage}” ({', '.join(filter(None, (duty, who)))})"
    return english, f"”{stage_local}“ ({'، '.join(filter(None, (duty_local, who_local)))})"


def _names(clock: Clock) -> tuple[str, str, str, str]:
    """Return what the profile calls a clock's duty and stage; what it no longer knows stays a code."""
    for duty in law.load(settings.PEHRA_PROFILE).duties:
        for stage in duty.stages:
            if (duty.code, stage.code) == (clock.duty, clock.stage):
                return duty.name, duty.name_local, stage.name, stage.name_local
    return clock.duty, clock.duty, clock.stage, clock.stage
